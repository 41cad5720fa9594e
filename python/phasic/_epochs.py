"""`Epochs`: a chain whose rates change at fixed times, exact from epoch to epoch."""

from phasic._epoch_gradients import EpochGradients
from phasic._epoch_quantiles import EpochQuantiles
from phasic._epoch_rewards import EpochRewards


class Epochs(EpochQuantiles, EpochRewards, EpochGradients):
    """The law of the absorption time, and of rewards, of a chain whose rates change at fixed times.

    Made by `Graph.epochs`; it does not change when the graph does. The vector of probabilities is handed
    from each epoch to the next by uniformization with a bound on what is truncated, relative in every
    entry, or where that takes many jumps by contours with an estimate for every entry; the last epoch is
    solved by elimination. Nothing is stepped. A time at which an epoch begins belongs to that epoch.

    Rewards have one entry per vertex, in the order of the graph's `vertices()`. One vector serves all epochs
    where they have the same graph; otherwise give a list with one vector for each epoch.

    Source: the concepts page on densities, "From epoch to epoch".

    Attributes:
        starts: When each epoch begins, (n_epochs,).
        graphs: The graph of each epoch.
        thetas: The parameters of each epoch.

    Example:
        >>> pair = phasic.models.kingman(2)
        >>> law = pair.epochs([(0.0, [1.0]), (0.5, [8.0])])  # a population an eighth as large, from 0.5 on
        >>> round(law.sf(1.0), 6)  # exp(−0.5 · 1 − 0.5 · 8)
        0.011109
    """

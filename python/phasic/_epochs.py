"""`Epochs`: a chain whose rates change at fixed times, exact from epoch to epoch."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from phasic import _check, _core, _maps, _trace
from phasic._check import Doubles

if TYPE_CHECKING:
    from phasic._graph import Graph


@dataclass(frozen=True, eq=False)
class Epoch:
    """From `start` on, a chain is this graph at this theta: an entry of the list that `Graph.epochs` takes.

    Attributes:
        start: When the epoch begins; it lasts until the next one does, the last one for ever.
        theta: (param_length,); None: the graph's own parameters.
        graph: A `Graph`, or a transition rule to build one from; None: the graph of the epoch before.
        map: What happens to each state as the epoch begins: `map(state)` gets a state of the graph before,
            (state_length,) int32, and returns a state of this epoch's graph, or a list of
            `(state, probability)`. None: every state stays what it is.
        batched: The map gets (k, state_length) states and returns (k, state_length) states, or
            `(source_row, target_states, probabilities)`: (m,), (m, state_length), (m,).

    Example:
        >>> off, on = phasic.Epoch(0.0, theta=[0.0]), phasic.Epoch(1.0, theta=[2.0])
        >>> law = phasic.models.erlang(1).epochs([off, on])
        >>> round(law.expectation(), 9)
        1.5
    """

    start: float
    theta: ArrayLike | None = None
    graph: Graph | Callable[..., Any] | None = None
    map: Callable[..., Any] | None = None
    batched: bool = False


@dataclass(frozen=True)
class EpochGradient:
    """A number with its derivatives, as `Epochs.expectation_gradient` gives them.

    Attributes:
        value: The number.
        thetas: Per epoch, in its parameters, (param_length,).
        starts: In the starts of the epochs, (n_epochs,); 0 for the first, which is fixed.

    Example:
        >>> law = phasic.models.erlang(1).epochs([(0.0, [0.0]), (1.0, [2.0])])
        >>> gradient = law.expectation_gradient()  # of start + 1 / rate, where the first rate is 0
        >>> round(gradient.value, 9), gradient.thetas[1].round(9).tolist(), gradient.starts.round(9).tolist()
        (1.5, [-0.25], [0.0, 1.0])
    """

    value: float
    thetas: tuple[Doubles, ...]
    starts: Doubles


class Epochs:
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

    def __init__(self, graph: Graph, epochs: Sequence[Any], rtol: float) -> None:
        listed = [_as_epoch(index, given) for index, given in enumerate(epochs)]
        graphs, thetas, entries = [], [], []
        for index, epoch in enumerate(listed):
            before = graph
            graph = _graph_of(graph, epoch.graph)
            with _maps.naming(index):
                theta = graph._current_theta() if epoch.theta is None else _theta(epoch.theta, graph)
            mapped = _maps.between(index, before, graph, epoch.map, batched=epoch.batched)
            graphs.append(graph)
            thetas.append(theta.copy())
            start = _check.number(f"the start of epochs[{index}]", epoch.start)
            entries.append((start, theta, mapped))
        traces = [_recorded(each, last=each is graph) for each in graphs]
        rows = [
            (start, trace, theta, mapped)
            for (start, theta, mapped), trace in zip(entries, traces, strict=True)
        ]
        self._rows, self._rtol = rows, _check.rtol(rtol)
        self._core = _core.Epochs(rows, self._rtol)
        self.graphs = tuple(graphs)
        self.thetas = tuple(thetas)
        self.starts = np.array([entry[0] for entry in entries])
        self._orders = [_Order(each) for each in graphs]

    def __len__(self) -> int:
        return len(self.graphs)

    def __repr__(self) -> str:
        return f"Epochs({len(self)} from {self.starts.tolist()})"

    # The absorption time

    def defect(self) -> float:
        """Probability of starting absorbed: the atom of the absorption time at 0.

        Example:
            >>> graph = phasic.Graph.from_matrices([0.75], [[-2.0]])
            >>> graph.epochs([phasic.Epoch(0.0)]).defect()
            0.25
        """
        return self._core.defect()

    @overload
    def pdf(self, time: float) -> float: ...
    @overload
    def pdf(self, time: ArrayLike) -> Doubles: ...
    def pdf(self, time: ArrayLike) -> float | Doubles:
        """Density of the absorption time, without atoms: those at 0 and where a map absorbs.

        Args:
            time: Times ≥ 0 of any shape and order; infinity gives 0.

        Returns:
            A number for one time, otherwise an array in the shape of the times.

        Raises:
            ValueError: A time is negative or NaN (the first is named), or an epoch of a chain that leaves no
                room for contours would take more than 3e7 jumps.

        Example:
            >>> law = phasic.models.erlang(1).epochs([(0.0, [0.0]), (1.0, [2.0])])
            >>> law.pdf([0.5, 1.0]).round(9).tolist()  # nothing happens before 1
            [0.0, 2.0]
        """
        return self._curve("pdf", time)

    @overload
    def cdf(self, time: float) -> float: ...
    @overload
    def cdf(self, time: ArrayLike) -> Doubles: ...
    def cdf(self, time: ArrayLike) -> float | Doubles:
        """Probability of being absorbed by each time, atoms included. Arguments as for `pdf`.

        Example:
            >>> law = phasic.models.kingman(2).epochs([(0.0, [1.0]), (1.0, [4.0])])
            >>> law.cdf([1.0, 2.0]).round(6).tolist()  # 1 − exp(−1) and 1 − exp(−1 − 4)
            [0.632121, 0.993262]
        """
        return self._curve("cdf", time)

    @overload
    def sf(self, time: float) -> float: ...
    @overload
    def sf(self, time: ArrayLike) -> Doubles: ...
    def sf(self, time: ArrayLike) -> float | Doubles:
        """Probability of not being absorbed by each time, right in the far tail. Arguments as for `pdf`.

        Example:
            >>> part = phasic.models.repairable_system(1)
            >>> law = part.epochs([(0.0, [0.1, 0.0]), (10.0, [0.4, 0.0])])  # it fails more often from 10 on
            >>> round(law.sf(15.0), 6)  # exp(−10 · 0.1 − 5 · 0.4)
            0.049787
        """
        return self._curve("sf", time)

    @overload
    def logpdf(self, time: float) -> float: ...
    @overload
    def logpdf(self, time: ArrayLike) -> Doubles: ...
    def logpdf(self, time: ArrayLike) -> float | Doubles:
        """Logarithm of `pdf`, right also where the density is no number above 0. Arguments as for `pdf`.

        Example:
            >>> law = phasic.models.kingman(2).epochs([(0.0, [1.0]), (1.0, [4.0])])
            >>> round(law.logpdf(1001.0), 6), law.pdf(1001.0)  # log(4) − 1 − 4 · 1000
            (-3999.613706, 0.0)
        """
        return self._curve("pdf", time, log=True)

    @overload
    def logsf(self, time: float) -> float: ...
    @overload
    def logsf(self, time: ArrayLike) -> Doubles: ...
    def logsf(self, time: ArrayLike) -> float | Doubles:
        """Logarithm of `sf`, right however small that is. Arguments as for `pdf`.

        Example:
            >>> law = phasic.models.kingman(2).epochs([(0.0, [1.0]), (1.0, [4.0])])
            >>> round(law.logsf(1001.0), 6)  # −1 − 4 · 1000
            -4001.0
        """
        return self._curve("sf", time, log=True)

    def pdf_gradient(self, time: ArrayLike, seeds: ArrayLike | None = None) -> EpochGradient:
        """Derivatives of the sum of `seeds` times `pdf` at finite times, by one sweep back.

        Args:
            time: Finite times ≥ 0 of any shape.
            seeds: In the shape of `time`; default 1 each.

        Raises:
            ValueError: As for `pdf`, or a time is infinite, or seeds have another shape than times.

        Example:
            >>> law = phasic.models.kingman(2).epochs([(0.0, [1.0]), (1.0, [4.0])])
            >>> gradient = law.pdf_gradient(2.0)  # of b exp(−a − b) at a = 1, b = 4
            >>> round(gradient.value, 6), gradient.thetas[0].round(6).tolist()
            (0.026952, [-0.026952])
        """
        return self._curve_gradient("pdf", time, seeds)

    def cdf_gradient(self, time: ArrayLike, seeds: ArrayLike | None = None) -> EpochGradient:
        """Derivatives of the sum of `seeds` times `cdf` at finite times, by one sweep back.

        Arguments and errors as for `pdf_gradient`.

        Example:
            >>> law = phasic.models.kingman(2).epochs([(0.0, [1.0]), (1.0, [4.0])])
            >>> gradient = law.cdf_gradient(2.0)  # of 1 − exp(−a − b) at a = 1, b = 4
            >>> round(gradient.value, 6), gradient.thetas[1].round(6).tolist()
            (0.993262, [0.006738])
        """
        return self._curve_gradient("cdf", time, seeds)

    def sf_gradient(self, time: ArrayLike, seeds: ArrayLike | None = None) -> EpochGradient:
        """Derivatives of the sum of `seeds` times `sf` at finite times, by one sweep back.

        Arguments and errors as for `pdf_gradient`.

        Example:
            >>> law = phasic.models.kingman(2).epochs([(0.0, [1.0]), (1.0, [4.0])])
            >>> gradient = law.sf_gradient(2.0)  # of exp(−a s − b (2 − s)) at s = 1: (b − a) exp(−a − b)
            >>> gradient.starts.round(6).tolist()
            [0.0, 0.020214]
        """
        return self._curve_gradient("sf", time, seeds)

    def log_likelihood(self, data: ArrayLike, *, weights: ArrayLike | None = None) -> float:
        """Sum of `weights` times `logpdf` of observed absorption times.

        Args:
            data: (m,) finite times ≥ 0.
            weights: (m,) multiplicities; default 1 each.

        Raises:
            ValueError: A time is negative or not finite, or a weight is (the first is named), or shapes do
                not fit.

        Example:
            >>> law = phasic.models.kingman(2).epochs([(0.0, [1.0]), (1.0, [4.0])])
            >>> round(law.log_likelihood([0.5, 2.0]), 6)  # −0.5, and log(4) − 1 − 4
            -4.113706
        """
        values, counts = _observations(data, weights)
        used = counts != 0
        return float(counts[used] @ self._core.curve("pdf", values[used], True))

    def log_likelihood_gradient(self, data: ArrayLike, *, weights: ArrayLike | None = None) -> EpochGradient:
        """Derivatives of `log_likelihood`, by one sweep back; same arguments.

        Example:
            >>> law = phasic.models.kingman(2).epochs([(0.0, [1.0]), (1.0, [4.0])])
            >>> gradient = law.log_likelihood_gradient([0.5, 2.0])  # 1 − 0.5 and −1; 1 / 4 − 1; 4 − 1
            >>> [slope.round(6).tolist() for slope in gradient.thetas], gradient.starts.round(6).tolist()
            ([[-0.5], [-0.75]], [0.0, 3.0])
        """
        return _gradient(self._smooth.log_likelihood_gradient(*_observations(data, weights)))

    # Rewards

    def expectation(self, rewards: Any = None, *, until: float = math.inf) -> float:
        """Mean of the time, or reward, until absorption or a time. Arguments as for `moments`.

        Example:
            >>> law = phasic.models.kingman(2).epochs([(0.0, [1.0]), (1.0, [4.0])])
            >>> round(law.expectation(), 6), round(law.expectation(until=1.0), 6)  # 1 − 3 / 4e, 1 − 1 / e
            (0.72409, 0.632121)
        """
        return float(self.moments(1, rewards, until=until)[0])

    def expectations(self, rewards: Any, *, until: float = math.inf) -> Doubles:
        """Means of many rewards until absorption or a time, (k,), all from one pass.

        Args:
            rewards: (k, n_vertices), or for epochs with different graphs a list of such, one per epoch.
            until: When the rewards end, if the chain is not absorbed before.

        Raises:
            ValueError: Rewards have another shape or are not finite; given and expected shapes are named.

        Example:
            >>> law = phasic.models.erlang(2).epochs([(0.0, [0.0]), (1.0, [2.0])])
            >>> law.expectations([[0, 1, 0, 0], [0, 0, 1, 0]]).round(9).tolist()  # time in each phase
            [1.5, 0.5]
        """
        spent = self._core.residence(_check.time(until))
        checked = [(order, _check.reward_matrix(each, order.n)) for order, each in self._listed(rewards, 2)]
        if len({len(matrix) for _, matrix in checked}) > 1:
            raise ValueError(f"rewards has {[len(matrix) for _, matrix in checked]} rows for the epochs")
        means = [matrix @ order.back(time) for (order, matrix), time in zip(checked, spent, strict=False)]
        total: Doubles = np.sum(means, axis=0)
        return total

    def variance(self, rewards: Any = None) -> float:
        """Variance of the time, or reward ≥ 0, until absorption.

        Example:
            >>> law = phasic.models.erlang(2).epochs([(0.0, [0.0]), (1.0, [2.0])])
            >>> round(law.variance(), 9)  # of two times of rate 2; the first epoch has none
            0.5
        """
        first, second = self.moments(2, rewards)
        return float(second - first * first)

    def moments(self, power: int, rewards: Any = None, *, until: float = math.inf) -> Doubles:
        """Raw moments of order 1 to `power` of the time, or reward, until absorption or a time, (power,).

        Args:
            power: The highest order.
            rewards: As for the class; at least 0 unless power is 1.
            until: When the reward ends, if the chain is not absorbed before.

        Raises:
            ValueError: Rewards are not what they must be, or absorption is not certain.

        Example:
            >>> law = phasic.models.erlang(1).epochs([(0.0, [0.0]), (1.0, [2.0])])
            >>> law.moments(2).round(9).tolist()  # mean 1.5, variance 0.25
            [1.5, 2.5]
        """
        checked = self._rewards(rewards)
        return self._core.moments(_check.power(power), checked, _check.time(until), False)

    def truncated_moments(self, time: float, power: int, rewards: Any = None) -> Doubles:
        """E of Yᵏ where the chain is absorbed by a time, else 0, for k from 1 to `power`, (power,).

        Y is the absorption time, or the reward ≥ 0 until then. Divided by `cdf(time)` these are the moments
        given absorption by that time.

        Args:
            time: At least 0.
            power: The highest order.
            rewards: As for the class, at least 0.

        Raises:
            ValueError: An argument is not what it must be.

        Example:
            >>> law = phasic.models.kingman(2).epochs([(0.0, [1.0]), (1.0, [4.0])])
            >>> law.truncated_moments(1.0, 1).round(6).tolist()  # 1 − 2 / e
            [0.264241]
        """
        checked = self._rewards(rewards)
        return self._core.moments(_check.power(power), checked, _check.time(time), True)

    def expectation_gradient(self, rewards: Any = None, *, until: float = math.inf) -> EpochGradient:
        """Derivatives of `expectation`, same arguments.

        Those of a sum of `expectations` are one with summed rewards: `seeds @ rewards`.

        Example:
            >>> law = phasic.models.kingman(2).epochs([(0.0, [1.0]), (1.0, [4.0])])
            >>> gradient = law.expectation_gradient(until=1.0)  # of (1 − exp(−a)) / a: 2 / e − 1
            >>> [slope.round(6).tolist() for slope in gradient.thetas]
            [[-0.264241], [0.0]]
        """
        return self.moments_gradient([1.0], rewards, until=until)

    def moments_gradient(
        self, seeds: ArrayLike, rewards: Any = None, *, until: float = math.inf
    ) -> EpochGradient:
        """Derivatives of the sum of `seeds[k - 1]` times the k-th of `moments`, in one sweep.

        Args:
            seeds: (power,) weights of the moments.
            rewards, until: As for `moments`.

        Example:
            >>> law = phasic.models.erlang(1).epochs([(0.0, [0.0]), (1.0, [2.0])])
            >>> gradient = law.moments_gradient([0.0, 1.0])  # of 1 + 2 / rate + 2 / rate²
            >>> round(gradient.value, 9), gradient.thetas[1].round(9).tolist()
            (2.5, [-1.0])
        """
        checked = _check.finite_vector("seeds", seeds)
        return _gradient(
            self._smooth.moments_gradient(checked, self._rewards(rewards), _check.time(until), False)
        )

    def truncated_moments_gradient(self, time: float, seeds: ArrayLike, rewards: Any = None) -> EpochGradient:
        """Derivatives of the sum of `seeds[k - 1]` times the k-th of `truncated_moments`, in one sweep.

        Args:
            time: At least 0.
            seeds: (power,) weights of the moments.
            rewards: As for `truncated_moments`.

        Example:
            >>> law = phasic.models.kingman(2).epochs([(0.0, [1.0]), (1.0, [4.0])])
            >>> gradient = law.truncated_moments_gradient(1.0, [1.0])  # of 1 / a − exp(−a) (1 + 1 / a)
            >>> gradient.thetas[0].round(6).tolist()
            [0.103638]
        """
        checked = _check.finite_vector("seeds", seeds)
        return _gradient(
            self._smooth.moments_gradient(checked, self._rewards(rewards), _check.time(time), True)
        )

    # Where the chain is

    def epoch_at(self, time: float) -> int:
        """The epoch that a time lies in, counted from 0.

        Raises:
            ValueError: The time is negative or NaN.

        Example:
            >>> law = phasic.models.kingman(4).epochs([(0.0, [1.0]), (0.5, [8.0])])
            >>> law.epoch_at(0.4), law.epoch_at(0.5)
            (0, 1)
        """
        return int(np.searchsorted(self.starts, _check.time(time), side="right")) - 1

    def state_probability(self, time: float) -> Doubles:
        """Probability of each vertex at a time, (n_vertices,) of that epoch's graph; 0 at absorbing ones.

        `stop_probability` is the same under the name of older code.

        Raises:
            ValueError: The time is negative, NaN or infinite.

        Example:
            >>> law = phasic.models.erlang(2).epochs([(0.0, [0.0]), (1.0, [2.0])])
            >>> law.state_probability(1.5).round(6).tolist()  # exp(−1) in either phase
            [0.0, 0.367879, 0.367879, 0.0]
        """
        epoch, values = self._core.occupancy(_check.time(time))
        return self._orders[epoch].back(values)

    stop_probability = state_probability

    def state_probability_gradient(self, time: float, seeds: ArrayLike) -> EpochGradient:
        """Derivatives of the sum of `seeds` times `state_probability` at a time.

        Args:
            time: At least 0.
            seeds: (n_vertices,) of that epoch's graph.

        Raises:
            ValueError: Seeds are not given, or have another length.

        Example:
            >>> law = phasic.models.erlang(2).epochs([(0.0, [0.0]), (1.0, [2.0])])
            >>> gradient = law.state_probability_gradient(1.5, [0, 1, 0, 0])  # of exp(−rate (1.5 − start))
            >>> gradient.thetas[1].round(6).tolist(), gradient.starts.round(6).tolist()
            ([-0.18394], [0.0, 0.735759])
        """
        order = self._orders[self.epoch_at(time)]
        checked = _check.reward_vector(seeds, order.n)
        if checked is None:
            raise ValueError("state_probability_gradient needs seeds, one for each vertex")
        return _gradient(self._smooth.occupancy_gradient(_check.time(time), checked[order.original]))

    def accumulated_visiting_time(self, time: float, epoch: int | None = None) -> Doubles:
        """Mean time spent in each vertex up to a time, (n_vertices,); 0 at absorbing ones.

        Args:
            time: Up to when; infinity for all time until absorption.
            epoch: Only what is spent in this epoch, in the vertices of its graph; None: in all epochs, which
                must then have the same graph.

        Raises:
            ValueError: The epochs have different graphs and none is chosen; or the time is infinite, and
                absorption is not certain.
            IndexError: There is no such epoch.

        Example:
            >>> law = phasic.models.erlang(1).epochs([(0.0, [0.0]), (1.0, [2.0])])
            >>> law.accumulated_visiting_time(1.5).round(6).tolist()  # 1 + (1 − exp(−1)) / 2
            [0.0, 1.31606, 0.0]
        """
        spent = self._core.residence(_check.time(time))
        if epoch is not None:
            chosen = _check.position("epoch", epoch)
            if not -len(self) <= chosen < len(self):
                raise IndexError(f"epoch is {epoch}, but there are {len(self)} epochs, counted from 0")
            chosen %= len(self)
            found = spent[chosen] if chosen < len(spent) else np.zeros(self._orders[chosen].n)
            return self._orders[chosen].back(found)
        if not self._one_graph():
            raise ValueError("the epochs have different graphs: say which one, with epoch=")
        return self._orders[0].back(np.sum(spent, axis=0))

    def expected_residence_time(self, epoch: int | None = None) -> Doubles:
        """Mean time spent in each vertex until absorption; `epoch` as for `accumulated_visiting_time`.

        `expected_sojourn_time` is another name of it.

        Example:
            >>> law = phasic.models.erlang(2).epochs([(0.0, [0.0]), (1.0, [2.0])])
            >>> law.expected_residence_time().round(9).tolist()
            [0.0, 1.5, 0.5, 0.0]
        """
        return self.accumulated_visiting_time(math.inf, epoch)

    expected_sojourn_time = expected_residence_time

    def _curve(self, name: str, time: ArrayLike, *, log: bool = False) -> float | Doubles:
        at = _check.times("time", time)
        values = self._core.curve(name, at.ravel(), log)
        return float(values[0]) if at.ndim == 0 else values.reshape(at.shape)

    @functools.cached_property
    def _smooth(self) -> _core.Epochs:
        """The same to a finer tolerance: what is left out weighs more in derivatives than in values."""
        return _core.Epochs(self._rows, max(1e-3 * self._rtol, _check.LEAST_RTOL))

    def _curve_gradient(self, name: str, time: ArrayLike, seeds: ArrayLike | None) -> EpochGradient:
        at = _check.times("time", time)
        weights = np.ones(at.shape) if seeds is None else _check.doubles("seeds", seeds)
        if weights.shape != at.shape:
            raise ValueError(f"seeds has shape {weights.shape}, but time has shape {at.shape}")
        return _gradient(self._smooth.curve_gradient(name, at.ravel(), weights.ravel()))

    def _one_graph(self) -> bool:
        return all(graph is self.graphs[0] for graph in self.graphs)

    def _rewards(self, rewards: Any) -> list[Doubles] | None:
        if rewards is None:
            return None
        listed = self._listed(rewards, 1)
        found = [(order, _check.reward_vector(each, order.n)) for order, each in listed]
        return [np.ones(order.n) if each is None else each[order.original] for order, each in found]

    def _listed(self, rewards: Any, dimensions: int) -> list[tuple[_Order, Any]]:
        """Each epoch's order with its rewards, of this many dimensions."""
        if len(rewards) and np.ndim(rewards[0]) == dimensions:
            if len(rewards) != len(self):
                raise ValueError(f"rewards has entries for {len(rewards)} epochs, but there are {len(self)}")
            return list(zip(self._orders, rewards, strict=True))
        if not self._one_graph():
            raise ValueError("the epochs have different graphs: give a list of rewards, one per epoch")
        return [(order, rewards) for order in self._orders]


class _Order:
    """Between the vertices of a graph, as it is now, and those of its trace."""

    def __init__(self, graph: Graph) -> None:
        graph._freeze()
        assert graph._canonical is not None and graph._original is not None
        self.canonical: NDArray[np.uint32] = graph._canonical
        self.original: NDArray[np.uint32] = graph._original
        self.n = len(self.canonical)

    def back(self, values: Doubles) -> Doubles:
        ordered: Doubles = values[self.canonical]
        return ordered


def _as_epoch(index: int, given: Any) -> Epoch:
    if isinstance(given, Epoch):
        return given
    if not isinstance(given, tuple) or len(given) not in (2, 3):
        raise ValueError(
            f"epochs[{index}] is {given!r}: it must be (start, theta), (start, graph), "
            "(start, theta or graph, map) or an Epoch"
        )
    start, what = given[:2]
    mapped = given[2] if len(given) == 3 else None
    if callable(what) or _is_graph(what):
        return Epoch(start, graph=what, map=mapped)
    return Epoch(start, theta=what, map=mapped)


def _is_graph(given: Any) -> bool:
    from phasic._graph import Graph

    return isinstance(given, Graph)


def _graph_of(before: Graph, given: Any) -> Graph:
    if given is None:
        return before
    if _is_graph(given):
        found: Graph = given
        return found
    return type(before)(callback=given)


def _recorded(graph: Graph, *, last: bool) -> _core.Trace:
    """The trace of an epoch's graph: only the last one is solved by elimination."""
    if graph._trace is not None or last:
        return graph._recorded()
    return _trace.unstored(graph._freeze(), graph.vertices_length())


def _theta(given: ArrayLike, graph: Graph) -> Doubles:
    return _check.theta_vector(given, graph.param_length())


def _gradient(found: tuple[float, list[Doubles], Doubles]) -> EpochGradient:
    value, thetas, starts = found
    return EpochGradient(value, tuple(thetas), starts)


def _observations(data: ArrayLike, weights: ArrayLike | None) -> tuple[Doubles, Doubles]:
    values = np.atleast_1d(_check.times("data", data))
    counts = np.ones(values.shape) if weights is None else _check.finite_vector("weights", weights)
    if values.ndim != 1 or counts.shape != values.shape:
        raise ValueError(f"data has shape {values.shape} and weights {counts.shape}: both must be (m,)")
    _check.first("weights", counts, counts >= 0, "at least 0")
    if not np.isfinite(values).all():
        index = int(np.argmin(np.isfinite(values)))
        raise ValueError(f"data[{index}] is inf: observations must be finite")
    return values, counts

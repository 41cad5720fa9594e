"""Quantiles of the absorption time over epochs, draws by them, and plots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike

from phasic import _check
from phasic._check import Doubles
from phasic._epoch_curves import EpochCurves
from phasic._epoch_inverse import quantiles
from phasic._samples import Seed, key, size_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class EpochQuantiles(EpochCurves):
    """Times at given probabilities; see `phasic.Epochs`."""

    @overload
    def ppf(self, p: float) -> float: ...
    @overload
    def ppf(self, p: ArrayLike) -> Doubles: ...
    def ppf(self, p: ArrayLike) -> float | Doubles:
        """Quantile: the smallest time by which the probability of being absorbed is `p`.

        0 for p up to the defect; the start of an epoch whose map absorbs as much at once; inf for p = 1.
        Between the ends of an epoch, on the logarithm of the smaller of cdf and sf over that of time, by
        interpolation safeguarded by bisection; all quantiles share the work. The smaller of p and 1 − p has
        the relative error of the law, `rtol` of `Graph.epochs`. `ppf` and `quantile` are the same method.

        Args:
            p: Probabilities in [0, 1] of any shape.

        Returns:
            A float for one probability, else an array of the shape of p.

        Raises:
            ValueError: A probability is not in [0, 1] (the first is named), it is reached in the last epoch
                and absorption is not certain there, or as for `pdf`.

        Example:
            >>> law = phasic.models.kingman(2).epochs([(0.0, [1.0]), (1.0, [4.0])])
            >>> law.ppf([0.0, 0.5, 0.9]).round(6).tolist()  # log(2); and 1 + (log(10) − 1) / 4
            [0.0, 0.693147, 1.325646]
        """
        return self._quantiles(p, upper=False)

    quantile = ppf

    @overload
    def isf(self, p: float) -> float: ...
    @overload
    def isf(self, p: ArrayLike) -> Doubles: ...
    def isf(self, p: ArrayLike) -> float | Doubles:
        """The time at which the probability of not being absorbed is `p`, which may be 1e-300.

        inf for p = 0. Arguments, result and errors as for `ppf`.

        Example:
            >>> law = phasic.models.kingman(2).epochs([(0.0, [1.0]), (1.0, [4.0])])
            >>> round(law.isf(1e-300), 6)  # 1 + (300 log(10) − 1) / 4
            173.443882
        """
        return self._quantiles(p, upper=True)

    @overload
    def interval(self, confidence: float) -> tuple[float, float]: ...
    @overload
    def interval(self, confidence: ArrayLike) -> tuple[Doubles, Doubles]: ...
    def interval(self, confidence: ArrayLike) -> tuple[float, float] | tuple[Doubles, Doubles]:
        """Ends of the interval around the median that holds a probability, with equal tails outside.

        Args:
            confidence: Probabilities in [0, 1] of any shape.

        Returns:
            Two floats, or two arrays of the shape of `confidence`.

        Raises:
            ValueError: As for `ppf`.

        Example:
            >>> law = phasic.models.kingman(2).epochs([(0.0, [1.0]), (1.0, [4.0])])
            >>> low, high = law.interval(0.9)
            >>> round(low, 6), round(high, 6)  # −log(0.95), and 1 + (log(20) − 1) / 4
            (0.051293, 1.498933)
        """
        tails = 0.5 * (1.0 - _check.probabilities("confidence", confidence))
        return self.ppf(tails), self.isf(tails)

    def median(self) -> float:
        """The time by which the probability of being absorbed is one half.

        Raises:
            ValueError: As for `ppf`.

        Example:
            >>> law = phasic.models.erlang(1).epochs([(0.0, [0.0]), (1.0, [2.0])])
            >>> round(law.median(), 6)  # 1 + log(2) / 2
            1.346574
        """
        return self.ppf(0.5)

    def sample(self, n: int = 1, *, seed: Seed = None) -> Doubles:
        """Absorption times: `ppf` at uniform numbers, so exact to the error of quantiles.

        Args:
            n: How many.
            seed: As for `numpy.random.default_rng`, and as for `Graph.sample`.

        Returns:
            (n,).

        Raises:
            ValueError: As for `ppf`, or n is no whole number ≥ 0.

        Example:
            >>> law = phasic.models.erlang(1).epochs([(0.0, [0.0]), (1.0, [2.0])])
            >>> times = law.sample(10_000, seed=1)
            >>> bool(times.min() >= 1.0), bool(abs(times.mean() - 1.5) < 0.02)
            (True, True)
        """
        count = size_of("n", n)
        return self.ppf(np.random.default_rng(np.frombuffer(key(seed), dtype="<u4")).random(count))

    def plot_pdf(self, at: ArrayLike | None = None, *, ax: Axes | None = None, **line: Any) -> Figure:
        """Plot the density of the absorption time, which jumps where epochs begin.

        An atom at 0 is a stem with its mass as height, which the legend tells. Needs matplotlib (extra
        `plot`); no state of `matplotlib.pyplot` is read or changed.

        Args:
            at: (m,) times; default from 0 to where 0.5 % of what does not start absorbed is left.
            ax: Axes of matplotlib to draw into; default those of a new Figure.
            **line: Passed to matplotlib, such as `label=` and `color=`.

        Returns:
            The Figure.

        Raises:
            ImportError: matplotlib is not there.
            ValueError: An argument is not what it must be.

        Example:
            >>> law = phasic.models.erlang(1).epochs([(0.0, [0.0]), (1.0, [2.0])])
            >>> figure = law.plot_pdf([0.5, 1.0], label="from 1 on")
            >>> figure.axes[0].lines[0].get_ydata().round(6).tolist()
            [0.0, 2.0]
        """
        return self._plotted("pdf", at, ax, line)

    def plot_cdf(self, at: ArrayLike | None = None, *, ax: Axes | None = None, **line: Any) -> Figure:
        """Plot the probability of being absorbed by each time. Arguments and errors as for `plot_pdf`.

        Example:
            >>> law = phasic.models.kingman(2).epochs([(0.0, [1.0]), (1.0, [4.0])])
            >>> law.plot_cdf([0.0, 1.0]).axes[0].lines[0].get_ydata().round(6).tolist()  # 1 − exp(−t)
            [0.0, 0.632121]
        """
        return self._plotted("cdf", at, ax, line)

    def plot_sf(self, at: ArrayLike | None = None, *, ax: Axes | None = None, **line: Any) -> Figure:
        """Plot the probability of not being absorbed by each time. Arguments and errors as for `plot_pdf`.

        Example:
            >>> law = phasic.models.kingman(2).epochs([(0.0, [1.0]), (1.0, [4.0])])
            >>> law.plot_sf([0.0, 1.0]).axes[0].lines[0].get_ydata().round(6).tolist()  # exp(−t)
            [1.0, 0.367879]
        """
        return self._plotted("sf", at, ax, line)

    def _plotted(
        self, curve: Literal["pdf", "cdf", "sf"], at: ArrayLike | None, ax: Axes | None, line: dict[str, Any]
    ) -> Figure:
        from phasic.plot._axes import axes, figure
        from phasic.plot._curves import draw_times, points

        panel = axes(ax, (), (5.2, 3.6))[()]
        given = None if at is None else points(_check.times("at", at))
        draw_times(panel, self, curve, given, line, breaks=self.starts[1:])
        return figure(panel)

    def _quantiles(self, p: ArrayLike, *, upper: bool) -> float | Doubles:
        at = _check.probabilities("p", p)
        found = quantiles(self._core, self.starts, at.ravel(), upper=upper)
        return float(found[0]) if at.ndim == 0 else found.reshape(at.shape)

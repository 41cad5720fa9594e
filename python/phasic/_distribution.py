"""Distribution functions of the absorption time and of the steps, named as in `scipy.stats`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, NamedTuple, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from phasic import _check, _core
from phasic._check import Doubles
from phasic._numbers import Numbers

#: Relative error of distribution functions and quantiles unless `rtol` says otherwise.
RTOL = 1e-10


#: How a value was computed, by the code that `_core` gives.
_METHODS = ("uniformization", "contour", "limit")


class Explained(NamedTuple):
    """Values with their errors, each of the shape of the times."""

    values: Doubles
    #: Relative errors: a bound on truncation plus the size of rounding, or an estimate for contours.
    errors: Doubles
    #: "uniformization", "contour", or "limit" at infinity.
    methods: NDArray[np.str_]


class Distribution(Numbers):
    """The law of a graph's absorption time, as a frozen distribution of `scipy.stats`; see `phasic.Graph`."""

    # Absorption times

    @overload
    def pdf(self, time: float, granularity: object = ..., *, rtol: float = ...) -> float: ...
    @overload
    def pdf(self, time: ArrayLike, granularity: object = ..., *, rtol: float = ...) -> Doubles: ...
    def pdf(self, time: ArrayLike, granularity: object = None, *, rtol: float = RTOL) -> float | Doubles:
        """Density of the absorption time, without its atom at 0, per unit of time.

        By uniformization (Jensen 1953) with a bound on what is truncated; for stiff chains by inverse Laplace
        transform with an estimate of the error; see the concept page on densities. Either error is relative
        to the density itself, in both tails; `explain` tells the method and the error of each value.

        Args:
            time: Times ≥ 0 of any shape and order, in the unit of the inverse of the rates; infinity gives 0.
            granularity: Accepted and not used: the error is met at any.
            rtol: Relative truncation error, from 1e-14; rounding adds about 1e-16 per jump of the chain.

        Returns:
            A float for one time, else an array of the shape of the times.

        Raises:
            ValueError: A time is negative or NaN (the first is named),
                or the times would take more than 3e7 jumps of a chain whose spectrum no contour is known to
                avoid.
            TypeError: The granularity is no number: the arguments are perhaps in another order.

        Example:
            >>> graph = phasic.models.erlang(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> graph.pdf([0.0, 1.0, 2.0]).round(6).tolist()  # t exp(−t)
            [0.0, 0.367879, 0.270671]
        """
        _check.granularity(granularity)
        return self._at(_core.Trace.pdf, time, rtol)

    @overload
    def cdf(self, time: float, granularity: object = ..., *, rtol: float = ...) -> float: ...
    @overload
    def cdf(self, time: ArrayLike, granularity: object = ..., *, rtol: float = ...) -> Doubles: ...
    def cdf(self, time: ArrayLike, granularity: object = None, *, rtol: float = RTOL) -> float | Doubles:
        """Probability of being absorbed by each time, the atom at 0 included.

        Arguments, result and errors as for `pdf`.

        Example:
            >>> graph = phasic.models.repairable_system(2)
            >>> graph.update_parameterized_weights([1.0, 0.0])  # nobody mends
            >>> round(graph.cdf(1.0), 6)  # both have failed: (1 − exp(−1))²
            0.399576
        """
        _check.granularity(granularity)
        return self._at(_core.Trace.cdf, time, rtol)

    @overload
    def sf(self, time: float, *, rtol: float = ...) -> float: ...
    @overload
    def sf(self, time: ArrayLike, *, rtol: float = ...) -> Doubles: ...
    def sf(self, time: ArrayLike, *, rtol: float = RTOL) -> float | Doubles:
        """Probability of not being absorbed by each time, right in the far tail.

        Arguments, result and errors as for `pdf`.

        Example:
            >>> graph = phasic.models.repairable_system(2)
            >>> graph.update_parameterized_weights([1.0, 0.0])  # nobody mends
            >>> graph.sf([0.0, 1.0]).round(6).tolist()  # one still works: 2 exp(−t) − exp(−2 t)
            [1.0, 0.600424]
        """
        return self._at(_core.Trace.sf, time, rtol)

    def explain(
        self, curve: Literal["pdf", "cdf", "sf"], time: ArrayLike, *, rtol: float = RTOL
    ) -> Explained:
        """`pdf`, `cdf` or `sf` at each time with the method that ran and the error it states.

        Args:
            curve: "pdf", "cdf" or "sf".
            time: As for `pdf`.
            rtol: As for `pdf`.

        Returns:
            A named tuple `(values, errors, methods)` of arrays of the shape of the times; errors are
            relative.

        Raises:
            ValueError: As for `pdf`, or the curve is another one.

        Example:
            >>> graph = phasic.models.erlang(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> told = graph.explain("sf", [0.5, 700.0])
            >>> told.methods.tolist(), bool(told.errors.max() < 1e-9)
            (['uniformization', 'uniformization'], True)
        """
        if curve not in ("pdf", "cdf", "sf"):
            raise ValueError(f"curve is {curve!r}: it must be 'pdf', 'cdf' or 'sf'")
        at, checked = _check.times("time", time), _check.rtol(rtol)
        values, errors, ways = self._recorded().explained(self._current_theta(), at.ravel(), checked, curve)
        methods = np.array([_METHODS[way] for way in ways], dtype=np.str_)
        return Explained(values.reshape(at.shape), errors.reshape(at.shape), methods.reshape(at.shape))

    @overload
    def logpdf(self, time: float, *, rtol: float = ...) -> float: ...
    @overload
    def logpdf(self, time: ArrayLike, *, rtol: float = ...) -> Doubles: ...
    def logpdf(self, time: ArrayLike, *, rtol: float = RTOL) -> float | Doubles:
        """Natural logarithm of `pdf`, right where that underflows; −inf where there is no density.

        Arguments, result and errors as for `pdf`; `rtol` is the relative error of the density, so the
        absolute one of its logarithm.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([1.0])
            >>> round(graph.logpdf(5000.0), 6)  # exp(−5000) is no double
            -5000.0
        """
        return self._at(_core.Trace.log_pdf, time, rtol)

    @overload
    def logcdf(self, time: float, *, rtol: float = ...) -> float: ...
    @overload
    def logcdf(self, time: ArrayLike, *, rtol: float = ...) -> Doubles: ...
    def logcdf(self, time: ArrayLike, *, rtol: float = RTOL) -> float | Doubles:
        """Natural logarithm of `cdf`, with the digits of `sf` where that is the smaller.

        Arguments, result and errors as for `logpdf`.

        Example:
            >>> graph = phasic.models.kingman(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> round(graph.logcdf(1.0), 6)  # log(1 − exp(−1))
            -0.458675
        """
        return self._at(_core.Trace.log_cdf, time, rtol)

    @overload
    def logsf(self, time: float, *, rtol: float = ...) -> float: ...
    @overload
    def logsf(self, time: ArrayLike, *, rtol: float = ...) -> Doubles: ...
    def logsf(self, time: ArrayLike, *, rtol: float = RTOL) -> float | Doubles:
        """Natural logarithm of `sf`, with the digits of `cdf` where that is the smaller.

        Arguments, result and errors as for `logpdf`.

        Example:
            >>> graph = phasic.models.kingman(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> graph.logsf([3.0, 5000.0]).round(6).tolist()
            [-3.0, -5000.0]
        """
        return self._at(_core.Trace.log_sf, time, rtol)

    @overload
    def hazard(self, time: float, *, rtol: float = ...) -> float: ...
    @overload
    def hazard(self, time: ArrayLike, *, rtol: float = ...) -> Doubles: ...
    def hazard(self, time: ArrayLike, *, rtol: float = RTOL) -> float | Doubles:
        """Rate of absorption among those not yet absorbed, pdf / sf, right where both underflow.

        Arguments, result and errors as for `pdf`; NaN at infinity, and where nothing is left to be absorbed.

        Example:
            >>> graph = phasic.models.erlang(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> graph.hazard([0.0, 1.0, 3.0]).round(6).tolist()  # t / (1 + t)
            [0.0, 0.5, 0.75]
        """
        return self._at(_core.Trace.hazard, time, rtol)

    @overload
    def ppf(self, p: float, *, rtol: float = ...) -> float: ...
    @overload
    def ppf(self, p: ArrayLike, *, rtol: float = ...) -> Doubles: ...
    def ppf(self, p: ArrayLike, *, rtol: float = RTOL) -> float | Doubles:
        """Quantile: the smallest time by which the probability of being absorbed is `p`.

        0 for p up to the defect, inf for p = 1. Newton's method on the smaller of cdf and sf, on a
        logarithmic scale, safeguarded by bisection; all quantiles share the work. `ppf` and
        `quantile` are the same method.

        Args:
            p: Probabilities in [0, 1] of any shape.
            rtol: Relative error of the time and of the smaller of p and 1 − p, from 1e-14.

        Returns:
            A float for one probability, else an array of the shape of p.

        Raises:
            ValueError: A probability is not in [0, 1] (the first is named), absorption is not certain, or as
                for `pdf`.

        Example:
            >>> graph = phasic.models.kingman(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> graph.ppf([0.0, 0.5, 0.9]).round(6).tolist()  # −log(1 − p)
            [0.0, 0.693147, 2.302585]
        """
        return self._quantiles("p", p, rtol, upper=False)

    quantile = ppf

    @overload
    def isf(self, p: float, *, rtol: float = ...) -> float: ...
    @overload
    def isf(self, p: ArrayLike, *, rtol: float = ...) -> Doubles: ...
    def isf(self, p: ArrayLike, *, rtol: float = RTOL) -> float | Doubles:
        """The time at which the probability of not being absorbed is `p`, which may be 1e-300.

        inf for p = 0. Arguments, result and errors as for `ppf`.

        Example:
            >>> graph = phasic.models.kingman(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> round(graph.isf(1e-300), 6)  # 300 log(10)
            690.775528
        """
        return self._quantiles("p", p, rtol, upper=True)

    @overload
    def interval(self, confidence: float, *, rtol: float = ...) -> tuple[float, float]: ...
    @overload
    def interval(self, confidence: ArrayLike, *, rtol: float = ...) -> tuple[Doubles, Doubles]: ...
    def interval(
        self, confidence: ArrayLike, *, rtol: float = RTOL
    ) -> tuple[float, float] | tuple[Doubles, Doubles]:
        """Ends of the interval around the median that holds a probability, with equal tails outside.

        Args:
            confidence: Probabilities in [0, 1] of any shape.
            rtol: As for `ppf`.

        Returns:
            Two floats, or two arrays of the shape of `confidence`.

        Raises:
            ValueError: As for `ppf`.

        Example:
            >>> graph = phasic.models.birth_death(1)
            >>> graph.update_parameterized_weights([5.0, 1.0])  # a lonely member dies at rate 1
            >>> low, high = graph.interval(0.9)
            >>> round(low, 6), round(high, 6)  # −log(0.95), −log(0.05)
            (0.051293, 2.995732)
        """
        tails = 0.5 * (1.0 - _check.probabilities("confidence", confidence))
        return self.ppf(tails, rtol=rtol), self.isf(tails, rtol=rtol)

    def median(self) -> float:
        """The time by which the probability of being absorbed is one half.

        Raises:
            ValueError: As for `ppf`.

        Example:
            >>> graph = phasic.models.mm1k_busy_period(1)  # whoever finds the server busy is lost
            >>> graph.update_parameterized_weights([5.0, 2.0])
            >>> round(graph.median(), 6)  # one exponential service: log(2) / 2
            0.346574
        """
        return self.ppf(0.5)

    def mean(self) -> float:
        """Mean of the absorption time: `expectation()`, under the name of `scipy.stats`.

        Example:
            >>> graph = phasic.models.repairable_system(2)
            >>> graph.update_parameterized_weights([0.5, 10.0])  # failures, repairs
            >>> round(graph.mean(), 6)  # (3 · 0.5 + 10) / (2 · 0.5²)
            23.0
        """
        return self.expectation()

    def var(self) -> float:
        """Variance of the absorption time: `variance()`, under the name of `scipy.stats`.

        Example:
            >>> graph = phasic.models.erlang(3)
            >>> graph.update_parameterized_weights([2.0])
            >>> round(graph.var(), 6)  # 3 / 2²
            0.75
        """
        return self.variance()

    def std(self) -> float:
        """Standard deviation of the absorption time, in the unit of time.

        Example:
            >>> graph = phasic.models.erlang(4)
            >>> graph.update_parameterized_weights([2.0])
            >>> round(graph.std(), 6)  # √4 / 2
            1.0
        """
        return math.sqrt(self.variance())

    def moment(self, order: int) -> float:
        """Raw moment of the absorption time; 1 for order 0.

        `moments` gives all orders up to one, and those of rewards.

        Args:
            order: A whole number ≥ 0.

        Raises:
            ValueError: The order is negative.
            TypeError: The order is not a whole number.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([1.0])
            >>> round(graph.moment(3), 6)  # 3!
            6.0
        """
        if _check.position("order", order) < 0:
            raise ValueError(f"order is {order}: it must be a whole number, at least 0")
        return float(self.moments(order)[-1]) if order else 1.0

    # Steps of the discrete chain

    @overload
    def pmf_discrete(self, jumps: float, rewards: ArrayLike | None = None) -> float: ...
    @overload
    def pmf_discrete(self, jumps: ArrayLike, rewards: ArrayLike | None = None) -> Doubles: ...
    def pmf_discrete(self, jumps: ArrayLike, rewards: ArrayLike | None = None) -> float | Doubles:
        """Probability of each total of whole rewards, collected per step until absorption.

        Weights are probabilities, and what is missing from 1 at a vertex is the probability of staying;
        `normalize` divides them by their sum instead. Without rewards each step counts 1. One solve for each
        total up to the largest, all of positive terms; see the concept page on densities. `pmf_discrete` and
        `pdf_discrete` are the same method.

        Args:
            jumps: Whole numbers ≥ 0 of any shape.
            rewards: (n_vertices,) whole numbers ≥ 0, or None to count the steps.

        Returns:
            A float for one total, else an array of the shape of `jumps`.

        Raises:
            ValueError: A count or reward is not a whole number ≥ 0, the weights of a vertex exceed 1.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([0.5])  # absorbed at each step with probability 1/2
            >>> graph.pmf_discrete([0, 1, 2, 3]).round(6).tolist()
            [0.0, 0.5, 0.25, 0.125]
        """
        return self._counts(_core.Trace.pmf, jumps, rewards)

    pdf_discrete = pmf_discrete

    @overload
    def cdf_discrete(self, jumps: float, rewards: ArrayLike | None = None) -> float: ...
    @overload
    def cdf_discrete(self, jumps: ArrayLike, rewards: ArrayLike | None = None) -> Doubles: ...
    def cdf_discrete(self, jumps: ArrayLike, rewards: ArrayLike | None = None) -> float | Doubles:
        """Probability of at most each total.

        Arguments, result and errors as for `pmf_discrete`.

        Example:
            >>> graph = phasic.models.erlang(2)
            >>> graph.update_parameterized_weights([0.5])
            >>> graph.cdf_discrete([1, 2, 3]).round(6).tolist()  # two heads in at most so many throws
            [0.0, 0.25, 0.5]
        """
        return self._counts(_core.Trace.discrete_cdf, jumps, rewards)

    @overload
    def sf_discrete(self, jumps: float, rewards: ArrayLike | None = None) -> float: ...
    @overload
    def sf_discrete(self, jumps: ArrayLike, rewards: ArrayLike | None = None) -> Doubles: ...
    def sf_discrete(self, jumps: ArrayLike, rewards: ArrayLike | None = None) -> float | Doubles:
        """Probability of more than each total, right in the far tail.

        Arguments, result and errors as for `pmf_discrete`.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([0.5])
            >>> round(graph.sf_discrete(3), 6)  # (1/2)³
            0.125
        """
        return self._counts(_core.Trace.discrete_sf, jumps, rewards)

    @overload
    def logpmf_discrete(self, jumps: float, rewards: ArrayLike | None = None) -> float: ...
    @overload
    def logpmf_discrete(self, jumps: ArrayLike, rewards: ArrayLike | None = None) -> Doubles: ...
    def logpmf_discrete(self, jumps: ArrayLike, rewards: ArrayLike | None = None) -> float | Doubles:
        """Natural logarithm of `pmf_discrete`, right where that underflows; −inf where it is 0.

        Arguments, result and errors as for `pmf_discrete`.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([0.5])
            >>> round(graph.logpmf_discrete(5000), 6)  # −5000 log(2)
            -3465.735903
        """
        return self._counts(_core.Trace.log_pmf, jumps, rewards)

    @overload
    def ppf_discrete(self, p: float, rewards: ArrayLike | None = None) -> float: ...
    @overload
    def ppf_discrete(self, p: ArrayLike, rewards: ArrayLike | None = None) -> Doubles: ...
    def ppf_discrete(self, p: ArrayLike, rewards: ArrayLike | None = None) -> float | Doubles:
        """Quantile: the smallest total ≥ 0 whose `cdf_discrete` is at least `p`.

        inf for p = 1 where every total can be exceeded. `ppf_discrete` and `quantile_discrete`
        are the same method.

        Args:
            p: Probabilities in [0, 1] of any shape.
            rewards: (n_vertices,) whole numbers ≥ 0, or None to count the steps.

        Returns:
            A float for one probability, else an array of the shape of p; whole numbers, or inf.

        Raises:
            ValueError: A probability is not in [0, 1] (the first is named), or as for `pmf_discrete`.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([0.5])
            >>> graph.ppf_discrete([0.5, 0.9, 1.0]).tolist()  # 1 − (1/2)⁴ is above 0.9
            [1.0, 4.0, inf]
        """
        at = _check.probabilities("p", p)
        ordered = self._whole_rewards(rewards)
        return _shaped(self._recorded().discrete_quantile(self._current_theta(), at.ravel(), ordered), at)

    quantile_discrete = ppf_discrete

    def _at(
        self,
        function: Callable[[_core.Trace, Doubles, Doubles, float], Doubles],
        time: ArrayLike,
        rtol: float,
    ) -> float | Doubles:
        at, checked = _check.times("time", time), _check.rtol(rtol)
        return _shaped(function(self._recorded(), self._current_theta(), at.ravel(), checked), at)

    def _quantiles(self, name: str, p: ArrayLike, rtol: float, *, upper: bool) -> float | Doubles:
        at, checked = _check.probabilities(name, p), _check.rtol(rtol)
        times = self._recorded().quantile(self._current_theta(), at.ravel(), upper, checked)
        return _shaped(times, at)

    def _whole_rewards(self, rewards: ArrayLike | None) -> Doubles:
        checked = _check.reward_vector(rewards, self.vertices_length(), whole=True)
        ordered = self._in_canonical_order(checked)
        return np.empty(0) if ordered is None else ordered

    def _counts(
        self,
        function: Callable[[_core.Trace, Doubles, Doubles, Doubles], Doubles],
        jumps: ArrayLike,
        rewards: ArrayLike | None,
    ) -> float | Doubles:
        at = _check.counts("jumps", jumps)
        ordered = self._whole_rewards(rewards)
        return _shaped(function(self._recorded(), self._current_theta(), at.ravel(), ordered), at)


def _shaped(values: Doubles, like: Doubles) -> float | Doubles:
    return float(values[0]) if like.ndim == 0 else values.reshape(like.shape)

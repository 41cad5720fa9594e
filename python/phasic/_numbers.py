"""Numbers from a graph at its parameters: moments, densities, occupancies, counts."""

from __future__ import annotations

import logging
from typing import Literal, get_args, overload

import numpy as np
from numpy.typing import ArrayLike

from phasic import _check, _core
from phasic._check import Doubles
from phasic._structure import Structure
from phasic._vertex import Vertex

_log = logging.getLogger(__name__)

#: How a linear system is solved: by elimination, iteratively, or by what the predicted cost allows.
Method = Literal["auto", "direct", "iterative"]

#: Relative error that an iterative solution must certify.
CERTIFIED = 1e-10

#: Relative truncation error of occupancies and accumulated times.
TOLERANCE = 1e-12

#: Factors of a cross-moment: it takes two to this power solves.
MOST_FACTORS = 10

#: The largest order of a joint moment.
MOST_ORDER = 1000


class Numbers(Structure):
    """Everything a graph computes at its parameters; see `phasic.Graph`.

    Rewards have one entry per vertex, in the order of `vertices()`; those of the starting vertex and of
    absorbing ones are ignored. Without rewards every unit of time counts 1.
    """

    def expectation(self, rewards: ArrayLike | None = None, *, method: Method = "auto") -> float:
        """Mean of the time, or reward, until absorption.

        Args:
            rewards: (n_vertices,).
            method: "direct" eliminates the graph whatever that costs. "iterative" solves large components
                by a Krylov method, to a certified relative error of 1e-10 (of the mean of |rewards|).
                "auto" eliminates unless the predicted cost is above 1e11 multiply-adds or 8 GiB; else it
                iterates, and logs a warning that says so.

        Raises:
            ValueError: An iterative solution cannot be certified: the chain is too stiff for it.
        """
        solver = self._iterative(method)
        if solver is None:
            return float(self.moments(1, rewards)[0])
        value, error, iterations, _ = solver.expectation(self._rewards(rewards))
        self._announce(error, abs(value), iterations)
        return value

    def expectations(self, rewards: ArrayLike) -> Doubles:
        """Means of many rewards, (k, n_vertices), from one solve: (k,).

        Each is a sum over the mean times in the vertices, so that the rewards are only read, where they lie.
        """
        checked = _check.reward_matrix(rewards, self.vertices_length())
        times = self._recorded().residence(self._current_theta())
        # In an order that does not depend on the number of threads, as a product of BLAS would.
        means: Doubles = np.einsum("kv,v->k", checked, self._in_creation_order(times))
        return means

    def covariances(self, rewards: ArrayLike) -> Doubles:
        """Covariance matrix of many rewards, (k, n_vertices), from k + 1 solves: (k, k)."""
        checked = _check.reward_matrix(rewards, self.vertices_length())
        return self._recorded().covariances(self._current_theta(), self._columns_in_canonical_order(checked))

    def variance(self, rewards: ArrayLike | None = None) -> float:
        """Variance of the time, or reward, until absorption."""
        first, second = self.moments(2, rewards)
        return float(second - first * first)

    def moments(self, power: int, rewards: ArrayLike | None = None) -> Doubles:
        """Raw moments of order 1 to `power`, (power,): k! · α (U R)ᵏ 1 with U the inverse of −S.

        Source: Bladt & Nielsen 2017, theorem 8.1.5. Relative error about 1e-14 for rewards ≥ 0, however
        stiff the chain.
        """
        power = _check.power(power)
        return self._recorded().moments(self._current_theta(), power, self._rewards(rewards))

    def covariance(self, rewards1: ArrayLike | None = None, rewards2: ArrayLike | None = None) -> float:
        """Covariance of two rewards."""
        first, second = self._rewards(rewards1), self._rewards(rewards2)
        return self._recorded().covariance(self._current_theta(), first, second)

    def cross_moment(self, rewards: ArrayLike, *, discrete: bool = False) -> float:
        """Mean of the product of 1 to 10 rewards, (k, n_vertices), from 2^k − 1 solves.

        With `discrete`, rewards are collected per step; see `pmf_discrete`.
        """
        each, ordered = self._factors(rewards)
        return float(self._recorded().joint_moments(self._current_theta(), each, ordered, discrete)[-1])

    def expected_waiting_time(self, rewards: ArrayLike | None = None, *, method: Method = "auto") -> Doubles:
        """Mean time, or reward, until absorption from each vertex, (n_vertices,).

        `method` as for `expectation`.
        """
        solver = self._iterative(method)
        if solver is None:
            waiting = self._recorded().waiting(self._current_theta(), self._rewards(rewards))
        else:
            waiting, error, iterations, _ = solver.waiting(self._rewards(rewards))
            self._announce(error, np.abs(waiting), iterations)
        return self._in_creation_order(waiting)

    def expected_residence_time(
        self, rewards: ArrayLike | None = None, *, method: Method = "auto"
    ) -> Doubles:
        """Mean time, or reward, collected in each vertex until absorption, (n_vertices,).

        `method` as for `expectation`.
        """
        solver = self._iterative(method)
        if solver is None:
            residence = self._recorded().residence(self._current_theta(), self._rewards(rewards))
        else:
            residence, error, iterations, _ = solver.residence(self._rewards(rewards))
            self._announce(error, np.abs(residence), iterations)
        return self._in_creation_order(residence)

    expected_sojourn_time = expected_residence_time

    def expected_visits(self) -> Doubles:
        """Mean number of visits to each vertex, (n_vertices,).

        1 at the starting vertex; at an absorbing vertex the probability of ending there.
        """
        return self._in_creation_order(self._recorded().visits(self._current_theta()))

    def absorption_probability(self, vertex: Vertex) -> Doubles:
        """Probability of ending in an absorbing vertex, from each vertex, (n_vertices,).

        Raises:
            ValueError: The vertex is not absorbing, or is one of another graph.
        """
        index = self._absorbing(vertex)
        return self._in_creation_order(self._recorded().absorption(self._current_theta(), index))

    @overload
    def laplace_transform(self, s: float, rewards: ArrayLike | None = ...) -> float: ...
    @overload
    def laplace_transform(self, s: complex, rewards: ArrayLike | None = ...) -> complex: ...
    def laplace_transform(self, s: complex, rewards: ArrayLike | None = None) -> complex:
        """E of exp(−s · T), T the time, or reward ≥ 0, until absorption.

        Args:
            s: A number, or complex number, whose real part is not negative.
            rewards: (n_vertices,), ≥ 0.
        """
        checked = _check.reward_vector(rewards, self.vertices_length())
        _check.non_negative_rewards(checked)
        at = s if isinstance(s, complex | np.complexfloating) else _check.number("s", s)
        trace, theta, ordered = self._recorded(), self._current_theta(), self._in_canonical_order(checked)
        if isinstance(at, float):
            return trace.laplace(theta, at, ordered)
        return complex(*trace.laplace_at(theta, float(at.real), float(at.imag), ordered))

    def defect(self) -> float:
        """Probability of starting absorbed: the atom of the absorption time at 0."""
        return _core.defect(self._freeze(), self._current_theta())

    def state_probability(self, time: float, granularity: object = None) -> Doubles:
        """Probability of being in each vertex at a time, (n_vertices,); 0 at absorbing ones."""
        at = _check.time(time)
        occupancy = self._recorded().occupancy(self._current_theta(), at, TOLERANCE)
        return self._in_creation_order(occupancy)

    stop_probability = state_probability

    def accumulated_visiting_time(self, time: float, granularity: object = None) -> Doubles:
        """Mean time spent in each vertex up to a time, (n_vertices,); 0 at absorbing ones."""
        at = _check.time(time)
        spent = self._recorded().accumulated(self._current_theta(), at, TOLERANCE)
        return self._in_creation_order(spent)

    def moments_discrete(self, power: int, rewards: ArrayLike | None = None) -> Doubles:
        """Raw moments of order 1 to `power` of the total reward of the steps, (power,)."""
        power, checked = _check.power(power), self._rewards(rewards)
        return self._recorded().discrete_moments(self._current_theta(), power, checked)

    def expectation_discrete(self, rewards: ArrayLike | None = None) -> float:
        """Mean of the total reward of the steps."""
        return float(self.moments_discrete(1, rewards)[0])

    def variance_discrete(self, rewards: ArrayLike | None = None) -> float:
        """Variance of the total reward of the steps."""
        first, second = self.moments_discrete(2, rewards)
        return float(second - first * first)

    def covariance_discrete(
        self, rewards1: ArrayLike | None = None, rewards2: ArrayLike | None = None
    ) -> float:
        """Covariance of two total rewards of the steps."""
        first, second = self._rewards(rewards1), self._rewards(rewards2)
        return self._recorded().discrete_covariance(self._current_theta(), first, second)

    def _iterative(self, method: Method) -> _core.Iterative | None:
        """The iterative solver, or None where elimination is wanted and not too large."""
        if method not in get_args(Method):
            raise ValueError(f"method is {method!r}: it must be one of {', '.join(get_args(Method))}")
        if method == "direct":
            if self._trace is None:
                self.trace()
            return None
        if method == "auto":
            try:
                self._recorded()
            except _core.TooLargeToFactor as refused:
                _log.warning(
                    "too large to factor (predicted %.1e multiply-adds, %.1e bytes): solving iteratively",
                    refused.multiply_adds,
                    refused.bytes,
                )
            else:
                return None
        return _core.Iterative(self._freeze(), self._current_theta(), CERTIFIED)

    def _announce(self, error: float | Doubles, size: float | Doubles, iterations: int) -> None:
        known = np.asarray(size) > 0
        relative = np.max(np.asarray(error)[known] / np.asarray(size)[known], initial=0.0)
        _log.info(
            "iterative solution with certified relative error %.1e, %d iterations", relative, iterations
        )

    def _factors(self, rewards: ArrayLike) -> tuple[list[int], Doubles]:
        """The order of each reward in their product, and the rewards in the trace's order."""
        matrix = _check.reward_matrix(rewards, self.vertices_length())
        if not 1 <= len(matrix) <= MOST_FACTORS:
            raise ValueError(
                f"the number of rewards is {len(matrix)}: it must be between 1 and {MOST_FACTORS}"
            )
        return [1] * len(matrix), self._columns_in_canonical_order(matrix)

    def _orders(self, orders: ArrayLike, rewards: ArrayLike) -> tuple[list[int], Doubles]:
        """The largest order of each reward, and the rewards in the trace's order, (m, n_vertices)."""
        matrix = _check.reward_matrix(rewards, self.vertices_length())
        largest = np.atleast_1d(_check.counts("orders", orders))
        if largest.shape != (len(matrix),):
            raise ValueError(
                f"orders has shape {largest.shape}, but there are {len(matrix)} rewards: ({len(matrix)},)"
            )
        if (largest > MOST_ORDER).any():
            index = int(np.argmax(largest > MOST_ORDER))
            raise ValueError(f"orders[{index}] is {largest[index]}: it must be at most {MOST_ORDER}")
        return [int(order) for order in largest], self._columns_in_canonical_order(matrix)

    def _rewards(self, rewards: ArrayLike | None) -> Doubles | None:
        return self._in_canonical_order(_check.reward_vector(rewards, self.vertices_length()))

    def _columns_in_canonical_order(self, rewards: Doubles) -> Doubles:
        self._freeze()
        assert self._original is not None
        return np.ascontiguousarray(rewards[:, self._original])

"""Numbers from a graph at its parameters: moments, densities, occupancies, counts."""

from __future__ import annotations

import logging
import math
from typing import Literal, get_args, overload

import numpy as np
from numpy.typing import ArrayLike

from phasic import _check, _core
from phasic._check import Doubles
from phasic._dropped_arguments import refuse_arguments
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
    """Everything a graph computes at its parameters; see `phasic.Graph`."""

    def expectation(self, rewards: ArrayLike | None = None, *, method: Method = "auto") -> float:
        """Mean of the time, or reward, until absorption.

        Time has the unit of the inverse of the rates, and rewards are per unit of time. By elimination
        without subtraction (Grassmann, Taksar & Heyman 1985; see the concept page on elimination): the
        relative error is about 1e-14 for rewards ≥ 0, however stiff the chain.

        Args:
            rewards: (n_vertices,), or None for the time.
            method: "direct" eliminates the graph whatever that costs. "iterative" solves large components by
                a Krylov method, to a certified relative error of 1e-10 (of the mean of the rewards' absolute
                values). "auto" eliminates unless the predicted cost is above 1e11 multiply-adds or 8 GiB;
                else it iterates, and logs a warning that says so.

        Raises:
            ValueError: An argument is not what it must be; or an
                iterative solution cannot be certified, because the chain is too stiff for it.

        Example:
            >>> graph = phasic.models.kingman(4)
            >>> graph.update_parameterized_weights([1.0])
            >>> round(graph.expectation(), 6)  # 2 (1 − 1/4)
            1.5
            >>> lineages = graph.states()[:, 0]
            >>> round(graph.expectation(lineages), 6)  # all branches: 2 (1 + 1/2 + 1/3)
            3.666667
        """
        solver = self._iterative(method)
        if solver is None:
            return float(self.moments(1, rewards)[0])
        value, error, iterations, _ = solver.expectation(self._rewards(rewards))
        self._announce(error, abs(value), iterations)
        return value

    def expectations(self, rewards: ArrayLike) -> Doubles:
        """Means of many rewards from one solve.

        Each is a sum over the mean times in the vertices, so that the rewards are only read, where they lie.

        Args:
            rewards: (k, n_vertices), per unit of time.

        Returns:
            The means, (k,).

        Raises:
            ValueError: The rewards are not what they must be.

        Example:
            >>> graph = phasic.models.kingman(4)
            >>> graph.update_parameterized_weights([1.0])
            >>> lineages = graph.states()[:, 0]
            >>> graph.expectations([lineages == 3, lineages == 2]).round(6).tolist()  # 1/3 and 1
            [0.333333, 1.0]
        """
        checked = _check.reward_matrix(rewards, self.vertices_length())
        times = self._recorded().residence(self._current_theta())
        # In an order that does not depend on the number of threads, as a product of BLAS would.
        means: Doubles = np.einsum("kv,v->k", checked, self._in_creation_order(times))
        return means

    def covariances(self, rewards: ArrayLike) -> Doubles:
        """Covariance matrix of many rewards, from k + 1 solves.

        Args:
            rewards: (k, n_vertices), per unit of time.

        Returns:
            The matrix, (k, k).

        Raises:
            ValueError: The rewards are not what they must be.

        Example:
            >>> graph = phasic.models.erlang(2)
            >>> graph.update_parameterized_weights([2.0])
            >>> whole, first = np.ones(4), graph.states()[:, 0] == 1
            >>> graph.covariances([whole, first]).round(6).tolist()  # independent phases of variance 1/4
            [[0.5, 0.25], [0.25, 0.25]]
        """
        checked = _check.reward_matrix(rewards, self.vertices_length())
        return self._recorded().covariances(self._current_theta(), self._columns_in_canonical_order(checked))

    def variance(self, rewards: ArrayLike | None = None) -> float:
        """Variance of the time, or reward, until absorption, in squared units of the mean.

        Args:
            rewards: (n_vertices,) per unit of time, or None for the time.

        Raises:
            ValueError: The rewards are not what they must be.

        Example:
            >>> graph = phasic.models.hyper_erlang((1, 1), (0.5, 0.5))
            >>> graph.update_parameterized_weights([1.0, 2.0])
            >>> round(graph.variance(), 6)  # (2 + 2/4) / 2 − (1 + 1/2)² / 4
            0.6875
        """
        first, second = self.moments(2, rewards)
        return float(second - first * first)

    def moments(self, power: int, rewards: ArrayLike | None = None, discrete: bool = False) -> Doubles:
        """Raw moments of the time, or reward, until absorption.

        The k-th is k! · α (U R)ᵏ 1, with U the inverse of −S and R the diagonal matrix of the rewards (Bladt
        & Nielsen 2017, theorem 8.1.5). The relative error is about 1e-14 for rewards ≥ 0, however stiff the
        chain.

        Args:
            power: The highest order, at least 1.
            rewards: (n_vertices,) per unit of time, or None for the time.
            discrete: Give those of `moments_discrete`.

        Returns:
            The moments of order 1 to `power`, (power,).

        Raises:
            ValueError: An argument is not what it must be.

        Example:
            >>> graph = phasic.models.mm1k_busy_period(1)
            >>> graph.update_parameterized_weights([5.0, 2.0])  # one exponential service of rate 2
            >>> graph.moments(3).round(6).tolist()  # k! / 2ᵏ
            [0.5, 0.5, 0.75]
        """
        if discrete:
            return self.moments_discrete(power, rewards)
        power = _check.power(power)
        return self._recorded().moments(self._current_theta(), power, self._rewards(rewards))

    def covariance(self, rewards1: ArrayLike | None = None, rewards2: ArrayLike | None = None) -> float:
        """Covariance of two rewards.

        Args:
            rewards1, rewards2: (n_vertices,) per unit of time, or None for the time.

        Raises:
            ValueError: The rewards are not what they must be.

        Example:
            >>> graph = phasic.models.two_locus_arg(2)
            >>> graph.update_parameterized_weights([1.0, 0.5])  # ρ = 1
            >>> both, first, second = graph.states().T
            >>> round(graph.covariance(both + first > 1, both + second > 1), 6)  # 19/32 (Griffiths 1981)
            0.59375
        """
        first, second = self._rewards(rewards1), self._rewards(rewards2)
        return self._recorded().covariance(self._current_theta(), first, second)

    def cross_moment(self, rewards: ArrayLike, *, discrete: bool = False) -> float:
        """Mean of the product of 1 to 10 rewards, from 2ᵏ − 1 solves.

        Source: Bladt & Nielsen 2017, theorem 8.1.5.

        Args:
            rewards: (k, n_vertices), per unit of time.
            discrete: Rewards are collected per step of the discrete chain; see `pmf_discrete`.

        Raises:
            ValueError: The rewards are not what they must be.

        Example:
            >>> graph = phasic.models.erlang(2)
            >>> graph.update_parameterized_weights([2.0])
            >>> phase = graph.states()[:, 0]
            >>> round(graph.cross_moment([phase == 1, phase == 2]), 6)  # independent: 1/2 · 1/2
            0.25
        """
        each, ordered = self._factors(rewards)
        return float(self._recorded().joint_moments(self._current_theta(), each, ordered, discrete)[-1])

    def expected_waiting_time(self, rewards: ArrayLike | None = None, *, method: Method = "auto") -> Doubles:
        """Mean time, or reward, until absorption from each vertex.

        Args:
            rewards: (n_vertices,) per unit of time, or None for the time.
            method: As for `expectation`.

        Returns:
            The means, (n_vertices,), `expectation(rewards)` at the starting vertex and 0 at absorbing ones.

        Raises:
            ValueError: As for `expectation`.

        Example:
            >>> graph = phasic.models.kingman(4)
            >>> graph.update_parameterized_weights([1.0])
            >>> graph.expected_waiting_time().round(6).tolist()  # from the start, 4, 3, 2 and 1 lineages
            [1.5, 1.5, 1.333333, 1.0, 0.0]
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
        """Mean time spent, or reward collected, in each vertex until absorption.

        `expected_residence_time` and `expected_sojourn_time` are the same method.

        Args:
            rewards: (n_vertices,) per unit of time, or None for the time.
            method: As for `expectation`.

        Returns:
            The means, (n_vertices,), whose sum is `expectation(rewards)`; 0 at the starting vertex and at
            absorbing ones.

        Raises:
            ValueError: As for `expectation`.

        Example:
            >>> graph = phasic.models.mm1k_busy_period(2)
            >>> graph.update_parameterized_weights([1.0, 2.0])
            >>> customers = graph.states()[:, 0]
            >>> graph.expected_residence_time()[customers > 0].round(6).tolist()  # one customer, and two
            [0.5, 0.25]
        """
        solver = self._iterative(method)
        if solver is None:
            residence = self._recorded().residence(self._current_theta(), self._rewards(rewards))
        else:
            residence, error, iterations, _ = solver.residence(self._rewards(rewards))
            self._announce(error, np.abs(residence), iterations)
        return self._in_creation_order(residence)

    def expected_sojourn_time(
        self,
        rewards: ArrayLike | None = None,
        *,
        indices: ArrayLike | None = None,
        method: Method = "auto",
    ) -> Doubles:
        """`expected_residence_time`, of all vertices or of those whose indices are given.

        Example:
            >>> graph = phasic.models.kingman(3)
            >>> graph.update_parameterized_weights([1.0])
            >>> graph.expected_sojourn_time(indices=[2, 1]).round(6).tolist()
            [1.0, 0.333333]
        """
        found = self.expected_residence_time(rewards, method=method)
        return found if indices is None or not np.size(indices) else found[np.asarray(indices)]

    def expected_visits(self) -> Doubles:
        """Mean number of visits to each vertex, (n_vertices,).

        1 at the starting vertex; at an absorbing vertex the probability of ending there.

        Example:
            >>> graph = phasic.models.repairable_system(2)
            >>> graph.update_parameterized_weights([1.0, 1.0])
            >>> graph.expected_visits().round(6).tolist()  # half of the times one fails, it is mended
            [1.0, 2.0, 2.0, 1.0]
        """
        return self._in_creation_order(self._recorded().visits(self._current_theta()))

    def absorption_probability(self, vertex: Vertex) -> Doubles:
        """Probability of ending in an absorbing vertex, from each vertex.

        Args:
            vertex: An absorbing vertex of this graph.

        Returns:
            The probabilities, (n_vertices,), of which the first is that from the start.

        Raises:
            ValueError: The vertex is not absorbing, or is one of another graph.
            TypeError: `vertex` is no vertex.

        Example:
            >>> def gambler(state):
            ...     if len(state) == 0:
            ...         return [([1], 1.0)]
            ...     return [([state[0] - 1], 1.0), ([state[0] + 1], 1.0)] if 0 < state[0] < 3 else []
            >>> graph = phasic.Graph(callback=gambler)
            >>> ruin = graph.find_vertex([0])
            >>> graph.absorption_probability(ruin)[:2].round(6).tolist()  # from the start, and from 1
            [0.666667, 0.666667]
        """
        index = self._absorbing(vertex)
        return self._in_creation_order(self._recorded().absorption(self._current_theta(), index))

    @overload
    def laplace_transform(self, s: float, rewards: ArrayLike | None = ...) -> float: ...
    @overload
    def laplace_transform(self, s: complex, rewards: ArrayLike | None = ...) -> complex: ...
    def laplace_transform(
        self, s: complex | None = None, rewards: ArrayLike | None = None, **old: object
    ) -> complex:
        """Laplace transform of the law: E of exp(−s · T), T the time, or reward ≥ 0, until absorption.

        It is α (s R − S)⁻¹ times the rates of absorption, plus the atom at 0 (Bladt & Nielsen 2017, section
        8.1).

        Args:
            s: A number, or complex number, whose real part is not negative, in the unit of the rates.
            rewards: (n_vertices,), ≥ 0, or None for the time.

        Returns:
            A float for a real s, a complex number for a complex one.

        Raises:
            ValueError: An argument is not what it must be.

        Example:
            >>> graph = phasic.models.erlang(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> round(graph.laplace_transform(1.0), 6)  # (1 / (1 + s))²
            0.25
        """
        refuse_arguments("Graph.laplace_transform", old)
        checked = _check.reward_vector(rewards, self.vertices_length())
        _check.non_negative_rewards(checked)
        at = s if isinstance(s, complex | np.complexfloating) else _check.number("s", s)
        trace, theta, ordered = self._recorded(), self._current_theta(), self._in_canonical_order(checked)
        if isinstance(at, float):
            return trace.laplace(theta, at, ordered)
        return complex(*trace.laplace_at(theta, float(at.real), float(at.imag), ordered))

    def defect(self) -> float:
        """Probability of starting absorbed: the atom of the absorption time at 0.

        It is what the initial probabilities leave of 1, and those of absorbing vertices.

        Example:
            >>> phasic.Graph.from_matrices([0.75], [[-1.0]]).defect()
            0.25
        """
        return _core.defect(self._freeze(), self._current_theta())

    def state_probability(self, time: float, granularity: object = None) -> Doubles:
        """Probability of being in each vertex at a time.

        By uniformization, or contours where the chain is stiff, to a relative truncation error of 1e-12; see
        the concept page on densities. `state_probability` and `stop_probability`, its name in older versions,
        are the same method.

        Args:
            time: ≥ 0, in the unit of the inverse of the rates; infinity is all time until absorption.
            granularity: Accepted and not used.

        Returns:
            The probabilities, (n_vertices,); 0 at the starting vertex and at absorbing ones. They sum to
            `sf(time)`. `cumulative_incidence` has the probabilities of absorbing vertices.

        Raises:
            ValueError: The time is not ≥ 0, or it is infinite and absorption is not certain.

        Example:
            >>> graph = phasic.models.erlang(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> graph.state_probability(1.0).round(6).tolist()  # Poisson: exp(−1) for no jump, and for one
            [0.0, 0.367879, 0.367879, 0.0]
        """
        _check.granularity(granularity)
        at, trace, theta = _check.time(time), self._recorded(), self._current_theta()
        if math.isinf(at):
            left = trace.sf(theta, np.array([at]), TOLERANCE)  # refuses where absorption is not certain
            return np.full(self.vertices_length(), left[0])
        occupancy = trace.occupancy(theta, at, TOLERANCE)
        return self._in_creation_order(occupancy)

    stop_probability = state_probability

    def accumulated_visiting_time(self, time: float, granularity: object = None) -> Doubles:
        """Mean time spent in each vertex up to a time.

        Arguments, method and errors as for `state_probability`.

        Returns:
            The means, (n_vertices,); 0 at the starting vertex and at absorbing ones. At infinity they are
            `expected_residence_time()`.

        Example:
            >>> graph = phasic.models.kingman(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> graph.accumulated_visiting_time(1.0).round(6).tolist()  # two lineages for 1 − exp(−1)
            [0.0, 0.632121, 0.0]
        """
        _check.granularity(granularity)
        at = _check.time(time)
        if math.isinf(at):
            return self.expected_residence_time()
        spent = self._recorded().accumulated(self._current_theta(), at, TOLERANCE)
        return self._in_creation_order(spent)

    def moments_discrete(self, power: int, rewards: ArrayLike | None = None) -> Doubles:
        """Raw moments of the total reward of the steps of the discrete chain.

        Weights are probabilities of steps; see `pmf_discrete`.

        Args:
            power: The highest order, at least 1.
            rewards: (n_vertices,) per step, any numbers; None counts the steps.

        Returns:
            The moments of order 1 to `power`, (power,).

        Raises:
            ValueError: An argument is not what it must be, the weights of a vertex exceed 1.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([0.5])  # absorbed at each step with probability 1/2
            >>> graph.moments_discrete(2).round(6).tolist()
            [2.0, 6.0]
        """
        power, checked = _check.power(power), self._rewards(rewards)
        return self._recorded().discrete_moments(self._current_theta(), power, checked)

    def expectation_discrete(self, rewards: ArrayLike | None = None) -> float:
        """Mean of the total reward of the steps of the discrete chain.

        Args:
            rewards: (n_vertices,) per step, any numbers; None counts the steps.

        Raises:
            ValueError: As for `moments_discrete`.

        Example:
            >>> graph = phasic.models.erlang(3)
            >>> graph.update_parameterized_weights([0.5])
            >>> round(graph.expectation_discrete(), 6)  # two steps in each of three phases
            6.0
        """
        return float(self.moments_discrete(1, rewards)[0])

    def variance_discrete(self, rewards: ArrayLike | None = None) -> float:
        """Variance of the total reward of the steps of the discrete chain.

        Args:
            rewards: (n_vertices,) per step, any numbers; None counts the steps.

        Raises:
            ValueError: As for `moments_discrete`.

        Example:
            >>> graph = phasic.models.erlang(3)
            >>> graph.update_parameterized_weights([0.5])
            >>> round(graph.variance_discrete(), 6)  # 3 (1 − p) / p²
            6.0
        """
        first, second = self.moments_discrete(2, rewards)
        return float(second - first * first)

    def covariance_discrete(
        self, rewards1: ArrayLike | None = None, rewards2: ArrayLike | None = None
    ) -> float:
        """Covariance of two total rewards of the steps of the discrete chain.

        Args:
            rewards1, rewards2: (n_vertices,) per step, any numbers; None counts the steps.

        Raises:
            ValueError: As for `moments_discrete`.

        Example:
            >>> graph = phasic.models.erlang(2)
            >>> graph.update_parameterized_weights([0.5])
            >>> in_first = graph.states()[:, 0] == 1
            >>> round(graph.covariance_discrete(None, in_first), 6)  # the variance of the steps in phase 1
            2.0
        """
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

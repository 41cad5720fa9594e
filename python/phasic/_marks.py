"""Counts of Poisson marks laid on rewards: mutations on the branches of a tree."""

from __future__ import annotations

from typing import overload

import numpy as np
from numpy.typing import ArrayLike

from phasic import _check
from phasic._check import Doubles
from phasic._gradients import Gradient
from phasic._timed import Timed


class Marks(Timed):
    """Laws of marks that fall on a chain; see `phasic.Graph`."""

    @overload
    def pmf_marked(self, counts: float, rewards: ArrayLike | None = ..., rate: ArrayLike = ...) -> float: ...
    @overload
    def pmf_marked(
        self, counts: ArrayLike, rewards: ArrayLike | None = ..., rate: ArrayLike = ...
    ) -> Doubles: ...
    def pmf_marked(
        self, counts: ArrayLike, rewards: ArrayLike | None = None, rate: ArrayLike = 1.0
    ) -> float | Doubles:
        """Probability of each count of marks until absorption, jointly over the types of mark.

        Marks of type t fall on vertex v at rate `rate[t] * rewards[t, v]` while the chain is there, as
        mutations do on the branches of a tree: given the accumulated rewards, the counts are independent
        Poisson numbers. Costs one elimination, and one solve for each vector of counts that is nowhere above
        a given one. All probabilities have full relative accuracy, however small: nothing is truncated,
        nothing subtracted.

        Args:
            counts: Whole numbers ≥ 0 of any shape; (..., m), one for each type, if there are several.
            rewards: (n_vertices,) for one type of mark, (m, n_vertices) for several, all ≥ 0; None for marks
                on the time itself.
            rate: Of marks on a reward of 1, per unit of time: a number for all types, or (m,), ≥ 0.

        Returns:
            One probability for each count, or for each m counts; a float for one.

        Raises:
            ValueError: An argument is not what it must be, the table of all smaller counts does not fit in
                memory.

        Example:
            >>> graph = phasic.models.kingman(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> lineages = graph.states()[:, 0]
            >>> graph.pmf_marked([0, 1, 2], lineages, rate=0.5).round(6).tolist()  # mutate or merge, 1 : 1
            [0.5, 0.25, 0.125]
        """
        return self._marked(counts, rewards, rate, logarithm=False)

    @overload
    def logpmf_marked(
        self, counts: float, rewards: ArrayLike | None = ..., rate: ArrayLike = ...
    ) -> float: ...
    @overload
    def logpmf_marked(
        self, counts: ArrayLike, rewards: ArrayLike | None = ..., rate: ArrayLike = ...
    ) -> Doubles: ...
    def logpmf_marked(
        self, counts: ArrayLike, rewards: ArrayLike | None = None, rate: ArrayLike = 1.0
    ) -> float | Doubles:
        """Natural logarithm of `pmf_marked`, right where that underflows.

        Arguments, result and errors as for `pmf_marked`.

        Example:
            >>> graph = phasic.models.kingman(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> lineages = graph.states()[:, 0]
            >>> round(graph.logpmf_marked(5000, lineages, rate=0.5), 6)  # −5001 log(2)
            -3466.42905
        """
        return self._marked(counts, rewards, rate, logarithm=True)

    @overload
    def cdf_marked(self, counts: float, rewards: ArrayLike | None = ..., rate: ArrayLike = ...) -> float: ...
    @overload
    def cdf_marked(
        self, counts: ArrayLike, rewards: ArrayLike | None = ..., rate: ArrayLike = ...
    ) -> Doubles: ...
    def cdf_marked(
        self, counts: ArrayLike, rewards: ArrayLike | None = None, rate: ArrayLike = 1.0
    ) -> float | Doubles:
        """Probability of at most each count, marks of all types together.

        Args:
            counts: Whole numbers ≥ 0 of any shape.
            rewards, rate: As for `pmf_marked`.

        Returns:
            A float for one count, else an array of the shape of the counts.

        Raises:
            ValueError: As for `pmf_marked`.

        Example:
            >>> graph = phasic.models.kingman(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> round(graph.cdf_marked(2, graph.states()[:, 0], rate=0.5), 6)  # 1 − (1/2)³
            0.875
        """
        return self._marked_total(counts, rewards, rate, above=False)

    @overload
    def sf_marked(self, counts: float, rewards: ArrayLike | None = ..., rate: ArrayLike = ...) -> float: ...
    @overload
    def sf_marked(
        self, counts: ArrayLike, rewards: ArrayLike | None = ..., rate: ArrayLike = ...
    ) -> Doubles: ...
    def sf_marked(
        self, counts: ArrayLike, rewards: ArrayLike | None = None, rate: ArrayLike = 1.0
    ) -> float | Doubles:
        """Probability of more than each count, marks of all types together; right in the far tail.

        Arguments, result and errors as for `cdf_marked`.

        Example:
            >>> graph = phasic.models.kingman(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> round(graph.sf_marked(2, graph.states()[:, 0], rate=0.5), 6)  # (1/2)³
            0.125
        """
        return self._marked_total(counts, rewards, rate, above=True)

    def table_marked(
        self, largest: ArrayLike, rewards: ArrayLike | None = None, rate: ArrayLike = 1.0
    ) -> Doubles:
        """Joint probabilities of all counts of marks up to the largest of each type.

        Args:
            largest: A whole number ≥ 0 for all types, or (m,).
            rewards, rate: As for `pmf_marked`.

        Returns:
            An array of shape (largest[0] + 1, …, largest[m - 1] + 1), whose entry [k0, k1, …] is the
            probability of k0 marks of the first type, k1 of the second, and so on.

        Raises:
            ValueError: As for `pmf_marked`.

        Example:
            >>> graph = phasic.models.erlang(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> phase = graph.states()[:, 0]
            >>> table = graph.table_marked(1, [phase == 1, phase == 2])  # marks at rate 1 in either phase
            >>> table.round(6).tolist()
            [[0.25, 0.125], [0.125, 0.0625]]
        """
        ordered, rates = self._marks(rewards, rate)
        given = _check.counts("largest", largest)
        if given.ndim > 1 or (given.ndim == 1 and given.size != rates.size):
            raise ValueError(
                f"largest has shape {given.shape}, but there are {rates.size} types of mark: ({rates.size},)"
            )
        corner = np.ascontiguousarray(np.broadcast_to(given, rates.shape))
        table = self._recorded().marked_table(self._current_theta(), corner, ordered, rates)
        return table.reshape(tuple(int(k) + 1 for k in corner))

    def marginals_marked(
        self, largest: int, rewards: ArrayLike | None = None, rate: ArrayLike = 1.0
    ) -> Doubles:
        """Probabilities of the counts of marks of each type alone.

        Args:
            largest: The largest count, a whole number ≥ 0.
            rewards, rate: As for `pmf_marked`.

        Returns:
            Probabilities of 0 to `largest` marks, (m, largest + 1), with a row for each type.

        Raises:
            ValueError: As for `pmf_marked`.

        Example:
            >>> graph = phasic.models.erlang(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> phase = graph.states()[:, 0]
            >>> graph.marginals_marked(2, [phase == 1, phase == 2], rate=[1.0, 3.0]).round(6).tolist()
            [[0.5, 0.25, 0.125], [0.25, 0.1875, 0.140625]]
        """
        ordered, rates = self._marks(rewards, rate)
        given = _check.counts("largest", largest)
        if given.ndim:
            raise ValueError(f"largest has shape {given.shape}, but one number is needed")
        table = self._recorded().marked_marginals(self._current_theta(), float(given), ordered, rates)
        return table.reshape(rates.size, -1)

    def moments_marked(self, power: int, rewards: ArrayLike | None = None, rate: ArrayLike = 1.0) -> Doubles:
        """Raw moments of the number of marks of all types together.

        The j-th factorial moment of the count is the j-th raw moment of the mean that it has given the chain
        (Grandell 1997, Mixed Poisson Processes, section 2.1).

        Args:
            power: The highest order, at least 1.
            rewards, rate: As for `pmf_marked`.

        Returns:
            The moments of order 1 to `power`, (power,).

        Raises:
            ValueError: An argument is not what it must be.

        Example:
            >>> graph = phasic.models.kingman(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> graph.moments_marked(2, graph.states()[:, 0], rate=0.5).round(6).tolist()  # variance 2
            [1.0, 3.0]
        """
        power = _check.power(power)
        means = self.moments(power, self._mean_marks(rewards, rate))
        return _stirling(power)[1:, 1:] @ means

    # Likelihoods and gradients

    def log_likelihood_marked(
        self,
        theta: ArrayLike,
        data: ArrayLike,
        rewards: ArrayLike | None = None,
        rate: ArrayLike = 1.0,
        *,
        weights: ArrayLike | None = None,
    ) -> float:
        """Log-likelihood of counts of marks at theta.

        Args:
            theta: (param_length,). The graph's own theta is neither needed nor changed.
            data: (k,) whole numbers ≥ 0, or (k, m) with one column for each type of mark.
            rewards, rate: As for `pmf_marked`.
            weights: (k,) multiplicities, default 1 each.

        Raises:
            ValueError: An argument is not what it must be.

        Example:
            >>> graph = phasic.models.kingman(2)
            >>> lineages = graph.states()[:, 0]
            >>> round(graph.log_likelihood_marked([1.0], [0, 1], lineages, rate=0.5), 6)  # log(1/2 · 1/4)
            -2.079442
        """
        flat, counts, ordered, rates = self._marked_data(data, rewards, rate, weights)
        at = _check.theta_vector(theta, self.param_length())
        return self._recorded().marked_log_likelihood(at, flat, counts, ordered, rates)

    def log_likelihood_marked_gradient(
        self,
        theta: ArrayLike,
        data: ArrayLike,
        rewards: ArrayLike | None = None,
        rate: ArrayLike = 1.0,
        *,
        weights: ArrayLike | None = None,
    ) -> tuple[Gradient, float | Doubles]:
        """Gradient of `log_likelihood_marked`, in theta and the rewards, and its derivative in `rate`.

        By one sweep back, at a small multiple of the cost of the value; NaN where data are impossible.

        Args:
            theta, data, rewards, rate, weights: As for `log_likelihood_marked`.

        Returns:
            A `Gradient`, and the derivative in `rate`, of its shape.

        Raises:
            ValueError: An argument is not what it must be.

        Example:
            >>> graph = phasic.models.kingman(2)
            >>> lineages = graph.states()[:, 0]
            >>> found, in_rate = graph.log_likelihood_marked_gradient([1.0], [0, 1], lineages, rate=0.5)
            >>> found.theta.round(6).tolist(), round(in_rate, 6)  # of θ² · 2 rate / (θ + 2 rate)³, logged
            ([0.5], -1.0)
        """
        flat, counts, ordered, rates = self._marked_data(data, rewards, rate, weights)
        at = _check.theta_vector(theta, self.param_length())
        return self._marked_gradient(at, flat, counts, ordered, rates, rate, logarithm=True)

    def pmf_marked_gradient(
        self,
        seeds: ArrayLike,
        counts: ArrayLike,
        rewards: ArrayLike | None = None,
        rate: ArrayLike = 1.0,
    ) -> tuple[Gradient, float | Doubles]:
        """Gradient of a weighted sum of `pmf_marked(counts)`, and its derivative in `rate`.

        Args:
            seeds: (k,) weights.
            counts: (k,) whole numbers ≥ 0, or (k, m) with one column for each type of mark.
            rewards, rate: As for `pmf_marked`.

        Returns:
            A `Gradient`, and the derivative in `rate`, of its shape.

        Raises:
            ValueError: An argument is not what it must be.

        Example:
            >>> graph = phasic.models.kingman(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> found, in_rate = graph.pmf_marked_gradient([1.0], [0], graph.states()[:, 0], rate=0.5)
            >>> found.theta.round(6).tolist(), round(in_rate, 6)  # of θ / (θ + 2 rate)
            ([0.25], -0.5)
        """
        flat, checked, ordered, rates = self._marked_data(counts, rewards, rate, seeds, "counts", "seeds")
        at = self._current_theta()
        return self._marked_gradient(at, flat, checked, ordered, rates, rate, logarithm=False)

    def moments_marked_gradient(
        self, seeds: ArrayLike, rewards: ArrayLike | None = None, rate: ArrayLike = 1.0
    ) -> tuple[Gradient, float | Doubles]:
        """Gradient of a weighted sum of `moments_marked`, and its derivative in `rate`.

        Args:
            seeds: (k,) weights of the moments of order 1 to k.
            rewards, rate: As for `pmf_marked`.

        Returns:
            A `Gradient`, and the derivative in `rate`, of its shape.

        Raises:
            ValueError: An argument is not what it must be.

        Example:
            >>> graph = phasic.models.kingman(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> found, in_rate = graph.moments_marked_gradient([1.0], graph.states()[:, 0], rate=0.5)
            >>> round(found.value, 6), found.theta.round(6).tolist(), round(in_rate, 6)  # 2 rate / θ
            (1.0, [-1.0], 2.0)
        """
        checked = _check.finite_vector("seeds", seeds)
        matrix, rates = self._marked_rewards(rewards, rate)
        of_means = checked @ _stirling(checked.size)[1:, 1:]
        found = self.moments_gradient(of_means, rates @ matrix)
        shares = found.rewards[0]
        in_rewards = tuple(each * shares for each in rates)
        return Gradient(found.value, found.theta, in_rewards, found.initial), _like(rate, matrix @ shares)

    def _marked(
        self, counts: ArrayLike, rewards: ArrayLike | None, rate: ArrayLike, *, logarithm: bool
    ) -> float | Doubles:
        ordered, rates = self._marks(rewards, rate)
        at = _check.counts("counts", counts)
        shape = at.shape
        if _by_type(rewards):
            if not shape or shape[-1] != rates.size:
                raise ValueError(
                    f"counts has shape {shape}, but there are {rates.size} types of mark: (..., {rates.size})"
                )
            shape = shape[:-1]
        values = self._recorded().marked_pmf(self._current_theta(), at.ravel(), ordered, rates, logarithm)
        return float(values[0]) if at.ndim == 0 else values.reshape(shape)

    def _marked_total(
        self, counts: ArrayLike, rewards: ArrayLike | None, rate: ArrayLike, *, above: bool
    ) -> float | Doubles:
        ordered, rates = self._marks(rewards, rate)
        at = _check.counts("counts", counts)
        values = self._recorded().marked_cdf(self._current_theta(), at.ravel(), ordered, rates, above)
        return float(values[0]) if at.ndim == 0 else values.reshape(at.shape)

    def _marks(self, rewards: ArrayLike | None, rate: ArrayLike) -> tuple[Doubles, Doubles]:
        """Rewards in the trace's order, (m, n_vertices), and rates, (m,)."""
        matrix, rates = self._marked_rewards(rewards, rate)
        return self._columns_in_canonical_order(matrix), rates

    def _marked_rewards(self, rewards: ArrayLike | None, rate: ArrayLike) -> tuple[Doubles, Doubles]:
        """Rewards (m, n_vertices) and rates (m,), checked."""
        length = self.vertices_length()
        if _by_type(rewards):
            assert rewards is not None
            matrix = _check.reward_matrix(rewards, length)
            _check.non_negative_rewards(matrix)
            if not len(matrix):
                raise ValueError(f"rewards has shape {matrix.shape}, but at least one row is needed")
        else:
            one = _check.reward_vector(rewards, length)
            _check.non_negative_rewards(one)
            matrix = np.ones((1, length)) if one is None else one[None, :]
        rates = _check.times("rate", rate)
        if not np.isfinite(rates).all():
            raise ValueError(f"rate is {rate!r}: it must be finite")
        if rates.ndim > 1 or (rates.ndim == 1 and rates.size != len(matrix)):
            raise ValueError(
                f"rate has shape {rates.shape}, but there are {len(matrix)} types of mark: ({len(matrix)},)"
            )
        return matrix, np.ascontiguousarray(np.broadcast_to(rates, len(matrix)))

    def _mean_marks(self, rewards: ArrayLike | None, rate: ArrayLike) -> Doubles:
        """Rate of marks of all types at each vertex, (n_vertices,)."""
        matrix, rates = self._marked_rewards(rewards, rate)
        return rates @ matrix

    def _marked_data(
        self,
        data: ArrayLike,
        rewards: ArrayLike | None,
        rate: ArrayLike,
        weights: ArrayLike | None,
        name: str = "data",
        factors: str = "weights",
    ) -> tuple[Doubles, Doubles, Doubles, Doubles]:
        """Rows of counts, flat; a factor for each; rewards and rates."""
        ordered, rates = self._marks(rewards, rate)
        counts = _check.counts(name, data)
        shape = (counts.shape[0] if counts.ndim else 0, rates.size)
        if counts.ndim == 1 and rates.size == 1:
            counts = counts[:, None]
        if counts.ndim != 2 or counts.shape != shape or not shape[0]:
            must = "(k,), k ≥ 1" if rates.size == 1 else f"(k, {rates.size}), k ≥ 1"
            raise ValueError(
                f"{name} has shape {counts.shape}, but there are {rates.size} types of mark: {must}"
            )
        each = np.ones(shape[0]) if weights is None else _check.finite_vector(factors, weights)
        if each.shape != shape[:1]:
            raise ValueError(
                f"{factors} has shape {each.shape}, but {name} has {shape[0]} rows: ({shape[0]},)"
            )
        return counts.ravel(), each, ordered, rates

    def _marked_gradient(
        self,
        theta: Doubles,
        counts: Doubles,
        seeds: Doubles,
        ordered: Doubles,
        rates: Doubles,
        rate: ArrayLike,
        *,
        logarithm: bool,
    ) -> tuple[Gradient, float | Doubles]:
        value, in_theta, initial, in_rates, in_rewards = self._recorded().marked_gradient(
            theta, counts, seeds, ordered, rates, logarithm
        )
        by_vertex = tuple(self._in_creation_order(each) for each in in_rewards)
        found = Gradient(value, in_theta, by_vertex, self._in_creation_order(initial))
        return found, _like(rate, in_rates)


def _by_type(rewards: ArrayLike | None) -> bool:
    """Whether rewards come in rows, one for each type of mark."""
    return rewards is not None and np.ndim(rewards) > 1


def _like(rate: ArrayLike, derivatives: Doubles) -> float | Doubles:
    """Derivatives in each rate, in the shape in which the rate was given."""
    return float(derivatives.sum()) if np.ndim(rate) == 0 else derivatives


def _stirling(power: int) -> Doubles:
    """Stirling numbers of the second kind: xᵖ = Σⱼ S[p, j] x (x − 1) ⋯ (x − j + 1)."""
    numbers = np.zeros((power + 1, power + 1))
    numbers[0, 0] = 1.0
    for p in range(1, power + 1):
        for j in range(1, p + 1):
            numbers[p, j] = j * numbers[p - 1, j] + numbers[p - 1, j - 1]
    return numbers

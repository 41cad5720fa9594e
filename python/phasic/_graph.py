"""`Graph`: what users build, ask and fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from phasic import _check
from phasic._batches import Batches
from phasic._check import Doubles
from phasic._conditioned import Conditioned
from phasic._distribution import RTOL
from phasic._events import Events
from phasic._growth import Growth
from phasic._interchange import Interchange
from phasic._joint_graph import JointGraph
from phasic._moment_fit import MomentFit
from phasic._numbers import TOLERANCE
from phasic._observations import Observations
from phasic._old import Makers
from phasic._pairs import Pairs
from phasic._pictures import Pictures
from phasic._serial import Serial
from phasic._weights import Weights

if TYPE_CHECKING:
    from phasic._context import DiscreteDistributionContext, DistributionContext
    from phasic._epochs import Epochs
    from phasic._model import Model
    from phasic.svgd import SVGD, Posterior

#: Exact values, `Observations`, or a `scipy.stats.CensoredData`.
Data = Any


class Graph(
    Pairs,
    Conditioned,
    Growth,
    Events,
    JointGraph,
    Weights,
    Interchange,
    Serial,
    Batches,
    MomentFit,
    Makers,
    Pictures,
):
    """A Markov chain with absorbing states, as a graph of states and rates.

    `Graph(callback=f, **kwargs)` explores the state space of a transition rule, breadth first:
    `f(state, **kwargs)` gets an empty array first and returns the initial states as `(state, probability)`;
    then each state once, returning `(state, rate)`, `(state, coefficients)` or `(state, base, coefficients)`
    for each transition. A state is a sequence of whole numbers; the weight of an edge is
    `base + coefficients · theta`. With `batched=True` the callback takes arrays of states and returns arrays
    of transitions, for large models. `Graph(state_length)` starts empty, for `find_or_create_vertex` and
    `add_edge`. `phasic.models` has known chains to start from.

    Vertex 0 is the starting vertex, whose edges carry the initial distribution; what they leave of 1 is the
    defect, an atom of the absorption time at 0. A vertex without edges is absorbing. Parameters count as
    1 until `update_weights` sets them, which a warning says.

    Time has the unit of the inverse of the rates: rates per year give years. Rewards have one entry per
    vertex, in the order of `vertices()`, per unit of time; those of the starting vertex and of absorbing ones
    are ignored, and without rewards every unit of time counts 1. Methods whose names end in `_discrete` take
    weights as probabilities of steps, and rewards per step.

    A graph with parameters answers at those of `update_parameterized_weights`, except where a method takes
    theta itself. Its recorded elimination, the trace, serves all of them.

    Args:
        state_length: Entries of a state, for a graph built by hand.
        callback: The transition rule.
        parameterized: False refuses coefficients; otherwise they may be there or not.
        batched: The callback gets (k, state_length) int32 states and returns
            `(source_row, target_states, weights)`: (m,) rows of its argument, (m, state_length) states, and
            (m,) rates, (m, n_parameters) coefficients or a tuple of both. It is called first with no states,
            of shape (0, 0), for the initial distribution; its source rows are ignored.
        max_states: The most states a callback may reach.
        progress: Whether a long build shows a bar on standard error; None: if that is a terminal.
        ipv: The initial state, or pairs of state and probability, for a callback that never gets an empty
            state; see `phasic.with_ipv`.
        theta_dim: The number of parameters, which must be that of the edges.
        **kwargs: Passed to the callback.

    Raises:
        ValueError: A state, rate or probability is not what it must be; state, edge and value are named. An
            exception of the callback passes through unchanged, with the state in a note.
        TypeError: Neither or both of `state_length` and `callback` are given.

    Attributes:
        is_discrete: Whether the graph stands for a discrete chain; set by `discretize`.

    Example:
        >>> def lineages(state, n):
        ...     if len(state) == 0:
        ...         return [((n,), 1.0)]
        ...     k = state[0]
        ...     return [((k - 1,), [k * (k - 1) / 2])] if k > 1 else []
        >>> graph = phasic.Graph(callback=lineages, n=10)
        >>> graph.update_parameterized_weights([1.0])
        >>> round(graph.expectation(), 6)  # 2 (1 − 1/10)
        1.8
    """

    # Rates that change in time

    def epochs(self, epochs: Sequence[Any], *, rtol: float = TOLERANCE) -> Epochs:
        """The law of this chain where rates, or the graph itself, change at fixed times; see `phasic.Epochs`.

        Args:
            epochs: One entry per epoch, in order: `(start, theta)`, `(start, graph)` or a `phasic.Epoch`,
                with a map between states as third entry where they do not stay what they are. The first
                starts at 0; the initial distribution is that of its graph.
            rtol: Relative truncation error of every probability handed on, from 1e-14. Finer by default than
                that of a density, since later epochs inherit those of earlier ones.

        Returns:
            A `phasic.Epochs`.

        Raises:
            ValueError: Starts are not in order, a state is mapped to none, or theta is not what it must be;
                epoch and value are named.

        Example:
            >>> graph = phasic.models.kingman(2)
            >>> law = graph.epochs([(0.0, [1.0]), (1.0, [2.0])])  # half the population before time 1
            >>> round(law.expectation(), 6)  # 1 − exp(−1) / 2
            0.81606
        """
        from phasic._epochs import Epochs

        return Epochs(self, epochs, rtol)

    def distribution_context(self, granularity: float = 0) -> DistributionContext:
        """The law of the absorption time step by step, for code of older versions.

        New code calls `epochs` where parameters change in time, and `pdf` or `cdf` for many times at once.

        Args:
            granularity: Steps per unit of time; 0 for 1024. Every step is exact at any.

        Returns:
            A `phasic.DistributionContext` at time 0.

        Raises:
            ValueError: The granularity is negative or not finite.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([1.0])
            >>> context = graph.distribution_context(granularity=2)
            >>> context.step()
            >>> context.step()
            >>> context.time(), round(context.cdf(), 6)  # 1 − exp(−1)
            (1.0, 0.632121)
        """
        from phasic._context import DistributionContext

        return DistributionContext(self, granularity)

    def distribution_context_discrete(self) -> DiscreteDistributionContext:
        """The law of the number of steps, one step after the other, for code of older versions.

        New code calls `pmf_discrete` or `cdf_discrete` for many counts at once.

        Returns:
            A `phasic.DiscreteDistributionContext` before the first step.

        Raises:
            ValueError: The weights of a vertex exceed 1.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([0.5])
            >>> context = graph.distribution_context_discrete()
            >>> context.step()
            >>> context.step()
            >>> context.jumps(), context.pmf(), context.cdf()
            (2, 0.25, 0.75)
        """
        from phasic._context import DiscreteDistributionContext

        return DiscreteDistributionContext(self)

    # Likelihoods and fits

    def log_likelihood(
        self,
        theta: ArrayLike,
        data: Data,
        discrete: bool | None = None,
        rewards: ArrayLike | None = None,
        *,
        weights: ArrayLike | None = None,
        rtol: float = RTOL,
    ) -> float:
        """Log-likelihood of observations at theta, without JAX.

        Densities by uniformization or contours, many exact times by interpolation; see the concept page on
        densities.

        Args:
            theta: (param_length,). The graph's own theta is neither needed nor changed.
            data: (m,) absorption times, in the unit of the inverse of the rates, or whole counts if discrete;
                or `phasic.Observations` or `scipy.stats.CensoredData` for censored, truncated and grouped
                ones.
            discrete: Whether data are rewards of the discrete chain; default `is_discrete`.
            rewards: (n_vertices,) whole rewards for a discrete law.
            weights: (m,) multiplicities, default 1 each; `Observations` have their own.
            rtol: Relative truncation error of a density, from 1e-14.

        Raises:
            ValueError: An argument is not what it must be; the first bad index is named.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> round(graph.log_likelihood([2.0], [1.0, 2.0]), 6)  # 2 log(θ) − 3 θ
            -4.613706
            >>> round(graph.log_likelihood([2.0], phasic.Observations.right([3.0])), 6)  # longer than 3: −3 θ
            -6.0
        """
        return self._likelihood(theta, data, discrete, rewards, weights, rtol)[0]

    def log_likelihood_gradient(
        self,
        theta: ArrayLike,
        data: Data,
        discrete: bool | None = None,
        rewards: ArrayLike | None = None,
        *,
        weights: ArrayLike | None = None,
        rtol: float = RTOL,
    ) -> Doubles:
        """Derivative of `log_likelihood` in theta, exact, by the adjoint.

        Arguments and errors as for `log_likelihood`.

        Returns:
            The gradient, (param_length,).

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.log_likelihood_gradient([2.0], [1.0, 2.0]).round(6).tolist()  # 2 / θ − 3
            [-2.0]
        """
        return self._likelihood(theta, data, discrete, rewards, weights, rtol)[1]

    def model(
        self,
        discrete: bool | None = None,
        rewards: ArrayLike | None = None,
        *,
        rtol: float = RTOL,
        portable: bool | None = None,
    ) -> Model:
        """The law as functions of JAX; see `phasic.Model`. The trace is kept in the cache.

        Args:
            discrete: Whether data are rewards of the discrete chain; default `is_discrete`.
            rewards: (n_vertices,) whole rewards for a discrete law.
            rtol: Relative truncation error of a density, from 1e-14.
            portable: Whether the model carries its graph as arrays, for GPUs and other platforms without
                custom calls; default: if that is JAX's default platform, and the law is one in time. There
                it computes in JAX's precision (switch x64 on), always by uniformization.

        Returns:
            A `phasic.Model`.

        Raises:
            ValueError: An argument is not what it must be, or as for `validate`.

        Example:
            >>> model = phasic.models.erlang(1).model()
            >>> slope = jax.grad(model.log_likelihood)(jnp.array([2.0]), jnp.array([1.0, 2.0]))
            >>> slope.round(4).tolist()  # 2 / θ − 3
            [-2.0]
        """
        import jax

        from phasic._model import Model

        discrete, ordered = self._law(discrete, rewards)
        trace, original = self.trace(), self._original
        assert original is not None
        if portable is None:
            portable = not discrete and jax.default_backend() != "cpu"
        checked = _check.rtol(rtol)
        return Model._of(trace, ordered, original, discrete=discrete, rtol=checked, portable=portable)

    def svgd(
        self,
        observed_data: Data,
        discrete: bool | None = None,
        prior: Any = None,
        n_particles: int | None = None,
        n_iterations: int = 1000,
        *,
        rewards: ArrayLike | None = None,
        weights: ArrayLike | None = None,
        return_history: bool = False,
        **options: Any,
    ) -> Posterior:
        """Posterior of the parameters by Stein variational gradient descent.

        Source: Liu & Wang 2016; see the concept page on fits.

        Args:
            observed_data: (m,) absorption times, or whole counts if discrete; or `phasic.Observations` or
                `scipy.stats.CensoredData` for censored, truncated and grouped ones. Of a graph that
                `joint_prob_graph` made: (m, kinds) counts, with the likelihood of their joint law.
            discrete: Whether data are rewards of the discrete chain; default `is_discrete`.
            prior: A density of theta: a distribution for every parameter (`phasic.LogNormal`, `Gamma`, …, or
                NumPyro's), a sequence with one for each, a dict by name, or a function `theta -> log
                density`. By default log-normal, as wide as a factor of 50 either way, centred where the
                model's mean is the data's; there is none for counts of `joint_prob_graph`.
            n_particles: Default 128, from five parameters on 256, or 8 per parameter if more; four times as
                many where tails are too heavy for that.
            n_iterations: The most steps to take; a fit stops when it has converged.
            rewards: (n_vertices,): observations are accumulated rewards, whole ones of a discrete law. Or
                (kinds, n_vertices), and observations (m, kinds), NaN where one is missing: a composite
                likelihood, the product of those of each kind, as if rewards of one path were independent.
            weights: (m,) multiplicities, default 1 each; `Observations` have their own.
            return_history: Keep about 50 snapshots of the particles.
            **options: Those of `phasic.svgd.SVGD`: `fixed`, `tied`, `transforms`, `exposure`, `seed`,
                `progress`, `names`, `learning_rate`, `kernel`, …

        Returns:
            The `phasic.Posterior`, with particles, mean, sd, quantiles, and whether the fit has converged.

        Raises:
            ValueError: An argument is not what it must be, or the graph has no parameters.

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> graph, times = phasic.models.erlang(1), [0.3, 0.8, 1.1, 0.2, 2.6]
            >>> posterior = graph.svgd(times, prior=phasic.Gamma(2.0, 1.0), n_particles=32, progress=False)
            >>> posterior.converged, posterior.mean.round(1).tolist()  # of Gamma(2 + 5, 1 + 5): 7/6
            (True, [1.2])
        """
        options.setdefault("progress", True)
        chosen = {"n_particles": n_particles, "n_iterations": n_iterations, **options}
        fit, kinds = self._svgd(observed_data, discrete, prior, rewards, weights, chosen)
        return self._of_kinds(fit.fit(return_history=return_history).posterior, kinds)

    def fit(
        self,
        observed_data: Data,
        discrete: bool | None = None,
        prior: Any = None,
        method: str = "svgd",
        *,
        rewards: ArrayLike | None = None,
        weights: ArrayLike | None = None,
        **options: Any,
    ) -> Posterior:
        """Posterior of the parameters by "svgd", "map", "laplace" or "nuts"; see `phasic.fit`.

        Args:
            observed_data, discrete, prior, rewards, weights: As for `svgd`.
            method: Which method.
            **options: Those of `phasic.fit`.

        Returns:
            The `phasic.Posterior`.

        Raises:
            ValueError: An argument is not what it must be, or the graph has no parameters.
            TypeError: An option is one of another method.

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> graph, times = phasic.models.erlang(1), [0.3, 0.8, 1.1, 0.2, 2.6]
            >>> best = graph.fit(times, prior=phasic.Gamma(2.0, 1.0), method="map", progress=False)
            >>> best.mean.round(4).tolist()  # the mode of Gamma(7, 6)
            [1.0]
        """
        from phasic.svgd import _methods

        own, shared = _methods.split_options(method, options)
        if isinstance(shared.get("theta_init"), str):
            _methods.check_start(shared["theta_init"])
            shared["theta_init"] = self.method_of_moments(
                observed_data, None, discrete, rewards, weights=weights
            )
        fit, kinds = self._svgd(observed_data, discrete, prior, rewards, weights, shared)
        return self._of_kinds(_methods.run(method, fit, own), kinds)

    def _svgd(
        self,
        observed_data: Data,
        discrete: bool | None,
        prior: Any,
        rewards: ArrayLike | None,
        weights: ArrayLike | None,
        options: dict[str, Any],
    ) -> tuple[SVGD, Any]:
        """A fit that has not run yet, and the rewards where it is of several kinds, else None."""
        from phasic.svgd import SVGD

        if not self.parameterized():
            raise ValueError("this graph has no parameters to fit: give its edges coefficients of theta")
        discrete_law = self.is_discrete if discrete is None else bool(discrete)
        if rewards is not None and (not discrete_law or max(np.ndim(rewards), np.ndim(observed_data)) > 1):
            model, data = self.model(discrete_law), observed_data
            return SVGD(model, data, prior, weights=weights, rewards=rewards, **options), rewards
        if self._outcomes is not None:
            from phasic.svgd._counts import counted

            law, places = counted(self, observed_data)
            return SVGD(law, places, prior, weights=weights, **options), None
        discrete, _ = self._law(discrete, rewards)
        seen = Observations.of(observed_data, weights, name="observed_data")
        if discrete:
            seen._must_be_whole("observed_data")
        model = self.model(discrete, rewards)
        exact = bool(np.all(seen.lower == seen.upper))
        data, counts = (seen.lower, seen.weights) if exact else (seen, None)
        return SVGD(model, data, prior, weights=counts, **options), None

    @staticmethod
    def _of_kinds(posterior: Posterior, rewards: Any) -> Posterior:
        return posterior if rewards is None else replace(posterior, rewards=rewards)

    def _law(self, discrete: bool | None, rewards: ArrayLike | None) -> tuple[bool, Doubles]:
        """Which law, and its rewards in the trace's order (empty for none)."""
        discrete = self.is_discrete if discrete is None else bool(discrete)
        ordered = self._whole_rewards(rewards)
        if ordered.size and not discrete:
            raise ValueError(
                "rewards give a discrete law: pass discrete=True, or fit graph.reward_transform(rewards) "
                "for the density of an accumulated reward"
            )
        return discrete, ordered

    def _likelihood(
        self,
        theta: ArrayLike,
        data: Data,
        discrete: bool | None,
        rewards: ArrayLike | None,
        weights: ArrayLike | None,
        rtol: float,
    ) -> tuple[float, Doubles]:
        discrete, ordered = self._law(discrete, rewards)
        seen = Observations.of(data, weights)
        if discrete:
            seen._must_be_whole("data")
        checked = _check.theta_vector(theta, self.param_length())
        trace, rtol = self._recorded(), _check.rtol(rtol)
        return trace.log_likelihood(checked, seen.lower, seen.upper, seen.weights, ordered, discrete, rtol)

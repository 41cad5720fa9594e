"""What users call: the function `svgd` and the class `SVGD`, both thin over `blocks`."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from phasic._dropped_arguments import refuse_arguments
from phasic._observations import Observations
from phasic._progress import step_bar
from phasic.svgd._arguments import old_arguments, read_batch
from phasic.svgd._kernel import Kernel
from phasic.svgd._posterior import Posterior
from phasic.svgd._prepare import prepare
from phasic.svgd._resolve import resolve
from phasic.svgd._run import blocks
from phasic.svgd._settings import Settings
from phasic.svgd._target import LikelihoodModel, Target, total_weights
from phasic.svgd._tell import tell

if TYPE_CHECKING:
    import optax
    from jax.sharding import Mesh

_log = logging.getLogger(__name__)

_ITERATIONS = 1000


def svgd(
    model: LikelihoodModel | Callable[[Any, Any], Any],
    values: ArrayLike | Observations,
    weights: ArrayLike | None = None,
    *,
    prior: Any,
    theta_dim: int | None = None,
    theta_init: ArrayLike | None = None,
    positive_params: bool = True,
    transforms: Sequence[Any] | Mapping[Any, Any] | None = None,
    fixed: Mapping[Any, float] | Sequence[tuple[Any, float]] | None = None,
    tied: Sequence[Sequence[Any]] | None = None,
    exposure: ArrayLike | None = None,
    exposure_index: Any = None,
    batch: int | None = None,
    n_particles: int | None = None,
    n_iterations: int = _ITERATIONS,
    learning_rate: float | Callable[[int], Any] | None = None,
    optimizer: optax.GradientTransformation | None = None,
    kernel: Kernel | str | None = None,
    bandwidth: float | str | None = None,
    seed: int = 0,
    names: Sequence[str] | None = None,
    return_history: bool = False,
    progress: bool = False,
    n_devices: int | None = None,
    mesh: Mesh | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
) -> Posterior:
    """Posterior of a model's parameters by SVGD (Liu and Wang 2016) in whitened log coordinates.

    A search from several starts finds the posterior's modes; the particles start from the normal
    approximation at the best one and move by Adam until the Stein residuals say that they have arrived.

    Args:
        model: Pytree with `log_likelihood(theta (p,), values (m,), weights (m,)) -> scalar`, or a function
            `(theta, values) -> densities`. Where the data are of a `phasic.Model`, or of one with epochs
            (`Model.epoch_model`), give that and not a function of its densities: the gradient of a likelihood
            is one sweep back, that of densities with epochs one for each observation.
        values: Observations (m,), finite and not negative; or `phasic.Observations` of censored ones, which a
            model then gets in place of the values, with None for the weights.
        weights: How often each was seen (m,), default once.
        prior: A density of theta itself; the change of variables is not its concern. Distributions of
            `phasic.svgd` or of NumPyro: one for every parameter, a sequence with one for each (one of a
            vector, such as `Dirichlet`, takes as many parameters as it has), or a dict `{name: distribution}`
            that names the parameters. Or a function `theta (p,) -> log density`, which is compiled in: make a
            new function rather than change what it closes over. There is no default, since a prior without
            units cannot be right.
        theta_dim: Number of parameters, where model, prior, `theta_init` and `names` do not tell.
        theta_init: Points (p,) or (k, p) from which the search starts as well.
        positive_params: Restrict every parameter to theta > 0.
        transforms: "log", "logit" (on (0, 1)), "identity" or None for each parameter, instead of the choice
            by the prior's support, `("ordered", k)` for k increasing positive ones and `("simplex", k)` for k
            that sum to one. Or a dict of such kinds, with tuples of names as keys of groups.
        fixed: Values of parameters that are not inferred, `{name or index: value}` or `[(index, value)]`.
            Their priors are not read. In the result they are constant, with a standard deviation of 0.
        tied: Groups of names or indices that share one value, with one prior.
        exposure: (m,) positive factors, or one for all: the parameters that an observation sees are theta
            times its exposure, as twice the mutations fall on twice the sequence. Costs one likelihood for
            each distinct exposure.
        exposure_index: The parameters that exposures multiply, by name or index; default all.
        batch: Use a random batch of that many distinct observations at each step, with step sizes that fall
            throughout. For more than about a million distinct values: equal ones are merged in any case, and
            a fit of all data is exact, stops when it has converged and is usually faster.
        n_particles: Default 128, from five parameters on 256, or 8 d if more, rounded up to a power of two;
            four times as many where tails are too heavy for that.
        n_iterations: The most steps to take; a run stops when it has converged. With `batch` all are taken.
        learning_rate: Peak of a cosine that falls to 1 % of it in 300 steps (default 0.15), in posterior
            standard deviations, or a function of the step.
        optimizer: An optax transformation with its own learning rate, instead of Adam.
        kernel: "imq+bilinear" (default), "imq", "rbf" or a `Kernel`.
        bandwidth: Length scale of the kernel in whitened units, or "median" (default).
        seed: Seed of every random choice: equal seeds give equal bits on one machine and version.
        names: Names of the parameters in the result.
        return_history: Keep about 50 snapshots of the particles.
        progress: Show a bar, if standard error is a terminal.
        n_devices: Share the particles between so many devices, the first of `jax.devices()`. The particles
            are those of one device but for rounding.
        mesh: The devices that share the particles, all of a `jax.sharding.Mesh`, instead of their number.
            Where they belong to several processes, each of these calls this function with equal arguments.
        checkpoint: A file that keeps where the run stands, every few seconds and at its end. If it is there,
            the run goes on from it, to the same particles as if it had never stopped, bit for bit on one
            machine. With another `n_iterations` the step size still falls as it did when the run began.

    Warns:
        ConvergenceWarning: The fit has not converged; the text says which number fails and what may help.

    Raises:
        ValueError: For bad arguments, naming them, when the log posterior is finite at no start, and when the
            checkpoint is damaged or of another run, naming what differs.
        KeyboardInterrupt: On Ctrl-C, within about a second once compiled. `SVGD.fit` keeps what was
            reached.

    Returns:
        The posterior: particles (n, d), with mean, standard deviation, quantiles and the verdict.

    Source: Liu & Wang (2016), Stein variational gradient descent, Advances in Neural Information Processing
    Systems 29; kernel, start and stop as the concepts page on fits says.

    Example:
        >>> from phasic.svgd import svgd
        >>> jax.config.update("jax_enable_x64", True)
        >>> exponential = lambda theta, times: theta[0] * jnp.exp(-theta[0] * times)
        >>> posterior = svgd(exponential, [0.5, 1.5], prior={"rate": phasic.Gamma(2.0, 2.0)})
        >>> round(float(posterior.mean[0]), 2)  # (2 + 2) / (2 + 2)
        1.0
    """
    batch = read_batch(batch, optimizer)
    target, settings = prepare(
        model,
        values,
        weights,
        prior=prior,
        theta_dim=theta_dim,
        theta_init=theta_init,
        positive_params=positive_params,
        transforms=transforms,
        fixed=fixed,
        tied=tied,
        exposure=exposure,
        exposure_index=exposure_index,
        n_particles=n_particles,
        n_iterations=n_iterations,
        learning_rate=learning_rate,
        optimizer=optimizer,
        kernel=kernel,
        bandwidth=bandwidth,
        seed=seed,
        names=names,
        return_history=return_history,
        n_devices=n_devices,
        mesh=mesh,
        checkpoint=checkpoint,
    )
    *_, last = _with_bar(_blocks(target, settings, batch), settings.n_iterations, progress)
    tell(last)
    return last


def _blocks(target: Target, settings: Settings, batch: int | None) -> Iterator[Posterior]:
    """The posteriors of a fit, in batches if that many observations are fewer than all."""
    if batch is None or batch >= np.count_nonzero(total_weights(target)):
        return blocks(target, settings)
    from phasic.svgd._batch_run import batch_blocks

    return batch_blocks(target, settings, batch)


def _with_bar(parts: Iterator[Posterior], total: int, progress: bool) -> Iterator[Posterior]:
    """The same posteriors, with a progress bar on standard error if that is a terminal."""
    with step_bar("SVGD: searching for modes", total, progress) as bar:
        for part in parts:
            bar.set_description("SVGD", refresh=False)
            bar.update(part.n_steps - bar.n)
            yield part


class SVGD:
    """A fit as an object: arguments first, then `fit()`, then `posterior` or `get_results()`.

    The arguments are those of `svgd`, and these:

    Args:
        observed_data: The `values` of `svgd`.
        rewards: (n_vertices,): the observations are accumulated rewards of the model. With several rows,
            (kinds, n_vertices), they are (m, kinds), NaN where one is missing; the likelihood is a composite
            one, the product of their marginal likelihoods, as if rewards of one path were independent:
            estimates are consistent, but posteriors too narrow.
        prior: As for `svgd`. Without one a `phasic.Model`, or a function that one of the makers of older code
            gave, gets that of `Graph.svgd`: log-normal, as wide as a factor of 50 either way, centred where
            the mean is the data's.
        verbose: Log the result's table at level INFO.
        **old: Arguments of older code. `jit`, `parallel`, `precompile`, `compilation_config`, `nr_moments`
            and `preconditioner` have no effect and give one DeprecationWarning; `regularization` other than 0
            and `param_transform` would change the answer and raise ValueError.

    Raises:
        ValueError: As for `svgd`.
        TypeError: There is no such argument.

    Example:
        >>> jax.config.update("jax_enable_x64", True)
        >>> model = phasic.models.erlang(1).model()
        >>> fit = phasic.SVGD(model, [0.5, 1.5], prior=phasic.Gamma(2.0, 2.0))
        >>> round(float(fit.fit().theta_mean[0]), 2)  # (2 + 2) / (2 + 2)
        1.0
    """

    def __init__(
        self,
        model: LikelihoodModel | Callable[[Any, Any], Any],
        observed_data: ArrayLike | Observations,
        prior: Any = None,
        n_particles: int | None = None,
        n_iterations: int = _ITERATIONS,
        learning_rate: float | Callable[[int], Any] | None = None,
        bandwidth: float | str | None = None,
        theta_init: ArrayLike | None = None,
        theta_dim: int | None = None,
        seed: int = 0,
        verbose: bool = False,
        *,
        progress: bool = False,
        positive_params: bool = True,
        weights: ArrayLike | None = None,
        transforms: Sequence[Any] | Mapping[Any, Any] | None = None,
        fixed: Mapping[Any, float] | Sequence[tuple[Any, float]] | None = None,
        tied: Sequence[Sequence[Any]] | None = None,
        exposure: ArrayLike | None = None,
        exposure_index: Any = None,
        batch: int | None = None,
        optimizer: optax.GradientTransformation | None = None,
        kernel: Kernel | str | None = None,
        names: Sequence[str] | None = None,
        rewards: ArrayLike | None = None,
        n_devices: int | None = None,
        mesh: Mesh | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        **old: Any,
    ) -> None:
        """Check the arguments, and the likelihood of each observation once. See the class and `svgd`."""
        old_arguments(old)
        self.rewards = rewards
        found = resolve(
            model,
            observed_data,
            weights,
            prior,
            rewards,
            exposure=exposure,
            exposure_index=exposure_index,
            names=names,
        )
        model, observed_data, weights, prior = found
        self._target, self._settings = prepare(
            model,
            observed_data,
            weights,
            prior=prior,
            theta_dim=theta_dim,
            theta_init=theta_init,
            positive_params=positive_params,
            transforms=transforms,
            fixed=fixed,
            tied=tied,
            exposure=exposure,
            exposure_index=exposure_index,
            n_particles=n_particles,
            n_iterations=n_iterations,
            learning_rate=learning_rate,
            optimizer=optimizer,
            kernel=kernel,
            bandwidth=bandwidth,
            seed=seed,
            names=names,
            return_history=False,
            n_devices=n_devices,
            mesh=mesh,
            checkpoint=checkpoint,
        )
        self._batch = read_batch(batch, optimizer)
        self._progress = progress
        self._verbose = verbose
        self._posterior: Posterior | None = None

    def __getattr__(self, name: str) -> NoReturn:
        from phasic._dropped import refuse

        refuse("phasic.SVGD", name)

    def fit(self, return_history: bool = False) -> SVGD:
        """Run to convergence or `n_iterations`, and return this object.

        Ctrl-C raises KeyboardInterrupt as anywhere; `posterior` then holds the particles reached, with
        `converged` False.

        Args:
            return_history: Keep about 50 snapshots of the particles.

        Warns:
            ConvergenceWarning: The fit has not converged.

        Raises:
            ValueError: The log posterior is finite at no start.

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> model = phasic.models.erlang(1).model()
            >>> fit = phasic.SVGD(model, [0.5, 1.5], prior=phasic.Gamma(2.0, 2.0))
            >>> fit.fit().posterior.converged
            True
        """
        self._posterior = None
        settings = replace(self._settings, keep_history=return_history)
        parts = _blocks(self._target, settings, self._batch)
        for part in _with_bar(parts, settings.n_iterations, self._progress):
            self._posterior = part
        tell(self.posterior)
        if self._verbose:
            _log.info("%s", self.summary())
        return self

    def optimize(self, return_history: bool = True, **old: Any) -> dict[str, Any]:
        """`fit` and `get_results` in one.

        Args:
            return_history: Keep about 50 snapshots of the particles.

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> model = phasic.models.erlang(1).model()
            >>> results = phasic.SVGD(model, [0.5, 1.5], prior=phasic.Gamma(2.0, 2.0)).optimize()
            >>> round(float(results["theta_std"][0]), 2)  # of Gamma(4, 4), whose mean is 1
            0.5
        """
        refuse_arguments("SVGD.optimize", old)
        return self.fit(return_history).get_results()

    @property
    def is_fitted(self) -> bool:
        """Whether there are particles to look at.

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> fit = phasic.SVGD(phasic.models.erlang(1).model(), [0.5, 1.5], prior=phasic.Gamma(2.0, 2.0))
            >>> fit.is_fitted, fit.fit().is_fitted
            (False, True)
        """
        return self._posterior is not None

    @property
    def posterior(self) -> Posterior:
        """The result.

        Raises:
            RuntimeError: Nothing has been fitted yet.

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> fit = phasic.SVGD(phasic.models.erlang(1).model(), [0.5, 1.5], prior=phasic.Gamma(2.0, 2.0))
            >>> fit.posterior
            Traceback (most recent call last):
            RuntimeError: no result yet: call fit() first
            >>> round(float(fit.fit().posterior.mean[0]), 2)
            1.0
        """
        if self._posterior is None:
            raise RuntimeError("no result yet: call fit() first")
        return self._posterior

    @property
    def particles(self) -> NDArray[np.float64]:
        """Particles (n, d) on the scale of theta; read-only.

        Raises:
            RuntimeError: Nothing has been fitted yet.

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> model = phasic.models.erlang(1).model()
            >>> fit = phasic.SVGD(model, [0.5, 1.5], prior=phasic.Gamma(2.0, 2.0))
            >>> fit.fit().particles.shape
            (128, 1)
        """
        return self.posterior.particles

    @property
    def theta_mean(self) -> NDArray[np.float64]:
        """Posterior mean (d,).

        Raises:
            RuntimeError: Nothing has been fitted yet.

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> fit = phasic.SVGD(phasic.models.erlang(1).model(), [0.5, 1.5], prior=phasic.Gamma(2.0, 2.0))
            >>> round(float(fit.fit().theta_mean[0]), 2)  # (2 + 2) / (2 + 2)
            1.0
        """
        return self.posterior.mean

    @property
    def theta_std(self) -> NDArray[np.float64]:
        """Posterior standard deviation (d,).

        Raises:
            RuntimeError: Nothing has been fitted yet.

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> fit = phasic.SVGD(phasic.models.erlang(1).model(), [0.5, 1.5], prior=phasic.Gamma(2.0, 2.0))
            >>> round(float(fit.fit().theta_std[0]), 2)  # of Gamma(4, 4)
            0.5
        """
        return self.posterior.sd

    @property
    def history(self) -> NDArray[np.float64] | None:
        """Snapshots (k, n, d) on the scale of theta, if `fit(return_history=True)`, or None.

        Their steps are `posterior.history_steps`.

        Raises:
            RuntimeError: Nothing has been fitted yet.

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> fit = phasic.SVGD(phasic.models.erlang(1).model(), [0.5, 1.5], prior=phasic.Gamma(2.0, 2.0))
            >>> history = fit.fit(return_history=True).history
            >>> history.shape[1:] == fit.particles.shape
            True
        """
        return self.posterior.history

    def get_results(self) -> dict[str, Any]:
        """`Posterior.get_results` of the posterior.

        Raises:
            RuntimeError: Nothing has been fitted yet.

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> fit = phasic.SVGD(phasic.models.erlang(1).model(), [0.5, 1.5], prior=phasic.Gamma(2.0, 2.0))
            >>> list(fit.fit().get_results())
            ['theta_mean', 'theta_std', 'particles']
        """
        return self.posterior.get_results()

    def summary(self, **old: Any) -> str:
        """`Posterior.summary` of the posterior: a table that prints as text.

        Raises:
            RuntimeError: Nothing has been fitted yet.

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> fit = phasic.SVGD(phasic.models.erlang(1).model(), [0.5, 1.5], prior=phasic.Gamma(2.0, 2.0))
            >>> print(fit.fit().summary())
                      mean     sd      5%     50%    95%
            theta[0]     1  0...  0...  0...  1...
            ...
            converged: ...
        """
        refuse_arguments("SVGD.summary", old)
        return self.posterior.summary()

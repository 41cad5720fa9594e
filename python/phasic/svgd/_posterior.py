"""The result of a fit."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from phasic.svgd import _posterior_io
from phasic.svgd._plots import Plots
from phasic.svgd._summary import Summary

if TYPE_CHECKING:
    from phasic._observations import Observations
    from phasic.svgd._target import Target


@dataclass(frozen=True, eq=False)
class Posterior(Plots):
    """Particles that stand for the posterior of a model's parameters, equally weighted.

    `posterior["rate"]` are those of one parameter, (n,), and `dict(posterior)` those of all by name.

    Attributes:
        particles: (n, d) on the scale of the model's theta, read-only.
        names: Of the d parameters.
        converged: Whether the particles can be trusted.
        reason: Why, or why not and what may help.
        diagnostics: Numbers of the method. Of SVGD the Stein residuals `stein_mean`, `stein_second`,
            `ksd_ratio`, and `movement`, `stuck_particles`, `rejected_moves`; what importance sampling says,
            `pareto_k`, `mean_gap`, `sd_gap`, `tail_gap`, `share_gap`, `log_evidence`, `importance_mean` and
            `importance_sd` with their standard errors `…_error`, `importance_efficiency`, `part_weights`;
            `mode_weights`, `modes`, `log_density`, `gradient_evaluations`, and `largest_searched`, the
            largest size of an entry of theta that was tried on the way to the start. The concepts page on
            fits explains them.
        n_steps: Taken.
        seconds: Spent.
        history: Snapshots (k, n, d), or None.
        history_steps: The step of each snapshot.
        rewards: That were observed, or None.
        method: That made the particles.
        target: The log posterior with its model and data, or None where it is not known.

    Raises:
        ValueError: `particles` are not (n, d), for d names.

    Example:
        >>> jax.config.update("jax_enable_x64", True)
        >>> waits, prior = [0.1, 0.2, 0.3, 0.4, 0.8, 1.2], phasic.Gamma(2.0, 1.0)
        >>> posterior = phasic.models.erlang(1).svgd(waits, prior=prior, names=["rate"])
        >>> round(float(posterior.mean[0]), 2)  # of Gamma(2 + 6, 1 + 3)
        2.0
        >>> posterior.converged, posterior["rate"].shape
        (True, (128,))
    """

    particles: NDArray[np.float64]
    names: tuple[str, ...]
    converged: bool
    reason: str
    diagnostics: Mapping[str, Any] = field(repr=False)
    n_steps: int
    seconds: float
    history: NDArray[np.float64] | None = field(default=None, repr=False)
    history_steps: tuple[int, ...] = ()
    rewards: Any = field(default=None, repr=False)
    method: str = "svgd"
    target: Target | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Make the arrays read-only.

        Raises ValueError unless particles are (n, d), for d names.
        """
        shape = np.shape(self.particles)
        if len(shape) != 2 or not shape[0] or shape[1] != len(self.names):
            raise ValueError(
                f"particles has shape {shape}, but a row for each particle is needed, and a column for each "
                f"of the names {', '.join(self.names)}"
            )
        self.particles.setflags(write=False)
        if self.history is not None:
            self.history.setflags(write=False)

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        """Particles of one parameter, (n,). Raises KeyError for a name that no parameter has."""
        if name not in self.names:
            raise KeyError(f"no parameter is called {name!r}: they are {', '.join(self.names)}")
        return self.particles[:, self.names.index(name)]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def keys(self) -> tuple[str, ...]:
        """The names of the parameters.

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> graph, prior = phasic.models.erlang(1), {"rate": phasic.Gamma(2.0, 1.0)}
            >>> posterior = graph.fit(np.full(98, 0.5), prior=prior, method="laplace")
            >>> posterior.keys()
            ('rate',)
        """
        return self.names

    def to_dict(self) -> dict[str, NDArray[np.float64]]:
        """Particles of each parameter by its name, (n,) each.

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> graph, prior = phasic.models.erlang(1), {"rate": phasic.Gamma(2.0, 1.0)}
            >>> posterior = graph.fit(np.full(98, 0.5), prior=prior, method="laplace")
            >>> bool(np.all(posterior.to_dict()["rate"] == posterior.particles[:, 0]))
            True
        """
        return {name: self[name] for name in self.names}

    @property
    def mean(self) -> NDArray[np.float64]:
        """Posterior mean of each parameter, (d,).

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> waits = [0.1, 0.2, 0.3, 0.4, 0.8, 1.2]  # 6 of sum 3
            >>> posterior = phasic.models.erlang(1).svgd(waits, prior=phasic.Gamma(2.0, 1.0))
            >>> round(float(posterior.mean[0]), 2)  # (2 + 6) / (1 + 3)
            2.0
        """
        return np.asarray(self.particles[0] + self._centred.mean(axis=0))

    @property
    def sd(self) -> NDArray[np.float64]:
        """Posterior standard deviation of each parameter, (d,).

        Divides by n, not n - 1: SVGD's particles are spread out, not drawn at random.

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> waits = [0.1, 0.2, 0.3, 0.4, 0.8, 1.2]  # 6 of sum 3
            >>> posterior = phasic.models.erlang(1).svgd(waits, prior=phasic.Gamma(2.0, 1.0))
            >>> bool(abs(posterior.sd[0] - np.sqrt(8) / 4) < 0.01)
            True
        """
        return np.asarray(self._centred.std(axis=0))

    @property
    def _centred(self) -> NDArray[np.float64]:
        """Particles less the first, exactly 0 for a fixed parameter."""
        return np.asarray(self.particles - self.particles[0])

    @property
    def theta_mean(self) -> NDArray[np.float64]:
        """`mean`, under its older name.

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> waits, prior = [0.25, 0.75], phasic.Gamma(2.0, 1.0)
            >>> point = phasic.models.erlang(1).fit(waits, prior=prior, method="map")
            >>> round(float(point.theta_mean[0]), 4)  # mode of Gamma(2 + 2, 1 + 1)
            1.5
        """
        return self.mean

    @property
    def theta_std(self) -> NDArray[np.float64]:
        """`sd`, under its older name.

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> graph, prior = phasic.models.erlang(1), phasic.Gamma(2.0, 1.0)
            >>> posterior = graph.fit(np.full(98, 0.5), prior=prior, method="laplace")
            >>> round(float(posterior.theta_std[0]), 1)  # sqrt(100) / 50
            0.2
        """
        return self.sd

    def get_results(self) -> dict[str, Any]:
        """The result as a dict, for code of older versions.

        Returns:
            `theta_mean` (d,), `theta_std` (d,) and `particles` (n, d); if it was kept, `history` (k, n, d)
            with its steps, `history_iterations` (k,).

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> waits, prior = [0.25, 0.75], phasic.Gamma(2.0, 1.0)
            >>> results = phasic.models.erlang(1).fit(waits, prior=prior, method="map").get_results()
            >>> round(float(results["theta_mean"][0]), 4)  # mode of Gamma(2 + 2, 1 + 1)
            1.5
        """
        results = {"theta_mean": self.mean, "theta_std": self.sd, "particles": self.particles}
        if self.history is not None:
            results["history"] = self.history
            results["history_iterations"] = np.array(self.history_steps)
        return results

    def quantile(self, q: ArrayLike) -> NDArray[np.float64]:
        """Quantiles of each parameter at the probabilities `q`: shape of `q` + (d,).

        Particle i of n in ascending order counts as the quantile (i - 1/2) / n (Hyndman & Fan 1996, The
        American Statistician 50, 361–365, definition 5).

        Raises:
            ValueError: A probability is outside of [0, 1].

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> waits = [0.1, 0.2, 0.3, 0.4, 0.8, 1.2]  # the exact posterior is Gamma(8, 4)
            >>> posterior = phasic.models.erlang(1).svgd(waits, prior=phasic.Gamma(2.0, 1.0))
            >>> low, high = posterior.quantile([0.05, 0.95])[:, 0]
            >>> exact = phasic.Gamma(8.0, 4.0).quantile([0.05, 0.95])
            >>> bool(np.abs(exact - [low, high]).max() < 0.02)
            True
        """
        levels = np.asarray(q, dtype=np.float64)
        if not np.all((levels >= 0) & (levels <= 1)):
            raise ValueError(f"q must lie between 0 and 1, got {q!r}")
        return np.asarray(np.quantile(self.particles, levels, axis=0, method="hazen"))

    def interval(self, probability: float = 0.9) -> NDArray[np.float64]:
        """Central intervals (d, 2) that hold `probability` of each parameter's posterior.

        Raises:
            ValueError: Unless 0 < probability < 1.

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> graph, prior = phasic.models.erlang(1), phasic.Gamma(2.0, 1.0)
            >>> posterior = graph.fit(np.full(98, 0.5), prior=prior, method="laplace")
            >>> low, high = posterior.interval(0.9)[0]
            >>> bool(np.mean((posterior.particles >= low) & (posterior.particles <= high)) > 0.88)
            True
        """
        if not 0.0 < probability < 1.0:
            raise ValueError(f"probability must lie between 0 and 1, got {probability!r}")
        tail = 0.5 * (1.0 - probability)
        return self.quantile([tail, 1.0 - tail]).T

    def summary(self) -> Summary:
        """Table of mean, standard deviation and three quantiles of each parameter, and the verdict.

        It is text, with the numbers as `summary().to_dict()`.

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> waits, prior = [0.25, 0.75], phasic.Gamma(2.0, 1.0)
            >>> point = phasic.models.erlang(1).fit(waits, prior=prior, names=["rate"], method="map")
            >>> print(point.summary())  # the mode of Gamma(2 + 2, 1 + 1)
                  mean  sd   5%  50%  95%
            rate   1.5   0  1.5  1.5  1.5
            ...
            >>> round(point.summary().to_dict()["rate"]["50%"], 4)
            1.5
        """
        columns = np.column_stack([self.mean, self.sd, self.quantile([0.05, 0.5, 0.95]).T])
        run = f"{len(self.particles)} particles, {self.n_steps} steps, {self.seconds:.2f} s"
        return Summary(self.names, ("mean", "sd", "5%", "50%", "95%"), columns, (run, self.reason))

    def to_arviz(
        self,
        *,
        log_likelihood: Literal["rows", "distinct", "none"] = "rows",
        predictive: bool = False,
        seed: int = 0,
    ) -> Any:
        """For ArviZ: an InferenceData where its version is 0.x, an xarray DataTree from 1.0 on.

        Groups: `posterior`, `sample_stats` (`lp`, the log posterior density in unconstrained coordinates),
        `log_likelihood`, `observed_data`. Particles are one chain, and `posterior.attrs["sampler"]` is
        "svgd": R-hat and effective sample sizes mean nothing for them.

        Args:
            log_likelihood: "rows" has a column for each observation, as often as it was seen, so that
                `arviz.loo` is right; "distinct" has one for each distinct observation, with its number in
                `constant_data`, for data too many for that, and for weights that are no whole numbers; "none"
                leaves the data out.
            predictive: Add `posterior_predictive`, a data set of the same size from each particle.
            seed: Of the predictive draws.

        Raises:
            ImportError: ArviZ is not installed (extra `arviz`).
            ValueError: Data cannot be told row by row: weights are no whole numbers, or truncations differ.

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> graph, prior = phasic.models.erlang(1), {"rate": phasic.Gamma(2.0, 1.0)}
            >>> data = graph.fit(np.full(98, 0.5), prior=prior, method="laplace").to_arviz()
            >>> data["posterior"]["rate"].shape, data["log_likelihood"]["observed"].shape[-1]
            ((1, 128), 98)
        """
        from phasic.svgd._arviz import to_arviz

        return to_arviz(self, log_likelihood, predictive, seed)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything but `target` to a file, whole or not at all; no pickle.

        The file is an npz archive, whose arrays `numpy.load` reads too. Models have a `save` of their own.

        Args:
            path: The file. One that is there is replaced.

        Raises:
            TypeError: A diagnostic is neither numbers, text, nor lists and mappings of them.
            OSError: The file cannot be written.

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> waits, prior = [0.25, 0.75], phasic.Gamma(2.0, 1.0)
            >>> phasic.models.erlang(1).fit(waits, prior=prior, method="map").save("fit.npz")
            >>> round(float(np.load("fit.npz")["particles"][0, 0]), 4)
            1.5
        """
        _posterior_io.write(path, self)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """The posterior that `save` wrote. Its `target` is None: attach one by `with_target`.

        Raises:
            PosteriorFormatError: The file is no posterior, is damaged, or of a version that cannot be read.
            OSError: There is no such file.

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> waits, prior = [0.25, 0.75], phasic.Gamma(2.0, 1.0)
            >>> phasic.models.erlang(1).fit(waits, prior=prior, method="map").save("fit.npz")
            >>> again = phasic.Posterior.load("fit.npz")
            >>> again.method, round(float(again.mean[0]), 4), again.target
            ('map', 1.5, None)
        """
        fields = _posterior_io.read(path)
        try:
            return cls(**fields)
        except (TypeError, ValueError) as error:
            raise _posterior_io.PosteriorFormatError(
                f"{os.fspath(path)} contradicts itself ({error}): fit again, or take the file from a backup"
            ) from None

    def with_target(
        self,
        model: Any,
        observed_data: ArrayLike | Observations,
        prior: Any = None,
        *,
        weights: ArrayLike | None = None,
        rewards: ArrayLike | None = None,
        positive_params: bool = True,
        transforms: Sequence[str] | None = None,
    ) -> Self:
        """The same particles with the model, data and prior that they were fitted to, as for `SVGD`.

        Nothing tells whether it is the same model: `log_likelihoods` and predictions are of the one given.

        Args:
            model: A `phasic.Model`, or what `phasic.svgd.svgd` takes.
            observed_data: (m,) observations.
            prior: As for the fit.
            weights: (m,) multiplicities, default 1 each.
            rewards: (n_vertices,) or (kinds, n_vertices), if rewards were observed.
            positive_params: As for the fit.
            transforms: As for the fit.

        Raises:
            ValueError: The model has another number of parameters, or as for `SVGD`.

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> graph, waits, prior = phasic.models.erlang(1), [0.25, 0.75], phasic.Gamma(2.0, 1.0)
            >>> graph.fit(waits, prior=prior, method="map").save("fit.npz")
            >>> point = phasic.Posterior.load("fit.npz").with_target(graph.model(), waits, prior)
            >>> round(float(point.log_likelihoods().values.sum()), 4)  # 2 log 1.5 - 1.5
            -0.6891
        """
        from phasic.svgd._fit import SVGD

        fit = SVGD(
            model,
            observed_data,
            prior,
            weights=weights,
            rewards=rewards,
            positive_params=positive_params,
            transforms=transforms,
            theta_dim=len(self.names),
        )
        return replace(self, target=fit._target)

    def __repr__(self) -> str:
        state = "converged" if self.converged else "NOT converged"
        head = f"<Posterior of {len(self.names)} parameters, {state} after {self.n_steps} steps>"
        return f"{head}\n{self.summary()}"

    def _repr_html_(self) -> str:
        """The table for notebooks."""
        return self.summary()._repr_html_()

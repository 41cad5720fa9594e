"""The result of a fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from phasic.svgd._predictions import Predictions

if TYPE_CHECKING:
    from phasic._observations import Observations
    from phasic.svgd._target import Target


@dataclass(frozen=True, eq=False)
class Posterior(Predictions):
    """Particles that stand for the posterior of a model's parameters, equally weighted.

    `particles` (n, d) on the scale of the model's theta; `names` of the d parameters; `converged` and the
    `reason` why or why not; `diagnostics` (Stein residuals `stein_mean`, `stein_second`,
    `ksd_ratio`, `movement`, `stuck_particles`, `rejected_moves`, `mode_weights`, `modes`, `log_density`,
    `gradient_evaluations`, and `largest_searched`, the largest |theta| tried on the way to the start);
    `history` (snapshots, n, d) with the step of each in `history_steps`, or None; `n_steps` taken
    and `seconds` spent; `rewards` that were observed, or None; `method` that made the particles; `target`,
    the log posterior with its model and data, or None where it is not known.
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
        """Make the arrays read-only."""
        self.particles.setflags(write=False)
        if self.history is not None:
            self.history.setflags(write=False)

    @property
    def mean(self) -> NDArray[np.float64]:
        """Posterior mean of each parameter, (d,)."""
        return np.asarray(self.particles.mean(axis=0))

    @property
    def sd(self) -> NDArray[np.float64]:
        """Posterior standard deviation of each parameter, (d,).

        Divides by n, not n - 1: SVGD's particles are spread out, not drawn at random.
        """
        return np.asarray(self.particles.std(axis=0))

    @property
    def theta_mean(self) -> NDArray[np.float64]:
        """`mean`, under its older name."""
        return self.mean

    @property
    def theta_std(self) -> NDArray[np.float64]:
        """`sd`, under its older name."""
        return self.sd

    def get_results(self) -> dict[str, Any]:
        """`theta_mean` (d,), `theta_std` (d,), `particles` (n, d), and `history` (k, n, d) if it was kept."""
        results = {"theta_mean": self.mean, "theta_std": self.sd, "particles": self.particles}
        if self.history is not None:
            results["history"] = self.history
            results["history_iterations"] = np.array(self.history_steps)
        return results

    def quantile(self, q: ArrayLike) -> NDArray[np.float64]:
        """Quantiles of each parameter at the probabilities `q`: shape of `q` + (d,).

        Particle i of n in ascending order counts as the quantile (i - 1/2) / n. Raises ValueError outside
        [0, 1].
        """
        levels = np.asarray(q, dtype=np.float64)
        if not np.all((levels >= 0) & (levels <= 1)):
            raise ValueError(f"q must lie between 0 and 1, got {q!r}")
        return np.asarray(np.quantile(self.particles, levels, axis=0, method="hazen"))

    def interval(self, probability: float = 0.9) -> NDArray[np.float64]:
        """Central intervals (d, 2) that hold `probability` of each parameter's posterior.

        Raises ValueError unless 0 < probability < 1.
        """
        if not 0.0 < probability < 1.0:
            raise ValueError(f"probability must lie between 0 and 1, got {probability!r}")
        tail = 0.5 * (1.0 - probability)
        return self.quantile([tail, 1.0 - tail]).T

    def summary(self) -> str:
        """Table of mean, standard deviation and three quantiles of each parameter, and the verdict."""
        head = ("", "mean", "sd", "5%", "50%", "95%")
        columns = np.column_stack([self.mean, self.sd, self.quantile([0.05, 0.5, 0.95]).T])
        rows = [head, *((n, *(f"{v:.4g}" for v in row)) for n, row in zip(self.names, columns, strict=True))]
        widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
        lines = []
        for name, *cells in rows:
            padded = [cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True)]
            lines.append("  ".join([name.ljust(widths[0]), *padded]))
        run = f"{len(self.particles)} particles, {self.n_steps} steps, {self.seconds:.2f} s"
        return "\n".join([*lines, run, self.reason])

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

        Raises ValueError if it has another number of parameters, or as for `SVGD`.
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

"""The pictures of docs/concepts/svgd-failures.md: fits that fail on purpose.

python -m benches.python.failure_pictures
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import matplotlib
import numpy as np
from jax import lax
from matplotlib.figure import Figure
from phasic.svgd import Kernel, LogNormal, Normal, Posterior, svgd

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
WIDTH, HEIGHT = 5.6, 3.2
CUT = 30
OPEN = "open circles: not converged"


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Nothing:
    """Data that say nothing of the parameters: the posterior is the prior."""

    n_parameters: int = field(default=1, metadata={"static": True})

    def log_likelihood(self, theta: Any, values: Any, weights: Any) -> Any:
        return 0.0 * jnp.sum(theta)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class TwoStages:
    """Sum of two exponential times with rates theta[0] and theta[1]; which is which the data cannot tell."""

    @property
    def n_parameters(self) -> int:
        return 2

    def log_likelihood(self, theta: Any, values: Any, weights: Any) -> Any:
        a, b = theta
        u = (a - b) * values
        near = jnp.abs(u) < 1e-4
        safe = jnp.where(near, 1.0, u)
        ratio = jnp.where(near, 1.0 - u / 2.0, -jnp.expm1(-safe) / safe)
        return jnp.sum(weights * (jnp.log(a * b * values * ratio) - b * values))


MANY_TIMES = np.random.default_rng(1).exponential(size=(300, 2)) @ [1.0, 0.25]
TIMES = MANY_TIMES[:40]
ORDERED = (LogNormal(0.0, 0.3), LogNormal(1.4, 0.3))
EITHER = LogNormal(0.5, 1.0)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Attracting(Kernel):
    """The sign of the second term turned around: the gradient taken with respect to the moved particle."""

    def direction(self, x: Any, score: Any) -> Any:
        r2 = jnp.sum((x[:, None] - x[None]) ** 2, axis=-1)
        h = jnp.median(r2)
        towards_density = lax.rsqrt(1.0 + r2 / h) @ score / len(x)
        return 2.0 * towards_density - Kernel("imq", jnp.sqrt(h)).direction(x, score)


def collapse() -> Figure:
    """Standard deviation by step with the right and the wrong sign."""
    figure, panel = _panel("step", "standard deviation / exact")
    for label, kernel in (("repulsion", Kernel("imq")), ("attraction", Attracting("imq"))):
        fit = svgd(
            Nothing(),
            [1.0],
            prior=Normal(0.0, 1.0),
            positive_params=False,
            kernel=kernel,
            return_history=True,
        )
        assert fit.history is not None
        panel.plot(fit.history_steps, fit.history[:, :, 0].std(axis=1), marker=".", label=label)
        assert fit.converged == (label == "repulsion")
    panel.set_ylim(0.0, 1.1)
    panel.legend()
    return figure


def lost_spread() -> Figure:
    """Standard deviation by dimension for two kernels, 128 particles."""
    figure, panel = _panel("dimensions", "standard deviation / exact")
    dimensions = (1, 2, 5, 10, 20)
    for kernel, color in (("imq+bilinear", "C0"), ("rbf", "C1")):
        fits = [
            svgd(Nothing(d), [1.0], prior=Normal(0.0, 1.0), positive_params=False, kernel=kernel)
            for d in dimensions
        ]
        _draw(panel, dimensions, [fit.sd.mean() for fit in fits], fits, color, f'kernel="{kernel}"')
    panel.set_ylim(0.0, 1.1)
    panel.legend(title=OPEN)
    return figure


def lost_mode() -> Figure:
    """Particles over the contours of a posterior with two modes: of one start, and of a fit."""

    def one_start(theta: Any) -> Any:
        """The prior of the half that particles from one start cannot leave."""
        return jnp.where(theta[0] < theta[1], jnp.sum(EITHER.log_density(theta)), -jnp.inf)

    both = svgd(TwoStages(), MANY_TIMES, prior=EITHER, n_particles=64)
    half = svgd(TwoStages(), MANY_TIMES, prior=one_start, n_particles=64)
    grid, log = _on_grid(both, np.linspace(np.log(0.5), np.log(16.0), 50))
    levels = log.max() - np.array([8.0, 4.5, 2.0])
    figure = Figure(figsize=(1.4 * WIDTH, HEIGHT), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for panel, fit, title in zip(panels, (half, both), ("one start", "phasic"), strict=True):
        panel.contour(grid, grid, log.T, levels=levels, colors="0.6", linewidths=0.8, linestyles="solid")
        panel.plot(*fit.particles.T, ".", markersize=4)
        panel.set_title(title)
        panel.set_xlabel("rate a")
        panel.set_xscale("log")
        panel.set_yscale("log")
    panels[0].set_ylabel("rate b")
    return figure


def heavy_tail() -> Figure:
    """Standard deviations of log-normal posteriors by the weight of their tail."""
    figure, panel = _panel("standard deviation of log rate", "standard deviation of the rate / exact")
    widths = (0.1, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5)
    exact = [np.sqrt(np.expm1(width**2)) * np.exp(0.5 * width**2) for width in widths]
    for n, color in ((128, "C0"), (1024, "C1")):
        fits = [svgd(Nothing(), [1.0], prior=LogNormal(0.0, width), n_particles=n) for width in widths]
        ratios = [fit.sd[0] / sd for fit, sd in zip(fits, exact, strict=True)]
        _draw(panel, widths, ratios, fits, color, f"{n:,} particles")
    panel.set_ylim(0.0, 1.1)
    panel.legend(title=OPEN, loc="lower left")
    return figure


def too_few_steps() -> Figure:
    """Residuals of a run, and where another was cut."""
    cut = svgd(TwoStages(), TIMES, prior=ORDERED, n_iterations=CUT)
    fit = svgd(TwoStages(), TIMES, prior=ORDERED, return_history=True, n_iterations=300)
    assert fit.converged and not cut.converged
    figure, panel = _panel("", "")
    fit.plot_convergence(ax=panel)
    panel.axvline(CUT, color="0.6", linewidth=1.0)
    return figure


def too_few_particles() -> Figure:
    """Standard deviations by the number of particles."""
    figure, panel = _panel("particles", "standard deviation / exact")
    numbers = (4, 8, 16, 32, 64, 128, 256)
    fits = [svgd(TwoStages(), TIMES, prior=ORDERED, n_particles=n) for n in numbers]
    exact = _exact_sd(fits[0])
    for i, color in enumerate(("C0", "C1")):
        _draw(panel, numbers, [fit.sd[i] / exact[i] for fit in fits], fits, color, f"rate {'ab'[i]}")
    panel.axhline(1.0, color="0.6", linewidth=1.0)
    panel.set_xscale("log", base=2)
    panel.set_ylim(0.7, 1.05)
    panel.legend(title=OPEN, loc="lower right")
    return figure


def _exact_sd(fit: Posterior) -> np.ndarray:
    """Standard deviations of both rates on a grid of their logarithms."""
    grid, log = _on_grid(fit, np.linspace(-2.5, 4.0, 400))
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    sums = [weight.sum(axis=1 - i) for i in range(2)]
    means = [each @ grid for each in sums]
    return np.sqrt([each @ grid**2 - mean**2 for each, mean in zip(sums, means, strict=True)])


def _on_grid(fit: Posterior, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rates (k,) and the log posterior density of their logarithms (k, k)."""
    assert fit.target is not None
    points = np.stack(np.meshgrid(z, z, indexing="ij"), axis=-1).reshape(-1, 2)
    log = jax.jit(jax.vmap(fit.target.log_density))(points)
    return np.exp(z), np.asarray(log).reshape(len(z), len(z))


def _draw(
    panel: Any, x: Sequence[float], y: Sequence[float], fits: list[Posterior], color: str, label: str
) -> None:
    """A line, with a circle for each fit that is open where that has not converged."""
    panel.plot(x, y, color=color, label=label)
    for each, value, fit in zip(x, y, fits, strict=True):
        panel.plot(each, value, "o", color=color, fillstyle="full" if fit.converged else "none")


def _panel(x: str, y: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
    panel = figure.subplots()
    panel.set_xlabel(x)
    panel.set_ylabel(y)
    return figure, panel


PICTURES: dict[str, Callable[[], Figure]] = {
    "collapse": collapse,
    "lost-spread": lost_spread,
    "lost-mode": lost_mode,
    "heavy-tail": heavy_tail,
    "too-few-steps": too_few_steps,
    "too-few-particles": too_few_particles,
}


def main() -> None:
    jax.config.update("jax_enable_x64", True)
    FOLDER.mkdir(exist_ok=True)
    # Text as text and no date, so that files are small and equal fits give equal files.
    with matplotlib.rc_context(
        {"svg.fonttype": "none", "svg.hashsalt": "phasic", "font.family": "sans-serif"}
    ):
        for name, draw in PICTURES.items():
            path = FOLDER / f"svgd-{name}.svg"
            draw().savefig(path, metadata={"Date": None})
            print(f"{path.relative_to(Path.cwd())}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()

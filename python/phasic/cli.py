"""The command `phasic`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import phasic
from phasic._pipe import until_closed
from phasic.cache._cli import add_commands

if TYPE_CHECKING:
    from phasic._demo import Exact, Fit
    from phasic._demo_plot import Panel

_DESCRIPTION = (
    "Phase-type distributions: fit two models to real data, or see what the cache holds and look after it."
)
_LAYERS = {"trace": "traces", "xla": "compiled programs"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="phasic", description=_DESCRIPTION)
    parser.add_argument("--version", action="version", version=f"phasic {phasic.__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    demo = commands.add_parser("demo", help="two posteriors from real data, beside an exact one")
    demo.add_argument("--seed", type=int, default=0, help="seed of the particles (default 0)")
    demo.add_argument("--plot", type=Path, default=Path("phasic-demo.svg"), help="where the picture goes")
    demo.add_argument("--no-progress", action="store_true", help="no progress bars")
    demo.set_defaults(run=_demo)
    add_commands(commands.add_parser("cache", help="look at the cache, and look after it"))

    def run() -> int:
        options = parser.parse_args(arguments)
        status: int = options.run(options)
        return status

    return until_closed(run)


def _demo(options: argparse.Namespace) -> int:
    start = time.perf_counter()
    import jax

    from phasic import _demo, _demo_plot

    # This process is ours: a fit in double precision, whatever the default.
    jax.config.update("jax_enable_x64", True)  # type: ignore[no-untyped-call]
    ready = time.perf_counter()
    fits = []
    exact = _demo.exact_mutation_rate()
    for number, run in enumerate(_demo.FITS, 1):
        fit = run(options.seed, not options.no_progress)
        fits.append(fit)
        _print_fit(number, fit, exact if number == 1 else None)
    picture = _demo_plot.svg([_mutation_panel(fits[0], exact), _remission_panel(fits[1])])
    try:
        options.plot.write_text(picture, encoding="utf-8")
    except OSError as error:
        print(f"phasic demo: no picture written: {error}. Name another place with --plot", file=sys.stderr)
        return 1
    print(f"picture  {options.plot}")
    print(f"cache    {phasic.cache_info()['path']}")
    total = time.perf_counter() - start
    print(f"time     {total:.2f} s, of which {ready - start:.2f} s to import JAX")
    return 0


def _print_fit(number: int, fit: Fit, exact: Exact | None) -> None:
    print(f"{number}  {fit.title}")
    print(f"   model   {fit.model}")
    print(f"           {fit.graph.vertices_length()} vertices, {fit.graph.param_length()} parameters")
    print(f"   prior   {fit.prior}")
    width = max(len(name) for name in fit.posterior.names) + 9
    print(f"   {'':{width}} {'mean':>9} {'sd':>9} {'5 %':>9} {'95 %':>9}")
    interval = fit.posterior.interval(0.9)
    for index, name in enumerate(fit.posterior.names):
        low, high = np.asarray(interval)[index]
        _print_row(width, f"{name}, SVGD", fit.posterior.mean[index], fit.posterior.sd[index], low, high)
    if exact is not None:
        _print_row(width, f"{fit.posterior.names[0]}, exact", exact.mean, exact.sd, *exact.interval)
    print(f"   {fit.posterior.n_steps} steps; {fit.posterior.reason}")
    for stage in fit.stages:
        used = [
            f"{_LAYERS.get(layer, layer)}: {hits} hits, {misses} misses"
            for layer, (hits, misses) in stage.layers.items()
        ]
        print(f"   {stage.name:<7} {1e3 * stage.seconds:9.1f} ms   {'; '.join(used)}".rstrip())
    print()


def _print_row(width: int, label: str, *numbers: float) -> None:
    print(f"   {label:{width}} " + " ".join(f"{number:9.4g}" for number in numbers))


def _mutation_panel(fit: Fit, exact: Exact) -> Panel:
    from phasic._demo_plot import Panel, histogram

    limit = 80.0
    shown = exact.grid <= limit
    line = ("exact posterior", "#d94801", exact.grid[shown], exact.density[shown])
    bars = histogram(fit.posterior.particles[:, 0], limit)
    return Panel("Mutation rate of Adh", "theta", "density", limit, bars, [line])


def _remission_panel(fit: Fit) -> Panel:
    from phasic import data
    from phasic._demo_plot import Panel, stairs

    times = np.linspace(0.0, 30.0, 121)
    weeks = np.asarray(data.freireich("placebo").weeks)
    curves = []
    for theta in fit.posterior.particles:
        fit.graph.update_parameterized_weights(theta)
        curves.append(fit.graph.sf(times))
    low, middle, high = np.quantile(curves, [0.05, 0.5, 0.95], axis=0)
    lines = [
        ("in remission, observed", "#3182bd", *stairs(weeks, times[-1])),
        ("Coxian, median and 90 %", "#d94801", times, middle),
    ]
    return Panel("Remission under placebo", "weeks", "probability", 30.0, None, lines, (times, low, high))


if __name__ == "__main__":
    raise SystemExit(main())

"""The picture of the README: its model, its law, and its posterior.

python -m benches.python.readme_picture
"""

from __future__ import annotations

import io
import re
from pathlib import Path

import jax
import matplotlib
import numpy as np
from matplotlib.figure import Figure
from phasic import Graph, LogNormal

from tests.docs.blocks import python_blocks

ROOT = Path(__file__).parents[2]
PATH = ROOT / "docs" / "pictures" / "readme.svg"
HEIGHT, LEFT, RIGHT, GAP = 300, 400, 380, 20
PARTICLES = 14
TITLE = "The chain: rabbits on the left and on the right"


def law(graph: Graph, times: np.ndarray) -> str:
    """Densities at particles of the posterior, their mean and the data, as SVG."""
    posterior = graph.svgd(times, prior=LogNormal(0.0, 0.5), names=["a", "b", "c"], progress=False)
    assert posterior.converged
    figure = Figure(figsize=(RIGHT / 72, HEIGHT / 72), layout="constrained")
    panel = figure.subplots()
    t = 2.0 * np.linspace(0.0, 1.0, 30) ** 1.5
    curves = posterior.predictive_curve("pdf", t)
    panel.plot(t, curves.values[:: len(curves.values) // PARTICLES].T, color="C5", linewidth=0.8, alpha=0.7)
    panel.plot(t, curves.mean, color="C0", linewidth=2.5)
    panel.plot(times, np.full(len(times), -0.17), "|", color="C1", markersize=11, markeredgewidth=2)
    panel.text(0.5, 1.75, "exact densities at particles", color="C5")
    panel.text(0.5, 1.5, "their mean, the prediction", color="C0")
    panel.text(1.27, -0.23, "observed times", color="C1")
    panel.axhline(0.0, color="0.35", linewidth=0.8)
    panel.set_xlim(0.0, 2.0)
    panel.set_ylim(-0.35, 2.3)
    panel.set_xticks([0, 0.5, 1, 1.5, 2])
    panel.set_yticks([0, 1, 2])
    panel.set_xlabel("time until no rabbit is left")
    panel.set_title("What five observed times say of it")
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None})
    return out.getvalue()


def nested(svg: str, x: int, width: int) -> str:
    """A picture as an element of another."""
    body = svg[svg.index("<svg") :]
    opening, rest = body.split(">", 1)
    kept = re.sub(r'\s(width|height|xmlns|style)="[^"]*"', "", opening)
    return f'{kept} x="{x}" y="0" width="{width}" height="{HEIGHT}">{rest}'


def main() -> None:
    jax.config.update("jax_enable_x64", True)
    matplotlib.rc_file(ROOT / "tests" / "docs" / "matplotlibrc")
    names: dict[str, object] = {}
    exec(python_blocks((ROOT / "README.md").read_text(encoding="utf-8"))[0][1], names)
    graph = names["graph"]
    assert isinstance(graph, Graph)
    drawing = graph.plot(names=["a", "b", "c"], ranksep=0.6).svg()
    curves = law(graph, np.array([0.21, 0.34, 0.5, 0.77, 1.2]))
    PATH.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + GAP + RIGHT} {HEIGHT}">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n'
        f"{nested(drawing, 0, LEFT)}\n{nested(curves, LEFT + GAP, RIGHT)}\n"
        f'<text x="8" y="13" font-family="DejaVu Sans,sans-serif" font-size="11" fill="#262626">'
        f"{TITLE}</text>\n</svg>\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()

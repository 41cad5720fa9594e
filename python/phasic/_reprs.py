"""What notebooks show of a graph, a trace and a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from phasic._html import table

if TYPE_CHECKING:
    from phasic._core import Trace
    from phasic._model import Model
    from phasic._pictures import Pictures

#: Vertices of a graph whose picture is shown beside its table.
DRAWN = 20
#: Vertices beyond which no walk over the edges is worth a table.
_WALKED = 100_000
#: Initial states that are named.
_NAMED = 3


def graph(shown: Pictures) -> str:
    """A table of a graph, and its picture if it is small."""
    n = shown.vertices_length()
    rows = [("vertices", str(n)), ("edges", str(shown.edges_length())), ("parameters", _parameters(shown))]
    rows.append(("law", "steps, discrete" if shown.is_discrete else "time, continuous"))
    if n <= _WALKED:
        absorbing = sum(not shown._builder.edges(v) for v in range(1, n))
        rows.append(("absorbing vertices", str(absorbing)))
        rows.append(("acyclic", "yes" if shown.is_acyclic() else "no"))
    rows.append(("start", _start(shown)))
    picture = shown.plot().svg() if 1 < n <= DRAWN else ""
    return table(rows) + picture


def trace(shown: Trace) -> str:
    """A table of a trace."""
    return table(
        [
            ("content hash", f"{shown.key[:12]}…"),
            ("vertices", str(shown.n_vertices)),
            ("transient", str(shown.n_transient)),
            ("edges", str(shown.n_edges)),
            ("parameters", str(shown.n_parameters)),
            ("components", str(shown.n_components)),
            ("multiply-adds", str(shown.multiply_adds)),
        ]
    )


def model(shown: Model) -> str:
    """A table of a model."""
    return table(
        [
            ("content hash", _key(shown)),
            ("law", "steps, discrete" if shown.discrete else "time, continuous"),
            ("vertices", str(shown.n_vertices)),
            ("parameters", str(shown.n_parameters)),
            ("relative error of a density", f"{shown.rtol:g}"),
            ("portable", "no" if shown.tables is None else "yes"),
        ]
    )


def model_line(shown: Model) -> str:
    """A model in one line, also where its leaves are not numbers, as inside a transformation of JAX."""
    law = "discrete" if shown.discrete else "continuous"
    return f"Model({_key(shown)}, vertices={shown.n_vertices}, parameters={shown.n_parameters}, {law})"


def _key(shown: Model) -> str:
    from jax import Array
    from jax.core import Tracer

    key = shown.key
    if isinstance(key, (np.ndarray, Array)) and not isinstance(key, Tracer) and key.shape == (8,):
        return f"{np.asarray(key, dtype='<u4').tobytes().hex()[:12]}…"
    return f"key of type {type(key).__name__}"


def _parameters(shown: Pictures) -> str:
    theta = shown._theta
    if theta is None:
        return str(shown.param_length())
    return f"{len(theta)}, theta = {', '.join(f'{each:.4g}' for each in theta)}"


def _start(shown: Pictures) -> str:
    """The first initial states, with their probabilities where those are constant."""
    edges = shown._builder.edges(0)
    named = []
    for target, base, row in edges[:_NAMED]:
        state = f"({', '.join(map(str, shown._builder.state(target).tolist()))})"
        named.append(state if any(row) else f"{state} with probability {base:.4g}")
    rest = len(edges) - len(named)
    return "; ".join(named) + (f"; and {rest} more" if rest else "") or "no edges"

"""Arguments of `Graph.plot`, checked."""

from __future__ import annotations

import math
from collections.abc import Mapping

from phasic._check import positive
from phasic._dropped_arguments import arguments, refuse_arguments
from phasic.plot._content import FEWEST_NODES
from phasic.plot._picture import THEMES, Style

#: What drawings look like if they are not told.
_theme = ["light"]

_DIRECTIONS = ("LR", "RL", "TB", "BT")


def set_theme(theme: str) -> None:
    """Draw graphs "light" (or "default") or "dark" from now on, where `Graph.plot` is not told.

    Raises:
        ValueError: There is no such theme.

    Example:
        >>> phasic.set_theme("dark")
        >>> "#1f1f1f" in phasic.models.kingman(2).plot().source
        True
        >>> phasic.set_theme("light")
    """
    _theme[0] = _known("light" if theme == "default" else theme)


def style(
    theme: str | None,
    constraint: bool,
    ranksep: float,
    nodesep: float,
    rankdir: str | None,
    size: tuple[float, float] | None,
    fontsize: float,
    penwidth: float,
    max_nodes: int,
    attributes: Mapping[str, str | float | bool],
) -> Style:
    """The style that these arguments ask for.

    Raises:
        ValueError: One is not what it must be; it is named.
    """
    refuse_arguments("Graph.plot", {name: None for name in attributes if name in arguments()["Graph.plot"]})
    if rankdir is not None and rankdir not in _DIRECTIONS:
        raise ValueError(f"rankdir is {rankdir!r}: it must be one of {', '.join(map(repr, _DIRECTIONS))}")
    if positive("max_nodes", max_nodes) < FEWEST_NODES:
        raise ValueError(f"max_nodes is {max_nodes}: it must be a whole number from {FEWEST_NODES} on")
    if size is not None and len(tuple(size)) != 2:
        raise ValueError(f"size is {size!r}: it must be (width, height) in inches")
    unwritable = [name for name in attributes if not (name.isascii() and name.isidentifier())]
    if unwritable:
        raise ValueError(f"graphviz has no attribute {unwritable[0]!r}")
    return Style(
        theme=_theme[0] if theme is None else _known(theme),
        constraint=bool(constraint),
        ranksep=_positive("ranksep", ranksep),
        nodesep=_positive("nodesep", nodesep),
        rankdir=rankdir or "LR",
        fold=rankdir is None,
        size=None if size is None else (_positive("size", size[0]), _positive("size", size[1])),
        fontsize=_positive("fontsize", fontsize),
        penwidth=_positive("penwidth", penwidth),
        attributes=tuple((name, _written(value)) for name, value in attributes.items()),
    )


def _known(theme: str) -> str:
    if theme not in THEMES:
        raise ValueError(f"theme is {theme!r}: it must be one of {', '.join(map(repr, THEMES))}")
    return theme


def _positive(name: str, value: float) -> float:
    number = float(value)
    if not (math.isfinite(number) and number > 0):
        raise ValueError(f"{name} is {value!r}: it must be a finite number above 0")
    return number


def _written(value: str | float | bool) -> str:
    """As graphviz writes values: true and false in small letters."""
    return str(value).lower() if isinstance(value, bool) else str(value)

"""What a picture of a graph shows, before anything has a place: nodes, links and keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["start", "transient", "absorbing"]


@dataclass(frozen=True)
class Node:
    """A vertex, or several that are drawn as one."""

    label: str
    kind: Kind
    #: What a notebook shows under the pointer.
    title: str
    #: "#rrggbb", or None for the colour of its kind.
    fill: str | None = None
    group: str | None = None


@dataclass(frozen=True)
class Link:
    """An edge between two nodes, by their positions; equal for an edge back to its source."""

    source: int
    target: int
    label: str
    #: "#rrggbb", or None for the colour of the theme.
    colour: str | None = None


@dataclass(frozen=True)
class Scale:
    """A colour bar: numbers at its ends, colours from one end to the other."""

    low: float
    high: float
    colours: tuple[str, ...]


@dataclass(frozen=True)
class Picture:
    """All that is shown. `key` names colours that stand for a category; `notes` are lines below."""

    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    scale: Scale | None = None
    key: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Style:
    """How it is drawn, in the words of graphviz; see `phasic.Graph.plot`."""

    theme: str
    constraint: bool
    ranksep: float
    nodesep: float
    rankdir: str
    #: Whether a strip may be drawn in several rows.
    fold: bool
    #: In inches, or None for one at which all can be read.
    size: tuple[float, float] | None
    fontsize: float
    penwidth: float
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Theme:
    """Colours of a theme, "#rrggbb"."""

    paper: str
    ink: str
    faint: str
    box: str
    fills: dict[Kind, str]


THEMES = {
    "light": Theme(
        "#ffffff", "#222222", "#777777", "#f0f0f0",
        {"start": "#cfe3d4", "transient": "#e8eef7", "absorbing": "#f3d9cf"},
    ),
    "dark": Theme(
        "#1f1f1f", "#e6e6e6", "#a0a0a0", "#3f3f3f",
        {"start": "#5b7f66", "transient": "#4a5a73", "absorbing": "#8a5a48"},
    ),
}  # fmt: skip

"""The picture of `phasic demo`, as SVG: it needs no plotting package."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

_WIDTH, _HEIGHT = 460.0, 300.0
_LEFT, _TOP, _RIGHT, _BOTTOM = 62.0, 40.0, 15.0, 45.0


@dataclass(frozen=True)
class Panel:
    """One pair of axes: bars or dots behind, lines in front."""

    title: str
    x_label: str
    y_label: str
    x_limit: float
    bars: tuple[Doubles, Doubles] | None
    lines: Sequence[tuple[str, str, Doubles, Doubles]]
    band: tuple[Doubles, Doubles, Doubles] | None = None


def histogram(particles: Doubles, limit: float, n_bins: int = 24) -> tuple[Doubles, Doubles]:
    """Edges (k + 1,) and density (k,) of particles between 0 and a limit."""
    density, edges = np.histogram(particles, bins=n_bins, range=(0.0, limit), density=True)
    inside = float(np.mean(particles <= limit))
    return edges, np.asarray(density * inside)


def stairs(observed: Doubles, limit: float) -> tuple[Doubles, Doubles]:
    """Corners of the share of observations above each point from 0 to a limit: it falls at each of them."""
    falls = np.unique(observed[observed <= limit])
    left = np.mean(observed > falls[:, None], axis=1)
    at = np.concatenate([[0.0], np.repeat(falls, 2), [limit]])
    heights = np.concatenate([[1.0], left])
    return at, np.repeat(heights, 2)


def svg(panels: Sequence[Panel]) -> str:
    """The panels side by side, as one SVG document."""
    width = _WIDTH * len(panels)
    body = "".join(_panel(panel, _WIDTH * index) for index, panel in enumerate(panels))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{_HEIGHT:g}" '
        f'viewBox="0 0 {width:g} {_HEIGHT:g}" font-family="sans-serif" font-size="12">'
        f'<rect width="100%" height="100%" fill="white"/>{body}</svg>\n'
    )


def _panel(panel: Panel, offset: float) -> str:
    tops = [line[3].max() for line in panel.lines]
    tops += [panel.bars[1].max()] if panel.bars else []
    tops += [panel.band[2].max()] if panel.band else []
    y_limit = 1.08 * max(tops)

    def x(value: Doubles) -> Doubles:
        across: Doubles = offset + _LEFT + value / panel.x_limit * (_WIDTH - _LEFT - _RIGHT)
        return across

    def y(value: Doubles) -> Doubles:
        down: Doubles = _HEIGHT - _BOTTOM - value / y_limit * (_HEIGHT - _TOP - _BOTTOM)
        return down

    parts = [_axes(panel, offset, y_limit)]
    if panel.bars:
        edges, density = panel.bars
        for left, right, height in zip(x(edges[:-1]), x(edges[1:]), y(density), strict=True):
            base = _HEIGHT - _BOTTOM
            parts.append(
                f'<rect x="{left:.1f}" y="{height:.1f}" width="{right - left - 1:.1f}" '
                f'height="{base - height:.1f}" fill="#9ecae1"/>'
            )
    if panel.band:
        at, low, high = panel.band
        around = _points(np.concatenate([x(at), x(at[::-1])]), np.concatenate([y(low), y(high[::-1])]))
        parts.append(f'<polygon points="{around}" fill="#fdd0a2"/>')
    for index, (label, colour, at, values) in enumerate(panel.lines):
        parts.append(
            f'<polyline points="{_points(x(at), y(values))}" fill="none" stroke="{colour}" stroke-width="2"/>'
        )
        right, top = offset + _WIDTH - _RIGHT - 6, _TOP + 14 + 16 * index
        parts.append(_text(right, top, label, "end", f' fill="{colour}"'))
    return "".join(parts)


def _axes(panel: Panel, offset: float, y_limit: float) -> str:
    left, right, base = offset + _LEFT, offset + _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    middle = (left + right) / 2
    parts = [
        f'<path d="M{left:g} {_TOP:g}V{base:g}H{right:g}" fill="none" stroke="black"/>',
        _text(middle, _TOP - 18, panel.title, "middle", ' font-size="13"'),
        _text(middle, _HEIGHT - 8, panel.x_label, "middle"),
        f'<text transform="translate({offset + 14:g},{(_TOP + base) / 2:g}) rotate(-90)" '
        f'text-anchor="middle">{escape(panel.y_label)}</text>',
    ]
    for tick in _ticks(panel.x_limit):
        at = left + tick / panel.x_limit * (right - left)
        parts.append(_text(at, base + 16, f"{tick:g}", "middle"))
    for tick in _ticks(y_limit)[1:]:
        at = base - tick / y_limit * (base - _TOP)
        parts.append(_text(left - 5, at + 4, f"{tick:g}", "end"))
    return "".join(parts)


def _text(x: float, y: float, text: str, anchor: str, style: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{style}>{escape(text)}</text>'


def _ticks(limit: float) -> Doubles:
    """Round numbers from 0 to a limit, about five steps apart."""
    power = 10.0 ** np.floor(np.log10(limit / 5))
    step = min((factor * power for factor in (1.0, 2.0, 5.0, 10.0)), key=lambda step: abs(limit / step - 5))
    ticks: Doubles = np.arange(0.0, limit * (1 + 1e-9), step)
    return ticks


def _points(xs: Doubles, ys: Doubles) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))

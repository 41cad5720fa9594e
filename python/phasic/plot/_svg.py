"""A picture as SVG, laid out here: it needs no other program."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from html import escape

from phasic.plot._colours import text_on
from phasic.plot._layers import layers
from phasic.plot._layout import Layout, Point, Room, arrange
from phasic.plot._picture import THEMES, Node, Picture, Style
from phasic.plot._routes import TURN, Route, routes

_INCH = 72.0
_MARGIN = 30.0
#: The size of labels of edges, as a share of `fontsize`, and the smallest that is read with ease, in points.
_SMALL = 0.85
_READABLE = 9.0
#: Pages and notebooks are about as wide.
_PAGE = 720.0
#: Characters that XML 1.0 does not allow, not even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def svg(picture: Picture, style: Style) -> str:
    """The document, equal for equal pictures and styles."""
    drawing = _Canvas(picture, style)
    return drawing.document()


class _Canvas:
    """The picture with a place for everything, in points; x to the right, y down."""

    def __init__(self, picture: Picture, style: Style) -> None:
        self.picture, self.style, self.theme = picture, style, THEMES[style.theme]
        self.flat = style.rankdir in ("LR", "RL")
        self.boxes = [_box(node, style.fontsize) for node in picture.nodes]
        small = _SMALL * style.fontsize
        labels = [_text_size(link.label, small) for link in picture.links]
        links = [(link.source, link.target) for link in picture.links]
        self.groups = list(dict.fromkeys(node.group for node in picture.nodes if node.group is not None))
        group = [None if node.group is None else self.groups.index(node.group) for node in picture.nodes]
        sizes, label_sizes = [self._turned(s) for s in self.boxes], [self._turned(s) for s in labels]
        layer = layers(len(sizes), links)
        least = [self._turned((self._named(name), 0.0)) for name in self.groups]
        room = self._room(layer, links, label_sizes)
        self.layout: Layout = arrange(layer, sizes, links, group, least, room)
        self.routes: list[Route] = routes(self.layout, links, sizes, label_sizes)
        self.inner = self._turned(self.layout.extent)

    def _room(self, layer: Sequence[int], links: Sequence[tuple[int, int]], labels: Sequence[Point]) -> Room:
        """Space for the labels of links between layers and inside of them, and for the names of groups."""
        pairs = list(zip(links, labels, strict=True))
        along = max((size[0] for (s, t), size in pairs if layer[s] != layer[t]), default=0.0)
        inside = max((size[1] for (s, t), size in pairs if layer[s] == layer[t] and s != t), default=0.0)
        both = set(links)
        opposite = max((size[1] for (s, t), size in pairs if s != t and (t, s) in both), default=0.0)
        title = 1.6 * self.style.fontsize if self.groups else 0.0
        return Room(
            max(self.style.ranksep * _INCH, along + 24.0, 0.0 if self.flat else title + 24.0),
            max(self.style.nodesep * _INCH + title, 2.4 * title, inside + 16.0, 2 * opposite + 12.0),
            between=4.0 * self.style.fontsize,
            turn=TURN + along if self.style.fold else None,
            border=2 * _MARGIN,
        )

    def _named(self, group: str) -> float:
        """How wide the box of a group has to be; if links come from above, its name is left of the middle."""
        wide = _text_size(group, self.style.fontsize)[0]
        return wide + 12.0 if self.flat else 2 * wide + 36.0

    def _turned(self, size: Point) -> Point:
        return size if self.flat else (size[1], size[0])

    def at(self, point: Point) -> Point:
        """Where (along, across) is on the paper."""
        along = point[0] if self.style.rankdir in ("LR", "TB") else self.layout.extent[0] - point[0]
        x, y = self._turned((along, point[1]))
        return x + _MARGIN, y + _MARGIN

    def document(self) -> str:
        size = self.style.fontsize
        below = self._below(self.inner[1] + 2 * _MARGIN)
        lines = len(below)
        wide = max([len(note) for note in self.picture.notes], default=0) * 0.6 * size
        width = max(self.inner[0], wide, 240.0 if lines else 0.0) + 2 * _MARGIN
        height = self.inner[1] + 2 * _MARGIN + lines * 1.8 * size
        shrink = self._shrink(width, height)
        # A page may shrink what fits a page at its own size.
        fit = ' style="max-width:100%;height:auto"' if width * shrink <= _PAGE else ""
        body = [*self._grouped(), *self._links(), *self._nodes(), *below]
        paper = dict(self.style.attributes).get("bgcolor", self.theme.paper)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * shrink:.1f}" '
            f'height="{height * shrink:.1f}"{fit} viewBox="0 0 {width:.1f} {height:.1f}" '
            f'font-family="Helvetica,Arial,sans-serif" font-size="{size:g}">\n'
            f'<rect width="100%" height="100%" fill="{_safe(paper)}"/>\n' + "\n".join(body) + "\n</svg>\n"
        )

    def _shrink(self, width: float, height: float) -> float:
        """To the size asked for; else to a page's width, but so little that all text can be read."""
        if self.style.size is not None:
            return min(1.0, self.style.size[0] * _INCH / width, self.style.size[1] * _INCH / height)
        return max(min(1.0, _PAGE / width), min(1.0, _READABLE / (_SMALL * self.style.fontsize)))

    def _grouped(self) -> list[str]:
        """The box of each group, around its nodes, with its name."""
        found = []
        pad = 0.5 * self.style.fontsize
        for number, group in enumerate(self.groups):
            members = [i for i, node in enumerate(self.picture.nodes) if node.group == group]
            centres = [self.at(self.layout.centres[i]) for i in members]
            left = min(c[0] - self.boxes[i][0] / 2 for i, c in zip(members, centres, strict=True)) - pad
            top = min(c[1] - self.boxes[i][1] / 2 for i, c in zip(members, centres, strict=True)) - pad
            right = max(c[0] + self.boxes[i][0] / 2 for i, c in zip(members, centres, strict=True)) + pad
            low = max(c[1] + self.boxes[i][1] / 2 for i, c in zip(members, centres, strict=True)) + pad
            top -= 1.3 * self.style.fontsize
            more = self._named(group) - (right - left)
            if more > 0:
                # In the area, as near to the middle of the nodes as can be.
                ends = sorted(self.at(corner)[0] for corner in self.layout.areas[number])
                left = max(min(left - more / 2, ends[1] - self._named(group)), ends[0])
                right = left + self._named(group)
            found.append(
                f'<g class="group"><rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" '
                f'height="{low - top:.1f}" rx="6" fill="{self.theme.box}"/>'
                + self._text(left + 6, top + 1.1 * self.style.fontsize, group, self.theme.ink, "start")
                + "</g>"
            )
        return found

    def _links(self) -> list[str]:
        found = []
        wide = self.style.penwidth
        for link, route in zip(self.picture.links, self.routes, strict=True):
            colour = link.colour or self.theme.faint
            curves = [[self.at(point) for point in curve] for curve in route.curves]
            (x, y), (p, q) = curves[-1][3], curves[-1][2]
            course = f"M{curves[0][0][0]:.1f} {curves[0][0][1]:.1f}"
            course += "".join("C" + " ".join(f"{u:.1f} {v:.1f}" for u, v in curve[1:]) for curve in curves)
            found.append(
                f'<g class="edge" data-source="{link.source}" data-target="{link.target}">'
                f'<path d="{course}" fill="none" stroke="{colour}" stroke-width="{wide:g}"/>'
                f'<path d="{_arrow(x, y, x - p, y - q, 6 + 2 * wide)}" fill="{colour}"/>'
            )
            if link.label:
                u, v = self.at(route.label)
                small = _SMALL * self.style.fontsize
                ink = link.colour or self.theme.ink
                w, h = _text_size(link.label, small)
                paper = f'fill="{self.theme.paper}" fill-opacity="0.8"'
                found.append(f"<rect {_rect(u, v, w, h, 2)} {paper}/>")
                found.append(self._text(u, v + 0.35 * small, link.label, ink, "middle", small))
            found.append("</g>")
        return found

    def _nodes(self) -> list[str]:
        found = []
        for i, node in enumerate(self.picture.nodes):
            (x, y), (w, h) = self.at(self.layout.centres[i]), self.boxes[i]
            fill = node.fill or self.theme.fills[node.kind]
            shape = _rect(x, y, w, h, h / 2 if node.kind == "start" else 4)
            parts = [f'<g class="node {node.kind}" data-node="{i}"><title>{_safe(node.title)}</title>']
            parts.append(f'<rect {shape} fill="{fill}" stroke="{self.theme.faint}"/>')
            if node.kind == "absorbing":
                inner = _rect(x, y, w - 6, h - 6, 2)
                parts.append(f'<rect {inner} fill="none" stroke="{self.theme.faint}"/>')
            lines = _lines(node.label)
            step = 1.2 * self.style.fontsize
            top = y - step * (len(lines) - 1) / 2 + 0.35 * self.style.fontsize
            parts += [
                self._text(x, top + step * j, line, text_on(fill), "middle") for j, line in enumerate(lines)
            ]
            found.append("".join(parts) + "</g>")
        return found

    def _below(self, top: float) -> list[str]:
        """The colour bar, the key and the notes, a line each."""
        size = self.style.fontsize
        found = []
        scale = self.picture.scale
        if scale:
            stops = "".join(
                f'<stop offset="{i / (len(scale.colours) - 1):.3f}" stop-color="{colour}"/>'
                for i, colour in enumerate(scale.colours)
            )
            low, high = f"{scale.low:.4g}", f"{scale.high:.4g}"
            left = _MARGIN + _text_size(low, size)[0] + 6
            found.append(
                f'<g class="scale"><linearGradient id="phasic-scale">{stops}</linearGradient>'
                + self._text(_MARGIN, top, low, self.theme.ink, "start")
                + f'<rect x="{left:.1f}" y="{top - 0.8 * size:.1f}" width="100" height="{0.9 * size:.1f}" '
                f'fill="url(#phasic-scale)"/>' + self._text(left + 106, top, high, self.theme.ink, "start")
                + "</g>"
            )  # fmt: skip
        for word, colour in self.picture.key:
            y = top + 1.8 * size * len(found)
            box = f'x="{_MARGIN:.1f}" y="{y - 0.8 * size:.1f}" width="{size:.1f}" height="{size:.1f}"'
            text = self._text(_MARGIN + 1.6 * size, y, word, self.theme.ink, "start")
            found.append(f'<g class="key"><rect {box} fill="{colour}"/>{text}</g>')
        for note in self.picture.notes:
            y = top + 1.8 * size * len(found)
            found.append(f'<g class="note">{self._text(_MARGIN, y, note, self.theme.ink, "start")}</g>')
        return found

    def _text(
        self,
        x: float,
        y: float,
        text: str,
        colour: str,
        anchor: str,
        size: float | None = None,
    ) -> str:
        extra = "" if size is None else f' font-size="{size:g}"'
        place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"{extra}'
        return f"<text {place}>{_safe(text)}</text>"


def _safe(text: str) -> str:
    return escape(_FORBIDDEN.sub("�", text))


def _lines(text: str) -> list[str]:
    return text.splitlines() or [""]


def _text_size(text: str, size: float) -> Point:
    """About as wide as Helvetica sets it, and as high."""
    widths = [sum(_width(character) for character in line) for line in _lines(text)]
    return size * max(widths), 1.2 * size * len(widths)


def _width(character: str) -> float:
    return 1.0 if unicodedata.east_asian_width(character) in "WF" else 0.58


def _box(node: Node, size: float) -> Point:
    width, height = _text_size(node.label, size)
    return max(width + 1.3 * size, 2.6 * size), height + 0.9 * size


def _rect(x: float, y: float, width: float, height: float, radius: float) -> str:
    corner = f'x="{x - width / 2:.1f}" y="{y - height / 2:.1f}"'
    return f'{corner} width="{width:.1f}" height="{height:.1f}" rx="{radius:.1f}"'


def _arrow(x: float, y: float, dx: float, dy: float, size: float) -> str:
    """A triangle that ends at (x, y) and points along (dx, dy)."""
    length = (dx * dx + dy * dy) ** 0.5 or 1.0
    u, v = dx / length * size, dy / length * size
    left, right = (x - u - 0.4 * v, y - v + 0.4 * u), (x - u + 0.4 * v, y - v - 0.4 * u)
    points: Sequence[Point] = ((x, y), left, right)
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in points) + "Z"

"""A picture as text in DOT, the language of graphviz.

The grammar is that of https://graphviz.org/doc/info/lang.html. Every name and value is a quoted string.
"""

from __future__ import annotations

from collections.abc import Iterable

from phasic.plot._colours import text_on
from phasic.plot._picture import THEMES, Node, Picture, Style

_SHAPES = {"start": "circle", "transient": "box", "absorbing": "box"}
_FONT = "Helvetica,Arial,sans-serif"


def dot(picture: Picture, style: Style) -> str:
    """The text, equal for equal pictures and styles."""
    theme = THEMES[style.theme]
    whole = {
        "compound": "true", "newrank": "true", "pad": "0.3", "fontname": _FONT,
        "ranksep": f"{style.ranksep:g}", "nodesep": f"{style.nodesep:g}", "rankdir": style.rankdir,
        "bgcolor": theme.paper, "fontcolor": theme.ink, "fontsize": f"{style.fontsize:g}",
    }  # fmt: skip
    if style.size is not None:
        whole["size"] = "{:g},{:g}".format(*style.size)
    below = [*_explanations(picture), *picture.notes]
    if below:
        whole |= {"label": "\n".join(below), "labelloc": "b"}
    lines = ["digraph phasic {", f"  graph {_attributes(whole | dict(style.attributes))};"]
    font = {"fontname": _FONT, "fontsize": f"{style.fontsize:g}"}
    lines.append(f"  node {_attributes(font | {'style': 'filled,rounded', 'color': theme.faint})};")
    edge = font | {"penwidth": f"{style.penwidth:g}", "color": theme.faint, "fontcolor": theme.ink}
    if not style.constraint:
        edge["constraint"] = "false"
    lines.append(f"  edge {_attributes(edge)};")
    groups: dict[str, list[int]] = {}
    for i, node in enumerate(picture.nodes):
        if node.group is None:
            lines.append(f"  {_node(i, node, style)}")
        else:
            groups.setdefault(node.group, []).append(i)
    for number, (group, members) in enumerate(groups.items()):
        box = {"label": group, "style": "filled,rounded", "color": theme.box, "fontcolor": theme.ink}
        lines.append(f"  subgraph {quoted(f'cluster_{number}')} {{")
        lines.append(f"    graph {_attributes(box)};")
        lines += [f"    {_node(i, picture.nodes[i], style)}" for i in members]
        lines.append("  }")
    for link in picture.links:
        text = {"label": link.label} if link.label else {}
        if link.colour:
            text |= {"color": link.colour, "fontcolor": link.colour}
        ends = f"{quoted(str(link.source))} -> {quoted(str(link.target))}"
        lines.append(f"  {ends} {_attributes(text)};" if text else f"  {ends};")
    return "\n".join([*lines, "}", ""])


def quoted(text: str) -> str:
    """A string of DOT that shows `text` as it is.

    Backslashes start no escape and ampersands no entity; NUL cannot be shown.
    """
    shown = text.replace("\0", "�").replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
    return '"' + shown.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n") + '"'


def _attributes(values: dict[str, str]) -> str:
    return "[" + ", ".join(f"{name}={quoted(value)}" for name, value in values.items()) + "]"


def _node(place: int, node: Node, style: Style) -> str:
    fill = node.fill or THEMES[style.theme].fills[node.kind]
    values = {"label": node.label, "tooltip": node.title, "shape": _SHAPES[node.kind]}
    values |= {"fillcolor": fill, "fontcolor": text_on(fill)}
    if node.kind == "absorbing":
        values["peripheries"] = "2"
    return f"{quoted(str(place))} {_attributes(values)};"


def _explanations(picture: Picture) -> Iterable[str]:
    if picture.scale:
        yield f"colour: {picture.scale.low:.4g} (dark) to {picture.scale.high:.4g} (bright)"
    for word, colour in picture.key:
        yield f"{colour}: {word}"

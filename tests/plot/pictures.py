"""Reading pictures back: what DOT text and SVG documents show."""

import re
from xml.etree import ElementTree

import numpy as np

_STRING = r'"((?:[^"\\]|\\.)*)"'
#: The namespace of SVG.
SVG = "{http://www.w3.org/2000/svg}"


def unquoted(text):
    """What a quoted string of DOT shows."""
    plain = re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], text)
    return plain.replace("&amp;", "&")


def dot_nodes(source):
    """{name: label} of the nodes of a DOT text as phasic writes it."""
    found = re.findall(rf"^ +{_STRING} \[label={_STRING}", source, re.MULTILINE)
    return {name: unquoted(label) for name, label in found}


def dot_edges(source):
    """{(source, target): label} of its edges; "" for none."""
    found = re.findall(rf"^ +{_STRING} -> {_STRING}(?: \[label={_STRING})?", source, re.MULTILINE)
    return {(a, b): unquoted(label) for a, b, label in found}


def classed(svg, name):
    """The groups of an SVG document with a class, in order."""
    root = ElementTree.fromstring(svg)
    return [each for each in root.iter(f"{SVG}g") if name in each.get("class", "").split()]


def texts(element):
    """What an element shows as text, without what stands under the pointer."""
    return [each.text or "" for each in element.iter(f"{SVG}text")]


def box(element):
    """(left, top, right, bottom) of the first rectangle of a group."""
    rect = next(element.iter(f"{SVG}rect"))
    x, y, width, height = (float(rect.get(name)) for name in ("x", "y", "width", "height"))
    return x, y, x + width, y + height


def middle(element):
    """The centre of the first rectangle of a group."""
    left, top, right, bottom = box(element)
    return (left + right) / 2, (top + bottom) / 2


def scale(svg):
    """Points on a page for each unit of the drawing."""
    root = ElementTree.fromstring(svg)
    return float(root.get("width")) / float(root.get("viewBox").split()[2])


def course(element):
    """Points of the curve of an edge, (m, 2)."""
    numbers = np.array(re.findall(r"-?[0-9.]+", next(element.iter(f"{SVG}path")).get("d")), dtype=float)
    points = numbers.reshape(-1, 2)
    t = np.linspace(0.0, 1.0, 50)[:, None]
    weights = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3
    curves = [points[i : i + 4] for i in range(0, len(points) - 1, 3)]
    return np.concatenate([sum(w * p for w, p in zip(weights, each, strict=True)) for each in curves])


def apart(a, b):
    """Whether two boxes have no inner point in common."""
    return a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def pairs(graph):
    """{(source, target)} of the edges of a graph, as text."""
    return {(str(v.index()), str(e.to().index())) for v in graph.vertices() for e in v.edges()}

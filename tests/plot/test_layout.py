"""Where `Graph.plot` puts things: lines, groups, rows, labels, and how large all is."""

import re
from itertools import combinations
from xml.etree import ElementTree

import numpy as np
import pytest
from phasic import Graph, models

from tests.models import rabbits_parameterised
from tests.plot.pictures import SVG, apart, box, classed, course, middle, scale, texts


@pytest.fixture(scope="module")
def system():
    """Three components, of which one at a time is mended."""
    return models.repairable_system(3)


@pytest.fixture(scope="module")
def demes():
    """Six lineages in two demes."""
    return models.structured_coalescent([3, 3])


def rabbits(n):
    return Graph(callback=rabbits_parameterised, n=n)


def nodes(svg):
    """(n, 2) middles."""
    return np.array([middle(each) for each in classed(svg, "node")])


def size(svg):
    root = ElementTree.fromstring(svg)
    return float(root.get("width")), float(root.get("height"))


def smallest_text(svg):
    """In points on the page."""
    return scale(svg) * min(float(found) for found in re.findall(r'font-size="([0-9.]+)"', svg))


# Groups


@pytest.mark.parametrize("rankdir, across", [(None, 1), ("LR", 1), ("RL", 1), ("TB", 0), ("BT", 0)])
def test_a_chain_of_groups_is_on_one_line(system, rankdir, across):
    svg = system.plot(subgraphfun=lambda state: f"{state[0]} up", rankdir=rankdir).svg()
    assert np.ptp(nodes(svg)[:, across]) < 1e-9  # rounding


def test_groups_one_after_the_other_share_a_track(demes):
    svg = demes.plot(subgraphfun=lambda state: f"{sum(state)} lineages").svg()
    boxes = [box(each) for each in classed(svg, "group")]
    assert len(boxes) == 5
    # All have the height of the middle of the picture in common.
    assert max(top for _, top, _, _ in boxes) < min(bottom for _, _, _, bottom in boxes)
    assert all(a[2] <= b[0] for a, b in combinations(boxes, 2))


def test_groups_in_the_same_layers_lie_side_by_side():
    svg = rabbits(3).plot(subgraphfun=lambda state: f"{state[0]} on the left").svg()
    boxes = [box(each) for each in classed(svg, "group")]
    assert all(apart(a, b) for a, b in combinations(boxes, 2))


@pytest.mark.parametrize("rankdir", [None, "RL", "TB", "BT"])
def test_long_names_of_groups_are_inside_of_their_boxes(system, rankdir):
    name = "as many components at work as this: "
    svg = system.plot(subgraphfun=lambda state: f"{name}{state[0]}", rankdir=rankdir).svg()
    boxes = [box(each) for each in classed(svg, "group")]
    # About half of `fontsize` for each character, as narrow fonts set it.
    assert all(right - left > 0.5 * 12 * len(name) for left, _, right, _ in boxes)
    assert all(apart(a, b) for a, b in combinations(boxes, 2))


def test_a_chain_after_a_branch_is_straight():
    svg = models.birth_death(5).plot().svg()
    height = {texts(each)[0]: middle(each)[1] for each in classed(svg, "node")}
    assert len({height[str(k)] for k in range(2, 6)}) == 1
    assert height["0"] != height["2"]


# Rows


@pytest.fixture(params=[20, 60])
def strip(request):
    return models.erlang(request.param)


def test_a_strip_is_folded(strip):
    width, height = size(strip.plot().svg())
    assert width / height < 4


def test_a_folded_strip_has_its_nodes_apart_and_in_the_order_of_its_rows(strip):
    svg = strip.plot().svg()
    assert all(apart(box(a), box(b)) for a, b in combinations(classed(svg, "node"), 2))
    places = nodes(svg)
    rows = np.unique(places[:, 1])
    assert np.all(np.diff(places[:, 1]) >= 0)
    for i, row in enumerate(rows):
        steps = np.diff(places[places[:, 1] == row, 0])
        assert np.all(steps > 0 if i % 2 == 0 else steps < 0)


def test_links_between_rows_are_on_the_paper(strip):
    svg = strip.plot().svg()
    width, height = map(float, ElementTree.fromstring(svg).get("viewBox").split()[2:])
    for edge in classed(svg, "edge"):
        left, top, right, bottom = box(edge)
        points = course(edge)
        assert points.min() >= 0 and left >= 0 and top >= 0
        assert max(points[:, 0].max(), right) <= width and max(points[:, 1].max(), bottom) <= height


@pytest.mark.parametrize("rankdir, across", [("LR", 1), ("RL", 1), ("TB", 0), ("BT", 0)])
def test_a_strip_with_a_direction_is_not_folded(strip, rankdir, across):
    assert np.ptp(nodes(strip.plot(rankdir=rankdir).svg())[:, across]) < 1e-9  # rounding


def test_a_group_is_in_one_row(strip):
    svg = strip.plot(subgraphfun=lambda state: f"phases from {state[0] // 4 * 4}").svg()
    boxes = [box(each) for each in classed(svg, "group")]
    assert all(bottom - top < 60 for _, top, _, bottom in boxes)
    assert all(apart(a, b) for a, b in combinations(boxes, 2))
    assert len({top for _, top, _, _ in boxes}) > 1


def test_a_short_chain_is_one_row():
    assert np.ptp(nodes(models.kingman(6).plot().svg())[:, 1]) < 1e-9  # rounding


# Sizes


@pytest.mark.parametrize("graph", [rabbits(5), models.erlang(60), models.structured_coalescent([3, 3])])
@pytest.mark.parametrize("rankdir", [None, "LR", "TB"])
def test_text_can_be_read_at_the_size_of_the_drawing(graph, rankdir):
    # Widths are written to a tenth of a point.
    assert smallest_text(graph.plot(rankdir=rankdir).svg()) > 9 - 1e-2


def test_a_drawing_as_wide_as_a_page_is_not_shrunk(system):
    assert scale(system.plot().svg()) == 1


def test_a_drawing_somewhat_wider_is_shrunk_to_a_page():
    assert size(models.kingman(6).plot().svg())[0] == 720


def test_a_size_that_is_asked_for_is_kept():
    width, height = size(rabbits(5).plot(size=(6, 4)).svg())
    assert width <= 6 * 72 and height <= 4 * 72


def test_pages_may_shrink_only_what_fits_a_page(system):
    narrow, wide = (ElementTree.fromstring(graph.plot().svg()) for graph in (system, rabbits(5)))
    assert (narrow.get("style"), wide.get("style")) == ("max-width:100%;height:auto", None)


def test_a_dense_summary_has_few_links():
    svg = rabbits(30).plot().svg()
    between = [e for e in classed(svg, "edge") if e.get("data-source") != e.get("data-target")]
    assert 10 <= len(between) <= 4 * len(classed(svg, "node"))


# Labels


@pytest.mark.parametrize("n", [2, 3])
@pytest.mark.parametrize("rankdir", [None, "TB"])
def test_labels_do_not_touch(n, rankdir):
    boxes = [box(each) for each in classed(rabbits(n).plot(rankdir=rankdir).svg(), "edge")]
    assert all(apart(a, b) for a, b in combinations(boxes, 2))


def test_labels_have_a_background(system):
    for edge in classed(system.plot().svg(), "edge"):
        (paper,) = edge.iter(f"{SVG}rect")
        assert paper.get("fill") == "#ffffff"

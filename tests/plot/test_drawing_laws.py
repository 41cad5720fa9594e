"""Laws of drawings, over random graphs: all is there, all is apart, and nothing changes from run to run."""

from itertools import combinations, pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phasic.plot._fold import fold
from phasic.plot._isotonic import spread
from phasic.plot._layers import layers
from phasic.plot._tracks import spans, tracks

from tests.plot.pictures import apart, box, classed, course, dot_edges, dot_nodes, middle, pairs, texts
from tests.strategies import chains, discrete_chains, parameterised_models

directions = st.sampled_from([None, "LR", "RL", "TB", "BT"])
graphs = st.one_of(chains(), parameterised_models(), discrete_chains()).map(lambda model: model.graph())


@given(graphs)
def test_every_vertex_is_in_the_source(graph):
    assert list(dot_nodes(graph.plot().source)) == [str(v) for v in range(graph.vertices_length())]


@given(graphs)
def test_every_edge_is_in_the_source(graph):
    assert set(dot_edges(graph.plot().source)) == pairs(graph)


@given(graphs)
def test_every_vertex_is_in_the_svg(graph):
    found = [each.get("data-node") for each in classed(graph.plot().svg(), "node")]
    assert found == [str(v) for v in range(graph.vertices_length())]


@given(graphs)
def test_every_edge_is_in_the_svg(graph):
    edges = classed(graph.plot().svg(), "edge")
    assert {(e.get("data-source"), e.get("data-target")) for e in edges} == pairs(graph)


@given(graphs, directions)
def test_no_two_vertices_overlap(graph, rankdir):
    boxes = [box(each) for each in classed(graph.plot(rankdir=rankdir).svg(), "node")]
    assert all(apart(a, b) for a, b in combinations(boxes, 2))


@given(graphs, directions, st.integers(2, 4))
def test_no_vertex_is_in_the_box_of_another_group(graph, rankdir, k):
    svg = graph.plot(subgraphfun=lambda state: f"group {state[0] % k}", rankdir=rankdir).svg()
    groups = {texts(each)[0]: box(each) for each in classed(svg, "group")}
    for node in classed(svg, "node"):
        transient = "transient" in node.get("class")
        own = f"group {int(texts(node)[0]) % k}" if transient else None
        assert all(apart(box(node), around) for name, around in groups.items() if name != own)


@given(graphs, directions, st.integers(2, 4), st.sampled_from(["", "a long name of a group "]))
def test_no_two_groups_overlap(graph, rankdir, k, name):
    svg = graph.plot(subgraphfun=lambda state: f"{name}{state[0] % k}", rankdir=rankdir).svg()
    boxes = [box(each) for each in classed(svg, "group")]
    assert all(apart(a, b) for a, b in combinations(boxes, 2))


@given(graphs, directions)
def test_labels_of_opposite_edges_are_nearer_to_their_own(graph, rankdir):
    edges = classed(graph.plot(rankdir=rankdir).svg(), "edge")
    found = {(e.get("data-source"), e.get("data-target")): e for e in edges}
    for (source, target), edge in found.items():
        if source != target and (target, source) in found:
            own, other = (
                np.hypot(*(course(each) - middle(edge)).T).min() for each in (edge, found[target, source])
            )
            assert own < other


layers_and_groups = st.tuples(st.integers(0, 8), st.none() | st.integers(0, 4))


@given(st.lists(layers_and_groups, min_size=1, max_size=15))
def test_tracks_are_as_few_as_can_be_and_groups_have_theirs_alone(nodes):
    layer, group = zip(*nodes, strict=True)
    found = tracks(layer, group, [])
    around = spans(layer, group)
    at = {
        k: {("layer", k) for on, of in nodes if of is None and on == k}
        | {of for of, (a, b) in around.items() if a <= k <= b}
        for k in range(9)
    }
    assert max(found) + 1 == max(map(len, at.values()))
    track = {("layer", on) if of is None else of: i for (on, of), i in zip(nodes, found, strict=True)}
    for there in at.values():
        assert len({track[each] for each in there}) == len(there)


@given(st.lists(st.tuples(st.floats(20, 100), st.booleans()), min_size=1, max_size=60), st.floats(10, 200))
def test_rows_go_on_in_order_and_keep_what_has_to_be_whole(given_, high):
    ends, end = [], 0.0
    for deep, _ in given_:
        ends.append((end, end + deep))
        end += deep + 72.0
    whole = [(i, i + 1) for i, (_, kept) in enumerate(given_[1:]) if kept]
    row = fold(ends, high, whole, 48.0, 80.0, 60.0).row
    assert row[0] == 0 and all(b - a in (0, 1) for a, b in pairwise(row))
    assert all(row[a] == row[b] for a, b in whole)


@given(graphs, directions)
def test_all_is_on_the_paper(graph, rankdir):
    svg = graph.plot(rankdir=rankdir).svg()
    width, height = map(float, ElementTree.fromstring(svg).get("viewBox").split()[2:])
    paper = [box(each) for each in classed(svg, "node")]
    assert all(a >= 0 and b >= 0 and c <= width and d <= height for a, b, c, d in paper)


@given(chains())
def test_equal_graphs_have_equal_drawings(model):
    first, second = model.graph().plot(), model.graph().plot()
    assert (first.source, first.svg()) == (second.source, second.svg())


@given(st.text(), st.text())
def test_any_label_gives_well_formed_xml(label, group):
    from phasic import Graph

    graph = Graph(callback=lambda s: [([1], 1.0)] if not len(s) else [([0], 1.0)] if s[0] else [])
    ElementTree.fromstring(graph.plot(nodelabel=lambda s: label, subgraphfun=lambda s: group).svg())


@given(chains(max_states=8), st.integers(3, 5))
def test_a_summary_has_no_more_nodes_than_allowed(model, most):
    svg = model.graph().plot(max_nodes=most).svg()
    assert len(classed(svg, "node")) <= most


@given(chains(max_states=8))
def test_edges_between_components_lead_to_later_layers(model):
    graph = model.graph()
    links = sorted((int(a), int(b)) for a, b in pairs(graph))
    layer = layers(graph.vertices_length(), links)
    reach = {v: {v} for v in range(len(layer))}
    for _ in layer:
        for a, b in links:
            reach[a] |= reach[b]
    assert all(layer[a] < layer[b] for a, b in links if a not in reach[b])


intervals = st.lists(st.tuples(st.floats(-100, 100), st.floats(0, 10)), min_size=1, max_size=12)


@given(intervals, st.floats(-50, 50), st.floats(0, 50))
def test_spread_intervals_do_not_overlap(given_, low, slack):
    wanted, widths = zip(*given_, strict=True)
    found = spread(wanted, widths, low, low + sum(widths) + slack)
    for i in range(len(found) - 1):
        # Rounding: sums of a dozen numbers of up to 300 are right to 1e-12.
        assert found[i + 1] - found[i] >= (widths[i] + widths[i + 1]) / 2 - 1e-11


@given(intervals, st.floats(-50, 50), st.floats(0, 50))
def test_spread_intervals_stay_within_the_ends(given_, low, slack):
    wanted, widths = zip(*given_, strict=True)
    high = low + sum(widths) + slack
    found = spread(wanted, widths, low, high)
    assert found[0] - widths[0] / 2 >= low - 1e-11
    assert found[-1] + widths[-1] / 2 <= high + 1e-11


@given(intervals)
def test_spread_is_the_least_squares_solution(given_):
    wanted, widths = zip(*given_, strict=True)
    found = spread(wanted, widths, -1e4, 1e4)
    # The conditions of Karush, Kuhn and Tucker: what the first i intervals miss sums to 0 where they are free
    # to move right, to at least 0 where the next one stops them, and over all of them to 0.
    # Rounding, of ends 1e4 away: 1e-12 for each number.
    residuals = [w - f for w, f in zip(wanted, found, strict=True)]
    assert sum(residuals) == pytest.approx(0, abs=1e-9)
    for i in range(len(found) - 1):
        touching = found[i + 1] - found[i] <= (widths[i] + widths[i + 1]) / 2 + 1e-9
        head = sum(residuals[: i + 1])
        assert head >= -1e-9 if touching else abs(head) <= 1e-7

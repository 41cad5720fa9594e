"""`Graph.plot`: what is shown, how it is written, and what is refused."""

import copy
import os

import numpy as np
import phasic
import pytest
from phasic import Graph
from phasic.plot._dot import quoted
from phasic.plot._weights import formula

from tests import models
from tests.plot.pictures import classed, dot_edges, dot_nodes, texts, unquoted


@pytest.fixture
def rabbits():
    """Seven vertices and three parameters, without theta."""
    return Graph(callback=models.rabbits_parameterised, n=2)


@pytest.fixture
def stages():
    """start → 1 → 2 → 3, of constant rates."""
    return Graph(callback=models.hypoexponential, rates=(1.0, 2.5))


def labels(drawing):
    """{(source, target): label} in the SVG."""
    return {
        (each.get("data-source"), each.get("data-target")): "".join(texts(each))
        for each in classed(drawing.svg(), "edge")
    }


# Labels


def test_vertices_show_their_states(rabbits):
    assert list(dot_nodes(rabbits.plot().source).values()) == [
        "start",
        "2,0",
        "1,1",
        "0,0",
        "0,2",
        "0,1",
        "1,0",
    ]


def test_vertices_show_what_a_function_says(stages):
    shown = dot_nodes(stages.plot(nodelabel=lambda state: f"stage {state[0]}").source)
    assert list(shown.values()) == ["start", "stage 1", "stage 2", "stage 3"]


def test_edges_show_rates(stages):
    assert dot_edges(stages.plot().source) == {("0", "1"): "1", ("1", "2"): "1", ("2", "3"): "2.5"}


def test_svg_and_source_have_the_same_edge_labels(rabbits):
    drawing = rabbits.plot()
    assert labels(drawing) == dot_edges(drawing.source)


def test_edges_of_parameters_show_formulas(rabbits):
    assert dot_edges(rabbits.plot().source)["1", "2"] == "θ[0]"


def test_formulas_use_names(rabbits):
    assert dot_edges(rabbits.plot(names=["a", "b", "c"]).source)["1", "3"] == "b"


def test_edges_show_weights_at_theta(rabbits):
    rabbits.update_weights([1.5, 2.0, 4.0])
    assert dot_edges(rabbits.plot(edgelabel="weight").source)["1", "2"] == "1.5"


def test_edges_can_be_without_labels(rabbits):
    assert set(dot_edges(rabbits.plot(edgelabel=None).source).values()) == {""}


def test_parallel_edges_add_up():
    graph = Graph(1)
    a, b = graph.find_or_create_vertex([1]), graph.find_or_create_vertex([2])
    graph.starting_vertex().add_edge(a, 1.0)
    a.add_edge_parameterized(b, 0.5, [1.0, 0.0])
    a.add_edge_parameterized(b, 1.0, [1.0, 3.0])
    assert dot_edges(graph.plot().source)["1", "2"] == "1.5 + 2·θ[0] + 3·θ[1]"


@pytest.mark.parametrize(
    "base, coefficients, text",
    [
        (0.0, (2.0,), "2·a"),
        (0.0, (1.0,), "a"),
        (1.0, (0.5,), "1 + 0.5·a"),
        (3.0, (-1.0,), "3 − a"),
        (0.0, (-2.0,), "−2·a"),
        (0.0, (0.0,), "0"),
        (0.25, (), "0.25"),
        (1 / 3, (), "0.3333"),
    ],
)
def test_formulas_as_text(base, coefficients, text):
    assert formula(base, coefficients, ("a",)[: len(coefficients)]) == text


# Marks, groups and colours


def test_start_and_absorbing_vertices_are_marked(stages):
    svg = stages.plot().svg()
    assert [len(classed(svg, kind)) for kind in ("start", "transient", "absorbing")] == [1, 2, 1]


def test_absorbing_vertices_have_two_outlines_in_the_source(stages):
    assert [line.split()[0] for line in stages.plot().source.splitlines() if "peripheries" in line] == ['"3"']


def test_groups_are_boxes_with_names(rabbits):
    svg = rabbits.plot(subgraphfun=lambda state: f"{sum(state)} rabbits").svg()
    assert [texts(each) for each in classed(svg, "group")] == [["2 rabbits"], ["1 rabbits"]]


def test_groups_are_clusters_in_the_source(rabbits):
    source = rabbits.plot(subgraphfun=lambda state: f"{sum(state)} rabbits").source
    assert source.count('subgraph "cluster_') == 2


def test_values_have_a_scale_with_its_ends(rabbits):
    svg = rabbits.plot(color=[0.5, 1, 2, 3, 4, 5, 6.25]).svg()
    assert texts(classed(svg, "scale")[0]) == ["0.5", "6.25"]


def test_the_ends_of_values_have_the_ends_of_the_colours(stages):
    svg = stages.plot(color=[0, 1, 2, 3]).svg()
    first, *_, last = (
        each.find("{http://www.w3.org/2000/svg}rect").get("fill") for each in classed(svg, "node")
    )
    assert (first, last) == ("#440154", "#fde725")


def test_values_that_are_not_numbers_leave_a_vertex_as_it_is(stages):
    plain, coloured = stages.plot().source, stages.plot(color=[np.nan, 1.0, 2.0, np.inf]).source
    fills = [[line for line in text.splitlines() if line.startswith('  "0" [')] for text in (plain, coloured)]
    assert fills[0] == fills[1]


def test_words_have_a_key(stages):
    svg = stages.plot(color=lambda state: "late" if state[0] > 1 else "early").svg()
    assert [texts(each) for each in classed(svg, "key")] == [["early"], ["late"]]


def test_equal_values_are_drawn(stages):
    assert texts(classed(stages.plot(color=[1.0] * 4).svg(), "scale")[0]) == ["1", "1"]


def test_a_rainbow_colours_edges_apart(stages):
    paths = [
        each.find("{http://www.w3.org/2000/svg}path")
        for each in classed(stages.plot(rainbow=True).svg(), "edge")
    ]
    assert len({path.get("stroke") for path in paths}) == 3


# Large graphs


def test_a_large_graph_is_drawn_by_components():
    graph = Graph(callback=models.rabbits, n=6)
    note = texts(classed(graph.plot(max_nodes=10).svg(), "note")[0])
    assert note == ["29 vertices shown as 8 nodes, strongly connected components (max_nodes=10)"]


def test_nodes_for_components_say_how_many_states_they_are():
    graph = Graph(callback=models.rabbits, n=6)
    shown = sorted(dot_nodes(graph.plot(max_nodes=10).source).values())
    assert shown == sorted(["start", *(f"{k + 1} states" for k in range(1, 7)), "0,0"])


def test_many_components_are_drawn_in_bands():
    graph = Graph(callback=models.erlang, k=500)
    drawing = graph.plot(max_nodes=12)
    assert len(dot_nodes(drawing.source)) == 12
    assert "502 vertices shown as 12 nodes, bands of strongly connected components" in drawing.source


def test_a_graph_as_large_as_the_limit_is_drawn_whole(stages):
    assert not classed(stages.plot(max_nodes=4).svg(), "note")


def test_components_are_coloured_by_their_mean():
    graph = Graph(callback=models.rabbits, n=6)
    svg = graph.plot(max_nodes=10, color=lambda state: sum(state)).svg()
    assert texts(classed(svg, "scale")[0]) == ["0", "6"]


# Text that means something to DOT or XML


@pytest.mark.parametrize("text", ['a"b', "a\\b", "a\\nb", "a\nb", "<b>&amp;</b>", "]; }", "\\", "θ", ""])
def test_strings_of_dot_show_what_they_are(text):
    assert unquoted(quoted(text)[1:-1]) == text


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"/><g onload="x"', "&amp;", "]]>"])
def test_labels_are_escaped_in_svg(stages, text):
    svg = stages.plot(
        nodelabel=lambda state: text, subgraphfun=lambda state: text, color=lambda state: text
    ).svg()
    assert [texts(each) for each in classed(svg, "group")] == [[text]]
    assert "<script" not in svg and "<g onload" not in svg


def test_names_are_escaped_in_svg(rabbits):
    assert "<b>" not in rabbits.plot(names=["<b>", "b", "c"]).svg()


def test_the_background_is_escaped_in_svg(stages):
    assert "<script" not in stages.plot(bgcolor='"><script>').svg()


def test_characters_that_xml_forbids_are_replaced(stages):
    assert "a�b" in stages.plot(nodelabel=lambda state: "a\x00b").svg()


# Arguments


@pytest.mark.parametrize(
    "argument, value, written",
    [
        ("constraint", False, 'constraint="false"'),
        ("ranksep", 2, 'ranksep="2"'),
        ("nodesep", 0.5, 'nodesep="0.5"'),
        ("rankdir", "TB", 'rankdir="TB"'),
        ("size", (8, 8), 'size="8,8"'),
        ("fontsize", 9, 'fontsize="9"'),
        ("penwidth", 3, 'penwidth="3"'),
        ("splines", "ortho", 'splines="ortho"'),
        ("concentrate", True, 'concentrate="true"'),
    ],
)
def test_arguments_of_graphviz_are_in_the_source(stages, argument, value, written):
    assert written in stages.plot(**{argument: value}).source


def test_a_theme_holds_until_the_next(stages):
    phasic.set_theme("dark")
    try:
        assert 'bgcolor="#1f1f1f"' in stages.plot().source
        assert stages.plot(theme="light").source != stages.plot().source
    finally:
        phasic.set_theme("light")
    with pytest.raises(ValueError, match="theme is 'blue'"):
        phasic.set_theme("blue")


def test_a_theme_changes_the_paper(stages):
    assert 'bgcolor="#1f1f1f"' in stages.plot(theme="dark").source


@pytest.mark.parametrize(
    "argument, value, said",
    [
        ("theme", "blue", "theme is 'blue'"),
        ("rankdir", "XY", "rankdir is 'XY'"),
        ("max_nodes", 2, "max_nodes is 2"),
        ("size", (1, 2, 3), "size is"),
        ("size", (1, -2), "size is -2"),
        ("ranksep", 0, "ranksep is 0"),
        ("fontsize", float("nan"), "fontsize is nan"),
        ("edgelabel", "rate", "edgelabel is 'rate'"),
        ("names", ["a"], "names is"),
        ("names", "abc", "names is 'abc'"),
        ('a="b", c', 1, "graphviz has no attribute"),
        ("color", [1.0, 2.0], r"color has shape \(2,\)"),
        ("color", lambda state: state[0] if state[0] else "none", "numbers for some vertices and words"),
    ],
)
def test_bad_arguments_are_named(rabbits, argument, value, said):
    with pytest.raises(ValueError, match=said):
        rabbits.plot(**{argument: value})


@pytest.mark.filterwarnings("ignore:this graph has")
def test_weights_before_theta_are_those_of_ones(rabbits):
    before = rabbits.plot(edgelabel="weight").source
    rabbits.update_weights([1.0, 1.0, 1.0])
    assert rabbits.plot(edgelabel="weight").source == before


def test_a_graph_that_cannot_be_computed_with_is_drawn():
    graph = Graph(1)
    a, b = graph.find_or_create_vertex([1]), graph.find_or_create_vertex([2])
    graph.starting_vertex().add_edge(a, 1.0)
    a.add_edge(b, 1.0)
    b.add_edge(a, 1.0)
    assert len(classed(graph.plot().svg(), "edge")) == 3


def test_an_empty_graph_is_drawn():
    assert list(dot_nodes(Graph(1).plot().source).values()) == ["start"]


# The drawing


def test_notebooks_get_svg(stages):
    bundle = stages.plot()._repr_mimebundle_()
    assert bundle["image/svg+xml"].startswith("<svg")


def test_a_drawing_is_told_in_one_line(stages):
    assert repr(stages.plot()) == "Drawing(4 nodes, 3 edges)"


def test_savefig_names_save(stages):
    with pytest.raises(AttributeError, match=r"'savefig': Drawing\.save\(path\)"):
        stages.plot().savefig("graph.svg")


def test_an_attribute_that_is_not_there_is_named_alone(stages):
    with pytest.raises(AttributeError) as caught:
        stages.plot().colour()
    assert str(caught.value) == "Drawing has no attribute 'colour'"


def test_a_drawing_can_be_copied(stages):
    drawing = stages.plot()
    assert copy.deepcopy(drawing).svg() == drawing.svg()


def test_svg_is_saved(stages, tmp_path):
    drawing = stages.plot()
    assert drawing.save(tmp_path / "graph.svg").read_text(encoding="utf-8") == drawing.svg()


@pytest.mark.parametrize("name", ["graph.dot", "graph.gv"])
def test_source_is_saved(stages, tmp_path, name):
    drawing = stages.plot()
    assert drawing.save(str(tmp_path / name)).read_text(encoding="utf-8") == drawing.source


def test_a_name_without_ending_is_refused(stages, tmp_path):
    with pytest.raises(ValueError, match="no ending"):
        stages.plot().save(tmp_path / "graph")


def test_other_files_need_graphviz(stages, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="install graphviz"):
        stages.plot().save(tmp_path / "graph.pdf")


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Put a program called dot on PATH that runs a line of shell."""

    def put(line):
        folder = tmp_path / "bin"
        folder.mkdir()
        file = folder / "dot"
        file.write_text(f"#!/bin/sh\n{line}\n")
        file.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    return put


def test_graphviz_gets_the_source_and_the_format(stages, program):
    program('echo "$1"; cat')
    drawing = stages.plot()
    assert drawing.render("pdf") == b"-Tpdf\n" + drawing.source.encode()


def test_what_graphviz_says_is_repeated(stages, program):
    program("cat > /dev/null; echo no such format >&2; exit 1")
    with pytest.raises(ValueError, match="no such format"):
        stages.plot().render("xyz")

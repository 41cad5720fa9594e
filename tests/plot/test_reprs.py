"""What notebooks and consoles show of graphs, traces, models and the cache."""

from html.parser import HTMLParser

import jax
import pytest
from phasic import CacheManager, Graph

from tests import models


class Tables(HTMLParser):
    """Cells of the tables of a document, row by row."""

    def __init__(self):
        super().__init__()
        self.rows, self.inside = [], False

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self.inside = True

    def handle_endtag(self, tag):
        self.inside = self.inside and tag not in ("td", "th")

    def handle_data(self, data):
        if self.inside:
            self.rows[-1][-1] += data


def rows(shown):
    """{name: cells} of what a notebook shows."""
    reader = Tables()
    reader.feed(shown._repr_html_())
    return {name: cells for name, *cells in reader.rows}


@pytest.fixture
def rabbits():
    return Graph(callback=models.rabbits_parameterised, n=2)


def test_a_graph_tells_its_size_and_structure(rabbits):
    found = rows(rabbits)
    assert found == {
        "vertices": ["7"],
        "edges": ["13"],
        "parameters": ["3"],
        "law": ["time, continuous"],
        "absorbing vertices": ["1"],
        "acyclic": ["no"],
        "start": ["(2, 0) with probability 1"],
    }


def test_a_graph_tells_theta(rabbits):
    rabbits.update_weights([1.0, 2.0, 4.5])
    assert rows(rabbits)["parameters"] == ["3, theta = 1, 2, 4.5"]


def test_a_graph_names_few_of_many_initial_states():
    graph = Graph(callback=models.hyperexponential, probabilities=(0.2,) * 5, rates=(1.0, 2.0, 3.0, 4.0, 5.0))
    assert rows(graph)["start"][0].endswith("(3) with probability 0.2; and 2 more")


def test_a_small_graph_is_drawn(rabbits):
    assert "<svg" in rabbits._repr_html_()


def test_a_larger_graph_is_not_drawn():
    assert "<svg" not in Graph(callback=models.erlang, k=30)._repr_html_()


def test_an_empty_graph_is_shown():
    assert rows(Graph(2))["start"] == ["no edges"]


def test_a_trace_tells_its_size(rabbits):
    found = rows(rabbits.trace())
    assert (found["vertices"], found["transient"], found["parameters"]) == (["7"], ["5"], ["3"])


def test_a_model_tells_its_law(rabbits):
    found = rows(rabbits.model())
    assert (found["law"], found["parameters"]) == (["time, continuous"], ["3"])


def test_a_model_is_told_in_one_line(rabbits):
    hash_ = rabbits.content_hash()[:12]
    assert repr(rabbits.model()) == f"Model({hash_}…, vertices=7, parameters=3, continuous)"


def test_a_model_can_be_told_inside_of_jit(rabbits):
    told = []

    @jax.jit
    def tell(model):
        told.append(repr(model))
        return 0

    tell(rabbits.model())
    assert len(told) == 1
    assert told[0].startswith("Model(key of type ")


def test_a_cache_tells_its_layers(tmp_path):
    manager = CacheManager(tmp_path / "cache")
    manager.put_trace("0" * 64, b"x")
    assert rows(manager)["trace"] == ["0", "0", "1"]


def test_a_cache_is_told_in_one_line(tmp_path):
    assert repr(CacheManager(tmp_path)) == f"CacheManager({str(tmp_path)!r})"


def test_a_folder_is_escaped(tmp_path):
    assert "<b>" not in CacheManager(tmp_path / "<b>x<b>")._repr_html_()


@pytest.mark.parametrize("make", [lambda g: g, lambda g: g.trace(), lambda g: g.model()])
def test_plain_text_is_one_line(rabbits, make):
    assert "\n" not in repr(make(rabbits))

"""The content hash: the same for the same model, different for any other."""

import re
from dataclasses import replace

import pytest
from phasic import Graph

from tests.models import EdgeModel

MODEL = EdgeModel(
    3,
    1,
    {0: 0.5, 1: 0.25},
    [
        (0, 1, 1.0, (1.0, 0.0)),
        (1, 0, 0.0, (0.0, 2.0)),
        (1, 2, 3.0, (1.0, 1.0)),
        (2, 3, 0.0, (1.0, 0.5)),
        (0, 3, 2.0, (0.0, 0.0)),
    ],
    p=2,
)


def replaced(**changes):
    return replace(MODEL, **changes).graph().content_hash()


def test_sixty_four_hex_digits():
    assert re.fullmatch("[0-9a-f]{64}", MODEL.graph().content_hash())


@pytest.mark.parametrize("order", [(3, 2, 1, 0), (2, 0, 3, 1), (1, 3, 0, 2)])
def test_order_of_creation_does_not_matter(order):
    assert MODEL.graph(order=order).content_hash() == MODEL.graph().content_hash()


@pytest.mark.parametrize("order", [(4, 3, 2, 1, 0), (2, 0, 4, 1, 3)])
def test_order_of_edges_does_not_matter(order):
    shuffled = MODEL.graph(edges=[MODEL.edges[i] for i in order])
    assert shuffled.content_hash() == MODEL.graph().content_hash()


def test_order_of_initial_edges_does_not_matter():
    assert replaced(initial={1: 0.25, 0: 0.5}) == MODEL.graph().content_hash()


def test_negative_zero_is_zero():
    edges = [
        (u, v, -0.0 if b == 0 else b, tuple(-0.0 if x == 0 else x for x in c)) for u, v, b, c in MODEL.edges
    ]
    assert replaced(edges=edges) == MODEL.graph().content_hash()


def test_a_copy_has_the_same_hash():
    assert MODEL.graph().content_hash() == MODEL.graph().content_hash()


@pytest.mark.parametrize(
    "edge",
    [(2, 3, 0.0, (1.0, 0.25)), (2, 3, 0.0, (0.5, 1.0)), (2, 3, 1.0, (1.0, 0.5)), (2, 0, 0.0, (1.0, 0.5))],
    ids=["coefficient", "coefficients swapped", "base", "target"],
)
def test_another_edge_changes_the_hash(edge):
    assert replaced(edges=[*MODEL.edges[:3], edge, MODEL.edges[4]]) != MODEL.graph().content_hash()


def test_the_last_bit_of_a_base_changes_the_hash():
    edge = (0, 3, 2.0000000000000004, (0.0, 0.0))
    assert replaced(edges=[*MODEL.edges[:4], edge]) != MODEL.graph().content_hash()


def test_a_missing_edge_changes_the_hash():
    assert replaced(edges=MODEL.edges[:4]) != MODEL.graph().content_hash()


def test_the_initial_distribution_changes_the_hash():
    assert replaced(initial={0: 0.5, 1: 0.5}) != MODEL.graph().content_hash()


def test_states_change_the_hash():
    def single(label):
        graph = Graph(1)
        vertex, end = graph.find_or_create_vertex([label]), graph.find_or_create_vertex([9])
        graph.starting_vertex().add_edge(vertex, 1.0)
        vertex.add_edge(end, 1.0)
        return graph.content_hash()

    assert single(1) != single(2)


def test_state_boundaries_change_the_hash():
    def single(states):
        graph = Graph(len(states[0]))
        vertex, end = (graph.find_or_create_vertex(s) for s in states)
        graph.starting_vertex().add_edge(vertex, 1.0)
        vertex.add_edge(end, 1.0)
        return graph.content_hash()

    assert single([[1], [2]]) != single([[1, 0], [2, 0]])


def test_an_added_edge_changes_the_hash_of_the_same_graph():
    graph = MODEL.graph()
    before = graph.content_hash()
    graph.find_vertex([1]).add_edge_parameterized(graph.find_vertex([3]), 1.0, [0.0, 0.0])
    assert graph.content_hash() != before

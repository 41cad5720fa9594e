"""Answers that the tests of the older C, C++ and R libraries know, and closed forms of the same chains."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from phasic import Graph, test_utils

from tests import models


def lettered(edges, start):
    """A graph of edges "AB" with weights, states are letters; and the index of each letter."""
    graph = Graph(1)
    vertices = {letter: graph.find_or_create_vertex([ord(letter)]) for pair in edges for letter in pair}
    graph.starting_vertex().add_edge(vertices[start[0]], start[1])
    for (source, target), weight in edges.items():
        vertices[source].add_edge(vertices[target], weight)
    return graph, {letter: vertex.index() for letter, vertex in vertices.items()}


@pytest.fixture
def cyclic():
    """`test_cyclic_expected_entry_visits` of tester.cpp."""
    edges = {"AB": 3, "BC": 4, "CA": 4, "BD": 2, "DE": 5, "EF": 5, "EI": 15, "FG": 1, "GH": 1, "HF": 1}
    edges |= {"HG": 1, "HT": 1, "IL": 1, "LT": 1, "CJ": 1, "JK": 1, "KJ": 1, "KE": 1, "KG": 1}
    return lettered(edges, ("A", 1.0))


VISITS = {
    "A": (2.14, 15 / 7),
    "B": (2.14, 15 / 7),
    "C": (1.42, 10 / 7),
    "D": (0.71, 5 / 7),
    "E": (0.85, 6 / 7),
    "J": (0.42, 3 / 7),
    "K": (0.42, 3 / 7),
    "G": (1.07, 15 / 14),
    "H": (1.07, 15 / 14),
}


@pytest.mark.parametrize("letter", VISITS)
def test_visits_of_a_cyclic_chain(cyclic, letter):
    graph, index = cyclic
    known, exact = VISITS[letter]
    assert_allclose(graph.expected_visits()[index[letter]], exact, rtol=1e-14)
    assert abs(known - exact) < 0.01  # two decimals, cut off


ENTRIES = {"FGH": (0.35, 5 / 14), "L": (0.64, 9 / 14), "I": (0.64, 9 / 14), "E": (0.85, 6 / 7)}
ENTRIES |= {"JK": (0.28, 2 / 7), "D": (0.71, 5 / 7), "ABC": (1.0, 1.0), "T": (1.0, 1.0)}


@pytest.mark.parametrize("component", ENTRIES)
def test_probabilities_of_entering_a_component(cyclic, component):
    graph, index = cyclic
    known, exact = ENTRIES[component]
    found = graph.backward_probabilities([index[letter] for letter in component])[0]
    assert_allclose(found, exact, rtol=1e-14)
    assert abs(known - exact) < 0.01


def test_times_to_absorption_from_every_vertex():
    edges = {"FB": 2.3, "FD": 0.7, "AB": 0.2, "AF": 0.2, "AD": 1.6, "BC": 5, "CA": 0.5, "CD": 1.5, "DT": 1}
    graph, index = lettered(edges, ("A", 1.0))
    waiting = graph.expected_waiting_time()
    known = {"T": 0.0, "C": 1.67, "B": 1.87, "D": 1.0, "A": 1.68}
    # `test_desc_exp`; it knows F as 2.00, where A's 1.68 and B's 1.87 give (1 + 2.3 · 1.87 + 0.7) / 3 = 2.00
    assert_allclose(waiting[[index[letter] for letter in known]], list(known.values()), atol=0.01)
    assert_allclose(waiting[index["F"]], (1.7 + 2.3 * waiting[index["B"]]) / 3, rtol=1e-14)
    assert_allclose(waiting[index["F"]], 2.0, atol=0.01)


def test_the_first_row_of_a_matrix():
    edges = {"AB": 2, "AC": 4, "BD": 10, "DF": 5, "CF": 15, "CG": 15, "GF": 15, "FT": 1}
    graph, _ = lettered(edges, ("A", 0.5))
    matrices = graph.as_matrices()
    assert matrices.sim[0, :3].tolist() == [-6.0, 2.0, 4.0]
    assert not matrices.sim[1:, 0].any()
    assert (matrices.ipv[0], graph.defect()) == (0.5, 0.5)


def test_rabbits_that_are_flooded_before_they_jump():
    graph = Graph(callback=models.rabbits, n=2)
    rewarded = graph.reward_transform(graph.states()[:, 1].astype(float))
    assert_allclose(rewarded.defect(), 2 / 3, rtol=1e-14)


def test_branch_lengths_of_four_samples():
    graph = test_utils.coalescent_manual_construction(4)
    lengths = [graph.expectation(row.astype(float)) for row in graph.states().T[:3]]
    assert_allclose(lengths, [2.0, 1.0, 2 / 3], rtol=1e-14)
    rewarded = graph.reward_transform(graph.states()[:, 2].astype(float))
    assert_allclose(rewarded.expectation(), 2 / 3, rtol=1e-14)


def test_four_samples_with_a_way_back():
    graph = test_utils.coalescent_manual_construction(4)
    assert graph.is_acyclic()
    graph.vertex_at(4).add_edge(graph.vertex_at(2), 4.0)
    assert not graph.is_acyclic()
    matrices = graph.as_matrices()
    inverse = np.linalg.inv(-matrices.sim)
    ones = np.ones(len(inverse))
    moments = [matrices.ipv @ inverse @ ones, 2 * matrices.ipv @ inverse @ inverse @ ones]
    assert_allclose(graph.moments(2), moments, rtol=1e-13)


def test_a_discrete_chain_with_a_defect():
    graph = Graph(1)
    end, other, b, a = (graph.find_or_create_vertex([i]) for i in (1, 2, 3, 4))
    graph.starting_vertex().add_edge(a, 0.75)
    graph.starting_vertex().add_edge(other, 0.25)
    a.add_edge(b, 0.8)
    b.add_edge(end, 0.5)
    b.add_edge(other, 0.2)
    # three steps: stay once in a, with 0.2, or once in b, with 0.3
    three = 0.75 * 0.8 * 0.7 * (0.2 + 0.3)
    known = [0.25, 0.0, 0.75 * 0.8 * 0.7, three]
    assert_allclose(graph.pmf_discrete([0, 1, 2, 3]), known, rtol=1e-14)
    assert_allclose(graph.cdf_discrete([0, 1, 2, 3]), np.cumsum(known), rtol=1e-14)


@pytest.mark.parametrize(("entered", "rate"), [(1.0, 1.0), (1.0, 3.0), (0.5, 3.0)])
def test_an_exponential_time_with_a_defect(entered, rate):
    graph = Graph(1)
    one, end = graph.find_or_create_vertex([1]), graph.find_or_create_vertex([2])
    graph.starting_vertex().add_edge(one, entered)
    if entered < 1:
        graph.starting_vertex().add_edge(end, 1 - entered)
    one.add_edge(end, rate)
    times = np.arange(0.0, 1.0, 0.1)
    # 1e-10: the relative truncation error that is asked for by default
    assert_allclose(graph.cdf(times), 1 - entered * np.exp(-rate * times), rtol=1e-10, atol=1e-15)
    assert_allclose(graph.pdf(times), entered * rate * np.exp(-rate * times), rtol=1e-10)
    assert graph.defect() == 1 - entered


def test_a_weight_at_two_parameters():
    graph = Graph(1)
    one, end = graph.find_or_create_vertex([1]), graph.find_or_create_vertex([2])
    graph.starting_vertex().add_edge(one, 1.0)
    one.add_edge_parameterized(end, 0.0, [1.0, 2.0])
    graph.update_weights([9.0, 5.0])
    assert one.edges()[0].weight() == 19.0

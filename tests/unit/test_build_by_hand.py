"""Graphs built vertex by vertex."""

import numpy as np
import pytest
from phasic import Graph


@pytest.fixture
def graph():
    """Start -> [2] at probability 1; [2] -> [1] at 3, [2] -> [9] at 0.5; [1] -> [9] at 2."""
    graph = Graph(1)
    two = graph.find_or_create_vertex([2])
    one = graph.find_or_create_vertex([1])
    end = graph.find_or_create_vertex([9])
    graph.starting_vertex().add_edge(two, 1.0)
    two.add_edge(one, 3.0)
    two.add_edge(end, 0.5)
    one.add_edge(end, 2.0)
    return graph


def test_starting_vertex_is_vertex_zero(graph):
    assert graph.starting_vertex().index() == 0


def test_vertices_length_counts_the_starting_vertex(graph):
    assert graph.vertices_length() == 4


def test_edges_length_counts_the_initial_edges(graph):
    assert graph.edges_length() == 4


def test_state_length_by_position():
    assert Graph(3).state_length() == 3


def test_state_length_by_name():
    assert Graph(state_length=2).state_length() == 2


def test_states_has_one_row_per_vertex(graph):
    assert graph.states().shape == (4, 1)


def test_states_are_integers(graph):
    assert np.issubdtype(graph.states().dtype, np.integer)


def test_states_are_in_vertex_order(graph):
    assert graph.states()[1:, 0].tolist() == [2, 1, 9]


def test_find_or_create_returns_the_vertex_that_exists(graph):
    assert graph.find_or_create_vertex([1]).index() == graph.find_vertex([1]).index()


def test_find_or_create_adds_no_second_vertex(graph):
    graph.find_or_create_vertex([1])
    assert graph.vertices_length() == 4


def test_focv_is_find_or_create_vertex(graph):
    assert graph.focv([2]).index() == 1


def test_find_or_create_accepts_an_integer_array(graph):
    assert graph.find_or_create_vertex(np.array([2])).index() == 1


def test_vertex_exists(graph):
    assert graph.vertex_exists([2])


def test_vertex_does_not_exist(graph):
    assert not graph.vertex_exists([3])


def test_vertex_at_returns_the_vertex_of_that_index(graph):
    assert list(graph.vertex_at(3).state()) == [9]


def test_vertices_are_in_index_order(graph):
    assert [v.index() for v in graph.vertices()] == [0, 1, 2, 3]


def test_state_of_a_vertex(graph):
    assert list(graph.find_vertex([2]).state()) == [2]


def test_states_may_have_negative_entries():
    graph = Graph(2)
    assert list(graph.find_or_create_vertex([-1, 5]).state()) == [-1, 5]


def test_rate_is_the_sum_of_outgoing_weights(graph):
    assert graph.find_vertex([2]).rate() == 3.5


def test_rate_of_an_absorbing_vertex_is_zero(graph):
    assert graph.find_vertex([9]).rate() == 0.0


def test_edges_of_an_absorbing_vertex(graph):
    assert graph.find_vertex([9]).edges() == []


def test_edge_targets(graph):
    assert sorted(next(iter(e.to().state())) for e in graph.find_vertex([2]).edges()) == [1, 9]


def test_edge_weights(graph):
    assert {next(iter(e.to().state())): e.weight() for e in graph.find_vertex([2]).edges()} == {
        1: 3.0,
        9: 0.5,
    }


def test_constant_edge_has_its_weight_as_base(graph):
    assert {e.base() for e in graph.find_vertex([1]).edges()} == {2.0}


def test_ae_is_add_edge(graph):
    graph.find_vertex([1]).ae(graph.find_vertex([2]), 0.25)
    assert graph.find_vertex([1]).rate() == 2.25


def test_a_constant_graph_is_not_parameterised(graph):
    assert not graph.parameterized()


def test_a_constant_graph_has_no_parameters(graph):
    assert graph.param_length() == 0


def test_parallel_edges_add_up():
    graph = Graph(1)
    vertex, end = graph.find_or_create_vertex([1]), graph.find_or_create_vertex([2])
    graph.starting_vertex().add_edge(vertex, 1.0)
    vertex.add_edge(end, 1.5)
    vertex.add_edge(end, 2.5)
    assert graph.expectation() == 0.25


def test_a_self_loop_does_not_change_the_absorption_time(graph):
    one = graph.find_vertex([1])
    before = graph.expectation()
    one.add_edge(one, 100.0)
    assert graph.expectation() == pytest.approx(before, rel=1e-15)  # one rounding of another order of sums


def test_an_edge_added_after_a_number_was_asked_for_counts(graph):
    graph.expectation()
    graph.find_vertex([1]).add_edge(graph.find_vertex([9]), 2.0)
    # 1/3.5 + 3/3.5 * 1/4
    assert graph.expectation() == pytest.approx(0.5, rel=1e-15)


def test_an_edge_of_rate_zero_changes_nothing(graph):
    before = graph.expectation()
    graph.find_vertex([1]).add_edge(graph.find_vertex([2]), 0.0)
    assert graph.expectation() == before


def test_a_vertex_outlives_the_name_of_its_graph():
    vertex = Graph(1).find_or_create_vertex([7])
    assert list(vertex.state()) == [7]


def test_a_chain_has_no_cycle(graph):
    assert graph.is_acyclic()


def test_a_way_back_makes_a_cycle(graph):
    graph.find_vertex([1]).add_edge(graph.find_vertex([2]), 1.0)
    assert not graph.is_acyclic()


def test_validate_accepts_a_proper_chain(graph):
    assert graph.validate() is None


def test_initial_mass_on_an_absorbing_vertex_is_an_atom_at_zero():
    graph = Graph(1)
    vertex, end = graph.find_or_create_vertex([1]), graph.find_or_create_vertex([2])
    graph.starting_vertex().add_edge(vertex, 0.75)
    graph.starting_vertex().add_edge(end, 0.25)
    vertex.add_edge(end, 1.0)
    assert graph.defect() == 0.25


def test_missing_initial_mass_is_an_atom_at_zero():
    graph = Graph(1)
    vertex, end = graph.find_or_create_vertex([1]), graph.find_or_create_vertex([2])
    graph.starting_vertex().add_edge(vertex, 0.75)
    vertex.add_edge(end, 1.0)
    assert graph.defect() == 0.25


def test_no_defect(graph):
    assert graph.defect() == 0.0

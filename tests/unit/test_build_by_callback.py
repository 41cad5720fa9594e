"""Graphs built from a transition rule."""

import numpy as np
import pytest
from phasic import Graph

from tests import models
from tests.reference import truth


@pytest.mark.parametrize("n", [2, 5, 30])
def test_rabbit_vertices(n):
    assert Graph(callback=models.rabbits, n=n).vertices_length() == (n + 1) * (n + 2) // 2 + 1


@pytest.mark.parametrize("n", [10, 20])
def test_block_counting_vertices_are_partitions_and_the_start(n):
    assert Graph(callback=models.block_counting, n=n).vertices_length() == truth.PARTITIONS[n] + 1


@pytest.mark.parametrize(
    "callback",
    [models.rabbits, models.kingman, models.two_demes, models.two_loci, models.coxian, models.tandem_queue],
)
def test_states_are_those_of_a_plain_search(callback):
    _, states = models.explore(callback)
    graph = Graph(callback=callback)
    assert sorted(map(tuple, graph.states()[1:].tolist())) == sorted(states)


@pytest.mark.parametrize("callback", [models.rabbits, models.two_demes, models.tandem_queue])
def test_edges_are_those_of_a_plain_search(callback):
    model, states = models.explore(callback)
    graph = Graph(callback=callback)
    found = {
        (tuple(v.state()), tuple(e.to().state())): e.weight() for v in graph.vertices()[1:] for e in v.edges()
    }
    assert found == {(states[u], states[v]): rate for u, v, rate in model.weighted()}


def test_keyword_arguments_reach_the_callback():
    graph = Graph(callback=models.rabbits, n=3, rates=(1.0, 1.0, 1.0))
    assert graph.find_vertex([3, 0]).rate() == 2.0


def test_the_first_call_has_an_empty_state():
    lengths = []

    def callback(state):
        lengths.append(len(state))
        return [((1,), 1.0)] if len(state) == 0 else []

    Graph(callback=callback)
    assert lengths[0] == 0


def test_the_callback_sees_integer_arrays():
    kinds = []

    def callback(state):
        kinds.append((type(state), state.dtype.kind))
        return [((1,), 1.0)] if len(state) == 0 else []

    Graph(callback=callback)
    assert set(kinds) == {(np.ndarray, "i")}


def test_each_state_is_asked_once():
    seen = []

    def callback(state):
        seen.append(tuple(int(x) for x in state))
        return models.rabbits(state, n=4)

    Graph(callback=callback)
    assert len(seen) == len(set(seen)) == 16  # 15 states and the empty one


def test_several_initial_states():
    graph = Graph(callback=models.hyperexponential, probabilities=(0.25, 0.75), rates=(1.0, 10.0))
    assert [e.weight() for e in graph.starting_vertex().edges()] == [0.25, 0.75]


def test_initial_probabilities_below_one_leave_a_defect():
    assert Graph(callback=models.hyperexponential, probabilities=(0.25, 0.5)).defect() == 0.25


def test_base_and_coefficients():
    def callback(state):
        if len(state) == 0:
            return [((1,), 1.0)]
        return [((2,), 0.5, [1.0, 2.0])] if state[0] == 1 else []

    graph = Graph(callback=callback, parameterized=True)
    edge = graph.find_vertex([1]).edges()[0]
    assert (edge.base(), list(edge.coefficients())) == (0.5, [1.0, 2.0])


def test_coefficients_without_base():
    def callback(state):
        if len(state) == 0:
            return [((1,), 1.0)]
        return [((2,), [1.0, 2.0])] if state[0] == 1 else []

    edge = Graph(callback=callback, parameterized=True).find_vertex([1]).edges()[0]
    assert (edge.base(), list(edge.coefficients())) == (0.0, [1.0, 2.0])


def test_parameterised_is_found_out_from_the_edges():
    assert Graph(callback=models.rabbits_parameterised).parameterized()


def test_constant_is_found_out_from_the_edges():
    assert not Graph(callback=models.rabbits).parameterized()


@pytest.mark.parametrize("none", [(), []])
def test_an_edge_of_a_parameterised_model_may_have_no_coefficients(none):
    def callback(state):
        if len(state) == 0:
            return [((1,), 1.0)]
        return {1: [((2,), 0.0, [1.0])], 2: [((3,), 4.0, none)], 3: []}[int(state[0])]

    graph = Graph(callback=callback, parameterized=True)
    graph.update_parameterized_weights([2.0])
    assert graph.expectation() == 0.75


@pytest.mark.parametrize("row", [[0.5], (0.5,), np.array([0.5])], ids=["list", "tuple", "array"])
def test_a_sequence_of_one_number_is_a_coefficient(row):
    def callback(state):
        if len(state) == 0:
            return [((1,), 1.0)]
        return [((2,), row)] if state[0] == 1 else []

    edge = Graph(callback=callback).find_vertex([1]).edges()[0]
    assert (edge.base(), list(edge.coefficients())) == (0.0, [0.5])


@pytest.mark.parametrize(
    "rate", [2, True, np.float32(2), np.int64(2), np.array(2.0)], ids=["int", "bool", "f4", "i8", "0-d"]
)
def test_rates_of_any_type_of_number(rate):
    def callback(state):
        if len(state) == 0:
            return [((1,), 1.0)]
        return [((2,), rate)] if state[0] == 1 else []

    assert Graph(callback=callback).find_vertex([1]).rate() == float(rate)


@pytest.mark.parametrize(
    "target",
    [[2, 0], (2, 0), (2.0, 0.0), (np.int64(2), np.float64(0)), np.array([2, 0], np.int8), range(2, -1, -2)],
    ids=["list", "tuple", "floats", "NumPy scalars", "small integers", "range"],
)
def test_states_of_any_type_of_sequence(target):
    def callback(state):
        if len(state) == 0:
            return [((1, 1), 1.0)]
        return [(target, 1.0)] if state[0] == 1 else []

    assert Graph(callback=callback).vertex_exists([2, 0])


def test_a_transition_may_be_a_list():
    assert Graph(callback=lambda state: [] if len(state) else [[[1], 1.0]]).vertices_length() == 2


def test_a_list_of_states_may_be_a_tuple():
    assert Graph(callback=lambda state: () if len(state) else (((1,), 1.0),)).vertices_length() == 2


def test_vertices_are_numbered_in_order_of_discovery():
    graph = Graph(callback=models.rabbits, n=2)
    assert graph.states().tolist() == [[0, 0], [2, 0], [1, 1], [0, 0], [0, 2], [0, 1], [1, 0]]


def test_states_that_were_kept_do_not_change():
    kept = []

    def callback(state):
        kept.append(state)
        return models.kingman(state, n=3)

    Graph(callback=callback)
    assert [state.tolist() for state in kept] == [[], [3], [2], [1]]


def test_the_same_target_twice_adds_up():
    def callback(state):
        if len(state) == 0:
            return [((1,), 1.0)]
        return [((2,), 1.0), ((2,), 3.0)] if state[0] == 1 else []

    assert Graph(callback=callback).expectation() == 0.25


def test_numpy_states_and_rates():
    def callback(state):
        if len(state) == 0:
            return [(np.array([1, 1]), np.float64(1.0))]
        return [(np.array([0, 1]), np.float64(2.0))] if state[0] == 1 else []

    assert Graph(callback=callback).expectation() == 0.5


def test_a_graph_grown_by_a_callback_can_be_extended_by_hand():
    graph = Graph(callback=models.kingman, n=3)
    graph.find_vertex([3]).add_edge(graph.find_vertex([1]), 1.0)
    # 1/4 + 3/4 * 1
    assert graph.expectation() == 1.0


def test_a_callback_may_be_a_generator():
    def callback(state):
        yield from models.kingman(state, n=3)

    assert Graph(callback=callback).expectation() == pytest.approx(4 / 3, rel=1e-15)


def test_a_callback_that_writes_to_its_state_changes_no_vertex():
    def callback(state):
        moves = models.kingman(state, n=3)
        if state.flags.writeable:
            state[:] = 99
        return moves

    assert sorted(Graph(callback=callback).states()[1:, 0].tolist()) == [1, 2, 3]


def test_a_state_of_zeros_is_not_the_starting_vertex():
    def callback(state):
        if len(state) == 0:
            return [((1,), 1.0)]
        return [((0,), 4.0)] if state[0] == 1 else []

    assert Graph(callback=callback).vertices_length() == 3


def test_as_many_states_as_allowed_are_fine():
    assert Graph(callback=models.kingman, n=10, max_states=20).vertices_length() == 11

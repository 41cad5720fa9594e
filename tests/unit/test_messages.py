"""Arguments of the wrong kind: the message names the argument, what was given, and what is needed."""

import re

import numpy as np
import pytest
from phasic import Graph
from phasic.cli import main


def _rule(answer):
    """A rule that answers this at state 2, which is the only initial one."""

    def callback(state):
        if len(state) == 0:
            return [([2], 1.0)]
        return answer if state[0] == 2 else []

    return callback


# Scalar callbacks


@pytest.mark.parametrize(
    "answer, shown",
    [
        ([(0, 1.0)], "(0, 1.0)"),
        ([(None, 1.0)], "(None, 1.0)"),
        ([("a", 1.0)], "('a', 1.0)"),
        ([(["a"], 1.0)], "(['a'], 1.0)"),
        ([(b"a", 1.0)], "(b'a', 1.0)"),
        ([({1}, 1.0)], "({1}, 1.0)"),
        ([({1: 2}, 1.0)], "({1: 2}, 1.0)"),
        ([{(1,): 1.0}], "{(1,): 1.0}"),
        ([([1], None)], "([1], None)"),
        ([([1], "2")], "([1], '2')"),
        ([([1], b"2")], "([1], b'2')"),
        ([([1], ["2"])], "([1], ['2'])"),
        ([([1], [None])], "([1], [None])"),
        ([([1], [[1.0, 2.0]])], "([1], [[1.0, 2.0]])"),
        ([([1], {0: 1.0})], "([1], {0: 1.0})"),
        ([([1], {1.0})], "([1], {1.0})"),
        ([([1], frozenset([1.0]))], "([1], frozenset({1.0}))"),
        ([([1], 1.0, {0: 1.0})], "([1], 1.0, {0: 1.0})"),
        ([([1], 1.0, "2")], "([1], 1.0, '2')"),
    ],
    ids=repr,
)
def test_a_callback_of_the_wrong_form_is_shown_what_it_returned(answer, shown):
    expected = "the callback must return (state, rate), (state, coefficients) or (state, base, coefficients)"
    with pytest.raises(ValueError, match=re.escape(f"{expected}, but it returned {shown}")) as caught:
        Graph(_rule(answer))
    assert any("transitions out of state [2]" in note for note in caught.value.__notes__)


@pytest.mark.parametrize(
    "answer, shown",
    [
        (None, "None"),
        (7, "7"),
        ("ab", "'ab'"),
        ({(1,): 1.0}, "{(1,): 1.0}"),
        ({((1,), 1.0)}, "{((1,), 1.0)}"),
    ],
    ids=repr,
)
def test_an_answer_that_is_no_list_is_shown_with_the_state_and_what_absorbs(answer, shown):
    message = (
        f"asked for transitions out of state [2], the callback returned {shown}: it must return a list of "
        "(state, rate), (state, coefficients) or (state, base, coefficients), which is [] for an absorbing "
        "state"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        Graph(_rule(answer))


def test_initial_states_that_are_no_list():
    message = "asked for the initial states, the callback returned None: it must return a list of "
    with pytest.raises(ValueError, match=re.escape(message)):
        Graph(lambda state: None)


@pytest.mark.parametrize(
    "answer, shown",
    [
        (([1], 1.0), "([1], 1.0)"),
        ([[1], 1.0], "[[1], 1.0]"),
        (([1], [2.0, 3.0]), "([1], [2.0, 3.0])"),
        (([1], 0.0, [2.0]), "([1], 0.0, [2.0])"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("initial", [False, True])
def test_one_transition_without_a_list(answer, shown, initial):
    asked = "the initial states" if initial else "transitions out of state [2]"
    message = (
        f"asked for {asked}, the callback returned one transition, {shown}: it must return a list, [{shown}]"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        Graph(lambda state: answer) if initial else Graph(_rule(answer))


def test_a_state_of_another_length_is_shown_with_the_state_that_led_there():
    message = (
        "a state of this graph has 1 entries, but 2 were given: asked for transitions out of state [2], "
        "the callback returned [0, 1]"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        Graph(_rule([([0, 1], 1.0)]))


@pytest.mark.parametrize("answer, shown", [([(0, 1.0)], "(0, 1.0)")], ids=repr)
def test_initial_states_of_the_wrong_form_are_shown(answer, shown):
    with pytest.raises(ValueError, match=re.escape(f"but it returned {shown}")) as caught:
        Graph(lambda state: answer)
    assert any("initial states" in note for note in caught.value.__notes__)


def test_a_long_answer_is_cut_short():
    with pytest.raises(ValueError, match="…") as caught:
        Graph(_rule({(i,): 1.0 for i in range(10_000)}))
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "answer",
    [
        (([1], 1.0),),
        [[[1], 1.0]],
        (([1], rate) for rate in [1.0]),
        iter([(np.array([1]), np.float64(1.0))]),
        {"only": ([1], 1.0)}.values(),
        [(range(1, 2), 1)],
    ],
    ids=["tuple", "list", "generator", "iterator", "view", "range"],
)
def test_moves_of_any_sequence_or_generator(answer):
    assert Graph(_rule(answer)).edges_length() == 2


@pytest.mark.parametrize(
    "coefficients",
    [(1.0, 2.0), [1, 2], np.array([1.0, 2.0]), (c for c in (1.0, 2.0))],
    ids=["tuple", "list", "array", "generator"],
)
def test_coefficients_of_any_sequence_or_generator(coefficients):
    assert Graph(_rule([([1], coefficients)])).param_length() == 2


def test_a_type_error_of_a_generator_is_the_users_own():
    mine = TypeError("mine")

    def callback(state):
        if len(state):
            raise mine
        yield [2], 1.0

    with pytest.raises(TypeError) as caught:
        Graph(callback)
    assert caught.value is mine


# Vertices


@pytest.fixture
def graph():
    """The starting vertex → [1] → [2]."""
    graph = Graph(1)
    first, last = graph.find_or_create_vertex([1]), graph.find_or_create_vertex([2])
    graph.starting_vertex().add_edge(first, 1.0)
    first.add_edge(last, 1.0)
    return graph


@pytest.fixture
def parameterized():
    return Graph(_rule([([1], [2.0])]))


@pytest.mark.parametrize("name", ["find_vertex", "vertex_exists", "find_or_create_vertex"])
@pytest.mark.parametrize("state", [1, "x", None, [None], ["a"], b"a", {1}, {1: 2}, [[1]]], ids=repr)
def test_a_state_that_is_no_sequence_of_numbers(graph, name, state):
    message = f"a state must be a sequence of whole numbers, not {state!r}"
    with pytest.raises(ValueError, match=re.escape(message)):
        getattr(graph, name)(state)


@pytest.mark.parametrize("index", [1.5, 1.0, True, np.True_, "1", None], ids=repr)
def test_a_position_that_is_no_integer(graph, index):
    with pytest.raises(TypeError, match=re.escape(f"index is {index!r}")):
        graph.vertex_at(index)


def test_a_position_of_numpy(graph):
    assert graph.vertex_at(np.int64(1)).index() == 1


@pytest.mark.parametrize("name", ["absorption_probability", "absorption_gradient"])
def test_absorption_in_a_vertex_of_another_graph(graph, name):
    with pytest.raises(ValueError, match="vertex of the same graph"):
        getattr(graph, name)(graph.copy().vertex_at(2))


@pytest.mark.parametrize("name", ["absorption_probability", "absorption_gradient"])
@pytest.mark.parametrize("vertex", [2, None, [2]], ids=repr)
def test_absorption_in_what_is_no_vertex(graph, name, vertex):
    with pytest.raises(TypeError, match=re.escape(repr(vertex))):
        getattr(graph, name)(vertex)


@pytest.mark.parametrize("name", ["absorption_probability", "absorption_gradient"])
@pytest.mark.parametrize("index, shown", [(0, "Vertex(0, starting)"), (1, "Vertex(1, state=(1,))")])
def test_absorption_in_a_vertex_that_is_not_absorbing(graph, name, index, shown):
    with pytest.raises(ValueError, match=re.escape(f"{shown} is not absorbing")):
        getattr(graph, name)(graph.vertex_at(index))


def _with_an_edge_of_weight_zero(graph):
    last = graph.find_vertex([2])
    last.add_edge(graph.find_or_create_vertex([1]), 0.0)
    return last


def test_a_vertex_with_edges_of_weight_zero_alone_is_named(graph):
    last = _with_an_edge_of_weight_zero(graph)
    for ask in (graph.absorption_probability, graph.absorption_gradient):
        with pytest.raises(ValueError, match="have the rate 0, so that it is never left"):
            ask(last)


@pytest.mark.parametrize("weight", ["1", None, [[1.0]], ["x"]], ids=repr)
def test_a_weight_that_is_no_number(graph, weight):
    with pytest.raises(ValueError, match=r"weight|coefficients"):
        graph.vertex_at(1).add_edge(graph.vertex_at(2), weight)


# The constructor


@pytest.mark.parametrize("length", ["x", "1", [1], 1.5, 0, -1, float("nan"), True], ids=repr)
def test_a_length_of_states_that_is_no_whole_number(length):
    message = f"state_length is {length!r}: it must be a whole number, at least 1"
    with pytest.raises(ValueError, match=re.escape(message)):
        Graph(length)


def test_neither_length_nor_callback():
    with pytest.raises(TypeError, match="either state_length or callback, but neither"):
        Graph()


@pytest.mark.parametrize("first", [1, _rule([])], ids=["length", "callback"])
def test_both_length_and_callback(first):
    with pytest.raises(TypeError, match="either state_length or callback, but both"):
        Graph(first, callback=_rule([]))


@pytest.mark.parametrize("callback", [3, "f", [1]], ids=repr)
def test_a_callback_that_cannot_be_called(callback):
    with pytest.raises(TypeError, match=re.escape(f"callback is {callback!r}")):
        Graph(callback=callback)


@pytest.mark.parametrize("limit", [-1, 0, 1.5, "9", None, True, [1], float("inf")], ids=repr)
def test_a_limit_of_states_that_is_no_whole_number(limit):
    message = f"max_states is {limit!r}: it must be a whole number, at least 1"
    with pytest.raises(ValueError, match=re.escape(message)):
        Graph(_rule([]), max_states=limit)


def test_a_limit_beyond_any_machine():
    assert Graph(_rule([]), max_states=10**30).vertices_length() == 2


# Numbers


@pytest.mark.parametrize("power", ["a", "2", None, 1.5, 0, [1], True, float("inf")], ids=repr)
def test_a_power_that_is_no_whole_number(graph, power):
    message = f"power is {power!r}: it must be a whole number, at least 1"
    with pytest.raises(ValueError, match=re.escape(message)):
        graph.moments(power)


@pytest.mark.parametrize("rtol", ["a", None, [0.1], 0.0, 1.0, float("nan")], ids=repr)
def test_an_rtol_that_is_no_number_between_0_and_1(graph, rtol):
    with pytest.raises(ValueError, match="rtol"):
        graph.pdf(1.0, rtol=rtol)


@pytest.mark.parametrize("name", ["state_probability", "accumulated_visiting_time"])
def test_several_times_where_one_is_needed(graph, name):
    with pytest.raises(ValueError, match=re.escape("time has shape (2,), but one number is needed")):
        getattr(graph, name)([1.0, 2.0])


_NO_NUMBERS = [
    None,
    "1.0",
    b"1",
    ["1.0"],
    [1.0, None],
    [1.0, "2"],
    1j,
    {1.0},
    {1: 2.0},
    np.array(["1"], dtype=object),
    np.array([None]),
    np.datetime64("2020"),
]


@pytest.mark.parametrize("time", _NO_NUMBERS, ids=repr)
@pytest.mark.parametrize("name", ["pdf", "cdf", "sf", "state_probability"])
def test_times_that_are_no_numbers(graph, name, time):
    with pytest.raises(ValueError, match=re.escape(f"time must be an array of numbers, not {time!r}")):
        getattr(graph, name)(time)


@pytest.mark.parametrize("theta", _NO_NUMBERS, ids=repr)
def test_parameters_that_are_no_numbers(parameterized, theta):
    with pytest.raises(ValueError, match=re.escape(f"theta must be an array of numbers, not {theta!r}")):
        parameterized.update_parameterized_weights(theta)


@pytest.mark.parametrize("s", [None, "1", [1.0, 2.0]], ids=repr)
@pytest.mark.parametrize("name", ["laplace_transform", "laplace_gradient"])
def test_a_point_of_the_transform_that_is_no_number(graph, name, s):
    with pytest.raises(ValueError, match=r"^s (must be a number|has shape)"):
        getattr(graph, name)(s)


@pytest.mark.parametrize("data", [None, "a"], ids=repr)
def test_data_of_a_fit_that_are_no_numbers(parameterized, data):
    message = f"observed_data must be an array of numbers, not {data!r}"
    with pytest.raises(ValueError, match=re.escape(message)):
        parameterized.svgd(data)


def test_numbers_of_other_kinds_are_numbers(graph):
    from fractions import Fraction

    np.testing.assert_array_equal(graph.pdf([Fraction(1, 2), 1]), graph.pdf([0.5, 1.0]))


# The command line


def test_the_command_describes_itself_to_its_user(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert "see what the cache holds" in shown
    assert "Importing this package" not in shown

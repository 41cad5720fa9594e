"""Bad input: what is raised, and that the message names the cause."""

import re
from pathlib import Path

import numpy as np
import pytest
from phasic import Graph

from tests import models

NAN, INF = float("nan"), float("inf")


@pytest.fixture
def pair():
    """A graph with vertices [3] and [4], and the two vertices."""
    graph = Graph(1)
    return graph, graph.find_or_create_vertex([3]), graph.find_or_create_vertex([4])


@pytest.mark.parametrize("rate, name", [(NAN, "nan"), (INF, "inf"), (-INF, "inf"), (-2.5, "-2.5")])
@pytest.mark.parametrize("named", ["value", "source", "target"])
def test_bad_rate_by_hand(pair, rate, name, named):
    _, three, four = pair
    pattern = {"value": re.escape(name), "source": r"\[?3\b", "target": r"\[?4\b"}[named]
    with pytest.raises(ValueError, match=f"(?i){pattern}"):
        three.add_edge(four, rate)


@pytest.mark.parametrize("base", [NAN, INF])
def test_bad_base(pair, base):
    _, three, four = pair
    with pytest.raises(ValueError, match=f"(?i){base}"):
        three.add_edge_parameterized(four, base, [1.0])


@pytest.mark.parametrize("coefficient", [NAN, INF])
def test_bad_coefficient(pair, coefficient):
    _, three, four = pair
    with pytest.raises(ValueError, match=f"(?i){coefficient}"):
        three.add_edge_parameterized(four, 1.0, [1.0, coefficient])


@pytest.mark.parametrize("probability, name", [(-0.25, "-0.25"), (NAN, "nan"), (1.5, "1.5")])
def test_bad_initial_probability(pair, probability, name):
    graph, three, four = pair
    three.add_edge(four, 1.0)
    with pytest.raises(ValueError, match=f"(?i){re.escape(name)}"):
        _start_and_ask(graph, three, probability)


def _start_and_ask(graph, vertex, probability):
    graph.starting_vertex().add_edge(vertex, probability)
    graph.expectation()


def test_initial_probabilities_above_one_together(pair):
    graph, three, four = pair
    three.add_edge(four, 1.0)
    graph.starting_vertex().add_edge(three, 0.75)
    with pytest.raises(ValueError, match=r"1\.5"):
        _start_and_ask(graph, three, 0.75)


@pytest.mark.parametrize("state", [[1], [1, 2, 3], []])
@pytest.mark.parametrize("method", ["find_or_create_vertex", "find_vertex", "vertex_exists"])
def test_state_of_the_wrong_length_names_the_wanted_one(state, method):
    with pytest.raises(ValueError, match=r"\b2\b"):
        getattr(Graph(2), method)(state)


@pytest.mark.parametrize("length", [1, 3])
def test_state_of_the_wrong_length_names_the_given_one(length):
    with pytest.raises(ValueError, match=rf"\b{length}\b"):
        Graph(2).find_or_create_vertex([7] * length)


def test_state_with_a_fraction():
    with pytest.raises(ValueError, match=r"1\.5"):
        Graph(2).find_or_create_vertex([1.5, 2.0])


def test_state_with_a_nan():
    with pytest.raises(ValueError, match=r"(?i)nan"):
        Graph(2).find_or_create_vertex([NAN, 2.0])


@pytest.mark.parametrize("entry", [2**31, -(2**31) - 1, 2**40, 2**63, 2**70])
def test_state_entry_beyond_32_bits(entry):
    # beyond 2^53 the message shows the nearest double
    with pytest.raises(ValueError, match=str(entry)[:15]):
        Graph(1).find_or_create_vertex([entry])


@pytest.mark.parametrize("entry", [2**31 - 1, -(2**31)])
def test_largest_state_entries(entry):
    assert list(Graph(1).find_or_create_vertex([entry]).state()) == [entry]


def test_an_edge_into_the_starting_vertex():
    graph = Graph(1)
    with pytest.raises(ValueError, match="start"):
        graph.find_or_create_vertex([1]).add_edge(graph.starting_vertex(), 1.0)


@pytest.mark.parametrize(
    "ask",
    [lambda g: g.expectation(), lambda g: g.pdf(1.0), lambda g: g.validate(), lambda g: g.pmf_discrete(1)],
    ids=["expectation", "pdf", "validate", "pmf"],
)
def test_a_graph_without_edges(ask):
    with pytest.raises(ValueError, match="absorbing"):
        ask(Graph(1))


@pytest.mark.parametrize("ask", [lambda g: g.expectation(), lambda g: g.moments(2)])
def test_theta_that_closes_every_way_out_names_the_state(erlang, ask):
    erlang.update_parameterized_weights([0.0])
    with pytest.raises(ValueError, match=r"\(1\)|\[1\]"):
        ask(erlang)


def test_theta_that_closes_every_way_out_leaves_no_density(erlang):
    erlang.update_parameterized_weights([0.0])
    assert erlang.pdf(1.0) == 0.0


@pytest.mark.parametrize("s", [-0.5, NAN])
def test_laplace_transform_left_of_zero(s):
    with pytest.raises(ValueError, match=f"(?i){s}"):
        Graph(callback=models.kingman, n=4).laplace_transform(s)


def test_find_vertex_of_an_unknown_state(pair):
    graph, *_ = pair
    with pytest.raises((ValueError, KeyError), match="77"):
        graph.find_vertex([77])


def test_vertex_at_beyond_the_end(pair):
    graph, *_ = pair
    with pytest.raises((ValueError, IndexError), match="12"):
        graph.vertex_at(12)


def test_state_length_zero():
    with pytest.raises(ValueError, match="0"):
        Graph(0)


def test_edge_to_a_vertex_of_another_graph(pair):
    _, three, _ = pair
    with pytest.raises(ValueError, match="graph"):
        three.add_edge(Graph(1).find_or_create_vertex([4]), 1.0)


@pytest.fixture
def trapped():
    """[3] reaches the absorbing [4]; [5] and [6] only reach each other."""
    graph = Graph(1)
    three, four, five, six = (graph.find_or_create_vertex([i]) for i in (3, 4, 5, 6))
    graph.starting_vertex().add_edge(three, 1.0)
    three.add_edge(four, 1.0)
    three.add_edge(five, 1.0)
    five.add_edge(six, 1.0)
    six.add_edge(five, 1.0)
    return graph


@pytest.mark.parametrize(
    "ask",
    [
        lambda g: g.validate(),
        lambda g: g.expectation(),
        lambda g: g.variance(),
        lambda g: g.moments(2),
        lambda g: g.expected_waiting_time(),
        lambda g: g.expected_residence_time(),
        lambda g: g.covariance(np.ones(5), np.ones(5)),
    ],
    ids=["validate", "expectation", "variance", "moments", "waiting", "residence", "covariance"],
)
def test_no_way_to_an_absorbing_vertex_names_a_trapped_state(trapped, ask):
    with pytest.raises(ValueError, match=r"\[?[56]\]?"):
        ask(trapped)


def test_no_absorbing_vertex_at_all():
    graph = Graph(1)
    three = graph.find_or_create_vertex([3])
    graph.starting_vertex().add_edge(three, 1.0)
    three.add_edge(three, 1.0)
    with pytest.raises(ValueError, match="3"):
        graph.validate()


@pytest.fixture
def erlang():
    """Three stages of rate theta; five vertices."""
    return Graph(callback=models.erlang_parameterised, k=3)


@pytest.mark.parametrize("name", ["update_parameterized_weights", "update_weights"])
@pytest.mark.parametrize("count", ["1", "3"])
def test_theta_of_the_wrong_length_names_both(erlang, name, count):
    with pytest.raises(ValueError, match=rf"\b{count}\b"):
        getattr(erlang, name)([1.0, 2.0, 3.0])


@pytest.mark.parametrize("theta", [NAN, INF])
def test_theta_must_be_finite(erlang, theta):
    with pytest.raises(ValueError, match=f"(?i){theta}"):
        erlang.update_parameterized_weights([theta])


@pytest.mark.parametrize("named", ["-2", r"\[?[123]\b"])
def test_theta_that_makes_a_rate_negative(erlang, named):
    with pytest.raises(ValueError, match=named):
        erlang.update_parameterized_weights([-2.0])


@pytest.mark.filterwarnings("ignore:this graph has")
@pytest.mark.parametrize(
    "ask",
    [lambda g: g.expectation(), lambda g: g.pdf(1.0), lambda g: g.cdf(1.0), lambda g: g.moments(2)],
    ids=["expectation", "pdf", "cdf", "moments"],
)
def test_numbers_before_theta_are_those_of_ones(erlang, ask):
    before = ask(erlang)
    erlang.update_weights([1.0])
    np.testing.assert_array_equal(before, ask(erlang))


@pytest.mark.parametrize(
    "ask",
    [
        lambda g, r: g.expectation(r),
        lambda g, r: g.variance(r),
        lambda g, r: g.moments(2, r),
        lambda g, r: g.expected_waiting_time(r),
        lambda g, r: g.expected_residence_time(r),
        lambda g, r: g.covariance(r, r),
        lambda g, r: g.laplace_transform(1.0, r),
        lambda g, r: g.reward_transform(r),
    ],
    ids=["expectation", "variance", "moments", "waiting", "residence", "covariance", "laplace", "transform"],
)
class TestRewards:
    """Rewards have one finite, non-negative entry per vertex."""

    graph = staticmethod(lambda: Graph(callback=models.kingman, n=4))  # five vertices

    @pytest.mark.parametrize("count", ["3", "5"])
    def test_wrong_length_names_both(self, ask, count):
        with pytest.raises(ValueError, match=rf"\b{count}\b"):
            ask(self.graph(), [1.0, 1.0, 1.0])

    def test_nan_names_its_index(self, ask):
        with pytest.raises(ValueError, match=r"\b2\b"):
            ask(self.graph(), [0.0, 1.0, NAN, 1.0, NAN])

    def test_infinity_names_its_index(self, ask):
        with pytest.raises(ValueError, match=r"\b2\b"):
            ask(self.graph(), [0.0, 1.0, INF, 1.0, 1.0])


def test_reward_transform_by_a_negative_reward():
    with pytest.raises(ValueError, match=r"\b2\b"):
        Graph(callback=models.kingman, n=4).reward_transform([0.0, 1.0, -1.0, 1.0, 0.0])


@pytest.mark.parametrize("times", [[1.0, NAN, -1.0], [1.0, -1.0, NAN]])
@pytest.mark.parametrize("function", ["pdf", "cdf"])
def test_bad_time_names_the_first_bad_index(function, times):
    with pytest.raises(ValueError, match=r"\b1\b"):
        getattr(Graph(callback=models.kingman, n=4), function)(times)


@pytest.mark.parametrize("time", [NAN, -1.0])
@pytest.mark.parametrize(
    "function",
    [
        "pdf",
        "cdf",
        "state_probability",
        "stop_probability",
        "accumulated_visiting_time",
        "cumulative_incidence",
    ],
)
def test_bad_scalar_time(function, time):
    with pytest.raises(ValueError, match=f"(?i){time}"):
        getattr(Graph(callback=models.kingman, n=4), function)(time)


@pytest.mark.parametrize("data", [[1.0, 2.0, NAN], [1.0, 2.0, -3.0]])
def test_bad_observation_names_its_index(erlang, data):
    with pytest.raises(ValueError, match=r"\b2\b"):
        erlang.log_likelihood([1.0], data)


@pytest.mark.parametrize("function", ["log_likelihood", "log_likelihood_gradient"])
@pytest.mark.parametrize("count", ["1", "2"])
def test_likelihood_theta_of_the_wrong_length_names_both(erlang, function, count):
    with pytest.raises(ValueError, match=rf"\b{count}\b"):
        getattr(erlang, function)([1.0, 2.0], [1.0])


@pytest.mark.parametrize("power", [0, -1])
def test_moments_need_a_positive_power(power):
    with pytest.raises(ValueError, match=str(power)):
        Graph(callback=models.kingman, n=4).moments(power)


@pytest.mark.parametrize("rtol", [0.0, -1e-10, NAN])
def test_rtol_must_be_positive(rtol):
    with pytest.raises(ValueError, match="rtol"):
        Graph(callback=models.kingman, n=4).pdf(1.0, rtol=rtol)


def test_neither_state_length_nor_callback():
    with pytest.raises((TypeError, ValueError), match="state_length"):
        Graph()


def test_arrays_with_the_wrong_number_of_dimensions(erlang):
    with pytest.raises((ValueError, TypeError)):
        erlang.update_parameterized_weights([[1.0]])


def test_parameters_without_values_are_told_once_and_where(erlang):
    with pytest.warns(
        UserWarning, match=r"1 parameters and no values .* update_parameterized_weights"
    ) as told:
        erlang.expectation()
        erlang.pdf([0.5])
    assert [Path(warning.filename).name for warning in told] == [Path(__file__).name]


def test_a_state_whose_rates_are_zero_is_not_absorbing():
    def demes(state, migration):
        if len(state) == 0:
            return [([1, 1], 1.0)]
        if sum(state) == 1:
            return []
        left, right = state
        moves = [([left - 1, right + 1], migration * left)] if left else []
        moves += [([left + 1, right - 1], migration * right)] if right else []
        return moves + ([([1, 0], 1.0)] if 2 in state else [])

    assert Graph(callback=demes, migration=0.5).expectation() == pytest.approx(3.0)
    graph = Graph(callback=demes, migration=0.0)
    for ask in (graph.validate, graph.expectation, graph.sample):
        with pytest.raises(ValueError, match=r"all transitions out of state \(1, 1\) have the rate 0"):
            ask()


def test_zero_rates_out_of_what_is_never_entered_do_not_matter(pair):
    graph, here, there = pair
    end, aside = graph.find_or_create_vertex([0]), graph.find_or_create_vertex([9])
    graph.starting_vertex().add_edge(here, 1.0)
    here.add_edge(end, 2.0)
    here.add_edge(aside, 0.0)
    aside.add_edge(there, 0.0)
    there.add_edge(end, 1.0)
    assert graph.expectation() == 0.5


def test_validate_adds_initial_probabilities(pair):
    graph, here, there = pair
    for vertex in (here, there):
        graph.starting_vertex().add_edge(vertex, 0.75)
        vertex.add_edge(graph.find_or_create_vertex([0]), 1.0)
    with pytest.raises(ValueError, match=r"initial probabilities sum to 1\.5"):
        graph.validate()

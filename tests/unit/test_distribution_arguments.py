"""Shapes, types and edges of the domain of pdf, cdf, occupancy and accumulated time."""

import numpy as np
import pytest
from phasic import Graph

from tests import models


@pytest.fixture
def graph():
    return Graph(callback=models.rabbits, n=2)


@pytest.mark.parametrize("function", ["pdf", "cdf", "sf"])
@pytest.mark.parametrize("t", [0.5, 1, np.float64(0.5), np.int64(1)], ids=repr)
def test_a_scalar_gives_a_float(graph, function, t):
    assert isinstance(getattr(graph, function)(t), float)


@pytest.mark.parametrize("function", ["pdf", "cdf", "sf"])
@pytest.mark.parametrize("shape", [(0,), (1,), (5,), (2, 3), (2, 0, 3)])
def test_an_array_gives_an_array_of_its_shape(graph, function, shape):
    assert getattr(graph, function)(np.ones(shape)).shape == shape


@pytest.mark.parametrize("function", ["pdf", "cdf", "sf"])
def test_a_list_gives_an_array(graph, function):
    assert getattr(graph, function)([0.1, 0.2]).dtype == np.float64


@pytest.mark.parametrize("function", ["pdf", "cdf", "sf"])
def test_integer_times_are_times(graph, function):
    answer = getattr(graph, function)(np.array([1, 2]))
    np.testing.assert_array_equal(answer, getattr(graph, function)(np.array([1.0, 2.0])))


@pytest.mark.parametrize("function", ["pdf", "cdf", "sf"])
def test_strided_and_read_only_times(graph, function):
    times = np.linspace(0.0, 3.0, 20)
    times.flags.writeable = False
    answer = getattr(graph, function)(times[::3])
    np.testing.assert_array_equal(answer, getattr(graph, function)(times[::3].copy()))


@pytest.mark.parametrize("function", ["pdf", "cdf", "sf"])
def test_times_may_come_in_any_order(graph, function):
    times = np.array([2.0, 0.1, 0.1, 7.0, 0.0, 1.0])
    alone = [getattr(graph, function)(t) for t in times]
    # each within the default tolerance of 1e-10
    np.testing.assert_allclose(getattr(graph, function)(times), alone, rtol=2e-10)


@pytest.mark.parametrize("function", ["pdf", "cdf"])
def test_granularity_means_nothing(graph, function):
    assert getattr(graph, function)(0.7, granularity=17) == getattr(graph, function)(0.7)


@pytest.mark.parametrize("given", [[0.1, 0.2], np.array([0.1]), "fine", (1,), True], ids=repr)
@pytest.mark.parametrize(
    "function", ["pdf", "cdf", "pdf_batch", "cdf_batch", "state_probability", "accumulated_visiting_time"]
)
def test_a_granularity_that_is_no_number_may_be_arguments_in_another_order(graph, function, given):
    with pytest.raises(
        TypeError, match=r"granularity is .*theta: set it by graph\.update_parameterized_weights"
    ):
        getattr(graph, function)(0.7, given)


def test_a_context_takes_no_theta(graph):
    with pytest.raises(TypeError, match="update_parameterized_weights"):
        graph.distribution_context([1.0, 2.0, 4.0])


@pytest.mark.parametrize("given", [None, 0, 17, 2.5, np.int64(3), np.float32(2.0)], ids=repr)
def test_granularities_of_older_code(graph, given):
    assert graph.cdf_batch([0.7], given) == graph.cdf([0.7])


def test_pdf_at_zero_is_the_exit_rate(graph):
    assert Graph(callback=models.hyperexponential).pdf(0.0) == pytest.approx(7.75, rel=1e-15)


def test_pdf_at_zero_without_direct_exit():
    assert Graph(callback=models.erlang, k=2).pdf(0.0) == 0.0


def test_cdf_at_zero_is_the_defect():
    assert Graph(callback=models.hyperexponential, probabilities=(0.25, 0.5)).cdf(0.0) == 0.25


@pytest.mark.parametrize("rtol", [1e-4, 1e-8, 1e-12])
def test_the_rtol_is_met(graph, rtol):
    exact = models.explore(models.rabbits, n=2)[0].dense(exact=True).precise_pdf(0.7)
    assert graph.pdf(0.7, rtol=rtol) == pytest.approx(float(exact), rel=rtol)


@pytest.mark.parametrize("function", ["state_probability", "stop_probability", "accumulated_visiting_time"])
def test_one_entry_per_vertex(graph, function):
    assert getattr(graph, function)(0.5).shape == (graph.vertices_length(),)


def test_occupancy_at_zero_is_the_initial_distribution(graph):
    occupancy = graph.state_probability(0.0)
    assert occupancy[graph.find_vertex([2, 0]).index()] == 1.0


def test_occupancy_sums_to_the_survival(graph):
    # five terms within the default tolerance of 1e-10
    assert np.sum(graph.state_probability(0.5)) == pytest.approx(graph.sf(0.5), rel=2e-10)


def test_survival_and_cdf_sum_to_one(graph):
    assert graph.sf(0.5) + graph.cdf(0.5) == pytest.approx(1.0, rel=2e-10)


def test_occupancy_leaves_out_the_absorbed(graph):
    assert graph.state_probability(0.5)[graph.find_vertex([0, 0]).index()] == 0.0


def test_occupancy_leaves_out_the_starting_vertex(graph):
    assert graph.state_probability(0.0)[0] == 0.0


def test_accumulated_time_at_zero(graph):
    assert np.all(graph.accumulated_visiting_time(0.0)[1:] == 0.0)


def test_accumulated_time_in_the_long_run_is_the_residence_time(graph):
    transient = [v.index() for v in graph.vertices()[1:] if v.edges()]
    # at t = 60 the survival is below 1e-50; default tolerance
    np.testing.assert_allclose(
        graph.accumulated_visiting_time(60.0)[transient],
        graph.expected_residence_time()[transient],
        rtol=1e-10,
    )


def test_very_late_cdf_is_one(graph):
    assert graph.cdf(1e3) == pytest.approx(1.0, rel=1e-10)


def test_very_late_pdf_is_zero(graph):
    # about exp(-1600)
    assert graph.pdf(1e3) == 0.0


def test_results_are_the_callers_own(graph):
    first = graph.pdf([0.5, 1.0])
    first[:] = -1.0
    assert np.all(graph.pdf([0.5, 1.0]) > 0.0)


def test_residence_and_sojourn_time_are_the_same(graph):
    np.testing.assert_array_equal(graph.expected_residence_time(), graph.expected_sojourn_time())


def test_waiting_time_of_the_starting_vertex_is_the_expectation(graph):
    assert graph.expected_waiting_time()[0] == pytest.approx(graph.expectation(), rel=1e-15)


def test_waiting_time_of_an_absorbing_vertex_is_zero(graph):
    assert graph.expected_waiting_time()[graph.find_vertex([0, 0]).index()] == 0.0


def test_rewards_of_the_starting_and_absorbing_vertices_are_ignored(graph):
    rewards = np.ones(graph.vertices_length())
    rewards[[0, graph.find_vertex([0, 0]).index()]] = 1e6
    assert graph.expectation(rewards) == graph.expectation()


def test_all_rewards_zero(graph):
    assert graph.expectation(np.zeros(graph.vertices_length())) == 0.0


def test_no_vertex_but_the_start_and_an_absorbing_one():
    graph = Graph(1)
    graph.starting_vertex().add_edge(graph.find_or_create_vertex([1]), 1.0)
    assert (graph.expectation(), graph.defect(), graph.cdf(1.0), graph.pdf(1.0)) == (0.0, 1.0, 1.0, 0.0)


def test_an_unreachable_vertex_changes_nothing(graph):
    before = graph.expectation(), graph.pdf(0.5)
    lost = graph.find_or_create_vertex([50, 50])
    lost.add_edge(graph.find_vertex([0, 0]), 1.0)
    assert (graph.expectation(), graph.pdf(0.5)) == pytest.approx(before, rel=1e-14)  # same sums

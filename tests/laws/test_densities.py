"""Densities, distribution functions, occupancy and accumulated time of random chains."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from phasic import Graph

from tests import models, strategies
from tests.reference.continuous import DenseChain

TOLERANCE = 1e-10  # the default: relative, where the value is a normal number
SMALLEST = 1e-300  # below, doubles lose digits
NAMED = {
    "kingman": (models.kingman, {"n": 7}),
    "rabbits": (models.rabbits, {"n": 3}),
    "rabbits in a hurry": (models.rabbits, {"n": 2, "rates": (1e6, 2.0, 4.0)}),
    "two demes": (models.two_demes, {"start": (2, 1), "migration": 0.3}),
    "two demes, far apart": (models.two_demes, {"start": (2, 1), "migration": 1e-3}),
    "two demes, one population": (models.two_demes, {"start": (2, 1), "migration": 1e5}),
    "coxian": (models.coxian, {}),
    "birth and death": (models.birth_death, {"n": 6}),
    "queues": (models.tandem_queue, {"capacity": 2}),
    "reset": (models.reset_chain, {"n": 8}),
}
TIMES = [1e-6, 1e-3, 0.05, 0.5, 1.0, 3.0, 12.0, 40.0]  # in units of the mean
STIFF = ("rabbits in a hurry", "two demes, one population")


def close(got, exact):
    assert_allclose(got, float(exact), rtol=TOLERANCE, atol=SMALLEST)


def named(name):
    callback, options = NAMED[name]
    model, states = models.explore(callback, **options)
    chain = model.dense(exact=True)
    return Graph(callback=callback, **options), chain, states, float(chain.expectation())


@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize("name", NAMED)
def test_pdf_of_a_named_model(name, time):
    graph, chain, _, mean = named(name)
    close(graph.pdf(time * mean), chain.precise_pdf(time * mean, digits=20))


@pytest.mark.parametrize("name", STIFF)
def test_stiff_chains_take_a_contour_and_state_their_error(name):
    graph, chain, _, mean = named(name)
    times = np.array([0.5, 3.0, 40.0]) * mean
    references = {"pdf": chain.precise_pdf, "cdf": chain.precise_cdf}
    for curve, precise in references.items():
        got = graph.explain(curve, times)
        assert set(got.methods) == {"contour"}
        exact = np.array([float(precise(t, digits=20)) for t in times])
        assert np.all(np.abs(got.values / exact - 1) <= got.errors)
        assert np.all(got.errors <= TOLERANCE)
    sf = graph.explain("sf", times)
    assert_allclose(sf.values + graph.cdf(times), 1.0, rtol=1e-10)


def ring(n, fast, slow):
    """A one-way ring: its spectrum lies on a circle, as far from the real axis as one can."""
    graph = Graph(1)
    vertices = [graph.find_or_create_vertex([i]) for i in range(n + 1)]
    graph.starting_vertex().add_edge(vertices[0], 1.0)
    for i in range(n):
        vertices[i].add_edge(vertices[(i + 1) % n], fast)
    vertices[0].add_edge(vertices[n], slow)
    return graph


@pytest.mark.parametrize("n", [3, 5, 8])
def test_a_small_one_way_ring_is_within_its_sector(n):
    fast, slow = 1e7, 1.0
    graph = ring(n, fast, slow)
    edges = [(i, (i + 1) % n, fast) for i in range(n)] + [(0, n, slow)]
    chain = DenseChain.from_edges({0: 1.0}, edges, range(n), [n], exact=True)
    times = np.array([0.05, 1.0, 20.0]) * graph.expectation()
    got = graph.explain("pdf", times)
    assert set(got.methods) == {"contour"}
    exact = [float(chain.precise_pdf(t, digits=20)) for t in times]
    assert_allclose(got.values, exact, rtol=TOLERANCE)


def test_a_large_one_way_ring_has_no_contour():
    graph = ring(60, 1e9, 1.0)
    with pytest.raises(ValueError, match="jumps of the chain, above the limit of 3e7"):
        graph.pdf(graph.expectation())
    # Where it is not too stiff, uniformization answers.
    assert set(ring(60, 10.0, 1.0).explain("pdf", [1e3, 2e3]).methods) == {"uniformization"}


@pytest.mark.parametrize("time", [1e-6, 1e-3, 0.05, 1.0, 12.0])
@pytest.mark.parametrize("name", NAMED)
def test_cdf_of_a_named_model(name, time):
    graph, chain, _, mean = named(name)
    close(graph.cdf(time * mean), chain.precise_cdf(time * mean, digits=20))


@pytest.mark.parametrize("time", [1e-3, 0.5, 12.0])
@pytest.mark.parametrize("name", NAMED)
def test_occupancy_of_a_named_model(name, time):
    graph, chain, states, mean = named(name)
    index = [graph.find_vertex(list(s)).index() for s in states[: len(chain.alpha)]]
    exact = np.array([float(x) for x in chain.precise_occupancy(time * mean, digits=20)])
    # entry by entry where it is not negligible beside the largest
    assert_allclose(
        graph.state_probability(time * mean)[index], exact, rtol=TOLERANCE, atol=TOLERANCE * exact.max()
    )


@pytest.mark.parametrize("time", [1e-3, 0.5, 12.0])
@pytest.mark.parametrize("name", NAMED)
def test_accumulated_time_of_a_named_model(name, time):
    graph, chain, states, mean = named(name)
    index = [graph.find_vertex(list(s)).index() for s in states[: len(chain.alpha)]]
    exact = np.array([float(x) for x in chain.precise_accumulated(time * mean, digits=20)])
    assert_allclose(
        graph.accumulated_visiting_time(time * mean)[index],
        exact,
        rtol=TOLERANCE,
        atol=TOLERANCE * exact.max(),
    )


@pytest.mark.parametrize("name", NAMED)
def test_many_times_at_once(name):
    graph, chain, _, mean = named(name)
    times = np.array([12.0, 1e-3, 0.5, 1e-6, 3.0, 0.05]) * mean
    exact = [float(chain.precise_pdf(t, digits=20)) for t in times]
    assert_allclose(graph.pdf(times), exact, rtol=TOLERANCE, atol=SMALLEST)


@settings(max_examples=30)
@given(strategies.chains(max_states=4, decades=(-3, 3)), st.floats(1e-4, 40.0))
def test_pdf(model, time):
    chain = model.dense(exact=True)
    t = time * float(chain.expectation())
    close(model.graph().pdf(t), chain.precise_pdf(t, digits=20))


@settings(max_examples=30)
@given(strategies.chains(max_states=4, decades=(-3, 3)), st.floats(1e-4, 30.0))
def test_cdf(model, time):
    chain = model.dense(exact=True)
    t = time * float(chain.expectation())
    close(model.graph().cdf(t), chain.precise_cdf(t, digits=20))


@settings(max_examples=30)
@given(strategies.chains(max_states=4), st.floats(1e-4, 30.0))
def test_occupancy(model, time):
    chain, graph = model.dense(exact=True), model.graph()
    t = time * float(chain.expectation())
    exact = np.array([float(x) for x in chain.precise_occupancy(t, digits=20)])
    occupancy = graph.state_probability(t)[model.indices(graph)[: model.n]]
    assert_allclose(occupancy, exact, rtol=TOLERANCE, atol=max(TOLERANCE * exact.max(), SMALLEST))


@settings(max_examples=30)
@given(strategies.chains(max_states=4), st.floats(1e-4, 30.0))
def test_accumulated_time(model, time):
    chain, graph = model.dense(exact=True), model.graph()
    t = time * float(chain.expectation())
    exact = np.array([float(x) for x in chain.precise_accumulated(t, digits=20)])
    accumulated = graph.accumulated_visiting_time(t)[model.indices(graph)[: model.n]]
    assert_allclose(accumulated, exact, rtol=TOLERANCE, atol=TOLERANCE * exact.max())


@settings(max_examples=30)
@given(strategies.chains(max_states=4, decades=(-1, 1)), st.floats(1e-3, 10.0), st.data())
def test_pdf_of_a_reward(model, time, data):
    rewards = data.draw(strategies.rewards_for(model.n))
    chain, graph = model.dense(exact=True).reward_transform(rewards), model.graph()
    t = time * float(model.dense(exact=True).expectation())
    transformed = graph.reward_transform(model.per_vertex(graph, rewards))
    close(transformed.pdf(t), chain.precise_pdf(t, digits=20))


def integral_of_pdf(graph, slowest, fastest):
    """Integral of the pdf over (0, inf) by Gauss-Legendre rules over log t.

    Beyond 100 times the slowest mean less than exp(-50) survives; below 1e-14 times the fastest mean the
    integral is below 1e-14.
    """
    low, high = np.log(1e-14 * fastest), np.log(100 * slowest)
    nodes, weights = np.polynomial.legendre.leggauss(16)
    edges = np.linspace(low, high, 1 + int(np.ceil(high - low)))
    half = np.diff(edges)[:, None] / 2
    u = edges[:-1, None] + half * (1 + nodes)
    return np.sum(graph.pdf(np.exp(u)) * np.exp(u) * half * weights)


@settings(max_examples=25)
@given(strategies.chains(decades=(-1, 1)))
def test_pdf_integrates_to_one_minus_the_defect(model):
    chain = model.dense()
    total = integral_of_pdf(model.graph(), chain.waiting_times().max(), 1 / (-np.diag(chain.S)).max())
    # 1e-10 of the density, 1e-12 of the quadrature
    assert_allclose(total, 1 - chain.defect, rtol=2e-10)


@settings(max_examples=25)
@given(strategies.chains())
def test_cdf_does_not_decrease(model):
    graph = model.graph()
    cdf = graph.cdf(np.linspace(0.0, 5.0, 101) * graph.expectation())
    # each value within its tolerance
    assert np.all(np.diff(cdf) >= -2 * TOLERANCE)


@settings(max_examples=25)
@given(strategies.chains(), st.floats(0.01, 5.0))
def test_occupancy_and_cdf_sum_to_one(model, time):
    graph = model.graph()
    t = time * graph.expectation()
    assert_allclose(np.sum(graph.state_probability(t)) + graph.cdf(t), 1.0, rtol=2 * TOLERANCE)


@settings(max_examples=25)
@given(strategies.chains(), st.floats(0.01, 5.0))
def test_pdf_is_the_flow_into_absorption(model, time):
    graph, chain = model.graph(), model.dense()
    t = time * graph.expectation()
    flow = graph.state_probability(t)[model.indices(graph)[: model.n]] @ chain.exit.sum(axis=1)
    assert_allclose(graph.pdf(t), flow, rtol=2 * TOLERANCE)


@settings(max_examples=25)
@given(strategies.chains(), st.floats(0.01, 100.0), st.floats(0.01, 5.0))
def test_scaling_all_rates_scales_the_pdf(model, c, time):
    scaled = replace(model, edges=[(u, v, c * rate, k) for u, v, rate, k in model.edges]).graph()
    graph = model.graph()
    t = time * graph.expectation()
    assert_allclose(scaled.pdf(t / c), c * graph.pdf(t), rtol=2 * TOLERANCE)

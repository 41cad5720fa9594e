"""Derivatives of the laws of counts, against rationals, and of their sums."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from phasic import Graph

from tests import strategies
from tests.models import EdgeModel
from tests.reference.discrete import DenseDiscreteChain
from tests.reference.slopes import slope

LARGEST = 6
COUNTS = {"a pass for each parameter": list(range(LARGEST + 1)), "a sweep for each count": [4]}


@st.composite
def parameterised_steps(draw):
    """Chains of probabilities base + coefficients · theta, whose rows sum to less than one, with rewards."""
    n, p = draw(st.integers(1, 4)), draw(st.integers(2, 3))
    share = st.sampled_from([0.0, 1.0, 2.0, 3.0])
    edges = []
    for u, v in draw(strategies.skeletons(n, 1, acyclic=draw(st.booleans()))):
        base, row = draw(share) / 64, draw(st.tuples(*[share] * p))
        row = (1.0, *row[1:]) if base == 0 and not any(row) else row
        edges.append((u, v, base, tuple(x / 64 for x in row)))
    theta = draw(st.tuples(*[st.sampled_from([0.25, 0.75, 1.125])] * p))
    rewards = draw(st.tuples(*[st.integers(0, 2)] * n))
    initial = draw(strategies.initial_distributions(n))
    return EdgeModel(n, 1, initial, edges, p, theta, rewards=rewards)


def exact_pmf(model, normalized, theta):
    edges = [
        (u, v, Fraction(base) + sum(Fraction(c) * x for c, x in zip(row, theta, strict=True)))
        for u, v, base, row in model.edges
    ]
    chain = DenseDiscreteChain.from_edges(
        model.initial, edges, range(model.n), [model.n], normalized=normalized, exact=True
    )
    return chain.pmf(LARGEST, model.rewards)


@pytest.mark.parametrize("way", COUNTS)
@pytest.mark.parametrize("normalized", [False, True])
@settings(max_examples=40)
@given(st.data())
def test_against_rationals(normalized, way, data):
    model = data.draw(parameterised_steps())
    graph = model.graph()
    if normalized:
        graph.normalize()
    graph.update_parameterized_weights(model.theta)
    counts, rewards = COUNTS[way], model.per_vertex(graph, model.rewards)
    at = [Fraction(x) for x in model.theta]
    pmf = exact_pmf(model, normalized, at)
    slopes = np.array([slope(lambda x: exact_pmf(model, normalized, x), at, i) for i in range(len(at))]).T
    expected = {"pmf": (pmf, slopes), "cdf": (np.cumsum(pmf), np.cumsum(slopes, axis=0))}
    expected["sf"] = (1 - expected["cdf"][0], -expected["cdf"][1])
    for name, (value, rows) in expected.items():
        found = getattr(graph, f"{name}_discrete_gradient")(counts, rewards)
        assert_allclose(found.value, value[counts].astype(float), rtol=1e-12, atol=1e-15)
        exact = rows[counts].astype(float)
        # derivatives of both signs, of the size of a probability over a weight
        scale = np.abs(slopes.astype(float)).max(initial=0.0)
        assert_allclose(found.theta, exact, rtol=1e-10, atol=1e-13 * scale)
    possible = [k for k in counts if pmf[k] > 0]
    found = graph.logpmf_discrete_gradient(counts, rewards)
    for k, row in zip(counts, np.atleast_2d(found.theta), strict=True):
        if k in possible:
            exact = (slopes[k] / pmf[k]).astype(float)
            assert_allclose(row, exact, rtol=1e-10, atol=1e-12 * (1.0 + np.abs(exact).max()))
        else:
            assert np.isnan(row).all()


def geometric(leave=0.25, start=1.0):
    """Steps until leaving, with probability `leave` each; starts with probability `start`."""
    graph = Graph(1)
    here, end = graph.find_or_create_vertex([0]), graph.find_or_create_vertex([1])
    graph.starting_vertex().add_edge_parameterized(here, 0.0, [0.0, 1.0])
    here.add_edge_parameterized(end, 0.0, [1.0, 0.0])
    graph.update_parameterized_weights([leave, start])
    return graph


@pytest.mark.parametrize("extra", [[], [3, 8]], ids=["a sweep for each count", "a pass for each parameter"])
def test_logarithms_where_the_probability_underflows(extra):
    # p = leave (1 - leave)^(k - 1); k = 9000 is of size 1e-1124
    found = geometric().logpmf_discrete_gradient([9000, *extra])
    assert found.value[0] == pytest.approx(np.log(0.25) + 8999 * np.log(0.75), rel=1e-13)
    assert_allclose(found.theta[0], [4.0 - 8999 / 0.75, 1.0], rtol=1e-12)


@pytest.mark.parametrize("counts", [[5], [40, 3, 5]])
def test_the_far_tail_and_the_defect(counts):
    # more than k with probability start (1 - leave)^k; 0 with probability 1 - start
    k = np.array(counts)
    graph = geometric(start=0.5)
    found = graph.sf_discrete_gradient(k)
    exact = np.stack([-0.5 * k * 0.75 ** (k - 1), 0.75**k], axis=1)
    assert_allclose(found.theta, exact, rtol=1e-13)
    assert_allclose(graph.cdf_discrete_gradient(k).theta, -exact, rtol=1e-11)
    assert_allclose(graph.pmf_discrete_gradient(0).theta, [0.0, -1.0], atol=1e-15)
    assert_allclose(graph.pmf_discrete_gradient(0).theta, graph.defect_gradient().theta, atol=1e-15)


@settings(max_examples=30)
@given(parameterised_steps())
def test_probabilities_go_on_summing_to_one(model):
    graph = model.graph()
    graph.update_parameterized_weights(model.theta)
    rewards = model.per_vertex(graph, model.rewards)
    pmf = graph.pmf_discrete_gradient(range(9), rewards)
    rest = graph.sf_discrete_gradient(8, rewards)
    assert np.sum(pmf.value) + rest.value == pytest.approx(1.0, abs=1e-13)
    size = np.abs(pmf.theta).sum(axis=0).max() + 1e-300
    assert_allclose(pmf.theta.sum(axis=0), -rest.theta, rtol=0, atol=1e-12 * size)
    assert_allclose(pmf.value, graph.pmf_discrete(range(9), rewards), rtol=1e-13)
    below = graph.cdf_discrete_gradient(range(9), rewards)
    assert_allclose(below.theta, np.cumsum(pmf.theta, axis=0), rtol=0, atol=1e-12 * size)


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 2)])
def test_shapes(shape):
    for name in ("pmf", "logpmf", "cdf", "sf"):
        found = getattr(geometric(), f"{name}_discrete_gradient")(np.full(shape, 2))
        assert np.shape(found.value) == shape and found.theta.shape == (*shape, 2)


def test_a_count_that_is_no_whole_number():
    with pytest.raises(ValueError, match=r"jumps\[1\] is 1.5"):
        geometric().pmf_discrete_gradient([1, 1.5])

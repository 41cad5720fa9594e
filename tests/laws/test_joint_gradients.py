"""Derivatives of joint moments, of moments given a zero, of atoms and of marks, against rationals."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from phasic import Graph

from tests import strategies
from tests.laws.test_joint_rewards import at_vertices, exact_chain, rewarded
from tests.models import EdgeModel
from tests.reference import joint, linear
from tests.reference.discrete import DenseDiscreteChain
from tests.reference.slopes import slope

ORDERS = (2, 1)
SEEDS = np.array([[2.0, 0.5], [1.0, 0.25], [0.75, 3.0]])


def slopes(function, at):
    return np.array([float(slope(function, list(at), i)) for i in range(len(at))])


def check(found, exact, value):
    # derivatives of both signs, of the size of the number over what it depends on
    assert_allclose(found, exact, rtol=1e-10, atol=1e-12 * max(value, np.abs(exact).max(initial=0.0)))


def combination(chain, rewards, seeds=SEEDS):
    orders = [(j, k) for j in range(3) for k in range(2)]
    exact = linear.as_exact(seeds.ravel())
    return sum(
        seed * joint.joint_moment(chain, rewards, order) for seed, order in zip(exact, orders, strict=True)
    )


@settings(max_examples=25)
@given(rewarded(types=2, chains=strategies.parameterised_models(max_states=4)))
def test_joint_moments(case):
    model, rewards = case
    graph, exact = model.graph(), linear.as_exact(rewards)
    graph.update_parameterized_weights(model.theta)
    at, theta = at_vertices(model, graph, rewards), linear.as_exact(model.theta)
    found = graph.joint_moments_gradient(ORDERS, at, SEEDS)
    assert found.value == pytest.approx(np.sum(SEEDS * graph.joint_moments(ORDERS, at)), rel=1e-13)
    check(found.theta, slopes(lambda x: combination(exact_chain(model, x), exact), theta), found.value)
    top = graph.joint_moments_gradient(ORDERS, at)
    assert top.value == pytest.approx(graph.joint_moments(ORDERS, at)[ORDERS], rel=1e-13)
    chain, states = exact_chain(model, theta), model.indices(graph)
    for which in range(2):
        for state in np.flatnonzero(rewards[which])[:2]:

            def moved(x, which=which, state=state):
                rows = [list(row) for row in exact]
                rows[which][state] = x[0]
                return combination(chain, [np.array(row, dtype=object) for row in rows])

            expected = slopes(moved, [exact[which][state]])
            check(found.rewards[which][states[state]], expected[0], found.value)


@settings(max_examples=25)
@given(strategies.discrete_chains(), st.data())
def test_joint_moments_of_steps(model, data):
    # one parameter stretches all weights
    rewards = np.array([data.draw(st.tuples(*[st.integers(0, 3)] * model.n)) for _ in range(2)])
    edges = [(u, v, 0.0, (weight,)) for u, v, weight, _ in model.edges]
    stretched = EdgeModel(model.n, 1, model.initial, edges, 1, (0.75,))
    graph = stretched.graph()
    graph.update_parameterized_weights([0.75])
    at = at_vertices(stretched, graph, rewards)

    def value(x):
        weighted = [(u, v, linear.as_exact([w])[0] * x[0]) for u, v, _, (w,) in edges]
        chain = DenseDiscreteChain.from_edges(model.initial, weighted, range(model.n), [model.n], exact=True)
        return combination(chain, rewards.astype(int))

    found = graph.joint_moments_gradient(ORDERS, at, SEEDS, discrete=True)
    expected = slopes(value, linear.as_exact([0.75]))
    assert found.value == pytest.approx(np.sum(SEEDS * graph.joint_moments_discrete(ORDERS, at)), rel=1e-13)
    check(found.theta, expected, found.value)


@settings(max_examples=25)
@given(rewarded(types=2, chains=strategies.parameterised_models(max_states=4)))
def test_moments_given_zero(case):
    model, rewards = case
    theta = linear.as_exact(model.theta)
    assume(joint.atom(exact_chain(model, theta), rewards[1]) > 0)
    graph, seeds = model.graph(), [0.5, 2.0, 0.125]
    graph.update_parameterized_weights(model.theta)
    reward, zero = at_vertices(model, graph, rewards)

    def value(chain, reward):
        return linear.as_exact(seeds) @ joint.moments_given_zero(chain, 3, reward, rewards[1])

    found = graph.moments_given_zero_gradient(seeds, reward, zero)
    assert found.value == pytest.approx(graph.moments_given_zero(3, reward, zero) @ seeds, rel=1e-13)
    check(found.theta, slopes(lambda x: value(exact_chain(model, x), rewards[0]), theta), found.value)
    # homogeneous in the reward: each moment of order k scales with its k-th power
    each = graph.moments_given_zero(3, reward, zero) * seeds
    assert found.rewards[0] @ reward == pytest.approx(each @ [1, 2, 3], rel=1e-12, abs=1e-14)


def starting_anywhere(model):
    """The chain with a parameter for the probability of starting in each transient state."""
    graph, n = Graph(1), model.n
    vertices = [graph.find_or_create_vertex(model.label(state)) for state in range(n + model.a)]
    for state in range(n):
        graph.starting_vertex().add_edge_parameterized(vertices[state], 0.0, np.eye(n)[state])
    for u, v, rate, _ in model.edges:
        vertices[u].add_edge_parameterized(vertices[v], rate, np.zeros(n))
    graph.update_parameterized_weights(np.arange(1, n + 1) / (n + 1) ** 2)
    return graph


@settings(max_examples=30)
@given(rewarded(types=2))
def test_in_the_initial_distribution(case):
    model, rewards = case
    graph = starting_anywhere(model)
    at, states = at_vertices(model, graph, rewards), model.indices(graph)[: model.n]
    answers = [
        graph.atom_gradient(at[0]),
        graph.joint_moments_gradient(ORDERS, at),
        graph.pmf_marked_gradient([1.0, 0.5, 2.0], [0, 1, 4], at[0])[0],
        graph.log_likelihood_marked_gradient(graph._theta, [0, 2], at[0])[0],
        graph.moments_marked_gradient([1.0, 0.25], at[0])[0],
        graph.defect_gradient(),
        graph.moments_given_zero_gradient([1.0, 0.5], at[1], at[0]),
    ]
    for found in answers:
        assert_allclose(found.initial[states], found.theta, rtol=1e-13)
    # linear in where the chain starts, what is left of 1 being the defect
    theta = np.arange(1, model.n + 1) / (model.n + 1) ** 2
    atom = answers[0]
    assert atom.value == pytest.approx(1.0 + atom.initial[states] @ theta, rel=1e-12)


def test_seeds_of_another_shape(rabbits):
    with pytest.raises(ValueError, match=r"seeds has shape \(2,\), but there are moments of shape \(2, 3\)"):
        rabbits.joint_moments_gradient([1, 2], rabbits.states().T, [1.0, 2.0])


@pytest.fixture
def rabbits():
    from tests.models import rabbits_parameterised

    graph = Graph(callback=rabbits_parameterised)
    graph.update_parameterized_weights([1.0, 2.0, 4.0])
    return graph


def test_a_cross_moment_is_a_joint_moment(rabbits):
    rows = rabbits.states().T
    joint_table = rabbits.joint_moments([1, 1], rows)
    assert rabbits.cross_moment(rows) == joint_table[1, 1]
    one, other = rabbits.cross_moment_gradient(rows), rabbits.joint_moments_gradient([1, 1], rows)
    assert one.value == other.value and np.array_equal(one.theta, other.theta)


def test_hessian_products_of_joint_moments(rabbits):
    rows, direction = rabbits.states().T, np.array([0.3, -1.0, 0.2])
    found = rabbits.joint_moments_gradient([2, 1], rows, direction=direction).product
    sides = []
    for sign in (1, -1):
        rabbits.update_parameterized_weights(np.array([1.0, 2.0, 4.0]) + sign * 1e-5 * direction)
        sides.append(rabbits.joint_moments_gradient([2, 1], rows).theta)
    assert_allclose(found, (sides[0] - sides[1]) / 2e-5, rtol=1e-7)

"""Joint laws of rewards on random chains, against rationals."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from tests import strategies
from tests.reference import joint, linear, marks
from tests.reference.continuous import DenseChain

#: Sums, products and quotients of positive numbers; systems of at most six states.
ENTRYWISE = 1e-12
ORDERS = [(2, 1), (0, 3), (1, 1, 1), (2, 0, 1)]


@st.composite
def rewarded(draw, *, types=None, chains=None, entry=None):
    """A chain with rewards (m, n)."""
    model = draw(strategies.chains() if chains is None else chains)
    m = types or draw(st.integers(1, 3))
    row = strategies.rewards_for(model.n) if entry is None else st.tuples(*[entry] * model.n)
    return model, np.array([draw(row) for _ in range(m)], dtype=float)


def at_vertices(model, graph, rewards):
    return np.array([model.per_vertex(graph, row) for row in rewards])


@pytest.mark.parametrize("orders", ORDERS)
@given(st.data())
def test_joint_moments(orders, data):
    model, rewards = data.draw(rewarded(types=len(orders)))
    graph = model.graph()
    expected = float(joint.joint_moment(model.dense(exact=True), linear.as_exact(rewards), orders))
    found = graph.joint_moments(orders, at_vertices(model, graph, rewards))
    assert found.shape == tuple(k + 1 for k in orders)
    assert found[orders] == pytest.approx(expected, rel=ENTRYWISE)


@pytest.mark.parametrize("orders", ORDERS)
@given(st.data())
def test_joint_moments_of_steps(orders, data):
    case = rewarded(types=len(orders), chains=strategies.discrete_chains(), entry=st.integers(0, 3))
    model, rewards = data.draw(case)
    graph = model.graph()
    expected = float(joint.joint_moment(model.dense_discrete(exact=True), rewards.astype(int), orders))
    found = graph.joint_moments_discrete(orders, at_vertices(model, graph, rewards))
    assert found[orders] == pytest.approx(expected, rel=ENTRYWISE)


@given(rewarded(types=2))
def test_joint_moments_of_one_reward_are_its_moments(case):
    model, rewards = case
    graph = model.graph()
    at = at_vertices(model, graph, rewards)
    table = graph.joint_moments([3, 2], at)
    assert_allclose(table[1:, 0], graph.moments(3, at[0]), rtol=1e-14)
    assert_allclose(table[0, 1:], graph.moments(2, at[1]), rtol=1e-14)


@given(rewarded(types=2))
def test_covariance_follows_from_joint_moments(case):
    model, rewards = case
    graph = model.graph()
    at = at_vertices(model, graph, rewards)
    table = graph.joint_moments([1, 1], at)
    scale = table[1, 1] + table[1, 0] * table[0, 1]
    assert graph.covariance(*at) == pytest.approx(table[1, 1] - table[1, 0] * table[0, 1], abs=1e-13 * scale)


@given(rewarded(), st.lists(st.floats(0.0, 4.0), min_size=3, max_size=3))
def test_real_laplace_transform(case, s):
    model, rewards = case
    graph, s = model.graph(), np.array(s[: len(rewards)])
    together = linear.as_exact(s) @ linear.as_exact(rewards)
    expected = float(model.dense(exact=True).laplace(1, together))
    found = graph.joint_laplace_transform(s, at_vertices(model, graph, rewards))
    assert found == pytest.approx(expected, rel=ENTRYWISE)


@given(rewarded(types=2), st.complex_numbers(max_magnitude=5.0), st.floats(0.0, 3.0))
def test_complex_laplace_transform(case, first, second):
    assume(first.real >= 0)
    model, rewards = case
    graph = model.graph()
    chain = model.dense()
    shifted = np.diag(first * rewards[0] + second * rewards[1]) - chain.S
    expected = chain.defect + chain.alpha @ np.linalg.solve(shifted, chain.exit.sum(axis=1))
    found = graph.joint_laplace_transform([first, second], at_vertices(model, graph, rewards))
    assert found == pytest.approx(expected, abs=ENTRYWISE)  # the transform is at most one in size


@given(rewarded())
def test_atoms(case):
    model, rewards = case
    graph = model.graph()
    expected = joint.atoms(model.dense(exact=True), rewards)
    found = graph.atoms(at_vertices(model, graph, rewards))
    assert_allclose(found, expected.astype(float), rtol=ENTRYWISE)


@given(rewarded(chains=strategies.chains(decades=(-8, 8)), types=2))
def test_atoms_of_a_stiff_chain(case):
    model, rewards = case
    graph = model.graph()
    expected = joint.atoms(model.dense(exact=True), rewards)
    found = graph.atoms(at_vertices(model, graph, rewards))
    assert_allclose(found, expected.astype(float), rtol=ENTRYWISE)


@given(rewarded(types=1))
def test_the_atom_is_the_defect_of_the_transformed_chain(case):
    model, rewards = case
    graph = model.graph()
    (at,) = at_vertices(model, graph, rewards)
    assert graph.atoms(at)[0] == pytest.approx(graph.reward_transform(at).defect(), abs=1e-14)


@given(rewarded(types=2))
def test_moments_given_that_another_reward_is_zero(case):
    model, rewards = case
    chain = model.dense(exact=True)
    assume(joint.atom(chain, rewards[1]) > 0)
    graph = model.graph()
    reward, zero = at_vertices(model, graph, rewards)
    expected = joint.moments_given_zero(chain, 3, rewards[0], rewards[1])
    found = graph.moments_given_zero(3, reward, zero)
    assert_allclose(found, np.array(expected).astype(float), rtol=ENTRYWISE)


def exact_chain(model, theta):
    edges = [
        (u, v, linear.as_exact([base])[0] + sum(linear.as_exact(row) * theta))
        for u, v, base, row in model.edges
    ]
    absorbing = range(model.n, model.n + model.a)
    return DenseChain.from_edges(model.initial, edges, range(model.n), absorbing, exact=True)


@given(rewarded(types=1, chains=strategies.parameterised_models(max_states=4)))
def test_gradient_of_an_atom(case):
    model, rewards = case
    graph = model.graph()
    graph.update_parameterized_weights(model.theta)
    (at,) = at_vertices(model, graph, rewards)
    found = graph.atom_gradient(at)
    theta = linear.as_exact(model.theta)
    expected = [
        float(marks.slope(lambda x: joint.atom(exact_chain(model, x), rewards[0]), theta, i))
        for i in range(len(theta))
    ]
    assert found.value == pytest.approx(graph.atoms(at)[0], rel=1e-14)
    # derivatives of both signs, of the size of a probability over a rate
    assert_allclose(found.theta, expected, rtol=1e-11, atol=1e-13)


@given(rewarded(types=2, chains=strategies.parameterised_models(max_states=4)))
def test_gradient_of_a_laplace_transform(case):
    model, rewards = case
    graph = model.graph()
    graph.update_parameterized_weights(model.theta)
    at, s = at_vertices(model, graph, rewards), [0.5, 1.25]
    found, in_s = graph.joint_laplace_gradient(s, at)
    exact = linear.as_exact(rewards)

    def value(s):
        return exact_chain(model, linear.as_exact(model.theta)).laplace(1, np.array(s, dtype=object) @ exact)

    expected = [float(marks.slope(value, linear.as_exact(s), i)) for i in range(2)]
    assert_allclose(in_s, expected, rtol=1e-11, atol=1e-14)
    assert found.value == graph.joint_laplace_transform(s, at)
    by_scaling = [sum(row * share) for row, share in zip(at, found.rewards, strict=True)]
    assert_allclose(by_scaling, np.array(s) * in_s, rtol=1e-11, atol=1e-14)

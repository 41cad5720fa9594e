"""Several rewards at once: known answers and bad input."""

import numpy as np
import phasic
import pytest
from numpy.testing import assert_allclose
from phasic import Graph

from tests import models
from tests.reference import truth


@pytest.fixture
def blocks():
    return Graph(callback=models.block_counting, n=5)


@pytest.fixture
def rabbits():
    return Graph(callback=models.rabbits, n=2)


def branches(graph):
    return graph.states()[:, :-1].T.astype(float)


@pytest.mark.parametrize("pair", [pair for pair in truth.FU5_COVARIANCES if pair[0] != pair[1]])
def test_second_joint_moments_give_the_covariances_of_fu(blocks, pair):
    rows = branches(blocks)[[pair[0] - 1, pair[1] - 1]]
    table = blocks.joint_moments([1, 1], rows)
    found = table[1, 1] - table[1, 0] * table[0, 1]
    assert found == pytest.approx(float(truth.FU5_COVARIANCES[pair]), abs=1e-14)


def test_moments_of_the_sum_of_all_branches(blocks):
    # multinomial theorem: E[L^2] from all products of two
    rows = branches(blocks)
    total = blocks.moments(2, rows.sum(axis=0))[1]
    table = blocks.joint_moments([2] * 4, rows)
    pairs = sum(
        table[tuple(np.eye(4, dtype=int)[i] + np.eye(4, dtype=int)[j])] for i in range(4) for j in range(4)
    )
    assert pairs == pytest.approx(total, rel=1e-14)


def test_the_moment_of_order_zero_is_one_even_with_a_defect():
    graph = Graph(1)
    alive, end = graph.find_or_create_vertex([1]), graph.find_or_create_vertex([0])
    graph.starting_vertex().add_edge(alive, 0.25)
    alive.add_edge(end, 1.0)
    assert_allclose(graph.joint_moments([1], [[0, 1, 0]]), [1.0, 0.25], rtol=1e-15)
    assert_allclose(graph.atoms([0, 1, 0]), [0.75, 0.25], rtol=1e-15)


def test_the_right_island_may_never_be_reached(rabbits):
    found = rabbits.atoms(rabbits.states()[:, 1].astype(float))
    assert_allclose(found, [float(truth.RABBIT2_RIGHT_ZERO), 1 - float(truth.RABBIT2_RIGHT_ZERO)], rtol=1e-15)


def test_time_without_a_rabbit_on_the_right(rabbits):
    # from (2, 0) a flood comes at rate 2, or a rabbit crosses at rate 1: exponential with rate 3
    right = rabbits.states()[:, 1].astype(float)
    assert_allclose(rabbits.moments_given_zero(2, None, right), [1 / 3, 2 / 9], rtol=1e-15)


def test_several_rewards_may_have_to_stay_zero(blocks):
    # no doubletons and no branch with three descendants: the tree loses one lineage of five at a time
    rows = branches(blocks)
    assert blocks.atoms(rows[1:3])[0, 0] == 0.0
    with pytest.raises(ValueError, match="surely positive"):
        blocks.moments_given_zero(1, None, rows[1:3])


def test_a_spectrum_without_doubletons_is_impossible(blocks):
    assert blocks.atoms(branches(blocks))[:, 0].sum() == 0.0


def test_complex_arguments_with_no_imaginary_part(rabbits):
    rows = rabbits.states().T.astype(float)
    real = rabbits.joint_laplace_transform([1.0, 2.0], rows)
    assert rabbits.joint_laplace_transform([1.0 + 0j, 2.0], rows) == pytest.approx(real, rel=1e-15)


# Bad input


def test_as_many_orders_as_rewards(rabbits):
    with pytest.raises(ValueError, match=r"orders has shape \(1,\), but there are 2 rewards"):
        rabbits.joint_moments([1], rabbits.states().T)


@pytest.mark.parametrize(
    "orders, message", [([1.5], r"orders\[0\] is 1.5"), ([2000], r"orders\[0\] is 2000")]
)
def test_bad_orders(rabbits, orders, message):
    with pytest.raises(ValueError, match=message):
        rabbits.joint_moments(orders, rabbits.states().T[:1])


def test_moments_too_many_for_memory(rabbits):
    with pytest.raises(ValueError, match=r"orders\[3\] is 999: .* fit in memory"):
        rabbits.joint_moments([999] * 4, np.repeat(rabbits.states().T, 2, axis=0))


def test_a_negative_argument_of_the_transform(rabbits):
    with pytest.raises(ValueError, match=r"s\[1\] is -1"):
        rabbits.joint_laplace_transform([1.0, -1.0], rabbits.states().T)


def test_a_complex_argument_left_of_the_axis(rabbits):
    with pytest.raises(ValueError, match=r"s\[0\] is -1"):
        rabbits.joint_laplace_transform([-1.0 + 1j, 1.0], rabbits.states().T)


def test_as_many_arguments_as_rewards(rabbits):
    with pytest.raises(ValueError, match=r"s has shape \(3,\), but there are 2 rewards"):
        rabbits.joint_laplace_transform([1.0, 1.0, 1.0], rabbits.states().T)


def test_negative_rewards_have_no_atoms(rabbits):
    with pytest.raises(ValueError, match=r"rewards\[1\] is -1"):
        rabbits.atoms(np.where(np.arange(rabbits.vertices_length()) == 1, -1.0, 1.0))


def test_too_many_rewards_at_once(rabbits):
    with pytest.raises(ValueError, match="number of rewards"):
        rabbits.atoms(np.ones((13, rabbits.vertices_length())))


def test_derivatives_of_a_reward_are_about_as_right_as_its_values():
    graph = phasic.models.kingman(2)
    graph.update_weights([1.0])
    lineages = graph.states()[:, 0]
    found = graph.logpdf_reward_gradient([0.5, 4.0, 30.0], lineages)  # log(θ/2) − θ y / 2
    assert_allclose(found.theta[:, 0], [0.75, -1.0, -14.0], rtol=0, atol=2e-10)

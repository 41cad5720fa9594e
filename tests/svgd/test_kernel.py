"""The Stein direction against its definition, and its sign."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phasic.svgd import Kernel, Normal
from phasic.svgd._kernel import median_of_pairs, squared_distances
from phasic.svgd._prepare import make_target
from phasic.svgd._start import Whitening
from phasic.svgd._step import ADAM, BLOCK, init, svgd_block

from tests.svgd.standins import Gauss

KINDS = ["imq+bilinear", "imq", "rbf"]

direction = jax.jit(Kernel.direction)
median = jax.jit(median_of_pairs)


def kernel_function(kind, h, d):
    """k(x, y) as a formula."""

    def k(x, y):
        r2 = jnp.sum((x - y) ** 2)
        if kind == "rbf":
            return jnp.exp(-r2 / h)
        bilinear = (1.0 + x @ y) / (1.0 + d) if kind == "imq+bilinear" else 0.0
        return (1.0 + r2 / h) ** -0.5 + bilinear

    return k


@functools.partial(jax.jit, static_argnums=0)
def slow_direction(k, x, score):
    """phi_i = mean_j [k(x_j, x_i) s_j + grad_{x_j} k(x_j, x_i)] (Liu and Wang 2016), term by term."""

    def term(i, j):
        return k(x[j], x[i]) * score[j] + jax.grad(k)(x[j], x[i])

    indices = jnp.arange(len(x))
    return jax.vmap(lambda i: jnp.mean(jax.vmap(lambda j: term(i, j))(indices), axis=0))(indices)


@pytest.mark.parametrize("kind", KINDS)
def test_matrix_form_equals_the_definition(kind):
    x, score = np.random.RandomState(0).normal(size=(2, 7, 3))
    expected = slow_direction(kernel_function(kind, 1.7**2, 3), x, score)
    # Both are sums of 7 terms of size 1 in double precision.
    np.testing.assert_allclose(direction(Kernel(kind, 1.7), x, score), expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("kind", ["imq", "rbf"])
def test_two_particles_of_one_mode_move_apart(kind):
    x = np.asarray([[-0.05], [0.05]])
    phi = np.asarray(direction(Kernel(kind, 1.0), x, -x))
    assert phi[0, 0] < 0 < phi[1, 0]


@pytest.mark.parametrize("kind", KINDS)
def test_fixed_bandwidth_finds_the_spread_of_a_standard_normal(kind):
    # From far off and far too narrow: the right sign ends near 1, the wrong one collapses to 0.
    target = make_target(
        Gauss(np.zeros(1), np.eye(1)), [1.0], None, prior=Normal(0.0, 1e6), dim=1, positive_params=False
    )
    x = 2.0 + 0.3 * np.linspace(-2.0, 2.0, 64)[:, None]
    state = init(x, -x, np.zeros(64), ADAM)
    whitening = Whitening(np.zeros(1), np.eye(1))
    for block in range(40):
        rates = np.full(BLOCK, 0.05 if block < 30 else 0.005)
        kernel = Kernel(kind, np.float64(1.0))
        state, _, _ = svgd_block(target, whitening, kernel, state, rates, np.int32(BLOCK), optimizer=ADAM)
    assert 0.9 < float(jnp.std(state.x)) < 1.05


@pytest.mark.parametrize("n", [2, 7, 40])
@given(seed=st.integers(0, 2**16))
@settings(max_examples=20)
def test_median_is_the_upper_median_of_the_distances_between_pairs(n, seed):
    x = np.random.RandomState(seed).normal(size=(n, 2))
    r2 = np.asarray(jax.jit(squared_distances)(x))
    pairs = np.sort(r2[~np.eye(n, dtype=bool)])
    # Bisection stops at 2^-30 of the largest distance.
    np.testing.assert_allclose(median(r2), pairs[len(pairs) // 2], atol=2e-9 * pairs[-1])


@pytest.mark.parametrize("kind", KINDS)
def test_order_of_particles_does_not_matter(kind):
    x, score = np.random.RandomState(1).normal(size=(2, 20, 2))
    order = np.random.RandomState(2).permutation(20)
    phi = np.asarray(direction(Kernel(kind), x, score))
    # The median is found to 2^-30 of the largest distance.
    np.testing.assert_allclose(direction(Kernel(kind), x[order], score[order]), phi[order], atol=1e-8)


def test_coinciding_particles_give_a_finite_direction():
    x = np.ones((4, 2))
    assert np.isfinite(direction(Kernel(), x, x)).all()

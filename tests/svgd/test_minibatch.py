"""Fits in batches: unbiased, exact at the anchor, reproducible, judged on all data."""

import jax
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phasic import Graph, Observations
from phasic.svgd import SVGD, Gamma, LogNormal, svgd
from phasic.svgd._minibatch import anchored, decaying, order, split
from phasic.svgd._prepare import make_target

from tests import models
from tests.svgd.cases import case
from tests.svgd.standins import TRACES, Erlang, Hypoexponential

RANDOM = np.random.RandomState(8)
VALUES = RANDOM.exponential(1.0, size=2000) + RANDOM.exponential(0.25, size=2000)
PRIOR = [LogNormal(0.0, 0.3), LogNormal(np.log(4.0), 0.3)]


def target_of(model, values, weights=None, prior=PRIOR):
    return make_target(model, values, weights, prior=prior, dim=model.n_parameters)


def batches(target, size):
    return anchored(split(target, size, np.random.default_rng(0)), np.asarray([0.9, 3.0])[: target.dim])


distinct = st.lists(st.floats(0.01, 9.0), min_size=10, max_size=10, unique=True)
counts = st.lists(st.integers(1, 3), min_size=10, max_size=10)


@settings(max_examples=8)
@given(distinct, counts)
def test_mean_of_the_batches_is_the_whole(values, weights):
    target = target_of(Hypoexponential(), values, weights)
    z = np.asarray([[0.1, 1.3], [-0.4, 0.7]])
    each = [part.value_and_gradient(z) for part in batches(target, 4)]
    for whole, parts in zip(target.value_and_gradient(z), zip(*each, strict=True), strict=True):
        # A sum of logarithms in another order.
        np.testing.assert_allclose(np.mean(parts, axis=0), whole, rtol=1e-9, atol=1e-9)


def test_mean_of_censored_batches_is_the_whole():
    seen = Observations.exact(VALUES[:20]) + Observations.right([2.0, 3.0], truncated=(0.5, None))
    model = Graph(callback=models.erlang_parameterised, k=2).model()
    target = target_of(model, seen, prior=Gamma(2.0, 1.0))
    z = np.asarray([[0.1], [-0.4]])
    each = [part.value_and_gradient(z)[0] for part in batches(target, 6)]
    np.testing.assert_allclose(np.mean(each, axis=0), target.value_and_gradient(z)[0], rtol=1e-10)


def test_batches_have_one_size_and_all_observations():
    parts = split(target_of(Hypoexponential(), VALUES[:99]), 25, np.random.default_rng(0))
    assert [len(part.values) for part in parts] == [25] * 4
    used = np.concatenate([np.asarray(part.values)[np.asarray(part.weights) > 0] for part in parts])
    np.testing.assert_array_equal(np.sort(used), np.sort(VALUES[:99]))


def test_gradients_of_all_batches_agree_at_the_anchor():
    target = target_of(Hypoexponential(), VALUES[:400])
    at = np.log([[0.9, 3.0]])
    gradients = [np.asarray(part.value_and_gradient(at)[1]) for part in batches(target, 100)]
    scale = np.abs(split(target, 100, np.random.default_rng(0))[0].value_and_gradient(at)[1]).max()
    np.testing.assert_allclose(np.ptp(gradients, axis=0), 0.0, atol=1e-11 * scale)


def test_every_pass_uses_each_batch_once():
    drawn = order(5, np.random.default_rng(0))
    passes = [[next(drawn) for _ in range(5)] for _ in range(3)]
    assert all(sorted(each) == list(range(5)) for each in passes)
    assert passes[0] != passes[1]


@pytest.fixture(scope="module")
def fitted():
    return svgd(Hypoexponential(), VALUES, prior=PRIOR, batch=250, seed=3)


def test_posterior_is_that_of_a_fit_of_all_data(fitted):
    whole = svgd(Hypoexponential(), VALUES, prior=PRIOR)
    # The accuracy of a fit with default settings: see test_accuracy.
    np.testing.assert_allclose((fitted.mean - whole.mean) / whole.sd, 0.0, atol=0.03)
    np.testing.assert_allclose(fitted.sd / whole.sd, 1.0, atol=0.04)
    assert fitted.converged, fitted.reason


def test_equal_seeds_give_equal_bits(fitted):
    again = svgd(Hypoexponential(), VALUES, prior=PRIOR, batch=250, seed=3)
    assert again.particles.tobytes() == fitted.particles.tobytes()


def test_seed_reaches_the_batches(fitted):
    other = svgd(Hypoexponential(), VALUES, prior=PRIOR, batch=250, seed=4)
    assert other.particles.tobytes() != fitted.particles.tobytes()


def test_one_program_serves_all_batches():
    values = np.random.RandomState(1).exponential(1.0, size=300)
    svgd(Erlang(), values, prior=Gamma(2.0, 1.0), batch=30)
    before = TRACES["count"]
    mean = svgd(Erlang(), values / 4.0, prior=Gamma(2.0, 1.0), batch=30).mean[0]
    assert TRACES["count"] == before
    assert mean == pytest.approx(302.0 / (1.0 + values.sum() / 4.0), rel=1e-3)


def test_few_steps_are_judged_not_converged():
    posterior = svgd(Hypoexponential(), VALUES, prior=PRIOR, batch=250, n_iterations=5)
    assert not posterior.converged
    assert posterior.n_steps == 5


def test_batch_of_all_data_is_a_fit_without_batches():
    c = case("exponential, 5 observations")
    first = svgd(c.model, c.values, prior=c.prior, batch=5)
    assert first.particles.tobytes() == svgd(c.model, c.values, prior=c.prior).particles.tobytes()


def test_graph_takes_batches():
    graph = Graph(callback=models.erlang_parameterised, k=1)
    values = np.random.RandomState(1).exponential(1.0, size=300)
    posterior = graph.svgd(values, prior=Gamma(2.0, 1.0), batch=100, progress=False)
    shape, rate = 302.0, 1.0 + values.sum()
    assert abs(posterior.mean[0] - shape / rate) < 0.03 * np.sqrt(shape) / rate


def test_history_ends_at_the_result():
    values = np.random.RandomState(1).exponential(1.0, size=300)
    fit = SVGD(Erlang(), values, Gamma(2.0, 1.0), n_iterations=60, batch=100).fit(return_history=True)
    np.testing.assert_array_equal(fit.history[-1], fit.particles)


@given(st.floats(1e-3, 1.0), st.integers(2, 500))
def test_step_sizes_fall_to_a_thousandth(rate, steps):
    sizes = [decaying(rate, steps)(i) for i in range(steps)]
    assert sizes[0] == pytest.approx(rate)
    assert sizes[-1] == pytest.approx(1e-3 * rate)
    assert (np.diff(sizes) <= 0).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch": 0}, "batch must be at least 1, got 0"),
        ({"batch": 1.5}, "batch must be a whole number, got 1.5"),
        (
            {"batch": 50, "optimizer": optax.adam(0.1)},
            "batch needs step sizes that fall: give learning_rate, not an optimizer",
        ),
        (
            {"batch": 50, "learning_rate": lambda step: 0.1},
            "learning_rate falls from 0.1 to 0.1 in 1000 steps; with batch it must fall to a tenth",
        ),
        (
            {"batch": 50, "exposure": 2.0},
            "batch goes with plain observations, not with rewards= or exposure=",
        ),
    ],
)
def test_bad_batch_is_named(options, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        svgd(Erlang(), VALUES[:100], prior=Gamma(2.0, 1.0), **options)


def test_batches_are_differentiable_once_by_jax():
    part = batches(target_of(Hypoexponential(), VALUES[:50]), 10)[0]
    assert np.isfinite(jax.grad(part.log_density)(np.asarray([0.1, 1.0]))).all()

"""Laws of many particles: their order, memory and blocks; and runs whose particles go astray."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from phasic.svgd import Gamma, Kernel, LogNormal, Normal, svgd
from phasic.svgd import _rows as rows
from phasic.svgd import _run as run
from phasic.svgd._monitor import FAR, astray, residuals
from phasic.svgd._prepare import make_target
from phasic.svgd._start import Whitening
from phasic.svgd._step import ADAM, BLOCK, init, svgd_block
from scipy import stats

from tests.svgd.cases import case
from tests.svgd.standins import Gauss, Rates

MANY = 1100  # above the number that is summed at once


# Fewer rows than a block of 100 pairs, a whole number of blocks, a remainder, a row longer than a block.
@pytest.mark.parametrize(("m", "columns"), [(9, 10), (40, 10), (43, 10), (7, 997)])
def test_blocks_of_rows_are_the_rows(m, columns, monkeypatch):
    monkeypatch.setattr(rows, "PAIRS", 100)
    own = jnp.arange(m) * 3
    found = jax.jit(lambda: rows.in_blocks(lambda given: (given, 2.0 * given[:, None]), own, columns))()
    np.testing.assert_array_equal(found[0], own)
    np.testing.assert_array_equal(found[1], 2.0 * own[:, None])


@pytest.mark.parametrize("kind", ["imq+bilinear", "imq", "rbf"])
def test_blocks_give_the_direction_of_whole_matrices(kind, monkeypatch):
    x, score = np.random.RandomState(0).normal(size=(2, MANY, 3))
    blocked = jax.jit(lambda: Kernel(kind).direction(x, score))()
    monkeypatch.setattr("phasic.svgd._kernel._AT_ONCE", MANY)
    whole = jax.jit(lambda: Kernel(kind).direction(x, score))()
    # Sums of 1100 terms of size 1 in another order.
    np.testing.assert_allclose(blocked, whole, rtol=0, atol=1e-13)


def test_blocks_give_the_residuals_of_whole_matrices(monkeypatch):
    x = np.random.RandomState(0).normal(size=(MANY, 3))
    score = -x + 0.1
    blocked = jax.jit(lambda: residuals(x, score))()
    monkeypatch.setattr("phasic.svgd._kernel._AT_ONCE", MANY)
    whole = jax.jit(lambda: residuals(x, score))()
    # The discrepancy is a mean of 1e6 terms of both signs that cancel to 1e-3 of their size.
    for name, value in whole.items():
        np.testing.assert_allclose(blocked[name], value, rtol=1e-11)


@pytest.mark.parametrize("part", ["direction", "residuals"])
def test_no_matrix_of_all_pairs_is_made_of_many_particles(part):
    n = 8192
    shapes = (jax.ShapeDtypeStruct((n, 2), np.float64),) * 2
    function = Kernel().direction if part == "direction" else residuals
    memory = jax.jit(lambda x, s: function(x, s)).lower(*shapes).compile().memory_analysis()
    # A matrix (n, n) takes 512 MiB; blocks take a few arrays of 2 MiB, and the median's rows.
    assert memory.temp_size_in_bytes < 32 << 20


def after_steps(x, order, n_steps=BLOCK):
    c = case("hypoexponential")
    target = make_target(c.model, c.values, None, prior=c.prior, dim=2)
    whitening = Whitening(np.log(c.mean), np.diag(c.sd / c.mean))
    x = x[order]
    value, score = jax.jit(target.value_and_gradient)(whitening.to_z(x))
    state = init(x, whitening.score(np.asarray(score)), np.asarray(value), ADAM)
    steps = np.full(BLOCK, 0.05), np.int32(n_steps)
    return np.asarray(svgd_block(target, whitening, Kernel(), state, *steps, optimizer=ADAM)[0].x)


def test_permuted_particles_end_as_the_particles_permuted():
    x = np.random.RandomState(0).normal(size=(60, 2))
    order = np.random.RandomState(1).permutation(60)
    moved = after_steps(x, np.arange(60))
    # The median is found to 2^-30 of the largest distance.
    np.testing.assert_allclose(after_steps(x, order), moved[order], rtol=0, atol=1e-7)


FLAT = {
    "Gamma": (Gamma(4.0, 2.0), stats.gamma(4.0, scale=0.5)),
    "LogNormal": (LogNormal(0.3, 0.7), stats.lognorm(0.7, scale=np.exp(0.3))),
}


@pytest.mark.parametrize("name", FLAT)
def test_a_flat_likelihood_returns_the_prior(name):
    prior, exact = FLAT[name]
    # No observation of either rate: counts and sums are 0, and so is the likelihood's logarithm.
    posterior = svgd(Rates(np.zeros(2), np.zeros(2)), [1.0], prior=prior)
    levels = np.asarray([[0.05], [0.25], [0.5], [0.75], [0.95]])
    assert posterior.converged
    # The bars of every fit.
    np.testing.assert_allclose(posterior.mean, exact.mean(), rtol=0, atol=0.03 * exact.std())
    np.testing.assert_allclose(posterior.sd, exact.std(), rtol=0.04)
    np.testing.assert_allclose(exact.cdf(posterior.quantile(levels[:, 0])) - levels, 0.0, atol=0.05)


EXPLODING = {
    "step sizes that grow": {"learning_rate": lambda step: 0.1 * 1.4**step},
    "an optimiser that overshoots": {"optimizer": optax.sgd(30.0)},
}


@pytest.mark.parametrize("name", EXPLODING)
@pytest.mark.parametrize("problem", ["ten correlated normals", "hypoexponential"])
def test_a_run_that_explodes_stops_with_its_last_good_particles(name, problem):
    c = case(problem)
    posterior = svgd(c.model, c.values, prior=c.prior, **c.options, **EXPLODING[name])
    assert not posterior.converged
    assert (
        "diverged" in posterior.reason and posterior.reason.count(f"kept, of step {posterior.n_steps}") == 1
    )
    assert posterior.n_steps < 300
    assert np.isfinite(posterior.particles).all()


def test_particles_kept_of_a_run_that_explodes_are_those_of_its_last_good_step():
    c = case("ten correlated normals")

    def grows(step):
        return 0.05 if step < 60 else 10.0 ** (step - 50)

    options = {"prior": c.prior, "learning_rate": grows, "n_particles": 64, "kernel": "rbf", **c.options}
    exploded = svgd(c.model, c.values, **options)
    stopped = svgd(c.model, c.values, n_iterations=50, **options)
    assert "by step 75" in exploded.reason and exploded.n_steps == 50
    assert exploded.particles.tobytes() == stopped.particles.tobytes()


def test_lost_particles_are_counted_once_and_only_if_most():
    x = np.zeros((10, 2))
    x[:8, 1] = 2.0 * FAR
    stuck = np.arange(10) >= 7
    assert astray(x, stuck) == 10
    stuck[9] = False
    assert astray(x, stuck) == 9
    stuck[8] = False
    assert astray(x, stuck) == 0


def test_a_long_way_from_a_narrow_start_is_not_astray():
    # The prior's quantiles miss the likelihood by 50 of its standard deviations; the search arrives.
    posterior = svgd(
        Gauss(np.asarray([50.0]), np.eye(1)), [1.0], prior=Normal(0.0, 100.0), positive_params=False
    )
    assert posterior.converged


def test_heavy_tails_take_four_times_the_particles_from_the_modes_that_were_found(monkeypatch):
    searches = []
    search = run.search
    monkeypatch.setattr(run, "search", lambda *arguments: searches.append(1) or search(*arguments))
    model, prior = Rates(np.zeros(2), np.zeros(2)), LogNormal(0.0, 1.0)
    few = svgd(model, [1.0], prior=prior, n_particles=128)
    more = svgd(model, [1.0], prior=prior)
    assert not few.converged and few.particles.shape == (128, 2)
    assert more.particles.shape == (512, 2)
    assert len(searches) == 2  # one for each fit
    own = few.diagnostics["gradient_evaluations"] + 512 * more.n_steps
    assert more.diagnostics["gradient_evaluations"] > own

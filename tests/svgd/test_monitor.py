"""The monitor must not call a bad run converged."""

from dataclasses import dataclass

import jax
import numpy as np
import pytest
from phasic.svgd import Kernel, svgd
from phasic.svgd._monitor import LIMITS, residuals

from tests.svgd.cases import case


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Flipped(Kernel):
    """Attraction where there should be repulsion."""

    def direction(self, x, score, axis=None):
        drift = Kernel("imq", self.bandwidth).direction(x, 0.0 * score, axis)
        return Kernel("imq", self.bandwidth).direction(x, score, axis) - 2.0 * drift


SABOTAGE = {
    "five steps": {"n_iterations": 5},
    "flipped sign": {"kernel": Flipped()},
    "far too small steps": {"learning_rate": 1e-6},
    "far too large steps": {"learning_rate": lambda step: 100.0},
}


# The hypoexponential start is within the limits for most seeds, and right: standing still is no fault there.
SABOTAGED = [
    (name, fault)
    for name in ("exponential, 5 observations", "hypoexponential")
    for fault in SABOTAGE
    if (name, fault) != ("hypoexponential", "far too small steps")
]


@pytest.mark.parametrize(("name", "fault"), SABOTAGED)
def test_sabotaged_run_has_not_converged(name, fault):
    c = case(name)
    posterior = svgd(c.model, c.values, prior=c.prior, **SABOTAGE[fault])
    assert not posterior.converged
    assert posterior.reason.startswith("not converged: ")


@pytest.mark.parametrize("rate", [1e-6, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0])
@pytest.mark.parametrize("name", ["exponential, 5 observations", "hypoexponential"])
def test_whatever_the_step_size_a_converged_answer_is_right(name, rate):
    c = case(name)
    posterior = svgd(c.model, c.values, prior=c.prior, learning_rate=lambda step: rate)
    right = np.all(abs(posterior.mean - c.mean) < 0.03 * c.sd) and np.all(abs(posterior.sd / c.sd - 1) < 0.04)
    assert right or not posterior.converged


def test_collapse_of_the_rbf_kernel_in_ten_dimensions_is_noticed():
    c = case("ten correlated normals")
    posterior = svgd(c.model, c.values, prior=c.prior, kernel="rbf", **c.options)
    assert (posterior.sd < 0.8 * c.sd).any()
    assert not posterior.converged


def test_residuals_of_exact_draws_are_of_their_own_noise():
    x = np.random.RandomState(0).normal(size=(400, 2))
    numbers = jax.jit(residuals)(x, -x)
    # Means of 400 draws have a standard error of 0.05; the ratio has expectation 1.
    assert numbers["stein_mean"] < 0.2
    assert numbers["stein_second"] < 0.3
    assert 0.2 < numbers["ksd_ratio"] < 3.0


def test_residuals_of_a_lost_mode_exceed_the_limits():
    # Particles all near +3 while the density has its other half at -3.
    x = 3.0 + np.linspace(-1.0, 1.0, 100)[:, None]
    score = -(x - 3.0 * np.tanh(3.0 * x))
    numbers = jax.jit(residuals)(x, score)
    assert numbers["stein_second"] > LIMITS["stein_second"]

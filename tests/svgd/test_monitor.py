"""The monitor must not call a bad run converged."""

from dataclasses import dataclass

import jax
import numpy as np
import pytest
from phasic.svgd import Kernel, svgd
from phasic.svgd._monitor import (
    GRADE_LIMITS,
    LIMITS,
    Fault,
    faults_of_grade,
    faults_of_run,
    residuals,
    verdict,
)

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


GOOD_RUN = {name: 0.5 * limit for name, limit in LIMITS.items()}
GOOD_GRADE = {name: 0.5 * limit for name, limit in GRADE_LIMITS.items()}


def advice(faults):
    """What the verdict says of faults, and the remedies that it names."""
    converged, reason = verdict(faults)
    assert not converged
    text, remedies = reason.split(". What may help: ")
    return text, remedies.split("; or ")


def test_every_remedy_is_said_once():
    run = faults_of_run(dict.fromkeys(LIMITS, 9.0), 3, 50, 100)
    grade = faults_of_grade(dict.fromkeys(GRADE_LIMITS, 9.0))
    _, remedies = advice([*run, *[Fault(f"part 2: {each.text}", each.remedies) for each in run], *grade])
    assert len(remedies) == len(set(remedies))
    assert sum("n_particles" in each for each in remedies) == 1


@pytest.mark.parametrize("gap", ["mean_gap", "sd_gap", "tail_gap"])
def test_where_importance_sampling_works_its_own_moments_come_first(gap):
    _, remedies = advice(faults_of_grade({**GOOD_GRADE, gap: 9.0}))
    assert 'diagnostics["importance_mean"]' in remedies[0]
    assert '["importance_sd"]' in remedies[0]
    assert remedies[-1] == "more particles (n_particles)"


@pytest.mark.parametrize("gap", ["mean_gap", "sd_gap"])
def test_metropolis_moves_are_a_remedy_beside_nuts(gap):
    _, remedies = advice(faults_of_grade({**GOOD_GRADE, gap: 9.0}))
    assert "phasic.metropolis" in remedies[1]
    assert "nuts" in remedies[2]


def test_where_importance_sampling_fails_its_moments_are_not_named():
    text, remedies = advice(faults_of_grade({**GOOD_GRADE, "pareto_k": 0.9, "sd_gap": 9.0}))
    assert "shape k of the tail of importance weights is 0.9" in text
    assert not any("importance" in each for each in remedies)


def test_too_few_steps_are_mended_by_steps():
    assert advice(faults_of_run(GOOD_RUN, 3, 0, 100))[1] == [
        "more steps (n_iterations), with the default kernel and step sizes"
    ]


@pytest.mark.parametrize("steps", [1, 300])
def test_the_moments_that_a_remedy_names_are_in_the_result(steps):
    c = case("exponential, 5 observations")
    posterior = svgd(c.model, c.values, prior=c.prior, n_iterations=steps)
    for name in ("importance_mean", "importance_sd"):
        error = posterior.diagnostics[f"{name}_error"]
        exact = {"importance_mean": c.mean, "importance_sd": c.sd}[name]
        assert np.all(abs(posterior.diagnostics[name] - exact) < 5 * error)
        assert np.all((error > 0) & (error < 0.1 * exact))

"""The result object."""

import numpy as np
import pytest
from phasic.svgd import Posterior

PARTICLES = np.column_stack([np.arange(1.0, 101.0), 10.0 * np.arange(1.0, 101.0)])


@pytest.fixture
def posterior():
    return Posterior(
        particles=PARTICLES.copy(),
        names=("rate", "scale"),
        converged=False,
        reason="not converged: too few",
        diagnostics={},
        n_steps=5,
        seconds=0.1,
    )


def test_mean_and_sd(posterior):
    np.testing.assert_allclose(posterior.mean, [50.5, 505.0])
    np.testing.assert_allclose(posterior.sd, PARTICLES.std(axis=0))


def test_particles_are_quantiles_at_the_middle_of_their_share(posterior):
    np.testing.assert_allclose(posterior.quantile([0.005, 0.5, 0.995])[:, 0], [1.0, 50.5, 100.0])


def test_interval_has_a_row_for_each_parameter(posterior):
    np.testing.assert_allclose(posterior.interval(0.9), [[5.5, 95.5], [55.0, 955.0]])


def test_summary_has_a_line_for_each_parameter_and_the_verdict(posterior):
    lines = posterior.summary().splitlines()
    assert lines[1].split()[:2] == ["rate", "50.5"]
    assert lines[2].split()[:2] == ["scale", "505"]
    assert lines[-1] == "not converged: too few"


def test_repr_says_that_it_has_not_converged(posterior):
    assert "NOT converged" in repr(posterior)


def test_particles_are_read_only(posterior):
    with pytest.raises(ValueError, match="read-only"):
        posterior.particles[0, 0] = 3.0


@pytest.mark.parametrize("q", [-0.1, 1.1, np.nan])
def test_quantile_outside_zero_and_one_is_refused(posterior, q):
    with pytest.raises(ValueError, match="q must lie between 0 and 1"):
        posterior.quantile(q)


@pytest.mark.parametrize("probability", [0.0, 1.0, 5.0])
def test_interval_of_no_probability_is_refused(posterior, probability):
    with pytest.raises(ValueError, match="probability"):
        posterior.interval(probability)

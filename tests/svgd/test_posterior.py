"""The result object."""

import copy
import pickle
import subprocess
import sys

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


def test_particles_by_name(posterior):
    np.testing.assert_array_equal(posterior["scale"], PARTICLES[:, 1])


def test_an_unknown_name_is_refused(posterior):
    with pytest.raises(KeyError, match="no parameter is called 'slope': they are rate, scale"):
        posterior["slope"]


def test_a_position_is_no_name(posterior):
    with pytest.raises(KeyError, match="no parameter is called 0"):
        posterior[0]


def test_a_posterior_is_a_mapping_of_names(posterior):
    assert list(posterior) == ["rate", "scale"]
    assert "rate" in posterior
    for found in (dict(posterior), posterior.to_dict()):
        assert list(found) == ["rate", "scale"]
        np.testing.assert_array_equal(found["rate"], PARTICLES[:, 0])


def test_summary_has_its_numbers(posterior):
    found = posterior.summary().to_dict()
    assert list(found) == ["rate", "scale"]
    assert found["rate"] == pytest.approx(
        {"mean": 50.5, "sd": PARTICLES[:, 0].std(), "5%": 5.5, "50%": 50.5, "95%": 95.5}
    )


def test_summary_is_text(posterior):
    summary = posterior.summary()
    assert isinstance(summary, str)
    assert repr(summary) == str(summary) == f"{summary}"


@pytest.mark.parametrize("again", [copy.copy, lambda each: pickle.loads(pickle.dumps(each))])
def test_summary_can_be_copied(posterior, again):
    found = again(posterior.summary())
    assert found == posterior.summary()
    assert found.to_dict() == posterior.summary().to_dict()


def test_notebooks_show_a_table(posterior):
    html = posterior._repr_html_()
    assert html.count("<tr>") == 3
    assert "<th>rate</th><td>50.5</td>" in html
    assert "<p>not converged: too few</p>" in html


def test_names_are_escaped_in_notebooks():
    html = Posterior(np.ones((1, 1)), ("a<b",), True, "x & y", {}, 1, 0.1)._repr_html_()
    assert "<th>a&lt;b</th>" in html
    assert "x &amp; y" in html


@pytest.mark.parametrize("particles", [np.ones(3), np.ones((3, 1)), np.ones((0, 2)), np.ones((1, 2, 2))])
def test_particles_that_do_not_fit_the_names_are_refused(particles):
    with pytest.raises(ValueError, match=r"particles has shape .*a column for each of the names rate, scale"):
        Posterior(particles, ("rate", "scale"), True, "converged", {}, 1, 0.1)


def test_a_fit_and_its_table_load_no_plots(subprocess_environment):
    code = """
import sys, jax
jax.config.update("jax_enable_x64", True)
from phasic.svgd import Gamma, svgd
pdf = lambda theta, t: theta[0] * jax.numpy.exp(-theta[0] * t)
fit = svgd(pdf, [1.0], prior=Gamma(1.0, 1.0), theta_dim=1, n_iterations=1)
fit.summary(), fit.log_likelihoods()
print(sorted({"arviz", "matplotlib", "xarray", "pandas"} & set(sys.modules)))
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, env=subprocess_environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr

"""The search for modes, on densities written in NumPy."""

import numpy as np
import pytest
from phasic.svgd import Gamma, HalfCauchy, LogNormal, svgd
from phasic.svgd._modes import find_modes
from phasic.svgd._start import choose_starts, normal_particles, survey

from tests.svgd.cases import case
from tests.svgd.standins import Hypoexponential

EPS = 2.2e-16


def normal(centre, precision):
    def evaluate(z):
        gap = z - centre
        return -0.5 * np.einsum("ni,ij,nj->n", gap, precision, gap), -gap @ precision

    return evaluate


def two_normals(z):
    """Weights 0.7 at -4 and 0.3 at 4, both of variance 1."""
    parts = np.stack([np.log(0.7) - 0.5 * (z[:, 0] + 4) ** 2, np.log(0.3) - 0.5 * (z[:, 0] - 4) ** 2])
    value = np.logaddexp(*parts)
    share = np.exp(parts - value)
    return value, (-share[0] * (z[:, 0] + 4) - share[1] * (z[:, 0] - 4))[:, None]


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_normal_of_any_scale_is_found_with_its_precision(scale):
    centre = scale * np.asarray([3.0, -2.0])
    precision = np.asarray([[2.0, 0.8], [0.8, 1.0]]) / scale**2
    modes = find_modes(normal(centre, precision), np.zeros((1, 2)), EPS)
    np.testing.assert_allclose(modes.z, [centre], rtol=1e-6)
    np.testing.assert_allclose(modes.precision, [precision], rtol=1e-6)


def test_log_gamma_with_a_cliff_of_minus_infinity_is_climbed():
    def evaluate(z):
        inside = z[:, 0] > -1.0
        with np.errstate(over="ignore"):
            value = np.where(inside, 3.0 * z[:, 0] - np.exp(z[:, 0]), -np.inf)
            return value, np.where(inside, 3.0 - np.exp(z[:, 0]), np.nan)[:, None]

    modes = find_modes(evaluate, np.asarray([[-0.99], [9.0]]), EPS)
    # A decrement of 1e-4 nats leaves 0.014 standard deviations, 0.008 here.
    np.testing.assert_allclose(modes.z, [[np.log(3.0)]], atol=0.01)


def test_two_modes_get_their_weights():
    modes = find_modes(two_normals, np.asarray([[5.0], [-3.0], [3.0]]), EPS)
    np.testing.assert_allclose(modes.z[:, 0], [-4.0, 4.0], atol=0.02)
    np.testing.assert_allclose(modes.weights, [0.7, 0.3], atol=0.01)


def test_a_saddle_is_left():
    modes = find_modes(two_normals, np.asarray([[0.3]]), EPS)
    assert abs(abs(modes.z[0, 0]) - 4.0) < 0.02


@pytest.mark.parametrize(("n", "d"), [(128, 1), (128, 5), (64, 40)])
def test_particles_start_with_mean_zero_and_unit_covariance(n, d):
    x = normal_particles(np.random.default_rng(0), n, d)
    np.testing.assert_allclose(x.mean(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(x.T @ x / n, np.eye(d), atol=1e-10)


def test_given_starts_come_first_and_points_without_a_density_are_left_out():
    points = np.arange(6.0)[:, None]
    value = np.asarray([-9.0, -np.inf, -1.0, -2.0, -np.inf, -3.0])
    starts = choose_starts(points, value, np.zeros((6, 1)), given=2, count=3)
    assert starts[:, 0].tolist() == [0.0, 2.0, 3.0]


class Recorder:
    """A density that remembers where it was asked for."""

    def __init__(self, evaluate):
        self.evaluate = evaluate
        self.seen = np.empty((0, 1))

    def __call__(self, z):
        self.seen = np.concatenate([self.seen, z])
        return self.evaluate(z)


def log_gamma(z):
    return 3.0 * z[:, 0] - np.exp(z[:, 0]), 3.0 - np.exp(z)


def test_a_climb_on_the_log_scale_overshoots_by_one_at_most():
    recorder = Recorder(log_gamma)
    modes = find_modes(recorder, np.asarray([[-8.0]]), EPS, np.asarray([True]))
    np.testing.assert_allclose(modes.z, [[np.log(3.0)]], atol=0.01)
    # The stencil reaches 0.02 length scales further, which are at most max(1, |z|) = 2.1 here.
    assert recorder.seen.max() < np.log(3.0) + 1.0 + 0.05


def test_the_survey_stops_where_larger_parameters_are_hopeless():
    points = np.linspace(20.0, -4.0, 49)[:, None]
    recorder = Recorder(log_gamma)
    value, _ = survey(recorder, points, np.exp(points[:, 0]), given=0)
    assert recorder.seen.max() < 7.0
    assert np.argmax(value) == np.argmin(abs(points[:, 0] - np.log(3.0)))
    assert (value[points[:, 0] > 7.0] == -np.inf).all()


def test_the_survey_goes_on_while_the_density_rises_and_always_tries_what_was_given():
    points = np.linspace(10.0, -4.0, 29)[:, None]
    recorder = Recorder(lambda z: (1e3 * z[:, 0], np.full(z.shape, 1e3)))
    value, _ = survey(recorder, points, np.exp(points[:, 0]), given=1)
    assert np.isfinite(value).all()
    falling = Recorder(lambda z: (-1e3 * z[:, 0], np.full(z.shape, -1e3)))
    assert np.isfinite(survey(falling, points, np.exp(points[:, 0]), given=1)[0][0])


@pytest.mark.parametrize(
    "prior", [Gamma(2.0, 1.0), HalfCauchy(1.0), LogNormal(0.0, 1.0), LogNormal(0.0, 10.0)]
)
def test_the_search_stays_near_plausible_parameters(prior):
    # By a likelihood that hardly depends on the larger rate a Newton step would leave for thousands; the
    # modes are at 1 and up to 7.
    posterior = svgd(Hypoexponential(), case("hypoexponential").values, prior=prior, n_iterations=1)
    assert 1.0 < posterior.diagnostics["largest_searched"] < 100.0

"""Log-likelihoods without JAX, where a closed form exists."""

import numpy as np
import pytest
import scipy.stats
from phasic import Graph

from tests import models
from tests.reference import closed_forms

DATA = np.array([0.3, 1.7, 0.9, 4.0])


@pytest.fixture
def erlang():
    return Graph(callback=models.erlang_parameterised, k=3)


def test_continuous_value(erlang):
    expected = scipy.stats.gamma.logpdf(DATA, 3, scale=1 / 1.5).sum()
    assert erlang.log_likelihood([1.5], DATA) == pytest.approx(expected, rel=1e-12)  # four densities at 1e-12


def test_continuous_gradient(erlang):
    terms = 3 / 1.5 - DATA
    # observations partly cancel: relative to the sum of their absolute contributions
    gradient = erlang.log_likelihood_gradient([1.5], DATA, rtol=1e-12)
    np.testing.assert_allclose(gradient, [terms.sum()], rtol=0, atol=1e-12 * np.abs(terms).sum())


def test_value_is_a_float(erlang):
    assert isinstance(erlang.log_likelihood([1.5], DATA), float)


def test_gradient_has_one_entry_per_parameter():
    graph = Graph(callback=models.rabbits_parameterised, n=2)
    assert graph.log_likelihood_gradient([1.0, 2.0, 4.0], DATA).shape == (3,)


def test_data_may_come_in_any_order(erlang):
    # four terms in another order
    backwards = erlang.log_likelihood([1.5], DATA[::-1])
    assert erlang.log_likelihood([1.5], DATA) == pytest.approx(backwards, rel=1e-14)


def test_repeated_observations_count_each_time(erlang):
    twice = erlang.log_likelihood([1.5], np.repeat(DATA, 2))
    assert twice == pytest.approx(2 * erlang.log_likelihood([1.5], DATA), rel=1e-14)


def test_no_observation_is_an_error(erlang):
    with pytest.raises(ValueError, match="at least one"):
        erlang.log_likelihood([1.5], [])


def test_theta_is_not_stored(erlang):
    erlang.update_parameterized_weights([3.0])
    erlang.log_likelihood([1.5], DATA)
    assert erlang.expectation() == 1.0


def test_an_impossible_observation():
    # density zero at zero
    assert Graph(callback=models.erlang_parameterised, k=3).log_likelihood([1.0], [0.0]) == -np.inf


@pytest.mark.parametrize("theta", [float("nan"), -1.0])
@pytest.mark.parametrize("function", ["log_likelihood", "log_likelihood_gradient"])
def test_bad_theta(erlang, function, theta):
    with pytest.raises(ValueError, match=f"(?i){theta}|-1"):
        getattr(erlang, function)([theta], DATA)


@pytest.fixture
def mutations():
    graph = Graph(callback=models.kingman, n=6)
    return graph.discretize(lambda state: [0.5 * int(state[0])])


COUNTS = [0, 2, 5, 2]


def test_discrete_value(mutations):
    expected = sum(np.log(float(closed_forms.segregating_sites_pmf(6, 2.5, k))) for k in COUNTS)
    value = mutations.log_likelihood([2.5], COUNTS, rewards=mutations.rewards)
    assert value == pytest.approx(expected, rel=1e-13)  # sums of positive terms


def test_discrete_gradient(mutations):
    # central difference of a formula evaluated in rationals: error of order h^2 = 1e-14 relative
    h = 2.0**-23
    expected = sum(
        (
            np.log1p(
                float(
                    closed_forms.segregating_sites_pmf(6, 2.5 + h, k)
                    / closed_forms.segregating_sites_pmf(6, 2.5 - h, k)
                    - 1
                )
            )
        )
        / (2 * h)
        for k in COUNTS
    )
    gradient = mutations.log_likelihood_gradient([2.5], COUNTS, rewards=mutations.rewards)
    np.testing.assert_allclose(gradient, [expected], rtol=1e-11)


def test_a_discretised_graph_is_discrete_by_default(mutations):
    default = mutations.log_likelihood([2.5], COUNTS, rewards=mutations.rewards)
    explicit = mutations.log_likelihood([2.5], COUNTS, discrete=True, rewards=mutations.rewards)
    assert default == explicit


def test_discrete_observations_must_be_integers(mutations):
    with pytest.raises(ValueError, match=r"\b1\b"):
        mutations.log_likelihood([2.5], [1.0, 1.5], rewards=mutations.rewards)


def test_discrete_law_of_a_plain_graph():
    graph = Graph(callback=models.erlang_parameterised, k=1)
    expected = np.log(0.25 * 0.75**2)
    assert graph.log_likelihood([0.25], [3], discrete=True) == pytest.approx(expected, rel=1e-14)

"""The oracle of piecewise constant chains against closed forms."""

import mpmath
import pytest

from tests import models
from tests.reference.epochs import PiecewiseChain, Stage

SIZES = ((0.0, 1.0), (0.5, 10.0), (0.8, 0.5))  # start, coalescence rate of a pair
KNOWN = 1e-45


def pair():
    return models.EdgeModel(1, 1, {0: 1.0}, [(0, 1, 0.0, (1.0,))], 1)


def chain():
    return PiecewiseChain([Stage(start, pair(), (mpmath.mpf(rate),)) for start, rate in SIZES])


def clock(t):
    """The integral of the rate."""
    ends = [start for start, _ in SIZES[1:]] + [mpmath.inf]
    return mpmath.fsum(
        rate * max(min(t, end) - start, 0) for (start, rate), end in zip(SIZES, ends, strict=True)
    )


@pytest.mark.parametrize("t", [0.2, 0.5, 0.7, 3.0])
def test_two_lineages_coalesce_at_the_rate_of_their_time(t):
    with mpmath.workdps(60):
        assert abs(chain().sf(t) / mpmath.exp(-clock(mpmath.mpf(t))) - 1) < KNOWN


@pytest.mark.parametrize("t", [0.2, 0.7, 3.0])
def test_distribution_and_survival_sum_to_one(t):
    assert abs(chain().cdf(t) + chain().sf(t) - 1) < KNOWN


def test_mean_coalescence_time():
    with mpmath.workdps(60):
        points = [0, *[mpmath.mpf(start) for start, _ in SIZES[1:]], mpmath.inf]
        expected = mpmath.quad(lambda t: mpmath.exp(-clock(t)), points)
        (mean,) = chain().moments(1, [[1]] * 3)
        assert abs(mean / expected - 1) < KNOWN


def test_moments_truncated_at_infinity_are_the_moments():
    whole = chain().moments(2, [[1]] * 3)
    truncated = chain().truncated_moments(mpmath.inf, 2, [[1]] * 3)
    assert max(abs(a / b - 1) for a, b in zip(whole, truncated, strict=True)) < KNOWN


def test_a_map_to_an_absorbing_state_is_an_atom():
    halved = Stage(1.0, pair(), (mpmath.mpf(1),), {0: [(0, 0.5), (1, 0.5)]})
    split = PiecewiseChain([Stage(0.0, pair(), (mpmath.mpf(1),)), halved])
    with mpmath.workdps(60):
        assert abs(split.sf(1.0) / (mpmath.exp(-1) / 2) - 1) < KNOWN
        assert abs(split.cdf(1.0) - (1 - mpmath.exp(-1) / 2)) < KNOWN

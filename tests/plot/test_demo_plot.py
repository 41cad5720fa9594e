"""The picture of `phasic demo`: what its lines show."""

import numpy as np
from numpy.testing import assert_allclose
from phasic._demo_plot import stairs


def test_an_observed_survival_curve_falls_upright_at_each_observation():
    at, share = stairs(np.array([3.0, 1.0, 1.0, 9.0]), 5.0)
    assert at.tolist() == [0.0, 1.0, 1.0, 3.0, 3.0, 5.0]
    assert share.tolist() == [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]


def test_an_observed_survival_curve_is_the_share_above_each_point():
    observed = np.random.default_rng(5).exponential(size=40)
    at, share = stairs(observed, 2.0)
    between = (at[:-1:2] + at[1::2]) / 2
    # Shares of 40, each computed once.
    assert_allclose(share[::2], np.mean(observed > between[:, None], axis=1), rtol=1e-15)
    assert np.array_equal(share[::2], share[1::2])

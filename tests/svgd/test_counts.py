"""Rows of counts of a joint probability graph as data."""

import re

import jax
import numpy as np
import pytest
from phasic import Graph, LogNormal
from phasic.svgd import Gamma
from phasic.svgd._counts import counted

PRIOR = Gamma(2.0, 1.0)


def kingman(state, n):
    """n lineages, of which each pair merges at rate theta[0]."""
    if not len(state):
        return [((n,), 1.0)]
    (k,) = state
    return [((k - 1,), [k * (k - 1) / 2])] if k > 1 else []


def exponential(state):
    """One stage left at rate theta[0]."""
    if not len(state):
        return [((1,), 1.0)]
    return [((0,), [1.0])] if state[0] else []


def two_kinds(state):
    """Two stages, each left at rate theta[0], with marks of their own."""
    if not len(state):
        return [((1, 0), 1.0)]
    return {(1, 0): [((0, 1), [1.0])], (0, 1): [((0, 0), [1.0])]}.get(tuple(state.tolist()), [])


def joint(callback, limit, **kwargs):
    return Graph(callback=callback, **kwargs).joint_prob_graph(reward_limit=limit)


def test_log_likelihood_is_that_of_the_marks():
    tree = Graph(callback=kingman, n=5)
    lineages = tree.states()[:, 0].astype(float)
    data = np.asarray([3, 0, 7, 3, 1])
    model, places = counted(tree.joint_prob_graph(reward_limit=9), data)
    theta = np.asarray([1.3, 0.4])
    exact = tree.log_likelihood_marked(theta[:1], data, np.where(lineages > 1, lineages, 0), theta[1])
    # A lineage left alone ends the tree, and has no marks.
    np.testing.assert_allclose(model.log_likelihood(theta, places, np.ones(5)), exact, rtol=1e-12)


def test_gradient_is_that_of_geometric_counts():
    """Marks at rate m until a time of rate r are geometric: log p = k log m + log r - (k + 1) log(m + r)."""
    data = np.asarray([0, 2, 2, 5])
    model, places = counted(joint(exponential, 6), data)
    r, m = 1.5, 0.8
    gradient = jax.grad(model.log_likelihood)(np.asarray([r, m]), places, np.ones(4))
    both = (data + 1).sum() / (m + r)
    np.testing.assert_allclose(gradient, [4 / r - both, data.sum() / m - both], rtol=1e-12)


def test_counts_of_two_kinds_are_one_observation():
    data = np.asarray([[0, 1], [2, 0], [0, 1]])
    model, places = counted(joint(two_kinds, 3), data)
    r, m = 1.5, 0.8
    each = [k * np.log(m) + np.log(r) - (k + 1) * np.log(m + r) for k in range(4)]
    expected = sum(each[k] for k in data.ravel())
    found = model.log_likelihood(np.asarray([r, m]), places, np.ones(3))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_fit_of_geometric_counts_has_its_exact_posterior():
    data = np.random.RandomState(2).geometric(0.4, size=200) - 1
    graph = joint(exponential, int(data.max()))
    posterior = graph.svgd(data, prior=PRIOR, fixed={0: 1.0}, progress=False)
    m = np.linspace(1e-3, 5.0, 40001)
    log = data.sum() * np.log(m) - (data + 1).sum() * np.log1p(m) + np.log(m) - m
    weight = np.exp(log - log.max()) / np.exp(log - log.max()).sum()
    mean = (weight * m).sum()
    sd = np.sqrt((weight * (m - mean) ** 2).sum())
    assert posterior.particles[:, 0].tolist() == [1.0] * 128
    assert abs(posterior.mean[1] - mean) < 0.03 * sd
    assert abs(posterior.sd[1] / sd - 1) < 0.04


def test_exposure_of_the_marks_is_a_factor_of_their_rate():
    data, exposure = np.asarray([0, 2, 5]), np.asarray([1.0, 2.0, 2.0])
    graph = joint(exponential, 6)
    options = {"prior": PRIOR, "names": ["r", "m"], "fixed": {"r": 1.0}, "progress": False}
    posterior = graph.svgd(data, exposure=exposure, exposure_index="m", **options)
    m = np.linspace(1e-3, 30.0, 400001)
    log = sum(k * np.log(m) - (k + 1) * np.log1p(e * m) for k, e in zip(data, exposure, strict=True))
    log = log + np.log(m) - m
    weight = np.exp(log - log.max()) / np.exp(log - log.max()).sum()
    mean = (weight * m).sum()
    sd = np.sqrt((weight * (m - mean) ** 2).sum())
    assert abs(posterior.mean[1] - mean) < 0.03 * sd


def test_scaling_the_rates_of_tree_and_marks_changes_no_probability():
    model, places = counted(joint(kingman, 9, n=4), np.arange(5))
    values = [
        model.log_likelihood(unit * np.asarray([1.3, 0.4]), places, np.ones(5)) for unit in (1.0, 1e-6, 1e6)
    ]
    np.testing.assert_allclose(values, values[0], rtol=1e-12)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            [[0, 1], [4, 0]],
            "observed_data[1] is [4, 0], which is beyond the limits of this joint_prob_graph: raise its "
            "reward_limit or tot_reward_limit",
        ),
        (
            [1, 2, 3],
            "observed_data has shape (3,), but rows of counts of entry_0, entry_1 are needed: (m, 2)",
        ),
        ([[0.5, 1]], "observed_data[0][0] is 0.5: it must be a whole number, at least 0"),
    ],
)
def test_bad_counts_are_named(data, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        joint(two_kinds, 3).svgd(data, prior=LogNormal(0.0, 1.0))


def test_counts_need_a_prior():
    with pytest.raises(ValueError, match="prior is required"):
        joint(exponential, 3).svgd([1, 2])

"""Fixed and tied parameters: what is inferred, what is shown, what is refused."""

import re
from dataclasses import dataclass

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phasic import Graph
from phasic._recipes import Recipe
from phasic.svgd import Beta, Dirichlet, Gamma, LogNormal, svgd
from phasic.svgd._evaluate import Evaluator
from phasic.svgd._prepare import make_target
from phasic.svgd._restrictions import read_restrictions

from tests.svgd.standins import TRACES, Erlang, Rates

COUNTS, SUMS = np.asarray([30.0, 40.0, 50.0]), np.asarray([10.0, 20.0, 50.0])
MODEL = Rates(COUNTS, SUMS)
PRIOR = Gamma(2.0, 1.0)
NAMES = ("a", "b", "c")


def conjugate(*members):
    """Mean and standard deviation of the rate that these parameters share."""
    shape, rate = 2.0 + COUNTS[list(members)].sum(), 1.0 + SUMS[list(members)].sum()
    return shape / rate, np.sqrt(shape) / rate


def check(posterior, column, *members):
    mean, sd = conjugate(*members)
    # The accuracy of a fit with default settings: see test_accuracy.
    assert abs(posterior.mean[column] - mean) < 0.03 * sd
    assert abs(posterior.sd[column] / sd - 1) < 0.04


@pytest.mark.parametrize("fixed", [{0: 0.3}, {"a": 0.3}, [(0, 0.3)], [("a", 0.3)]])
def test_fixed_parameter_is_constant_and_the_others_are_inferred(fixed):
    posterior = svgd(MODEL, [1.0], prior=PRIOR, fixed=fixed, names=NAMES)
    assert (posterior.particles[:, 0] == 0.3).all()
    assert posterior.mean[0] == 0.3
    assert posterior.sd[0] == 0.0
    assert posterior.converged, posterior.reason
    check(posterior, 1, 1)
    check(posterior, 2, 2)


@pytest.mark.parametrize("tied", [[(0, 2)], [("a", "c")], [["c", 0]]])
def test_tied_parameters_share_a_value_with_one_prior(tied):
    posterior = svgd(MODEL, [1.0], prior=PRIOR, tied=tied, names=NAMES)
    np.testing.assert_array_equal(posterior.particles[:, 0], posterior.particles[:, 2])
    check(posterior, 0, 0, 2)
    check(posterior, 1, 1)


def test_parameter_tied_to_a_fixed_one_has_its_value():
    posterior = svgd(MODEL, [1.0], prior=PRIOR, fixed={"a": 1.5}, tied=[("a", "b")], names=NAMES)
    assert (posterior.particles[:, :2] == 1.5).all()


def test_prior_function_sees_all_parameters():
    def log_prior(theta):
        return jax.numpy.where(theta[0] == 1.5, PRIOR.log_density(theta[1]) + PRIOR.log_density(theta[2]), 0)

    check(svgd(MODEL, [1.0], prior=log_prior, fixed={0: 1.5}), 1, 1)


@pytest.mark.parametrize(
    "prior",
    [
        [None, PRIOR, PRIOR],
        [LogNormal(0.0, 0.1), PRIOR, PRIOR],
        {"a": None, "b": PRIOR, "c": PRIOR},
        Gamma([9.0, 2.0, 2.0], 1.0),
    ],
    ids=["none", "unread", "by name", "arrays"],
)
def test_prior_of_a_fixed_parameter_is_not_read(prior):
    posterior = svgd(MODEL, [1.0], prior=prior, fixed={0: 1.5})
    check(posterior, 1, 1)
    check(posterior, 2, 2)


def test_dict_of_priors_names_the_parameters():
    posterior = svgd(MODEL, [1.0], prior={"x": PRIOR, "y": PRIOR, "z": PRIOR})
    assert posterior.names == ("x", "y", "z")
    check(posterior, 1, 1)


def test_dict_of_priors_follows_the_names_given():
    posterior = svgd(MODEL, [1.0], prior={"c": PRIOR, "b": Gamma(2.0, 1.0)}, names=NAMES, fixed={"a": 1.5})
    check(posterior, 1, 1)
    check(posterior, 2, 2)


def test_starting_points_need_not_repeat_what_is_fixed():
    point = [np.nan, 2.0, 1.0]
    with pytest.raises(ValueError, match=r"theta_init\[0\] is nan"):
        svgd(MODEL, [1.0], prior=PRIOR, theta_init=point)
    check(svgd(MODEL, [1.0], prior=PRIOR, theta_init=[0.0, 2.0, 1.0], fixed={0: 1.5}), 1, 1)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Product(Erlang):
    """The rate is the product of two parameters."""

    @property
    def n_parameters(self):
        return 2

    def log_likelihood(self, theta, values, weights):
        return super().log_likelihood(theta[:1] * theta[1], values, weights)


def test_another_fixed_value_runs_the_same_program_and_gives_its_answer():
    values = np.random.RandomState(0).exponential(1.0, size=100)
    svgd(Product(), values, prior=PRIOR, fixed={1: 2.0})
    before = TRACES["count"]
    mean = svgd(Product(), values, prior=PRIOR, fixed={1: 3.0}).mean[0]
    assert TRACES["count"] == before
    assert mean == pytest.approx(102.0 / (1.0 + 3.0 * values.sum()), rel=1e-3)


def test_program_of_fixed_parameters_and_groups_has_a_recipe():
    def wards(state):
        rates = {3: [([2], [1.0, 0, 0, 0]), ([0], [0, 1.0, 0, 0])], 2: [([0], [0, 0, 1.0, 1.0])]}
        return rates.get(int(state[0]), []) if len(state) else [([3], 1.0)]

    target = make_target(
        Graph(callback=wards).model(),
        [1.0, 2.0],
        None,
        prior=[PRIOR, PRIOR, Dirichlet([1.0, 2.0])],
        dim=4,
        fixed={0: 1.0},
    )
    recipe = Evaluator(target, 8).recipe()
    assert Recipe.read(recipe.to_bytes()).compile().key == recipe.key


BAD = {
    "unknown name": ({"fixed": {"d": 1.0}}, "fixed names 'd', but the parameters are a, b, c"),
    "index out of range": ({"fixed": {3: 1.0}}, "fixed has index 3, but the model has 3 parameters"),
    "negative index": ({"tied": [(0, -1)]}, "tied has index -1, but the model has 3 parameters"),
    "no parameter": (
        {"fixed": {1.5: 1.0}},
        "fixed must name parameters or give their indices, got 1.5",
    ),
    "no pairs": ({"fixed": [1.0]}, "fixed must hold pairs (parameter, value), got 1.0"),
    "no mapping": ({"fixed": 1.0}, "fixed must be {parameter: value} or [(parameter, value)], got 1.0"),
    "no number": ({"fixed": {"a": "x"}}, "fixed gives a the value 'x', which is not a number"),
    "not finite": ({"fixed": {"a": np.inf}}, "fixed gives a the value inf, which is not finite"),
    "negative": (
        {"fixed": {"a": -1.0}},
        "fixed gives a the value -1.0, but parameters are positive: pass positive_params=False",
    ),
    "outside of the support": (
        {"fixed": {"a": 2.0}, "prior": Beta(1.0, 1.0)},
        "fixed gives a the value 2.0, outside of its prior's support (0.0, 1.0)",
    ),
    "two values": ({"fixed": [("a", 1.0), (0, 2.0)]}, "fixed gives a two values, 1.0 and 2.0"),
    "all fixed": (
        {"fixed": {"a": 1.0, "b": 2.0}, "tied": [("b", "c")]},
        "fixed leaves nothing to infer: a, b, c are all fixed",
    ),
    "tied at two values": (
        {"fixed": {"a": 1.0, "b": 2.0}, "tied": [("a", "b")]},
        "tied parameters a and b are fixed at two values, 1.0 and 2.0",
    ),
    "group of one": ({"tied": [("a",)]}, "tied has the group ('a',), but a group has two parameters or more"),
    "no group": (
        {"tied": ["ab"]},
        "tied must hold groups of parameters, as [(0, 1)], got 'ab' as a group",
    ),
    "tied with two priors": (
        {"tied": [("a", "b")], "prior": [PRIOR, LogNormal(0.0, 1.0), PRIOR]},
        "tied parameters a and b have two priors, Gamma(shape=array(2.), rate=array(1.)) and "
        "LogNormal(mu=array(0.), sigma=array(1.)): give one",
    ),
    "no prior": ({"prior": {"a": PRIOR, "c": PRIOR}}, "prior has no distribution for b"),
    "no prior for one free": ({"prior": [PRIOR, None, PRIOR]}, "prior has no distribution for b"),
    "a prior twice": ({"prior": {"a": PRIOR, 0: PRIOR}}, "prior names a twice"),
    "fixed in a vector": (
        {"prior": [PRIOR, Dirichlet([1.0, 1.0])], "fixed": {"b": 0.5}},
        "b is fixed, but its prior is of 2 parameters at once",
    ),
    "vector for one": (
        {"prior": {"a": Dirichlet([1.0, 1.0]), "b": PRIOR}},
        "prior['a'] is a distribution of 2 parameters, for 1",
    ),
}


@pytest.mark.parametrize("fault", BAD)
def test_impossible_combination_is_named(fault):
    change, message = BAD[fault]
    arguments = {"prior": PRIOR, "names": NAMES} | change
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        svgd(MODEL, [1.0], **arguments)


def test_dict_of_priors_without_names_must_name_all():
    with pytest.raises(ValueError, match="prior has 2 names, the model has 3 parameters"):
        svgd(MODEL, [1.0], prior={"a": PRIOR, "b": PRIOR}, fixed={2: 1.0})


@given(st.lists(st.sets(st.integers(0, 7), min_size=2, max_size=4), max_size=4))
def test_tied_groups_are_the_classes_of_what_is_connected(groups):
    read = read_restrictions([str(i) for i in range(8)], tied=groups).tied
    members = [i for group in read for i in group]
    assert len(members) == len(set(members))
    assert set(members) == set().union(*groups)
    assert all(any(given_group <= set(group) for group in read) for given_group in groups)


@given(
    st.sets(st.integers(0, 7), max_size=7),
    st.lists(st.sets(st.integers(0, 7), min_size=2, max_size=3), max_size=2),
)
def test_every_parameter_is_fixed_or_in_one_free_group(fixed, tied):
    names = [str(i) for i in range(8)]
    try:
        read = read_restrictions(names, dict.fromkeys(fixed, 1.0), tied)
    except ValueError:  # all of them are fixed through ties
        assert set(range(8)) == fixed.union(*tied)
        return
    assert sorted([*read.fixed, *(i for group in read.free for i in group)]) == list(range(8))

"""What a finished fit says unasked."""

import warnings

import numpy as np
import phasic
import pytest
from phasic import Gamma, LogNormal

from tests.svgd.posteriors import stages

DATA = np.random.default_rng(3).gamma(2, 60.0, size=200)  # minutes; the rate is 1/60


def test_a_prior_in_another_unit_is_noticed():
    with pytest.warns(UserWarning, match=r"of rate \(median 0\.0.*\) lies far outside its prior"):
        stages(2).svgd(DATA, prior=LogNormal.from_interval(0.5, 2.0), names=["rate"])


@pytest.mark.parametrize("method", ["svgd", "laplace"])
def test_a_prior_that_expects_the_data_is_not_named(method):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        stages(2).fit(DATA, prior=LogNormal.from_interval(0.003, 0.3), method=method)


def test_fixed_parameters_and_functions_have_no_such_prior():
    graph = phasic.models.repairable_system(2)
    graph.update_weights([0.1, 1.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data, names = graph.sample(50, seed=1), ["fail", "mend"]
        graph.svgd(data, prior=Gamma(2.0, 10.0), names=names, fixed={"mend": 1.0})


def test_two_parameters_of_one_name_are_refused():
    with pytest.raises(ValueError, match="names has 'rate' twice"):
        phasic.models.repairable_system(2).svgd([1.0, 2.0], prior=Gamma(2.0, 1.0), names=["rate", "rate"])

"""The docstrings of `phasic.models`: their parts are there, and their examples run."""

import doctest
import inspect
import sys

import phasic
import pytest
from phasic import models


@pytest.mark.parametrize("name", models.__all__)
def test_the_example_of_a_docstring_runs(name):
    function = getattr(models, name)
    tests = doctest.DocTestFinder(recurse=False).find(function, globs=vars(models).copy())
    results = [doctest.DocTestRunner().run(test) for test in tests]
    assert not any(result.failed for result in results)
    assert name == "join_demes" or any(result.attempted for result in results)


@pytest.mark.parametrize("name", models.__all__)
def test_every_model_tells_its_states_parameters_and_source(name):
    if name == "join_demes":
        return
    text = inspect.getdoc(getattr(models, name))
    assert all(part in text for part in ("States: ", "theta", "Source: ", "Example:", "Raises:"))


def test_models_are_loaded_at_first_use():
    assert phasic.models is sys.modules["phasic.models"]

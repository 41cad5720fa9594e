"""The docstrings of `phasic.models`: their parts are there."""

import inspect
import sys

import phasic
import pytest
from phasic import models


@pytest.mark.parametrize("name", models.__all__)
def test_every_model_tells_its_states_parameters_and_source(name):
    if name == "join_demes":
        return
    text = inspect.getdoc(getattr(models, name))
    assert all(part in text for part in ("States: ", "theta", "Source: ", "Example:", "Raises:"))


def test_models_are_loaded_at_first_use():
    assert phasic.models is sys.modules["phasic.models"]

"""The cache changes no answer: off, cold and warm processes agree to the last bit."""

import os
import subprocess
import sys

import pytest

# Enough vertices for the trace to be worth a file.
SCRIPT = """
import numpy as np
from phasic import Graph
from tests import models
graph = Graph(callback=models.rabbits_parameterised, n=70)
graph.model()
graph.update_parameterized_weights([1.0, 2.0, 4.0])
numbers = [*graph.moments(3), graph.pdf(0.5), graph.cdf(0.5),
           graph.log_likelihood([1.0, 2.0, 4.0], [0.3, 0.9]),
           *graph.log_likelihood_gradient([1.0, 2.0, 4.0], [0.3, 0.9]), *graph.expected_waiting_time()[:50]]
print([float(x).hex() for x in numbers])
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory, request):
    """Output of a process without cache, of one that fills it, and of one that reads it."""
    folder = tmp_path_factory.mktemp("cache")
    outputs = {}
    for name, setting in {"off": "off", "cold": "on", "warm": "on"}.items():
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env=os.environ
            | {"HOME": str(folder), "PHASIC_CACHE_DIR": str(folder / "c"), "PHASIC_CACHE": setting},
            cwd=request.config.rootpath,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        outputs[name] = done.stdout
        outputs[name + " entries"] = sorted(str(p) for p in folder.rglob("*") if p.is_file())
    return outputs


@pytest.mark.parametrize("state", ["cold", "warm"])
def test_cache_on_equals_cache_off(answers, state):
    assert answers[state] == answers["off"]


def test_cache_off_writes_nothing(answers):
    assert answers["off entries"] == []


def test_a_cold_cache_is_filled(answers):
    assert answers["cold entries"]

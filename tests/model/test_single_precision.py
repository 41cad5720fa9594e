"""Without 64-bit JAX: single precision in and out, double precision inside."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from phasic import Graph

from tests import models

THETA = [1.0, 2.0, 4.0]
DATA = [0.125, 0.5, 1.25, 0.75]  # exact in single precision
SINGLE = 1e-6  # a few roundings of 6e-8 on the way in and out

SCRIPT = f"""
import json
import jax, numpy as np
from phasic import Graph
from tests import models
assert not jax.config.jax_enable_x64
model = Graph(callback=models.rabbits_parameterised, n=3).model()
value, gradient = jax.jit(jax.value_and_grad(lambda t: model.log_likelihood(t, np.array({DATA}))))(
    np.array({THETA}))
mapped = jax.vmap(lambda t: model.log_likelihood(t, np.array({DATA})))(np.array([{THETA}]))
print(json.dumps({{"value": float(value), "gradient": gradient.tolist(), "mapped": float(mapped[0]),
    "types": [str(value.dtype), str(gradient.dtype), str(mapped.dtype)]}}))
"""


@pytest.fixture(scope="module")
def single(tmp_path_factory, request):
    """What a fresh process without 64-bit JAX computes."""
    home = tmp_path_factory.mktemp("home")
    environment = os.environ | {"HOME": str(home), "PHASIC_CACHE_DIR": str(home / "cache")}
    environment.pop("JAX_ENABLE_X64", None)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=environment,
        cwd=request.config.rootpath,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def graph():
    return Graph(callback=models.rabbits_parameterised, n=3)


@pytest.mark.parametrize("which", [0, 1, 2], ids=["value", "gradient", "mapped"])
def test_types_are_single(single, which):
    assert single["types"][which] == "float32"


def test_value(single, graph):
    assert single["value"] == pytest.approx(graph.log_likelihood(THETA, DATA), rel=SINGLE)


def test_mapped_value(single, graph):
    assert single["mapped"] == pytest.approx(graph.log_likelihood(THETA, DATA), rel=SINGLE)


def test_gradient(single, graph):
    np.testing.assert_allclose(single["gradient"], graph.log_likelihood_gradient(THETA, DATA), rtol=SINGLE)

"""Whole numbers where floats are due, the reverse, and JAX's own settings, which phasic leaves alone."""

import os
import subprocess
import sys
import textwrap

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose
from phasic import Graph

from tests import models

SAME = 1e-14  # the same Rust code


@pytest.fixture(scope="module")
def steps():
    return Graph(callback=models.erlang_parameterised, k=2).model(discrete=True)


@pytest.mark.parametrize("kind", [np.int32, np.int64, np.uint8, np.float32, np.float64])
def test_counts_may_be_of_any_real_type(steps, kind):
    theta, counts = np.array([0.25]), np.array([2, 3, 7])
    assert_allclose(steps.pmf(theta, counts.astype(kind)), steps.pmf(theta, counts.astype(float)), rtol=SAME)


def test_counts_that_are_not_whole_have_no_probability(steps):
    assert np.isnan(jax.jit(steps.pmf)(np.array([0.25]), np.array([2.5])))


def test_counts_that_are_not_whole_are_refused_by_likelihoods(steps):
    with pytest.raises((jax.errors.JaxRuntimeError, ValueError), match=r"\b2\.5\b"):
        jax.block_until_ready(jax.jit(steps.log_likelihood)(np.array([0.25]), np.array([2.5])))


@pytest.mark.parametrize("name", ["log_likelihood", "pdf"])
@pytest.mark.parametrize("kind", [bool, complex])
def test_what_is_no_real_number_is_refused(name, kind):
    model = Graph(callback=models.erlang_parameterised, k=2).model()
    with pytest.raises(TypeError, match=r"theta: expected real numbers"):
        jax.eval_shape(getattr(model, name), np.ones(1, kind), np.ones(2))


def test_starts_of_epochs_keep_their_fractions_beside_whole_thetas():
    model = Graph(callback=models.erlang_parameterised, k=2).model()
    thetas, starts = np.array([[1], [2]]), np.array([0.0, 0.8])
    expected = model.epochs(thetas.astype(float), starts).cdf(1.5)
    assert_allclose(model.epochs(thetas, starts).cdf(1.5), expected, rtol=SAME)


PROGRAM = """
    from tests import models
    graph = phasic.Graph(callback=models.rabbits_parameterised, n=2)
    model, theta = graph.model(), [1.0, 2.0, 4.0]
    found = jax.jit(model.pdf)(np.array(theta), np.array([0.5]))
    slope = jax.jit(jax.grad(model.log_likelihood))(np.array(theta), np.array([0.5]))
    assert found.dtype == slope.dtype == (np.float64 if jax.config.jax_enable_x64 else np.float32)
    graph.update_weights(theta)
    print(repr(float(found[0] / graph.pdf(0.5))))
    assert dict(jax.config.values) == before, "a setting of JAX changed"
    """
FIRST_JAX = "import jax, numpy as np\nbefore = dict(jax.config.values)\nimport phasic\n"
FIRST_PHASIC = "import phasic\nimport jax, numpy as np\nbefore = dict(jax.config.values)\n"
LATE_SWITCH = (
    "import jax, numpy as np, phasic\njax.numpy.zeros(1)\njax.config.update('jax_enable_x64', True)\n"
    "before = dict(jax.config.values)\n"
)


@pytest.mark.parametrize(
    ("start", "x64", "error"),
    [
        (FIRST_JAX, "0", 1e-6),
        (FIRST_PHASIC, "0", 1e-6),
        (FIRST_JAX, "1", 1e-9),
        (FIRST_PHASIC, "1", 1e-9),
        (LATE_SWITCH, "0", 1e-9),
    ],
    ids=["JAX first", "phasic first", "JAX first, x64", "phasic first, x64", "x64 after first use"],
)
def test_the_order_of_imports_means_nothing(start, x64, error, request, tmp_path):
    environment = {**os.environ, "JAX_ENABLE_X64": x64, "PHASIC_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", start + textwrap.dedent(PROGRAM)],
        env=environment,
        cwd=request.config.rootpath,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    # roundings of single precision, or the default tolerance of densities
    assert abs(float(done.stdout) - 1) < error

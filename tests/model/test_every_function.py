"""Every public function under every transformation of JAX that it offers, by name."""

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from tests.model.every_function import EVERY, NAMES, THETA, THETAS, case_of
from tests.model.programs import primitives

SAME = 1e-13  # the same Rust code; sums in another order
REVERSED = 1e-11  # sums of a few products, which may cancel


@pytest.fixture(params=EVERY, ids="-".join)
def case(request):
    return case_of(*request.param)


@pytest.fixture
def scalar(case):
    """Of theta: the sum of the values, each with a weight of its own."""
    shape = jax.eval_shape(case.call, THETA, case.data).shape
    weights = np.linspace(1.0, 2.0, int(np.prod(shape))).reshape(shape)
    return lambda theta: jnp.sum(weights * case.call(theta, case.data))


def close(given, expected, rtol):
    """To the size of the largest entry."""
    size = np.max(np.abs(expected), initial=0.0)
    assert_allclose(given, expected, rtol=rtol, atol=rtol * size)


def test_jit(case):
    assert_allclose(jax.jit(case.call)(THETA, case.data), case.call(THETA, case.data), rtol=SAME)


def test_grad_is_that_of_differences(scalar):
    step = 1e-6
    slopes = [(scalar(THETA + step * e) - scalar(THETA - step * e)) / (2 * step) for e in np.eye(3)]
    # loose on purpose: truncation, and rounding over the step
    close(jax.grad(scalar)(THETA), np.array(slopes), 1e-6)


def test_jvp_is_the_gradient_along(scalar):
    along = np.array([0.5, -1.0, 2.0])
    value, slope = jax.jvp(scalar, (THETA,), (along,))
    gradient = jax.grad(scalar)(THETA)
    # curves are right to 1e-10, and are summed in another way beside derivatives
    assert_allclose(value, scalar(THETA), rtol=1e-9)
    assert_allclose(slope, gradient @ along, atol=REVERSED * np.abs(gradient * along).sum())


def test_vmap_over_theta(case):
    stacked = np.stack([case.call(theta, case.data) for theta in THETAS])
    assert_allclose(jax.vmap(case.call, in_axes=(0, None))(THETAS, case.data), stacked, rtol=SAME)


def test_vmap_over_theta_and_data(case):
    data = np.stack([case.data, case.data[::-1], case.data + 1])
    stacked = np.stack([case.call(*pair) for pair in zip(THETAS, data, strict=True)])
    assert_allclose(jax.vmap(case.call)(THETAS, data), stacked, rtol=SAME)


def test_jit_of_vmap_of_grad(scalar):
    stacked = np.stack([jax.grad(scalar)(theta) for theta in THETAS])
    close(jax.jit(jax.vmap(jax.grad(scalar)))(THETAS), stacked, REVERSED)


def test_hessians_in_every_nesting_or_a_refusal(case, scalar):
    if not case.twice:
        with pytest.raises(NotImplementedError, match="second derivatives"):
            jax.hessian(scalar)(THETA)
        return
    exact = jax.hessian(scalar)(THETA)
    close(exact, exact.T, REVERSED)
    for outer in (jax.jacfwd, jax.jacrev):
        for inner in (jax.jacfwd, jax.jacrev):
            close(jax.jit(outer(inner(scalar)))(THETA), exact, REVERSED)


def test_theta_of_another_length_is_refused_while_tracing(case):
    with pytest.raises(ValueError, match=r"has shape .*\b[24]\b.*\b3\b|expected 3.*got"):
        jax.eval_shape(case.call, np.ones(4), case.data)


def test_whole_numbers_are_taken_for_floats(case):
    theta, whole = np.array([1, 2, 3]), np.array([4, 5, 9])
    floating = case.call(theta.astype(float), whole.astype(float))
    # inside programs: rates of more than one in all have no law in steps
    assert_allclose(jax.jit(case.call)(theta, whole), floating, rtol=SAME)


def test_no_program_calls_back(scalar):
    program = jax.make_jaxpr(jax.vmap(jax.value_and_grad(scalar)))(THETAS)
    names = set(primitives(program.jaxpr))
    assert not [name for name in names if "callback" in name]


ON_TWO_DEVICES = """
import sys
import jax, jax.numpy as jnp, numpy as np
from jax.sharding import Mesh, PartitionSpec as P
from tests.model.every_function import EVERY, THETAS, case_of
assert jax.device_count() == 2
pairs = jnp.asarray(THETAS[:2])
mesh = Mesh(np.array(jax.devices()), ("rows",))
for name in (name for kind, name in EVERY if kind == sys.argv[1]):
    case = case_of(sys.argv[1], name)
    def value(theta, case=case):
        return jnp.sum(case.call(theta, case.data))
    def rows(thetas):
        return jax.vmap(jax.value_and_grad(value))(thetas)
    alone = jax.jit(rows)(pairs)
    shared = jax.jit(jax.shard_map(rows, mesh=mesh, in_specs=P("rows"), out_specs=P("rows")))(pairs)
    each = jax.pmap(jax.value_and_grad(value))(pairs)
    for kind, found in (("shard_map", shared), ("pmap", each)):
        for given, expected in zip(found, alone, strict=True):
            size = np.max(np.abs(expected))
            assert np.max(np.abs(np.asarray(given) - expected)) <= 1e-11 * size, (kind, name)
    print(name)
"""


@pytest.mark.parametrize("kind", NAMES)
def test_shard_map_and_pmap_over_two_devices(kind, request, tmp_path):
    environment = {
        **os.environ,
        "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
        "JAX_ENABLE_X64": "1",
        "PHASIC_CACHE_DIR": str(tmp_path),
    }
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", ON_TWO_DEVICES, kind]
    done = subprocess.run(
        command,
        env=environment,
        cwd=request.config.rootpath,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines() == NAMES[kind]

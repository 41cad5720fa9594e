"""Particles shared between devices, and between processes, are those of one device."""

import json
import socket
import subprocess
import sys

import jax
import numpy as np
import pytest
from jax.sharding import Mesh
from phasic.svgd import SVGD, Gamma, svgd

from tests.svgd.standins import Erlang

# Standard deviations. Devices sum in another order, and at most 300 steps carry the rounding on; 3e-12 is the
# largest difference over the cases of this folder.
SAME = 1e-10

FITS = """
import json, os, sys
import jax
import numpy as np
import optax
jax.config.update("jax_enable_x64", True)
from phasic import Graph
from phasic.svgd import Gamma, svgd
from tests import models
from tests.svgd.cases import case

def of(name, **options):
    c = case(name)
    return lambda k: svgd(c.model, c.values, prior=c.prior, n_devices=k, **c.options, **options)

def graph(k, **options):
    model = Graph(callback=models.erlang_parameterised, k=2).model()
    data, given = np.linspace(0.1, 3.0, 20), dict(prior=Gamma(2.0, 2.0), n_particles=51) | options
    return svgd(model, data, n_devices=k, **given)

CLIPPED = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(0.05))
NORMALS, RATES = "ten correlated normals", "eight rates over seven decades"
FITS = {
    "a graph, an odd number of particles": graph,
    "ten parameters": of(NORMALS),
    "blocks of rows": of(RATES, n_particles=1501, n_iterations=10),
    "an optimiser that looks at all particles": of(RATES, optimizer=CLIPPED, n_iterations=50),
}

def gap(fit, k):
    alone, shared = fit(None), fit(k)
    assert alone.n_steps == shared.n_steps and alone.reason == shared.reason
    return float(np.max(np.abs(shared.particles - alone.particles) / alone.sd))
"""

ON_DEVICES = (
    FITS
    + """
assert jax.device_count() == 3
devices = dict.fromkeys(FITS, 2) | {"a graph, an odd number of particles": 3}
print(json.dumps({name: gap(fit, devices[name]) for name, fit in FITS.items()}))
"""
)

ON_HOSTS = (
    FITS
    + """
jax.config.update("jax_cpu_collectives_implementation", "gloo")
jax.distributed.initialize(sys.argv[1], 2, int(sys.argv[2]))
assert jax.device_count() == 2 and jax.local_device_count() == 1
def refusal(k, **options):
    try:
        graph(k, **options)
    except ValueError as error:
        return str(error)
    return ""

own = f"{sys.argv[3]}/{sys.argv[2]}"
steady = dict(learning_rate=lambda step: 0.05)
graph(2, n_iterations=10, checkpoint=own, **steady)
resumed = graph(2, n_iterations=20, checkpoint=own, **steady).particles
found = {
    "gap": gap(graph, 2),
    "device of another": refusal(1),
    "another seed": refusal(2, seed=int(sys.argv[2])),
    "same": bool((resumed == graph(2, n_iterations=20, **steady).particles).all()),
    "file": os.path.exists(own),
}
print(json.dumps(found))
"""
)


@pytest.fixture(scope="module", name="environment")
def _environment(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("scale"))
    path = ":".join(each for each in sys.path if each)
    return {"HOME": folder, "PHASIC_CACHE_DIR": f"{folder}/cache", "JAX_PLATFORMS": "cpu", "PYTHONPATH": path}


@pytest.fixture(scope="module", name="gaps")
def _gaps(environment):
    """For each fit, the largest difference of two devices (for the first: of three) from one."""
    done = subprocess.run(
        [sys.executable, "-c", ON_DEVICES],
        env=environment | {"XLA_FLAGS": "--xla_force_host_platform_device_count=3"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    "name",
    [
        "a graph, an odd number of particles",
        "ten parameters",
        "blocks of rows",
        "an optimiser that looks at all particles",
    ],
)
def test_devices_give_the_particles_of_one(name, gaps):
    assert gaps[name] < SAME


@pytest.fixture(scope="module", name="hosts")
def _hosts(environment):
    """What each of two processes of one JAX cluster found."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        address = f"localhost:{free.getsockname()[1]}"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", ON_HOSTS, address, str(rank), environment["HOME"]],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        outputs = [each.communicate(timeout=300) for each in processes]
    finally:
        for each in processes:
            each.kill()
    for each, (_, errors) in zip(processes, outputs, strict=True):
        assert each.returncode == 0, errors[-3000:]
    return [json.loads(out.splitlines()[-1]) for out, _ in outputs]


def test_two_processes_give_the_particles_of_one(hosts):
    assert max(each["gap"] for each in hosts) < SAME


def test_processes_go_on_from_what_the_first_one_reads(hosts):
    assert [(each["same"], each["file"]) for each in hosts] == [(True, True), (True, False)]


def test_devices_of_another_process_alone_are_refused(hosts):
    assert [each["device of another"] for each in hosts] == [
        "",
        "the mesh has devices of 1 of 2 processes: take devices of all, or only of the one that fits, here 1",
    ]


def test_processes_with_different_arguments_are_told_which(hosts):
    told = "processes that share a fit were given different ones: seed differ"
    assert [each["another seed"] for each in hosts] == [told, told]


def fit(**options):
    return SVGD(Erlang(), [0.5, 1.0], Gamma(2.0, 1.0), **options)


def test_more_devices_than_there_are_is_an_error():
    count = jax.device_count() + 1
    with pytest.raises(ValueError, match=rf"n_devices is {count}, and JAX sees {count - 1} .*jax_num_cpu"):
        fit(n_devices=count)


def test_no_device_is_an_error():
    with pytest.raises(ValueError, match="n_devices must be at least 1, got 0"):
        fit(n_devices=0)


def test_number_and_mesh_are_not_taken_together():
    with pytest.raises(ValueError, match="n_devices or a mesh"):
        fit(n_devices=1, mesh=Mesh(np.asarray(jax.devices()[:1]), ("any",)))


def test_another_thing_than_a_mesh_is_an_error():
    with pytest.raises(ValueError, match=r"mesh must be a jax\.sharding\.Mesh"):
        fit(mesh=jax.devices())


def test_a_mesh_of_any_shape_and_names_serves():
    mesh = Mesh(np.asarray(jax.devices()[:1]).reshape(1, 1), ("rows", "columns"))
    first, second = (
        svgd(Erlang(), [0.5, 1.0], prior=Gamma(2.0, 1.0), mesh=each).particles for each in (None, mesh)
    )
    np.testing.assert_allclose(first, second, rtol=SAME)

"""Models in files, in pickles and in exported programs, read by processes that never saw the graph."""

import dataclasses
import os
import pickle
import subprocess
import sys
import textwrap

import jax
import numpy as np
import phasic
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from phasic import Graph, Model, ModelFormatError

from tests import models
from tests.model.programs import primitives

THETA = np.array([1.0, 2.0, 4.0])
DATA = np.array([0.1, 0.5, 1.3])


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.setenv("PHASIC_CACHE_DIR", str(tmp_path / "cache"))
    return Graph(callback=models.rabbits_parameterised, n=3).model()


def elsewhere(program, *arguments, cache):
    """What a fresh process prints that runs a program with these arguments."""
    environment = {**os.environ, "PHASIC_CACHE_DIR": str(cache), "JAX_ENABLE_X64": "1"}
    command = [sys.executable, "-c", textwrap.dedent(program), *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    return done.stdout + done.stderr[-500:]


def test_a_saved_model_answers_in_another_process_without_a_cache(model, tmp_path):
    path = tmp_path / "rabbits.phasic"
    model.save(path)
    rewards = np.arange(model.n_vertices, dtype=float)
    told = elsewhere(
        """
        import sys, numpy as np, phasic
        model = phasic.Model.load(sys.argv[1])
        theta = np.array([1.0, 2.0, 4.0])
        print(repr(float(model.log_likelihood(theta, np.array([0.1, 0.5, 1.3])))))
        print(repr(float(model.expectation(theta, np.arange(model.n_vertices, dtype=float)))))
        """,
        path,
        cache=tmp_path / "empty",
    )
    likelihood, expectation = map(float, told.split())
    assert_allclose(likelihood, model.log_likelihood(THETA, DATA), rtol=1e-14)
    assert_allclose(expectation, model.expectation(THETA, rewards), rtol=1e-14)


def test_saving_leaves_no_other_file(model, tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    model.save(folder / "one")
    model.save(folder / "one")
    assert [path.name for path in folder.iterdir()] == ["one"]
    with pytest.raises(FileNotFoundError):
        model.save(folder / "missing" / "one")
    assert [path.name for path in folder.iterdir()] == ["one"]


def test_every_changed_byte_is_noticed(model, tmp_path):
    path = tmp_path / "model"
    model.save(path)
    whole = path.read_bytes()
    for index in [*range(0, 160), *range(160, len(whole), 37), len(whole) - 1]:
        path.write_bytes(whole[:index] + bytes([whole[index] ^ 4]) + whole[index + 1 :])
        with pytest.raises(ModelFormatError):
            Model.load(path)
    for length in (0, 1, 100, 130, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelFormatError):
            Model.load(path)
    path.write_bytes(whole)
    assert_array_equal(Model.load(path).log_likelihood(THETA, DATA), model.log_likelihood(THETA, DATA))


def test_versions_are_named(model, tmp_path):
    path = tmp_path / "model"
    model.save(path)
    data = bytearray(path.read_bytes())
    data[8] = 99  # the format version
    path.write_bytes(data)
    with pytest.raises(ModelFormatError, match=rf"this is phasic {phasic.__version__}: format version 99"):
        Model.load(path)


def test_a_pickled_model_finds_its_trace_in_the_cache(model, tmp_path):
    path = tmp_path / "pickle"
    path.write_bytes(pickle.dumps(model))
    program = """
        import pathlib, pickle, sys, numpy as np
        model = pickle.loads(pathlib.Path(sys.argv[1]).read_bytes())
        print(repr(float(model.moments(np.array([1.0, 2.0, 4.0]), 2)[1])))
        """
    told = elsewhere(program, path, cache=tmp_path / "cache")
    assert_allclose(float(told), model.moments(THETA, 2)[1], rtol=1e-14)
    assert "no cache here" in elsewhere(program, path, cache=tmp_path / "empty")


def test_an_exported_function_runs_where_the_graph_was_never_built(model, tmp_path):
    path = tmp_path / "function"
    path.write_bytes(phasic.export_function(lambda theta: model.log_likelihood(theta, DATA), THETA))
    program = """
        import pathlib, sys, jax, numpy as np, phasic
        function = phasic.import_function(pathlib.Path(sys.argv[1]).read_bytes())
        theta = np.array([1.0, 2.0, 4.0])
        print(repr(float(function(theta))))
        print(*np.asarray(jax.jit(jax.grad(function))(theta)).tolist())
        """
    told = elsewhere(program, path, cache=tmp_path / "cache").split()
    assert_allclose(float(told[0]), model.log_likelihood(THETA, DATA), rtol=1e-14)
    expected = jax.grad(lambda theta: model.log_likelihood(theta, DATA))(THETA)
    assert_allclose([float(x) for x in told[1:]], expected, rtol=1e-14)
    refused = elsewhere(program, path, cache=tmp_path / "empty")
    assert "build the model here once" in refused


def test_an_exported_function_names_the_versions_that_do_not_fit(model):
    data = phasic.export_function(lambda theta: model.log_likelihood(theta, DATA), THETA)
    other = data.replace(b"phasic_log_likelihood_v", b"phasic_log_likelihood_w", 1)
    other = other.replace(f'"phasic": "{phasic.__version__}"'.encode(), b'"phasic": "0.99"')
    with pytest.raises(
        ModelFormatError, match=rf"phasic_log_likelihood_w\d.*phasic 0\.99.*{phasic.__version__}"
    ):
        phasic.import_function(other)


@pytest.mark.parametrize(
    "data", [b"", b"phasic function 1\n", b"phasic function 1\n{}\n", b"phasic function 1\n{"]
)
def test_bytes_of_no_function_are_refused(data):
    with pytest.raises(ModelFormatError, match="no function that phasic exported"):
        phasic.import_function(data)


@pytest.mark.parametrize("name", ["log_likelihood", "moments", "pdf"])
def test_a_hash_that_no_cache_holds_is_named_with_the_remedy(model, name):
    unknown = dataclasses.replace(model, key=np.arange(8, dtype=np.uint32))
    argument = 2 if name == "moments" else DATA
    # ValueError from programs that ran before
    with pytest.raises(
        (jax.errors.JaxRuntimeError, ValueError), match=r"trace 0{8}01000000.*build the model here"
    ):
        getattr(unknown, name)(THETA, argument)


def test_no_callback_is_in_any_program(model):
    def step(theta):
        value = model.log_likelihood(theta, DATA) + model.moments(theta, 2).sum()
        return value + model.logpdf(theta, DATA).sum()

    transformed = {
        step: THETA,
        jax.grad(step): THETA,
        jax.hessian(step): THETA,
        jax.vmap(jax.grad(step)): np.stack([THETA, 2 * THETA]),
    }
    for function, argument in transformed.items():
        names = set(primitives(jax.make_jaxpr(function)(argument).jaxpr))
        assert "ffi_call" in names
        assert not [name for name in names if "callback" in name]

"""A run that was stopped and goes on ends at the particles of one that was not, bit for bit."""

import json
import os
import signal
import subprocess
import sys
import time
import zipfile

import numpy as np
import optax
import pytest
from phasic.svgd import SVGD, ConstantStepSize, Gamma, LogNormal, svgd
from phasic.svgd import _checkpoint as checkpoint
from phasic.svgd import _run as run
from phasic.svgd import _walk as walk

from tests.svgd.cases import case
from tests.svgd.standins import Erlang, Hypoexponential
from tests.svgd.test_parts import two_rates

CASE = case("hypoexponential")
VALUES = np.linspace(0.2, 3.0, 20)
PRIOR = Gamma(2.0, 1.0)


def fit(path=None, **options):
    # A step size that does not fall: the monitor never stops the run.
    given = {"n_iterations": 200, "learning_rate": ConstantStepSize(0.05)} | options
    return svgd(CASE.model, CASE.values, prior=CASE.prior, checkpoint=path, **given)


def stop_after(monkeypatch, calls):
    """Ctrl-C at the call of the compiled block after so many of one step."""
    made, block = [], walk.run_block
    monkeypatch.setattr(walk, "_SECONDS_PER_CALL", 1e-9)

    def interrupted(*args, **kwargs):
        if len(made) == calls:
            raise KeyboardInterrupt
        made.append(1)
        return block(*args, **kwargs)

    monkeypatch.setattr(walk, "run_block", interrupted)


OPTIONS = {
    "Adam": {},
    "falling step size": {"learning_rate": None},
    "an optax optimiser": {"learning_rate": None, "optimizer": optax.chain(optax.adam(0.02))},
    "history": {"return_history": True},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_stopped_after_100_of_200_steps_and_gone_on_is_200(name, tmp_path, monkeypatch):
    straight = fit(**OPTIONS[name])
    path = tmp_path / "run"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        stop_after(patch, 100 if name != "falling step size" else 10)
        fit(path, **OPTIONS[name])
    assert steps_in(path) == (10 if name == "falling step size" else 100)
    resumed = fit(path, **OPTIONS[name])
    assert resumed.particles.tobytes() == straight.particles.tobytes()
    assert (resumed.n_steps, resumed.reason) == (straight.n_steps, straight.reason)
    np.testing.assert_array_equal(resumed.diagnostics["log_density"], straight.diagnostics["log_density"])
    assert resumed.diagnostics["movement"] == straight.diagnostics["movement"]
    if straight.history is not None:
        np.testing.assert_array_equal(resumed.history, straight.history)


def two_modes(path=None):
    """A posterior of two parts, each a run of its own, of which the second is kept after the first."""
    values = two_rates(200)
    return svgd(Hypoexponential(), values, prior=LogNormal(0.5, 0.6), n_iterations=50, checkpoint=path)


@pytest.mark.parametrize("calls", [20, 70])
def test_a_fit_of_two_parts_goes_on_in_either(calls, tmp_path, monkeypatch):
    straight, path = two_modes(), tmp_path / "run"
    assert len(straight.diagnostics["part_weights"]) == 2
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        stop_after(patch, calls)
        two_modes(path)
    assert len(header_of(path)["runs"]) == 1 + (calls > 50)
    resumed = two_modes(path)
    assert resumed.particles.tobytes() == straight.particles.tobytes()
    assert resumed.reason == straight.reason
    assert resumed.diagnostics["gradient_evaluations"] == straight.diagnostics["gradient_evaluations"]


def test_steps_per_call_do_not_change_a_bit(monkeypatch):
    base = fit(learning_rate=None)
    monkeypatch.setattr(walk, "_SECONDS_PER_CALL", 1e-9)
    single = fit(learning_rate=None)
    assert single.particles.tobytes() == base.particles.tobytes()
    assert (single.n_steps, single.converged, single.reason) == (base.n_steps, base.converged, base.reason)


def test_a_checkpoint_does_not_change_a_bit(tmp_path):
    assert fit(tmp_path / "run").particles.tobytes() == fit().particles.tobytes()


def test_a_finished_run_takes_no_step_again(tmp_path, monkeypatch):
    first = fit(tmp_path / "run")
    stop_after(monkeypatch, 0)
    second = fit(tmp_path / "run")
    assert second.particles.tobytes() == first.particles.tobytes()
    assert second.reason == first.reason


def test_a_converged_run_stays_converged(tmp_path):
    first, second = (fit(tmp_path / "run", learning_rate=None) for _ in range(2))
    assert first.converged and second.converged
    assert second.n_steps == first.n_steps < 200


def test_more_iterations_take_a_finished_run_on(tmp_path):
    fit(tmp_path / "run", n_iterations=100)
    assert fit(tmp_path / "run").particles.tobytes() == fit().particles.tobytes()


def test_more_iterations_keep_the_fall_of_the_step_size(tmp_path):
    fit(tmp_path / "run", n_iterations=10, learning_rate=0.3)
    assert fit(tmp_path / "run", n_iterations=12, learning_rate=0.3).n_steps == 12
    assert header_of(tmp_path / "run")["horizon"] == 10


def test_time_spent_adds_up(tmp_path):
    first = fit(tmp_path / "run", n_iterations=100)
    assert fit(tmp_path / "run").seconds > first.seconds


def test_fewer_iterations_than_taken_are_an_error(tmp_path):
    fit(tmp_path / "run", n_iterations=50)
    with pytest.raises(ValueError, match="of a run of 50 steps, n_iterations is 40"):
        fit(tmp_path / "run", n_iterations=40)


BASE = {"model": Erlang(2), "observed_data": VALUES, "prior": PRIOR, "n_iterations": 3}
OTHER = {
    "model": {"model": Erlang(2, np.float64(3.0))},
    "observed_data": {"observed_data": VALUES * 1.01},
    "prior": {"prior": Gamma(2.0, 1.1)},
    "transforms": {"transforms": ["identity"]},
    "n_particles": {"n_particles": 64},
    "seed": {"seed": 1},
    "kernel": {"kernel": "imq"},
    "optimizer": {"optimizer": optax.sgd(0.1)},
    "theta_init": {"theta_init": [1.5]},
    "learning_rate": {"learning_rate": 0.1},
}


@pytest.mark.parametrize("name", OTHER)
def test_the_checkpoint_of_another_run_is_refused_by_name(name, tmp_path):
    path = tmp_path / "run"
    SVGD(**BASE, checkpoint=path).fit()
    with pytest.raises(ValueError, match=rf"run is the checkpoint of a run with another .*\b{name}\b"):
        SVGD(**BASE | OTHER[name], checkpoint=path).fit()


def test_history_that_was_not_kept_is_refused(tmp_path):
    SVGD(**BASE, checkpoint=tmp_path / "run").fit()
    with pytest.raises(ValueError, match="another return_history"):
        SVGD(**BASE, checkpoint=tmp_path / "run").fit(return_history=True)


# What no digest of arrays tells: code, and whatever is static in a program.
UNSEEN = {
    "a static field of the model": {"model": Erlang(3)},
    "the prior, as a function": {"prior": lambda theta: -2.0 * theta[0]},
}


@pytest.mark.parametrize("name", UNSEEN)
def test_another_function_is_found_by_the_log_densities(name, tmp_path):
    path, base = tmp_path / "run", BASE | {"prior": lambda theta: -theta[0]}
    SVGD(**base, checkpoint=path).fit()
    with pytest.raises(ValueError, match="particles have other log densities"):
        SVGD(**base | UNSEEN[name], checkpoint=path).fit()


def test_a_truncated_file_is_an_error_with_its_name(tmp_path):
    path = tmp_path / "run"
    SVGD(**BASE, checkpoint=path).fit()
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match="run is not a checkpoint, or damaged"):
        SVGD(**BASE, checkpoint=path).fit()


def test_a_changed_byte_is_an_error(tmp_path):
    path = tmp_path / "run"
    SVGD(**BASE, checkpoint=path).fit()
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo("0.state.0.npy").header_offset
    content[start + 400] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="run is not a checkpoint, or damaged"):
        SVGD(**BASE, checkpoint=path).fit()


def test_another_format_is_an_error(tmp_path, monkeypatch):
    path = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "FORMAT", 2)
        SVGD(**BASE, checkpoint=path).fit()
    with pytest.raises(ValueError, match=r"damaged \(format 2, not 1\)"):
        SVGD(**BASE, checkpoint=path).fit()


def test_pickled_objects_are_not_read(tmp_path):
    path = tmp_path / "run"
    with path.open("wb") as file:
        np.savez(file, header=np.asarray([{"format": 1}], dtype=object))
    with pytest.raises(ValueError, match="not a checkpoint"):
        SVGD(**BASE, checkpoint=path).fit()


def test_a_folder_that_is_not_there_is_an_error_before_the_first_step(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "begin", lambda *args: 1 / 0)
    with pytest.raises(FileNotFoundError, match="absent"):
        SVGD(**BASE, checkpoint=tmp_path / "absent" / "run").fit()


def test_nothing_is_left_beside_the_file(tmp_path):
    SVGD(**BASE, checkpoint=tmp_path / "run").fit()
    assert [each.name for each in tmp_path.iterdir()] == ["run"]


def test_a_disk_that_fills_up_does_not_stop_the_run(tmp_path, monkeypatch, caplog):
    calls = []

    def full(path, content):
        calls.append(path)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "_replace", full)
    assert SVGD(**BASE, checkpoint=tmp_path / "run").fit().posterior.n_steps == 3
    assert "checkpoint after 3 steps not written" in caplog.text


KILLED = """
import os, sys, time
import jax
import numpy as np
jax.config.update("jax_enable_x64", True)
from phasic.svgd import ConstantStepSize, _checkpoint, _walk, svgd
from tests.svgd.cases import case
_checkpoint.SECONDS = 0.0
_walk._SECONDS_PER_CALL = 1e-9
block = _walk.run_block
def slow(*args, **kwargs):
    time.sleep(0.01)
    return block(*args, **kwargs)
_walk.run_block = slow
c = case("hypoexponential")
svgd(c.model, c.values, prior=c.prior, n_iterations=200, learning_rate=ConstantStepSize(0.05),
     checkpoint=sys.argv[1])
"""


def test_a_run_killed_at_any_time_goes_on_to_the_same_particles(tmp_path, subprocess_environment):
    path = tmp_path / "run"
    environment = subprocess_environment | {"PYTHONPATH": ":".join(each for each in sys.path if each)}
    with subprocess.Popen([sys.executable, "-c", KILLED, str(path)], env=environment) as process:
        while process.poll() is None and steps_in(path) < 20:
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
    assert 20 <= steps_in(path) < 200
    assert fit(path).particles.tobytes() == fit().particles.tobytes()


def steps_in(path):
    return header_of(path)["done"] if path.exists() else 0


def header_of(path):
    with np.load(path) as stored:
        return json.loads(stored["header"].tobytes())

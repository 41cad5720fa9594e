"""Where a fit stands, kept in a file from which the same fit goes on.

The file is an uncompressed npz of arrays, with a header in JSON; nothing in it is ever unpickled. It is
written beside its place and renamed, so that a process killed at any time leaves the last whole one.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from phasic.svgd._modes import Modes
from phasic.svgd._monitor import RESIDUALS
from phasic.svgd._start import Whitening
from phasic.svgd._step import State
from phasic.svgd._target import Target, float_type
from phasic.svgd._walk import Run

_log = logging.getLogger(__name__)

FORMAT = 1
SECONDS = 5.0
"""Least time between two writings."""

_DAMAGED = (ValueError, KeyError, TypeError, EOFError, OSError, zipfile.BadZipFile)


@dataclass(frozen=True)
class Found:
    """What a run has before its first step: modes, and how they were found.

    `evaluations` of the log density were made, at up to `largest` |theta|; the step size falls over `horizon`
    steps.
    """

    modes: Modes
    evaluations: int
    largest: float
    horizon: int


class Checkpoint:
    """A file for where a fit stands. Of several processes the first reads for all, and writes.

    `found` is what the file holds of the search, None where there is no file; `seconds` were spent until it
    was written, `done` steps are the most that a part has taken.
    """

    def __init__(
        self,
        path: Path | None,
        identity: Mapping[str, Any],
        rates: Callable[[int, int], NDArray[np.float64]],
        shared: bool,
    ) -> None:
        """Nothing is read or written yet.

        Args:
            path: The file, None to keep nothing.
            identity: What the fit is of, as values of JSON.
            rates: The first so many step sizes that fall over so many steps.
            shared: Whether several processes take part.
        """
        self.path = path
        self.found: Found | None = None
        self.runs: dict[tuple[int, ...], Run] = {}
        self.seconds = 0.0
        self._identity = json.loads(json.dumps(identity))
        self._rates = rates
        self._shared = shared
        self._random: Mapping[str, Any] = {}
        self._began = 0.0
        self._written: float | None = None
        self._waiting = False

    @property
    def done(self) -> int:
        """The most steps that a part has taken."""
        return max((run.done for run in self.runs.values()), default=0)

    def read(self, like: State) -> None:
        """Take what the file holds, with arrays as in the state `like`; nothing where there is no file.

        Raises:
            ValueError: The file is damaged, no checkpoint, or of another fit: the message says what differs.
        """
        content = self._content()
        if content is None:
            return
        try:
            header, arrays = _parse(content)
            mine, theirs = self._identity_of(header["done"], header["horizon"]), header["identity"]
            other = [name for name, value in mine.items() if theirs.get(name) != value]
            if not other:
                self.found, self.runs = _found(header, arrays), _runs(header, arrays, like)
                self.seconds, self._random = float(header["seconds"]), header["random"]
        except _DAMAGED as problem:
            raise ValueError(
                f"{self.path} is not a checkpoint, or damaged ({problem}): delete it to start anew"
            ) from problem
        if other:
            raise ValueError(
                f"{self.path} is the checkpoint of a run with another {', another '.join(other)}: delete it, "
                "or give another path"
            )

    def start(self, found: Found, rng: np.random.Generator, began: float) -> None:
        """Keep what the search found, and the generator as it left it, of a fit that began at this time.

        Raises OSError where the file cannot be written.
        """
        self.found, self._random, self._began = found, rng.bit_generator.state, began
        self._waiting = True
        self.flush()

    def resume(self, rng: np.random.Generator, now: float) -> float:
        """Put the generator where the search left it; when the fit would have begun, had it not stopped."""
        rng.bit_generator.state = self._random
        self._began = now - self.seconds
        return self._began

    def offer(self, key: tuple[int, ...], run: Run) -> None:
        """Keep where the part `key` stands, and write it if the last writing is some seconds ago.

        A file that cannot be written is logged, and the fit goes on.
        """
        if self.path is None:
            return
        self.runs[key] = run.copy()
        self._waiting = True
        if self._written is None or time.monotonic() - self._written >= SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write what was offered last, if that is not yet done."""
        waiting, self._waiting = self._waiting, False
        if not waiting or self.path is None or (self._shared and jax.process_index() != 0):
            return
        first, self._written = self._written is None and not self.runs, time.monotonic()
        try:
            _replace(self.path, self._encoded())
        except OSError as problem:
            if first:
                raise
            _log.warning("checkpoint after %d steps not written: %s", self.done, problem)

    def _identity_of(self, done: int, horizon: int) -> dict[str, Any]:
        return {**self._identity, "learning_rate": digest(self._rates(done, horizon))}

    def _content(self) -> bytes | None:
        if self.path is None:
            return None
        if not self._shared:
            return self.path.read_bytes() if self.path.exists() else None
        from jax.experimental.multihost_utils import broadcast_one_to_all

        reader = jax.process_index() == 0 and self.path.exists()
        content = np.frombuffer(self.path.read_bytes() if reader else b"", np.uint8)
        length = int(broadcast_one_to_all(np.int32(content.size)))
        if length == 0:
            return None
        buffer = content if reader else np.zeros(length, np.uint8)
        return np.asarray(broadcast_one_to_all(buffer)).tobytes()

    def _encoded(self) -> bytes:
        assert self.found is not None
        found = self.found
        header = {
            "format": FORMAT,
            "identity": self._identity_of(self.done, found.horizon),
            "done": self.done,
            "horizon": found.horizon,
            "evaluations": found.evaluations,
            "largest": found.largest,
            "random": self._random,
            "seconds": time.perf_counter() - self._began,
            "runs": [
                {
                    "key": key,
                    "done": run.done,
                    "placed": run.placed,
                    "snapshot_steps": [step for step, _ in run.snapshots],
                }
                for key, run in self.runs.items()
            ],
        }
        arrays = {f"modes.{each.name}": getattr(found.modes, each.name) for each in fields(Modes)}
        for i, run in enumerate(self.runs.values()):
            arrays |= {f"{i}.{name}": array for name, array in _arrays(run).items()}
        arrays["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
        made = io.BytesIO()
        np.savez(made, **arrays)
        return made.getvalue()


def identity(target: Target, **options: Any) -> dict[str, Any]:
    """What a fit is of, in JSON: digests of the target's arrays, and the options that change its particles.

    A function cannot be told from another by its bytes; the log densities of the particles tell.
    """
    return {
        "model": digest(target.model),
        "observed_data": digest((target.values, target.weights)),
        "prior": digest(target.prior),
        "transforms": [*target.transform.kinds, digest(target.transform)],
        "precision": str(float_type()),
        **options,
    }


def digest(tree: Any) -> str:
    """BLAKE2b of the arrays in a pytree, with their places, types and shapes, in hexadecimal."""
    made = hashlib.blake2b(digest_size=16)
    for place, leaf in jax.tree_util.tree_leaves_with_path(tree):
        array = np.ascontiguousarray(leaf)
        made.update(f"{jax.tree_util.keystr(place)} {array.dtype.str} {array.shape}\n".encode())
        made.update(array.tobytes())
    return made.hexdigest()


def _arrays(run: Run) -> dict[str, NDArray[Any]]:
    arrays = {f"state.{i}": np.asarray(each) for i, each in enumerate(jax.tree_util.tree_leaves(run.state))}
    arrays |= {
        "residuals": np.asarray([run.residuals[name] for name in RESIDUALS]),
        "movement": np.asarray(run.movement, np.float64),
        "centre": run.whitening.centre,
        "factor": run.whitening.factor,
    }
    if run.snapshots:
        arrays["snapshots"] = np.stack([z for _, z in run.snapshots])
    return arrays


def _parse(content: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        arrays = dict(stored)
    header = json.loads(arrays["header"].tobytes())
    if header["format"] != FORMAT:
        raise ValueError(f"format {header['format']}, not {FORMAT}")
    return header, arrays


def _found(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Found:
    modes = Modes(**{each.name: arrays[f"modes.{each.name}"] for each in fields(Modes)})
    return Found(modes, int(header["evaluations"]), float(header["largest"]), int(header["horizon"]))


def _runs(
    header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], like: State
) -> dict[tuple[int, ...], Run]:
    expected, structure = jax.tree_util.tree_flatten(like)
    runs = {}
    for i, given in enumerate(header["runs"]):
        leaves = [arrays[f"{i}.state.{k}"] for k in range(len(expected))]
        for mine, theirs in zip(expected, leaves, strict=True):
            if (mine.shape, mine.dtype) != (theirs.shape, theirs.dtype):
                raise ValueError(f"an array is {theirs.dtype}{theirs.shape}, not {mine.dtype}{mine.shape}")
        snapshots = zip(given["snapshot_steps"], arrays.get(f"{i}.snapshots", ()), strict=True)
        runs[tuple(given["key"])] = Run(
            whitening=Whitening(arrays[f"{i}.centre"], arrays[f"{i}.factor"]),
            state=jax.tree_util.tree_unflatten(structure, leaves),
            residuals=dict(zip(RESIDUALS, arrays[f"{i}.residuals"].tolist(), strict=True)),
            movement=arrays[f"{i}.movement"].tolist(),
            done=int(given["done"]),
            snapshots=list(snapshots),
            placed=int(given["placed"]),
        )
    return runs


def _replace(path: Path, content: bytes) -> None:
    """Put a file in place whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)

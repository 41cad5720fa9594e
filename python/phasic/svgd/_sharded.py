"""Which devices share the particles of a fit, and what belongs to this process where there are several."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

AXIS = "particles"


def choose_mesh(n_devices: int | None, mesh: Mesh | None) -> Mesh | None:
    """The devices of a fit as a mesh of one axis; None for the one that JAX takes by default.

    Args:
        n_devices: The first so many of `jax.devices()`, at least 1, or None.
        mesh: A mesh whose devices are all taken, or None.

    Raises:
        ValueError: Both are given, there are fewer devices, or they are those of some processes only.
    """
    if mesh is not None:
        if n_devices is not None:
            raise ValueError("give n_devices or a mesh, not both")
        if not isinstance(mesh, Mesh):
            raise ValueError(f"mesh must be a jax.sharding.Mesh, got {mesh!r}")
        devices = list(mesh.devices.ravel())
    elif n_devices is None or (n_devices == 1 and jax.process_count() == 1):
        return None
    else:
        devices = jax.devices()[:n_devices]
        if len(devices) < n_devices:
            raise ValueError(
                f"n_devices is {n_devices}, and JAX sees {len(devices)} ({jax.default_backend()}); to share "
                f'a CPU, call jax.config.update("jax_num_cpu_devices", {n_devices}) before JAX is used'
            )
    owners = {each.process_index for each in devices}
    if owners != {jax.process_index()} and len(owners) < jax.process_count():
        raise ValueError(
            f"the mesh has devices of {len(owners)} of {jax.process_count()} processes: take devices of all, "
            f"or only of the one that fits, here {jax.process_index()}"
        )
    return Mesh(np.asarray(devices), (AXIS,))


def on_devices(arrays: Any, mesh: Mesh | None) -> Any:
    """A pytree of NumPy arrays as JAX arrays, with a mesh the whole of each on every device."""
    return jax.device_put(arrays, None if mesh is None else NamedSharding(mesh, PartitionSpec()))  # type: ignore[no-untyped-call]


def several_processes(mesh: Mesh | None) -> bool:
    """Whether devices of more than one process share the fit."""
    return mesh is not None and len({each.process_index for each in mesh.devices.flat}) > 1


def must_agree(values: Mapping[str, Any]) -> None:
    """ValueError in every process, naming what differs, unless all call this with equal values of JSON."""
    from jax.experimental.multihost_utils import process_allgather

    digests = [
        hashlib.blake2b(json.dumps(each).encode(), digest_size=16).digest() for each in values.values()
    ]
    mine = np.frombuffer(b"".join(digests), np.uint8).reshape(len(digests), -1)
    every = np.asarray(process_allgather(mine))
    same = (every == every[0]).all(axis=(0, 2))
    differ = [name for name, equal in zip(values, same, strict=True) if not equal]
    if differ:
        raise ValueError(f"processes that share a fit were given different ones: {', '.join(differ)} differ")

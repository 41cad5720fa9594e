"""Arguments of a fit: checked, and those of older code explained."""

from __future__ import annotations

import difflib
import inspect
import math
import operator
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from phasic.svgd._kernel import KERNELS, Kernel
from phasic.svgd._layout import Layout
from phasic.svgd._settings import PEAK_RATE
from phasic.svgd._transform import Transform

if TYPE_CHECKING:
    import optax

_NO_EFFECT = {
    "jit": "everything is compiled",
    "parallel": "all particles are evaluated by one vmap; n_devices shares them",
    "precompile": "use phasic's cache, which keeps compiled programs between processes",
    "compilation_config": "use phasic.configure",
    "nr_moments": "moments do not enter the likelihood",
    "preconditioner": "particles are whitened by the posterior's curvature",
    "validate_rewards": "rewards are always checked",
    "joint_index": "a graph of joint_prob_graph takes counts",
    "daisy_chain_granularity": "every epoch is exact",
    "daisy_chain_t_eval_tol": "every epoch is exact",
}

_REFUSED = {
    "param_transform": 'use transforms, with "log", "logit" or "identity" for each parameter',
    "callback": "a fit needs weights that are linear in theta: transform the parameters instead",
    "exposure_param_index": "it is exposure_index",
    **dict.fromkeys(
        ("epoch_starts", "daisy_chain_t_eval", "daisy_chain_probe_theta", "final_read"),
        "phasic.EpochLaw is the law over epochs, for SVGD",
    ),
}


def old_arguments(given: dict[str, Any]) -> None:
    """Warn of arguments without effect, once for all of them; refuse those that would change the answer.

    Raises TypeError for a name that never existed.
    """
    known = {*_NO_EFFECT, *_REFUSED, "regularization"}
    for name in given:
        if name not in known:
            raise TypeError(f"SVGD got an unexpected argument {name!r}{_nearest(name)}")
    for name, instead in _REFUSED.items():
        if given.get(name) is not None:
            raise ValueError(f"{name}: {instead}")
    regularization = given.get("regularization")
    if regularization is not None and not (np.ndim(regularization) == 0 and regularization == 0):
        raise ValueError(
            f"regularization={regularization!r} would change the posterior; say what you know in prior="
        )
    idle = [name for name in given if name in _NO_EFFECT and given[name] is not None]
    if idle:
        text = "; ".join(f"{name}: {_NO_EFFECT[name]}" for name in idle)
        warnings.warn(f"arguments of SVGD without effect ({text})", DeprecationWarning, stacklevel=3)


def _nearest(name: str) -> str:
    """What to say of a name that a user may have meant."""
    from phasic.svgd._fit import SVGD
    from phasic.svgd._methods import OPTIONS

    known = {*inspect.signature(SVGD).parameters, *OPTIONS} - {"self"}
    found = difflib.get_close_matches(name, sorted(known), n=1)
    return f": did you mean {found[0]}?" if found else ""


def check_count(name: str, value: Any, least: int) -> int:
    """`value` as an int of at least `least`; ValueError otherwise."""
    try:
        count = operator.index(value)
    except TypeError as error:
        raise ValueError(f"{name} must be a whole number, got {value!r}") from error
    if count < least:
        raise ValueError(f"{name} must be at least {least}, got {value!r}")
    return count


def choose_kernel(kernel: Kernel | str | None, bandwidth: float | str | None) -> Kernel:
    """The kernel named by a user's two arguments."""
    if isinstance(kernel, Kernel):
        if bandwidth is not None:
            raise ValueError("give the bandwidth in the Kernel, or a kernel by name, not both")
        return kernel
    kind = KERNELS[0] if kernel is None else kernel
    if kind not in KERNELS:
        raise ValueError(f"kernel must be one of {', '.join(KERNELS)} or a Kernel, got {kernel!r}")
    if bandwidth is None or (isinstance(bandwidth, str) and bandwidth in ("median", "median_per_dim")):
        return Kernel(kind)
    if isinstance(bandwidth, str) or np.ndim(bandwidth) or not (math.isfinite(bandwidth) and bandwidth > 0):
        raise ValueError(f"bandwidth must be positive (in whitened units) or 'median', got {bandwidth!r}")
    return Kernel(kind, np.float64(bandwidth))


def choose_rate(
    learning_rate: float | Callable[[int], Any] | None, optimizer: optax.GradientTransformation | None
) -> float | Callable[[int], Any]:
    """The peak step size or schedule; ValueError beside an optimiser, which has its own."""
    if learning_rate is None:
        return PEAK_RATE
    if optimizer is not None:
        raise ValueError("give learning_rate or an optimizer with its own rate, not both")
    if callable(learning_rate):
        return learning_rate
    if not (np.ndim(learning_rate) == 0 and math.isfinite(learning_rate) and learning_rate > 0):
        raise ValueError(f"learning_rate must be positive and finite, got {learning_rate!r}")
    return float(learning_rate)


def read_batch(batch: Any, optimizer: optax.GradientTransformation | None) -> int | None:
    """The size of a batch; ValueError beside an optimiser, whose step sizes need not fall."""
    if batch is None:
        return None
    if optimizer is not None:
        raise ValueError("batch needs step sizes that fall: give learning_rate, not an optimizer")
    return check_count("batch", batch, 1)


def read_theta_init(theta_init: Any, dim: int, transform: Transform | Layout) -> NDArray[np.float64]:
    """Starting points (k, p), each inside the support; ValueError with index and value otherwise.

    Entries of fixed parameters, and of tied ones but the first, are not read.
    """
    points = np.asarray(theta_init, dtype=np.float64)
    if points.ndim not in (1, 2) or points.shape[-1] != dim or points.size == 0:
        raise ValueError(f"theta_init must have shape ({dim},) or (k, {dim}), got {points.shape}")
    points = np.atleast_2d(points)
    low, high = transform.support
    bad = np.argwhere(~(np.isfinite(points) & (points > low) & (points < high)))
    if len(bad):
        i, j = (int(k) for k in bad[0])
        where = f"theta_init[{j}]" if np.ndim(theta_init) == 1 else f"theta_init[{i}, {j}]"
        raise ValueError(f"{where} is {points[i, j]}, outside ({low[j]}, {high[j]})")
    lost = np.flatnonzero(~np.isfinite(transform.to_z(points)).all(axis=1))
    if len(lost):
        where = "theta_init" if np.ndim(theta_init) == 1 else f"theta_init[{lost[0]}]"
        raise ValueError(f"{where} is {points[lost[0]].tolist()}, but parameters in order must increase")
    return points


def read_names(names: Sequence[str] | None, dim: int) -> tuple[str, ...]:
    """Names of the parameters, default theta[0], theta[1], ..."""
    if names is None:
        return tuple(f"theta[{i}]" for i in range(dim))
    if len(names) != dim:
        raise ValueError(f"names has {len(names)} entries, the model has {dim} parameters")
    read = tuple(str(name) for name in names)
    if len(set(read)) < dim:
        twice = next(name for name in read if read.count(name) > 1)
        raise ValueError(f"names has {twice!r} twice: each parameter needs a name of its own")
    return read

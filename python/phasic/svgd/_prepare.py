"""From a user's arguments to the target and the settings of a run."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from phasic._model import Model
from phasic._observations import Observations
from phasic.svgd import _data
from phasic.svgd._arguments import (
    check_count,
    choose_kernel,
    choose_rate,
    read_names,
    read_theta_init,
)
from phasic.svgd._exposure import exposed, read_members
from phasic.svgd._impossible import refuse_impossible
from phasic.svgd._kernel import Kernel
from phasic.svgd._parameters import lay_out, read_transforms
from phasic.svgd._read_prior import NO_PRIOR, as_own, prior_length, prior_names, read_prior
from phasic.svgd._restrictions import read_restrictions
from phasic.svgd._run import put_on_device
from phasic.svgd._settings import HORIZON, Settings
from phasic.svgd._sharded import choose_mesh
from phasic.svgd._target import DensityModel, LikelihoodModel, Target, as_model

if TYPE_CHECKING:
    import optax
    from jax.sharding import Mesh

_FEWEST = 128
_OF_MANY = 256  # for marginal quantiles to 0.05 in ten dimensions
_MANY = 5
_PER_PARAMETER = 8


def default_particles(dim: int) -> int:
    """128, from five parameters on 256, or eight per parameter if more, rounded up to a power of two."""
    fewest = _OF_MANY if dim >= _MANY else _FEWEST
    return 1 << (max(fewest, _PER_PARAMETER * dim) - 1).bit_length()


def read_dim(model: Any, prior: Any, theta_dim: int | None, theta_init: Any, names: Any) -> int:
    """Number of parameters: as given, of the model, the prior, `theta_init`'s last axis, or the names.

    Raises ValueError if none of them says, or if `theta_dim` disagrees with the model.
    """
    own = getattr(model, "n_parameters", None)
    if theta_dim is not None:
        check_count("theta_dim", theta_dim, 1)
        if isinstance(own, int) and own != theta_dim:
            raise ValueError(f"theta_dim is {theta_dim}, the model has {own} parameters")
        return theta_dim
    found = own if isinstance(own, int) else prior_length(prior)
    if found is None and theta_init is not None:
        found = np.shape(theta_init)[-1] if np.ndim(theta_init) else 1
    if found is None and isinstance(names, Sequence) and not isinstance(names, str):
        found = len(names)
    if not found:
        raise ValueError(
            "theta_dim is required: model, prior, theta_init and names do not tell the number of parameters"
        )
    return int(found)


def names_of(prior: Any, names: Sequence[str] | None, dim: int) -> tuple[str, ...]:
    """Names as given, or those that the keys of a dict of priors are."""
    if names is None and isinstance(prior, Mapping):
        own = prior_names(prior)
        if all(isinstance(each, str) for each in own):
            if len(own) != dim:
                raise ValueError(
                    f"prior has {len(own)} names, the model has {dim} parameters: name all of them in order, "
                    "None for those that are fixed or tied, or give names="
                )
            names = own
    return read_names(names, dim)


def make_target(
    model: LikelihoodModel | Callable[[Any, Any], Any],
    values: ArrayLike | Observations,
    weights: ArrayLike | None,
    *,
    prior: Any,
    dim: int,
    positive_params: bool = True,
    transforms: Sequence[Any] | Mapping[Any, Any] | None = None,
    fixed: Any = None,
    tied: Any = None,
    names: Sequence[str] | None = None,
) -> Target:
    """The log posterior of a model with `dim` parameters; `svgd` explains the arguments."""
    distinct, total = _data.prepare(values, weights)
    likelihood = as_model(model)
    if isinstance(distinct, Observations) and isinstance(likelihood, DensityModel):
        raise ValueError(
            "observed_data is Observations, and the model a function that gives densities only: fit "
            "Graph.model() or another model with a log_likelihood method"
        )
    restrictions = read_restrictions(read_names(names, dim), fixed, tied)
    wishes = read_transforms(transforms, restrictions.names)
    joint = read_prior(prior, restrictions, positive=positive_params, ordered=wishes.ordered)
    transform = lay_out(joint, restrictions, wishes, positive=positive_params)
    return Target(likelihood, distinct, total, joint, transform)


def prepare(
    model: Any,
    values: ArrayLike | Observations,
    weights: ArrayLike | None,
    *,
    prior: Any,
    theta_dim: int | None,
    theta_init: ArrayLike | None,
    positive_params: bool,
    transforms: Sequence[Any] | Mapping[Any, Any] | None,
    fixed: Any,
    tied: Any,
    exposure: ArrayLike | None,
    exposure_index: Any,
    n_particles: int | None,
    n_iterations: int,
    learning_rate: float | Callable[[int], Any] | None,
    optimizer: optax.GradientTransformation | None,
    kernel: Kernel | str | None,
    bandwidth: float | str | None,
    seed: int,
    names: Sequence[str] | None,
    return_history: bool,
    n_devices: int | None = None,
    mesh: Mesh | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
) -> tuple[Target, Settings]:
    """Check every argument and make the target and settings of a run."""
    if prior is None:
        raise ValueError(NO_PRIOR)
    prior = as_own(prior)
    dim = read_dim(model, prior, theta_dim, theta_init, names)
    names = names_of(prior, names, dim)
    law, observed, counts = model, values, weights
    if exposure is not None:
        members = read_members(exposure_index, names)
        model, values = exposed(as_model(model), values, weights, exposure, members, dim)
        weights = None
    elif exposure_index is not None:
        raise ValueError("exposure_index says which parameters exposures multiply: give exposure")
    target = make_target(
        model,
        values,
        weights,
        prior=prior,
        dim=dim,
        positive_params=positive_params,
        transforms=transforms,
        fixed=fixed,
        tied=tied,
        names=names,
    )
    if type(law) is Model:
        refuse_impossible(law, observed, counts, target)
    count = (
        default_particles(target.dim) if n_particles is None else check_count("n_particles", n_particles, 2)
    )
    devices = choose_mesh(None if n_devices is None else check_count("n_devices", n_devices, 1), mesh)
    iterations = check_count("n_iterations", n_iterations, 1)
    settings = Settings(
        n_particles=count,
        n_iterations=iterations,
        rate=choose_rate(learning_rate, optimizer),
        optimizer=optimizer,
        kernel=choose_kernel(kernel, bandwidth),
        seed=check_count("seed", seed, 0),
        theta_init=None if theta_init is None else read_theta_init(theta_init, dim, target.transform),
        names=names,
        keep_history=return_history,
        horizon=min(HORIZON, iterations),
        mesh=devices,
        checkpoint=None if checkpoint is None else Path(checkpoint),
        more_for_tails=n_particles is None and checkpoint is None,
    )
    return put_on_device(target, devices), settings

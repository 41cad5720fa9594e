"""One call for every way to a posterior: `fit(model, data, prior=..., method=...)`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from phasic._graph import Graph
from phasic._model import Model
from phasic._moment_fit import match_moments
from phasic.svgd._fit import SVGD
from phasic.svgd._laplace import laplace
from phasic.svgd._map import maximum
from phasic.svgd._nuts import nuts
from phasic.svgd._polish import metropolis
from phasic.svgd._posterior import Posterior
from phasic.svgd._tell import tell

#: Options that not every method has, by method. `polish` is of those whose particles are not draws already.
_OWN = {
    "svgd": frozenset(
        {
            *("n_particles", "n_iterations", "learning_rate", "optimizer", "kernel", "bandwidth"),
            *("return_history", "polish", "batch", "checkpoint", "mesh", "n_devices"),
        }
    ),
    "map": frozenset(),
    "laplace": frozenset({"n_particles", "polish"}),
    "nuts": frozenset({"chains", "draws", "warmup", "target_acceptance"}),
}

METHODS = tuple(_OWN)
OPTIONS = frozenset().union(*_OWN.values())


def check_options(method: str, options: Mapping[str, Any]) -> None:
    """Raise ValueError for an unknown method, TypeError for an option that is another method's."""
    if method not in _OWN:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    for name in options:
        owners = [each for each, own in _OWN.items() if name in own]
        if owners and method not in owners:
            has = ", ".join(sorted(_OWN[method])) or "none of its own"
            raise TypeError(
                f"{name} is an option of method {' and '.join(map(repr, owners))}; {method!r} has {has}, "
                "beside those of every method"
            )


def split_options(method: str, options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Options of what is done with a prepared fit, and those that prepare it (the arguments of `SVGD`)."""
    check_options(method, options)
    late = _OWN["nuts"] | {"return_history", "polish"}
    return (
        {name: value for name, value in options.items() if name in late},
        {name: value for name, value in options.items() if name not in late},
    )


def run(method: str, prepared: SVGD, own: Mapping[str, Any]) -> Posterior:
    """The posterior of a prepared fit by `method`, with its `own` options."""
    own = dict(own)
    moves = own.pop("polish", 0)
    target, settings = prepared._target, prepared._settings
    if method == "svgd":
        result = prepared.fit(**own).posterior
    elif method == "map":
        result = maximum(target, settings)
    elif method == "laplace":
        result = laplace(target, settings)
    else:
        result = nuts(target, settings, progress=prepared._progress, **own)
    if moves:
        result = metropolis(result, moves=moves, seed=settings.seed)
    if moves or method != "svgd":
        tell(result)
    return result


def check_start(theta_init: str) -> None:
    """Raise ValueError unless a start that is given by name is "moments"."""
    if theta_init != "moments":
        raise ValueError(f"theta_init must be points or 'moments', got {theta_init!r}")


def _moments(model: Any, data: Any, weights: Any, rewards: Any) -> Any:
    if not isinstance(model, Model) or rewards is not None:
        raise ValueError("theta_init='moments' needs a phasic.Graph, or a phasic.Model without rewards=")
    own = np.asarray(model.rewards, np.float64)
    return match_moments(model.trace(), data, weights, None, model.discrete, own if own.size else None)


def fit(
    model: Any, data: Any, weights: Any = None, *, prior: Any = None, method: str = "svgd", **options: Any
) -> Posterior:
    """Posterior of a model's parameters by the named method.

    Every method sees the same log posterior in the same unconstrained coordinates, finds its modes by the
    same search, and gives a `Posterior` whose `method` names it.

    - "svgd": particles that SVGD has moved until they stand for the posterior.
    - "map": the mode of the posterior density of theta, one particle; all local maxima in the diagnostics.
    - "laplace": particles of the normal approximations at the modes, in unconstrained coordinates, weighted
      by their evidence. `diagnostics["log_evidence"]` is that of the posterior; `converged` says whether
      importance weights confirm means and standard deviations.
    - "nuts": draws by BlackJAX's No-U-Turn sampler (extra `nuts`), in chains that start from the modes;
      R-hat, effective sample sizes and divergences decide `converged`.

    Args:
        model: A `phasic.Graph`, a `phasic.Model`, or what `phasic.svgd.svgd` takes.
        data: Observations, as `Graph.svgd` or `svgd` takes them.
        weights: (m,) multiplicities, default 1 each.
        prior: A density of theta; see `svgd`. A graph or `phasic.Model` has a default
            on the scale of the data.
        method: "svgd", "map", "laplace" or "nuts".
        **options: Those of `phasic.svgd.SVGD` which say what is fitted and from where, such as `theta_init`,
            `transforms`, `names`, `rewards` and `seed`. `theta_init="moments"` starts from
            `Graph.method_of_moments`. And each method's own: `n_particles` of "svgd" and "laplace"; the
            others of `SVGD` for "svgd", and `return_history`; `chains` (4), `draws` (1000), `warmup` (500)
            and `target_acceptance` (0.8) of "nuts"; `polish`, a number of Metropolis moves of the final
            particles (`phasic.svgd.metropolis`), of "svgd" and "laplace".

    Raises:
        ValueError: The method is unknown, an argument is not what it must be, or the log posterior is finite
            at no start.
        TypeError: An option is unknown, or another method's.
        ImportError: BlackJAX is not installed.

    Returns:
        The posterior; its `method` is the one named.

    Source: the concepts page on fits for "svgd"; Tierney & Kadane (1986), Journal of the American Statistical
    Association 81, 82–86, for "laplace"; Hoffman & Gelman (2014), Journal of Machine Learning Research 15,
    1593–1623, for "nuts".

    Example:
        >>> jax.config.update("jax_enable_x64", True)
        >>> graph, prior = phasic.models.erlang(1), phasic.Gamma(2.0, 1.0)
        >>> waits = np.full(98, 0.5)  # the exact posterior is Gamma(100, 50)
        >>> mode = phasic.fit(graph, waits, prior=prior, method="map").mean
        >>> normal = phasic.fit(graph, waits, prior=prior, method="laplace").sd
        >>> round(float(mode[0]), 4), round(float(normal[0]), 1)  # 99 / 50 and sqrt(100) / 50
        (1.98, 0.2)
    """
    if isinstance(model, Graph):
        return model.fit(data, prior=prior, method=method, weights=weights, **options)
    own, shared = split_options(method, options)
    if isinstance(shared.get("theta_init"), str):
        check_start(shared["theta_init"])
        shared["theta_init"] = _moments(model, data, weights, shared.get("rewards"))
    return run(method, SVGD(model, data, prior, weights=weights, **shared), own)

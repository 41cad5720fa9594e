"""Frozen distributions of SciPy as priors. SciPy is not imported here: who has its objects has it already."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from phasic.svgd._prior import Beta, Gamma, HalfCauchy, LogNormal, Normal, Uniform

_Numbers = Mapping[str, Any]

#: Names of SciPy, what loc and scale must be, and the same law by its numbers.
_OWN: dict[str, tuple[dict[str, float], Callable[[_Numbers], Any]]] = {
    "beta": ({"loc": 0.0, "scale": 1.0}, lambda n: Beta(n["a"], n["b"])),
    "expon": ({"loc": 0.0}, lambda n: Gamma(1.0, 1.0 / n["scale"])),
    "gamma": ({"loc": 0.0}, lambda n: Gamma(n["a"], 1.0 / n["scale"])),
    "halfcauchy": ({"loc": 0.0}, lambda n: HalfCauchy(n["scale"])),
    "lognorm": ({"loc": 0.0}, lambda n: LogNormal(np.log(n["scale"]), n["s"])),
    "norm": ({}, lambda n: Normal(n["loc"], n["scale"])),
    "uniform": ({}, lambda n: Uniform(n["loc"], n["loc"] + n["scale"])),
}


def is_scipy(given: Any) -> bool:
    """Whether `given` is a distribution of SciPy, frozen or not."""
    stats = sys.modules.get("scipy.stats")
    if stats is None:
        return False
    return isinstance(given, (stats.distributions.rv_frozen, stats.rv_continuous, stats.rv_discrete))


def read_scipy(given: Any, name: str) -> Any:
    """The same law as one of `phasic.svgd`; `name` is what the user calls it.

    Raises:
        TypeError: It has no numbers, or none of ours is the same.
    """
    stats = sys.modules["scipy.stats"]
    if not isinstance(given, stats.distributions.rv_frozen):
        raise TypeError(f"{name} is scipy.stats.{given.name} without its numbers: call it with them")
    law = given.dist
    names = [*(law.shapes or "").replace(" ", "").split(","), "loc", "scale"]
    positions = [each for each in names if each]
    numbers = {"loc": 0.0, "scale": 1.0, **dict(zip(positions, given.args, strict=False)), **given.kwds}
    numbers = {each: np.asarray(value, dtype=np.float64) for each, value in numbers.items()}
    if law.name in _OWN and type(law) is type(getattr(stats, law.name)):
        must, make = _OWN[law.name]
        if all(np.all(numbers[each] == value) for each, value in must.items()):
            return make(numbers)
        wanted = " and ".join(f"{each}={value:g}" for each, value in must.items())
        raise TypeError(f"{name} is scipy.stats.{law.name}, which must have {wanted} to be understood")
    raise TypeError(
        f"{name} is scipy.stats.{law.name}; of SciPy only {', '.join(_OWN)} are understood. Give one of "
        "phasic.svgd or NumPyro, or a function theta -> log density"
    )

"""Posterior inference for the parameters of a model by Stein variational gradient descent (SVGD).

Use `SVGD(model=..., observed_data=..., prior=...)`, or the function `svgd(model, values, prior=...)` that
returns a `Posterior`. `fit` does the same by other methods too. Importing this package does not import JAX;
the first use of one of its names may.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from phasic.svgd._dirichlet import Dirichlet as Dirichlet
    from phasic.svgd._fit import SVGD as SVGD
    from phasic.svgd._fit import svgd as svgd
    from phasic.svgd._kernel import Kernel as Kernel
    from phasic.svgd._methods import fit as fit
    from phasic.svgd._monitor import ConvergenceWarning as ConvergenceWarning
    from phasic.svgd._pointwise import LogLikelihoods as LogLikelihoods
    from phasic.svgd._polish import metropolis as metropolis
    from phasic.svgd._posterior import Posterior as Posterior
    from phasic.svgd._posterior_io import PosteriorFormatError as PosteriorFormatError
    from phasic.svgd._predictive import Curve as Curve
    from phasic.svgd._predictive_check import PredictiveCheck as PredictiveCheck
    from phasic.svgd._prior import Beta as Beta
    from phasic.svgd._prior import Gamma as Gamma
    from phasic.svgd._prior import HalfCauchy as HalfCauchy
    from phasic.svgd._prior import LogNormal as LogNormal
    from phasic.svgd._prior import Normal as Normal
    from phasic.svgd._prior import Uniform as Uniform
    from phasic.svgd._schedules import ConstantStepSize as ConstantStepSize
    from phasic.svgd._schedules import ExponentialDecayStepSize as ExponentialDecayStepSize
    from phasic.svgd._start import Whitening as Whitening
    from phasic.svgd._step import State as State
    from phasic.svgd._step import init as init
    from phasic.svgd._step import step as step
    from phasic.svgd._summary import Summary as Summary
    from phasic.svgd._target import Target as Target
    from phasic.svgd._transform import Transform as Transform

_HOME = {
    "SVGD": "_fit",
    "ConvergenceWarning": "_monitor",
    "svgd": "_fit",
    "Kernel": "_kernel",
    "Posterior": "_posterior",
    "PosteriorFormatError": "_posterior_io",
    "Curve": "_predictive",
    "LogLikelihoods": "_pointwise",
    "PredictiveCheck": "_predictive_check",
    "Summary": "_summary",
    "fit": "_methods",
    "metropolis": "_polish",
    "Beta": "_prior",
    "Dirichlet": "_dirichlet",
    "Gamma": "_prior",
    "HalfCauchy": "_prior",
    "LogNormal": "_prior",
    "Normal": "_prior",
    "Uniform": "_prior",
    "ConstantStepSize": "_schedules",
    "ExponentialDecayStepSize": "_schedules",
    "State": "_step",
    "Whitening": "_start",
    "init": "_step",
    "step": "_step",
    "Target": "_target",
    "Transform": "_transform",
}

__all__ = [
    "SVGD",
    "Beta",
    "ConstantStepSize",
    "ConvergenceWarning",
    "Curve",
    "Dirichlet",
    "ExponentialDecayStepSize",
    "Gamma",
    "HalfCauchy",
    "Kernel",
    "LogLikelihoods",
    "LogNormal",
    "Normal",
    "Posterior",
    "PosteriorFormatError",
    "PredictiveCheck",
    "State",
    "Summary",
    "Target",
    "Transform",
    "Uniform",
    "Whitening",
    "fit",
    "init",
    "metropolis",
    "step",
    "svgd",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        from phasic._dropped import refuse

        refuse(__name__, name)
    value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""Phase-type distributions: the law of the time until a Markov chain is absorbed.

Write a model as a transition rule, build its state space with `Graph`, and ask for moments, densities,
gradients and posteriors. Importing this package imports neither JAX nor anything that writes a file.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from phasic._context import DiscreteDistributionContext, DistributionContext
from phasic._core import TooLargeToFactor, Trace, TraceFormatError, __version__
from phasic._curves import CountGradient, CurveGradient, QuantileGradient
from phasic._epoch_gradients import EpochGradient
from phasic._epoch_list import Epoch
from phasic._epochs import Epochs
from phasic._gradients import ComplexGradient, Gradient
from phasic._graph import Graph
from phasic._matrices import MatrixRepresentation
from phasic._observations import Observations
from phasic._rule import with_ipv
from phasic._rule import with_ipv as callback
from phasic._saved import ModelFormatError
from phasic._vertex import Edge, Vertex
from phasic.cache import (
    CacheManager,
    cache_info,
    cleanup_old_traces,
    clear_cache,
    clear_caches,
    clear_jax_cache,
    clear_model_cache,
    clear_trace_cache,
    configure_layered_cache,
    get_all_cache_stats,
    get_trace_cache_stats,
    list_cached_traces,
    print_cache_info,
    print_jax_cache_info,
)

if TYPE_CHECKING:
    from phasic import models as models
    from phasic._compilation import CompilationConfig as CompilationConfig
    from phasic._compilation import get_default_config as get_default_config
    from phasic._compilation import set_default_config as set_default_config
    from phasic._config import configure as configure
    from phasic._config import get_available_options as get_available_options
    from phasic._config import get_config as get_config
    from phasic._config import reset_config as reset_config
    from phasic._epoch_law import EpochLaw as EpochLaw
    from phasic._epoch_model import EpochModel as EpochModel
    from phasic._export import export_function as export_function
    from phasic._export import import_function as import_function
    from phasic._instances import instantiate_from_trace as instantiate_from_trace
    from phasic._makers import compute_moments_ffi as compute_moments_ffi
    from phasic._makers import compute_pmf_and_moments_ffi as compute_pmf_and_moments_ffi
    from phasic._makers import compute_pmf_ffi as compute_pmf_ffi
    from phasic._makers import evaluate_trace_jax as evaluate_trace_jax
    from phasic._makers import record_elimination_trace as record_elimination_trace
    from phasic._makers import trace_to_log_likelihood as trace_to_log_likelihood
    from phasic._model import Model as Model
    from phasic._state_indexing import Property as Property
    from phasic._state_indexing import PropertySet as PropertySet
    from phasic._state_indexing import StateIndexer as StateIndexer
    from phasic.exceptions import PTDAlgorithmsError as PTDAlgorithmsError
    from phasic.exceptions import PTDBackendError as PTDBackendError
    from phasic.exceptions import PTDConfigError as PTDConfigError
    from phasic.exceptions import PTDFeatureError as PTDFeatureError
    from phasic.exceptions import PTDJAXError as PTDJAXError
    from phasic.plot import set_theme as set_theme
    from phasic.svgd import SVGD as SVGD
    from phasic.svgd import Beta as Beta
    from phasic.svgd import ConstantStepSize as ConstantStepSize
    from phasic.svgd import Dirichlet as Dirichlet
    from phasic.svgd import ExponentialDecayStepSize as ExponentialDecayStepSize
    from phasic.svgd import Gamma as Gamma
    from phasic.svgd import HalfCauchy as HalfCauchy
    from phasic.svgd import LogNormal as LogNormal
    from phasic.svgd import Normal as Normal
    from phasic.svgd import Posterior as Posterior
    from phasic.svgd import Uniform as Uniform
    from phasic.svgd import fit as fit
    from phasic.svgd import metropolis as metropolis

#: Names whose modules may import JAX, or are for code of older versions, loaded at first use.
_LAZY = {
    **dict.fromkeys(("CompilationConfig", "get_default_config", "set_default_config"), "phasic._compilation"),
    **dict.fromkeys(("configure", "get_available_options", "get_config", "reset_config"), "phasic._config"),
    **dict.fromkeys(("Property", "PropertySet", "StateIndexer"), "phasic._state_indexing"),
    **dict.fromkeys(
        ("PTDAlgorithmsError", "PTDBackendError", "PTDConfigError", "PTDFeatureError", "PTDJAXError"),
        "phasic.exceptions",
    ),
    "EpochLaw": "phasic._epoch_law",
    "EpochModel": "phasic._epoch_model",
    "Model": "phasic._model",
    "set_theme": "phasic.plot",
    "instantiate_from_trace": "phasic._instances",
    **dict.fromkeys(("export_function", "import_function"), "phasic._export"),
    **dict.fromkeys(
        (
            "compute_moments_ffi",
            "compute_pmf_and_moments_ffi",
            "compute_pmf_ffi",
            "evaluate_trace_jax",
            "record_elimination_trace",
            "trace_to_log_likelihood",
        ),
        "phasic._makers",
    ),
    **dict.fromkeys(
        (
            "SVGD",
            "Beta",
            "ConstantStepSize",
            "Dirichlet",
            "ExponentialDecayStepSize",
            "Gamma",
            "HalfCauchy",
            "LogNormal",
            "Normal",
            "Posterior",
            "Uniform",
            "fit",
            "metropolis",
        ),
        "phasic.svgd",
    ),
}

#: Modules that are imported when they are asked for.
_MODULES = (
    "cache_manager",
    "config",
    "exceptions",
    "ffi_wrappers",
    "jax_config",
    "model_export",
    "models",
    "plot",
    "state_indexing",
    "svgd",
    "trace_cache",
    "trace_elimination",
)

__all__ = [
    "SVGD",
    "Beta",
    "CacheManager",
    "CompilationConfig",
    "ComplexGradient",
    "ConstantStepSize",
    "CountGradient",
    "CurveGradient",
    "Dirichlet",
    "DiscreteDistributionContext",
    "DistributionContext",
    "Edge",
    "Epoch",
    "EpochGradient",
    "EpochLaw",
    "EpochModel",
    "Epochs",
    "ExponentialDecayStepSize",
    "Gamma",
    "Gradient",
    "Graph",
    "HalfCauchy",
    "LogNormal",
    "MatrixRepresentation",
    "Model",
    "ModelFormatError",
    "Normal",
    "Observations",
    "PTDAlgorithmsError",
    "PTDBackendError",
    "PTDConfigError",
    "PTDFeatureError",
    "PTDJAXError",
    "Posterior",
    "Property",
    "PropertySet",
    "QuantileGradient",
    "StateIndexer",
    "TooLargeToFactor",
    "Trace",
    "TraceFormatError",
    "Uniform",
    "Vertex",
    "__version__",
    "cache_info",
    "callback",
    "cleanup_old_traces",
    "clear_cache",
    "clear_caches",
    "clear_jax_cache",
    "clear_model_cache",
    "clear_trace_cache",
    "compute_moments_ffi",
    "compute_pmf_and_moments_ffi",
    "compute_pmf_ffi",
    "configure",
    "configure_layered_cache",
    "evaluate_trace_jax",
    "export_function",
    "fit",
    "get_all_cache_stats",
    "get_available_options",
    "get_config",
    "get_default_config",
    "get_trace_cache_stats",
    "import_function",
    "instantiate_from_trace",
    "list_cached_traces",
    "metropolis",
    "print_cache_info",
    "print_jax_cache_info",
    "record_elimination_trace",
    "reset_config",
    "set_default_config",
    "set_theme",
    "trace_to_log_likelihood",
    "with_ipv",
]


#: Modules of older code that are gone say so when they are imported.
__path__ = [*__path__, *(f"{folder}/_gone" for folder in __path__)]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"phasic.{name}")
    if name not in _LAZY:
        from phasic._dropped import refuse

        refuse(__name__, name)
    value = getattr(importlib.import_module(_LAZY[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})

"""Phase-type distributions: the law of the time until a Markov chain is absorbed.

Write a model as a transition rule, build its state space with `Graph`, and ask for moments, densities,
gradients and posteriors. Importing this package imports neither JAX nor anything that writes a file.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from phasic._context import DistributionContext
from phasic._core import Trace, TraceFormatError, __version__
from phasic._curves import CountGradient, CurveGradient, QuantileGradient
from phasic._epochs import Epoch, EpochGradient, Epochs
from phasic._gradients import ComplexGradient, Gradient
from phasic._graph import Graph
from phasic._observations import Observations
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
    from phasic._epoch_law import EpochLaw as EpochLaw
    from phasic._export import export_function as export_function
    from phasic._export import import_function as import_function
    from phasic._makers import evaluate_trace_jax as evaluate_trace_jax
    from phasic._makers import record_elimination_trace as record_elimination_trace
    from phasic._makers import trace_to_log_likelihood as trace_to_log_likelihood
    from phasic._model import Model as Model
    from phasic.svgd import SVGD as SVGD
    from phasic.svgd import Beta as Beta
    from phasic.svgd import Gamma as Gamma
    from phasic.svgd import HalfCauchy as HalfCauchy
    from phasic.svgd import LogNormal as LogNormal
    from phasic.svgd import Normal as Normal
    from phasic.svgd import Posterior as Posterior
    from phasic.svgd import Uniform as Uniform

#: Names whose modules may import JAX, loaded at first use.
_LAZY = {
    "EpochLaw": "phasic._epoch_law",
    "Model": "phasic._model",
    **dict.fromkeys(("export_function", "import_function"), "phasic._export"),
    **dict.fromkeys(
        ("evaluate_trace_jax", "record_elimination_trace", "trace_to_log_likelihood"), "phasic._makers"
    ),
    **dict.fromkeys(
        ("SVGD", "Beta", "Gamma", "HalfCauchy", "LogNormal", "Normal", "Posterior", "Uniform"),
        "phasic.svgd",
    ),
}

__all__ = [
    "SVGD",
    "Beta",
    "CacheManager",
    "ComplexGradient",
    "CountGradient",
    "CurveGradient",
    "DistributionContext",
    "Edge",
    "Epoch",
    "EpochGradient",
    "EpochLaw",
    "Epochs",
    "Gamma",
    "Gradient",
    "Graph",
    "HalfCauchy",
    "LogNormal",
    "Model",
    "ModelFormatError",
    "Normal",
    "Observations",
    "Posterior",
    "QuantileGradient",
    "Trace",
    "TraceFormatError",
    "Uniform",
    "Vertex",
    "__version__",
    "cache_info",
    "cleanup_old_traces",
    "clear_cache",
    "clear_caches",
    "clear_jax_cache",
    "clear_model_cache",
    "clear_trace_cache",
    "configure_layered_cache",
    "evaluate_trace_jax",
    "export_function",
    "get_all_cache_stats",
    "get_trace_cache_stats",
    "import_function",
    "list_cached_traces",
    "print_cache_info",
    "print_jax_cache_info",
    "record_elimination_trace",
    "trace_to_log_likelihood",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_LAZY[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

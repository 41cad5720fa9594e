"""What older code had and this one has not, and what to use instead."""

from __future__ import annotations

from typing import NoReturn

_CLUSTERS = "start the processes with your cluster's own tools and share PHASIC_CACHE_DIR between them"
_JAX_DEVICES = "set XLA_FLAGS or jax.config before the first use of JAX; phasic changes nothing about JAX"
_REGISTRY = "phasic downloads nothing: Model.save and Model.load ship a model as a file"
_THEMES = "use matplotlib's own styles, such as matplotlib.pyplot.style.use('dark_background')"
_STEPS = "pass learning_rate a number, or a function of the step such as a schedule of optax"
_REGULARIZED = "moments do not enter the likelihood; say what you know in prior="
_BUILT_IN_CPP = "write the model as a callback: Graph(callback=...), batched=True for large ones"
_DAG = "Graph.trace() records the elimination once, and Graph.model() evaluates it at any theta"

#: Names by the module that had them; the package is "phasic".
_NAMES = {
    "phasic": {
        **dict.fromkeys(
            (
                "ClusterConfig",
                "DistributedConfig",
                "detect_slurm_environment",
                "get_coordinator_address",
                "initialize_distributed",
                "initialize_jax_distributed",
                "load_config",
                "suggest_config",
            ),
            _CLUSTERS,
        ),
        **dict.fromkeys(
            (
                "EnvironmentInfo",
                "ParallelConfig",
                "configure_jax_devices",
                "configure_jax_for_environment",
                "detect_environment",
                "init_parallel",
            ),
            _JAX_DEVICES,
        ),
        **dict.fromkeys(("TraceRegistry", "get_trace_by_hash", "install_trace_library"), _REGISTRY),
        **dict.fromkeys(("set_theme", "HexGrid", "HexCell"), _THEMES),
        **dict.fromkeys(("AdaptiveStepSize", "StepSizeSchedule", "WarmupExpStepSize"), _STEPS),
        **dict.fromkeys(
            (
                "ConstantRegularization",
                "ExpRegularization",
                "ExponentialCDFRegularization",
                "ExponentialDecayRegularization",
                "RegularizationSchedule",
            ),
            _REGULARIZED,
        ),
        "load_cpp_builder": _BUILT_IN_CPP,
        "SymbolicDAG": _DAG,
        "EliminationTrace": "record_elimination_trace(graph) gives a phasic.Model",
        "with_ipv": "let the callback return (state, probability) pairs when it is given an empty state",
        "profile_svgd": "use jax.profiler",
        "analyze_svgd_profile": "use jax.profiler",
    },
    "phasic.svgd": {
        **dict.fromkeys(("AdaptiveStepSize", "StepSizeSchedule", "WarmupExpStepSize"), _STEPS),
        "ExpStepSize": "it is ExponentialDecayStepSize, with the same arguments",
        "GaussPrior": "phasic.Normal, or phasic.LogNormal for a positive parameter",
        "LogGaussPrior": "phasic.LogNormal",
        "HalfCauchyPrior": "phasic.HalfCauchy",
        "BetaPrior": "phasic.Beta",
        "DataPrior": "Graph.svgd without a prior takes one as wide as the data tell",
        "Adam": "pass learning_rate, or an optimizer of optax",
        "SVGDKernel": "phasic.svgd.Kernel",
        "SparseObservations": "give missing entries of observed_data as NaN",
        "run_svgd": "phasic.svgd.svgd",
        "svgd_step": "phasic.svgd.svgd",
    },
    "phasic.Graph": {
        "pmf_from_cpp": _BUILT_IN_CPP,
        "eliminate_to_dag": _DAG,
        "add_epoch": "Graph.epochs([(start, theta), ...]) gives the exact law over epochs",
        "mcmc": "Graph.model().log_likelihood is a function of JAX for any sampler; see that guide",
        "probability_matching": "fit Graph.model().pmf with an optimiser of your own, or use Graph.svgd",
        "pull_cache": _REGISTRY,
        "push_cache": _REGISTRY,
    },
    "phasic.model_export": {
        "export_model_package": "Model.save writes a model, phasic.export_function a program",
        "generate_warmup_script": "programs compiled once are kept in phasic's cache",
    },
    "phasic.trace_elimination": {
        "EliminationTrace": "record_elimination_trace(graph) gives a phasic.Model",
        "TraceBuilder": _DAG,
        "trace_to_c_arrays": _DAG,
        "trace_to_jax_fn": "Graph.model() has the law as functions of JAX",
        "trace_to_pmf_function": "Graph.model() has pdf and pmf",
    },
}

#: Modules that are gone; each is a file that calls `no_module`.
MODULES = {
    "auto_parallel": _JAX_DEVICES,
    "cloud_cache": _REGISTRY,
    "cluster_configs": _CLUSTERS,
    "cpu_monitor": "use your system's own tools",
    "distributed_utils": _CLUSTERS,
    "parallel_utils": _JAX_DEVICES,
    "trace_repository": _REGISTRY,
}


#: What had names that are gone: modules, and the class of graphs.
WHERE = tuple(_NAMES)


def names(module: str) -> tuple[str, ...]:
    """The names that a module had."""
    return tuple(_NAMES[module])


def refuse(module: str, name: str) -> NoReturn:
    """Raise AttributeError for a name that a module has not, with the replacement if it once had it."""
    instead = _NAMES.get(module, {}).get(name)
    if instead is None:
        kind = "object" if module == "phasic.Graph" else "module"
        raise AttributeError(f"{kind} {module!r} has no attribute {name!r}")
    raise AttributeError(f"{module}.{name} is no longer there: {instead}")


def no_module(name: str) -> NoReturn:
    """Raise ImportError for a module that is gone."""
    short = name.rpartition(".")[2]
    raise ImportError(f"{name} is no longer there: {MODULES[short]}", name=name)

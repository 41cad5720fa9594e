"""What older code had and this one has not, and what to use instead."""

from __future__ import annotations

import sys
from types import FrameType
from typing import NoReturn

_CLUSTERS = "start the processes with your cluster's own tools and share PHASIC_CACHE_DIR between them"
_JAX_DEVICES = "set XLA_FLAGS or jax.config before the first use of JAX; phasic changes nothing about JAX"
_REGISTRY = "phasic downloads nothing: Model.save and Model.load ship a model as a file"
_THEMES = "use matplotlib's own styles, such as matplotlib.pyplot.style.use('dark_background')"
_STEPS = "pass learning_rate a number, or a function of the step such as a schedule of optax"
_REGULARIZED = "moments do not enter the likelihood; say what you know in prior="
_BUILT_IN_CPP = "write the model as a callback: Graph(callback=...), batched=True for large ones"
_OPTIMIZERS = "pass learning_rate, or optimizer= an optimizer of optax"
_PRECONDITIONERS = "a fit scales its parameters itself"
_SPARSE = "give missing entries of observed_data as NaN"
_SAMPLERS = "phasic.fit(method='nuts'), phasic.metropolis, or any sampler on Graph.model().log_likelihood"
_CALLBACKS_CACHED = "graphs are built anew, and their traces cached: phasic.cache_info()"
_COMPONENTS = "Graph.trace().components() has the strongly connected components"
_COST = "Graph.trace() tells n_components, n_entries and multiply_adds"
_LOGS = "logging.getLogger('phasic')"
_PRINTS = "phasic.print_cache_info()"
_CONDITIONED = "Graph.sample_path_conditioned draws paths given their end, by Doob's transform"
_MOMENT_FITS = "Graph.method_of_moments gives theta as an array"
_PROBABILITIES = "fit Graph.model().pmf with an optimiser of your own, or use Graph.svgd"
_SELECTION = "Posterior.log_likelihoods, and Posterior.to_arviz for the criteria of ArviZ, compare models"
_EPOCHS = "Graph.epochs([(start, theta), ...]) gives the exact law over epochs"
_JOINT = "Graph.joint_prob_graph(...).joint_prob_table(), or Graph.table_marked"
_ZERO = "Graph.svgd(rewards=...) counts an observation of 0 as the atom that it is"
_SETTINGS = "options of a fit are arguments of Graph.svgd, which checks them"
_POSTERIOR = "SVGD.fit() and Graph.svgd give a phasic.Posterior, which has plots, intervals and diagnostics"
_ONE_ENTRY = "phasic.Graph"
_DAG = "Graph.trace() records the elimination once, and Graph.model() evaluates it at any theta"

_PRIORS = {
    "GaussPrior": "phasic.Normal, or phasic.LogNormal for a positive parameter",
    "LogGaussPrior": "phasic.LogNormal",
    "HalfCauchyPrior": "phasic.HalfCauchy",
    "BetaPrior": "phasic.Beta",
    "DataPrior": "Graph.svgd without a prior takes one as wide as the data tell",
    "Prior": "a distribution such as phasic.LogNormal, or a function theta -> log density",
}

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
        **dict.fromkeys(("HexGrid", "HexCell"), _THEMES),
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
        **dict.fromkeys(
            (
                "Adagrad",
                "Adam",
                "Adamelia",
                "OptaxOptimizer",
                "RMSprop",
                "SGDMomentum",
                "optax_adagrad",
                "optax_adam",
                "optax_adamw",
                "optax_chain",
                "optax_lion",
                "optax_rmsprop",
                "optax_sgd",
            ),
            _OPTIMIZERS,
        ),
        **dict.fromkeys(("FisherPreconditioner", "MomentJacobianPreconditioner"), _PRECONDITIONERS),
        **dict.fromkeys(("SparseObservations", "dense_to_sparse", "is_sparse_observations"), _SPARSE),
        **dict.fromkeys(("GraphCache", "get_graph_cache_stats", "print_graph_cache_info"), _CALLBACKS_CACHED),
        **dict.fromkeys(("SCCGraph", "SCCSyntheticMetadata", "SCCVertex"), _COMPONENTS),
        **dict.fromkeys(("GraphProfile", "profile_graph"), _COST),
        **dict.fromkeys(("get_logger", "set_log_level", "setup_logging"), _LOGS),
        **dict.fromkeys(
            ("print_all_cache_info", "print_model_cache_info", "print_trace_cache_info"), _PRINTS
        ),
        **dict.fromkeys(
            (
                "bffg_log_prob",
                "importance_log_weight_from_rates",
                "importance_weighted_log_likelihood",
                "path_exit_rates",
                "path_exit_rates_by_param",
                "path_to_rewards",
            ),
            _CONDITIONED,
        ),
        **dict.fromkeys(("PropertyDict", "StateSpace", "StateVector"), "phasic.StateIndexer"),
        **_PRIORS,
        "AnyProbabilityDistributionContext": "phasic.DistributionContext and DiscreteDistributionContext",
        "DPHProbabilityDistributionContext": "phasic.DiscreteDistributionContext",
        "ProbabilityDistributionContext": "phasic.DistributionContext",
        "PhaseTypeDistribution": _ONE_ENTRY,
        "GraphType": _ONE_ENTRY,
        "jax_graph_method_pmf": "Graph.model().pdf",
        "dMatrix": "numpy.ndarray",
        "iMatrix": "numpy.ndarray",
        "ParameterizedEdge": "phasic.Edge, which has coefficients() too",
        "EpochContext": _EPOCHS,
        "ExpStepSize": "it is ExponentialDecayStepSize, with the same arguments",
        "HAS_JAX": "JAX is a dependency: it is always there",
        "HAS_OPTAX": "importlib.util.find_spec('optax') tells whether optax is there",
        "MCMC": _SAMPLERS,
        "MoMResult": _MOMENT_FITS,
        "ProbMatchResult": _PROBABILITIES,
        "PhasicConfig": "phasic.config.PhasicConfig",
        "hash": "Graph.content_hash() names a graph by its content",
        "parameterized": "Graph.serialize() and Graph.from_serialized()",
        "list_computes": _REGISTRY,
        "validate_config": _CLUSTERS,
        "load_cpp_builder": _BUILT_IN_CPP,
        "SymbolicDAG": _DAG,
        "EliminationTrace": "record_elimination_trace(graph) gives a phasic.Model",
        "profile_svgd": "use jax.profiler",
        "analyze_svgd_profile": "use jax.profiler",
    },
    "phasic.svgd": {
        **dict.fromkeys(("AdaptiveStepSize", "StepSizeSchedule", "WarmupExpStepSize"), _STEPS),
        "ExpStepSize": "it is ExponentialDecayStepSize, with the same arguments",
        **_PRIORS,
        **dict.fromkeys(
            ("Adagrad", "Adam", "Adamelia", "OptaxOptimizer", "RMSprop", "SGDMomentum"), _OPTIMIZERS
        ),
        **dict.fromkeys(("FisherPreconditioner", "MomentJacobianPreconditioner"), _PRECONDITIONERS),
        **dict.fromkeys(("SparseObservations", "dense_to_sparse", "is_sparse_observations"), _SPARSE),
        **dict.fromkeys(
            (
                "ConstantRegularization",
                "ExpRegularization",
                "ExponentialCDFRegularization",
                "ExponentialDecayRegularization",
                "RegularizationSchedule",
                "compute_sample_moments",
            ),
            _REGULARIZED,
        ),
        **dict.fromkeys(
            (
                "SVGDKernel",
                "batch_median_heuristic",
                "batch_median_heuristic_per_dim",
                "local_adaptive_bandwidth",
                "rbf_kernel",
                "rbf_kernel_median",
            ),
            "phasic.svgd.Kernel",
        ),
        **dict.fromkeys(("kl_adaptive_step", "run_svgd", "svgd_step"), "phasic.svgd.svgd"),
        **dict.fromkeys(("log_pmf_dph", "logp"), "Graph.model().log_likelihood"),
        **dict.fromkeys(("unpack_theta", "z_to_theta"), "the transforms of phasic.svgd.SVGD"),
        "PTDConfigError": "phasic.PTDConfigError",
        "get_config": "phasic.get_config",
        "get_logger": _LOGS,
        "truncate_colormap": _THEMES,
    },
    "phasic.Graph": {
        "pmf_from_cpp": _BUILT_IN_CPP,
        "eliminate_to_dag": _DAG,
        **dict.fromkeys(("add_epoch", "daisy_chain_joint_probs", "epoch_context"), _EPOCHS),
        **dict.fromkeys(("joint_sojourn_graph", "joint_stop_prob_graph"), _JOINT),
        **dict.fromkeys(("plot_scc_decomp", "scc_decomposition"), _COMPONENTS),
        **dict.fromkeys(("clear_from_cache", "prewarm_cache"), "phasic.clear_trace_cache and phasic.cache"),
        **dict.fromkeys(("compute_trace", "cache_trace", "hierarchical", "trace_valid"), _DAG),
        **dict.fromkeys(
            ("dyn_ordering", "get_dyn_ordering", "set_dyn_ordering"),
            "the order of elimination is always a minimum-degree one",
        ),
        **dict.fromkeys(("get_was_dph", "set_was_dph"), "Graph.is_discrete"),
        **dict.fromkeys(
            ("weight_callback", "weight_mode"),
            "Graph.update_weights(theta, callback=...) takes rules at a theta; a Model needs linear weights",
        ),
        **dict.fromkeys(
            ("extend_graph_callback_tuples", "extend_graph_callback_tuples_parameterized"), "Graph.extend"
        ),
        "notify_change": "a graph knows when it has changed",
        "pointer": "Graph.serialize() gives it as arrays",
        "profile": _COST,
        "mcmc": _SAMPLERS,
        "probability_matching": _PROBABILITIES,
        "pull_cache": _REGISTRY,
        "push_cache": _REGISTRY,
    },
    "phasic.model_export": {
        "CacheManager": "phasic.CacheManager",
        **dict.fromkeys(
            ("clear_caches", "clear_jax_cache", "clear_model_cache", "get_all_cache_stats"),
            "the package has it: phasic.clear_caches(), clear_jax_cache(), ...",
        ),
        **dict.fromkeys(("print_all_cache_info", "print_model_cache_info"), _PRINTS),
        "export_model_package": "Model.save writes a model, phasic.export_function a program",
        "generate_warmup_script": "programs compiled once are kept in phasic's cache",
    },
    "phasic.Vertex": {
        **dict.fromkeys(
            ("add_aux_vertex", "add_aux_vertex_constant"),
            "Graph.discretize adds them; or lead two edges to a vertex of its own state and back",
        ),
        **dict.fromkeys(("is_aux", "set_aux"), "Graph.rewards of a graph that discretize made tells them"),
    },
    "phasic.Edge": {
        "update_to": "build the graph with that edge: an edge keeps its ends",
    },
    "phasic.SVGD": {
        **dict.fromkeys(
            (
                "analyze_trace",
                "animate",
                "animate_pairwise",
                "animate_parameter_pairs",
                "check_convergence",
                "estimate_hdr",
                "map_estimate_from_particles",
                "map_estimate_with_optimization",
                "plot_ci",
                "plot_convergence",
                "plot_hdr",
                "plot_pairwise",
                "plot_posterior",
                "plot_trace",
            ),
            _POSTERIOR,
        ),
        **dict.fromkeys(("degrees_of_freedom", "log_likelihood", "n_observations"), _SELECTION),
        **dict.fromkeys(("n_zero_per_feature", "zero_inflated_features"), _ZERO),
    },
    "phasic.StateIndexer": {
        **dict.fromkeys(
            ("append", "from_dict", "index_ranges", "to_dict"), "build it with all names: StateIndexer(...)"
        ),
    },
    "phasic.ConstantStepSize": {"plot": "it is a function of the step: matplotlib draws it"},
    "phasic.cache": {
        **dict.fromkeys(("clear_all_caches", "clear_param_compute_cache"), "phasic.clear_cache()"),
        **dict.fromkeys(("is_cache_disabled", "param_compute_cache_info", "trace_cache_info"), _PRINTS),
        **dict.fromkeys(("reset_scc_compose_stats", "scc_compose_stats"), _COMPONENTS),
    },
    "phasic.config": {
        **dict.fromkeys(("PTDBackendError", "PTDConfigError", "PTDJAXError"), "phasic.exceptions"),
    },
    "phasic.exceptions": {
        "PTDFormatError": "phasic.TraceFormatError",
        "SvgdConfigError": _SETTINGS,
    },
    "phasic.ffi_wrappers": {
        **dict.fromkeys(("PTDBackendError", "PTDConfigError"), "phasic.exceptions"),
        **dict.fromkeys(("backward_probabilities_ffi", "sample_path_conditioned_ffi"), _CONDITIONED),
        **dict.fromkeys(("compute_daisy_chain_joint_probs_ffi", "compute_daisy_chain_sojourn_ffi"), _EPOCHS),
        "compute_pmf_multivariate_ffi": "Graph.pmf_and_moments_from_graph_multivariate",
        "compute_reward_visit_probability_ffi": "Graph.reward_visit_probability",
        "get_config": "phasic.get_config",
    },
    "phasic.plot": {
        **dict.fromkeys(
            ("plot_autocorrelation", "plot_chains", "plot_pairwise", "plot_posterior"), _POSTERIOR
        ),
    },
    "phasic.state_indexing": {
        **dict.fromkeys(("PropertyDict", "StateSpace", "StateVector"), "phasic.StateIndexer"),
    },
    "phasic.trace_cache": {
        "get_cache_dir": "phasic.cache_info() names the folder",
        "print_trace_cache_info": _PRINTS,
        "save_trace_to_cache_python": "a trace is stored when it is recorded",
        "verify_cache_working": "phasic cache doctor, on the command line",
    },
    "phasic.trace_elimination": {
        **dict.fromkeys(("OpType", "Operation"), _DAG),
        "evaluate_trace": "evaluate_trace_jax, with the same arguments",
        "record_elimination_trace_simple": "record_elimination_trace",
        "get_logger": _LOGS,
        "EliminationTrace": "record_elimination_trace(graph) gives a phasic.Model",
        "TraceBuilder": _DAG,
        "trace_to_c_arrays": _DAG,
        "trace_to_jax_fn": "Graph.model() has the law as functions of JAX",
        "trace_to_pmf_function": "Graph.model() has pdf and pmf",
    },
}

#: Modules that are gone; each is a file in the folder `_gone` that calls `no_module`.
MODULES = {
    "auto_parallel": _JAX_DEVICES,
    "cloud_cache": _REGISTRY,
    "cluster_configs": _CLUSTERS,
    "cpu_monitor": "use your system's own tools",
    "distributed_utils": _CLUSTERS,
    "parallel_utils": _JAX_DEVICES,
    "trace_repository": _REGISTRY,
    "bffg": _CONDITIONED,
    "callback_hash": _CALLBACKS_CACHED,
    "compute_repository": _REGISTRY,
    "decoders": "train networks with a library of your own on Graph.model().log_likelihood",
    "distributed_scc": _CLUSTERS,
    "graph_cache": _CALLBACKS_CACHED,
    "hex_grid": _THEMES,
    "hierarchical_trace_cache": _DAG,
    "logging_config": _LOGS,
    "mcmc": _SAMPLERS,
    "method_of_moments": _MOMENT_FITS,
    "model_selection": _SELECTION,
    "optax_wrapper": _OPTIMIZERS,
    "phasic_pybind": "everything is in phasic itself",
    "probability_matching": _PROBABILITIES,
    "profile": _COST,
    "profiling": "use jax.profiler",
    "scc_worker": _CLUSTERS,
    "srun_magic": _CLUSTERS,
    "svgd_config": _SETTINGS,
    "trace_serialization": "Trace.to_bytes and Trace.from_bytes",
    "utils": "use tqdm for progress bars",
    "vscode_theme": _THEMES,
    "zero_inflation": _ZERO,
}


#: What had names that are gone: modules, and the class of graphs.
WHERE = tuple(_NAMES)


def names(module: str) -> tuple[str, ...]:
    """The names that a module had."""
    return tuple(_NAMES[module])


def refuse(module: str, name: str) -> NoReturn:
    """Raise AttributeError for a name that a module has not, with the replacement if it once had it.

    To be called by `__getattr__`. Where that serves `from module import name`, which would hide the message,
    it is an ImportError.
    """
    instead = _NAMES.get(module, {}).get(name)
    if instead is None and module == "phasic":
        instead = MODULES.get(name)
    if instead is None:
        kind = "object" if module.rpartition(".")[2][0].isupper() else "module"
        raise AttributeError(f"{kind} {module!r} has no attribute {name!r}")
    message = f"{module}.{name} is no longer there: {instead}"
    if _at_import_from(sys._getframe(2)):
        raise ImportError(message, name=module)
    raise AttributeError(message)


def _at_import_from(frame: FrameType) -> bool:
    """Whether a frame stands at `from module import name`."""
    from opcode import opmap

    return frame.f_code.co_code[frame.f_lasti] == opmap["IMPORT_FROM"]


def no_module(name: str) -> NoReturn:
    """Raise ImportError for a module that is gone."""
    short = name.rpartition(".")[2]
    raise ImportError(f"{name} is no longer there: {MODULES[short]}", name=name)

"""Old import paths, settings, and what is no longer there."""

import importlib
import warnings

import phasic
import pytest
from phasic import CompilationConfig, Graph, PTDConfigError, _dropped

from tests import models

PATHS = {
    "svgd": ("SVGD", "ConstantStepSize", "ExponentialDecayStepSize"),
    "trace_elimination": ("record_elimination_trace", "instantiate_from_trace", "evaluate_trace_jax"),
    "trace_cache": ("clear_trace_cache", "get_trace_cache_stats", "list_cached_traces", "cleanup_old_traces"),
    "cache_manager": ("CacheManager", "print_jax_cache_info"),
    "model_export": ("clear_cache", "cache_info", "print_cache_info"),
    "ffi_wrappers": ("compute_pmf_ffi", "compute_moments_ffi", "compute_pmf_and_moments_ffi"),
    "jax_config": ("CompilationConfig", "get_default_config", "set_default_config"),
    "config": ("configure", "get_config", "reset_config", "get_available_options"),
    "exceptions": ("PTDAlgorithmsError", "PTDConfigError", "PTDBackendError", "PTDFeatureError"),
    "state_indexing": ("Property", "PropertySet", "StateIndexer"),
}


@pytest.mark.parametrize(("path", "name"), [(path, name) for path in PATHS for name in PATHS[path]])
def test_an_old_path_leads_somewhere(path, name):
    assert hasattr(importlib.import_module(f"phasic.{path}"), name)


@pytest.mark.parametrize("module", _dropped.MODULES)
def test_a_module_that_is_gone_says_what_instead(module):
    with pytest.raises(ImportError, match="is no longer there: ") as caught:
        importlib.import_module(f"phasic.{module}")
    assert caught.value.name == f"phasic.{module}"


def fit():
    graph = Graph(callback=models.erlang_parameterised, k=2)
    return phasic.SVGD(graph.model(), [1.0, 2.0], phasic.LogNormal(0.0, 1.0))


OBJECTS = {
    "phasic.Graph": lambda: Graph(1),
    "phasic.Vertex": lambda: Graph(1).starting_vertex(),
    "phasic.Edge": lambda: Graph(callback=models.erlang, k=1).vertex_at(1).edges()[0],
    "phasic.SVGD": fit,
    "phasic.ConstantStepSize": phasic.ConstantStepSize,
    "phasic.StateIndexer": lambda: phasic.StateIndexer("epoch"),
}

GONE = [(where, name) for where in _dropped.WHERE for name in _dropped.names(where)]


@pytest.mark.parametrize(("where", "name"), GONE)
def test_a_name_that_is_gone_says_what_instead(where, name):
    holder = OBJECTS[where]() if where in OBJECTS else importlib.import_module(where)
    with pytest.raises(AttributeError, match=f"{name} is no longer there: "):
        getattr(holder, name)


@pytest.mark.parametrize(
    ("where", "name"), [(where, name) for where, name in GONE if not where.rpartition(".")[2][0].isupper()]
)
def test_an_import_of_a_name_that_is_gone_says_what_instead(where, name):
    with pytest.raises(ImportError, match=f"{name} is no longer there: "):
        exec(f"from {where} import {name}", {})


def test_asking_whether_a_name_is_there_does_not_raise():
    assert not hasattr(phasic, "MCMC")
    assert getattr(phasic, "MCMC", None) is None


@pytest.mark.parametrize("holder", [phasic, importlib.import_module("phasic.svgd"), Graph(1)])
def test_a_name_that_never_was_is_an_attribute_error(holder):
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = holder.nonsense


@pytest.fixture
def defaults():
    yield
    phasic.reset_config()


def test_settings_are_kept(defaults):
    phasic.configure(strict=True, jax=True)
    assert phasic.get_config().strict


def test_settings_that_ask_for_something_else_have_no_effect(defaults):
    with pytest.warns(DeprecationWarning, match="without effect: jit, platform"):
        phasic.configure(jit=False, platform="gpu")
    assert phasic.get_config().platform == "gpu"
    phasic.reset_config()
    assert phasic.get_config().jit


@pytest.mark.parametrize(
    ("setting", "message"),
    [({"jti": True}, "no setting 'jti'"), ({"backend": "gpu"}, "backend is 'gpu'"), ({"jit": 1}, "jit is 1")],
)
def test_bad_settings_are_named(defaults, setting, message):
    with pytest.raises(PTDConfigError, match=message):
        phasic.configure(**setting)


@pytest.mark.parametrize("setting", ["graph_cache", "svgd_strategy", "cpu_threads", "high_precision_mode"])
def test_settings_of_version_0_32_have_no_effect(defaults, setting):
    before = phasic.get_config()
    with pytest.warns(DeprecationWarning, match=f"without effect: {setting}"):
        phasic.configure(**{setting: "auto"})
    assert phasic.get_config() == before


def test_options_name_the_platforms_of_jax():
    assert "cpu" in phasic.get_available_options()["platforms"]


@pytest.mark.parametrize("preset", ["fast_compile", "balanced", "max_performance"])
def test_presets_survive_a_file(preset, tmp_path):
    config = getattr(CompilationConfig, preset)()
    config.save_to_file(tmp_path / "config.json")
    assert CompilationConfig.load_from_file(tmp_path / "config.json") == config


def test_the_default_configuration_can_be_set():
    before = phasic.get_default_config()
    phasic.set_default_config(CompilationConfig.fast_compile())
    assert phasic.get_default_config() == CompilationConfig.fast_compile()
    phasic.set_default_config(before)
    with pytest.raises(TypeError, match="must be a CompilationConfig"):
        phasic.set_default_config({})


@pytest.mark.parametrize(("name", "value"), [("optimization_level", 4), ("min_cache_time", -1.0)])
def test_bad_fields_are_named(name, value):
    with pytest.raises(PTDConfigError, match=f"{name} is {value}"):
        CompilationConfig(**{name: value})


def test_an_unknown_field_in_a_file_is_named(tmp_path):
    path = tmp_path / "config.json"
    path.write_text('{"speed": 1}')
    with pytest.raises(PTDConfigError, match="the field 'speed'"):
        CompilationConfig.load_from_file(path)


def test_applying_sets_flags_of_jax(tmp_path):
    import jax

    names = ("jax_enable_x64", "jax_compilation_cache_dir", "jax_persistent_cache_min_compile_time_secs")
    before = {name: getattr(jax.config, name) for name in names}
    try:
        CompilationConfig(cache_dir=tmp_path, min_cache_time=2.0).apply()
        assert [getattr(jax.config, name) for name in names] == [True, str(tmp_path), 2.0]
    finally:
        for name, value in before.items():
            jax.config.update(name, value)


def test_step_sizes_of_older_code():
    constant = phasic.ConstantStepSize(0.5)
    decay = phasic.ExponentialDecayStepSize(first_step=1.0, last_step=0.1, tau=10.0)
    assert (constant(7), decay(0)) == (0.5, 1.0)
    assert decay(10) == pytest.approx(0.1 + 0.9 / 2.718281828459045, rel=1e-12)
    older = phasic.ExponentialDecayStepSize(max_step=1.0, min_step=0.1, tau=10.0)
    assert older == decay
    with pytest.raises(ValueError, match="tau is 0"):
        phasic.ExponentialDecayStepSize(tau=0)


def test_importing_old_paths_warns_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for path in PATHS:
            importlib.reload(importlib.import_module(f"phasic.{path}"))

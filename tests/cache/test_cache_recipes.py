"""Recipes: equal for calls of one program, different for all others, rebuilt by name, and never trusted."""

import itertools
import json
import random
from dataclasses import replace

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phasic import Beta, CacheManager, Gamma, Graph, HalfCauchy, LogNormal, Normal, Observations, Uniform
from phasic._recipes import KIND, NoRecipeError, Recipe
from phasic.svgd._evaluate import Evaluator
from phasic.svgd._kernel import Kernel
from phasic.svgd._prepare import make_target
from phasic.svgd._run import put_on_device

PRIORS = {
    "gamma": Gamma(2.0, 1.0),
    "log-normal": LogNormal(0.0, 1.0),
    "half-Cauchy": HalfCauchy(1.0),
    "normal": Normal(0.0, 1.0),
    "uniform": Uniform(0.0, 2.0),
    "beta": Beta(2.0, 2.0),
}
SHAPES = {
    "n_particles": (2, 64, 100, 128),
    "n_data": (8, 16, 64),
    "dim": (1, 2, 3),
    "prior": tuple(PRIORS),
    "each": (False, True),
    "kernel": ("imq", "imq+bilinear", "rbf"),
    "bandwidth": (None, np.float64(1.0)),
    "discrete": (False, True),
    "censored": (False, True),
    "rewards": (0, 4),
    "rtol": (1e-10, 1e-6),
    "positive": (False, True),
}


def model(dim, discrete=False, rewards=0, rtol=1e-10, rate=1.0):
    """A chain of `dim` + 1 states, whose i-th step has the rate `rate` theta_i."""
    graph = Graph(1)
    vertices = [graph.find_or_create_vertex([i]) for i in range(dim + 1)]
    graph.starting_vertex().add_edge(vertices[0], 1.0)
    for i, (one, other) in enumerate(itertools.pairwise(vertices)):
        one.add_edge_parameterized(other, 0.0, [rate * (i == j) for j in range(dim)])
    made = graph.model(discrete=discrete, rtol=rtol)
    return replace(made, rewards=np.ones(rewards))


def fit(options, values=None, prior=None, rate=1.0):
    """Recipe of the fit with these options; `values`, `prior` and `rate` are data."""
    dim, n = options["dim"], options["n_data"]
    if values is None:
        values = np.arange(1.0, n + 1.0)
    if options["censored"]:
        values = Observations(values, np.full(n, np.inf), np.ones(n))
    prior = PRIORS[options["prior"]] if prior is None else prior
    made = model(dim, options["discrete"], options["rewards"], options["rtol"], rate)
    priors = [prior] * dim if options["each"] else prior
    target = make_target(made, values, None, prior=priors, dim=dim, positive_params=options["positive"])
    kernel = Kernel(options["kernel"], options["bandwidth"])
    return Evaluator(put_on_device(target), options["n_particles"], kernel).recipe()


def drawn(rng):
    return {name: rng.choice(values) for name, values in SHAPES.items()}


def transforms_of(options):
    """What of the prior's support and positivity is in the program."""
    bounded = options["prior"] in {"uniform", "beta"}
    half = options["prior"] in {"gamma", "log-normal", "half-Cauchy"} or options["positive"]
    return "logit" if bounded else "log" if half else "identity"


def program_of(options):
    """What the program depends on: for one parameter, a list of priors is the prior."""
    return json.dumps(
        options
        | {
            "positive": transforms_of(options),
            "each": options["each"] and options["dim"] > 1,
            "bandwidth": options["bandwidth"] is None,
        }
    )


def test_no_two_programs_share_a_key_in_100_000_pairs():
    rng = random.Random(1)
    calls = []
    for _ in range(150):
        one = drawn(rng)
        near = one | {name: rng.choice(SHAPES[name]) for name in rng.sample(list(SHAPES), 1)}
        calls += [(program_of(each), fit(each).key) for each in (one, near, drawn(rng))]
    pairs = list(itertools.combinations(calls, 2))
    assert len(pairs) > 100_000
    wrong = [(one, other) for one, other in pairs if (one[0] == other[0]) != (one[1] == other[1])]
    assert wrong == []


BASE = {name: values[0] for name, values in SHAPES.items()} | {"dim": 2}


@pytest.mark.parametrize("name", [name for name in SHAPES if name != "positive"])
def test_every_option_is_in_the_key(name):
    keys = {fit(BASE | {name: value}).key for value in SHAPES[name]}
    assert len(keys) == len(SHAPES[name])


def test_the_transforms_are_in_the_key():
    normal = BASE | {"prior": "normal"}
    assert fit(normal | {"positive": True}).key != fit(normal | {"positive": False}).key


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(0.01, 1e3), min_size=8, max_size=8, unique=True),
    st.floats(0.1, 10.0),
    st.floats(0.1, 10.0),
)
def test_data_prior_and_model_are_not_in_the_key(values, shape, rate):
    here = fit(BASE, np.asarray(values), Gamma(shape, rate), rate)
    assert here.key == fit(BASE).key


def test_a_model_with_more_vertices_is_not_another_program():
    values = np.arange(1.0, 9.0)

    def key(stages):
        graph = Graph(1)
        vertices = [graph.find_or_create_vertex([i]) for i in range(stages + 1)]
        graph.starting_vertex().add_edge(vertices[0], 1.0)
        for one, other in itertools.pairwise(vertices):
            one.add_edge_parameterized(other, 0.0, [1.0])
        target = make_target(graph.model(), values, None, prior=Gamma(2.0, 1.0), dim=1)
        return Evaluator(put_on_device(target), 64).recipe().key

    assert key(2) == key(9)


@pytest.mark.parametrize("name", ["x64", "platform", "devices", "phasic", "jax", "jaxlib"])
def test_versions_and_platform_are_in_the_key(name):
    recipe = fit(BASE)
    other = {**recipe.content, name: "other"}
    assert Recipe(other).key != recipe.key


def test_minus_zero_is_zero():
    assert Recipe.of("law", [0.0], {"x": 0.0}).key == Recipe.of("law", [-0.0], {"x": -0.0}).key


def test_a_recipe_holds_no_number_of_data_model_or_prior():
    values = np.asarray([0.123456789, 7.65432, 3.25, 4.5, 5.125, 6.75, 8.875, 9.0625])
    text = fit(BASE, values, Gamma(2.345678, 1.987654), 1.357913).to_bytes().decode()
    for number in ("0.12345", "7.65", "9.06", "2.3456", "1.9876", "1.3579"):
        assert number not in text


def test_reading_gives_what_was_written():
    recipe = fit(BASE)
    assert Recipe.read(recipe.to_bytes()) == recipe
    assert Recipe.read(recipe.to_bytes()).key == recipe.key


def test_a_recipe_rebuilds_the_program_of_the_fit():
    recipe = fit(BASE)
    assert Recipe.read(recipe.to_bytes()).compile() == recipe


class Flat:
    """A model of the user's own."""

    n_parameters = 1

    def log_likelihood(self, theta, values, weights):
        return -theta[0] * (values * weights).sum()


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"model": jax.tree_util.Partial(Flat.log_likelihood)}, "Partial"),
        ({"prior": "a prior"}, None),
        ({"values": np.zeros(8, np.float16)}, "float16"),
        ({"values": object()}, "object"),
    ],
)
def test_what_is_not_in_the_list_has_no_recipe(changed, match):
    target = make_target(model(1), np.arange(1.0, 9.0), None, prior=Gamma(2.0, 1.0), dim=1)
    if match is None:
        target = make_target(model(1), np.arange(1.0, 9.0), None, prior=lambda theta: -theta[0], dim=1)
        changed, match = {}, "FunctionPrior"
    with pytest.raises(NoRecipeError, match=match):
        Recipe.of("svgd_block", [replace(target, **changed)], {})


def damaged(change):
    content = json.loads(fit(BASE).to_bytes())
    change(content)
    return json.dumps(content).encode()


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"{}", b"[" * 100_000, b"\xff\xfe", b"1" * (2 << 20), b'{"format": 1}'],
    ids=["empty", "cut", "list", "no fields", "deep", "no text", "long", "short"],
)
def test_bytes_that_are_no_recipe_are_refused(data):
    with pytest.raises(NoRecipeError):
        Recipe.read(data)


def _set(path, value):
    def change(content):
        at = content
        for each in path[:-1]:
            at = at[each]
        at[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("function",), "os.system"),
        (("function",), ["svgd_block"]),
        (("arguments",), "svgd_block"),
        (("arguments",), []),
        (("arguments", 0, "type"), "Popen"),
        (("arguments", 0, "type"), "Kernel"),
        (("arguments", 0, "fields", "model"), {"type": "builtins.eval", "fields": {}}),
        (("arguments", 0, "fields", "values"), {"array": ["float64", -1]}),
        (("arguments", 0, "fields", "values"), {"array": ["object", 8]}),
        (("arguments", 0, "fields", "values"), {"array": ["float64", True]}),
        (("arguments", 0, "fields", "values"), {"array": ["float64", 7, 3]}),
        (("arguments", 4), {"pickle": "gASV"}),
        (("options",), None),
        (("options",), {"donate": {"static": True}}),
        (("options", "optimizer"), {"static": "adam"}),
    ],
)
def test_a_recipe_of_what_is_not_in_the_list_is_refused(path, value):
    data = damaged(_set(path, value))
    with pytest.raises(NoRecipeError):
        Recipe.read(data).compile()


def test_prewarming_leaves_out_what_it_does_not_understand(tmp_path):
    manager = CacheManager(tmp_path / "cache")
    recipe = fit(BASE)
    for content in ({"platform": "abacus"}, {"devices": 99}, {"function": "os.system"}):
        other = Recipe({**recipe.content, **content})
        manager.put(KIND, other.key, other.to_bytes())
    manager.put(KIND, "ab" * 32, b"no recipe")
    counts = {"recipes": 4, "loaded": 0, "compiled": 0, "skipped": 4}
    assert counts.items() <= manager.prewarm().items()


def test_a_function_that_was_prewarmed_is_not_compiled_again(tmp_path, monkeypatch):
    monkeypatch.setenv("PHASIC_CACHE_DIR", str(tmp_path / "cache"))

    def density(theta, times):
        return theta[0] * jax.numpy.exp(-theta[0] * times)

    thetas, grids = [np.ones(1), np.full(1, 2.0)], [np.ones(3), np.ones(4), np.zeros(4)]
    first, second = (
        CacheManager().prewarm_model(density, thetas, grids, show_progress=False) for _ in range(2)
    )
    assert first["evaluated"] == second["evaluated"] == 6
    assert first["compiled"] > second["compiled"] == 0

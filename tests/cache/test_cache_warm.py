"""Fits in fresh processes find trace, recipe and executable: counts of hits, over models and shapes.

As a test, three combinations once each; with `PHASIC_WARM_RUNS=200` in the environment all twenty, ten times
each.
"""

import json
import os
from typing import Any

import pytest

from .conftest import Script

RUNS = int(os.environ.get("PHASIC_WARM_RUNS", "3"))

PROGRAM = """
import json, sys
import numpy as np
import jax
jax.config.update("jax_enable_x64", True)
import phasic
from phasic import Beta, Gamma, Graph, HalfCauchy, LogNormal, Normal, Observations, Uniform

def chain(stages, parameters):
    graph = Graph(1)
    vertices = [graph.find_or_create_vertex([i]) for i in range(stages + 1)]
    graph.starting_vertex().add_edge(vertices[0], 1.0)
    for i in range(stages):
        row = [float(i % parameters == j) for j in range(parameters)]
        vertices[i].add_edge_parameterized(vertices[i + 1], 0.0, row)
    return graph

times = lambda n: np.linspace(0.3, 4.0, n)
counts = lambda n: 3.0 + np.arange(n) % 5
censored = lambda n: Observations(times(n), np.full(n, np.inf), np.ones(n))
COMBINATIONS = [
    (1, 1, times(8), Gamma(2.0, 1.0), {{}}),
    (2, 2, times(8), [Gamma(2.0, 1.0), LogNormal(0.0, 1.0)], {{}}),
    (3, 1, counts(8), Beta(2.0, 2.0), dict(discrete=True)),
    (2, 1, times(8), None, {{}}),
    (5, 1, times(30), Gamma(2.0, 1.0), {{}}),
    (5, 1, times(100), Gamma(2.0, 1.0), {{}}),
    (3, 1, times(8), LogNormal(0.0, 1.0), {{}}),
    (3, 1, times(8), HalfCauchy(1.0), {{}}),
    (3, 1, times(8), Uniform(0.1, 9.0), {{}}),
    (3, 1, times(8), Normal(1.0, 1.0), {{}}),
    (2, 2, times(8), Gamma(2.0, 1.0), {{}}),
    (3, 3, times(8), Gamma(2.0, 1.0), {{}}),
    (3, 1, times(8), Gamma(2.0, 1.0), dict(n_particles=64)),
    (3, 1, times(8), Gamma(2.0, 1.0), dict(n_particles=200)),
    (3, 1, times(8), Gamma(2.0, 1.0), dict(kernel="imq")),
    (3, 1, times(8), Gamma(2.0, 1.0), dict(kernel="rbf", bandwidth=1.0)),
    (3, 1, censored(8), Gamma(2.0, 1.0), {{}}),
    (3, 1, counts(30), Beta(2.0, 2.0), dict(discrete=True)),
    (3, 1, counts(8), Beta(2.0, 2.0), dict(discrete=True, rewards=[0, 1, 1, 1, 0])),
    (2, 2, times(8), [Uniform(0.1, 9.0), Gamma(2.0, 1.0)], dict(transforms=["log", "log"])),
]

def fit(number):
    stages, parameters, data, prior, options = COMBINATIONS[number]
    graph = chain(stages, parameters)
    options = dict(n_iterations=1, progress=False) | options
    return graph.svgd(data, prior=prior, **options).mean.tolist()

numbers = range({count}) if len(sys.argv) == 1 else [int(sys.argv[1])]
means = [fit(number) for number in numbers]
stats = phasic.cache.default_manager().stats()
print(json.dumps(dict(means=means, combinations=len(COMBINATIONS), stats=stats)))
"""


def run(script: Script, *arguments: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        script(PROGRAM.format(count=min(RUNS, 20)), *arguments, prefix=(), timeout=900)
    )
    return found


@pytest.fixture(name="first", scope="module")
def first_process(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the process found that fitted every combination first, and the folder of its cache."""
    from .conftest import run_script

    folder = tmp_path_factory.mktemp("warm") / "cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PHASIC_CACHE_DIR", str(folder))
        return {"folder": str(folder)} | run(run_script)


@pytest.mark.parametrize("number", range(RUNS))
def test_a_fresh_process_finds_everything(
    number: int, first: dict[str, Any], script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHASIC_CACHE_DIR", first["folder"])
    combination = number % first["combinations"]
    found = run(script, combination)
    stats = found["stats"]
    assert stats["trace"]["disk_hits"] == 1 and stats["trace"]["stores"] == 0
    assert stats["function"]["disk_hits"] == 1 and stats["function"]["stores"] == 0
    assert stats["xla"]["hits"] >= 1 and stats["xla"]["misses"] == 0
    assert found["means"] == [first["means"][combination]]

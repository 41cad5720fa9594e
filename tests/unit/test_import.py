"""What `import phasic` costs and what it leaves alone."""

import subprocess
import sys

import pytest


def run(code, environment):
    """Standard output of a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_import_takes_less_than_three_tenths_of_a_second(subprocess_environment):
    code = "import time; start = time.perf_counter(); import phasic; print(time.perf_counter() - start)"
    # the best of five: other work on the machine only ever adds
    assert min(float(run(code, subprocess_environment)) for _ in range(5)) < 0.3


def test_import_does_not_import_jax(subprocess_environment):
    code = "import sys, phasic; print(sorted(m for m in sys.modules if m.split('.')[0] in ('jax', 'jaxlib')))"
    assert run(code, subprocess_environment) == "[]"


@pytest.mark.parametrize("module", ["scipy", "matplotlib", "arviz", "optax", "diskcache", "tqdm"])
def test_import_does_not_import(subprocess_environment, module):
    assert run(f"import sys, phasic; print({module!r} in sys.modules)", subprocess_environment) == "False"


def test_import_writes_nothing(subprocess_environment, tmp_path):
    run("import phasic", subprocess_environment | {"PYTHONDONTWRITEBYTECODE": "1"})
    assert [str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*")] == ["home"]


def test_import_changes_no_environment_variable(subprocess_environment):
    code = "import os; before = dict(os.environ); import phasic; print(dict(os.environ) == before)"
    assert run(code, subprocess_environment) == "True"


def test_import_prints_nothing(subprocess_environment):
    assert run("import phasic", subprocess_environment) == ""


def test_import_warns_nothing(subprocess_environment):
    assert run("import warnings; warnings.simplefilter('error'); import phasic", subprocess_environment) == ""


def test_import_changes_no_warning_filter(subprocess_environment):
    code = "import numpy, warnings; n = list(warnings.filters); import phasic; print(warnings.filters == n)"
    assert run(code, subprocess_environment) == "True"


def test_import_leaves_the_root_logger_alone(subprocess_environment):
    code = "import logging, phasic; print(logging.getLogger().handlers, logging.getLogger().level)"
    assert run(code, subprocess_environment) == "[] 30"


@pytest.mark.parametrize("first, second", [("phasic", "jax"), ("jax", "phasic")])
def test_import_order_does_not_change_jax(subprocess_environment, first, second):
    code = f"import {first}; import {second}; import jax; print(jax.config.values)"
    alone = run("import jax; print(jax.config.values)", subprocess_environment)
    assert run(code, subprocess_environment) == alone


def test_every_public_name_exists(subprocess_environment):
    code = "import phasic; print([n for n in phasic.__all__ if not hasattr(phasic, n)])"
    assert run(code, subprocess_environment) == "[]"


def test_the_version_is_that_of_the_distribution(subprocess_environment):
    code = "import phasic, importlib.metadata as m; print(phasic.__version__ == m.version('phasic'))"
    assert run(code, subprocess_environment) == "True"

"""Every public object has an example in its docstring, and the example runs."""

import doctest
import inspect
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import phasic
import pytest
from jax.experimental.compilation_cache import compilation_cache

from tests.docs.public import public

#: What examples may use without importing it, as docs/reference/api.md says.
GIVEN = {"np": np, "jax": jax, "jnp": jnp, "phasic": phasic}
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
PUBLIC = public()
#: What names a cache that is not the example's own.
PLACES = ("PHASIC_CACHE", "PHASIC_CACHE_SHARED", "PHASIC_CACHE_REMOTE", "JAX_COMPILATION_CACHE_DIR")
#: Flags of JAX that an example may set, besides the folder of its cache.
FLAGS = ("jax_enable_x64", "jax_persistent_cache_min_compile_time_secs")


@pytest.fixture
def own_place(tmp_path, monkeypatch):
    """A working folder and a cache that no other example sees; afterwards JAX's flags are as before.

    But JAX has no cache then, until phasic opens it anew. A folder that is put back would count as one that
    the user chose, and later tests with a folder of their own could not leave it.
    """
    before = {name: getattr(jax.config, name) for name in FLAGS}
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PHASIC_CACHE_DIR", str(tmp_path / "cache"))
    for name in PLACES:
        monkeypatch.delenv(name, raising=False)
    yield
    for name, value in before.items():
        jax.config.update(name, value)
    jax.config.update("jax_compilation_cache_dir", None)
    compilation_cache.reset_cache()


@pytest.mark.parametrize("name", PUBLIC)
@pytest.mark.usefixtures("own_place")
def test_the_example_of_a_public_object_runs(name):
    text = inspect.getdoc(PUBLIC[name]) or ""
    example = doctest.DocTestParser().get_doctest(text, dict(GIVEN), name, None, None)
    assert example.examples, f"{name} has no example"
    report = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = doctest.DocTestRunner(optionflags=OPTIONS).run(example, out=report.append)
    assert not result.failed, "".join(report)

"""Every public object has an example in its docstring, and the example runs."""

import doctest
import inspect
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import phasic
import pytest

from tests.docs.public import public

#: What examples may use without importing it, as docs/reference/api.md says.
GIVEN = {"np": np, "jax": jax, "jnp": jnp, "phasic": phasic}
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
PUBLIC = public()


@pytest.mark.parametrize("name", PUBLIC)
def test_the_example_of_a_public_object_runs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = inspect.getdoc(PUBLIC[name]) or ""
    example = doctest.DocTestParser().get_doctest(text, dict(GIVEN), name, None, None)
    assert example.examples, f"{name} has no example"
    report = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = doctest.DocTestRunner(optionflags=OPTIONS).run(example, out=report.append)
    assert not result.failed, "".join(report)

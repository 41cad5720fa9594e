"""Double precision for this folder."""

import jax
import pytest


@pytest.fixture(scope="package", autouse=True)
def double_precision():
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)

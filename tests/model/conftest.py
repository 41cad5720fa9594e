"""Models as JAX functions are tested in double precision; single precision has its own process."""

import jax
import pytest


@pytest.fixture(scope="package", autouse=True)
def double_precision():
    """Turn on 64-bit JAX for these tests only."""
    with jax.enable_x64(True):
        yield

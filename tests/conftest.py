"""One cache folder per session, and a Hypothesis that draws the same examples every time."""

import os

import hypothesis
import pytest

hypothesis.settings.register_profile(
    "phasic",
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=50,
    # Models are drawn edge by edge, which Hypothesis counts as slow on a loaded machine.
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("phasic")


@pytest.fixture(scope="session", autouse=True)
def cache_directory(tmp_path_factory):
    """Keep the cache of phasic inside the session's temporary folder."""
    folder = tmp_path_factory.mktemp("phasic-cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PHASIC_CACHE_DIR", str(folder))
        yield folder


@pytest.fixture
def subprocess_environment(tmp_path):
    """Environment of a fresh process whose home and cache folders are empty temporary ones."""
    home = tmp_path / "home"
    home.mkdir()
    kept = {
        name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV") if name in os.environ
    }
    return kept | {"HOME": str(home), "PHASIC_CACHE_DIR": str(tmp_path / "cache"), "JAX_PLATFORMS": "cpu"}

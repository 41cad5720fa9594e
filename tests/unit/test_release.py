"""What an installation is made of: its packages, its tag, its files."""

import tomllib
from importlib.metadata import distribution, requires
from importlib.resources import files
from pathlib import Path

import phasic
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from phasic._optional import REQUIREMENTS

ROOT = Path(__file__).resolve().parents[2]

#: Who is behind each name that an installation brings beside JAX's own. Other names were not looked up.
KNOWN = {
    "absl-py": "Abseil, Google; needed by optax",
    "diskcache": "Grant Jenks",
    "optax": "Google DeepMind",
    "platformdirs": "tox-dev",
    "tqdm": "tqdm developers",
}
LIMIT = 12


def required(name):
    """Canonical names of all packages that one needs, extras left out."""
    found, waiting = set(), [name]
    while waiting:
        for text in requires(waiting.pop()) or ():
            requirement = Requirement(text)
            package = canonicalize_name(requirement.name)
            asked = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            if asked and package not in found:
                found.add(package)
                waiting.append(package)
    return found


def test_an_installation_brings_few_packages_and_each_is_known():
    beside = required("phasic") - required("jax") - {"jax"}
    assert beside <= set(KNOWN)
    assert len(beside) + 1 <= LIMIT


def test_requirements_are_names_of_an_index_with_a_lower_bound():
    for text in requires("phasic"):
        requirement = Requirement(text)
        assert requirement.url is None
        assert any(clause.operator in (">=", "==", "~=") for clause in requirement.specifier), text


def test_what_an_error_says_to_install_is_what_an_extra_brings():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    brought = [text for name in extras.keys() - {"test", "docs", "lint"} for text in extras[name]]
    assert sorted(brought) == sorted(REQUIREMENTS.values())


def test_one_wheel_serves_all_versions_of_python():
    assert "Tag: cp311-abi3-" in distribution("phasic").read_text("WHEEL")


@pytest.mark.parametrize("name", ["py.typed", "_core.pyi", "data"])
def test_the_package_has_its_types_and_data(name):
    assert files(phasic).joinpath(name).is_file() or files(phasic).joinpath(name).is_dir()


def test_the_changelog_tells_of_this_version():
    assert f"\n## {phasic.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert distribution("phasic").version == phasic.__version__
    assert distribution("phasic").metadata["License-Expression"] == "MIT"

"""Packages that some functions need and an installation may lack."""

from __future__ import annotations

#: What pip is asked for, by the name of the package: the extras of pyproject.toml.
REQUIREMENTS = {
    "arviz": "arviz>=0.23",
    "blackjax": "blackjax>=1.7",
    "flatbuffers": "flatbuffers>=23",
    "fsspec": "fsspec[http]>=2024.2",
    "matplotlib": "matplotlib>=3.8",
    "networkx": "networkx>=3.2",
}


def absent(wanted: str, package: str) -> ImportError:
    """The error of a function that is `wanted` and needs a package that is not there."""
    return ImportError(f"{wanted} needs {package}: pip install '{REQUIREMENTS[package]}'", name=package)

"""Functions of JAX under their older names; `Graph.model` has all of them."""

from typing import NoReturn

from phasic._dropped import refuse
from phasic._makers import (
    compute_moments_ffi,
    compute_pmf_and_moments_ffi,
    compute_pmf_ffi,
    compute_sojourn_times_ffi,
)

__all__ = [
    "compute_moments_ffi",
    "compute_pmf_and_moments_ffi",
    "compute_pmf_ffi",
    "compute_sojourn_times_ffi",
]


def __getattr__(name: str) -> NoReturn:
    refuse(__name__, name)

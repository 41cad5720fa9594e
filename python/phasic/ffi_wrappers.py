"""Functions of JAX under their older names; `Graph.model` has all of them."""

from phasic._makers import compute_moments_ffi, compute_pmf_and_moments_ffi, compute_pmf_ffi

__all__ = ["compute_moments_ffi", "compute_pmf_and_moments_ffi", "compute_pmf_ffi"]

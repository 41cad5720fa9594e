"""Recorded eliminations under their older names; `Graph.model` and `Graph.trace` have all of them."""

from phasic._makers import evaluate_trace_jax, record_elimination_trace, trace_to_log_likelihood

__all__ = ["evaluate_trace_jax", "record_elimination_trace", "trace_to_log_likelihood"]

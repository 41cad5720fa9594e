"""Recorded eliminations under their older names; `Graph.model` and `Graph.trace` have all of them."""

from typing import Any

from phasic._dropped import refuse
from phasic._instances import instantiate_from_trace
from phasic._makers import evaluate_trace_jax, record_elimination_trace, trace_to_log_likelihood

trace_from_graph = record_elimination_trace

__all__ = [
    "evaluate_trace_jax",
    "instantiate_from_trace",
    "record_elimination_trace",
    "trace_from_graph",
    "trace_to_log_likelihood",
]


def __getattr__(name: str) -> Any:
    refuse(__name__, name)

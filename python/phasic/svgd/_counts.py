"""Observed counts of events, with the likelihood of their exact joint law."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray

from phasic import _check
from phasic._graph import Graph


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class CountsModel:
    """The law of vectors of counts, of a graph that `Graph.joint_prob_graph` made.

    Data are places in a list of the distinct vectors that were seen. The probability of each is the expected
    time in the vertices that stand for it; all come from one elimination, and none is a difference.

    Attributes:
        model: A `phasic.Model` in time.
        outcomes: (k, n_vertices): 1 at the vertices of each vector of counts, 0 elsewhere.
    """

    model: Any
    outcomes: Any

    @property
    def n_parameters(self) -> int:
        """Length of theta."""
        return int(self.model.n_parameters)

    def log_likelihood(self, theta: Any, values: Any, weights: Any) -> Any:
        """Sum of weights (m,) times the log probabilities of the vectors at the places `values` (m,)."""
        probability = self.model.expectations(theta, self.outcomes)
        possible = probability > 0
        logs = jnp.where(possible, jnp.log(jnp.where(possible, probability, 1.0)), -jnp.inf)
        seen = logs[jnp.asarray(values).astype(int)]
        return jnp.sum(jnp.where(weights > 0, weights * seen, 0.0))


def counted(graph: Graph, observed: ArrayLike) -> tuple[CountsModel, NDArray[np.float64]]:
    """The model of rows of counts, and the place of each row in its list.

    Args:
        graph: Made by `Graph.joint_prob_graph`.
        observed: (m, kinds) whole numbers, columns as in `joint_prob_table`; (m,) for one kind.

    Raises:
        ValueError: The shape does not fit, an entry is no count, or a row is beyond the graph's limits.
    """
    assert graph._outcomes is not None
    names, vertices = graph._outcomes
    rows = _check.counts("observed_data", observed)
    if rows.ndim == 1 and len(names) == 1:
        rows = rows[:, None]
    if rows.ndim != 2 or rows.shape[1] != len(names) or not len(rows):
        raise ValueError(
            f"observed_data has shape {np.shape(observed)}, but rows of counts of {', '.join(names)} are "
            f"needed: (m, {len(names)})"
        )
    table = graph.states()[vertices][:, -len(names) :]
    distinct, places = np.unique(rows, axis=0, return_inverse=True)
    places = places.ravel()
    hits = (distinct[:, None, :] == table[None]).all(axis=2)
    beyond = ~hits.any(axis=1)
    if beyond.any():
        i = int(np.argmax(beyond[places]))
        raise ValueError(
            f"observed_data[{i}] is {rows[i].astype(int).tolist()}, which is beyond the limits of this "
            "joint_prob_graph: raise its reward_limit or tot_reward_limit"
        )
    outcomes = np.zeros((1 << (len(distinct) - 1).bit_length(), graph.vertices_length()))
    outcomes[: len(distinct), vertices] = hits
    return CountsModel(graph.model(discrete=False), outcomes), places.astype(np.float64)

"""Graphs in DRN, the explicit format of the Storm model checker, for continuous-time Markov chains.

The format is that of Storm's `DirectEncodingExporter` and `DirectEncodingParser` (Hensel, Junges, Katoen,
Quatmann & Volk 2022, The probabilistic model checker Storm, International Journal on Software Tools for
Technology Transfer 24, 589–610):

    @type: CTMC
    @nr_states
    2
    @model
    state 0 !0.5 init
    //[x0=2 & x1=0]
        action 0
            1 : 0.5
    state 1 !1.0 absorbed
        action 0
            1 : 1.0

A state has its exit rate after the exclamation mark, then rewards in brackets, then labels; a comment may
hold the values of its variables. Transitions carry rates. Storm has no state without a way out: an absorbing
one has a loop. It has a set of initial states but no probabilities of them; these are the rewards of a reward
model named `initial`, which Storm reads like any other.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from phasic import _check, _core
from phasic._interchange_drn_reader import read
from phasic._matrices import Matrices

#: Labels that a file has of itself.
_OWN = ("init", "absorbed")


class Drn(Matrices):
    """A graph in Storm's DRN format; see `phasic.Graph`."""

    def to_drn(
        self,
        path: str | Path,
        theta: ArrayLike | None = None,
        *,
        labels: Mapping[str, ArrayLike] | None = None,
    ) -> None:
        """Write the graph as a continuous-time Markov chain for the Storm model checker, in its DRN format.

        State i of the file is `vertex_at(i + 1)`. Initial states have the label `init`, absorbing ones the
        label `absorbed` and a loop of rate 1, so that Storm's `T=? [F "absorbed"]` is `expectation()`, and
        `P=? [F<=t "absorbed"]` is `cdf(t)`. Where there is more than one initial state, a reward model
        `initial` has their probabilities; weigh Storm's results of each by them. Comments hold the states.
        Loops of other states, and edges of weight 0, are left out.

        Source: Hensel, Junges, Katoen, Quatmann & Volk 2022, The probabilistic model checker Storm.

        Args:
            path: Where to write.
            theta: (param_length,); None: the graph's own.
            labels: More labels, by name: (n_vertices,) true where a vertex has it.

        Raises:
            ValueError: theta or a label is not what it must be; the graph is discretized, or always starts
                absorbed without a state.

        Example:
            >>> graph = phasic.models.repairable_system(2)
            >>> graph.to_drn("system.drn", theta=[0.5, 10.0], labels={"full": graph.states()[:, 0] == 2})
            >>> from pathlib import Path
            >>> [line for line in Path("system.drn").read_text().splitlines() if line.startswith("state")]
            ['state 0 !1.0 init full', 'state 1 !10.5', 'state 2 !1.0 absorbed']
        """
        if self.is_discrete:
            raise ValueError("a discretized graph is no chain in continuous time: write its original")
        weights = self._weights(theta)
        initial = _merged(0, weights[0])
        if not initial:
            raise ValueError("the graph has no initial states: give the starting vertex edges")
        certain = list(initial.values()) == [1.0]
        named = _labels(labels or {}, len(weights))
        head = [
            "// Written by phasic",
            "@type: CTMC",
            "@value_type: double",
            "@parameters",
            "",
            "@reward_models",
            "" if certain else "initial",
            "@nr_states",
            str(len(weights) - 1),
            "@nr_choices",
            str(len(weights) - 1),
            "@model",
        ]
        with Path(path).open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{line}\n" for line in head)
            for vertex, state in enumerate(self.states()[1:].tolist(), start=1):
                moves = _merged(vertex, weights[vertex])
                marks = ["init"] * (vertex in initial) + ["absorbed"] * (not moves)
                marks += [name for name, has in named.items() if has[vertex]]
                moves = moves or {vertex: 1.0}
                reward = "" if certain else f" [{initial.get(vertex, 0.0)!r}]"
                exit_rate = math.fsum(moves.values())
                file.write(" ".join([f"state {vertex - 1} !{exit_rate!r}{reward}", *marks]) + "\n")
                values = "\t& ".join(f"x{i}={entry}" for i, entry in enumerate(state))
                file.write(f"//[{values}]\n\taction 0{'' if certain else ' [0]'}\n")
                file.writelines(f"\t\t{to - 1} : {rate!r}\n" for to, rate in sorted(moves.items()))

    @classmethod
    def from_drn(
        cls,
        path: str | Path,
        target: str | None = None,
        initial: Mapping[int, float] | None = None,
    ) -> Self:
        """The graph of a continuous-time Markov chain in Storm's DRN format.

        `vertex_at(i + 1)` is state i of the file. Its state is that of the comment after it, if all states
        have one, of whole numbers and truth values, and no two the same; else `(i,)`. Exit rates are the sums
        of the rates of transitions; what the file says of them is not used, since Storm rounds it. A loop is
        no transition in continuous time, and is left out.

        Args:
            path: The file.
            target: A label: states that have it are absorbing, as if their transitions were not there; with
                `!` before it, states that have it not. Default: none but those without a way out.
            initial: Probabilities of initial states, by number. Default: the reward model `initial` if there
                is one, else the only state with the label `init`.

        Raises:
            ValueError: The file is not DRN, or of another kind of model, or has parameters, and the line is
                named; a label or an initial state does not exist; from some state none can be reached that is
                absorbing.

        Example:
            >>> graph = phasic.models.repairable_system(2)
            >>> graph.to_drn("system.drn", theta=[0.5, 10.0])
            >>> round(phasic.Graph.from_drn("system.drn").expectation(), 6)  # until both have failed
            23.0
        """
        model = read(path)
        ends = model.having(target) if target is not None else np.zeros(len(model.transitions), dtype=bool)
        states = model.states()
        builder = _core.GraphBuilder(states.shape[1])
        vertices = [builder.find_or_create(state) for state in states]
        for state, probability in (initial if initial is not None else model.initial()).items():
            if not 0 <= _check.position("a state of initial", state) < len(vertices):
                raise ValueError(f"initial names state {state}, but the file has {len(vertices)} states")
            builder.add_edge(0, vertices[state], _check.number(f"initial[{state}]", probability))
        for state, moves in enumerate(model.transitions):
            for to, rate in () if ends[state] else moves:
                if to != state and rate:
                    builder.add_edge(vertices[state], vertices[to], rate)
        graph = cls._from_builder(builder)
        graph.validate()
        return graph


def _merged(vertex: int, edges: list[tuple[int, float]]) -> dict[int, float]:
    """Weights by target, without loops and zeros."""
    merged: dict[int, float] = {}
    for to, weight in edges:
        if to != vertex and weight:
            merged[to] = merged.get(to, 0.0) + weight
    return merged


def _labels(given: Mapping[str, ArrayLike], n_vertices: int) -> dict[str, NDArray[np.bool_]]:
    checked = {}
    for name, has in given.items():
        if name in _OWN or not re.fullmatch(r"[A-Za-z_]\w*", name):
            raise ValueError(f"labels has the name {name!r}: it must be an identifier, and not one of {_OWN}")
        checked[name] = np.asarray(has, dtype=bool)
        if checked[name].shape != (n_vertices,):
            raise ValueError(
                f"labels[{name!r}] has shape {checked[name].shape}, but there are {n_vertices} vertices"
            )
    return checked

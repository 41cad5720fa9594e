"""Joint site-frequency spectrum of isolation with migration: two demes until a split at 1.5, then one."""

from __future__ import annotations

from typing import Any

import numpy as np

from benches.report.problem import Case, Problem, Task, Way

SPLIT, MIGRATION = 1.5, 0.5


def ours(n: int, folder: str) -> Task:
    """The expected length of each cell of the spectrum, but the first and the last, which have none."""
    return Task(lambda: spectrum(n)[0][:-1])


def spectrum(n: int) -> tuple[np.ndarray, Any, Any]:
    """The length of each cell but the first, and the graphs before and after the split."""
    from phasic import Epoch, Graph

    from tests.models_batched import Ancestral, Migration

    demes = Graph(callback=Migration(n, n, MIGRATION).batched, batched=True)
    ancestral = Graph(callback=Ancestral(n, n).batched, batched=True)
    epochs = demes.epochs([(0.0, []), Epoch(SPLIT, graph=ancestral, map=merged, batched=True)])
    rewards = [merged(demes.states()).T[1:].astype(float), ancestral.states().T[1:].astype(float)]
    return epochs.expectations(rewards), demes, ancestral


def phasegen(n: int, folder: str) -> Task:
    """phasegen moves lineages at the split by a short window of fast migration."""
    import phasegen

    phasegen.logging.getLogger("phasegen").setLevel("ERROR")
    names = ("a", "b")

    def lengths() -> np.ndarray:
        demography = phasegen.Demography(
            pop_sizes=dict.fromkeys(names, 1),
            migration_rates={("a", "b"): MIGRATION, ("b", "a"): MIGRATION},
            events=[phasegen.PopulationSplit(time=SPLIT, derived="b", ancestral="a")],
        )
        law = phasegen.Coalescent(n=dict.fromkeys(names, n), demography=demography)
        return np.asarray(law.jsfs.mean.data).ravel()[1:-1]

    return Task(lengths)


def exact(n: int, folder: str) -> Task:
    def lengths() -> np.ndarray:
        _, demes, ancestral = spectrum(n)
        return np.asarray(reference(n, demes, ancestral)[:-1], float)

    return Task(lengths)


def merged(states: np.ndarray) -> np.ndarray:
    """Counts of both demes together."""
    half = states.shape[1] // 2
    return states[:, :half] + states[:, half:]


def reference(n: int, demes: Any, ancestral: Any) -> np.ndarray:
    """The lengths in 80-bit floats: uniformization before the split, back-substitution after it."""
    from tests.models_batched import Ancestral, Migration

    model = Migration(n, n, MIGRATION)
    states = demes.states()[1:]
    row, to, rate = _transitions(demes, model.batched, states)
    exits = np.zeros(len(states), np.longdouble)
    np.add.at(exits, row, rate)
    q = exits.max()
    order = np.argsort(to, kind="stable")
    row, to, jump = row[order], to[order], rate[order] / q
    heads = np.flatnonzero(np.diff(to, prepend=-1))
    x = np.zeros(len(states), np.longdouble)
    x[demes._builder.find(model.start.ravel()) - 1] = 1
    alive = exits > 0
    weights = _poisson(float(q) * SPLIT)
    tails = np.concatenate([np.cumsum(weights[::-1])[::-1][1:], [np.longdouble(0)]])
    end, spent = np.zeros_like(x), np.zeros_like(x)
    for weight, tail in zip(weights, tails, strict=True):
        end += weight * x
        spent += tail / q * x
        arrived = np.zeros_like(x)
        arrived[to[heads]] = np.add.reduceat(x[row] * jump, heads)
        x = np.where(alive, x * (1 - exits / q), 0) + arrived
    lengths = (spent * alive) @ merged(states).astype(np.longdouble)
    after = ancestral.states()[1:]
    mass = np.zeros(len(after), np.longdouble)
    np.add.at(mass, ancestral._builder.find_all(merged(states)) - 1, end * alive)
    row, to, rate = _transitions(ancestral, Ancestral(n, n).batched, after)
    exits = np.zeros(len(after), np.longdouble)
    np.add.at(exits, row, rate)
    size = after.sum(axis=1)
    for lineages in range(2 * n, 1, -1):
        now = size == lineages
        mass[now] /= exits[now]
        edges = now[row]
        np.add.at(mass, to[edges], mass[row[edges]] * rate[edges])
    return (lengths + (mass * (size > 1)) @ after.astype(np.longdouble))[1:]


def _transitions(graph: Any, rule: Any, states: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    row, targets, rate = rule(states)
    found = graph._builder.find_all(np.ascontiguousarray(targets, np.int32)) - 1
    return row, found, rate.astype(np.longdouble)


def _poisson(mean: float) -> np.ndarray:
    """Probabilities up to where the tail is below 1e-25."""
    import mpmath

    with mpmath.workdps(40):
        terms, k = [mpmath.exp(-mpmath.mpf(mean))], 0
        while k < mean or terms[-1] > mpmath.mpf(10) ** -27:
            k += 1
            terms.append(terms[-1] * mean / k)
        return np.array([np.longdouble(mpmath.nstr(term, 25)) for term in terms])


PROBLEM = Problem(
    name="spectrum",
    title="Joint spectrum of isolation with migration",
    text=(
        "From the rule to the expected length of every cell of the joint site-frequency spectrum of two "
        "demes, with migration 1/2 until they become one at 1.5; each time in a fresh process with empty "
        "caches. Off by: the largest relative difference of a length from uniformization in 80-bit "
        "floats; a ratio counts below 1e-6, since phasegen moves lineages at the split by a short window "
        "of fast migration."
    ),
    module=__name__,
    process="fresh",
    error="relative",
    tolerance=1e-6,
    limit=60.0,
    cases=(
        Case("5 + 5 lineages, 6,771 vertices", {"n": 5}, {"n": 2}),
        Case("6 + 6, 29,920", {"n": 6}),
        Case("7 + 7, 123,135", {"n": 7}),
    ),
    ways=(
        Way("phasic", "ours"),
        Way("phasegen 2.2.0", "phasegen", "phasegen"),
        Way("80-bit floats", "exact", told=False),
    ),
)

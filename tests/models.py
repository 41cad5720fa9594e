"""Named models as callbacks for `phasic.Graph(callback=...)`, and `EdgeModel`, a model given by its edges.

A callback gets an empty state for the initial distribution and returns `(state, rate)` pairs, or
`(state, coefficients)` where rates are linear in parameters.
"""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from tests.reference.continuous import DenseChain
from tests.reference.discrete import DenseDiscreteChain
from tests.reference.likelihood import dense_arrays


def rabbits(state, n=2, rates=(1.0, 2.0, 4.0)):
    """Rabbits (left, right): one crosses at rate a, floods empty the left at rate b, the right at rate c."""
    if len(state) == 0:
        return [((n, 0), 1.0)]
    left, right = (int(x) for x in state)
    cross, flood_left, flood_right = rates
    moves = []
    if left:
        moves += [((left - 1, right + 1), cross), ((0, right), flood_left)]
    if right:
        moves += [((left + 1, right - 1), cross), ((left, 0), flood_right)]
    return moves


def rabbits_parameterised(state, n=2):
    """`rabbits` with theta = (cross, flood left, flood right)."""
    if len(state) == 0:
        return [((n, 0), 1.0)]
    unit = ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0])
    return [(to, 0.0, c) for to, c in rabbits(state, n=n, rates=unit)]


def kingman(state, n=4):
    """Kingman's coalescent as the number of lineages; each pair merges at rate 1."""
    if len(state) == 0:
        return [((n,), 1.0)]
    k = int(state[0])
    return [((k - 1,), k * (k - 1) / 2)] if k > 1 else []


def kingman_parameterised(state, n=4):
    """`kingman` with theta = (merger rate of a pair,)."""
    if len(state) == 0:
        return [((n,), 1.0)]
    return [(to, 0.0, [rate]) for to, rate in kingman(state)]


def block_counting(state, n=4):
    """Kingman's coalescent as (a_1, ..., a_n), a_i lineages with i descendants."""
    if len(state) == 0:
        return [((n,) + (0,) * (n - 1), 1.0)]
    moves = []
    for i in range(n):
        for j in range(i, n):
            pairs = state[i] * (state[i] - 1) / 2 if i == j else state[i] * state[j]
            if pairs > 0:
                after = [int(a) for a in state]
                after[i] -= 1
                after[j] -= 1
                after[i + j + 1] += 1
                moves.append((tuple(after), float(pairs)))
    return moves


def two_demes(state, start=(2, 0), migration=1.0):
    """Lineages (deme 1, deme 2): pairs in a deme merge at rate 1, every lineage moves at rate `migration`."""
    if len(state) == 0:
        return [(start, 1.0)]
    i, j = (int(x) for x in state)
    if i + j == 1:
        return []
    moves = []
    if i:
        moves.append(((i - 1, j + 1), i * migration))
    if j:
        moves.append(((i + 1, j - 1), j * migration))
    if i > 1:
        moves.append(((i - 1, j), i * (i - 1) / 2))
    if j > 1:
        moves.append(((i, j - 1), j * (j - 1) / 2))
    return moves


def two_loci(state, recombination=1.0):
    """Ancestry of two loci, n = 2: lineages (carrying both loci, only the first, only the second).

    Recombination splits a lineage with both loci at rate R/2 (Simonsen & Churchill 1997).
    """
    if len(state) == 0:
        return [((2, 0, 0), 1.0)]
    both, first, second = (int(x) for x in state)
    if both + first == 1 and both + second == 1:
        return []
    moves = [
        ((both - 1, first, second), both * (both - 1) / 2),
        ((both, first - 1, second), both * first + first * (first - 1) / 2),
        ((both, first, second - 1), both * second + second * (second - 1) / 2),
        ((both + 1, first - 1, second - 1), first * second),
        ((both - 1, first + 1, second + 1), both * recombination / 2),
    ]
    return [(to, float(rate)) for to, rate in moves if rate > 0]


def coxian(state, rates=(3.0, 2.0, 1.0), continuation=(0.5, 0.25)):
    """Stages in a row; after stage i the chain goes on with probability continuation[i], else it ends."""
    if len(state) == 0:
        return [((1,), 1.0)]
    i = int(state[0])
    if i > len(rates):
        return []
    end = len(rates) + 1
    p = continuation[i - 1] if i <= len(continuation) else 0.0
    moves = [((end,), rates[i - 1] * (1 - p))]
    return moves if p == 0.0 else [((i + 1,), rates[i - 1] * p), *moves]


def erlang(state, k=3, rate=1.0):
    """k stages of the same rate."""
    return hypoexponential(state, rates=(rate,) * k)


def erlang_parameterised(state, k=3):
    """`erlang` with theta = (rate,)."""
    if len(state) == 0:
        return [((1,), 1.0)]
    return [((int(state[0]) + 1,), 0.0, [1.0])] if int(state[0]) <= k else []


def hypoexponential(state, rates=(1.0, 2.0)):
    """Stages in a row, each with its rate."""
    if len(state) == 0:
        return [((1,), 1.0)]
    i = int(state[0])
    return [((i + 1,), rates[i - 1])] if i <= len(rates) else []


def hyperexponential(state, probabilities=(0.25, 0.75), rates=(1.0, 10.0)):
    """One stage drawn from several."""
    if len(state) == 0:
        return [((i + 1,), p) for i, p in enumerate(probabilities)]
    i = int(state[0])
    return [((len(rates) + 1,), rates[i - 1])] if i <= len(rates) else []


def reset_chain(state, n=10):
    """States 1..n+1: up, or back to 1, with rate (or probability) 1/2 each; n+1 is absorbing."""
    if len(state) == 0:
        return [((1,), 1.0)]
    i = int(state[0])
    if i > n:
        return []
    return [((i + 1,), 0.5), ((1,), 0.5)]


def tandem_queue(state, capacity=3, arrival=1.0, service=(1.5, 1.25)):
    """Two queues in a row, holding up to `capacity` each; an arrival at a full first queue ends it.

    A full second queue blocks the first server.
    """
    if len(state) == 0:
        return [((0, 0, 1), 1.0)]
    i, j, running = (int(x) for x in state)
    if not running:
        return []
    moves = [((i + 1, j, 1), arrival) if i < capacity else ((0, 0, 0), arrival)]
    if i > 0 and j < capacity:
        moves.append(((i - 1, j + 1, 1), service[0]))
    if j > 0:
        moves.append(((i, j - 1, 1), service[1]))
    return moves


def birth_death(state, n=5, birth=1.0, death=1.5):
    """Population 1..n, started at 1, until it dies out; births stop at n."""
    if len(state) == 0:
        return [((1,), 1.0)]
    i = int(state[0])
    if i == 0:
        return []
    moves = [((i - 1,), i * death)]
    if i < n:
        moves.append(((i + 1,), i * birth))
    return moves


def coupons(state, n=4):
    """Number of different coupons plus one, by draws; a draw without a new coupon stays put."""
    if len(state) == 0:
        return [((1,), 1.0)]
    seen = int(state[0]) - 1
    return [((seen + 2,), (n - seen) / n)] if seen < n else []


def successes(state, r=3, p=0.25):
    """Trials until success number r."""
    if len(state) == 0:
        return [((1,), 1.0)]
    i = int(state[0])
    return [((i + 1,), p)] if i <= r else []


@dataclass(frozen=True)
class EdgeModel:
    """A chain as lists: transient states 0..n-1, absorbing states n..n+a-1.

    initial: {state: probability}. edges: (src, dst, base, coefficients), the rate being base +
    coefficients . theta; coefficients are () for a constant edge. p: number of parameters.
    """

    n: int
    a: int
    initial: dict[int, float]
    edges: list[tuple[int, int, float, tuple[float, ...]]]
    p: int = 0
    theta: tuple[float, ...] = ()
    rewards: tuple[float, ...] = field(default=())

    def weighted(self, theta=()):
        """(src, dst, rate) triples at theta."""
        return [(u, v, b + float(np.dot(c, theta)) if len(c) else b) for u, v, b, c in self.edges]

    def label(self, state):
        """State vector of the vertex that stands for `state`."""
        return [state + 1]

    def graph(self, *, order=None, edges=None):
        """The model as a `phasic.Graph`, with its vertices created in `order` and `edges` added in theirs."""
        from phasic import Graph

        graph = Graph(1)
        for state in range(self.n + self.a) if order is None else order:
            graph.find_or_create_vertex(self.label(state))
        for state, probability in self.initial.items():
            graph.starting_vertex().add_edge(graph.find_vertex(self.label(state)), probability)
        for u, v, base, coefficients in self.edges if edges is None else edges:
            src, dst = graph.find_vertex(self.label(u)), graph.find_vertex(self.label(v))
            if self.p:
                src.add_edge_parameterized(dst, base, list(coefficients))
            else:
                src.add_edge(dst, base)
        return graph

    def indices(self, graph):
        """Vertex index in `graph` of each state."""
        return np.array([graph.find_vertex(self.label(s)).index() for s in range(self.n + self.a)])

    def per_vertex(self, graph, values):
        """One entry per vertex of `graph` from one per transient state; other entries are zero."""
        full = np.zeros(graph.vertices_length())
        full[self.indices(graph)[: self.n]] = values
        return full

    def dense(self, theta=(), *, exact=False):
        """The model as a dense chain."""
        absorbing = range(self.n, self.n + self.a)
        return DenseChain.from_edges(
            self.initial, self.weighted(theta), range(self.n), absorbing, exact=exact
        )

    def dense_discrete(self, theta=(), *, normalized=False, exact=False):
        """The model as a dense discrete chain."""
        absorbing = range(self.n, self.n + self.a)
        return DenseDiscreteChain.from_edges(
            self.initial, self.weighted(theta), range(self.n), absorbing, normalized=normalized, exact=exact
        )

    def alpha(self, size=None):
        """Initial probabilities of the transient states, padded with zeros to `size`."""
        alpha = np.zeros(self.n if size is None else size)
        for state, probability in self.initial.items():
            if state < self.n:
                alpha[state] += probability
        return alpha

    def likelihood_arrays(self, size=None, parameters=None):
        """Base, coefficients and alpha for `tests.reference.likelihood`."""
        arrays = dense_arrays(self.edges, self.n, self.p, size=size, parameters=parameters)
        return *arrays, self.alpha(size)


def explore(callback, **kwargs):
    """State space of a callback by breadth-first search, without phasic: an `EdgeModel` and its states."""
    found, queue, rows = {}, [], []
    initial = Counter()

    def number(state):
        state = tuple(int(x) for x in state)
        if state not in found:
            found[state] = len(found)
            queue.append(state)
        return found[state]

    for state, probability in callback(np.array([], dtype=int), **kwargs):
        initial[number(state)] += probability
    for state in queue:
        rows.append([(number(to), rate) for to, rate in callback(np.array(state), **kwargs)])
    transient = [i for i, row in enumerate(rows) if row]
    absorbing = [i for i, row in enumerate(rows) if not row]
    place = {old: new for new, old in enumerate(transient + absorbing)}
    edges = [(place[i], place[j], rate, ()) for i in transient for j, rate in rows[i]]
    model = EdgeModel(len(transient), len(absorbing), {place[i]: p for i, p in initial.items()}, edges)
    return model, sorted(found, key=lambda state: place[found[state]])

"""Twins of the named models of `benches`: the same states and edges, hence the same content hash.

Callbacks for `phasic.Graph(callback=...)`, with rates linear in theta; `tests/models.py` has models to vary.
"""

from math import prod


def unit(size, place, value=1.0):
    """Coefficients of one parameter."""
    return [value if i == place else 0.0 for i in range(size)]


def kingman_blocks(state, n):
    """Block counts of Kingman's coalescent: state[i] lineages with i + 1 descendants; theta = (merger,)."""
    if len(state) == 0:
        return [((n,) + (0,) * (n - 1), 1.0)]
    moves = []
    for i in range(n):
        for j in range(i, n - i - 1):
            pairs = pairs_of(state, i, j)
            if pairs:
                moves.append((changed(state, {i: -1}, {j: -1}, {i + j + 1: 1}), 0.0, [float(pairs)]))
    return moves


def demes(state, lineages):
    """Lineages in each deme; theta = (coalescence, migration of one lineage to one deme)."""
    if len(state) == 0:
        return [(lineages, 1.0)]
    if sum(state) == 1:
        return []
    moves = []
    for deme, k in enumerate(state):
        if k > 1:
            moves.append((changed(state, {deme: -1}), 0.0, [k * (k - 1) / 2, 0.0]))
        if k > 0:
            others = (other for other in range(len(state)) if other != deme)
            moves += [(changed(state, {deme: -1}, {to: 1}), 0.0, [0.0, float(k)]) for to in others]
    return moves


def labelled(state, samples, n_demes):
    """Lineages by deme and by descendants in each sample; sample i starts in deme i.

    A lineage with d[i] descendants in sample i has as its label the number with digits d, of base
    samples[i] + 1 each; state[deme * n_labels + label - 1] lineages. theta as for `demes`.
    """
    sizes = [n + 1 for n in samples]
    n_labels = prod(sizes) - 1
    if len(state) == 0:
        starts = [deme * n_labels + prod(sizes[deme + 1 :]) - 1 for deme in range(len(samples))]
        empty = (0,) * (n_demes * n_labels)
        return [(changed(empty, *({at: n} for at, n in zip(starts, samples, strict=True))), 1.0)]
    if sum(state) == 1:
        return []
    moves = []
    for i, k in enumerate(state):
        deme, label = divmod(i, n_labels)
        for j in range(i, (deme + 1) * n_labels if k else i):
            pairs = pairs_of(state, i, j)
            if pairs:
                merged = changed(state, {i: -1}, {j: -1}, {i + j % n_labels + 1: 1})
                moves.append((merged, 0.0, [float(pairs), 0.0]))
        for other in range(n_demes if k else 0):
            if other != deme:
                moved = changed(state, {i: -1}, {other * n_labels + label: 1})
                moves.append((moved, 0.0, [0.0, float(k)]))
    return moves


def structured_blocks(state, n, n_demes):
    """Block counts of n lineages in several demes, all sampled in the first."""
    return labelled(state, (n,), n_demes)


def isolation_migration(state, n1, n2):
    """Joint spectrum of samples from two demes that exchange migrants."""
    return labelled(state, (n1, n2), 2)


def two_loci(state, n):
    """Lineages carrying (both loci, only the first, only the second); theta = (merger, recombination)."""
    if len(state) == 0:
        return [((n, 0, 0), 1.0)]
    both, first, second = (int(x) for x in state)
    if (both, first, second) == (1, 0, 0):
        return []
    moves = [
        ((both - 1, first, second), 0.0, [both * (both - 1) / 2, 0.0]),
        ((both, first - 1, second), 0.0, [both * first + first * (first - 1) / 2, 0.0]),
        ((both, first, second - 1), 0.0, [both * second + second * (second - 1) / 2, 0.0]),
        ((both + 1, first - 1, second - 1), 0.0, [float(first * second), 0.0]),
        ((both - 1, first + 1, second + 1), 0.0, [0.0, float(both)]),
    ]
    return [move for move in moves if any(move[2])]


def tandem_queues(state, capacity, d):
    """d queues in series until the last overflows; theta = (arrival, service 1, ..., service d).

    A full queue blocks the server before it, and arrivals if it is the first, unless it is the last.
    """
    if len(state) == 0:
        return [((0,) * d, 1.0)]
    if state[-1] > capacity:
        return []
    moves = []
    for step in range(d + 1):
        if step > 0 and state[step - 1] == 0:
            continue
        full = step < d and state[step] == capacity
        if full and (step < d - 1 or d == 1):
            continue
        overflow = (0,) * (d - 1) + (capacity + 1,)
        target = changed(state, {step - 1: -1} if step else {}, {step: 1} if step < d else {})
        moves.append((overflow if full else target, 0.0, unit(d + 1, step)))
    return moves


def birth_death(state, n):
    """Population 1..n, started at 1, until it dies out; births stop at n; theta = (birth, death) of one."""
    if len(state) == 0:
        return [((1,), 1.0)]
    i = int(state[0])
    births = [((i + 1,), 0.0, [float(i), 0.0])] if 0 < i < n else []
    return births + ([((i - 1,), 0.0, [0.0, float(i)])] if i > 0 else [])


def random_sparse(state, n, degree, seed):
    """A ring of n states, each with `degree` - 1 drawn edges and absorption; theta = (jump, absorption)."""
    if len(state) == 0:
        return [((0,), 1.0)]
    i = int(state[0])
    if i == n:
        return []
    moves = [((n,), 0.0, [0.0, 1.0]), (((i + 1) % n,), 0.0, [1.0, 0.0])]
    draws = [split_mix(seed + i * degree + j) for j in range(1, degree)]
    return moves + [((z % n,), 0.0, [1.0 + (z >> 62), 0.0]) for z in draws if z % n != i]


def split_mix(index):
    """Output number `index` of SplitMix64 (Steele, Lea & Flood 2014) from state 0."""
    mask = 2**64 - 1
    z = (index + 1) * 0x9E3779B97F4A7C15 & mask
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & mask
    z = (z ^ z >> 27) * 0x94D049BB133111EB & mask
    return z ^ z >> 31


def pairs_of(state, i, j):
    """Pairs of one lineage of kind i and one of kind j."""
    k = int(state[i])
    return k * (k - 1) // 2 if i == j else k * int(state[j])


def changed(state, *changes):
    """A state after changes {place: difference}."""
    after = [int(x) for x in state]
    for change in changes:
        for place, difference in change.items():
            after[place] += difference
    return tuple(after)

"""Named models as batched callbacks for `phasic.Graph(callback=..., batched=True)`.

Each is the model of the same name in `tests.models`, or states its scalar form beside it.
"""

import numpy as np


def _single(state, probability=1.0):
    return None, np.array([state]), np.array([probability])


def rabbits(states, n=2, rates=(1.0, 2.0, 4.0)):
    """`models.rabbits`: the transitions of all states, one kind after the other."""
    if len(states) == 0:
        return _single((n, 0))
    moves, kinds = _rabbit_moves(states)
    return *moves, np.repeat(np.take(rates, [0, 1, 0, 2]), kinds)


def rabbits_parameterised(states, n=2):
    """`models.rabbits_parameterised`."""
    if len(states) == 0:
        return _single((n, 0))
    moves, kinds = _rabbit_moves(states)
    return *moves, np.repeat(np.eye(3)[[0, 1, 0, 2]], kinds, axis=0)


def _rabbit_moves(states):
    left, right = states.T
    (some_left,), (some_right,) = np.nonzero(left), np.nonzero(right)
    targets = [
        states[some_left] + [-1, 1],
        states[some_left] * [0, 1],
        states[some_right] + [1, -1],
        states[some_right] * [1, 0],
    ]
    rows = [some_left, some_left, some_right, some_right]
    return (np.concatenate(rows), np.concatenate(targets)), [len(some) for some in rows]


def block_counting(states, n=4):
    """`models.block_counting`: all pairs of block sizes at once."""
    if len(states) == 0:
        return _single((n,) + (0,) * (n - 1))
    i, j = np.triu_indices(n)
    fits = i + j + 1 < n
    i, j = i[fits], j[fits]
    pairs = np.where(i == j, states[:, i] * (states[:, j] - 1) / 2, states[:, i] * states[:, j])
    row, pair = np.nonzero(pairs > 0)
    targets, move = states[row], np.arange(len(row))
    for column, change in ((i, -1), (j, -1), (i + j + 1, 1)):
        targets[move, column[pair]] += change
    return row, targets, pairs[row, pair]


def two_demes(states, start=(2, 0), migration=1.0):
    """`models.two_demes`."""
    if len(states) == 0:
        return _single(start)
    i, j = states.T
    several = i + j > 1
    kinds = [
        ((-1, 1), i * migration * several),
        ((1, -1), j * migration * several),
        ((-1, 0), i * (i - 1) / 2),
        ((0, -1), j * (j - 1) / 2),
    ]
    rows = [np.flatnonzero(rate) for _, rate in kinds]
    targets = [states[row] + change for row, (change, _) in zip(rows, kinds, strict=True)]
    rates = [rate[row] for row, (_, rate) in zip(rows, kinds, strict=True)]
    return np.concatenate(rows), np.concatenate(targets), np.concatenate(rates)


class Migration:
    """Isolation with migration: lineages of two samples in two demes, by descendants in each sample.

    `state[deme, a, b]` counts lineages in `deme` with a descendants in the first sample and b in the second.
    Pairs in a deme merge at rate 1; each lineage moves at rate `migration`. Absorbed in one lineage.
    """

    def __init__(self, first, second, migration=0.5):
        self.shape = (2, first + 1, second + 1)
        self.migration = migration
        self.start = np.zeros(self.shape, dtype=int)
        self.start[0, 1, 0] = first
        self.start[1, 0, 1] = second
        self.size = (first + 1) * (second + 1)

    def scalar(self, state):
        """The rule for one state."""
        if len(state) == 0:
            return [(tuple(self.start.ravel().tolist()), 1.0)]
        counts = state.tolist()
        if sum(counts) == 1:
            return []
        moves = []
        present = [cell for cell, count in enumerate(counts) if count]
        for cell in present:
            other = (cell + self.size) % (2 * self.size)
            moves.append((self._moved(counts, (cell, -1), (other, 1)), counts[cell] * self.migration))
        for x, cell in enumerate(present):
            for second in present[x:]:
                same = cell == second
                pairs = counts[cell] * (counts[cell] - 1) / 2 if same else counts[cell] * counts[second]
                if pairs and cell // self.size == second // self.size:
                    sum_of = cell + second % self.size
                    moves.append((self._moved(counts, (cell, -1), (second, -1), (sum_of, 1)), float(pairs)))
        return moves

    @staticmethod
    def _moved(counts, *changes):
        after = counts.copy()
        for cell, change in changes:
            after[cell] += change
        return tuple(after)

    def batched(self, states):
        """The rule for many states."""
        if len(states) == 0:
            return _single(self.start.ravel())
        states = states[:] * (states.sum(axis=1, keepdims=True) > 1)
        row, cell = np.nonzero(states)
        count, lineages = states[row, cell], np.arange(len(row))
        moved = states[row]
        moved[lineages, cell] -= 1
        moved[lineages, (cell + self.size) % (2 * self.size)] += 1
        # Every cell with itself and with each later one of the same state and deme.
        deme = 2 * row + cell // self.size
        partners = np.searchsorted(deme, deme, side="right") - lineages
        one = np.repeat(lineages, partners)
        two = one + np.arange(len(one)) - np.repeat(np.cumsum(partners) - partners, partners)
        pairs = np.where(one == two, count[one] * (count[one] - 1) / 2, count[one] * count[two])
        one, two, pairs = one[pairs > 0], two[pairs > 0], pairs[pairs > 0]
        merged, merge = states[row[one]], np.arange(len(one))
        merged[merge, cell[one]] -= 1
        merged[merge, cell[two]] -= 1
        merged[merge, cell[one] + cell[two] % self.size] += 1
        rates = [count * self.migration, pairs]
        return np.concatenate([row, row[one]]), np.concatenate([moved, merged]), np.concatenate(rates)


class Ancestral:
    """The coalescent of two samples in one population, by descendants in each sample.

    `state[a, b]` counts lineages with a descendants in the first sample and b in the second. Pairs merge at
    rate 1. `Migration` before a split at which its demes become one.
    """

    def __init__(self, first, second):
        start = np.zeros((first + 1, second + 1), dtype=int)
        start[1, 0], start[0, 1] = first, second
        self.start = start.ravel()

    def scalar(self, state):
        """The rule for one state."""
        if len(state) == 0:
            return [(tuple(self.start.tolist()), 1.0)]
        present, moves = np.flatnonzero(state), []
        for x, one in enumerate(present):
            for two in present[x:]:
                pairs = state[one] * (state[one] - 1) / 2 if one == two else state[one] * state[two]
                if pairs:
                    after = state.copy()
                    for cell, change in ((one, -1), (two, -1), (one + two, 1)):
                        after[cell] += change
                    moves.append((tuple(after.tolist()), float(pairs)))
        return moves

    def batched(self, states):
        """The rule for many states."""
        if len(states) == 0:
            return _single(self.start)
        row, cell = np.nonzero(states)
        count, kinds = states[row, cell], np.arange(len(row))
        # Every kind of lineage with itself and with each later one of the same state.
        partners = np.searchsorted(row, row, side="right") - kinds
        one = np.repeat(kinds, partners)
        two = one + np.arange(len(one)) - np.repeat(np.cumsum(partners) - partners, partners)
        pairs = np.where(one == two, count[one] * (count[one] - 1) / 2, count[one] * count[two])
        one, two, pairs = one[pairs > 0], two[pairs > 0], pairs[pairs > 0]
        merged, merge = states[row[one]], np.arange(len(one))
        for cells, change in ((cell[one], -1), (cell[two], -1), (cell[one] + cell[two], 1)):
            merged[merge, cells] += change
        return row[one], merged, pairs

"""Chains with rates that change at fixed times, by products of matrix exponentials in mpmath.

A slow oracle: every number is an entry of one exponential of a block matrix per epoch (Van Loan 1978), at 50
digits more than wanted. Parameters and starts may be mpmath numbers, so that differences give derivatives.
"""

from dataclasses import dataclass

import mpmath
import numpy as np

DIGITS = 60


def exact(x):
    """A float as it is."""
    return mpmath.mpf(x)


def _matrices(model, theta):
    """alpha (row), S, exit (column) of an `EdgeModel` at theta."""
    n = model.n
    alpha, S, leave = mpmath.zeros(1, n), mpmath.zeros(n, n), mpmath.zeros(n, 1)
    for state, probability in model.initial.items():
        if state < n:
            alpha[0, state] += exact(probability)
    for u, v, base, coefficients in model.edges:
        if u == v:
            continue
        rate = exact(base) + mpmath.fsum(exact(c) * t for c, t in zip(coefficients, theta, strict=True))
        S[u, u] -= rate
        if v < n:
            S[u, v] += rate
        else:
            leave[u, 0] += rate
    return alpha, S, leave


@dataclass(frozen=True)
class Stage:
    """One epoch: its start, an `EdgeModel`, theta, and the map into it, {state: [(state, probability)]}."""

    start: object
    model: object
    theta: tuple = ()
    map: dict | None = None


class PiecewiseChain:
    """The stages in order. Rewards are one list of numbers per stage, one for each transient state."""

    def __init__(self, stages):
        self.stages = stages

    def _levels(self, horizon, levels, rewards, working=DIGITS):
        """Per stage up to the horizon: start, end and integral of the rows E[Y^j/j!; X], j < levels."""
        found, row = [], None
        with mpmath.workdps(working):
            for index, stage in enumerate(self.stages):
                if exact(stage.start) > horizon:
                    break
                alpha, S, leave = _matrices(stage.model, stage.theta)
                n = stage.model.n
                atoms = [mpmath.mpf(0)] * levels
                if row is None:
                    row = mpmath.zeros(1, n * levels)
                    row[0, :n] = alpha
                else:
                    row, atoms = self._mapped(index, row, levels)
                block = mpmath.zeros(n * levels, n * levels)
                for level in range(levels):
                    block[level * n : (level + 1) * n, level * n : (level + 1) * n] = S
                    if level:
                        for i in range(n):
                            block[(level - 1) * n + i, level * n + i] = exact(rewards[index][i])
                later = self.stages[index + 1].start if index + 1 < len(self.stages) else mpmath.inf
                duration = min(exact(later), exact(horizon)) - exact(stage.start)
                end, spent = self._passed(row, block, duration)
                found.append((leave, atoms, spent, end, n))
                row = end
        return found

    def _passed(self, row, block, duration):
        size = block.rows
        if duration == mpmath.inf:
            return None, mpmath.lu_solve(-block.T, row.T).T
        wide = mpmath.zeros(2 * size, 2 * size)
        wide[:size, :size] = block * duration
        for i in range(size):
            wide[i, size + i] = duration
        power = mpmath.expm(wide)
        return row * power[:size, :size], row * power[:size, size:]

    def _mapped(self, index, row, levels):
        stage, n = self.stages[index], self.stages[index - 1].model.n
        m = stage.model.n
        if stage.map is None:
            return row, [mpmath.mpf(0)] * levels
        mapped, atoms = mpmath.zeros(1, m * levels), [mpmath.mpf(0)] * levels
        for level in range(levels):
            for i, targets in stage.map.items():
                for j, probability in targets:
                    mass = row[0, level * n + i] * exact(probability)
                    if j < m:
                        mapped[0, level * m + j] += mass
                    else:
                        atoms[level] += mass
        return mapped, atoms

    def occupancy(self, t):
        """Probabilities of the transient states of the stage that t lies in."""
        return list(self._levels(t, 1, None)[-1][3])

    def pdf(self, t):
        """Density at t, of the stage that begins at or before it."""
        leave, _, _, end, _ = self._levels(t, 1, None)[-1]
        return (end * leave)[0]

    def sf(self, t):
        """P(T > t)."""
        return mpmath.fsum(self.occupancy(t))

    def cdf(self, t):
        """P(T <= t), atoms included, as a sum of positive terms."""
        with mpmath.workdps(DIGITS):
            alpha, _, _ = _matrices(self.stages[0].model, self.stages[0].theta)
            defect = 1 - mpmath.fsum(alpha)
            return defect + mpmath.fsum(
                (spent * leave)[0] + atoms[0] for leave, atoms, spent, _, _ in self._levels(t, 1, None)
            )

    def accumulated(self, t):
        """Per stage, the expected time in its transient states up to t."""
        return [list(spent) for _, _, spent, _, _ in self._levels(t, 1, None)]

    def moments(self, power, rewards, until=mpmath.inf):
        """E[Y^k], k = 1..power, of the reward until absorption or a time."""
        with mpmath.workdps(DIGITS):
            found = self._levels(until, power, rewards)
            return [
                mpmath.factorial(k)
                * mpmath.fsum(
                    spent[0, (k - 1) * n + i] * exact(rewards[index][i])
                    for index, (_, _, spent, _, n) in enumerate(found)
                    for i in range(n)
                )
                for k in range(1, power + 1)
            ]

    def truncated_moments(self, t, power, rewards):
        """E[Y^k; T <= t], k = 1..power."""
        with mpmath.workdps(DIGITS):
            found = self._levels(t, power + 1, rewards)
            return [
                mpmath.factorial(k)
                * mpmath.fsum(
                    (spent[0, k * n : (k + 1) * n] * leave)[0] + atoms[k]
                    for leave, atoms, spent, _, n in found
                )
                for k in range(1, power + 1)
            ]


def derivatives(number, thetas, starts):
    """Derivatives of number(thetas, starts) in each theta and in each start but the first.

    Central differences at 60 digits, step 1e-18: right to about 1e-30 relative to the third derivative.
    """
    with mpmath.workdps(DIGITS):
        h = mpmath.mpf(10) ** -18
        thetas = [[exact(x) for x in theta] for theta in thetas]
        starts = [exact(x) for x in starts]

        def difference(lists, row, column):
            values = []
            for sign in (1, -1):
                moved = [list(each) for each in lists]
                moved[row][column] += sign * h
                values.append(number(moved[:-1], moved[-1]))
            return (values[0] - values[1]) / (2 * h)

        lists = [*thetas, starts]
        in_thetas = [[difference(lists, e, k) for k in range(len(theta))] for e, theta in enumerate(thetas)]
        in_starts = [difference(lists, len(thetas), e) for e in range(1, len(starts))]
    return [np.array(each, dtype=float) for each in in_thetas], np.array(in_starts, dtype=float)

"""Continuous phase-type distributions as (alpha, S, exit), solved densely.

Rewards are one number per transient state. With R = diag(rewards) and U = (-S)^-1, the accumulated reward Y
has E[Y^k] = k! alpha (U R)^k 1 and E[exp(-zY)] = defect + alpha (zR - S)^-1 exit.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.linalg

from . import linear, precise


@dataclass(frozen=True)
class DenseChain:
    """A chain over n transient and a absorbing states.

    alpha: (n,) initial probabilities, which may sum to less than one (the rest is the atom at zero).
    S: (n, n) sub-intensity matrix. exit: (n, a) rates into each absorbing state.
    transient, absorbing: the numbers these states have elsewhere, for example as vertices of a graph.
    """

    alpha: np.ndarray
    S: np.ndarray
    exit: np.ndarray
    transient: tuple[int, ...] = ()
    absorbing: tuple[int, ...] = ()

    @classmethod
    def from_edges(cls, initial, edges, transient, absorbing, *, exact=False):
        """Build from {state: probability} and (src, dst, rate); parallel edges add up, loops vanish."""
        number = {v: i for i, v in enumerate(transient)}
        column = {v: i for i, v in enumerate(absorbing)}
        convert = linear.as_exact if exact else np.asarray
        alpha = linear.zeros(len(transient), exact=exact)
        S = linear.zeros((len(transient), len(transient)), exact=exact)
        exit = linear.zeros((len(transient), len(absorbing)), exact=exact)
        for v, probability in initial.items():
            if v in number:
                alpha[number[v]] += convert(probability).item()
        for src, dst, rate in edges:
            rate = convert(rate).item()
            if src == dst:
                continue
            if dst in number:
                S[number[src], number[dst]] += rate
            else:
                exit[number[src], column[dst]] += rate
            S[number[src], number[src]] -= rate
        return cls(alpha, S, exit, tuple(transient), tuple(absorbing))

    @property
    def exact(self):
        """Whether the numbers are rationals."""
        return linear.is_exact(self.S)

    @property
    def defect(self):
        """Probability of starting absorbed."""
        return 1 - self.alpha.sum()

    @cached_property
    def U(self):
        """Green matrix: U[i, j] is the expected time in j of a chain started in i."""
        return linear.solve(-self.S, linear.identity(len(self.S), exact=self.exact))

    def _rewards(self, rewards):
        if rewards is None:
            rewards = np.ones(len(self.S), dtype=int)
        return linear.as_exact(rewards) if self.exact else np.asarray(rewards, dtype=float)

    def residence_times(self, rewards=None):
        """Expected time in each transient state until absorption, times its reward."""
        return linear.solve(-self.S.T, self.alpha) * self._rewards(rewards)

    def waiting_times(self, rewards=None):
        """Expected reward until absorption from each transient state."""
        return linear.solve(-self.S, self._rewards(rewards))

    def moments(self, power, rewards=None):
        """E[Y], ..., E[Y^power]."""
        rewards = self._rewards(rewards)
        column, factorial, moments = linear.zeros(len(self.S), exact=self.exact) + 1, 1, []
        for k in range(1, power + 1):
            column = linear.solve(-self.S, rewards * column)
            factorial *= k
            moments.append(factorial * (self.alpha @ column))
        return np.array(moments)

    def expectation(self, rewards=None):
        """E[Y]."""
        return self.moments(1, rewards)[0]

    def variance(self, rewards=None):
        """Var[Y]."""
        first, second = self.moments(2, rewards)
        return second - first**2

    def covariance(self, rewards1, rewards2):
        """Cov[Y1, Y2]."""
        a, b = self._rewards(rewards1), self._rewards(rewards2)
        return self.cross_moment(a, b) - self.expectation(a) * self.expectation(b)

    def cross_moment(self, rewards1, rewards2):
        """E[Y1 Y2] = alpha U (R1 U R2 + R2 U R1) 1."""
        a, b = self._rewards(rewards1), self._rewards(rewards2)
        return self.residence_times() @ (a * (self.U @ b) + b * (self.U @ a))

    def laplace(self, z, rewards=None):
        """E[exp(-zY)] with the atom at zero."""
        shifted = np.diag(z * self._rewards(rewards)) - self.S
        return self.defect + self.alpha @ linear.solve(shifted, self.exit.sum(axis=1))

    def laplace_at(self, re, im, rewards=None):
        """Real and imaginary part of E[exp(-zY)] at z = re + i im, by one real system of twice the size."""
        rewards = self._rewards(rewards)
        across, along = np.diag(im * rewards), np.diag(re * rewards) - self.S
        shifted = np.concatenate([np.concatenate([along, -across], 1), np.concatenate([across, along], 1)])
        source = np.concatenate([self.exit.sum(axis=1), linear.zeros(len(self.S), exact=self.exact)])
        x = linear.solve(shifted, source)
        return self.defect + self.alpha @ x[: len(self.S)], self.alpha @ x[len(self.S) :]

    def visits(self):
        """Expected visits to each transient state: the time there, times the rate of leaving."""
        return -self.residence_times() * np.diag(self.S)

    def absorption(self, column):
        """Probability of ending in an absorbing state, a column of `exit`, from each transient state."""
        return self.U @ self.exit[:, column]

    def occupancy(self, t):
        """Probability of each transient state at time t."""
        return self.alpha @ scipy.linalg.expm(linear.as_float(self.S) * t)

    def accumulated(self, t):
        """Expected time in each transient state up to t, a block of one exponential (Van Loan 1978)."""
        n = len(self.S)
        block = np.zeros((2 * n, 2 * n))
        block[:n, :n], block[:n, n:] = linear.as_float(self.S) * t, np.eye(n) * t
        return self.alpha @ scipy.linalg.expm(block)[:n, n:]

    def absorbed(self, t):
        """Probability of having reached each absorbing state from a transient one by time t."""
        return self.accumulated(t) @ self.exit

    def pdf(self, t):
        """Density at t > 0 (right limit at 0)."""
        return self.occupancy(t) @ self.exit.sum(axis=1)

    def cdf(self, t):
        """P(T <= t), the atom at zero included."""
        return self.defect + self.absorbed(t).sum()

    def precise_occupancy(self, t, digits=50):
        """`occupancy` as mpmath numbers, each entry right to `digits` digits."""
        return precise.occupancy(self.alpha, self.S, t, digits)

    def precise_pdf(self, t, digits=50):
        """`pdf` as an mpmath number right to `digits` digits, however small."""
        return precise.weighted_occupancy(self.alpha, self.S, t, self.exit.sum(axis=1), digits)

    def precise_sf(self, t, digits=50):
        """`1 - cdf` as an mpmath number right to `digits` digits, however small."""
        return precise.weighted_occupancy(self.alpha, self.S, t, [1] * len(self.alpha), digits)

    def precise_accumulated(self, t, digits=50):
        """`accumulated` as mpmath numbers, each entry right to `digits` digits."""
        return precise.accumulated(self.alpha, self.S, t, digits)

    def precise_cdf(self, t, digits=50):
        """`cdf` as an mpmath number right to `digits` digits, however small."""
        absorbed = precise.weighted_accumulated(self.alpha, self.S, t, self.exit.sum(axis=1), digits)
        return precise.number(self.defect, digits) + absorbed

    def reward_transform(self, rewards):
        """Chain whose absorption time is Y: states without reward are eliminated, other rates divided by it.

        Elimination is the Schur complement S_++ - S_+0 S_00^-1 S_0+ (Bladt & Nielsen 2017, theorem 3.1.33).
        """
        rewards = self._rewards(rewards)
        keep, drop = np.flatnonzero(rewards != 0), np.flatnonzero(rewards == 0)
        full = np.concatenate([self.S, self.exit], axis=1)
        columns = np.concatenate([keep, len(self.S) + np.arange(self.exit.shape[1])])
        through = linear.solve(-self.S[np.ix_(drop, drop)], full[np.ix_(drop, columns)])
        rows = full[np.ix_(keep, columns)] + self.S[np.ix_(keep, drop)] @ through
        rows = rows / rewards[keep][:, None]
        alpha = self.alpha[keep] + (self.alpha[drop] @ through)[: len(keep)]
        return DenseChain(alpha, rows[:, : len(keep)], rows[:, len(keep) :], tuple(keep), self.absorbing)

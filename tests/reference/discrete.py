"""Discrete phase-type distributions: the law of an integer reward collected at every visit, by enumeration.

A chain steps through transient states; each step out of state i, staying included, collects r_i. Writing
x_k(i) for the expected number of steps out of i that begin with k collected, mass moves from (i, k) to
(j, k + r_i). States without reward keep k, so their part is one linear system per k.
"""

from dataclasses import dataclass
from math import comb

import numpy as np

from . import linear


@dataclass(frozen=True)
class DenseDiscreteChain:
    """alpha: (n,) initial probabilities; T: (n, n) step probabilities, staying included; exit: (n,)."""

    alpha: np.ndarray
    T: np.ndarray
    exit: np.ndarray
    transient: tuple[int, ...] = ()

    @classmethod
    def from_edges(cls, initial, edges, transient, absorbing, *, normalized=False, exact=False):
        """Build from {state: probability} and (src, dst, weight) triples.

        Weights are probabilities whose missing part stays put or, if `normalized`, proportional to them.
        """
        number = {v: i for i, v in enumerate(transient)}
        convert = linear.as_exact if exact else np.asarray
        alpha = linear.zeros(len(transient), exact=exact)
        T = linear.zeros((len(transient), len(transient)), exact=exact)
        exit = linear.zeros(len(transient), exact=exact)
        for v, probability in initial.items():
            if v in number:
                alpha[number[v]] += convert(probability).item()
        for src, dst, weight in edges:
            if dst in number:
                T[number[src], number[dst]] += convert(weight).item()
            else:
                assert dst in absorbing
                exit[number[src]] += convert(weight).item()
        total = T.sum(axis=1) + exit
        if normalized:
            T, exit = T / total[:, None], exit / total
        else:
            T = T + np.diag(1 - total)
        return cls(alpha, T, exit, tuple(transient))

    @property
    def exact(self):
        """Whether the numbers are rationals."""
        return linear.is_exact(self.T)

    @property
    def defect(self):
        """Probability of starting absorbed."""
        return 1 - self.alpha.sum()

    def pmf(self, largest, rewards=None):
        """P(N = 0), ..., P(N = largest) for non-negative integer rewards (default one per step)."""
        n = len(self.alpha)
        rewards = np.ones(n, dtype=int) if rewards is None else np.asarray(rewards, dtype=int)
        free = rewards == 0
        silent = np.where(free[:, None], self.T, 0 * self.T)  # the steps that collect nothing
        visits = linear.zeros((largest + 1, n), exact=self.exact)
        pmf = linear.zeros(largest + 1, exact=self.exact)
        pmf[0] = self.defect
        for k in range(largest + 1):
            inflow = visits[k] + (self.alpha if k == 0 else 0 * self.alpha)
            visits[k] = linear.solve(linear.identity(n, exact=self.exact) - silent.T, inflow)
            for i in range(n):
                after = k + rewards[i]
                if after <= largest:
                    pmf[after] += visits[k, i] * self.exit[i]
                    if not free[i]:
                        visits[after] += visits[k, i] * self.T[i]
        return pmf

    def cdf(self, largest, rewards=None):
        """P(N <= 0), ..., P(N <= largest)."""
        return np.cumsum(self.pmf(largest, rewards))

    def moments(self, power, rewards=None):
        """E[N], ..., E[N^power] from m_k = r^k + T sum_j C(k, j) r^(k-j) m_j, where m_0 = 1."""
        one, r, columns = linear.identity(len(self.alpha), exact=self.exact), self._rewards(rewards), []
        for k in range(1, power + 1):
            inner = sum((comb(k, j) * r ** (k - j) * (self.T @ columns[j - 1]) for j in range(1, k)), 0 * r)
            columns.append(linear.solve(one - self.T, r**k + inner))
        return np.array([self.alpha @ m for m in columns])

    def _rewards(self, rewards):
        if rewards is None:
            rewards = np.ones(len(self.alpha), dtype=int)
        return linear.as_exact(rewards) if self.exact else np.asarray(rewards, dtype=float)

    def expectation(self, rewards=None):
        """E[N]."""
        return self.moments(1, rewards)[0]

    def variance(self, rewards=None):
        """Var[N]."""
        first, second = self.moments(2, rewards)
        return second - first**2

    def cross_moment(self, rewards1, rewards2):
        """E[N1 N2] from m = a b + a T E[N2] + b T E[N1] + T m, with what is collected per step a and b."""
        one, a, b = (
            linear.identity(len(self.T), exact=self.exact),
            self._rewards(rewards1),
            self._rewards(rewards2),
        )
        means = [linear.solve(one - self.T, r) for r in (a, b)]
        return self.alpha @ linear.solve(
            one - self.T, a * b + a * (self.T @ means[1]) + b * (self.T @ means[0])
        )

    def covariance(self, rewards1, rewards2):
        """Cov[N1, N2]."""
        return self.cross_moment(rewards1, rewards2) - self.expectation(rewards1) * self.expectation(rewards2)

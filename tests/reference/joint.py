"""Joint laws of several rewards in exact rationals, from laws of one reward."""

from fractions import Fraction
from itertools import chain as joined
from itertools import combinations, product
from math import factorial

import numpy as np

from . import linear


def joint_moment(chain, rewards, orders):
    """E[Y_1^k_1 Y_2^k_2 ...] from moments of sums, for a `DenseChain` or `DenseDiscreteChain`.

    Polarization: n! X_1 ... X_n = sum over non-empty sets s of (-1)^(n - |s|) (sum of X_i in s)^n.
    """
    factors = list(joined.from_iterable([reward] * k for reward, k in zip(rewards, orders, strict=True)))
    n, total = len(factors), Fraction(0)
    if n == 0:
        return Fraction(1)
    for size in range(1, n + 1):
        for some in combinations(factors, size):
            total += (-1) ** (n - size) * chain.moments(n, np.sum(some, axis=0))[-1]
    return total / factorial(n)


def without(chain, reward):
    """The part of a chain that never collects: alpha, S and exit over states without reward."""
    keep = np.flatnonzero(np.asarray(reward) == 0)
    return chain.alpha[keep], chain.S[np.ix_(keep, keep)], chain.exit[keep].sum(axis=1), keep


def atom(chain, reward):
    """P(Y = 0)."""
    alpha, S, exit, _ = without(chain, reward)
    return chain.defect + alpha @ linear.solve(-S, exit)


def atoms(chain, rewards):
    """P(each reward is zero or positive), (2,) * m, by inclusion and exclusion of sets that are zero."""
    m = len(rewards)
    found = linear.zeros((2,) * m, exact=chain.exact)

    def all_zero(some):
        return atom(chain, sum((np.asarray(rewards[i]) for i in some), 0 * np.asarray(rewards[0])))

    for pattern in product((0, 1), repeat=m):
        zero = [i for i in range(m) if not pattern[i]]
        positive = [i for i in range(m) if pattern[i]]
        for size in range(len(positive) + 1):
            for more in combinations(positive, size):
                found[pattern] += (-1) ** size * all_zero([*zero, *more])
    return found


def moments_given_zero(chain, power, rewards, zero):
    """E[Y^k | Z = 0] for k = 1, ..., power."""
    alpha, S, exit, keep = without(chain, zero)
    column, moments = linear.solve(-S, exit), []
    rewards = linear.as_exact(rewards)[keep]
    for k in range(1, power + 1):
        column = k * linear.solve(-S, rewards * column)
        moments.append(alpha @ column / atom(chain, zero))
    return moments

"""Densities of one and two accumulated rewards, slowly, at many digits.

For a fixed s the law of Y1, with every path weighted by exp(-s Y2), is phase-type: states that do not
collect the first reward are eliminated from s R2 - S, and with R the first rewards of the others

    A(s) = R^-1 (S_++ - s R2_+ + S_+0 N(s) S_0+),   N(s) = (s R2_0 - S_00)^-1,
    a(s) = alpha_+ + alpha_0 N(s) S_0+,             b(s) = R^-1 (exit_+ + S_+0 N(s) exit_0),

so that E[exp(-s Y2); Y1 in dy] = a(s) exp(A(s) y) b(s) dy, with an atom defect + alpha_0 N(s) exit_0 at
y = 0. What remains is to invert a transform in s (Talbot 1979), or to differentiate it at s = 0.
"""

from dataclasses import dataclass

import mpmath
import numpy as np

from . import linear, precise

DIGITS = 40


@dataclass(frozen=True)
class Partial:
    """a, A, b and the atom at some s, as mpmath matrices and number."""

    a: mpmath.matrix
    A: mpmath.matrix
    b: mpmath.matrix
    atom: mpmath.mpc

    def density(self, y):
        """E[exp(-s Y2); Y1 in dy] / dy."""
        return (self.a * exponential(self.A, y) * self.b)[0]

    def distribution(self, y):
        """E[exp(-s Y2); Y1 <= y]: an integral as a block of an exponential (Van Loan 1978)."""
        n = self.A.rows
        block = mpmath.zeros(2 * n)
        block[:n, :n], block[:n, n:] = self.A, mpmath.eye(n)
        return self.atom + (self.a * exponential(block, y)[:n, n:] * self.b)[0]


def numbers(array):
    """An mpmath matrix of exact numbers; a vector is a column."""
    array = np.asarray(array, dtype=object)
    rows = array.reshape(-1, 1) if array.ndim == 1 else array
    return mpmath.matrix([[precise.number(x, mpmath.mp.dps) for x in row] for row in rows])


def exponential(matrix, t):
    """exp(matrix t) by scaling and squaring of the Taylor series."""
    return mpmath.expm(matrix * t, method="taylor")


def partial(chain, first, second, s):
    """The law of the first reward with paths weighted by exp(-s Y2), at an mpmath number s."""
    first, second = linear.as_exact(first), linear.as_exact(second)
    S, alpha, exit = linear.as_exact(chain.S), linear.as_exact(chain.alpha), chain.exit.sum(axis=1)
    defect = 1 - sum(alpha)
    plus, zero = np.flatnonzero(first != 0), np.flatnonzero(first == 0)
    if not len(zero):
        M = numbers(S[np.ix_(plus, plus)]) - s * mpmath.diag(list(numbers(second[plus])))
        return Partial(
            numbers(alpha[plus]).T,
            _scaled(M, first[plus]),
            _scaled(numbers(exit[plus]), first[plus]),
            _mp(defect),
        )
    inner = s * mpmath.diag(list(numbers(second[zero]))) - numbers(S[np.ix_(zero, zero)])
    N = mpmath.inverse(inner)
    alpha_0, exit_0 = numbers(alpha[zero]).T, numbers(exit[zero])
    atom = _mp(defect) + (alpha_0 * N * exit_0)[0]
    if not len(plus):
        return Partial(mpmath.zeros(1), mpmath.zeros(1), mpmath.zeros(1), atom)
    into, out = numbers(S[np.ix_(plus, zero)]), numbers(S[np.ix_(zero, plus)])
    killed = numbers(S[np.ix_(plus, plus)]) - s * mpmath.diag(list(numbers(second[plus])))
    A = _scaled(killed + into * N * out, first[plus])
    b = _scaled(numbers(exit[plus]) + into * N * exit_0, first[plus])
    return Partial(numbers(alpha[plus]).T + alpha_0 * N * out, A, b, atom)


def pdf(chain, rewards, y, digits=DIGITS):
    """Density of one reward, its atom at zero left out."""
    with mpmath.workdps(digits + 20):
        return partial(chain, rewards, 0 * linear.as_exact(rewards), mpmath.mpf(0)).density(mpmath.mpf(y))


def joint_pdf(chain, first, second, y1, y2, digits=DIGITS):
    """Density of (Y1, Y2) at y1, y2 > 0, for rewards that no state shares.

    A state with both rewards makes the law singular: mass on a line, or a density that jumps across one.
    """
    assert not any(a and b for a, b in zip(first, second, strict=True))
    return _inverted(lambda s: partial(chain, first, second, s).density(_mp(y1)), y2, digits)


def joint_cdf(chain, first, second, y1, y2, digits=DIGITS):
    """P(Y1 <= y1, Y2 <= y2) for y2 > 0, atoms included, for rewards that no state shares."""
    assert not any(a and b for a, b in zip(first, second, strict=True))
    return _inverted(lambda s: partial(chain, first, second, s).distribution(_mp(y1)) / s, y2, digits)


def mean_given_value(chain, reward, given, y, digits=DIGITS):
    """E[Y2 | Y1 = y] for y > 0: minus the derivative in s at 0 of the density of Y1, over the density.

    Exact for any rewards: the derivative is one of a matrix exponential, a block of a larger one.
    """
    with mpmath.workdps(digits + 20):
        step = mpmath.mpf(10) ** -(digits // 2 + 5)
        y = mpmath.mpf(y)

        def at(s):
            return partial(chain, given, reward, s).density(y)

        # Five points: the error is of the fourth power of the step.
        slope = (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step)
        return -slope / at(mpmath.mpf(0))


def _inverted(transform, t, digits):
    """The original of a transform at t, to `digits` digits of itself: more nodes until two results agree."""
    degree, before = 2 * digits, None
    while degree < 1000:
        with mpmath.workdps(degree):
            value = mpmath.re(mpmath.invertlaplace(transform, _mp(t), method="talbot", degree=degree))
            if before is not None and abs(value - before) <= abs(value) * mpmath.mpf(10) ** -digits:
                return value
        degree, before = degree + degree // 2, value
    raise ArithmeticError(f"the inverse at {t} has not settled: {before}")


def _scaled(matrix, rewards):
    return mpmath.diag([1 / r for r in numbers(rewards)]) * matrix


def _mp(x):
    return x if isinstance(x, mpmath.mpf) else precise.number(x, mpmath.mp.dps)

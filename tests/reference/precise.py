"""Matrix exponentials in mpmath with every entry right to a stated number of digits."""

from fractions import Fraction

import mpmath
import numpy as np

from . import linear

NEGLIGIBLE = mpmath.mpf(10) ** -400  # far below the smallest double


def number(x, digits):
    """Return x (float or rational) as an mpmath number of the given precision, without rounding a float."""
    with mpmath.workdps(digits):
        x = Fraction(x)
        return mpmath.mpf(x.numerator) / mpmath.mpf(x.denominator)


def dot(values, weights, digits):
    """Sum of values * weights."""
    with mpmath.workdps(digits):
        return mpmath.fsum(v * number(w, digits) for v, w in zip(values, weights, strict=True))


def _row_times_exponential(alpha, matrix, t, digits):
    """alpha exp(matrix t), scaling and squaring of the Taylor series at `digits` digits."""
    with mpmath.workdps(digits):
        convert = np.vectorize(lambda x: number(x, digits), otypes=[object])
        scaled = convert(linear.as_exact(matrix) * Fraction(t))
        norm = max((sum(abs(x) for x in row) for row in scaled), default=mpmath.mpf(0))
        squarings = max(0, int(mpmath.ceil(mpmath.log(norm + 1, 2))) + 8)
        scaled = scaled / mpmath.mpf(2) ** squarings
        n = len(scaled)
        total = convert(linear.identity(n, exact=True))
        term, k = total, 0
        smallest = mpmath.mpf(10) ** -digits
        while any(abs(x) > smallest for x in term.flat):
            k += 1
            term = term @ scaled / k
            total = total + term
        for _ in range(squarings):
            total = total @ total
        return convert(linear.as_exact(alpha)) @ total


def _to_digits(evaluate, wanted, digits):
    """Raise the working precision until the smallest wanted entry keeps `digits` digits.

    The exponential of a sub-intensity matrix has norm at most one, so its error is about 10^-working. Entries
    below NEGLIGIBLE come out as some number of that size.
    """
    working = digits + 30
    while True:
        entries = evaluate(working)
        smallest = min((abs(x) for x, w in zip(entries, wanted, strict=True) if w), default=mpmath.mpf(1))
        needed = digits + 20 + max(0, int(-mpmath.log10(max(smallest, NEGLIGIBLE))))
        if needed <= working:
            return [x if w else mpmath.mpf(0) for x, w in zip(entries, wanted, strict=True)]
        working = needed + 20


def reachable_from(alpha, S):
    """States that the chain can ever be in."""
    seen = [bool(a > 0) for a in alpha]
    stack = [i for i, s in enumerate(seen) if s]
    while stack:
        i = stack.pop()
        for j, rate in enumerate(S[i]):
            if j != i and rate > 0 and not seen[j]:
                seen[j] = True
                stack.append(j)
    return seen


def _integrator(S):
    """Matrix whose exponential holds exp(S) and its integral (Van Loan 1978)."""
    n = len(S)
    block = linear.zeros((2 * n, 2 * n), exact=True)
    block[:n, :n], block[:n, n:] = linear.as_exact(S), linear.identity(n, exact=True)
    return block


def occupancy(alpha, S, t, digits):
    """Entries of alpha exp(S t)."""
    return _to_digits(lambda d: _row_times_exponential(alpha, S, t, d), reachable_from(alpha, S), digits)


def accumulated(alpha, S, t, digits):
    """Entries of alpha times the integral of exp(S u) over [0, t]."""
    wide = np.concatenate([linear.as_exact(alpha), linear.zeros(len(alpha), exact=True)])
    block = _integrator(S)
    return _to_digits(
        lambda d: _row_times_exponential(wide, block, t, d)[len(alpha) :], reachable_from(alpha, S), digits
    )


def weighted_occupancy(alpha, S, t, weights, digits):
    """Sum of alpha exp(S t) * weights, right to `digits` digits as a whole."""
    (total,) = _to_digits(lambda d: [dot(_row_times_exponential(alpha, S, t, d), weights, d)], [True], digits)
    return total


def weighted_accumulated(alpha, S, t, weights, digits):
    """Sum of `accumulated` * weights, right to `digits` digits as a whole."""
    wide, block = (
        np.concatenate([linear.as_exact(alpha), linear.zeros(len(alpha), exact=True)]),
        _integrator(S),
    )
    (total,) = _to_digits(
        lambda d: [dot(_row_times_exponential(wide, block, t, d)[len(alpha) :], weights, d)], [True], digits
    )
    return total

"""Marks that fall on a chain at rates that depend on its state, by enumeration of (state, counts).

In state i marks of type t fall at rate `rates[t][i]`, so that (i, k) moves to (i, k + e_t). The expected
times z[k] in the states with counts k solve

    z[k] (diag(sum of rates) - S) = alpha [k = 0] + sum_t z[k - e_t] rates[t],

and P(K = k) is z[k] times the rates of absorption.
"""

from fractions import Fraction
from itertools import product

import numpy as np

from . import linear

STEP = Fraction(1, 10**30)


def table(chain, rates, largest):
    """P(K = k) for every k up to `largest`, (largest[0] + 1, ...), of a `DenseChain`; `rates`: (types, n)."""
    convert = linear.as_exact if chain.exact else np.asarray
    rates = convert(rates)
    matrix = (np.diag(rates.sum(axis=0)) - chain.S).T
    times, found = {}, linear.zeros([k + 1 for k in largest], exact=chain.exact)
    for k in product(*(range(top + 1) for top in largest)):
        source = chain.alpha if not any(k) else 0 * chain.alpha
        for t in np.flatnonzero(k):
            before = tuple(count - (i == t) for i, count in enumerate(k))
            source = source + times[before] * rates[t]
        times[k] = linear.solve(matrix, source)
        found[k] = times[k] @ chain.exit.sum(axis=1) + (0 if any(k) else chain.defect)
    return found


def above(chain, rates, largest):
    """P(K > k) for k from 0 to `largest`, all types together: what is left of 1, in rationals."""
    total = linear.as_exact(rates).sum(axis=0)
    return 1 - np.cumsum(table(chain, [total], [largest]))


def slope(function, at, entry):
    """Derivative of an exact function of a list of rationals, by a central difference that rounds nothing."""
    up, down = list(at), list(at)
    up[entry] += STEP
    down[entry] -= STEP
    return (function(up) - function(down)) / (2 * STEP)

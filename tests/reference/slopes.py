"""Derivatives of exact functions by differences that round nothing."""

from fractions import Fraction

STEP = Fraction(1, 10**40)


def slope(function, at, entry):
    """Derivative of an exact `function` of a list of rationals, in one entry, which is not zero.

    A central difference with a step of 1e-40 of the entry. Rational functions without poles near have
    derivatives of the order of value / entry^k, so that what is cut off is about 1e-80 of value / entry.
    """
    step = at[entry] * STEP
    up, down = list(at), list(at)
    up[entry], down[entry] = at[entry] + step, at[entry] - step
    return (function(up) - function(down)) / (2 * step)

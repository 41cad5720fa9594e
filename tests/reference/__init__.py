"""Slow, obvious answers that share no code with phasic.

Everything here is dense linear algebra or a closed form. Chains of floats are solved by NumPy, chains of
`fractions.Fraction` exactly, distribution functions by SciPy or by mpmath at any number of digits.
"""

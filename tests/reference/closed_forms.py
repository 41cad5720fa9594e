"""Closed forms. Sources: Wakeley (2008) Coalescent Theory; Tavaré (1984); Simonsen & Churchill (1997)."""

from fractions import Fraction
from math import comb, exp, expm1, factorial

import mpmath


def kingman_height_mean(n):
    """E[T_MRCA] = 2 (1 - 1/n), each pair merging at rate 1."""
    return 2 * (1 - Fraction(1, n))


def kingman_height_variance(n):
    """Var[T_MRCA] = sum_k 4 / (k^2 (k-1)^2)."""
    return sum(Fraction(4, k**2 * (k - 1) ** 2) for k in range(2, n + 1))


def kingman_length_mean(n):
    """E[L] = 2 H_(n-1)."""
    return 2 * sum(Fraction(1, i) for i in range(1, n))


def kingman_length_variance(n):
    """Var[L] = 4 sum_i 1/i^2."""
    return 4 * sum(Fraction(1, i**2) for i in range(1, n))


def kingman_length_cdf(n, x):
    """P(L <= x) = (1 - exp(-x/2))^(n-1): the largest of n - 1 exponentials of rate 1/2."""
    return (-expm1(-x / 2)) ** (n - 1)


def kingman_length_pdf(n, x):
    """Derivative of `kingman_length_cdf`."""
    return (n - 1) / 2 * exp(-x / 2) * (-expm1(-x / 2)) ** (n - 2)


def kingman_branch_mean(i):
    """Expected length of branches with i descendants: 2/i."""
    return Fraction(2, i)


def segregating_sites_pmf(n, theta, k):
    """Tavaré (1984): P(S = k) with mutation rate theta/2 per lineage, summed in rationals."""
    theta = Fraction(theta)
    terms = ((-1) ** (i - 1) * comb(n - 2, i - 1) * (theta / (i + theta)) ** (k + 1) for i in range(1, n))
    return (n - 1) / theta * sum(terms)


def segregating_sites_mean(n, theta):
    """Watterson (1975): E[S] = theta H_(n-1)."""
    return Fraction(theta) * sum(Fraction(1, i) for i in range(1, n))


def segregating_sites_variance(n, theta):
    """Watterson (1975): Var[S] = theta H_(n-1) + theta^2 sum 1/i^2."""
    return segregating_sites_mean(n, theta) + Fraction(theta) ** 2 * sum(
        Fraction(1, i**2) for i in range(1, n)
    )


def two_epoch_height_mean(t0, size):
    """E[T_MRCA], n = 2, population size 1 until t0, then `size`."""
    return 1 - exp(-t0) + size * exp(-t0)


def two_locus_correlation(recombination):
    """corr(T1, T2), n = 2, total scaled recombination R: (R + 18) / (R^2 + 13 R + 18)."""
    R = Fraction(recombination)
    return (R + 18) / (R**2 + 13 * R + 18)


def hypoexponential_pdf(rates, t, digits=60):
    """Density of a sum of exponentials with distinct rates, by partial fractions at many digits."""
    with mpmath.workdps(digits):
        rates = [mpmath.mpf(r) for r in rates]
        terms = []
        for i, r in enumerate(rates):
            others = [s for j, s in enumerate(rates) if j != i]
            terms.append(mpmath.exp(-r * mpmath.mpf(t)) / mpmath.fprod(s - r for s in others))
        return mpmath.fprod(rates) * mpmath.fsum(terms)


def hypoexponential_sf(rates, t, digits=60):
    """Survival function of a sum of exponentials with distinct rates, by partial fractions at many digits."""
    with mpmath.workdps(digits):
        rates = [mpmath.mpf(r) for r in rates]
        terms = []
        for i, r in enumerate(rates):
            others = [s for j, s in enumerate(rates) if j != i]
            terms.append(mpmath.exp(-r * mpmath.mpf(t)) * mpmath.fprod(s / (s - r) for s in others))
        return mpmath.fsum(terms)


def hyperexponential_pdf(probabilities, rates, t):
    """Density of a mixture of exponentials."""
    return sum(p * r * exp(-r * t) for p, r in zip(probabilities, rates, strict=True))


def hyperexponential_cdf(probabilities, rates, t):
    """Distribution function of a mixture of exponentials."""
    return sum(-p * expm1(-r * t) for p, r in zip(probabilities, rates, strict=True))


def erlang_moments(k, rate, power):
    """E[T^m] = k (k+1) ... (k+m-1) / rate^m."""
    return [
        Fraction(factorial(k + m - 1), factorial(k - 1)) / Fraction(rate) ** m for m in range(1, power + 1)
    ]


def coxian_mean(rates, continuation):
    """E[T] of a Coxian: stage i is reached with probability p_1 ... p_(i-1)."""
    reach, mean = Fraction(1), Fraction(0)
    for i, rate in enumerate(rates):
        mean += reach / Fraction(rate)
        reach *= Fraction(continuation[i]) if i < len(continuation) else 0
    return mean


def birth_death_mean(n, birth, death):
    """Expected time from 1 to 0, rates i birth and i death, births stopping at n (Karlin & Taylor 1975)."""
    rho = Fraction(birth) / Fraction(death)
    return sum(rho ** (j - 1) / j for j in range(1, n + 1)) / Fraction(death)


def geometric_pmf(p, k):
    """P(N = k), number of trials up to the first success."""
    p = Fraction(p)
    return p * (1 - p) ** (k - 1) if k >= 1 else Fraction(0)


def negative_binomial_pmf(r, p, k):
    """P(N = k), number of trials up to success number r."""
    p = Fraction(p)
    return comb(k - 1, r - 1) * p**r * (1 - p) ** (k - r) if k >= r else Fraction(0)


def coupon_collector_cdf(n, k):
    """P(N <= k), number of draws until all n coupons are seen, by inclusion and exclusion."""
    return sum((-1) ** j * comb(n, j) * (1 - Fraction(j, n)) ** k for j in range(n + 1))


def coupon_collector_mean(n):
    """E[N] = n H_n."""
    return n * sum(Fraction(1, i) for i in range(1, n + 1))


def reset_chain_mean_steps(n):
    """Expected steps from 0 to n when every step goes up or back to 0 with probability 1/2: 2^(n+1) - 2."""
    return 2 ** (n + 1) - 2

"""Known answers of named models, as data. Each block states where it comes from."""

from fractions import Fraction

# Rabbit islands: Røikjer, Hobolth & Munch (2022), Stat. Comput. 32:103; re-derived in exact rationals.
# n rabbits on the left island, sending one across at rate 1, floods at rates 2 (left) and 4 (right).
RABBIT_RATES = (1.0, 2.0, 4.0)
RABBIT_EXPECTATIONS = {
    2: Fraction(395, 784),
    3: Fraction(182075, 345744),
    5: Fraction(313865028107, 585956558880),
    100: 0.5365638568790332,
}
RABBIT2_MOMENTS = (0.5038265306122449, 0.4802979227405247, 0.6559101757731153)
RABBIT2_VARIANCE = 0.2264567497917534
RABBIT2_RIGHT_MOMENTS = (0.0943877551020408, 0.0552569241982507)  # reward: rabbits on the right
RABBIT2_RIGHT_ZERO = Fraction(2, 3)
RABBIT2_COVARIANCE = 0.0300037744689713  # rabbits on the left, rabbits on the right
RABBIT2_LAPLACE_AT_1 = 0.66061629379485
RABBIT2_OCCUPANCY_AT_0_2 = {  # printed with nine decimals
    (2, 0): 0.556935649,
    (1, 1): 0.07025041,
    (0, 2): 0.00707199,
    (0, 1): 0.016304229,
    (1, 0): 0.033662675,
}
RABBIT2_CDF = {0.2: 0.3157750463197879, 1.0: 0.8639281222339162}
RABBIT2_PDF = {0.2: 1.2747015234242352, 1.0: 0.2948140770514208}
RABBIT2_RIGHT_TIME_TO_0_05 = 0.001113807146187607  # expected rabbit time on the right up to t = 0.05

# Fu (1995), Theor. Popul. Biol. 48:172, n = 5: branch length carried by i descendants, each pair merging at
# rate 1. Keys (i, j), covariances.
FU5_COVARIANCES = {
    (1, 1): Fraction(29, 18),
    (2, 2): Fraction(11, 9),
    (3, 3): Fraction(7, 9),
    (4, 4): Fraction(3, 4),
    (1, 2): Fraction(-7, 36),
    (1, 3): Fraction(-1, 9),
    (1, 4): Fraction(7, 9),
    (2, 3): Fraction(13, 18),
    (2, 4): Fraction(-11, 36),
    (3, 4): Fraction(-2, 9),
}

# Tavaré (1984), Theor. Popul. Biol. 26:119: P(S = k), k = 0..3, n = 10 sequences, theta = 2.
# Exact: the alternating sum, the convolution of nine geometric laws and the jump chain agree in rationals.
TAVARE_10_2 = (
    Fraction(1, 55),
    Fraction(42131, 762300),
    Fraction(1005856303, 10565478000),
    Fraction(3594047582563, 29287505016000),  # 0.122716072284...
)

# Numbers of partitions: states of the block-counting coalescent, absorbing state included.
PARTITIONS = {10: 42, 20: 627, 30: 5604, 40: 37338, 50: 204226}

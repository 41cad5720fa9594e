"""The oracle of marks against closed forms."""

from fractions import Fraction

import pytest

from tests import models
from tests.reference import closed_forms, linear, marks, truth


def coalescent(n):
    model, states = models.explore(models.kingman, n=n)
    return model.dense(exact=True), [Fraction(state[0]) for state in states[: model.n]]


@pytest.mark.parametrize("k", range(4))
def test_segregating_sites_follow_tavare(k):
    chain, lineages = coalescent(10)
    assert marks.table(chain, [lineages], [3])[k] == truth.TAVARE_10_2[k]


def test_marks_of_two_types_together_are_marks_of_one():
    chain, lineages = coalescent(5)
    table = marks.table(chain, [[k / 3 for k in lineages], [2 * k / 3 for k in lineages]], [3, 3])
    assert sum(table[i, 3 - i] for i in range(4)) == closed_forms.segregating_sites_pmf(5, 2, 3)


def test_the_tail_is_what_is_left():
    chain, lineages = coalescent(5)
    above = marks.above(chain, [lineages], 2)
    assert above[2] == 1 - sum(closed_forms.segregating_sites_pmf(5, 2, k) for k in range(3))


def test_slope_of_a_power():
    # d/dx x^3 = 3 x^2, and the step leaves step^2 behind
    assert marks.slope(lambda x: x[0] ** 3, linear.as_exact([2]), 0) - 12 == marks.STEP**2

"""Points of curves: lines between them are the curve, to the eye."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from phasic import Graph
from phasic.plot._refine import MOST_POINTS, refined

from tests import models

CURVES = ["pdf", "cdf", "sf"]
#: Rates of stages: smooth, with a kink, with a jump to the eye, and far from 0.
STAGES = [(1.0, 2.5), (100.0, 1.0), (1.0, 1e4, 1e4), (1e9, 1.0), (20.0,) * 60]


def drawn(graph, curve):
    """The line that is drawn."""
    return getattr(graph, f"plot_{curve}")().axes[0].lines[0].get_data()


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("rates", STAGES)
def test_lines_between_points_are_the_curve(rates, curve):
    graph = Graph(callback=models.hypoexponential, rates=rates)
    at, values = drawn(graph, curve)
    fine = np.linspace(0.0, at[-1], 20_001)
    off = np.abs(np.interp(fine, at, values) - getattr(graph, curve)(fine)) / values.max()
    # A pixel of axes of 1,000, off the steep parts that are narrower than half a pixel. The middle of an
    # interval is within half of one, and the rest of it, where the curve bends to one side, as near.
    narrow = np.diff(at)[np.searchsorted(at[1:-1], fine, side="right")] <= at[-1] / 2_000
    assert off[~narrow].max() < 1 / 1_000


@pytest.mark.parametrize("rates", STAGES)
def test_a_peak_is_as_high_as_the_density(rates):
    graph = Graph(callback=models.hypoexponential, rates=rates)
    at, values = drawn(graph, "pdf")
    everywhere = np.concatenate([np.linspace(0.0, at[-1], 20_001), np.geomspace(1e-12, at[-1], 5_000)])
    # A pixel of axes of 1,000.
    assert values.max() == pytest.approx(graph.pdf(everywhere).max(), rel=1e-3)


def test_a_narrow_peak_at_the_left_end_is_seen():
    """One in ten passes two stages of rate 1e4, the others wait for a time of rate 1."""
    graph = Graph(1)
    first, second, slow, end = (graph.find_or_create_vertex([i]) for i in range(1, 5))
    graph.starting_vertex().add_edge(first, 0.1)
    graph.starting_vertex().add_edge(slow, 0.9)
    first.add_edge(second, 1e4)
    second.add_edge(end, 1e4)
    slow.add_edge(end, 1.0)
    _, values = drawn(graph, "pdf")
    # 0.1 · 1e4 / e at 1e-4. Points halve their way to 0: one is within √2 of it, where t exp(−t) is 0.93 of
    # its peak or more.
    assert values.max() > 0.9 * 0.1 * 1e4 / np.e


@pytest.mark.parametrize("rates", STAGES)
def test_few_hundred_points_are_enough(rates):
    at, _ = drawn(Graph(callback=models.hypoexponential, rates=rates), "pdf")
    assert len(at) < 400


def test_a_curve_that_bends_everywhere_has_a_thousand_points():
    at, values = refined(lambda t: np.sin(700.0 * t) ** 2, 2.0)
    assert len(at) == len(values) == MOST_POINTS
    assert np.all(np.diff(at) > 0)


def test_the_worst_of_the_last_round_are_halved():
    at, _ = refined(lambda t: np.where(t < 1.0, 1.0, 0.01) * np.cos(701.0 * t) ** 2, 2.0)
    wide = np.diff(at) > 1.5 * 2.0 / 1024
    assert len(at) == MOST_POINTS
    assert np.mean(at[1:][wide] > 1.0) > 0.9


def test_a_straight_line_is_not_refined_beyond_its_first_middles():
    at, values = refined(lambda t: 2.0 * t, 1.0)
    assert len(at) < 160
    assert_allclose(values, 2.0 * at, rtol=0, atol=0)


def test_a_curve_of_zeros_is_drawn():
    _, values = refined(np.zeros_like, 1.0)
    assert not values.any()

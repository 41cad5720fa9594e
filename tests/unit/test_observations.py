"""`Observations`: what each form means, and what is refused."""

import numpy as np
import phasic
import pytest
import scipy.stats
from numpy.testing import assert_allclose, assert_array_equal
from phasic import Graph, Observations

from tests import models

RATE = 0.5
EXPONENTIAL = scipy.stats.expon(scale=1 / RATE)
RTOL = 1e-10  # the default
INF = np.inf


@pytest.fixture
def graph():
    return Graph(callback=models.erlang_parameterised, k=1)


def value(graph, data, **options):
    return graph.log_likelihood([RATE], data, **options)


def rows(seen):
    return [tuple(map(float, row)) for row in zip(seen.lower, seen.upper, seen.weights, strict=True)]


def test_plain_arrays_are_exact(graph):
    assert value(graph, [1.0, 2.0]) == value(graph, Observations.exact([1.0, 2.0]))


def test_right_censored(graph):
    assert value(graph, Observations.right([1.0, 3.0])) == pytest.approx(-RATE * 4.0, rel=RTOL)


def test_left_censored(graph):
    assert value(graph, Observations.left([1.0])) == pytest.approx(EXPONENTIAL.logcdf(1.0), rel=RTOL)


def test_interval_censored(graph):
    expected = np.log(EXPONENTIAL.cdf(3.0) - EXPONENTIAL.cdf(1.0))
    assert value(graph, Observations.interval([1.0], [3.0])) == pytest.approx(expected, rel=RTOL)


def test_the_interval_without_bounds_on_one_side():
    got = Observations.interval([-INF, 2.0, 4.0], [1.0, INF, 4.0])
    parts = Observations.left([1.0]) + Observations.right([2.0]) + Observations.exact([4.0])
    assert rows(got) == rows(parts)


def test_grouped(graph):
    seen = Observations.grouped([0.0, 1.0, 2.0, INF], [5, 0, 2])
    expected = 5 * EXPONENTIAL.logcdf(1.0) + 2 * EXPONENTIAL.logsf(2.0)
    assert value(graph, seen) == pytest.approx(expected, rel=RTOL)


def test_weights_count_observations(graph):
    twice = Observations.right([1.0, 1.0]) + Observations.left([2.0])
    weighted = Observations.right([1.0], weights=[2.0]) + Observations.left([2.0], weights=[1.0])
    assert value(graph, twice) == pytest.approx(value(graph, weighted), rel=1e-14)


def test_an_exponential_forgets_delayed_entry(graph):
    late = Observations.exact([3.0, 4.5], truncated=([1.0, 4.0], None))
    assert value(graph, late) == pytest.approx(value(graph, [2.0, 0.5]), rel=RTOL)


def test_right_truncation(graph):
    seen = Observations.exact([1.0, 2.0], truncated=(None, 3.0))
    expected = EXPONENTIAL.logpdf([1.0, 2.0]).sum() - 2 * EXPONENTIAL.logcdf(3.0)
    assert value(graph, seen) == pytest.approx(expected, rel=RTOL)


@pytest.mark.parametrize(
    ("seen", "event"),
    [
        (Observations.right([1.0], truncated=(0.5, 3.0)), (1.0, 3.0)),
        (Observations.left([1.0], truncated=(0.5, 3.0)), (0.5, 1.0)),
        (Observations.interval([1.0], [2.0], truncated=(0.5, 3.0)), (1.0, 2.0)),
    ],
)
def test_truncated_events_lie_within_their_limits(graph, seen, event):
    mass = EXPONENTIAL.cdf(event[1]) - EXPONENTIAL.cdf(event[0])
    expected = np.log(mass / (EXPONENTIAL.cdf(3.0) - EXPONENTIAL.cdf(0.5)))
    assert value(graph, seen) == pytest.approx(expected, rel=RTOL)


def test_equal_limits_are_one_condition():
    seen = Observations.exact([1.0, 2.0, 3.0], truncated=(0.5, 4.0), weights=[1.0, 2.0, 3.0])
    assert rows(seen)[3:] == [(0.5, 4.0, -6.0)]


def test_censored_data_of_scipy(graph):
    data = scipy.stats.CensoredData(uncensored=[1.0], left=[0.5, 0.7], right=[3.0], interval=[[1.0, 2.0]])
    expected = (
        EXPONENTIAL.logpdf(1.0)
        + EXPONENTIAL.logcdf([0.5, 0.7]).sum()
        + EXPONENTIAL.logsf(3.0)
        + np.log(EXPONENTIAL.cdf(2.0) - EXPONENTIAL.cdf(1.0))
    )
    assert value(graph, data) == pytest.approx(expected, rel=RTOL)


def test_the_best_rate_is_that_of_scipy(graph):
    times = np.array([0.3, 1.2, 2.5, 0.8, 4.0])
    over = np.array([False, False, True, False, True])
    data = scipy.stats.CensoredData.right_censored(times, over)
    _, scale = scipy.stats.expon.fit(data, floc=0)
    # events over time at risk; SciPy's simplex stops at about 1e-4
    assert 1 / scale == pytest.approx(3 / times.sum(), rel=1e-3)
    assert graph.log_likelihood_gradient([3 / times.sum()], data)[0] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("weight", [0.25, 1.0])
def test_the_atom_at_zero(weight):
    graph = Graph(callback=models.hyperexponential, probabilities=(0.25, 0.5))
    no_jump = graph.log_likelihood([], Observations.left([0.0], weights=[weight]))
    assert no_jump == pytest.approx(weight * np.log(0.25), rel=1e-15)
    assert graph.log_likelihood([], Observations.right([0.0])) == pytest.approx(np.log(0.75), rel=1e-15)
    left, open_below = Observations.left([1.0]), Observations.interval([0.0], [1.0])
    difference = np.exp(graph.log_likelihood([], left)) - np.exp(graph.log_likelihood([], open_below))
    assert difference == pytest.approx(0.25, rel=1e-9)


def test_an_event_that_is_certain_changes_nothing(graph):
    certain = Observations.interval([-INF], [INF])
    assert value(graph, Observations.exact([1.0]) + certain) == value(graph, [1.0])
    assert value(graph, certain) == 0.0


def test_an_impossible_event_has_no_likelihood():
    graph = Graph(1)
    graph.starting_vertex().add_edge(graph.find_or_create_vertex([1]), 1.0)
    assert graph.log_likelihood([], Observations.interval([0.5], [1.0])) == -INF


DISCRETE = scipy.stats.nbinom(3, 0.25, loc=3)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (Observations.exact([5]), DISCRETE.logpmf(5)),
        (Observations.right([6]), DISCRETE.logsf(6)),
        (Observations.left([6]), DISCRETE.logcdf(6)),
        (Observations.interval([4], [9]), np.log(DISCRETE.cdf(9) - DISCRETE.cdf(4))),
        (Observations.exact([5], truncated=(3, None)), DISCRETE.logpmf(5) - DISCRETE.logsf(3)),
        (Observations.right([200]), DISCRETE.logsf(200)),
    ],
)
def test_counts(seen, expected):
    graph = Graph(callback=models.successes, r=3, p=0.25)
    # positive recursions; SciPy's own tail is good to 1e-11
    assert graph.log_likelihood([], seen, discrete=True) == pytest.approx(expected, rel=1e-11)


def test_joined_observations_add_up(graph):
    first, second = Observations.exact([1.0]), Observations.grouped([0.0, 2.0, INF], [3, 1])
    assert value(graph, first + second) == pytest.approx(value(graph, first) + value(graph, second), rel=RTOL)


def test_observations_are_shown_by_their_size():
    seen = Observations.right([1.0, 2.0], weights=[1.0, 2.5])
    assert repr(seen) == "Observations(2 rows: 2 right-censored; total weight 3.5)"


def test_observations_do_not_share_the_callers_array():
    times = np.array([1.0, 2.0])
    seen = Observations.exact(times)
    times[:] = 9.0
    assert_array_equal(seen.lower, [1.0, 2.0])


def test_many_distinct_intervals(graph):
    low = np.linspace(0.0, 5.0, 200)
    seen = Observations.interval(low, low + 1e-7)
    # so narrow that the probability is density times width, to 1e-7 of RATE
    expected = (EXPONENTIAL.logpdf(low + 5e-8) + np.log((low + 1e-7) - low)).sum()
    assert_allclose(value(graph, seen), expected, rtol=RTOL)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Observations.exact([1.0, -2.0]), r"times\[1\] is -2.*at least 0"),
        (lambda: Observations.right([np.nan]), r"times\[0\] is nan"),
        (lambda: Observations.left([1.0, INF]), r"times\[1\] is inf.*finite"),
        (lambda: Observations.exact([[1.0]]), r"times has shape \(1, 1\)"),
        (lambda: Observations.interval([1.0, 3.0], [2.0, 1.0]), r"upper\[1\] is 1.*at least the lower bound"),
        (lambda: Observations.interval([1.0], [2.0, 3.0]), r"upper has shape \(2,\).*lower has shape \(1,\)"),
        (lambda: Observations.interval([-1.0], [2.0]), r"lower\[0\] is -1"),
        (lambda: Observations.interval([INF], [INF]), r"lower\[0\] is inf"),
        (lambda: Observations.grouped([0.0, 1.0], [1, 2]), r"edges has shape \(2,\).*2 counts need \(3,\)"),
        (lambda: Observations.grouped([0.0, 2.0, 1.0], [1, 2]), r"edges\[2\] is 1.*above the edge before"),
        (lambda: Observations.grouped([0.0, 2.0], [-1]), r"counts\[0\] is -1"),
        (lambda: Observations.exact([1.0], weights=[1.0, 2.0]), r"weights has shape \(2,\)"),
        (lambda: Observations.exact([1.0], weights=[-1.0]), r"weights\[0\] is -1"),
        (lambda: Observations.exact([1.0], truncated=5.0), r"truncated is 5.*pair"),
        (lambda: Observations.exact([1.0], truncated=(-1.0, None)), r"truncated low is -1"),
        (
            lambda: Observations.exact([1.0], truncated=(3.0, 2.0)),
            r"truncated high\[0\] is 2.*above the lower",
        ),
        (
            lambda: Observations.exact([1.0, 2.0], truncated=(1.5, None)),
            r"times\[0\] is 1.*1\.5 < T.*excludes",
        ),
        (lambda: Observations.exact([1.0], truncated=(None, 0.5)), r"times\[0\] is 1.*excludes"),
        (lambda: Observations.right([1.0], truncated=(2.0, None)), r"times\[0\] is 1.*excludes"),
        (lambda: Observations.right([3.0], truncated=(None, 3.0)), r"times\[0\] is 3.*excludes"),
        (lambda: Observations.left([1.0], truncated=(1.0, None)), r"times\[0\] is 1.*excludes"),
        (lambda: Observations.interval([1.0], [3.0], truncated=(None, 2.0)), r"lower\[0\] is 1.*excludes"),
    ],
)
def test_bad_observations_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("data", [{"right": [1.0]}, [[1.0, 2.0]], []], ids=repr)
def test_data_of_no_known_form(graph, data):
    with pytest.raises(ValueError, match=r"data .*phasic\.Observations or scipy\.stats\.CensoredData"):
        value(graph, data)


def test_weights_beside_observations(graph):
    with pytest.raises(ValueError, match="weights belong into data"):
        value(graph, Observations.exact([1.0]), weights=[2.0])


def test_censored_counts_must_be_whole():
    graph = Graph(callback=models.successes, r=3, p=0.25)
    with pytest.raises(ValueError, match=r"data\[1\] is 1.5.*whole"):
        graph.log_likelihood([], Observations.left([1.0, 1.5]), discrete=True)


def test_two_columns_are_exact_or_censored_times():
    columns = Observations.durations([1.0, 2.0, 3.0], [1, 0, True], weights=[1.0, 2.0, 3.0])
    apart = Observations.exact([1.0, 3.0], weights=[1.0, 3.0]) + Observations.right([2.0], weights=[2.0])
    found, wanted = (phasic.models.erlang(2).log_likelihood([0.7], seen) for seen in (columns, apart))
    assert found == pytest.approx(wanted, rel=1e-14)
    assert repr(columns) == "Observations(3 rows: 2 exact, 1 right-censored; total weight 6)"


@pytest.mark.parametrize("observed", [[1, 2], [True], ["yes", "no"]], ids=repr)
def test_a_column_of_something_else_is_refused(observed):
    with pytest.raises((ValueError, TypeError), match="observed"):
        Observations.durations([1.0, 2.0], observed)


def test_weights_that_are_flags_are_refused():
    with pytest.raises(ValueError, match=r"True and False: .* Observations.durations"):
        Observations.exact([1.0, 2.0], weights=[True, False])

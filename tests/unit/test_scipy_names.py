"""The distribution functions under the names of `scipy.stats`, against its frozen distributions."""

import mpmath
import numpy as np
import pytest
import scipy.stats
from numpy.testing import assert_allclose, assert_array_equal
from phasic import Graph

from tests import models
from tests.reference import closed_forms

RTOL = 1e-10  # the default
TIMES = np.array([[3.0, 0.01, 40.0], [0.0, 1.5, np.inf]])  # unsorted, of two dimensions
CASES = {
    "exponential": (models.erlang, {"k": 1, "rate": 0.5}, scipy.stats.expon(scale=2.0)),
    "erlang": (models.erlang, {"k": 4, "rate": 2.0}, scipy.stats.gamma(4, scale=0.5)),
}
FUNCTIONS = ["pdf", "cdf", "sf", "logpdf", "logcdf", "logsf"]
COALESCENT = [k * (k - 1) / 2 for k in range(2, 11)]


@pytest.fixture(params=CASES)
def case(request):
    callback, options, expected = CASES[request.param]
    return Graph(callback=callback, **options), expected


@pytest.fixture
def coalescent():
    return Graph(callback=models.kingman, n=10)


@pytest.fixture
def with_atom():
    return Graph(callback=models.hyperexponential, probabilities=(0.25, 0.5))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_of_scipy(case, function):
    graph, expected = case
    finite = np.isfinite(TIMES)
    assert_allclose(
        getattr(graph, function)(TIMES)[finite], getattr(expected, function)(TIMES[finite]), rtol=RTOL
    )


LIMITS = {"pdf": 0.0, "cdf": 1.0, "sf": 0.0, "logpdf": -np.inf, "logcdf": 0.0, "logsf": -np.inf}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_limit_at_infinity(case, function):
    assert getattr(case[0], function)(np.inf) == LIMITS[function]


@pytest.mark.parametrize("p", [0.0, 1e-9, 0.3, 0.5, 0.99, 1.0])
@pytest.mark.parametrize("function", ["ppf", "isf"])
def test_a_quantile_of_scipy(case, function, p):
    graph, expected = case
    # SciPy inverts the incomplete gamma function to about 1e-13
    assert getattr(graph, function)(p) == pytest.approx(getattr(expected, function)(p), rel=RTOL)


def test_an_interval_of_scipy(case):
    graph, expected = case
    assert_allclose(graph.interval([0.5, 0.95]), expected.interval([0.5, 0.95]), rtol=RTOL)


@pytest.mark.parametrize("function", ["median", "mean", "var", "std"])
def test_a_number_of_scipy(case, function):
    graph, expected = case
    assert getattr(graph, function)() == pytest.approx(getattr(expected, function)(), rel=RTOL)


@pytest.mark.parametrize("order", [0, 1, 2, 5])
def test_a_moment_of_scipy(case, order):
    graph, expected = case
    assert graph.moment(order) == pytest.approx(
        expected.moment(order), rel=1e-9
    )  # what SciPy's own is good for


def test_the_hazard_of_an_exponential_is_its_rate():
    graph = Graph(callback=models.erlang, k=1, rate=0.5)
    assert_allclose(graph.hazard([0.0, 1.0, 5e4]), 0.5, rtol=RTOL)


def test_the_hazard_where_pdf_and_sf_underflow(coalescent):
    assert coalescent.sf(5000.0) == 0.0
    # the other exponentials are gone: only two lineages are left, which merge at rate 1
    assert coalescent.hazard(5000.0) == pytest.approx(1.0, rel=RTOL)


def test_the_hazard_at_infinity_is_undefined(coalescent):
    assert np.isnan(coalescent.hazard(np.inf))


@pytest.mark.parametrize("function", [*FUNCTIONS, "hazard", "ppf", "isf", "quantile"])
def test_shapes(coalescent, function):
    at = np.array([[0.5, 0.1, 0.7]])
    answer = getattr(coalescent, function)
    assert isinstance(answer(0.5), float)
    assert_array_equal(answer(at).shape, (1, 3))
    assert answer([]).shape == (0,)
    assert_allclose(answer(at)[0, 2], answer(0.7), rtol=2 * RTOL)


def test_logarithms_200_standard_deviations_from_the_mean_of_a_coalescent(coalescent):
    t = coalescent.mean() + 200 * coalescent.std()
    density = mpmath.log(closed_forms.hypoexponential_pdf(COALESCENT, t, digits=200))
    survival = mpmath.log(closed_forms.hypoexponential_sf(COALESCENT, t, digits=200))
    got = [coalescent.logpdf(t), coalescent.logsf(t), coalescent.logcdf(t)]
    assert_allclose(got, [float(density), float(survival), -float(mpmath.exp(survival))], rtol=RTOL)


@pytest.mark.parametrize("k", [5, 100])
def test_logarithms_200_standard_deviations_from_the_mean_of_an_erlang(k):
    graph, expected = Graph(callback=models.erlang, k=k), scipy.stats.gamma(k)
    t = expected.mean() + 200 * expected.std()
    survival = mpmath.log(mpmath.gammainc(k, t, regularized=True))
    assert_allclose([graph.logpdf(t), graph.logsf(t)], [expected.logpdf(t), float(survival)], rtol=RTOL)


def test_logarithms_at_the_start_of_a_long_chain():
    graph, t = Graph(callback=models.erlang, k=100), 1e-4
    below = mpmath.log(mpmath.gammainc(100, 0, t, regularized=True))  # e^-1288
    assert_allclose([graph.logcdf(t), graph.logsf(t)], [float(below), 0.0], rtol=RTOL)


def test_a_tail_probability_of_1e_300(coalescent):
    t = coalescent.isf(1e-300)
    survival = closed_forms.hypoexponential_sf(COALESCENT, t, digits=400)
    assert float(survival) == pytest.approx(1e-300, rel=1e-9)  # slope of ln sf, 1, times t, 690, times RTOL


def test_a_lower_quantile_of_1e_300():
    # cdf = 0.5 t: the smallest doubles
    assert Graph(callback=models.erlang, k=1, rate=0.5).ppf(1e-300) == pytest.approx(2e-300, rel=RTOL)


@pytest.mark.parametrize("p", [0.0, 0.1, 0.25])
def test_quantiles_up_to_the_atom_are_zero(with_atom, p):
    assert with_atom.ppf(p) == 0.0
    assert with_atom.isf(1.0 - p) == 0.0


def test_quantiles_just_above_the_atom(with_atom):
    p = 0.25 + 2.0**-50
    density = with_atom.pdf(0.0)
    assert with_atom.ppf(p) == pytest.approx(2.0**-50 / density, rel=RTOL)


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_quantiles_of_a_graph_that_starts_absorbed(p):
    graph = Graph(1)
    graph.starting_vertex().add_edge(graph.find_or_create_vertex([1]), 1.0)
    assert graph.ppf(p) == graph.isf(p) == 0.0


def test_quantiles_on_both_sides_of_a_gap():
    # half of the mass near 0.002, half near 2000, next to nothing between
    graph = Graph(1)
    end = graph.find_or_create_vertex([0])
    for first, rate in ((1, 1e4), (101, 1e-2)):
        stages = [graph.find_or_create_vertex([first + i]) for i in range(20)]
        graph.starting_vertex().add_edge(stages[0], 0.5)
        for here, there in zip(stages, [*stages[1:], end], strict=True):
            here.add_edge(there, rate)
    # up to 1e-13 of the other half
    expected = [
        *scipy.stats.gamma(20, scale=1e-4).ppf([0.2, 0.8]),
        *scipy.stats.gamma(20, scale=1e2).ppf([0.2, 0.8]),
    ]
    assert_allclose(graph.ppf([0.1, 0.4, 0.6, 0.9]), expected, rtol=RTOL)


def test_values_at_zero_with_an_atom(with_atom):
    got = [getattr(with_atom, f)(0.0) for f in ("cdf", "sf", "logcdf", "logsf")]
    assert_allclose(got, [0.25, 0.75, np.log(0.25), np.log(0.75)], rtol=1e-15)


@pytest.mark.parametrize("function", [*FUNCTIONS, "hazard"])
@pytest.mark.parametrize("bad", [-1.0, np.nan])
def test_the_first_bad_time_is_named(coalescent, function, bad):
    with pytest.raises(ValueError, match=r"time\[1\]\[0\] is (-1|nan)"):
        getattr(coalescent, function)([[0.1, 1.0], [bad, -2.0]])


@pytest.mark.parametrize("function", ["ppf", "isf"])
@pytest.mark.parametrize("bad", [-0.1, 1.1, np.nan])
def test_the_first_bad_probability_is_named(coalescent, function, bad):
    with pytest.raises(ValueError, match=r"p\[1\] is .*from 0 to 1"):
        getattr(coalescent, function)([0.5, bad, 7.0])


def test_a_bad_confidence_is_named(coalescent):
    with pytest.raises(ValueError, match=r"confidence is 1\.5"):
        coalescent.interval(1.5)


@pytest.mark.parametrize("function", [*FUNCTIONS, "hazard", "ppf", "isf", "interval"])
def test_an_error_below_double_precision_is_refused(coalescent, function):
    with pytest.raises(ValueError, match=r"rtol is 1e-16: double precision cannot give less than 1e-14"):
        getattr(coalescent, function)(0.5, rtol=1e-16)


def test_quantiles_of_a_chain_that_may_never_be_absorbed():
    graph = Graph(1)
    here, there, end = (graph.find_or_create_vertex([i]) for i in range(3))
    graph.starting_vertex().add_edge(here, 1.0)
    here.add_edge_parameterized(end, 0.0, [1.0, 0.0])
    here.add_edge_parameterized(there, 0.0, [0.0, 1.0])
    there.add_edge_parameterized(end, 0.0, [1.0, -1.0])
    graph.update_parameterized_weights([1.0, 1.0])
    with pytest.raises(ValueError, match="never leave"):
        graph.ppf(0.9)


@pytest.mark.parametrize("order, error, must", [(-1, ValueError, ", at least 0"), (1.5, TypeError, "")])
def test_a_bad_order(coalescent, order, error, must):
    with pytest.raises(error, match=f"order is {order}: it must be a whole number{must}"):
        coalescent.moment(order)

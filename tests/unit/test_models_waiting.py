"""Models of waiting times in `phasic.models` against what is known of them in closed form.

Tolerance 1e-12 unless said otherwise: elimination never subtracts, and these chains have few states.
"""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from phasic import Graph
from phasic.models import (
    birth_death,
    coxian,
    erlang,
    hyper_erlang,
    mm1k_busy_period,
    repairable_system,
    tandem_queue,
)
from scipy.stats import gamma

from tests import models, strategies

TIMES = np.array([0.05, 0.4, 1.0, 3.0])


def at(graph, *theta):
    graph.update_parameterized_weights(theta)
    return graph


@given(st.integers(1, 20), strategies.rates())
def test_erlang_moments(k, rate):
    rising = [math.prod(range(k, k + m)) / rate**m for m in (1, 2, 3)]
    assert_allclose(at(erlang(k), rate).moments(3), rising, rtol=1e-12)


@given(st.integers(1, 20), strategies.rates())
def test_erlang_density(k, rate):
    graph = at(erlang(k), rate)
    # scipy's gamma density is good to about 1e-13 times the logarithms that it adds up
    assert_allclose(graph.pdf(TIMES, rtol=1e-13), gamma.pdf(TIMES, k, scale=1 / rate), rtol=1e-11)


def test_coxian_without_exits_before_the_last_phase_is_a_sum_of_phases():
    onward, last = [2.0, 3.0], 5.0
    graph = at(coxian(3), *onward, 0.0, 0.0, last)
    assert_allclose(graph.expectation(), 1 / 2 + 1 / 3 + 1 / 5, rtol=1e-12)


@given(st.lists(st.tuples(strategies.rates(), strategies.rates()), min_size=1, max_size=6))
def test_coxian_mean(rates):
    onward, exits = [a for a, _ in rates[:-1]], [b for _, b in rates]
    reached, mean = 1.0, 0.0
    for i, out in enumerate(exits):
        on = onward[i] if i < len(onward) else 0.0
        mean += reached / (on + out)
        reached *= on / (on + out)
    assert_allclose(at(coxian(len(exits)), *onward, *exits).expectation(), mean, rtol=1e-12)


def test_coxian_density_of_two_phases():
    on, out, last = 1.0, 0.5, 4.0
    first = np.exp(-(on + out) * TIMES)
    second = on * (np.exp(-(on + out) * TIMES) - np.exp(-last * TIMES)) / (last - on - out)
    graph = at(coxian(2), on, out, last)
    # the closed form subtracts two exponentials, and loses two digits at t = 0.05
    assert_allclose(graph.pdf(TIMES, rtol=1e-13), out * first + last * second, rtol=1e-12)


def test_hyper_erlang_moments():
    shapes, chances, rates = (1, 4, 2), (0.5, 0.25, 0.25), (0.3, 2.0, 9.0)
    moments = [
        math.fsum(
            p * math.prod(range(k, k + m)) / rate**m
            for k, p, rate in zip(shapes, chances, rates, strict=True)
        )
        for m in (1, 2, 3)
    ]
    assert_allclose(at(hyper_erlang(shapes, chances), *rates).moments(3), moments, rtol=1e-12)


def test_hyper_erlang_density():
    graph = at(hyper_erlang((1, 3), (0.25, 0.75)), 1.0, 6.0)
    mixture = 0.25 * gamma.pdf(TIMES, 1) + 0.75 * gamma.pdf(TIMES, 3, scale=1 / 6)
    assert_allclose(graph.pdf(TIMES, rtol=1e-13), mixture, rtol=1e-12)


@given(st.integers(1, 15), st.data(), strategies.rates(), strategies.rates())
def test_mean_time_to_extinction(n, data, birth, death):
    start = data.draw(st.integers(1, n))
    down = [
        math.fsum(birth ** (j - i) / (j * death ** (j - i + 1)) for j in range(i, n + 1))
        for i in range(1, start + 1)
    ]
    assert_allclose(at(birth_death(n, start=start), birth, death).expectation(), math.fsum(down), rtol=1e-12)


@given(st.integers(1, 20), strategies.rates(), strategies.rates())
def test_mean_busy_period(k, arrival, service):
    mean = math.fsum((arrival / service) ** i for i in range(k)) / service
    assert_allclose(at(mm1k_busy_period(k), arrival, service).expectation(), mean, rtol=1e-12)


def test_density_of_the_busy_period_with_much_room():
    arrival, service = 1.0, 2.0
    rho, speed = arrival / service, 2 * math.sqrt(arrival * service)
    bessel = [
        math.fsum(
            (speed * t / 2) ** (2 * m + 1) / math.factorial(m) / math.factorial(m + 1) for m in range(60)
        )
        for t in TIMES
    ]
    density = np.array(bessel) * np.exp(-(arrival + service) * TIMES) / (TIMES * math.sqrt(rho))
    # M/M/1 without a limit (Takács 1962); 60 customers within t = 3 have probability below 1e-30
    assert_allclose(at(mm1k_busy_period(60), arrival, service).pdf(TIMES, rtol=1e-13), density, rtol=1e-12)


@pytest.mark.parametrize("capacity", [1, 2, 4])
def test_tandem_queue_against_the_rule_written_another_way(capacity):
    other = Graph(callback=models.tandem_queue, capacity=capacity, arrival=1.0, service=(1.5, 1.25))
    graph = at(tandem_queue(capacity, capacity), 1.0, 1.5, 1.25)
    assert_allclose(graph.moments(3), other.moments(3), rtol=1e-12)


@pytest.mark.parametrize("k1", [1, 3, 6])
def test_a_blocked_tandem_queue_fills_up(k1):
    # nobody leaves the second server: k2 go there, k1 wait, and the next one is lost
    graph = at(tandem_queue(k1, 2), 0.5, 1e9, 0.0)
    # the first server is busy for 1e-9 of the time between arrivals
    assert_allclose(graph.expectation(), (k1 + 2 + 1) / 0.5, rtol=1e-8)


@given(strategies.rates(-2, 0), strategies.rates(-1, 2))
def test_mean_time_to_failure_of_one_of_two(failure, repair):
    mean = (3 * failure + repair) / (2 * failure**2)
    assert_allclose(at(repairable_system(2), failure, repair).expectation(), mean, rtol=1e-12)


@pytest.mark.parametrize("needed", [1, 2, 4])
def test_without_repair_components_fail_in_turn(needed):
    graph = at(repairable_system(4, needed=needed), 0.5, 0.0)
    mean = math.fsum(1 / (0.5 * i) for i in range(needed, 5))
    assert_allclose(graph.expectation(), mean, rtol=1e-12)


def test_two_repairers_of_three_components():
    failure, repair = 0.1, 2.0
    down = [1 / (3 * failure)]
    down.append((1 + repair * down[0]) / (2 * failure))
    down.append((1 + 2 * repair * down[1]) / failure)
    graph = at(repairable_system(3, repairers=2), failure, repair)
    assert_allclose(graph.expectation(), math.fsum(down), rtol=1e-12)


BAD = {
    "no phase": (lambda: erlang(0), "k is 0: it must be a whole number, at least 1"),
    "text": (lambda: coxian("two"), "k is 'two'"),
    "no branch": (lambda: hyper_erlang((), ()), r"shapes has shape \(0,\)"),
    "branch without a phase": (lambda: hyper_erlang((1, 0), (0.5, 0.5)), r"shapes\[1\] is 0"),
    "a probability too few": (lambda: hyper_erlang((1, 2), (1.0,)), r"probabilities has shape \(1,\)"),
    "half of the probability": (lambda: hyper_erlang((1, 2), (0.25, 0.25)), "probabilities sum to 0.5"),
    "start above n": (lambda: birth_death(3, start=4), "start is 4: it must be at most n, which is 3"),
    "no room": (lambda: mm1k_busy_period(0), "k is 0"),
    "no room at the second server": (lambda: tandem_queue(1, 0), "k2 is 0"),
    "more needed than there are": (lambda: repairable_system(2, needed=3), "needed is 3"),
    "nobody repairs": (lambda: repairable_system(2, repairers=0), "repairers is 0"),
}


@pytest.mark.parametrize("fault", BAD)
def test_bad_sizes_are_named(fault):
    make, message = BAD[fault]
    with pytest.raises(ValueError, match=message):
        make()

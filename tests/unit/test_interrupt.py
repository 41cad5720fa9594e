"""A signal stops long work within a second."""

import signal
import time

import numpy as np
import pytest
from phasic import Graph

from tests import models


class Interrupted(Exception):
    """Raised by the signal handler, as KeyboardInterrupt is by Ctrl-C."""


def seconds_until_stopped(work):
    """Seconds from the signal to the exception."""
    fired = []

    def handler(*_):
        raise Interrupted

    previous = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    start = time.perf_counter()
    try:
        with pytest.raises(Interrupted):
            work()
        fired.append(time.perf_counter() - start - 0.2)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, previous)
    return fired[0]


def test_exploring_an_endless_state_space():
    def endless(state):
        return [((1,), 1.0)] if len(state) == 0 else [((int(state[0]) + 1,), 1.0)]

    assert seconds_until_stopped(lambda: Graph(callback=endless, max_states=10**9)) < 1.0


def test_exploring_an_endless_state_space_by_batches():
    def endless(states):
        if len(states) == 0:
            return None, [[1]], [1.0]
        targets = np.concatenate([states * 2, states * 2 + 1]) & (2**31 - 1)
        return np.tile(np.arange(len(states)), 2), targets, np.ones(len(targets))

    assert seconds_until_stopped(lambda: Graph(callback=endless, batched=True, max_states=10**9)) < 1.0


def test_a_stiff_density():
    # about 2.6e7 steps around 121 states, a cycle too long for a contour: many seconds if it is not stopped
    def ring(state):
        if len(state) == 0:
            return [((1,), 1.0)]
        here = int(state[0])
        leaving = [((0,), 1e-3)] if here == 1 else []
        return [((here % 121 + 1,), 2.5e3), *leaving] if here else []

    graph = Graph(callback=ring)
    assert seconds_until_stopped(lambda: graph.pdf(1e4)) < 1.0


def test_a_large_count():
    # 2e7 steps: some three seconds if they are not stopped
    graph = Graph(callback=models.successes, r=1, p=1e-9)
    assert seconds_until_stopped(lambda: graph.pmf_discrete(20_000_000)) < 1.0

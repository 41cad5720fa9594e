"""Where a chain is when all time has passed, and how long it has been where."""

import math

import numpy as np
import pytest
from phasic import Graph

from tests import models


@pytest.fixture
def rabbits():
    graph = Graph(callback=models.rabbits_parameterised, n=3)
    graph.update_parameterized_weights([1.0, 2.0, 4.0])
    return graph


@pytest.fixture
def stuck():
    """A vertex that can be entered, and never left at its theta."""
    graph = Graph(1)
    here, there, end = (graph.find_or_create_vertex([i]) for i in range(3))
    graph.starting_vertex().add_edge(here, 1.0)
    here.add_edge_parameterized(end, 0.0, [1.0, 0.0])
    here.add_edge_parameterized(there, 0.0, [0.0, 1.0])
    there.add_edge_parameterized(end, 0.0, [1.0, -1.0])
    graph.update_parameterized_weights([1.0, 1.0])
    return graph


def test_nobody_is_left(rabbits):
    assert rabbits.state_probability(math.inf).tolist() == [0.0] * rabbits.vertices_length()


def test_accumulated_times_are_residence_times(rabbits):
    np.testing.assert_array_equal(
        rabbits.accumulated_visiting_time(math.inf), rabbits.expected_residence_time()
    )


def test_accumulated_times_grow_towards_their_limit(rabbits):
    before = rabbits.accumulated_visiting_time(200.0)
    np.testing.assert_allclose(before, rabbits.accumulated_visiting_time(math.inf), rtol=1e-11)


@pytest.mark.parametrize(
    "function", ["state_probability", "accumulated_visiting_time", "cumulative_incidence"]
)
def test_where_absorption_is_not_certain_there_is_no_limit(stuck, function):
    with pytest.raises(ValueError, match="never leave"):
        getattr(stuck, function)(math.inf)

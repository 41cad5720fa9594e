"""Hessians of log-likelihoods against fifty digits."""

import itertools

import jax
import mpmath
import numpy as np
import pytest
from phasic import Graph

from tests import models

DIGITS, STEP = 120, mpmath.mpf(10) ** -30  # differences of second order are then right to 50 digits
TIMES = np.array([0.05, 0.4, 1.5])


def rates(graph, theta):
    """Initial probabilities, the sub-intensity matrix of the ordinary vertices, and their exits."""
    rows = [vertex for vertex in graph.vertices() if vertex.edges() and vertex.index()]
    at = {vertex.index(): row for row, vertex in enumerate(rows)}
    matrix, alpha = mpmath.zeros(len(rows)), mpmath.zeros(1, len(rows))
    alpha[0] = mpmath.mpf(1)
    ends = mpmath.zeros(len(rows), 1)
    for vertex in rows:
        row = at[vertex.index()]
        for to, _, coefficients in models.rabbits_parameterised(vertex.state(), n=2):
            weight = mpmath.fsum(mpmath.mpf(c) * t for c, t in zip(coefficients, theta, strict=True))
            target = at.get(graph.find_vertex(list(to)).index())
            matrix[row, row] -= weight
            if target is None:
                ends[row] += weight
            else:
                matrix[row, target] += weight
    return alpha, matrix, ends


def log_likelihood(graph, theta):
    alpha, matrix, ends = rates(graph, theta)
    return mpmath.fsum(
        mpmath.log((alpha * mpmath.expm(matrix * mpmath.mpf(time), method="taylor") * ends)[0])
        for time in TIMES
    )


@pytest.mark.parametrize("theta", [(1.0, 2.0, 4.0), (0.02, 3.0, 30.0)])
def test_a_hessian_is_right_to_eight_digits_in_every_entry(theta):
    graph = Graph(callback=models.rabbits_parameterised, n=2)
    given = jax.hessian(graph.model().log_likelihood)(np.array(theta), TIMES)
    exact = np.empty((3, 3))
    with mpmath.workdps(DIGITS):
        steps = {}
        for signs in itertools.product((-1, 0, 1), repeat=3):
            if sum(map(abs, signs)) <= 2:
                moved = [mpmath.mpf(t) + s * STEP for t, s in zip(theta, signs, strict=True)]
                steps[signs] = log_likelihood(graph, moved)
        unit = np.eye(3, dtype=int)
        for i, j in itertools.product(range(3), repeat=2):
            if i == j:
                above, below = steps[tuple(unit[i].tolist())], steps[tuple((-unit[i]).tolist())]
                exact[i, i] = float((above - 2 * steps[0, 0, 0] + below) / STEP**2)
            else:
                corners = {
                    (a, b): steps[tuple((a * unit[i] + b * unit[j]).tolist())]
                    for a in (-1, 1)
                    for b in (-1, 1)
                }
                total = corners[1, 1] - corners[1, -1] - corners[-1, 1] + corners[-1, -1]
                exact[i, j] = float(total / (4 * STEP**2))
    assert np.max(np.abs(np.asarray(given) / exact - 1)) < 1e-8

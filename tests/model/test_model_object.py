"""Models as objects: pytrees that share programs, survive pickling, and can be mapped over."""

import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from phasic import Graph

from tests import models

THETA = np.array([1.5])
DATA = np.array([0.3, 1.7, 0.9])


def erlang(k):
    return Graph(callback=models.erlang_parameterised, k=k).model()


@pytest.fixture(scope="module")
def model():
    return erlang(3)


def test_a_model_pickles_in_its_own_process(model):
    loaded = pickle.loads(pickle.dumps(model))
    assert_array_equal(loaded.log_likelihood(THETA, DATA), model.log_likelihood(THETA, DATA))


def test_a_pickled_model_is_small(model):
    # a hash and shapes, not the trace
    assert len(pickle.dumps(model)) < 1000


def test_a_model_flattens_and_unflattens(model):
    leaves, structure = jax.tree_util.tree_flatten(model)
    again = jax.tree_util.tree_unflatten(structure, leaves)
    assert_array_equal(again.log_likelihood(THETA, DATA), model.log_likelihood(THETA, DATA))


def test_one_program_serves_every_theta(model):
    compiled = []

    @jax.jit
    def value(theta):
        compiled.append(1)
        return model.log_likelihood(theta, DATA)

    for rate in (0.5, 1.0, 2.0):
        value(np.array([rate]))
    assert len(compiled) == 1


def test_one_program_serves_models_of_the_same_shape():
    compiled = []

    @jax.jit
    def value(model, theta):
        compiled.append(1)
        return model.log_likelihood(theta, DATA)

    def faster(state, factor):
        return (
            [(to, base, [factor * c[0]]) for to, base, c in models.erlang_parameterised(state, k=3)]
            if len(state)
            else [((1,), 1.0)]
        )

    for factor in (1.0, 2.0, 3.0):
        value(Graph(callback=faster, factor=factor).model(), THETA)
    assert len(compiled) == 1


def test_models_sharing_a_program_keep_their_own_answers():
    value = jax.jit(lambda model, theta: model.log_likelihood(theta, DATA))
    branches = [
        [(0, 1, 0.0, (1.0,)), (1, 2, 0.0, (1.0,))],
        [(0, 1, 0.0, (2.0,)), (1, 2, 0.0, (3.0,))],
    ]
    graphs = [models.EdgeModel(2, 1, {0: 1.0}, edges, p=1).graph() for edges in branches]
    got = [float(value(graph.model(), THETA)) for graph in graphs]
    assert_allclose(got, [graph.log_likelihood(THETA, DATA) for graph in graphs], rtol=1e-14)


def test_vmap_over_models():
    graphs = [
        models.EdgeModel(2, 1, {0: 1.0}, [(0, 1, 0.0, (c,)), (1, 2, 0.0, (1.0,))], p=1).graph()
        for c in (1.0, 2.0, 5.0)
    ]
    singles = [graph.model() for graph in graphs]
    stacked = jax.tree_util.tree_map(lambda *leaves: jnp.stack(leaves), *singles)
    mapped = jax.vmap(lambda model: model.log_likelihood(THETA, DATA))(stacked)
    assert_array_equal(mapped, jnp.stack([m.log_likelihood(THETA, DATA) for m in singles]))


def test_a_model_outlives_its_graph():
    value = erlang(4).log_likelihood(THETA, DATA)
    expected = Graph(callback=models.erlang_parameterised, k=4).log_likelihood(THETA, DATA)
    assert_allclose(value, expected, rtol=1e-14)


def test_discrete_and_continuous_models_of_one_graph_differ():
    graph = Graph(callback=models.erlang_parameterised, k=1)
    discrete = graph.model(discrete=True).log_likelihood(np.array([0.25]), np.array([3.0]))
    continuous = graph.model().log_likelihood(np.array([0.25]), np.array([3.0]))
    expected = [np.log(0.25 * 0.75**2), np.log(0.25) - 0.75]
    assert_allclose([discrete, continuous], expected, rtol=1e-10)  # default tolerance of the density

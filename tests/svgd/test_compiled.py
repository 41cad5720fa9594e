"""What is compiled takes data, prior and model as arguments, and calls nothing on the host."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from phasic import Graph
from phasic._pytree import node_types
from phasic.svgd import SVGD, Gamma, Kernel, svgd
from phasic.svgd._map import ThetaTarget
from phasic.svgd._prepare import make_target
from phasic.svgd._start import Whitening
from phasic.svgd._step import ADAM, init, step

from tests import models
from tests.model.programs import primitives
from tests.svgd.standins import TRACES, Erlang

VALUES = np.random.RandomState(0).exponential(1.0, size=100)
PRIOR = Gamma(2.0, 2.0)


def compilations(model, values, prior, **options):
    """How often the model was traced for this fit, and the fit's mean."""
    before = TRACES["count"]
    mean = svgd(model, values, prior=prior, **options).mean[0]
    return TRACES["count"] - before, mean


@pytest.fixture(scope="module", autouse=True)
def first_fit():
    svgd(Erlang(), VALUES, prior=PRIOR)


def test_other_data_of_the_same_shape_give_their_answer_from_the_same_program():
    values = VALUES / 8.0
    traced, mean = compilations(Erlang(), values, PRIOR)
    assert traced == 0
    assert mean == pytest.approx(102.0 / (2.0 + values.sum()), rel=1e-3)


def test_data_of_a_nearby_size_share_the_program():
    traced, mean = compilations(Erlang(), VALUES[:70], PRIOR)
    assert traced == 0
    assert mean == pytest.approx(72.0 / (2.0 + VALUES[:70].sum()), rel=1e-3)


def test_another_prior_of_the_same_kind_gives_its_answer_from_the_same_program():
    traced, mean = compilations(Erlang(), VALUES, Gamma(40.0, 2.0))
    assert traced == 0
    assert mean == pytest.approx(140.0 / (2.0 + VALUES.sum()), rel=1e-3)


def test_another_key_of_the_model_gives_its_answer_from_the_same_program():
    traced, mean = compilations(Erlang(key=np.float64(3.0)), VALUES, PRIOR)
    assert traced == 0
    assert mean == pytest.approx(102.0 / (2.0 + 3.0 * VALUES.sum()), rel=1e-3)


@pytest.mark.parametrize("options", [{"seed": 5}, {"n_iterations": 40}, {"learning_rate": 0.1}])
def test_run_options_share_the_program(options):
    assert compilations(Erlang(), VALUES, PRIOR, **options)[0] == 0


def test_another_prior_function_is_another_program_with_its_answer():
    means = [compilations(Erlang(), VALUES, lambda theta, r=r: -r * theta[0])[1] for r in (1.0, 90.0)]
    np.testing.assert_allclose(means, [101.0 / (r + VALUES.sum()) for r in (1.0, 90.0)], rtol=1e-3)


@pytest.mark.parametrize("real", [False, True], ids=["stand-in", "graph"])
def test_the_step_calls_nothing_on_the_host(real):
    model = Graph(callback=models.erlang_parameterised, k=2).model() if real else Erlang()
    target = make_target(model, VALUES, None, prior=PRIOR, dim=1)
    x = np.linspace(-1.0, 1.0, 8)[:, None]
    state = init(x, -x, np.zeros(8), ADAM)
    whitening = Whitening(np.zeros(1), np.eye(1))
    names = set(primitives(jax.make_jaxpr(lambda s: step(target, whitening, Kernel(), s, 0.1))(state).jaxpr))
    assert "dot_general" in names
    assert ("ffi_call" in names) == real
    assert not [name for name in names if "callback" in name]


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Cliff(Erlang):
    """Not a number above a rate of 1.1."""

    def log_likelihood(self, theta, values, weights):
        inside = super().log_likelihood(theta, values, weights)
        return jax.numpy.where(theta[0] < 1.1, inside, jax.numpy.nan)


def test_particles_without_a_finite_score_stay_and_are_counted():
    posterior = svgd(Cliff(), VALUES, prior=PRIOR)
    assert (posterior.particles < 1.1).all()
    assert posterior.diagnostics["rejected_moves"] > 0
    assert not posterior.converged
    assert "could not move" in posterior.reason


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Squared:
    """Exponential times seen as their squares: the model `Plain` has the same fields."""

    power: Any

    n_parameters = 1

    def log_likelihood(self, theta, values, weights):
        return jnp.sum(weights * (jnp.log(theta[0]) - theta[0] * values**self.power))


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Plain(Squared):
    """The same fields without their effect."""

    def log_likelihood(self, theta, values, weights):
        return jnp.sum(weights * (jnp.log(theta[0]) - theta[0] * values))


def test_models_of_equal_fields_are_of_other_structure():
    # JAX calls structures of dataclasses equal whatever their types: a program of the other might be run.
    one, other = (svgd_target(model(np.float64(2.0))) for model in (Squared, Plain))
    assert jax.tree.structure(one) != jax.tree.structure(other)
    assert jax.tree.structure(one) == jax.tree.structure(svgd_target(Squared(np.float64(3.0))))


def test_densities_of_theta_of_models_of_equal_fields_are_of_other_structure():
    one, other = (ThetaTarget.of(svgd_target(model(np.float64(2.0)))) for model in (Squared, Plain))
    assert jax.tree.structure(one) != jax.tree.structure(other)
    assert jax.tree.structure(one) != jax.tree.structure(svgd_target(Squared(np.float64(2.0))))


def svgd_target(model):
    return SVGD(model, [1.0, 2.0], prior=Gamma(2.0, 1.0))._target


def test_types_of_a_tree_are_told_from_the_top():
    tree = (Squared(1.0), [Plain(2.0), None])
    assert node_types(tree)[:3] == (tuple, Squared, list)
    assert Plain in node_types(tree)
    assert node_types(np.ones(3)) == ()

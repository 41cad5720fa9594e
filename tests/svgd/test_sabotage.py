"""The bars catch what no monitor can see: a wrong density, which particles may fit perfectly.

Each test breaks a fit on purpose and shows that the bars of `test_accuracy` or `test_parts` would fail.
"""

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from phasic.svgd import SVGD, Gamma, LogNormal, svgd
from phasic.svgd import _run as run
from phasic.svgd._modes import Modes
from phasic.svgd._transform import Transform

from tests.svgd.cases import case
from tests.svgd.standins import Hypoexponential

BAR = 0.03  # posterior standard deviations


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class NoJacobian(Transform):
    """Leaves the change of variables out of the density."""

    kinds: tuple[str, ...] = field(metadata={"static": True})
    low: Any
    high: Any

    def log_jacobian(self, z):
        return jnp.sum(0.0 * z, axis=-1)


def test_a_missing_jacobian_moves_the_mean_beyond_the_bar():
    c = case("exponential, 5 observations")
    fit = SVGD(c.model, c.values, prior=c.prior)
    plain = fit._target.transform
    fit._target = dataclasses.replace(fit._target, transform=NoJacobian(plain.kinds, plain.low, plain.high))
    wrong = fit.fit().posterior
    # Without the Jacobian the shape of the gamma posterior is 1 less.
    assert abs(wrong.mean[0] - c.mean[0]) > BAR * c.sd[0]


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Floored:
    """Exponential times whose density never falls below 1e-10."""

    n_parameters = 1

    def log_likelihood(self, theta, values, weights):
        density = theta[0] * jnp.exp(-theta[0] * values)
        return jnp.sum(weights * jnp.log(jnp.maximum(density, 1e-10)))


def test_a_floor_in_the_density_moves_the_mean_beyond_the_bar():
    values = np.append(np.random.RandomState(3).exponential(size=200), 60.0)
    shape, rate = 2.0 + values.size, 1.0 + values.sum()
    wrong = svgd(Floored(), values, prior=Gamma(2.0, 1.0))
    assert abs(wrong.mean[0] - shape / rate) > BAR * np.sqrt(shape) / rate


def test_a_mode_that_the_search_loses_is_missed_by_its_share(monkeypatch: pytest.MonkeyPatch):
    search = run.search

    def loses(*arguments):
        found = search(*arguments)
        return Modes(found.z[:1], found.log_density[:1], found.precision[:1], np.ones(1))

    monkeypatch.setattr(run, "search", loses)
    random = np.random.RandomState(1000)
    values = random.exponential(1.0, size=1000) + random.exponential(0.25, size=1000)
    wrong = svgd(Hypoexponential(), values, prior=LogNormal(0.5, 0.6))
    assert abs(np.mean(wrong.particles[:, 0] > wrong.particles[:, 1]) - 0.5) > 0.05


def test_data_that_a_cached_program_kept_would_be_seen():
    c = case("exponential, 5 observations")
    first, second = (svgd(c.model, scale * c.values, prior=c.prior) for scale in (1.0, 8.0))
    # Both run one program. Had it kept the first data, the second answer would be the first.
    assert abs(first.mean[0] - second.mean[0]) > BAR * c.sd[0]
    exact = (2.0 + c.values.size) / (2.0 + 8.0 * c.values.sum())
    assert abs(second.mean[0] - exact) < BAR * exact / np.sqrt(2.0 + c.values.size)

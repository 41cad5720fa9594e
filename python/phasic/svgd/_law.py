"""The laws behind a fit's observations, one for each kind: their functions, and draws from them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from phasic import _core
from phasic._epoch_inverse import quantiles
from phasic._epoch_model import EpochModel
from phasic._model import Model
from phasic.svgd._rewarded import RewardedModel

Floats = NDArray[np.float64]

#: Functions of a law and what a discrete model calls them; those with a `log` before them exist as well.
_DISCRETE = {"pdf": "pmf", "cdf": "cdf_discrete", "sf": "sf_discrete"}
FUNCTIONS = tuple(_DISCRETE)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Law:
    """The law of an absorption time, a count or an accumulated reward. A pytree.

    Attributes:
        model: A `phasic.Model`, or an `EpochModel`; counts have the rewards in it.
        row: (n_vertices,) in the graph's order, the reward of a continuous model; None for its time.
    """

    model: Any
    row: Any

    @property
    def discrete(self) -> bool:
        """Whether observations are counts."""
        return bool(self.model.discrete)

    def curve(self, name: str, theta: Any, at: Any) -> Any:
        """ "pdf", "cdf", "sf" or the logarithm ("logpdf", …) of one, at `at` (m,), for one theta (p,).

        The "pdf" of counts is their probability.
        """
        if self.row is not None:
            return getattr(self.model, f"{name}_reward")(theta, at, self.row)
        if not self.discrete:
            return getattr(self.model, name)(theta, at)
        if name == "logpdf":
            return self.model.logpmf(theta, at)
        value = getattr(self.model, _DISCRETE[name.removeprefix("log")])(theta, at)
        return jnp.log(value) if name.startswith("log") else value


def laws(model: Any) -> tuple[Law, ...]:
    """The law of each kind of observation of `model`; none if it is not phasic's."""
    if isinstance(model, Model | EpochModel):
        return (Law(model, None),)
    if not isinstance(model, RewardedModel) or model.model is None:
        return ()
    return tuple(
        Law(time, None) if time is not None else _marginal(model.model, row)
        for row, time in zip(model.rewards, model.times, strict=True)
    )


def _marginal(model: Model, row: Any) -> Law:
    if not model.discrete:
        return Law(model, row)
    return Law(dataclasses.replace(model, rewards=model._row(row), tables=None), None)


def law_quantiles(law: Law, theta: Floats, p: Floats) -> Floats:
    """Quantiles (m,) of a law at one theta (p,)."""
    if isinstance(law.model, EpochModel):
        return EpochSimulator(law.model).quantiles(theta, p)
    trace, theta = law.model.trace(), np.ascontiguousarray(theta)
    if law.row is not None:
        original = np.asarray(law.model.original)
        builder = trace.reward_transform(theta, np.asarray(law.row, np.float64)[original])
        trace, theta = builder.freeze().record(), np.empty(0)
    if law.discrete:
        rewards = np.asarray(law.model.rewards, np.float64)
        return np.asarray(trace.discrete_quantile(theta, p, rewards))
    return np.asarray(trace.quantile(theta, p, False, law.model.rtol))


class Simulator:
    """Exact draws from a law at one theta after the other."""

    def __init__(self, law: Law) -> None:
        trace = law.model.trace()
        source, target, base, coefficients = trace.edges()
        builder = _core.GraphBuilder(1)
        for vertex in range(1, trace.n_vertices):
            builder.find_or_create([vertex])
        for edge in zip(source.tolist(), target.tolist(), base.tolist(), coefficients, strict=True):
            builder.add_edge(*edge)
        builder.normalized = trace.normalized
        self._frozen = builder.freeze()
        self._discrete = law.discrete
        rewards = np.asarray(law.model.rewards if law.row is None else law.row, np.float64)
        if law.row is not None:
            rewards = rewards[np.asarray(law.model.original)]
        # Rewards are in the trace's order, and the sampler takes them in that of the graph made here.
        self._rewards = rewards[self._frozen.original()] if rewards.size else None

    def draw(self, theta: Floats, n: int, seed: np.random.SeedSequence) -> Floats:
        """`n` independent draws at `theta` (p,)."""
        sampler = _core.Sampler(self._frozen, np.ascontiguousarray(theta), discrete=self._discrete)
        key = np.random.default_rng(seed).bytes(32)
        if self._rewards is None:
            times = np.empty(n)
            sampler.times(key, times)
            return times
        totals = np.empty((n, 1))
        if n:
            sampler.rewards(key, self._rewards, totals)
        return totals[:, 0]


class EpochSimulator:
    """Draws from a law with epochs at one theta after the other: quantiles at uniform numbers."""

    def __init__(self, model: EpochModel) -> None:
        self._model = model
        self._trace = model.model.trace()

    def draw(self, theta: Floats, n: int, seed: np.random.SeedSequence) -> Floats:
        """`n` independent draws at `theta` (p,)."""
        return self.quantiles(theta, np.random.default_rng(seed).random(n))

    def quantiles(self, theta: Floats, p: Floats) -> Floats:
        """Quantiles (m,) at `theta` (p,)."""
        law = self._model.law(theta)
        thetas, starts = np.asarray(law.thetas, np.float64), np.asarray(law.starts, np.float64)
        epochs: list[Any] = [(at, self._trace, row, None) for at, row in zip(starts, thetas, strict=True)]
        return quantiles(_core.Epochs(epochs, law.rtol), starts, p)


def simulator(law: Law) -> Simulator | EpochSimulator:
    """What draws from a law."""
    return EpochSimulator(law.model) if isinstance(law.model, EpochModel) else Simulator(law)

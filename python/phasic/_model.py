"""`Model`: a graph's law as functions of JAX. This module imports JAX."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from numpy.typing import NDArray

from phasic import _check, _core, _ffi, _native, _saved, _trace
from phasic._epoch_law import EpochLaw
from phasic._epoch_model import EpochModel
from phasic._laws import Laws
from phasic._observations import Observations
from phasic._pytree import narrowed


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class Model(Laws):
    """The law of a graph as functions of JAX, differentiable in theta.

    A pytree: its leaves are the content hash of the trace, the rewards and the order of the vertices, so one
    compiled program serves every model of the same shapes, and no program contains a graph. Pickles without
    the trace, which comes from the cache. Made by `Graph.model`.

    Functions work under jit, vmap (over any argument), scan and shard_map. They compute in float64 whatever
    the arguments' type; results have the type of theta. Unless they say otherwise, they are differentiable
    twice in theta and in their times or arguments, by forward and reverse mode in any nesting, and once in
    rewards. A theta that makes a rate negative, or at which absorption is not certain, gives NaN.

    Rewards are one per vertex, in the order of the graph's `vertices()`. Times have the unit of one over the
    rates.

    Attributes:
        key: The trace's content hash, (8,) uint32.
        rewards: (n_vertices,) in the trace's order, or (0,) for none.
        original: (n_vertices,) int32: where the trace's vertices are in the graph.
        tables: The graph as arrays, for platforms without custom calls; None for the CPU alone.
        n_parameters: Length p of theta.
        n_vertices: Vertices of the trace.
        discrete: Whether data are whole rewards collected step by step, instead of absorption times.
        rtol: Relative truncation error of a density.

    Example:
        >>> model = phasic.models.kingman(4).model()
        >>> theta = jnp.array([2.0])
        >>> mean, slope = jax.value_and_grad(model.expectation)(theta)  # of 2 (1 − 1/4) / theta
        >>> round(float(mean), 4), round(float(slope[0]), 4)
        (0.75, -0.375)
    """

    key: Any
    rewards: Any
    original: Any
    tables: Any
    n_parameters: int = field(metadata={"static": True})
    n_vertices: int = field(metadata={"static": True})
    discrete: bool = field(metadata={"static": True})
    rtol: float = field(metadata={"static": True})

    @classmethod
    def _of(
        cls,
        trace: _core.Trace,
        rewards: NDArray[np.float64],
        original: NDArray[np.integer[Any]],
        *,
        discrete: bool,
        rtol: float,
        portable: bool = False,
    ) -> Model:
        """The model of a trace, registered so that compiled programs find it."""
        trace.register()
        if portable and discrete:
            raise ValueError("portable=True is for laws in time: discrete=True has the custom call alone")
        tables = _native.tables(trace) if portable else None
        # Arrays on the device, also while a function is being traced: NumPy arrays are copied at every call.
        # device_put compiles nothing, as jnp.asarray does.
        with jax.ensure_compile_time_eval():
            key = jax.device_put(_ffi.key_words(trace.key))
            order = jax.device_put(np.asarray(original, dtype=np.int32))
            # Rewards stay as they are: JAX would round them where its x64 mode is off.
            row = rewards if len(rewards) else jax.device_put(np.zeros(0, np.float32))
        return cls(key, row, order, tables, trace.n_parameters, trace.n_vertices, discrete, rtol)

    def log_likelihood(
        self, theta: ArrayLike, values: ArrayLike | Observations, weights: ArrayLike | None = None
    ) -> Array:
        """Sum over observations of weight · log density, or log probability.

        Works under jit, grad and vmap (over theta, data and models). Computed in float64 whatever the
        arguments' type; the result has the type of theta.

        Args:
            theta: (p,). A negative rate gives -inf, NaN gives NaN.
            values: (m,) times ≥ 0, or whole counts for a discrete model; or `phasic.Observations`, a pytree
                whose arrays are data: one compiled program serves all of the same number of rows, whatever
                their censoring.
            weights: (m,) multiplicities, 0 for padding; default 1 each. None for `Observations`.

        Returns:
            A scalar.

        Raises:
            ValueError: A shape does not fit; given and expected shapes are named. Outside of compiled
                functions also if theta makes a rate negative or an observation is impossible.

        Example:
            >>> model = phasic.models.kingman(2).model()
            >>> round(float(model.log_likelihood([2.0], [0.5, 1.0])), 4)  # 2 log(2) − 2 · (0.5 + 1)
            -1.6137
        """
        theta = self._theta(theta)
        if isinstance(values, Observations):
            if weights is not None:
                raise ValueError("weights belong into the observations: they have their own")
            seen = narrowed(values, jax.dtypes.canonicalize_dtype(np.float64))
            lower, upper, weights = (
                jnp.asarray(seen.lower),
                jnp.asarray(seen.upper),
                jnp.asarray(seen.weights),
            )
        else:
            lower = upper = jnp.asarray(values)
            weights = jnp.ones(lower.shape, theta.dtype) if weights is None else jnp.asarray(weights)
        if lower.ndim != 1:
            raise ValueError(f"values has shape {lower.shape}, but one dimension is needed")
        if weights.shape != lower.shape:
            raise ValueError(f"weights has shape {weights.shape}, but values has shape {lower.shape}")
        if not any(isinstance(each, jax.core.Tracer) for each in (self.key, theta, lower, weights)):
            self._check(np.asarray(theta, np.float64), values, weights)
        return _ffi.log_likelihood(
            self.key,
            theta,
            lower,
            upper,
            weights,
            self.rewards,
            discrete=self.discrete,
            rtol=self.rtol,
            tables=self.tables,
        )

    def _for_data(self) -> Model:
        """The model with what `log_likelihood` needs alone, so that one program serves models of any size."""
        return replace(self, original=np.zeros(0, np.int32), n_vertices=0)

    def epochs(self, thetas: ArrayLike, starts: ArrayLike) -> EpochLaw:
        """The law with another theta from each start on; see `phasic.EpochLaw`.

        Args:
            thetas: (e, p): of each epoch.
            starts: (e,): when each begins, from 0 on and increasing; the last never ends.

        Raises:
            ValueError: A shape does not fit, or, outside of compiled functions, the starts do not increase
                from 0; or the model is discrete.

        Example:
            >>> law = phasic.models.kingman(2).model().epochs([[1.0], [4.0]], [0.0, 1.0])
            >>> round(float(law.sf(2.0)), 4)  # exp(−1 − 4)
            0.0067
        """
        self._must_be_continuous("epochs")
        given, at = jnp.asarray(thetas), jnp.asarray(starts)
        if given.ndim != 2 or given.shape[1] != self.n_parameters or not len(given):
            raise ValueError(
                f"thetas has shape {given.shape}, but the model needs (e, {self.n_parameters}), "
                "a row for each epoch"
            )
        if at.shape != given.shape[:1]:
            raise ValueError(f"starts has shape {at.shape}, but thetas has {len(given)} rows")
        if not isinstance(at, jax.core.Tracer) and (at[0] != 0 or not (jnp.diff(at) > 0).all()):
            raise ValueError(f"starts are {at.tolist()}: they must increase, from 0 on")
        return EpochLaw(self.key, self.original, given, at, self.n_vertices, self.rtol)

    def epoch_model(self, rule: Callable[[Any], tuple[Any, Any]]) -> EpochModel:
        """The model whose parameters say how theta changes in time; see `phasic.EpochModel`.

        Args:
            rule: A function of JAX: from the parameters (p,) to `(thetas (e, q), starts (e,))`, as `epochs`
                takes them.

        Raises:
            ValueError: The model is discrete.
            TypeError: The rule is no function.

        Example:
            >>> def growth(theta):  # the rate of a pair of lineages, and its factor at each whole time
            ...     return theta[0] * theta[1] ** jnp.arange(4.0)[:, None], jnp.arange(4.0)
            >>> model = phasic.models.kingman(2).model().epoch_model(growth)
            >>> round(float(model.sf([1.0, 2.0], 2.0)), 4)  # exp(−1 − 2)
            0.0498
        """
        self._must_be_continuous("epoch_model")
        if not callable(rule):
            raise TypeError(f"rule must be a function of theta that returns (thetas, starts), not {rule!r}")
        return EpochModel(self, rule)

    def _check(
        self, theta: NDArray[np.float64], values: ArrayLike | Observations, weights: ArrayLike
    ) -> None:
        """Raise where a compiled program could only answer -inf or NaN."""
        if not isinstance(values, Observations):
            used = np.asarray(weights) != 0
            (_check.counts if self.discrete else _check.times)("values", np.where(used, values, 0))
        elif self.discrete:
            values._must_be_whole("values")
        trace = _core.Trace.registered(_hex(self.key))
        if trace is not None:
            trace.defect(theta)

    def trace(self) -> _core.Trace:
        """The recorded elimination.

        Raises:
            LookupError: Neither this process nor its cache holds it.

        Example:
            >>> trace = phasic.models.kingman(4).model().trace()
            >>> trace.n_vertices, trace.n_parameters  # 4 to 1 lineages, and the starting vertex
            (5, 1)
        """
        return _core.Trace.registered(_hex(self.key)) or _found(_hex(self.key))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model with its trace to a file of its own, whole or not at all.

        The file is data that is checked when read, and never a pickle; `Model.load` reads it.

        Args:
            path: Where to write; a file that is there is replaced.

        Raises:
            OSError: The file cannot be written.
            LookupError: Neither this process nor its cache holds the trace.

        Example:
            >>> phasic.models.erlang(3).model().save("stay.phasic")
            >>> round(float(phasic.Model.load("stay.phasic").expectation([2.0])), 4)
            1.5
        """
        trace = self.trace()
        rewards, original = np.asarray(self.rewards, np.float64), np.asarray(self.original, np.int32)
        _saved.write(path, _saved.Parts(trace, rewards, original, self.discrete, self.rtol))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Model:
        """The model that `save` wrote, in any process and without any cache.

        It is one for the CPU, also if the saved one had tables for other platforms.

        Raises:
            ModelFormatError: The file is no model, is damaged or of a version that this one cannot read.
            OSError: The file cannot be read.

        Example:
            >>> phasic.models.coxian(2).model().save("coxian.phasic")
            >>> model = phasic.Model.load("coxian.phasic")
            >>> model.n_parameters, model.n_vertices
            (3, 4)
        """
        trace, rewards, original, discrete, rtol = _saved.read(path)
        return cls._of(trace, rewards, original, discrete=discrete, rtol=rtol)

    def __repr__(self) -> str:
        from phasic import _reprs

        return _reprs.model_line(self)

    def _repr_html_(self) -> str:
        from phasic import _reprs

        return _reprs.model(self)

    def __reduce__(self) -> tuple[Any, ...]:
        rewards = np.asarray(self.rewards, dtype=np.float64).tobytes()
        original = np.asarray(self.original, dtype=np.int32).tobytes()
        portable = self.tables is not None
        return _restore, (_hex(self.key), rewards, original, self.discrete, self.rtol, portable)


def _hex(key: Any) -> str:
    return np.asarray(key, dtype="<u4").tobytes().hex()


def _restore(key: str, rewards: bytes, original: bytes, discrete: bool, rtol: float, portable: bool) -> Model:
    """The model with this key. Its trace is read from the cache.

    Raises:
        LookupError: No cache of this machine holds the trace.
    """
    trace = _found(key)
    order = np.frombuffer(original, dtype=np.int32)
    return Model._of(trace, np.frombuffer(rewards), order, discrete=discrete, rtol=rtol, portable=portable)


def _found(key: str) -> _core.Trace:
    trace = _trace.load(key)
    if trace is None:
        raise LookupError(
            f"the trace {key} of this model is in no cache here: build its graph once in any process with "
            "this cache (graph.model()), or set PHASIC_CACHE_DIR to the cache of the process that pickled it"
        )
    return trace

"""Random samples of a graph at its parameters: times, rewards, paths, and where it is at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from phasic import _check, _core
from phasic._check import Doubles
from phasic._structure import Structure

Whole = NDArray[np.int64]

#: What a sample may be seeded with, as for `numpy.random.default_rng`.
Seed: TypeAlias = (
    int | Sequence[int] | np.random.SeedSequence | np.random.BitGenerator | np.random.Generator | None
)

#: Largest whole number up to which a float64 holds all.
_EXACT = 2**53


class Path(dict[str, Any]):
    """One way through a graph; as a dictionary of `vertex_indices` and `entry_times`, too.

    Attributes:
        vertices: (length,) indices of vertices: the starting vertex, then every vertex entered, the absorbing
            one last. The starting vertex alone if the chain never starts.
        times: (length,) when each is entered, in steps for a discrete chain; the last is the absorption time.
    """

    def __init__(self, vertices: Whole, times: Doubles | Whole) -> None:
        super().__init__(vertex_indices=vertices, entry_times=times)
        self.vertices = vertices
        self.times = times

    def __reduce__(self) -> tuple[type[Path], tuple[Whole, Doubles | Whole]]:
        return Path, (self.vertices, self.times)


@dataclass(frozen=True)
class Paths(Sequence[Path]):
    """Many paths, packed one after the other; `paths[i]` is a `Path`.

    Attributes:
        offsets: (n + 1,); path i has the entries `offsets[i]:offsets[i + 1]` of the others.
        vertices: Indices of vertices.
        times: When each is entered.
    """

    offsets: Whole
    vertices: Whole
    times: Doubles | Whole

    def __len__(self) -> int:
        return self.offsets.size - 1

    @overload
    def __getitem__(self, index: int) -> Path: ...
    @overload
    def __getitem__(self, index: slice) -> list[Path]: ...
    def __getitem__(self, index: int | slice) -> Path | list[Path]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        place = _check.position("index", index)
        if not -len(self) <= place < len(self):
            raise IndexError(f"path {place} does not exist: there are {len(self)}")
        start, end = self.offsets[place % len(self)], self.offsets[place % len(self) + 1]
        return Path(self.vertices[start:end], self.times[start:end])

    def __iter__(self) -> Iterator[Path]:
        return (self[i] for i in range(len(self)))


class Samples(Structure):
    """Random samples at a graph's parameters; see `phasic.Graph`."""

    _kept_sampler: tuple[_core.FrozenGraph, Doubles | None, bool, _core.Sampler] | None = None

    def sample(
        self,
        n: int = 1,
        rewards: ArrayLike | None = None,
        validate_rewards: bool = True,
        *,
        seed: Seed = None,
    ) -> Doubles:
        """Absorption times, or rewards accumulated until absorption.

        Every draw is an exact simulation, and needs no elimination: memory is linear in the edges, and a draw
        costs some nanoseconds for each vertex on its way. A seed gives the same bytes at any number of
        threads, and the first draws of a long sample are those of a short one.

        Args:
            n: How many.
            rewards: (n_vertices,) per unit of time, or (k, n_vertices) for k rewards of the same path; any
                numbers.
            validate_rewards: Means nothing: they always are.
            seed: As for `numpy.random.default_rng`: None for a fresh sample, a whole number or a
                `SeedSequence` for the same sample each time, or a `Generator`, which moves on.

        Returns:
            An array of shape (n,), or (n, k) for k rewards. 0 with the probability `defect()`.

        Raises:
            ValueError: An argument is not what it must be, or
                absorption is not certain: a vertex can be entered, and never left, at these parameters.

        Example:
            >>> graph = phasic.models.kingman(4)
            >>> graph.update_parameterized_weights([1.0])
            >>> times = graph.sample(100_000, seed=1)
            >>> bool(abs(times.mean() - 1.5) < 0.02)
            True
        """
        return self._drawn(n, rewards, key(seed), discrete=False)

    def sample_discrete(
        self, n: int = 1, rewards: ArrayLike | None = None, *, seed: Seed = None
    ) -> Doubles | Whole:
        """Numbers of steps of the discrete chain until absorption, or rewards collected per step.

        Weights are probabilities as for `pmf_discrete`. The cost does not depend on how long a vertex is
        stayed in.

        Args:
            n: How many.
            rewards: (n_vertices,) per step, or (k, n_vertices) for k rewards of the same path; any numbers.
            seed: As for `sample`.

        Returns:
            An array of shape (n,), or (n, k) for k rewards; int64 without rewards or if they are integers,
            else float64.

        Raises:
            ValueError: As for `sample`; the weights of a vertex exceed 1, or a whole total is beyond 2**53.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([0.5])
            >>> steps = graph.sample_discrete(100_000, seed=1)
            >>> int(steps.min()), bool(abs(steps.mean() - 2.0) < 0.02)
            (1, True)
        """
        drawn = self._drawn(n, rewards, key(seed), discrete=True)
        whole = rewards is None or np.asarray(rewards).dtype.kind in "bui"
        return _whole(drawn) if whole else drawn

    def sample_multivariate(
        self, n: int = 1, rewards: ArrayLike | None = None, *, seed: Seed = None
    ) -> Doubles:
        """Several rewards of the same path, one per row: `sample(n, rewards.T).T`, for code of older
        versions.

        Args:
            n: How many.
            rewards: (n_vertices, k) per unit of time.
            seed: As for `sample`.

        Returns:
            An array of shape (k, n).

        Raises:
            ValueError: As for `sample`.

        Example:
            >>> graph = phasic.models.erlang(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> phase = graph.states()[:, [0]]
            >>> times = graph.sample_multivariate(1000, (phase == [1, 2]).astype(float), seed=1)
            >>> times.shape, bool(np.allclose(times.sum(axis=0), graph.sample(1000, seed=1)))
            ((2, 1000), True)
        """
        return self.sample(n, self._by_reward(rewards, "sample"), seed=seed).T

    def sample_multivariate_discrete(
        self, n: int = 1, rewards: ArrayLike | None = None, *, seed: Seed = None
    ) -> Doubles | Whole:
        """Several rewards per step of the same path, one per row: `sample_discrete(n, rewards.T).T`.

        For code of older versions.

        Args:
            n: How many.
            rewards: (n_vertices, k) per step.
            seed: As for `sample`.

        Returns:
            An array of shape (k, n), int64 if rewards are integers.

        Raises:
            ValueError: As for `sample_discrete`.

        Example:
            >>> graph = phasic.models.erlang(2)
            >>> graph.update_parameterized_weights([0.5])
            >>> rewards = (graph.states()[:, [0]] == [1, 2]).astype(int)
            >>> steps = graph.sample_multivariate_discrete(1000, rewards, seed=1)
            >>> bool((steps.sum(axis=0) == graph.sample_discrete(1000, seed=1)).all())
            True
        """
        return self.sample_discrete(n, self._by_reward(rewards, "sample_discrete"), seed=seed).T

    def rvs(
        self,
        size: int | tuple[int, ...] | None = None,
        random_state: Any = None,
    ) -> float | int | Doubles | Whole:
        """Absorption times, or numbers of steps if `is_discrete`, as `rvs` of a frozen `scipy.stats` law.

        Args:
            size: Shape of the result; None for a number.
            random_state: None for NumPy's global state, a seed, a Generator or a RandomState.

        Returns:
            A number, or an array of shape `size`.

        Raises:
            ValueError: As for `sample`.

        Example:
            >>> graph = phasic.models.kingman(4)
            >>> graph.update_parameterized_weights([1.0])
            >>> graph.rvs(size=(3, 2), random_state=1).shape
            (3, 2)
        """
        shape = () if size is None else tuple(size_of("size", each) for each in np.atleast_1d(size))
        key, discrete = _key_of_state(random_state), self.is_discrete
        drawn = self._drawn(math.prod(shape), None, key, discrete=discrete)
        values = _whole(drawn) if discrete else drawn
        return values[0].item() if size is None else values.reshape(shape)

    # Paths

    @overload
    def sample_path(self, n: Literal[1] = 1, *, discrete: bool | None = None, seed: Seed = None) -> Path: ...
    @overload
    def sample_path(
        self, n: int, *, discrete: bool | None = None, seed: Seed = None
    ) -> Path | list[Path]: ...
    def sample_path(
        self, n: int = 1, *, discrete: bool | None = None, seed: Seed = None
    ) -> Path | list[Path]:
        """One path, from the starting vertex to absorption; `graph.states()[path.vertices]` are its states.

        Args:
            n: How many; from 2 on they come as a list. `sample_paths` packs them.
            discrete: Whether times are steps of the discrete chain; default `is_discrete`.
            seed: As for `sample`.

        Returns:
            A named tuple `(vertices, times)`, (length,) each, the vertices on the way, the absorbing one
            last, and when each is entered. The starting vertex alone if the chain never starts.

        Raises:
            ValueError: As for `sample`.

        Example:
            >>> graph = phasic.models.kingman(4)
            >>> graph.update_parameterized_weights([1.0])
            >>> path = graph.sample_path(seed=1)
            >>> graph.states()[path.vertices, 0].tolist(), float(path.times[0])
            ([0, 4, 3, 2, 1], 0.0)
        """
        paths = self.sample_paths(n, discrete=discrete, seed=seed)
        return paths[0] if len(paths) == 1 else list(paths)

    def sample_paths(self, n: int = 1, *, discrete: bool | None = None, seed: Seed = None) -> Paths:
        """Many independent paths.

        Their last times are `sample(n, seed=seed)`, or `sample_discrete`.

        Args:
            n: How many.
            discrete, seed: As for `sample_path`.

        Returns:
            A sequence of paths, packed in arrays `offsets`, `vertices` and `times`.

        Raises:
            ValueError: As for `sample`.

        Example:
            >>> graph = phasic.models.repairable_system(2)
            >>> graph.update_parameterized_weights([1.0, 1.0])
            >>> paths = graph.sample_paths(3, seed=1)
            >>> [float(path.times[-1]) for path in paths] == graph.sample(3, seed=1).tolist()
            True
        """
        discrete = self.is_discrete if discrete is None else bool(discrete)
        offsets = np.empty(size_of("n", n) + 1, np.int64)
        vertices, times = self._sampler(discrete).paths(key(seed), offsets)
        return Paths(offsets, self._indices(vertices), _whole(times) if discrete else times)

    # Where the chain is

    @overload
    def random_sample_stop_vertex(self, time: float, n: None = None, *, seed: Seed = None) -> int: ...
    @overload
    def random_sample_stop_vertex(
        self, time: ArrayLike, n: int | None = None, *, seed: Seed = None
    ) -> Whole: ...
    def random_sample_stop_vertex(
        self, time: ArrayLike, n: int | None = None, *, seed: Seed = None
    ) -> int | Whole:
        """Index of the vertex where the chain is at a time, each from an independent path.

        The absorbing vertex once absorbed; 0, the starting vertex, if it never starts.

        Args:
            time: Times ≥ 0 of any shape; infinity gives the vertex of absorption.
            n: How many for each time; None for one, without the axis.
            seed: As for `sample`.

        Returns:
            An array of shape (n, …), n before the shape of the times; without n of that shape alone.

        Raises:
            ValueError: As for `sample`.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([1.0])
            >>> where = graph.random_sample_stop_vertex(1.0, 100_000, seed=1)
            >>> bool(abs((where == 1).mean() - np.exp(-1.0)) < 0.01)  # still in phase 1
            True
        """
        return self._stopped(_check.times("time", time), n, seed, discrete=False)

    @overload
    def random_sample_discrete_stop_vertex(
        self, jumps: float, n: None = None, *, seed: Seed = None
    ) -> int: ...
    @overload
    def random_sample_discrete_stop_vertex(
        self, jumps: ArrayLike, n: int | None = None, *, seed: Seed = None
    ) -> Whole: ...
    def random_sample_discrete_stop_vertex(
        self, jumps: ArrayLike, n: int | None = None, *, seed: Seed = None
    ) -> int | Whole:
        """As `random_sample_stop_vertex`, after whole numbers of steps of the discrete chain.

        Args:
            jumps: Whole numbers ≥ 0 of any shape.
            n, seed: As for `random_sample_stop_vertex`.

        Returns:
            As for `random_sample_stop_vertex`.

        Raises:
            ValueError: As for `sample_discrete`.

        Example:
            >>> graph = phasic.models.erlang(1)
            >>> graph.update_parameterized_weights([0.5])
            >>> where = graph.random_sample_discrete_stop_vertex(2, 100_000, seed=1)
            >>> bool(abs((where == 1).mean() - 0.25) < 0.01)
            True
        """
        return self._stopped(_check.counts("jumps", jumps), n, seed, discrete=True)

    def _stopped(self, at: Doubles, n: int | None, seed: Seed, *, discrete: bool) -> int | Whole:
        shape = at.shape if n is None else (size_of("n", n), *at.shape)
        out = np.empty(shape, np.uint32)
        self._sampler(discrete).vertices(key(seed), at.ravel(), out.reshape(-1))
        vertices = self._indices(out)
        return vertices if shape else int(vertices)

    def _drawn(self, n: int, rewards: ArrayLike | None, key: bytes, *, discrete: bool) -> Doubles:
        size, n_vertices = size_of("n", n), self.vertices_length()
        checked = None if rewards is None else _check.doubles("rewards", rewards)
        if checked is not None and checked.ndim == 2:
            checked = _check.reward_matrix(checked, n_vertices)
            shape: tuple[int, ...] = (size, checked.shape[0])
        else:
            checked, shape = _check.reward_vector(checked, n_vertices), (size,)
        out, sampler = np.empty(shape), self._sampler(discrete)
        if checked is None:
            sampler.times(key, out)
        elif out.size:
            by_vertex = checked.reshape(-1, n_vertices)[:, self._original].T
            sampler.rewards(key, by_vertex.ravel(), out.reshape(size, -1))
        return out

    def _by_reward(self, rewards: ArrayLike | None, other: str) -> NDArray[np.generic]:
        """Rewards (n_vertices, k) as (k, n_vertices), of their own type."""
        array = np.asarray(rewards)
        n = self.vertices_length()
        if rewards is None or array.ndim != 2 or array.shape[0] != n:
            raise ValueError(
                f"rewards has shape {array.shape}, but the graph has {n} vertices: ({n}, k); "
                f"{other}(n, rewards) takes (k, {n})"
            )
        return array.T

    def _sampler(self, discrete: bool) -> _core.Sampler:
        frozen, theta = self._freeze(), self._current_theta()
        kept = self._kept_sampler
        if kept is None or kept[0] is not frozen or kept[1] is not self._theta or kept[2] != discrete:
            kept = (frozen, self._theta, discrete, _core.Sampler(frozen, theta, discrete=discrete))
            self._kept_sampler = kept
        return kept[3]

    def _indices(self, canonical: NDArray[np.uint32]) -> Whole:
        assert self._original is not None
        return self._original[canonical].astype(np.int64)


def size_of(name: str, given: Any) -> int:
    """How many: a whole number, at least 0."""
    if isinstance(given, int | np.integer) and not isinstance(given, bool) and given == 0:
        return 0
    try:
        return _check.positive(name, given)
    except ValueError as error:
        raise ValueError(f"{name} is {given!r}: it must be a whole number, at least 0") from error


def key(seed: Seed) -> bytes:
    """256 random bits from a seed."""
    try:
        generator = np.random.default_rng(seed)
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"seed is {seed!r}: it must be None, a whole number of at least 0, or a SeedSequence, "
            "BitGenerator or Generator of NumPy"
        ) from error
    return generator.bytes(32)


def _key_of_state(state: Any) -> bytes:
    """256 random bits from what `scipy.stats` calls a random state."""
    if state is None or state is np.random:
        return np.random.bytes(32)
    if isinstance(state, np.random.RandomState):
        return state.bytes(32)
    return key(state)


def _whole(values: Doubles) -> Whole:
    """Whole numbers as integers."""
    largest = np.abs(values).max(initial=0.0)
    if not largest <= _EXACT:
        raise ValueError(
            f"a total of {largest:.3e} is beyond 2**53, where float64 no longer counts: "
            "pass rewards as floats to get it rounded"
        )
    return values.astype(np.int64)

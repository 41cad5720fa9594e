"""Arguments at the door: type, shape, sign and finiteness, with messages that name what was given."""

from __future__ import annotations

import numbers
import operator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Doubles = NDArray[np.float64]

#: The smallest relative error that may be asked for: 45 times the spacing of doubles.
LEAST_RTOL = 1e-14

#: Characters of an argument that a message shows.
_SHOWN = 100


def finite_vector(name: str, given: ArrayLike) -> Doubles:
    """A one-dimensional float64 array of finite numbers."""
    array = doubles(name, given)
    if array.ndim != 1:
        raise ValueError(f"{name} has shape {array.shape}, but one dimension is needed")
    first(name, array, np.isfinite(array), "finite")
    return array


def theta_vector(given: ArrayLike, length: int) -> Doubles:
    """A parameter vector of the given length; a number stands for a vector of length one."""
    theta = finite_vector("theta", np.atleast_1d(doubles("theta", given)))
    if theta.size != length:
        raise ValueError(f"theta has shape {theta.shape}, but the graph has {length} parameters: ({length},)")
    return theta


def reward_vector(given: ArrayLike | None, n_vertices: int, *, whole: bool = False) -> Doubles | None:
    """Rewards for every vertex, or None where none are given.

    Args:
        given: (n_vertices,), starting and absorbing vertices included; None or empty for none.
        n_vertices: How many there must be.
        whole: Whether they must be whole numbers, not negative.
    """
    if given is None:
        return None
    rewards = finite_vector("rewards", given)
    if not rewards.size:
        return None
    if rewards.size != n_vertices:
        raise ValueError(
            f"rewards has shape {rewards.shape}, but the graph has {n_vertices} vertices "
            f"(the starting and the absorbing ones included): ({n_vertices},)"
        )
    if whole:
        first(
            "rewards", rewards, (rewards >= 0) & (rewards == np.floor(rewards)), "a whole number, at least 0"
        )
    return rewards


def reward_rows(given: ArrayLike, n_vertices: int, name: str = "rewards") -> Doubles:
    """One vector of rewards (n_vertices,) or several (k, n_vertices), all at least 0, as (k, n_vertices)."""
    rewards = doubles(name, given)
    if rewards.ndim not in (1, 2) or rewards.shape[-1] != n_vertices:
        raise ValueError(
            f"{name} has shape {rewards.shape}, but the graph has {n_vertices} vertices: "
            f"({n_vertices},) or (k, {n_vertices})"
        )
    first(name, rewards, np.isfinite(rewards), "finite")
    first(name, rewards, rewards >= 0, "at least 0")
    return np.atleast_2d(rewards)


def reward_matrix(given: ArrayLike, n_vertices: int) -> Doubles:
    """Several vectors of rewards, (k, n_vertices)."""
    rewards = doubles("rewards", given)
    if rewards.ndim != 2 or rewards.shape[1] != n_vertices:
        raise ValueError(
            f"rewards has shape {rewards.shape}, but the graph has {n_vertices} vertices: (k, {n_vertices})"
        )
    first("rewards", rewards, np.isfinite(rewards), "finite")
    return rewards


def non_negative_rewards(rewards: Doubles | None) -> None:
    """Raise unless all rewards are at least 0."""
    if rewards is not None:
        first("rewards", rewards, rewards >= 0, "at least 0")


def times(name: str, given: ArrayLike) -> Doubles:
    """Times, or other numbers that must be at least 0, of any shape."""
    array = doubles(name, given)
    first(name, array, array >= 0, "at least 0")
    return array


def time(given: float) -> float:
    """One time, at least 0."""
    return _single("time", times("time", given))


def counts(name: str, given: ArrayLike) -> Doubles:
    """Whole numbers, at least 0, of any shape."""
    array = doubles(name, given)
    first(
        name,
        array,
        (array >= 0) & (array == np.floor(array)) & np.isfinite(array),
        "a whole number, at least 0",
    )
    return array


def probabilities(name: str, given: ArrayLike) -> Doubles:
    """Numbers from 0 to 1, of any shape."""
    array = doubles(name, given)
    first(name, array, (array >= 0) & (array <= 1), "a probability, from 0 to 1")
    return array


def rtol(given: float) -> float:
    """A relative error below 1 that double precision can give."""
    checked = number("rtol", given)
    if not 0 < checked < 1:
        raise ValueError(f"rtol is {given}: it must be above 0 and below 1")
    if checked < LEAST_RTOL:
        raise ValueError(
            f"rtol is {given}: double precision cannot give less than {LEAST_RTOL:g}; ask for that or more"
        )
    return checked


def power(given: int) -> int:
    """The order of a moment."""
    return positive("power", given)


def positive(name: str, given: Any) -> int:
    """A whole number of at least 1; a float that is one will do, True will not."""
    wrong = f"{name} is {_shown(given)}: it must be a whole number, at least 1"
    if isinstance(given, bool | np.bool_):
        raise ValueError(wrong)
    try:
        checked = number(name, given)
    except ValueError as error:
        raise ValueError(wrong) from error
    if not (checked >= 1 and checked.is_integer()):
        raise ValueError(wrong)
    return int(given)


def granularity(given: object) -> None:
    """Raise unless `granularity` is a plain number or None. Older code passes it; it means nothing now."""
    if given is None or (isinstance(given, numbers.Real) and not isinstance(given, bool)):
        return
    raise TypeError(
        f"granularity is {_shown(given)}, but must be a plain number. If this is theta: set it by "
        "graph.update_parameterized_weights(theta), and give times alone"
    )


def position(name: str, given: Any) -> int:
    """A whole number as an index: an integer, not True or False."""
    if not isinstance(given, bool | np.bool_):
        try:
            return operator.index(given)
        except TypeError:
            pass
    raise TypeError(f"{name} is {_shown(given)}: it must be a whole number")


def number(name: str, given: Any) -> float:
    """One number, finite or not."""
    return given if type(given) is float else _single(name, _converted(name, given, "a number"))


def doubles(name: str, given: Any) -> Doubles:
    """Any array of numbers as float64. Text and None are no numbers."""
    return _converted(name, given, "an array of numbers")


def _converted(name: str, given: Any, must: str) -> Doubles:
    try:
        array = np.asarray(given)
        if not _text(array):
            return np.ascontiguousarray(array, dtype=np.float64).reshape(array.shape)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{name} must be {must}, not {_shown(given)}: {error}") from error
    raise ValueError(f"{name} must be {must}, not {_shown(given)}")


def _text(array: NDArray[Any]) -> bool:
    """Whether an array holds text, None or anything else that NumPy would force into a float."""
    if array.dtype.kind == "O":
        return any(entry is None or isinstance(entry, str | bytes | bytearray) for entry in array.flat)
    return array.dtype.kind in "USMmc"


def _single(name: str, array: Doubles) -> float:
    if array.ndim:
        raise ValueError(f"{name} has shape {array.shape}, but one number is needed")
    return float(array)


def _shown(given: object) -> str:
    """The repr, cut short where it is long."""
    text = repr(given)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def first(name: str, array: Doubles, good: NDArray[np.bool_], must: str) -> None:
    """Raise a ValueError that names the first entry that is not good, and what it must be."""
    if not good.all():
        index = np.unravel_index(int(np.argmin(good)), array.shape)
        where = "".join(f"[{i}]" for i in index)
        raise ValueError(f"{name}{where} is {array[index]}: it must be {must}")

"""Bad transition rules: what is raised, and that the message names the state."""

import re

import pytest
from phasic import Graph

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("rate, name", [(NAN, "nan"), (INF, "inf"), (-2.5, "-2.5")])
@pytest.mark.parametrize("named", ["value", "source", "target"])
def test_bad_rate_from_a_callback(rate, name, named):
    def callback(state):
        if len(state) == 0:
            return [((3,), 1.0)]
        return [((4,), rate)] if state[0] == 3 else []

    pattern = {"value": re.escape(name), "source": r"\[?3\b", "target": r"\[?4\b"}[named]
    with pytest.raises(ValueError, match=f"(?i){pattern}"):
        Graph(callback=callback)


@pytest.mark.parametrize("wanted", ["2", "3"])
def test_callback_state_of_another_length_names_both(wanted):
    def callback(state):
        return [((1, 2), 1.0)] if len(state) == 0 else [((1, 2, 3), 1.0)]

    with pytest.raises(ValueError, match=rf"\b{wanted}\b"):
        Graph(callback=callback)


class Peculiar(Exception):
    """An exception only the user knows."""


def _raises_at(state, error):
    if len(state) == 0:
        return [((3,), 1.0)]
    if state[0] == 5:
        raise error
    return [((int(state[0]) + 1,), 1.0)]


@pytest.mark.parametrize(
    "error", [Peculiar("mine"), KeyError("key"), ValueError("v"), ZeroDivisionError("z")]
)
def test_an_exception_of_the_callback_is_passed_on(error):
    with pytest.raises(type(error)) as caught:
        Graph(callback=_raises_at, error=error)
    assert caught.value is error


def test_an_exception_of_the_callback_gets_the_state_as_a_note():
    with pytest.raises(Peculiar) as caught:
        Graph(callback=_raises_at, error=Peculiar("mine"))
    assert any("5" in note for note in caught.value.__notes__)


@pytest.mark.parametrize(
    "answer",
    [None, 7, [((4,),)], [((4,), 1.0, [1.0], 2.0)], [(4, 1.0)], [((4,), "fast")]],
    ids=["None", "number", "one entry", "four entries", "bare state", "word as a rate"],
)
def test_a_callback_of_the_wrong_form_names_the_state(answer):
    def callback(state):
        if len(state) == 0:
            return [((3,), 1.0)]
        return answer if state[0] == 3 else []

    with pytest.raises((ValueError, TypeError)) as caught:
        Graph(callback=callback)
    assert "3" in " ".join([str(caught.value), *getattr(caught.value, "__notes__", [])])


def test_no_initial_state():
    with pytest.raises(ValueError, match="initial"):
        Graph(callback=lambda state: [])


def _endless(state):
    return [((1,), 1.0)] if len(state) == 0 else [((int(state[0]) + 1,), 1.0)]


@pytest.mark.parametrize("named", ["50", "max_states"])
def test_too_many_states(named):
    with pytest.raises((ValueError, MemoryError), match=named):
        Graph(callback=_endless, max_states=50)


def test_coefficient_vectors_of_different_lengths():
    def callback(state):
        if len(state) == 0:
            return [((1,), 1.0)]
        return [((int(state[0]) + 1,), 0.0, [1.0] * int(state[0]))] if state[0] < 3 else []

    with pytest.raises(ValueError, match=r"\b1\b.*\b2\b|\b2\b.*\b1\b"):
        Graph(callback=callback)


@pytest.mark.parametrize("entry", [2**31, -(2**31) - 1, 10**400, 1e10, 0.5, NAN])
def test_an_entry_that_is_no_integer_of_32_bits(entry):
    with pytest.raises(ValueError, match="32 bits"):
        Graph(callback=lambda state: [((entry,), 1.0)])


def test_the_state_beyond_the_limit_is_named():
    with pytest.raises(ValueError, match=r"50 states were built.*state \(51\)"):
        Graph(callback=_endless, max_states=50)

"""Reading Storm's DRN format; see `phasic._interchange_drn`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

_STATE = re.compile(r"state (?P<number>\d+)(?: !(?P<exit>\S+))?(?: \[(?P<rewards>[^]]*)\])?(?P<labels>.*)")
_TRANSITION = re.compile(r"(?P<target>\d+) : (?P<rate>\S+)")
_LABEL = re.compile(r'"([^"]+)"|([^\s"]+)')
_VALUATION = re.compile(r"//\s*\[(.*)\]")
_VALUE = re.compile(r"(?P<not>!?)(?P<name>[^\s=!]+)(?:\s*=\s*(?P<number>-?\d+))?")


@dataclass
class Chain:
    """A continuous-time Markov chain as a file has it; lists have one entry per state.

    Attributes:
        n: Number of states that the head of the file states.
        rewards: Names of the reward models.
        placeholders: Values of names that start with a dollar sign.
        labels: Labels of each state.
        state_rewards: Rewards of each state, one per reward model, or none.
        valuations: Variables and values of each state; None where no comment has them.
        transitions: (target, rate) of each state.
    """

    n: int = 0
    rewards: list[str] = field(default_factory=list)
    placeholders: dict[str, float] = field(default_factory=dict)
    labels: list[set[str]] = field(default_factory=list)
    state_rewards: list[list[float]] = field(default_factory=list)
    valuations: list[dict[str, int] | None] = field(default_factory=list)
    transitions: list[list[tuple[int, float]]] = field(default_factory=list)

    def having(self, target: str) -> NDArray[np.bool_]:
        """Which states have a label, or with `!` before it have it not."""
        label = target.removeprefix("!")
        has = np.array([label in each for each in self.labels])
        if not has.any():
            known = sorted(set().union(*self.labels))
            raise ValueError(f"no state has the label {label!r}: the file has {known}")
        return ~has if target.startswith("!") else has

    def initial(self) -> dict[int, float]:
        """Initial probabilities: those of the reward model `initial`, or 1 of the only initial state."""
        if "initial" in self.rewards:
            place = self.rewards.index("initial")
            given = [rewards[place] if place < len(rewards) else 0.0 for rewards in self.state_rewards]
            return {state: probability for state, probability in enumerate(given) if probability}
        found = [state for state, labels in enumerate(self.labels) if "init" in labels]
        if len(found) != 1:
            raise ValueError(
                f"{len(found)} states have the label 'init', without probabilities: "
                "pass initial={state: probability}"
            )
        return {found[0]: 1.0}

    def states(self) -> NDArray[np.int64]:
        """(n, state_length) valuations where they tell all states apart, else (n, 1) numbers."""
        values = self.valuations
        first = values[0]
        if first and all(each is not None and list(each) == list(first) for each in values):
            states = np.array([list(each.values()) for each in values if each is not None], dtype=np.int64)
            if len(np.unique(states, axis=0)) == len(states):
                return states
        return np.arange(len(values)).reshape(-1, 1)


def read(path: str | Path) -> Chain:
    """The chain in a file.

    Raises:
        ValueError: The file is not DRN of a continuous-time Markov chain; the line is named.
    """
    with Path(path).open(encoding="utf-8") as file:
        lines = enumerate((line.rstrip("\r\n") for line in file), start=1)
        chain = _head(lines)
        for number, line in lines:
            _body(chain, number, line)
    if len(chain.transitions) != chain.n:
        raise ValueError(f"the file has {len(chain.transitions)} states, but @nr_states says {chain.n}")
    return chain


def _head(lines: Iterator[tuple[int, str]]) -> Chain:
    chain, kind = Chain(), None
    for number, line in lines:
        if not line or line.startswith("//"):
            continue
        if line.startswith("@type: "):
            kind = line.removeprefix("@type: ").strip()
            if kind.lower() != "ctmc":
                _refuse(number, f"the model is of type {kind!r}: only CTMC, with rates, is a chain in time")
        elif line.startswith("@value_type: "):
            values = line.removeprefix("@value_type: ").strip()
            if values not in ("double", "rational"):
                _refuse(number, f"values are {values!r}: only numbers, double or rational, are read")
        elif line == "@parameters":
            if names := _next(lines, number).split():
                _refuse(number, f"the model has parameters {names}: instantiate them in Storm first")
        elif line == "@placeholders":
            pass
        elif line.startswith("$"):
            name, _, value = line.partition(" : ")
            chain.placeholders[name] = _value(number, value, chain)
        elif line == "@reward_models":
            chain.rewards = _next(lines, number).split()
        elif line in ("@nr_states", "@nr_choices"):
            count = _next(lines, number)
            if not count.isdecimal():
                _refuse(number + 1, f"{line} is {count!r}: it must be a whole number")
            if line == "@nr_states":
                chain.n = int(count)
        elif line == "@model":
            if kind is None or not chain.n:
                _refuse(number, "@type and @nr_states must come before @model")
            return chain
        else:
            _refuse(number, f"{line[:60]!r} is no part of a DRN head")
    raise ValueError("the file has no line @model: it is not in DRN format")


def _body(chain: Chain, number: int, line: str) -> None:
    text = line.strip()
    if text.startswith("//"):
        if chain.valuations and (match := _VALUATION.fullmatch(text)):
            chain.valuations[-1] = _valuation(match[1])
    elif match := _STATE.fullmatch(text):
        if int(match["number"]) != len(chain.transitions):
            _refuse(number, f"state {match['number']} where state {len(chain.transitions)} is next")
        rewards = match["rewards"].split(",") if match["rewards"] else []
        chain.state_rewards.append([_value(number, reward.strip(), chain) for reward in rewards])
        chain.labels.append({quoted or bare for quoted, bare in _LABEL.findall(match["labels"])})
        chain.valuations.append(None)
        chain.transitions.append([])
    elif match := _TRANSITION.fullmatch(text):
        if not chain.transitions:
            _refuse(number, "a transition before the first state")
        target, rate = int(match["target"]), _value(number, match["rate"], chain)
        if target >= chain.n:
            _refuse(number, f"state {target} does not exist: @nr_states is {chain.n}")
        if rate < 0:
            _refuse(number, f"the rate is {rate}: it must be at least 0")
        chain.transitions[-1].append((target, rate))
    elif text and not text.startswith("action "):
        _refuse(number, f"{text[:60]!r} is neither state, action nor transition")


def _valuation(text: str) -> dict[str, int] | None:
    """Variables with their values, or None if one is not a whole number or a truth value."""
    values = {}
    for assignment in re.split(r"\s*&\s*", text.strip()):
        match = _VALUE.fullmatch(assignment)
        if not match:
            return None
        values[match["name"]] = int(match["number"]) if match["number"] else int(not match["not"])
    return values


def _value(number: int, text: str, chain: Chain) -> float:
    """A number: a decimal, a fraction, or a placeholder."""
    if text.startswith("$"):
        if text not in chain.placeholders:
            _refuse(number, f"the placeholder {text} is not defined")
        return chain.placeholders[text]
    try:
        value = float(Fraction(text)) if "/" in text else float(text)
    except (ValueError, ZeroDivisionError, OverflowError):
        _refuse(number, f"{text!r} is no number")
    if not math.isfinite(value):
        _refuse(number, f"{text!r} is not finite")
    return value


def _next(lines: Iterator[tuple[int, str]], number: int) -> str:
    for _, line in lines:
        return line
    _refuse(number, "the file ends here")


def _refuse(number: int, problem: str) -> NoReturn:
    raise ValueError(f"line {number}: {problem}")

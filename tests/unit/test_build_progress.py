"""The progress bar of a long build: on a terminal, after a while, or not at all."""

import io

import pytest
from phasic import Graph, _progress

from tests import models, models_batched


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    """Standard error as a terminal, from the call on that makes it one."""

    def make():
        stream = Terminal()
        monkeypatch.setattr("sys.stderr", stream)
        return stream

    return make


@pytest.fixture
def at_once(monkeypatch):
    """No delay before a bar appears."""
    monkeypatch.setattr(_progress, "DELAY", 0.0)


def long_build(progress, batched=False):
    """A build that reports at least once: every 256 states, or after every batch."""
    module = models_batched if batched else models
    Graph(callback=module.rabbits, n=40, batched=batched, progress=progress)


@pytest.mark.parametrize("batched", [False, True])
def test_a_bar_counts_states(terminal, at_once, batched):
    stream = terminal()
    long_build(None, batched)
    assert "States" in stream.getvalue()


def test_no_bar_before_two_seconds(terminal):
    stream = terminal()
    long_build(None)
    assert stream.getvalue() == ""


def test_the_delay_is_two_seconds():
    assert _progress.DELAY == 2.0


def test_no_bar_when_told_so(terminal, at_once):
    stream = terminal()
    long_build(False)
    assert stream.getvalue() == ""


def test_no_bar_if_standard_error_is_no_terminal(capsys, at_once):
    long_build(None)
    assert capsys.readouterr().err == ""


def test_a_bar_when_told_so(capsys, at_once):
    long_build(True)
    assert "States" in capsys.readouterr().err


def test_no_bar_without_a_standard_error(monkeypatch):
    monkeypatch.setattr("sys.stderr", None)
    assert not _progress.wanted(None)


def test_the_bar_is_closed_when_the_callback_raises(terminal, at_once):
    def rule(state):
        if len(state) and state[0] == 15:
            raise KeyError("mine")
        return models.rabbits(state, n=40)

    stream = terminal()
    with pytest.raises(KeyError):
        Graph(callback=rule)
    assert stream.getvalue().endswith("\n")


@pytest.mark.parametrize("explored, known", [(5, 9), (9, 9)])
def test_the_bar_shows_explored_and_known_states(terminal, at_once, explored, known):
    stream = terminal()
    with _progress.BuildProgress() as report:
        report(explored, known)
    assert f"{explored} explored of {known} known" in stream.getvalue()

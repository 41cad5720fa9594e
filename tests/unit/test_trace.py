"""Traces: identity, bytes, and what happens to damaged bytes."""

import pickle

import phasic
import pytest
from phasic import Graph

from tests import models


@pytest.fixture(scope="module")
def trace():
    return Graph(callback=models.rabbits_parameterised, n=2).trace()


@pytest.fixture(scope="module")
def content(trace):
    return trace.to_bytes()


def parses(content):
    try:
        phasic.Trace.from_bytes(content)
    except phasic.TraceFormatError:
        return False
    return True


def test_key_is_the_content_hash():
    graph = Graph(callback=models.rabbits_parameterised, n=2)
    assert graph.trace().key == graph.content_hash()


def test_number_of_vertices(trace):
    assert trace.n_vertices == 7


def test_number_of_parameters(trace):
    assert trace.n_parameters == 3


def test_trace_is_recorded_once():
    graph = Graph(callback=models.rabbits_parameterised, n=2)
    assert graph.trace() is graph.trace()


def test_a_changed_graph_has_another_trace():
    graph = Graph(callback=models.kingman, n=3)
    before = graph.trace().key
    graph.find_vertex([3]).add_edge(graph.find_vertex([1]), 1.0)
    assert graph.trace().key != before


def test_bytes_are_bytes(content):
    assert isinstance(content, bytes)


def test_bytes_are_the_same_every_time(trace, content):
    assert Graph(callback=models.rabbits_parameterised, n=2).trace().to_bytes() == content


def test_key_survives_the_bytes(trace, content):
    assert phasic.Trace.from_bytes(content).key == trace.key


def test_bytes_survive_the_bytes(content):
    assert phasic.Trace.from_bytes(content).to_bytes() == content


@pytest.mark.parametrize("mask", [0x01, 0x80, 0xFF])
def test_any_altered_byte_is_an_error(content, mask):
    accepted = [
        i for i in range(len(content)) if parses(content[:i] + bytes([content[i] ^ mask]) + content[i + 1 :])
    ]
    assert accepted == []


def test_any_truncation_is_an_error(content):
    assert [n for n in range(len(content)) if parses(content[:n])] == []


@pytest.mark.parametrize("tail", [b"\0", b"\xff" * 8, b"\0" * 4096])
def test_bytes_after_the_end_are_an_error(content, tail):
    with pytest.raises(phasic.TraceFormatError):
        phasic.Trace.from_bytes(content + tail)


def test_two_traces_in_a_row_are_an_error(content):
    with pytest.raises(phasic.TraceFormatError):
        phasic.Trace.from_bytes(content + content)


@pytest.mark.parametrize(
    "garbage",
    [b"", b"\0" * 64, b"\xff" * 4096, b"{}", pickle.dumps({"trace": 1})],
    ids=["empty", "zeros", "ones", "json", "pickle"],
)
def test_garbage_is_an_error(garbage):
    with pytest.raises(phasic.TraceFormatError):
        phasic.Trace.from_bytes(garbage)


@pytest.mark.parametrize("offset", [0, 8, 16, 24, 32, 40, 48, 56])
def test_a_huge_number_in_the_header_allocates_nothing(content, offset):
    hostile = content[:offset] + b"\xff" * 8 + content[offset + 8 :]
    with pytest.raises(phasic.TraceFormatError):
        phasic.Trace.from_bytes(hostile)


def test_format_errors_are_value_errors():
    assert issubclass(phasic.TraceFormatError, ValueError)


def test_from_bytes_takes_only_bytes():
    with pytest.raises(TypeError):
        phasic.Trace.from_bytes("text")

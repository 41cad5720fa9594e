"""Traces: evaluation equals rebuilding, bytes are an identity, damage is an error."""

from dataclasses import replace

import numpy as np
import phasic
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from tests import strategies

SAME_SUMS = 1e-14  # rates rounded once more by base + coefficients . theta


def rebuilt(model):
    """The model at its theta as a constant graph."""
    edges = [(u, v, rate, ()) for u, v, rate in model.weighted(model.theta)]
    return replace(model, edges=edges, p=0, theta=()).graph()


def at_theta(model):
    graph = model.graph()
    graph.update_parameterized_weights(model.theta)
    return graph


@given(strategies.parameterised_models())
def test_moments_at_theta_are_those_of_a_rebuilt_graph(model):
    assert_allclose(at_theta(model).moments(3), rebuilt(model).moments(3), rtol=SAME_SUMS)


@given(strategies.parameterised_models())
def test_pdf_at_theta_is_that_of_a_rebuilt_graph(model):
    times = np.array([0.1, 1.0, 3.0])
    # each within the default tolerance of 1e-10
    assert_allclose(at_theta(model).pdf(times), rebuilt(model).pdf(times), rtol=2e-10)


@given(strategies.parameterised_models())
def test_one_theta_after_another_leaves_no_trace(model):
    graph = model.graph()
    graph.update_parameterized_weights(np.full(model.p, 7.0))
    graph.moments(3)
    graph.update_parameterized_weights(model.theta)
    np.testing.assert_array_equal(graph.moments(3), at_theta(model).moments(3))


@given(strategies.parameterised_models())
def test_bytes_are_an_identity(model):
    content = model.graph().trace().to_bytes()
    assert phasic.Trace.from_bytes(content).to_bytes() == content


@given(strategies.parameterised_models())
def test_key_is_the_content_hash(model):
    graph = model.graph()
    assert graph.trace().key == graph.content_hash()


@given(strategies.parameterised_models())
def test_theta_is_not_in_the_hash(model):
    assert at_theta(model).content_hash() == model.graph().content_hash()


@given(strategies.parameterised_models())
def test_a_trace_that_was_read_gives_the_same_numbers(model):
    trace = model.graph().trace()
    theta = np.asarray(model.theta)
    content = trace.to_bytes()
    read = phasic.Trace.from_bytes(content)
    del content  # the trace keeps the bytes that it looks at
    assert (read.moments(theta, 2) == trace.moments(theta, 2)).all()


@given(strategies.parameterised_models(), st.integers(1, 255), st.data())
def test_an_altered_byte_is_an_error(model, mask, data):
    content = bytearray(model.graph().trace().to_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= mask
    with pytest.raises(phasic.TraceFormatError):
        phasic.Trace.from_bytes(bytes(content))


@given(strategies.parameterised_models(), st.data())
def test_a_truncated_trace_is_an_error(model, data):
    content = model.graph().trace().to_bytes()
    with pytest.raises(phasic.TraceFormatError):
        phasic.Trace.from_bytes(content[: data.draw(st.integers(0, len(content) - 1))])


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_an_error(content):
    with pytest.raises(phasic.TraceFormatError):
        phasic.Trace.from_bytes(content)


@given(strategies.parameterised_models(), st.binary(min_size=1, max_size=40), st.data())
def test_a_spliced_trace_is_an_error(model, junk, data):
    content = model.graph().trace().to_bytes()
    at = data.draw(st.integers(0, len(content)))
    with pytest.raises(phasic.TraceFormatError):
        phasic.Trace.from_bytes(content[:at] + junk + content[at:])

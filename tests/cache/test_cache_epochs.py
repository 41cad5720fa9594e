"""Which graphs of a chain with epochs are stored."""

from phasic import Graph, _trace, get_trace_cache_stats

LARGE = _trace.CACHED_FROM_VERTICES + 1


def stages(state, n):
    """n exponential stages in a row."""
    if len(state) == 0:
        return [((n,), 1.0)]
    return [((int(state[0]) - 1,), [1.0])] if state[0] else []


def stored():
    return get_trace_cache_stats()["total_files"]


def test_a_graph_that_is_cheap_to_record_and_not_eliminated_is_not_stored():
    before, after = Graph(callback=stages, n=LARGE), Graph(callback=stages, n=LARGE + 1)
    after.update_parameterized_weights([1.0])
    before.epochs([(0.0, [1.0]), (1.0, after)])
    assert stored() == 1


def test_a_graph_that_was_stored_is_found():
    graph = Graph(callback=stages, n=LARGE)
    trace = graph.trace()
    graph.epochs([(0.0, [1.0]), (1.0, [2.0])])
    assert graph._recorded() is trace
    assert stored() == 1

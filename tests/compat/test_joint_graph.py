"""Joint probabilities of counts of events, and names for entries of a state."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from phasic import Graph, Property, PropertySet, StateIndexer
from phasic.state_indexing import Slot

from tests import models


def blocks(state):
    """Lineages of three samples by the number of descendants; a rate is a multiple of theta."""
    if not len(state):
        return [((3, 0, 0), 1.0)]
    found = []
    for i in range(3):
        for j in range(i, 3 - i - 1):
            pairs = state[i] * (state[j] - (i == j)) / (2 if i == j else 1)
            if pairs > 0:
                new = np.array(state)
                new[[i]] -= 1
                new[j] -= 1
                new[i + j + 1] += 1
                found.append((new, [float(pairs)]))
    return found


@pytest.fixture
def indexer():
    return StateIndexer(lineage=[Property("descendants", 3, 1)])


@pytest.fixture
def joint(indexer):
    graph = Graph(callback=blocks).joint_prob_graph(indexer, reward_limit=2)
    graph.update_weights([1.0, 0.5])
    return graph


def test_the_table_of_version_0_32(joint):
    table = joint.joint_prob_table()
    found = {tuple(row)[:3]: row["prob"] for row in table}
    # printed by phasic 0.32.1 for the same model, to six decimals
    expected = {
        (0, 0, 0): 0.333333,
        (1, 0, 0): 0.194444,
        (0, 1, 0): 0.083333,
        (2, 0, 0): 0.085648,
        (1, 1, 0): 0.069444,
        (0, 2, 0): 0.020833,
        (2, 1, 0): 0.038773,
        (1, 2, 0): 0.022569,
        (2, 2, 0): 0.015336,
    }
    assert found == pytest.approx(expected, abs=5e-7)


def test_columns_are_named_by_property_and_value(joint):
    names = ("descendants_1", "descendants_2", "descendants_3", "prob", "t_vertex_index")
    assert joint.joint_prob_table().dtype.names == names


def test_the_table_is_that_of_marks(joint):
    graph = Graph(callback=blocks)
    graph.update_weights([1.0])
    marks = graph.table_marked([2, 2], graph.states().T[:2].astype(float), [0.5, 0.5])
    for row in joint.joint_prob_table():
        assert_allclose(row["prob"], marks[row["descendants_1"], row["descendants_2"]], rtol=1e-12)


def test_probabilities_are_sojourn_times(joint):
    table = joint.joint_prob_table()
    assert_allclose(joint.expected_sojourn_time()[table["t_vertex_index"]], table["prob"], rtol=1e-13)


def test_there_is_one_parameter_more(joint):
    assert (joint.param_length(), joint.is_discrete) == (2, True)


def test_a_total_limit_bounds_the_sum(indexer):
    graph = Graph(callback=blocks).joint_prob_graph(indexer, tot_reward_limit=2)
    graph.update_weights([1.0, 0.5])
    counts = graph.joint_prob_table()[["descendants_1", "descendants_2", "descendants_3"]].tolist()
    assert max(map(sum, counts)) == 2


def test_without_an_indexer_entries_count():
    graph = Graph(callback=blocks).joint_prob_graph(reward_only=[1], reward_limit=1)
    graph.update_weights([1.0, 0.5])
    assert graph.joint_prob_table().dtype.names == ("entry_1", "prob", "t_vertex_index")


def test_a_factor_of_rates_is_one_of_theta(indexer, joint):
    graph = Graph(callback=blocks).joint_prob_graph(indexer, reward_limit=2, mutation_rate=0.25)
    graph.update_weights([1.0, 2.0])
    assert_allclose(graph.joint_prob_table()["prob"], joint.joint_prob_table()["prob"], rtol=1e-13)


def test_a_copy_keeps_its_table(joint):
    assert np.array_equal(joint.copy().joint_prob_table(), joint.joint_prob_table())


BAD = {
    "no limit": ({}, "counts need a limit"),
    "other states": (
        {"reward_limit": 1, "base_graph_indexer": StateIndexer(a=[Property("x", 1)])},
        "states with 2 entries",
    ),
    "two sets": (
        {"reward_limit": 1, "base_graph_indexer": StateIndexer(a=[Property("x", 1)], b=[Property("x", 0)])},
        "in 2 sets",
    ),
    "nothing to count": (
        {
            "reward_limit": 1,
            "base_graph_indexer": StateIndexer(a=[Property("x", 2)]),
            "reward_only": ["y"],
        },
        "no property is left",
    ),
    "negative rate": ({"reward_limit": 1, "mutation_rate": -1.0}, "mutation_rate is -1.0"),
}


@pytest.mark.parametrize("fault", BAD)
def test_bad_arguments_are_named(fault):
    arguments, message = BAD[fault]
    with pytest.raises(ValueError, match=message):
        Graph(callback=blocks).joint_prob_graph(**arguments)


def test_a_graph_without_parameters_is_refused():
    with pytest.raises(ValueError, match="needs a graph with parameters"):
        Graph(callback=models.kingman, n=3).joint_prob_graph(reward_limit=1)


def test_another_graph_has_no_table():
    with pytest.raises(ValueError, match="that joint_prob_graph"):
        Graph(callback=models.kingman, n=3).joint_prob_table()


# Names


@pytest.fixture
def two():
    return StateIndexer("epoch", lineage=[Property("descendants", 3, 1), Property("pop", 1)])


def test_lengths(two):
    assert (two.state_length, two.lineage.state_length, two.epoch) == (7, 6, 6)


def test_every_index_comes_back(two):
    for index in range(6):
        assert two.lineage.props_to_index(two.lineage.index_to_props(index)) == index


def test_the_first_property_varies_fastest(two):
    assert two.lineage.index_to_props(3, as_dict=True) == {"descendants": 1, "pop": 1}
    assert two.lineage.index_to_props(np.array([0, 1]), as_values=True).tolist() == [[1, 0], [2, 0]]


def test_some_properties_give_all_entries_that_fit(two):
    assert two.lineage.props_to_index(descendants=2).tolist() == [1, 4]


def test_properties_are_attributes(two):
    found = two.lineage.index_to_props(4)
    assert (found.descendants, found.pop) == (2, 1)


def test_arrays_of_values_give_arrays_of_entries(two):
    values = two.lineage.index_to_props(two.lineage.indices(), as_values=True)
    assert two.lineage.props_to_index(values).tolist() == [0, 1, 2, 3, 4, 5]


def test_the_whole_state_counts_from_its_start():
    indexer = StateIndexer("extra", a=[Property("x", 1)], b=[Property("y", 2)])
    assert indexer.props_to_index("b", y=1) == 3
    assert indexer.index_to_props(3) == ("b", indexer.b.index_to_props(1))
    assert indexer.index_to_props(5) == ("extra", None)
    assert indexer.props_to_index("extra") == 5
    assert "b" in indexer
    assert indexer["b"] is indexer.b
    assert indexer.indices().tolist() == [0, 1, 2, 3, 4, 5]


def test_entries_tell_their_set_by_name():
    indexer = StateIndexer(Slot("epoch"), a=[Property("x", 1)], b=[Property("y", 2)], slots=["end"])
    entry = indexer.index_to_props(3)
    assert (entry.a, entry.b.y, entry.epoch, entry.end) == (None, 1, None, None)
    assert indexer.index_to_props(5).epoch is True
    assert indexer.index_to_props(3, as_dict=True, flatten=True) == {"y": 1}
    assert (indexer.slots, indexer.keys()) == ({"epoch": 5, "end": 6}, ["a", "b", "epoch", "end"])
    assert dict(indexer.items())["end"] == indexer.values()[3] == 6
    with pytest.raises(AttributeError, match="no slot 'c'"):
        _ = entry.c


def test_properties_tell_their_set():
    indexer = StateIndexer(a=[Property("x", 1)], property_sets=[PropertySet("b", [Property("y", 2)])])
    assert indexer.props_to_index({"y": 2}) == 2
    assert indexer.props_to_index(x=1) == 4
    assert indexer.props_to_index(indexer.b.index_to_props(1)) == 1


def test_a_value_is_counted_from_the_least_one():
    prop = Property("pop", 3, min_value=1)
    assert (list(prop), prop.encode_value(2), prop.decode_value(1)) == ([1, 2, 3], 1, 2)
    assert list(Property("pop", 2, offset=1)) == [1, 2, 3]
    with pytest.raises(ValueError, match="from 1 to 3"):
        prop.encode_value(0)


@pytest.mark.parametrize(
    ("ask", "kind", "message"),
    [
        (lambda two: two.lineage.props_to_index(descendants=4, pop=0), ValueError, "from 1 to 3"),
        (lambda two: two.lineage.props_to_index(colour=4), ValueError, "no property 'colour'"),
        (lambda two: two.lineage.props_to_index(), ValueError, "not both"),
        (lambda two: two.lineage.index_to_props(6), IndexError, "entry 6 does not exist"),
        (lambda two: two.index_to_props(7), IndexError, "a state has 7"),
        (lambda two: two.props_to_index("site", x=1), ValueError, "no set 'site'"),
        (lambda two: two.site, AttributeError, "'site'"),
        (lambda two: Property("x", 0, 1), ValueError, "max_value 0 below 1"),
        (lambda two: PropertySet("x", []), ValueError, "at least one"),
        (lambda two: StateIndexer(), ValueError, "at least one"),
        (lambda two: StateIndexer("a", a=[Property("x", 1)]), ValueError, "all different"),
    ],
)
def test_bad_names_are_named(two, ask, kind, message):
    with pytest.raises(kind, match=message):
        ask(two)

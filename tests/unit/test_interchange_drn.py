"""The DRN format of the Storm model checker, read and written."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from phasic import Graph
from phasic.models import birth_death, mm1k_busy_period, repairable_system

#: A machine with a spare, as Storm exports it: rewards, actions, values of variables, a deadlock with a loop.
STORM = """\
// Exported by storm
// Original model type: CTMC
@type: CTMC
@value_type: double
@parameters

@reward_models
power
@nr_states
3
@nr_choices
3
@model
state 0 !0.5 [2] init up "two of two"
//[working=2\t& !broken]
\taction 0 [0]
\t\t1 : 0.5
state 1 !10.25 [1] up
//[working=1\t& !broken]
\taction __NOLABEL__ [0]
\t\t0 : 10
\t\t2 : 0.25
state 2 !1 [0] deadlock
//[working=0\t& broken]
\taction 0 [0]
\t\t2 : 1
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "chain.drn"


def written(path, text):
    path.write_text(text)
    return path


def test_a_file_as_storm_writes_it(path):
    graph = Graph.from_drn(written(path, STORM))
    # (3 λ + μ) / (2 λ²) with λ = 1/4, μ = 10
    assert_allclose(graph.expectation(), 86.0, rtol=1e-13)


def test_states_are_the_values_of_variables(path):
    graph = Graph.from_drn(written(path, STORM))
    assert_array_equal(graph.states()[1:], [[2, 0], [1, 0], [0, 1]])


def test_states_that_values_do_not_tell_apart_are_numbered(path):
    graph = Graph.from_drn(written(path, STORM.replace("working=1", "working=2")))
    assert_array_equal(graph.states()[1:], [[0], [1], [2]])


def test_states_whose_comments_leave_out_a_variable_are_numbered(path):
    graph = Graph.from_drn(written(path, STORM.replace("\t& broken", "\t& ")))
    assert_array_equal(graph.states()[1:], [[0], [1], [2]])


@pytest.mark.parametrize("target", ["deadlock", "!up"])
def test_a_label_says_where_the_chain_ends(path, target):
    assert_allclose(Graph.from_drn(written(path, STORM), target).expectation(), 86.0, rtol=1e-13)


def test_transitions_of_a_target_are_not_there(path):
    first = STORM.replace("state 1 !10.25 [1] up", "state 1 !10.25 [1] one")
    assert Graph.from_drn(written(path, first), "one").expectation() == 2.0


def test_an_initial_distribution_may_be_given(path):
    graph = Graph.from_drn(written(path, STORM), initial={0: 0.5, 1: 0.25})
    assert graph.defect() == 0.25


def test_a_file_of_older_versions_has_no_exit_rates(path):
    older = STORM.replace("!0.5 ", "").replace("!10.25 ", "").replace("!1 ", "")
    assert_allclose(Graph.from_drn(written(path, older)).expectation(), 86.0, rtol=1e-13)


def test_rational_numbers_and_placeholders(path):
    text = STORM.replace("double", "rational").replace("\t\t2 : 0.25", "\t\t2 : $q")
    text = text.replace("@reward_models", "@placeholders\n$q : 1/4\n@reward_models")
    assert_allclose(Graph.from_drn(written(path, text)).expectation(), 86.0, rtol=1e-13)


def test_what_is_written(path):
    graph = repairable_system(2)
    graph.to_drn(path, [0.25, 10.0], labels={"spare": graph.states()[:, 0] == 2})
    assert path.read_text() == (
        "// Written by phasic\n@type: CTMC\n@value_type: double\n@parameters\n\n@reward_models\n\n"
        "@nr_states\n3\n@nr_choices\n3\n@model\n"
        "state 0 !0.5 init spare\n//[x0=2]\n\taction 0\n\t\t1 : 0.5\n"
        "state 1 !10.25\n//[x0=1]\n\taction 0\n\t\t0 : 10.0\n\t\t2 : 0.25\n"
        "state 2 !1.0 absorbed\n//[x0=0]\n\taction 0\n\t\t2 : 1.0\n"
    )


def test_initial_probabilities_are_rewards(path):
    Graph.from_matrices([0.25, 0.5], [[-1.0, 0.0], [0.0, -2.0]]).to_drn(path)
    lines = path.read_text().splitlines()
    assert lines[lines.index("@reward_models") + 1] == "initial"
    assert [line for line in lines if line.startswith("state")] == [
        "state 0 !1.0 [0.25] init",
        "state 1 !2.0 [0.5] init",
        "state 2 !1.0 [0.0] absorbed",
    ]


def test_labels_that_were_written_can_be_targets(path):
    graph = birth_death(5)
    graph.to_drn(path, [1.0, 0.5], labels={"full": graph.states()[:, 0] == 5})
    full = Graph.from_drn(path, "full", initial={0: 1.0})
    # the first passage of birth and death from 1 to 5, or to 0: Karlin & Taylor (1975), section 4.7
    chance = 1 / math.fsum(0.5**i for i in range(5))
    assert_allclose(full.absorption_probability(full.find_vertex([5]))[0], chance, rtol=1e-13)


def test_the_chain_of_a_queue_comes_back(path):
    graph = mm1k_busy_period(4)
    graph.to_drn(path, [1.0, 2.0])
    assert_allclose(Graph.from_drn(path).expectation(), (1 + 1 / 2 + 1 / 4 + 1 / 8) / 2, rtol=1e-13)


BAD = {
    "another kind": (("@type: CTMC", "@type: MDP"), r"line 3: the model is of type 'MDP'"),
    "intervals": (("@value_type: double", "@value_type: double-interval"), "line 4: values are"),
    "parameters": (("@parameters\n", "@parameters\np q"), r"parameters \['p', 'q'\]"),
    "no number of states": (("@nr_states\n3", "@nr_states\nthree"), "@nr_states is 'three'"),
    "no model": (("@model", "@mode"), "'@mode' is no part of a DRN head"),
    "a state left out": (("state 1", "state 2"), "state 2 where state 1 is next"),
    "too few states": (("@nr_states\n3", "@nr_states\n4"), "the file has 3 states, but @nr_states says 4"),
    "a target that is not there": (("\t\t2 : 0.25", "\t\t7 : 0.25"), "state 7 does not exist"),
    "a negative rate": (("2 : 0.25", "2 : -0.25"), "the rate is -0.25"),
    "no number": (("2 : 0.25", "2 : p"), "'p' is no number"),
    "infinity": (("2 : 0.25", "2 : inf"), "'inf' is not finite"),
    "an unknown placeholder": (("2 : 0.25", "2 : $x"), r"the placeholder \$x is not defined"),
    "a line of something else": (("\taction 0 [0]", "\tchoice 0"), "neither state, action nor transition"),
    "no initial state": (("init ", ""), "0 states have the label 'init'"),
    "two initial states": (("[1] up", "[1] init"), "2 states have the label 'init'"),
}


@pytest.mark.parametrize("fault", BAD)
def test_bad_files_are_named(path, fault):
    (old, new), message = BAD[fault]
    with pytest.raises(ValueError, match=message):
        Graph.from_drn(written(path, STORM.replace(old, new)))


def test_a_file_that_ends_in_its_head_is_refused(path):
    with pytest.raises(ValueError, match="no line @model"):
        Graph.from_drn(written(path, "@type: CTMC\n"))


def test_an_unknown_label_names_those_that_there_are(path):
    with pytest.raises(ValueError, match=r"no state has the label 'down': the file has .*'up'"):
        Graph.from_drn(written(path, STORM), "down")


@pytest.mark.parametrize("name", ["init", "absorbed", "two words", 'a"b'])
def test_a_label_must_be_a_name_of_its_own(path, name):
    with pytest.raises(ValueError, match="it must be an identifier"):
        birth_death(2).to_drn(path, [1.0, 1.0], labels={name: np.ones(4, dtype=bool)})


def test_a_label_must_have_an_entry_for_each_vertex(path):
    with pytest.raises(ValueError, match=r"labels\['full'\] has shape \(3,\), but there are 4 vertices"):
        birth_death(2).to_drn(path, [1.0, 1.0], labels={"full": [True] * 3})

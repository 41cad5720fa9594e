"""`plot_pdf`, `plot_cdf` and `plot_sf`: what is drawn, over which range, and what is refused."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.testing import assert_allclose
from phasic import Graph

from tests import models


def pickled(graph):
    return pickle.loads(pickle.dumps(graph))


CURVES = ["pdf", "cdf", "sf"]


@pytest.fixture
def stages():
    return Graph(callback=models.hypoexponential, rates=(1.0, 2.5))


@pytest.fixture
def trials():
    """Trials until the third success, of probability 1/4."""
    graph = Graph(callback=models.successes)
    graph.is_discrete = True
    return graph


@pytest.fixture
def late():
    """A quarter starts absorbed, the rest waits for a time of rate 2."""
    graph = Graph(1)
    a, b = graph.find_or_create_vertex([1]), graph.find_or_create_vertex([0])
    graph.starting_vertex().add_edge(a, 0.75)
    a.add_edge(b, 2.0)
    return graph


def plotted(graph, curve, *args, **kwargs):
    return getattr(graph, f"plot_{curve}")(*args, **kwargs)


def panel(figure):
    (found,) = figure.axes
    return found


@pytest.mark.parametrize("curve", CURVES)
def test_a_figure_is_returned(stages, curve):
    assert isinstance(plotted(stages, curve), Figure)


@pytest.mark.parametrize("curve", CURVES)
def test_the_line_is_the_function(stages, curve):
    times, values = panel(plotted(stages, curve)).lines[0].get_data()
    assert_allclose(values, getattr(stages, curve)(times), rtol=0, atol=0)


@pytest.mark.parametrize("curve", CURVES)
def test_the_range_ends_where_little_is_left(stages, curve):
    times, _ = panel(plotted(stages, curve)).lines[0].get_data()
    assert times[0] == 0
    # The quantile is exact to 1e-10.
    assert stages.sf(times[-1]) == pytest.approx(0.005, rel=1e-9)


def test_the_range_leaves_the_atom_out(late):
    times, _ = panel(late.plot_pdf()).lines[0].get_data()
    assert late.sf(times[-1]) == pytest.approx(0.005 * 0.75, rel=1e-9)


def test_points_may_be_given(stages):
    times, _ = panel(stages.plot_pdf([2.0, 0.5, 1.0])).lines[0].get_data()
    assert times.tolist() == [0.5, 1.0, 2.0]


@pytest.mark.parametrize("curve, height", [("pdf", 0.25), ("cdf", 0.25), ("sf", 0.75)])
def test_an_atom_at_zero_is_marked(late, curve, height):
    mark = panel(plotted(late, curve)).lines[-1]
    assert (mark.get_xdata()[0], mark.get_ydata()[0]) == (0.0, height)


def test_the_legend_tells_the_atom(late):
    assert [text.get_text() for text in panel(late.plot_pdf()).get_legend().get_texts()] == [
        "atom of 0.25 at 0"
    ]


def test_without_an_atom_there_is_no_mark(stages):
    assert len(panel(stages.plot_pdf()).lines) == 1


def test_a_law_that_is_all_atom_is_plotted():
    graph = Graph(1)
    graph.starting_vertex().add_edge(graph.find_or_create_vertex([1]), 1.0)
    assert panel(graph.plot_cdf()).lines[-1].get_ydata()[0] == 1.0


def test_counts_are_dots_with_stems(trials):
    drawn = panel(trials.plot_pdf())
    counts, values = drawn.lines[0].get_data()
    assert_allclose(values, trials.pmf_discrete(counts), rtol=0, atol=0)
    assert len(drawn.collections[0].get_segments()) == len(counts)


@pytest.mark.parametrize("curve", ["cdf", "sf"])
def test_functions_of_counts_are_steps(trials, curve):
    assert panel(plotted(trials, curve)).lines[0].get_drawstyle() == "steps-post"


def test_counts_go_to_where_little_is_left(trials):
    counts, _ = panel(trials.plot_pdf()).lines[0].get_data()
    last = counts[-1]
    assert trials.sf_discrete(last) <= 0.005 < trials.sf_discrete(last - 1)


def test_a_thousand_counts_are_enough():
    graph = Graph(callback=models.successes, p=0.001)
    counts, _ = panel(graph.plot_cdf(discrete=True)).lines[0].get_data()
    assert len(counts) <= 1_000
    assert np.all(counts == np.round(counts))


def itself(graph):
    return graph


@pytest.mark.parametrize("via", [itself, Graph.copy, pickled])
@pytest.mark.parametrize("curve", CURVES)
def test_the_axis_of_a_reward_is_called_so(stages, curve, via):
    graph = via(stages.reward_transform([0.0, 1.0, 3.0, 0.0]))
    assert panel(plotted(graph, curve)).get_xlabel() == "reward"


@pytest.mark.parametrize("curve", CURVES)
def test_the_axis_of_a_whole_reward_is_called_so(trials, curve):
    rewards = [0, *[2] * (trials.vertices_length() - 1)]
    assert panel(plotted(trials.reward_transform_discrete(rewards), curve)).get_xlabel() == "reward"


@pytest.mark.parametrize("curve", CURVES)
def test_other_axes_are_called_time_and_steps(stages, trials, curve):
    assert panel(plotted(stages, curve)).get_xlabel() == "time"
    assert panel(plotted(trials, curve)).get_xlabel() == "steps"


def test_axes_of_ones_own_are_drawn_into(stages):
    figure = Figure()
    own = figure.subplots()
    assert isinstance(own, Axes)
    assert stages.plot_pdf(ax=own) is figure
    assert len(own.lines) == 1


def test_options_of_the_line_are_passed_on(stages):
    line = panel(stages.plot_cdf(label="mine", color="red")).lines[0]
    assert (line.get_label(), line.get_color()) == ("mine", "red")


def test_no_state_of_pyplot_is_touched(subprocess_environment):
    code = (
        "import sys\nfrom phasic import Graph\ngraph = Graph(1)\n"
        "graph.starting_vertex().add_edge(graph.find_or_create_vertex([1]), 1.0)\n"
        "graph.plot_pdf()\nprint('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=subprocess_environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("at", [[-1.0], [np.nan], 1.0, [], [[1.0]]])
def test_bad_points_are_refused(stages, at):
    with pytest.raises(ValueError, match="at"):
        stages.plot_pdf(at)


def test_counts_must_be_whole(trials):
    with pytest.raises(ValueError, match="at"):
        trials.plot_pdf([0.5])


def test_other_axes_are_refused(stages):
    with pytest.raises(ValueError, match="ax must be a matplotlib Axes"):
        stages.plot_pdf(ax=3)


@pytest.mark.filterwarnings("ignore:this graph has")
def test_parameters_are_one_at_first():
    graph = Graph(callback=models.erlang_parameterised)
    before = graph.plot_pdf([0.5, 1.0]).axes[0].lines[0].get_ydata()
    graph.update_weights([1.0])
    np.testing.assert_array_equal(before, graph.plot_pdf([0.5, 1.0]).axes[0].lines[0].get_ydata())


def test_without_matplotlib_the_error_says_how_to_get_it(stages, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.axes", None)
    with pytest.raises(ImportError, match=r"a plot needs matplotlib: pip install 'matplotlib>=3.8'"):
        stages.plot_pdf()


# Epochs


@pytest.fixture
def switched():
    """Nothing happens before 1; then a time of rate 2."""
    graph = Graph(1)
    a, b = graph.find_or_create_vertex([1]), graph.find_or_create_vertex([0])
    graph.starting_vertex().add_edge(a, 1.0)
    a.add_edge_parameterized(b, 0.0, [1.0])
    return graph.epochs([(0.0, [0.0]), (1.0, [2.0])])


@pytest.mark.parametrize("curve", CURVES)
def test_the_line_of_epochs_is_the_function(switched, curve):
    times, values = panel(plotted(switched, curve)).lines[0].get_data()
    assert_allclose(values, getattr(switched, curve)(times), rtol=0, atol=0)
    assert switched.sf(times[-1]) == pytest.approx(0.005, rel=1e-11)


def test_the_density_jumps_where_an_epoch_begins(switched):
    times, values = panel(switched.plot_pdf()).lines[0].get_data()
    at = int(np.flatnonzero(times == 1.0)[0])
    assert values[at - 1] == 0.0
    assert values[at] == pytest.approx(2.0, rel=1e-12)
    assert times[at] - times[at - 1] < 1e-15


@pytest.mark.parametrize("at", [[], [[1.0]], 1.0, [-1.0]])
def test_bad_points_of_epochs(switched, at):
    with pytest.raises(ValueError, match="at"):
        switched.plot_pdf(at)

"""Plots: what is drawn, where, and what is refused."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.testing import assert_allclose
from phasic import Observations
from phasic.svgd import Gamma, LogNormal, svgd
from phasic.svgd._monitor import GRADE_LIMITS, LIMITS
from scipy import stats

from tests.svgd.posteriors import bare, of_data, stages, trials
from tests.svgd.standins import Hypoexponential

RATES = np.array([1.0, 2.0, 4.0])
LAW = stats.gamma(2, scale=1 / RATES[:, None])


@pytest.fixture(scope="module")
def fitted():
    """A short fit of two parameters with history."""
    values = np.random.default_rng(1).exponential(size=(30, 2)) @ [1.0, 0.25]
    return svgd(
        Hypoexponential(),
        values,
        prior=[LogNormal(0.0, 0.3), LogNormal(np.log(4.0), 0.3)],
        names=("slow", "fast"),
        n_iterations=60,
        return_history=True,
    )


@pytest.fixture
def axes():
    """Two by two Axes of the user's own."""
    return Figure().subplots(2, 2)


def line(panel, label):
    """The data of the only line with a label."""
    (found,) = [each for each in panel.get_lines() if each.get_label() == label]
    return found.get_xdata(), found.get_ydata()


# Trace


def test_trace_has_a_panel_for_each_parameter(fitted):
    assert [panel.get_ylabel() for panel in fitted.plot_trace().axes] == ["slow", "fast"]


def test_trace_shows_medians_at_the_kept_steps(fitted):
    steps, median = line(fitted.plot_trace(["fast"]).axes[0], "median")
    assert tuple(steps) == fitted.history_steps
    assert_allclose(median, np.median(fitted.history[:, :, 1], axis=1), rtol=1e-12)


def test_trace_shows_some_particles(fitted):
    panel = fitted.plot_trace("slow").axes[0]
    ends = {each.get_ydata()[-1] for each in panel.get_lines() if each.get_label() != "median"}
    assert len(ends) == 20
    assert ends <= set(fitted["slow"])


def test_trace_without_history_says_how_to_keep_one():
    with pytest.raises(
        ValueError, match="plot_trace needs the particles of earlier steps: fit with return_h"
    ):
        bare([[1.0]]).plot_trace()


# Pairs


def test_pairs_are_scattered_below_the_diagonal(fitted):
    panels = np.reshape(fitted.plot_pair().axes, (2, 2))
    (points,) = panels[1, 0].get_lines()
    assert np.array_equal(points.get_xdata(), fitted["slow"])
    assert np.array_equal(points.get_ydata(), fitted["fast"])
    assert (panels[1, 0].get_xlabel(), panels[1, 0].get_ylabel()) == ("slow", "fast")


def test_pairs_have_histograms_of_all_particles_on_the_diagonal(fitted):
    panels = np.reshape(fitted.plot_pair().axes, (2, 2))
    for panel in (panels[0, 0], panels[1, 1]):
        assert sum(bar.get_height() for bar in panel.patches) == len(fitted.particles)


def test_one_parameter_has_a_histogram():
    (panel,) = bare(RATES[:, None]).plot_pair().axes
    assert panel.get_xlabel() == "rate"


def test_many_particles_are_faint():
    drawn = np.random.default_rng(3).lognormal(size=(4_000, 2))
    alphas = [
        np.reshape(bare(part, ("a", "b")).plot_pair().axes, (2, 2))[1, 0].get_lines()[0].get_alpha()
        for part in (drawn[:100], drawn)
    ]
    assert alphas == [1.0, 500 / 4_000]


def test_a_positive_parameter_of_a_wide_range_has_logarithmic_axes():
    wide, narrow, signed = [0.01, 0.1, 1.0], [1.0, 2.0, 29.0], [-5.0, 0.1, 100.0]
    panels = np.reshape(bare(np.transpose([wide, narrow, signed]), ("w", "n", "s")).plot_pair().axes, (3, 3))
    assert [panels[2, i].get_xscale() for i in range(3)] == ["log", "linear", "linear"]
    assert (panels[0, 0].get_xscale(), panels[1, 0].get_xscale()) == ("log", "log")
    assert (panels[1, 0].get_yscale(), panels[2, 0].get_yscale()) == ("linear", "linear")


def test_logarithmic_histograms_have_all_particles_in_equal_bins():
    drawn = np.random.default_rng(4).lognormal(sigma=2.0, size=(500, 1))
    (panel,) = bare(drawn).plot_pair().axes
    assert sum(bar.get_height() for bar in panel.patches) == 500
    edges = np.array([(bar.get_x(), bar.get_x() + bar.get_width()) for bar in panel.patches])
    ratios = edges[:, 1] / edges[:, 0]
    # Rounding of sums of edges.
    assert_allclose(ratios, ratios[0], rtol=1e-9)


# Predictive


def test_predictive_curve_and_its_band():
    posterior = of_data(stages(2).model(), [0.5, 1.5], RATES[:, None])
    (panel,) = posterior.plot_predictive([0.5, 1.0, 2.0], function="sf", probability=0.5).axes
    at, mean = line(panel, "predictive")
    assert list(at) == [0.5, 1.0, 2.0]
    assert_allclose(mean, LAW.sf([0.5, 1.0, 2.0]).mean(axis=0), rtol=1e-9)
    band = panel.collections[0]
    assert band.get_label() == "50% of the particles"
    wanted = np.quantile(LAW.sf(2.0)[:, 0], [0.25, 0.75], method="hazen")
    drawn = band.get_paths()[0].vertices
    # The outline passes both ends at the last point.
    assert_allclose(np.unique(drawn[drawn[:, 0] == 2.0, 1]), wanted, rtol=1e-9)


def test_exact_data_are_their_distribution_function():
    (panel,) = of_data(stages(2).model(), [1.5, 0.5, 0.5], RATES[:, None]).plot_predictive().axes
    at, value = line(panel, "data")
    assert list(at) == [0.0, 0.5, 1.5]
    assert_allclose(value, [0.0, 2 / 3, 1.0], rtol=1e-12)


def test_right_censored_data_are_the_curve_of_kaplan_and_meier():
    times, censored = np.array([1.0, 2.0, 2.0, 3.0, 4.0, 5.0]), np.array([0, 0, 1, 0, 1, 0], bool)
    seen = Observations.exact(times[~censored]) + Observations.right(times[censored])
    (panel,) = of_data(stages(2).model(), seen, RATES[:, None]).plot_predictive(function="sf").axes
    at, value = line(panel, "data")
    wanted = stats.ecdf(stats.CensoredData.right_censored(times, censored)).sf
    assert_allclose(value[1:], wanted.evaluate(at[1:]), rtol=1e-12)


def test_other_censored_data_are_between_bounds():
    seen = Observations.interval([0.5, 1.0], [1.0, 2.0]) + Observations.exact([1.5])
    (panel,) = of_data(stages(2).model(), seen, RATES[:, None]).plot_predictive().axes
    (band,) = [each for each in panel.collections if each.get_label() == "data, between bounds"]
    drawn = band.get_paths()[0].vertices
    # At 1.2 one observation lies surely below and one more perhaps.
    inside = drawn[(drawn[:, 0] == 1.5)]
    assert set(np.round(inside[:, 1], 9)) <= {round(i / 3, 9) for i in range(4)}
    assert {round(1 / 3, 9), round(2 / 3, 9), 1.0} <= set(np.round(inside[:, 1], 9))


def test_truncated_data_have_a_conditional_curve():
    seen = Observations.exact([0.5, 1.5], truncated=(0.2, 2.0))
    (panel,) = of_data(stages(2).model(), seen, RATES[:, None]).plot_predictive([0.1, 1.0, 2.0]).axes
    low, high = LAW.cdf(0.2), LAW.cdf(2.0)
    wanted = [0.0, ((LAW.cdf(1.0) - low) / (high - low)).mean(), 1.0]
    assert_allclose(line(panel, "predictive")[1], wanted, rtol=1e-9)


def test_a_density_of_truncated_data_is_conditional():
    seen = Observations.exact([0.5, 1.5], truncated=(None, 2.0))
    (panel,) = of_data(stages(2).model(), seen, RATES[:, None]).plot_predictive([1.0], function="pdf").axes
    assert_allclose(line(panel, "predictive")[1], (LAW.pdf(1.0) / LAW.cdf(2.0)).mean(), rtol=1e-9)


def test_a_density_has_a_histogram_of_area_one():
    posterior = of_data(stages(2).model(), np.linspace(0.1, 3.0, 50), RATES[:, None])
    (panel,) = posterior.plot_predictive(function="pdf").axes
    assert sum(bar.get_height() * bar.get_width() for bar in panel.patches) == pytest.approx(1.0)


def test_counts_have_bars_of_their_shares():
    posterior = of_data(trials().model(discrete=True), [1.0, 1.0, 3.0], [[0.4], [0.6]])
    (panel,) = posterior.plot_predictive(function="pdf").axes
    assert_allclose([bar.get_height() for bar in panel.patches], [2 / 3, 1 / 3])
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("count", "probability")
    at, mean = line(panel, "predictive")
    assert list(at) == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert_allclose(mean[1:], stats.geom([[0.4], [0.6]]).pmf(at[1:]).mean(axis=0), rtol=1e-9)


def test_censored_data_have_no_histogram():
    posterior = of_data(stages(2).model(), Observations.right([1.0]), [[1.0]])
    with pytest.raises(ValueError, match="censored data have no histogram: use function="):
        posterior.plot_predictive(function="pdf")


def test_an_unknown_function_is_refused():
    with pytest.raises(ValueError, match="function must be one of pdf, cdf, sf, got 'hazard'"):
        of_data(stages(2).model(), [0.5], [[1.0]]).plot_predictive(function="hazard")


# Convergence


def test_convergence_shows_residuals_and_limits(fitted):
    (panel,) = fitted.plot_convergence().axes
    labels = [each.get_label() for each in panel.get_lines() if not each.get_label().startswith("_")]
    assert sorted(labels) == sorted(LIMITS)
    limits = [each.get_ydata()[0] for each in panel.get_lines() if each.get_linestyle() == ":"]
    assert sorted(limits) == sorted(LIMITS.values())
    assert line(panel, "stein_mean")[0].tolist() == list(fitted.history_steps)


def test_the_last_residuals_are_those_of_whitened_particles(fitted):
    (panel,) = fitted.plot_convergence().axes
    z = fitted.target.transform.to_z(fitted.particles)
    root = np.linalg.cholesky(np.cov(z, rowvar=False))
    x = np.linalg.solve(root, (z - z.mean(axis=0)).T).T
    score = np.asarray(fitted.target.value_and_gradient(z)[1]) @ root
    wanted = {
        "stein_mean": np.abs(score.mean(axis=0)).max(),
        "stein_second": np.abs(score.T @ x / len(x) + np.eye(2)).max(),
    }
    found = {name: line(panel, name)[1][-1] for name in wanted}
    # Sums of 128 numbers of about 1, in another order.
    assert found == pytest.approx(wanted, abs=1e-10)


def test_modes_with_runs_of_their_own_show_movement_alone(fitted):
    (panel,) = replace(fitted, diagnostics={"part_weights": np.array([0.5, 0.5])}).plot_convergence().axes
    movement, limit = panel.get_lines()
    assert movement.get_label() == "movement"
    assert limit.get_linestyle() == ":"


def test_convergence_says_the_verdict(fitted):
    reason = "not converged: " + " ".join(["many words"] * 20)
    told = f"{reason}. What may help: more steps"
    (panel,) = replace(fitted, converged=False, reason=told).plot_convergence().axes
    lines = panel.get_title().splitlines()
    assert " ".join(lines) == reason
    assert len(lines) > 1


def test_gaps_above_their_limits_are_marked_at_the_last_step(fitted):
    gaps = {"sd_gap": 0.17, "tail_gap": 0.71, "mean_gap": 0.01}
    (panel,) = replace(fitted, diagnostics={**fitted.diagnostics, **gaps}).plot_convergence().axes
    last = fitted.history_steps[-1]
    assert [line(panel, name) for name in ("sd_gap", "tail_gap")] == [([last], [0.17]), ([last], [0.71])]
    labels = {each.get_label() for each in panel.get_lines() if not each.get_label().startswith("_")}
    assert labels == {*LIMITS, "sd_gap", "tail_gap"}
    limits = [each.get_ydata()[0] for each in panel.get_lines() if each.get_linestyle() == ":"]
    assert {GRADE_LIMITS["sd_gap"], GRADE_LIMITS["tail_gap"]} <= set(limits)


def test_convergence_without_history_says_how_to_keep_one():
    with pytest.raises(ValueError, match="plot_convergence needs the particles of earlier steps"):
        bare([[1.0]]).plot_convergence()


def test_convergence_without_target_says_how_to_attach_one():
    posterior = bare([[1.0]], history=np.ones((2, 1, 1)), history_steps=(0, 1))
    with pytest.raises(ValueError, match=r"plot_convergence needs the model and data.*with_target"):
        posterior.plot_convergence()


def test_particles_in_fewer_dimensions_have_no_residuals():
    history = np.array([[[1.0], [2.0]], [[2.0], [2.0]]])
    posterior = bare(history[-1], history=history, history_steps=(0, 1))
    posterior = posterior.with_target(stages(2).model(), [0.5], Gamma(1.0, 1.0))
    with pytest.raises(ValueError, match="the 2 particles of 1 parameters lie in fewer dimensions"):
        posterior.plot_convergence()


# Axes


@pytest.mark.parametrize(
    ("method", "chosen"),
    [
        ("plot_trace", lambda axes: axes[0]),
        ("plot_pair", lambda axes: axes),
        ("plot_convergence", lambda axes: axes[0, 0]),
    ],
)
def test_given_axes_are_drawn_into(fitted, axes, method, chosen):
    assert getattr(fitted, method)(ax=chosen(axes)) is axes[0, 0].figure
    assert axes[0, 0].has_data()


def test_a_given_axes_shows_the_predictive_curve(axes):
    posterior = of_data(stages(2).model(), [0.5], [[1.0]])
    assert posterior.plot_predictive(ax=axes[0, 0]) is axes[0, 0].figure
    assert axes[0, 0].has_data()


@pytest.mark.parametrize(
    ("method", "given", "message"),
    [
        (
            "plot_trace",
            lambda axes: axes[0, 0],
            r"ax must be an array of shape \(2,\) of matplotlib Axes, got",
        ),
        ("plot_pair", lambda axes: axes[0], r"ax must be an array of shape \(2, 2\) of matplotlib Axes, got"),
        ("plot_convergence", lambda axes: axes, "ax must be a matplotlib Axes, got"),
        ("plot_convergence", lambda axes: "left", "ax must be a matplotlib Axes, got 'left'"),
    ],
)
def test_axes_of_another_shape_are_refused(fitted, axes, method, given, message):
    with pytest.raises(ValueError, match=message):
        getattr(fitted, method)(ax=given(axes))


@pytest.mark.parametrize("method", ["plot_trace", "plot_pair"])
@pytest.mark.parametrize("names", [["slow", "rate"], [], "rate"])
def test_unknown_names_are_refused(fitted, method, names):
    with pytest.raises(ValueError, match=r"names is .*: give some of the parameters, which are slow, fast"):
        getattr(fitted, method)(names)


def test_without_matplotlib_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.axes", None)
    with pytest.raises(ImportError, match=r"a plot needs matplotlib: pip install 'matplotlib>=3.8'"):
        bare([[1.0]]).plot_pair()


def test_pyplot_keeps_no_figure(fitted):
    from matplotlib import pyplot

    before = pyplot.get_fignums()
    figure = fitted.plot_pair()
    assert pyplot.get_fignums() == before
    assert all(isinstance(panel, Axes) for panel in figure.axes)


def test_figures_can_be_written(fitted, tmp_path):
    for i, figure in enumerate((fitted.plot_trace(), fitted.plot_pair(), fitted.plot_convergence())):
        figure.savefig(tmp_path / f"{i}.svg")
    assert len(list(tmp_path.iterdir())) == 3

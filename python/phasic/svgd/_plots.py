"""Pictures of a posterior, by matplotlib: methods of `Posterior`."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from phasic.plot._axes import axes as _axes
from phasic.plot._axes import figure as _figure
from phasic.svgd._predictions import Predictions

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PANEL = 2.6  # inches
#: Particles of a pair that are drawn solid; more are drawn as much fainter as they are more, down to a limit.
_OPAQUE = 500
_FAINTEST = 0.05
#: The factor that positive particles may span on a linear axis.
_LINEAR = 30.0
_TITLE = 65  # letters in a line of two panels
_FAINT = {"color": "C0", "alpha": 0.25, "linewidth": 0.7}


class Plots(Predictions):
    """Plots of a posterior; see `Posterior`.

    Each draws into `ax`, one of matplotlib's Axes or an array of them, or else into a new Figure, and returns
    the Figure. No state of `matplotlib.pyplot` is read or changed. All raise ImportError without matplotlib
    (extra `plot`).
    """

    names: tuple[str, ...]
    reason: str
    history: NDArray[np.float64] | None
    history_steps: tuple[int, ...]
    diagnostics: Mapping[str, Any]

    def plot_trace(self, names: Sequence[str] | None = None, *, ax: Sequence[Axes] | None = None) -> Figure:
        """Where the particles went: their median and 5–95 % band at each kept step, and some of them.

        Args:
            names: Parameters to show, a panel each; default all.
            ax: (len(names),) matplotlib Axes; default a new Figure.

        Returns:
            The Figure.

        Raises:
            ValueError: The fit kept no history; or names or Axes are not what they must be.
            ImportError: matplotlib is not installed (extra `plot`).

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> graph, prior = phasic.models.erlang(1), phasic.Gamma(2.0, 2.0)
            >>> posterior = graph.svgd([0.5, 1.5], prior=prior, return_history=True)
            >>> figure = posterior.plot_trace()
            >>> figure.savefig("trace.png")
            >>> figure.axes[0].get_xlabel()
            'step'
        """
        shown, history = self._chosen(names), self._known_history("plot_trace")
        axes = _axes(ax, (len(shown),), (2.2 * _PANEL, 0.8 * _PANEL * len(shown)), sharex=True)
        steps = np.array(self.history_steps)
        few = np.linspace(0, history.shape[1] - 1, min(20, history.shape[1])).astype(int)
        for name, panel in zip(shown, axes, strict=True):
            paths = history[:, :, self.names.index(name)]
            low, middle, high = np.quantile(paths, [0.05, 0.5, 0.95], axis=1, method="hazen")
            panel.plot(steps, paths[:, few], **_FAINT)
            panel.fill_between(steps, low, high, color="C0", alpha=0.2, label="5–95 %")
            panel.plot(steps, middle, color="C0", label="median")
            panel.set_ylabel(name)
        axes[-1].set_xlabel("step")
        axes[0].legend(loc="best")
        return _figure(axes)

    def plot_pair(
        self, names: Sequence[str] | None = None, *, ax: Sequence[Sequence[Axes]] | None = None
    ) -> Figure:
        """Particles of each pair of parameters, and a histogram of each.

        Many particles are drawn thinner, so that where they are dense stays to be seen. A parameter whose
        particles are all positive and span more than a factor of 30 has logarithmic axes.

        Args:
            names: Parameters to show; default all.
            ax: (len(names), len(names)) matplotlib Axes; default a new Figure.

        Returns:
            The Figure.

        Raises:
            ValueError: Names or Axes are not what they must be.
            ImportError: matplotlib is not installed (extra `plot`).

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> graph, prior = phasic.models.erlang(1), {"rate": phasic.Gamma(2.0, 1.0)}
            >>> posterior = graph.fit(np.full(98, 0.5), prior=prior, method="laplace")
            >>> figure = posterior.plot_pair()
            >>> figure.savefig("pair.png")
            >>> figure.axes[0].get_xlabel()
            'rate'
        """
        shown = self._chosen(names)
        k = len(shown)
        axes = _axes(ax, (k, k), (max(1.2, k) * _PANEL, max(1.2, k) * _PANEL), squeeze=False)
        columns = [self.particles[:, self.names.index(name)] for name in shown]
        scales = [_scale(column) for column in columns]
        alpha = min(1.0, max(_FAINTEST, _OPAQUE / len(self.particles)))
        for i, j in np.ndindex(k, k):
            panel = axes[i, j]
            if i < j:
                panel.set_axis_off()
            elif i == j:
                panel.hist(columns[i], bins=_bins(columns[i], scales[i]), color="C0", alpha=0.6)
                panel.set_xscale(scales[i])
                panel.set_yticks([])
            else:
                panel.plot(
                    columns[j], columns[i], ".", color="C0", markersize=4, alpha=alpha, markeredgewidth=0
                )
                panel.set_xscale(scales[j])
                panel.set_yscale(scales[i])
            if i == k - 1:
                panel.set_xlabel(shown[j])
            if j == 0 and i > 0:
                panel.set_ylabel(shown[i])
        return _figure(axes)

    def plot_predictive(
        self,
        at: ArrayLike | None = None,
        *,
        function: str = "cdf",
        probability: float = 0.9,
        kind: int | None = None,
        ax: Axes | None = None,
    ) -> Figure:
        """The fitted law with its spread, and the data.

        The line is the posterior predictive function and the band holds `probability` of the particles'. Data
        are steps: those of Kaplan & Meier (1958, Journal of the American Statistical Association 53, 457–481)
        with right-censoring; with other censoring the area between what is surely and what is possibly below.
        For "pdf" a histogram, of exact data only.

        Args:
            at: (m,) points; default 200 from 0 to beyond the data, or every count.
            function: "cdf", "sf" or "pdf".
            probability: Of the band, above 0 and below 1.
            kind: Which row of rewards, where several were observed.
            ax: matplotlib Axes; default a new Figure.

        Returns:
            The Figure.

        Raises:
            TypeError: The model is no `phasic.Model` or `phasic.EpochModel`.
            ValueError: There is no target, or an argument is not what it must be; it is named.
            ImportError: matplotlib is not installed (extra `plot`).

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> graph, prior = phasic.models.erlang(1), phasic.Gamma(2.0, 1.0)
            >>> posterior = graph.fit(np.full(98, 0.5), prior=prior, method="laplace")
            >>> figure = posterior.plot_predictive(function="sf")
            >>> figure.savefig("fit.png")
            >>> len(figure.axes)
            1
        """
        from phasic.svgd._plot_predictive import draw

        panel = _axes(ax, (), (2.0 * _PANEL, 1.4 * _PANEL))[()]
        draw(panel, self._known_target("plot_predictive"), self.particles, at, function, probability, kind)
        return _figure(panel)

    def plot_convergence(self, *, ax: Axes | None = None) -> Figure:
        """How the Stein residuals and the movement of the particles fell, with the limits of the verdict.

        The verdict itself is the title, and a cross marks what importance sampling has against the last
        particles: each number of `diagnostics` that is above its limit.

        The residuals are computed anew from the kept history, by as many gradients as it has particles, in
        coordinates whitened by the last snapshot. Where modes had runs of their own, of which the history
        keeps a share each, only the movement is shown.

        Args:
            ax: matplotlib Axes; default a new Figure.

        Returns:
            The Figure.

        Raises:
            ValueError: The fit kept no history, or there is no target.
            ImportError: matplotlib is not installed (extra `plot`).

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> graph, prior = phasic.models.erlang(1), phasic.Gamma(2.0, 2.0)
            >>> posterior = graph.svgd([0.5, 1.5], prior=prior, return_history=True)
            >>> figure = posterior.plot_convergence()
            >>> figure.savefig("convergence.png")
            >>> figure.axes[0].get_xlabel()
            'step'
        """
        from phasic.svgd._monitor import GRADE_LIMITS, LIMITS, without_remedies
        from phasic.svgd._plot_data import movement_of, residuals_of

        history = self._known_history("plot_convergence")
        target = self._known_target("plot_convergence")
        panel = _axes(ax, (), (2.2 * _PANEL, 1.4 * _PANEL))[()]
        steps = np.array(self.history_steps)
        lines = {}
        if len(self.diagnostics.get("part_weights", (1.0,))) == 1:
            lines = {name: (steps, values) for name, values in residuals_of(target, history).items()}
        lines["movement"] = (steps[1:], movement_of(target, history, self.history_steps))
        for name, limit in GRADE_LIMITS.items():
            if not self.diagnostics.get(name, -np.inf) < limit:
                lines[name] = (steps[-1:], np.array([self.diagnostics[name]]))
        limits = LIMITS | GRADE_LIMITS
        for i, (name, (at, values)) in enumerate(lines.items()):
            panel.plot(at, np.abs(values), color=f"C{i}", marker="." if name in LIMITS else "X", label=name)
            panel.axhline(limits[name], color=f"C{i}", linestyle=":", linewidth=1.0)
        panel.set_title(textwrap.fill(without_remedies(self.reason), _TITLE), fontsize="small")
        panel.set_yscale("log")
        panel.set_xlabel("step")
        panel.set_ylabel("residual (dotted: its limit)")
        panel.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        return _figure(panel)

    def _chosen(self, names: Sequence[str] | None) -> tuple[str, ...]:
        chosen = self.names if names is None else (names,) if isinstance(names, str) else tuple(names)
        unknown = [name for name in chosen if name not in self.names]
        if unknown or not chosen:
            raise ValueError(
                f"names is {names!r}: give some of the parameters, which are {', '.join(self.names)}"
            )
        return chosen

    def _known_history(self, wanted: str) -> NDArray[np.float64]:
        if self.history is None or len(self.history) < 2:
            raise ValueError(f"{wanted} needs the particles of earlier steps: fit with return_history=True")
        return self.history


def _scale(values: NDArray[np.float64]) -> str:
    return "log" if values.min() > 0 and values.max() / _LINEAR > values.min() else "linear"


def _bins(values: NDArray[np.float64], scale: str) -> NDArray[np.float64]:
    """Edges of a histogram, equally far apart on the scale."""
    if scale == "linear":
        return np.histogram_bin_edges(values, bins="auto")
    edges = np.exp(np.histogram_bin_edges(np.log(values), bins="auto"))
    # The ends again: the exponential of a logarithm rounds, and no particle may be left out.
    edges[0], edges[-1] = values.min(), values.max()
    return np.asarray(edges)

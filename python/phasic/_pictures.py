"""Pictures of a graph and of its law."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from phasic import _check
from phasic._distribution import Distribution

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from phasic.plot import Drawing


class Pictures(Distribution):
    """Drawings of vertices and edges, and plots of distribution functions; see `phasic.Graph`."""

    def plot(
        self,
        subgraphfun: Callable[[Any], object] | None = None,
        max_nodes: int = 100,
        theme: str | None = None,
        constraint: bool = True,
        ranksep: float = 1.0,
        nodesep: float = 0.4,
        rankdir: str | None = None,
        size: tuple[float, float] | None = None,
        fontsize: float = 12.0,
        rainbow: bool = False,
        penwidth: float = 1.0,
        *,
        nodelabel: Callable[[Any], object] | None = None,
        edgelabel: str | None = "auto",
        names: Sequence[str] | None = None,
        color: ArrayLike | Callable[[Any], object] | None = None,
        **attributes: str | float | bool,
    ) -> Drawing:
        """A drawing of the vertices and edges; a notebook shows it, and `.save("graph.svg")` writes it.

        Vertices show their states. The starting vertex is round, absorbing vertices have two outlines. Edges
        between the same two vertices are drawn as one, with the sum of their weights.

        Args:
            subgraphfun: Function of a state, (state_length,) int32; states with equal answers are drawn in
                a box with the answer as its name. Start and absorbing vertices stay outside.
            max_nodes: The most nodes to draw, from 3 on. A larger graph is drawn by strongly connected
                components, or by bands of them where there are too many, or too many links between them; a
                line in the picture says so.
            theme: "light" or "dark"; default what `phasic.set_theme` has set, "light" before.
            constraint: Whether graphviz ranks vertices by edges. Used in `source`.
            ranksep: Space between layers, in inches; more where labels need it.
            nodesep: Space between the nodes of a layer, in inches; more where labels need it.
            rankdir: Where edges point: "LR" (right), "RL", "TB" (down) or "BT". By default to the right, and
                a drawing more than eight times as wide as high is folded into rows, every other one of which
                goes back to the left.
            size: The most inches (width, height); a larger drawing is shrunk. By default a drawing wider than
                720 points is shrunk until its smallest text has 9 points, and is as wide as that needs.
            fontsize: Of labels, in points.
            rainbow: Whether neighbouring edges have different colours.
            penwidth: Of edges, in points.
            nodelabel: Function of a state, the label of its vertex; default the entries of the state.
            edgelabel: "formula" for `base + coefficients · theta`; "weight" for the weight at the graph's
                theta; None for none. By default formulas if the graph has parameters.
            names: (param_length,) of the parameters in formulas, default θ[0], θ[1], …
            color: Numbers, (n_vertices,), or a function of a state that gives a number or a word. Numbers
                are shown on a scale, which is drawn below; words are categories with a key. None or NaN
                leaves a vertex as it is. A node for several vertices shows their mean.
            **attributes: Attributes of the whole graph in `source`, such as `splines="ortho"`; graphviz's
                manual lists them. Of these the drawing itself reads `bgcolor`.

        Returns:
            The drawing, which needs no other program; its `source` is for graphviz.

        Raises:
            ValueError: An argument is not what it must be.

        Example:
            >>> drawing = phasic.models.repairable_system(2).plot(names=["failure", "repair"])
            >>> path = drawing.save("system.svg")
            >>> "2·failure" in drawing.source
            True
        """
        from phasic.plot._arguments import style
        from phasic.plot._content import picture
        from phasic.plot._drawing import Drawing

        look = style(
            theme, constraint, ranksep, nodesep, rankdir, size, fontsize, penwidth, max_nodes, attributes
        )
        shown = picture(
            self,
            subgraphfun=subgraphfun,
            max_nodes=max_nodes,
            nodelabel=nodelabel,
            edgelabel=edgelabel,
            names=names,
            color=color,
            rainbow=rainbow,
        )
        return Drawing(shown, look)

    def plot_pdf(
        self,
        at: ArrayLike | None = None,
        *,
        discrete: bool | None = None,
        ax: Axes | None = None,
        **line: Any,
    ) -> Figure:
        """Plot the density of the absorption time, or the probabilities of counts of steps.

        An atom at 0 is a stem with its mass as height, which the legend tells. The axis is called time, or
        steps, or reward for a graph that `reward_transform` made. Needs matplotlib (extra `plot`); no state
        of `matplotlib.pyplot` is read or changed.

        Args:
            at: (m,) times, or whole counts; default from 0 to where 0.5 % of what does not start absorbed is
                left, times closer where the curve bends, at most 1,000.
            discrete: Whether to plot the law of steps; default `is_discrete`.
            ax: Axes of matplotlib to draw into; default those of a new Figure.
            **line: Passed to matplotlib, such as `label=` and `color=`.

        Returns:
            The Figure.

        Raises:
            ImportError: matplotlib is not there.
            ValueError: An argument is not what it must be.

        Example:
            >>> graph = phasic.models.erlang(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> figure = graph.plot_pdf([0.0, 1.0, 2.0], label="Erlang")
            >>> figure.axes[0].lines[0].get_ydata().round(6).tolist()
            [0.0, 0.367879, 0.270671]
        """
        return self._plotted("pdf", at, discrete, ax, line)

    def plot_cdf(
        self,
        at: ArrayLike | None = None,
        *,
        discrete: bool | None = None,
        ax: Axes | None = None,
        **line: Any,
    ) -> Figure:
        """Plot the probability of being absorbed by each time, or of at most each count, in steps.

        An atom at 0 is a jump there. Arguments, result and errors as for `plot_pdf`.

        Example:
            >>> graph = phasic.models.kingman(2)
            >>> graph.update_parameterized_weights([1.0])
            >>> figure = graph.plot_cdf([0.0, 1.0])
            >>> figure.axes[0].lines[0].get_ydata().round(6).tolist()  # 1 − exp(−t)
            [0.0, 0.632121]
        """
        return self._plotted("cdf", at, discrete, ax, line)

    def plot_sf(
        self,
        at: ArrayLike | None = None,
        *,
        discrete: bool | None = None,
        ax: Axes | None = None,
        **line: Any,
    ) -> Figure:
        """Plot the probability of not being absorbed by each time, or of more than each count, in steps.

        Arguments, result and errors as for `plot_pdf`.

        Example:
            >>> graph = phasic.models.repairable_system(2)
            >>> graph.update_parameterized_weights([1.0, 10.0])
            >>> figure = graph.plot_sf([0.0, 1.0], label="one repairer")
            >>> graph.update_parameterized_weights([1.0, 20.0])
            >>> len(graph.plot_sf([0.0, 1.0], label="a faster one", ax=figure.axes[0]).axes[0].lines)
            2
        """
        return self._plotted("sf", at, discrete, ax, line)

    def _plotted(
        self, curve: str, at: ArrayLike | None, discrete: bool | None, ax: Axes | None, line: dict[str, Any]
    ) -> Figure:
        from phasic.plot._axes import axes, figure
        from phasic.plot._curves import draw, points

        steps = self.is_discrete if discrete is None else bool(discrete)
        given = None
        if at is not None:
            given = points((_check.counts if steps else _check.times)("at", at))
        panel = axes(ax, (), (5.2, 3.6))[()]
        draw(panel, self, curve, given, steps, line)
        return figure(panel)

    def _repr_html_(self) -> str:
        from phasic import _reprs

        return _reprs.graph(self)

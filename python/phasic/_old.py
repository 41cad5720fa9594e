"""Makers of functions under the names of older code: more methods of `Graph`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from phasic._structure import Structure

if TYPE_CHECKING:
    import numpy as np
    from jax import Array
    from numpy.typing import NDArray

    from phasic._graph import Graph


class Makers(Structure):
    """Functions of theta as older code makes them; see `phasic.Graph`. `Graph.model` has all of them at once.

    All are functions of JAX, under jit, grad and vmap. Arguments named `use_cache`, `use_ffi`, `theta_dim`
    and `param_length` mean nothing: everything is cached and compiled, and a graph knows its parameters.

    Initial weights that exceed 1 or depend on theta are divided by their sum, as older code did, where that
    gives the same distribution at every theta.
    """

    @staticmethod
    def pmf_from_graph(
        graph: Graph,
        discrete: bool = False,
        use_cache: bool = True,
        theta_dim: int | None = None,
        param_length: int | None = None,
    ) -> Callable[..., Array]:
        """`(theta, times) -> densities`, as `Model.pdf`, or with `discrete` as `Model.pmf`.

        Of a graph without parameters `(times) -> densities`.
        """
        from phasic import _makers

        return _makers.pmf_from_graph(graph, discrete)

    @staticmethod
    def pmf_from_graph_parameterized(
        graph_builder: Callable[[NDArray[np.float64]], Graph], discrete: bool = False
    ) -> Callable[..., Array]:
        """`(theta, times) -> densities` of the graphs that a function of theta builds.

        The builder runs at a few concrete theta when the function is first called; its weights must be affine
        in theta.

        Raises:
            ValueError: When called: the edges or weights depend on theta in another way.
        """
        from phasic import _makers

        return _makers.pmf_from_graph_parameterized(graph_builder, discrete)

    @staticmethod
    def moments_from_graph(graph: Graph, nr_moments: int = 2, use_ffi: bool = False) -> Callable[..., Array]:
        """`(theta) -> (nr_moments,)`, as `Model.moments`; without parameters `() -> (nr_moments,)`."""
        from phasic import _makers

        return _makers.moments_from_graph(graph, nr_moments)

    @staticmethod
    def pmf_and_moments_from_graph(
        graph: Graph,
        nr_moments: int = 2,
        discrete: bool = False,
        use_ffi: bool = False,
        theta_dim: int | None = None,
        param_length: int | None = None,
    ) -> Callable[..., tuple[Array, Array]]:
        """`(theta, times, rewards=None) -> (densities, moments)`, (k,) and (nr_moments,).

        With rewards (n_vertices,) those of the accumulated reward. With rewards (f, n_vertices), a row for
        each feature, or (n_vertices, f), (k, f) and (f, nr_moments), of times (k,) or (k, f), NaN where
        one is missing: its density is NaN, and has no part in derivatives. A square of rewards has its
        features in rows. Rewards past the last vertex are left out with a DeprecationWarning, as older
        versions did without; too few raise ValueError.

        Of a graph without parameters, `(times, rewards=None)`.
        """
        from phasic import _makers

        return _makers.pmf_and_moments_from_graph(graph, nr_moments, discrete)

    #: Serves several features too.
    pmf_and_moments_from_graph_multivariate: Any = pmf_and_moments_from_graph

    def __getattr__(self, name: str) -> NoReturn:
        if hasattr(type(self), name):
            object.__getattribute__(self, name)  # a property, which raises its own error
        from phasic._dropped import refuse

        refuse("phasic.Graph", name)

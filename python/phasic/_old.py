"""Makers of functions under the names of older code: more methods of `Graph`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from phasic._structure import Structure

if TYPE_CHECKING:
    import numpy as np
    from jax import Array
    from numpy.typing import NDArray

    from phasic._graph import Graph


class Makers(Structure):
    """Functions of theta as older code makes them; see `phasic.Graph`."""

    @staticmethod
    def pmf_from_graph(
        graph: Graph,
        discrete: bool = False,
        use_cache: bool = True,
        theta_dim: int | None = None,
        param_length: int | None = None,
    ) -> Callable[..., Array]:
        """A function of JAX for densities of a graph: for code of older versions, where new code has
        `Graph.model`.

        `(theta, times) -> densities` is `Model.pdf`, or with `discrete` `Model.pmf`. Of a graph without
        parameters it is `(times) -> densities`. Initial weights that exceed 1 or depend on theta are divided
        by their sum, as older code did, where that gives the same distribution at every theta; elsewhere they
        are probabilities. The functions work under jit, grad and vmap.

        Args:
            graph: The graph.
            discrete: Whether the law is that of the discrete chain's steps.
            use_cache, theta_dim, param_length: Accepted and not used: everything is cached and compiled, and
                a graph knows its parameters.

        Returns:
            The function.

        Raises:
            ValueError: As for `validate`; when called, as for `Model.pdf`.

        Example:
            >>> density = phasic.Graph.pmf_from_graph(phasic.models.erlang(1))
            >>> round(float(density(jnp.array([2.0]), jnp.array([1.0]))[0]), 4)  # 2 exp(−2)
            0.2707
        """
        from phasic import _makers

        return _makers.pmf_from_graph(graph, discrete)

    @staticmethod
    def pmf_from_graph_parameterized(
        graph_builder: Callable[[NDArray[np.float64]], Graph], discrete: bool = False
    ) -> Callable[..., Array]:
        """A function of JAX for densities of the graphs that a function of theta builds: for older versions'
        code.

        New code gives the edges of one graph coefficients of theta, and calls `Graph.model`. The builder runs
        at a few concrete theta when the function `(theta, times) -> densities` is first called; its weights
        must be affine in theta.

        Args:
            graph_builder: Function of theta, (p,), that returns a graph.
            discrete: Whether the law is that of the discrete chain's steps.

        Returns:
            The function.

        Raises:
            ValueError: When called: the edges or weights depend on theta in another way.

        Example:
            >>> def build(theta):
            ...     return phasic.Graph.from_matrices([1.0], [[-theta[0]]])
            >>> density = phasic.Graph.pmf_from_graph_parameterized(build)
            >>> round(float(density(jnp.array([2.0]), jnp.array([1.0]))[0]), 4)  # 2 exp(−2)
            0.2707
        """
        from phasic import _makers

        return _makers.pmf_from_graph_parameterized(graph_builder, discrete)

    @staticmethod
    def moments_from_graph(graph: Graph, nr_moments: int = 2, use_ffi: bool = False) -> Callable[..., Array]:
        """A function of JAX for raw moments of a graph: for code of older versions, where new code has
        `Graph.model`.

        `(theta) -> (nr_moments,)` is `Model.moments`; of a graph without parameters it has no argument.
        Initial weights as for `pmf_from_graph`.

        Args:
            graph: The graph.
            nr_moments: The highest order.
            use_ffi: Accepted and not used.

        Returns:
            The function.

        Raises:
            ValueError: As for `pmf_from_graph`.

        Example:
            >>> moments = phasic.Graph.moments_from_graph(phasic.models.erlang(1), nr_moments=3)
            >>> [round(float(each), 4) for each in moments(jnp.array([1.0]))]  # k!
            [1.0, 2.0, 6.0]
        """
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
        """A function of JAX for densities and moments of a graph: for code of older versions.

        New code has `Graph.model`, with `pdf`, `pmf`, `moments` and, for several rewards, `pdf_reward`. The
        function is `(theta, times, rewards=None) -> (densities, moments)`, (k,) and (nr_moments,); of a graph
        without parameters `(times, rewards=None)`. With rewards (n_vertices,) those of the accumulated
        reward. With rewards (f, n_vertices), a row for each feature, or (n_vertices, f), (k, f) and (f,
        nr_moments), of times (k,) or (k, f), NaN where one is missing: its density is NaN, and has no part in
        derivatives. A square of rewards has its features in rows. Rewards past the last vertex are left out
        with a DeprecationWarning, as older versions did without. Initial weights as for `pmf_from_graph`.
        `pmf_and_moments_from_graph` and `pmf_and_moments_from_graph_multivariate` are the same.

        Args:
            graph: The graph.
            nr_moments: The highest order.
            discrete: Whether the law is that of the discrete chain's steps.
            use_ffi, theta_dim, param_length: Accepted and not used.

        Returns:
            The function.

        Raises:
            ValueError: As for `pmf_from_graph`; when called, also for rewards of another shape.

        Example:
            >>> both = phasic.Graph.pmf_and_moments_from_graph(phasic.models.erlang(1))
            >>> densities, moments = both(jnp.array([2.0]), jnp.array([1.0]))
            >>> round(float(densities[0]), 4), [round(float(each), 4) for each in moments]
            (0.2707, [0.5, 0.5])
        """
        from phasic import _makers

        return _makers.pmf_and_moments_from_graph(graph, nr_moments, discrete)

    @staticmethod
    def pmf_from_graph_joint_index(
        graph: Graph,
        theta_dim: int | None = None,
        fixed_mask: object = None,
        exclude_vertices: Sequence[int] | None = None,
        observed_indices: Sequence[int] | NDArray[np.integer[Any]] | None = None,
    ) -> Callable[..., tuple[Array, Array]]:
        """`(theta, vertex_indices, rewards=None) -> (probabilities, zeros)` of the vertex before the end.

        For a graph that `joint_prob_graph` made, where a vertex before the end stands for a way to absorb and
        is left at rate 1. Its expected time is divided by that of all such vertices.

        Args:
            graph: A graph with parameters.
            theta_dim, fixed_mask: Mean nothing: derivatives cost the same for all parameters.
            exclude_vertices: Indices that are left out of the sum: the law given that none of them is last.
            observed_indices: (m,); then these are meant, whatever `vertex_indices` is.

        Raises:
            ValueError: The graph has no parameters.

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> graph = phasic.models.erlang(1).joint_prob_graph(reward_only=[0], reward_limit=1)
            >>> graph.update_parameterized_weights([1.0, 1.0])
            >>> vertices = graph.joint_prob_table()["t_vertex_index"]
            >>> law = phasic.Graph.pmf_from_graph_joint_index(graph)
            >>> law(jnp.array([1.0, 1.0]), vertices)[0].round(6).tolist()
            [0.5, 0.25]
        """
        from phasic import _makers

        return _makers.pmf_from_graph_joint_index(graph, exclude_vertices, observed_indices)

    #: Serves several features too.
    pmf_and_moments_from_graph_multivariate: Any = pmf_and_moments_from_graph

    def __getattr__(self, name: str) -> NoReturn:
        if hasattr(type(self), name):
            object.__getattribute__(self, name)  # a property, which raises its own error
        from phasic._dropped import refuse

        refuse("phasic.Graph", name)

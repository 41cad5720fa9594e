"""Graphs as sparse matrices, in memory and in Matrix Market files."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from phasic import _check
from phasic._check import Doubles
from phasic._matrices import Matrices

#: How far a row of a generator may be from a sum of 0, relative to its diagonal: files may hold ten digits.
_BALANCE = 1e-9

#: A comment of a Matrix Market file with the state of a row.
_STATE = re.compile(r"%\s*state (\d+):((?: -?\d+)+)\s*")


class SparseRepresentation(NamedTuple):
    """A phase-type distribution as sparse matrices, transient vertices in order of creation.

    Attributes:
        ipv: (n,) initial probabilities; what they leave of 1 is the probability of starting absorbed.
        sim: (n, n) sub-intensity matrix, a `scipy.sparse.csr_array`: rates off the diagonal, minus the exit
            rates on it.
        exit_rates: (n,) rates of absorption. They are minus the row sums of `sim`, with all their digits.
        states: (n, state_length) states of the vertices.
        indices: (n,) positions of the vertices, counted from 1: `graph.vertex_at(indices[i] - 1)`.
    """

    ipv: Doubles
    sim: Any
    exit_rates: Doubles
    states: NDArray[np.int32]
    indices: NDArray[np.int32]


class SparseMatrices(Matrices):
    """Sparse matrices of a graph; see `phasic.Graph`."""

    def to_scipy(self, theta: ArrayLike | None = None) -> SparseRepresentation:
        """The graph as sparse matrices of SciPy: `as_matrices` for large graphs.

        A loop from a vertex to itself is no transition in continuous time, and is left out.

        Args:
            theta: (param_length,); None: the graph's own.

        Returns:
            A named tuple `(ipv, sim, exit_rates, states, indices)` of n transient vertices in order of
            creation, with initial probabilities (n,); the sub-intensity matrix, an (n, n)
            `scipy.sparse.csr_array`; rates of absorption (n,), with all their digits; states (n,
            state_length); and positions counted from 1, (n,).

        Raises:
            ValueError: theta is not what it must be, or the graph has none.

        Example:
            >>> matrices = phasic.models.kingman(3).to_scipy(theta=[1.0])
            >>> matrices.sim.toarray().tolist(), matrices.exit_rates.tolist()
            ([[-3.0, 3.0], [0.0, -1.0]], [0.0, 1.0])
        """
        from scipy.sparse import csr_array

        entries = self._entries(theta)
        n = entries.ipv.size
        place = np.arange(n)
        rows, columns = np.concatenate([entries.rows, place]), np.concatenate([entries.columns, place])
        rates = np.concatenate([entries.rates, -entries.leaving])
        sim = csr_array((rates, (rows, columns)), shape=(n, n))
        indices = entries.transient.astype(np.int32)
        return SparseRepresentation(entries.ipv, sim, entries.exit_rates, self.states()[indices], indices + 1)

    @classmethod
    def from_scipy(
        cls,
        ipv: ArrayLike,
        sim: Any,
        exit_rates: ArrayLike | None = None,
        states: ArrayLike | None = None,
    ) -> Self:
        """The graph of an initial distribution and a sparse sub-intensity matrix.

        The n transient vertices come first, in the order of the matrix, then one absorbing vertex. The first
        four fields of `to_scipy` are the arguments, in this order.

        Args:
            ipv: (n,) probabilities with a sum of at most 1, the rest starting absorbed.
            sim: (n, n), a sparse array or matrix: rates ≥ 0 off the diagonal.
            exit_rates: (n,) rates of absorption, ≥ 0. Default: minus the row sums, in which an exit rate that
                is small beside the others loses digits, and one below n times 2e-16 of the diagonal is 0.
            states: (n, state_length) whole numbers, all different; default 0 to n − 1.

        Raises:
            ValueError: An argument is not what it must be; the first bad entry is named.

        Example:
            >>> from scipy.sparse import csr_array
            >>> sim = csr_array([[-1.0, 1.0], [1.0, -1.0]])  # rates of 1 between two states
            >>> sim = sim - 0.25 * csr_array([[1.0, 0.0], [0.0, 1.0]])  # both are left at rate 1/4
            >>> round(phasic.Graph.from_scipy([0.5, 0.5], sim).expectation(), 6)
            4.0
        """
        from scipy.sparse import csr_array

        alpha, rates = _check.finite_vector("ipv", ipv), csr_array(sim, dtype=np.float64)
        rates.sum_duplicates()
        n = alpha.size
        if rates.shape != (n, n):
            raise ValueError(
                f"sim has shape {rates.shape}: it must be square and of the dimension of ipv: ({n}, {n})"
            )
        given = None if exit_rates is None else _check.finite_vector("exit_rates", exit_rates)
        if given is not None:
            if given.shape != (n,):
                raise ValueError(f"exit_rates has shape {given.shape}, but sim has {n} rows: ({n},)")
            _check.first("exit_rates", given, given >= 0, "at least 0")
        return cls._from_rows(alpha, _rows(rates, given), states)

    def to_matrix_market(self, path: str | Path, theta: ArrayLike | None = None) -> None:
        """Write the graph as a Matrix Market file of one sparse matrix, (n + 1, n + 1), lossless.

        It is `[[defect, ipv], [exit_rates, sim]]` with the fields of `to_scipy`: the first row and column are
        those of the absorbing state, of which the first row holds the initial distribution. The first row
        sums to 1, the others to 0. Comments `state i: …` hold the states of rows 1 to n, counted from 0.

        Args:
            path: Where to write; the name is taken as it is.
            theta: (param_length,); None: the graph's own.

        Raises:
            ValueError: theta is not what it must be, or the graph has none.

        Example:
            >>> phasic.models.erlang(2).to_matrix_market("erlang.mtx", theta=[3.0])
            >>> from scipy.io import mmread
            >>> mmread("erlang.mtx").toarray().tolist()
            [[0.0, 1.0, 0.0], [0.0, -3.0, 3.0], [3.0, 0.0, -3.0]]
        """
        from scipy.io import mmwrite
        from scipy.sparse import block_array, csr_array

        matrices = self.to_scipy(theta)
        defect = max(0.0, 1 - math.fsum(matrices.ipv))
        whole = block_array(
            [
                [csr_array([[defect]]), csr_array(matrices.ipv[None, :])],
                [csr_array(matrices.exit_rates[:, None]), matrices.sim],
            ],
            format="coo",
        )
        lines = [
            f" state {row}: {' '.join(map(str, state))}"
            for row, state in enumerate(matrices.states.tolist(), start=1)
        ]
        with Path(path).open("wb") as file:
            mmwrite(file, whole, comment="\n".join(lines), precision=17, symmetry="general")

    @classmethod
    def from_matrix_market(cls, path: str | Path) -> Self:
        """The graph in a Matrix Market file of the form that `to_matrix_market` writes.

        Without comments that name states, they are 0 to n − 1. A file that holds a sub-intensity matrix
        alone is for `scipy.io.mmread` and `from_scipy`.

        Args:
            path: The file.

        Raises:
            ValueError: The matrix is not of that form; the first bad entry is named.

        Example:
            >>> phasic.models.erlang(2).to_matrix_market("erlang.mtx", theta=[4.0])
            >>> phasic.Graph.from_matrix_market("erlang.mtx").expectation()
            0.5
        """
        from scipy.io import mmread
        from scipy.sparse import csr_array

        whole = csr_array(mmread(path))
        if whole.shape[0] != whole.shape[1] or whole.shape[0] < 2:
            raise ValueError(
                f"the matrix has shape {whole.shape}, but (n + 1, n + 1) is needed, n at least 1"
            )
        first = math.fsum(whole[[0], :].data)
        if abs(first - 1) > _BALANCE:
            raise ValueError(
                f"the first row sums to {first}, not to 1: it must be the defect and the initial distribution"
            )
        alpha, exit_rates = whole[[0], 1:].toarray()[0], whole[1:, [0]].toarray()[:, 0]
        return cls.from_scipy(alpha, whole[1:, 1:], exit_rates, _states_in(path, alpha.size))


def _rows(sim: Any, exit_rates: Doubles | None) -> Iterator[tuple[NDArray[np.int32], Doubles, float | None]]:
    """Columns, rates off the diagonal, and the exit rate of each row, checked; see `Matrices._from_rows`."""
    for i in range(sim.shape[0]):
        inside = slice(sim.indptr[i], sim.indptr[i + 1])
        columns, rates = sim.indices[inside], sim.data[inside]
        _check.first(f"row {i} of sim: data", rates, np.isfinite(rates), "finite")
        off = columns != i
        bad = off & (rates < 0)
        if bad.any():
            j = int(columns[np.argmax(bad)])
            raise ValueError(f"sim[{i}][{j}] is {sim[i, j]}: it must be a rate off the diagonal, at least 0")
        if exit_rates is None:
            yield columns, rates, None
            continue
        off_balance = math.fsum(rates) + exit_rates[i]
        if abs(off_balance) > _BALANCE * math.fsum(abs(rates[~off])):
            raise ValueError(f"row {i} of sim and exit_rates[{i}] sum to {off_balance}: they must sum to 0")
        yield columns, rates, float(exit_rates[i])


def _states_in(path: str | Path, n: int) -> NDArray[np.int64] | None:
    """The states that the comments of a file give to its rows, or None where they name none."""
    found: dict[int, list[int]] = {}
    with Path(path).open(encoding="utf-8") as file:
        for line in file:
            if not line.startswith("%"):
                break
            if match := _STATE.fullmatch(line.rstrip("\n")):
                found[int(match[1])] = [int(entry) for entry in match[2].split()]
    if not found:
        return None
    if found.keys() != set(range(1, n + 1)) or len({len(state) for state in found.values()}) > 1:
        raise ValueError(
            f"the comments of the file name {len(found)} states, but one for each of {n} rows is needed"
        )
    return np.array([found[row] for row in range(1, n + 1)])

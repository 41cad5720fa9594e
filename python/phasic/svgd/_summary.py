"""The table of a posterior, as numbers and as text."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from phasic._html import table


class Summary(str):
    """Text of the table, with its numbers: a `str`, so that it prints and logs as one.

    Attributes:
        names: (d,) parameters.
        columns: Headings of the numbers: "mean", "sd" and quantiles as "5%".
        values: (d, columns).
        notes: The run and the verdict, a line each.

    Example:
        >>> jax.config.update("jax_enable_x64", True)
        >>> graph, prior = phasic.models.erlang(1), phasic.Gamma(2.0, 1.0)
        >>> posterior = graph.fit(np.full(98, 0.5), prior=prior, method="laplace")
        >>> table = posterior.summary()
        >>> table.names, table.columns
        (('theta[0]',), ('mean', 'sd', '5%', '50%', '95%'))
    """

    names: tuple[str, ...]
    columns: tuple[str, ...]
    values: NDArray[np.float64]
    notes: tuple[str, ...]

    def __new__(
        cls,
        names: tuple[str, ...],
        columns: tuple[str, ...],
        values: NDArray[np.float64],
        notes: tuple[str, ...],
    ) -> Summary:
        """Lay out the table."""
        rows = [("", *columns), *((n, *_cells(row)) for n, row in zip(names, values, strict=True))]
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        lines = []
        for name, *cells in rows:
            padded = [cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True)]
            lines.append("  ".join([name.ljust(widths[0]), *padded]))
        made = super().__new__(cls, "\n".join([*lines, *notes]))
        made.names, made.columns, made.values, made.notes = names, columns, values, notes
        return made

    def to_dict(self) -> dict[str, dict[str, float]]:
        """`{parameter: {column: number}}`, as `pandas.DataFrame.from_dict(..., orient="index")` takes it.

        Example:
            >>> jax.config.update("jax_enable_x64", True)
            >>> graph, prior = phasic.models.erlang(1), phasic.Gamma(2.0, 1.0)
            >>> posterior = graph.fit(np.full(98, 0.5), prior=prior, method="laplace")
            >>> round(posterior.summary().to_dict()["theta[0]"]["mean"], 1)  # of Gamma(100, 50)
            2.0
        """
        return {
            name: dict(zip(self.columns, row.tolist(), strict=True))
            for name, row in zip(self.names, self.values, strict=True)
        }

    def __getnewargs__(self) -> tuple[Any, ...]:
        return self.names, self.columns, self.values, self.notes

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        """The table for notebooks."""
        rows = [(name, *_cells(row)) for name, row in zip(self.names, self.values, strict=True)]
        return table(rows, ("", *self.columns), self.notes)


def _cells(row: NDArray[np.float64]) -> list[str]:
    return [f"{value:.4g}" for value in row]

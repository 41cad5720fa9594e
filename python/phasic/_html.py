"""Tables for notebooks: one look for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def table(rows: Iterable[Sequence[str]], head: Sequence[str] = (), notes: Iterable[str] = ()) -> str:
    """A table as HTML, everything in it escaped.

    Args:
        rows: The name of each row, then its cells.
        head: Headings, the first above the names; none for a table without.
        notes: Lines below it.
    """
    top = "".join(f"<th>{escape(column)}</th>" for column in head)
    body = "".join(
        f"<tr><th>{escape(name)}</th>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
        for name, *cells in rows
    )
    below = "".join(f"<p>{escape(note)}</p>" for note in notes)
    start = f"<thead><tr>{top}</tr></thead>" if head else ""
    return f"<table>{start}<tbody>{body}</tbody></table>{below}"

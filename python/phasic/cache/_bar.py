"""A progress bar on standard error, for long work and terminals only."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

#: Seconds of work before a bar appears.
DELAY = 2.0


def watched(items: Iterable[T], total: int, title: str) -> Iterator[T]:
    """The items, with a bar that counts them if that takes long and standard error is a terminal.

    ``total`` is how many there are, or 0 if nobody knows yet.
    """
    from phasic._progress import wanted

    if not wanted(None):
        yield from items
        return
    from tqdm import tqdm

    yield from tqdm(items, desc=title, total=total or None, unit=" entries", delay=DELAY, leave=False)

"""Progress bars on standard error: of long builds, and of the steps of a fit."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any, Self

#: Seconds of building before a bar appears.
DELAY = 2.0

_FORMAT = "{desc}: {n_fmt} explored of {total_fmt} known [{elapsed}, {rate_fmt}]"


class BuildProgress:
    """Called with the numbers of explored and of known states; shows a bar once that takes long."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._start = time.monotonic()

    def __call__(self, explored: int, known: int) -> None:
        if self._bar is None:
            if time.monotonic() - self._start < DELAY:
                return
            from tqdm import tqdm

            self._bar = tqdm(desc="States", total=known, unit=" states", bar_format=_FORMAT, file=sys.stderr)
            self._bar.start_t -= time.monotonic() - self._start
        self._bar.total = known
        self._bar.update(explored - self._bar.n)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()


def wanted(progress: bool | None) -> bool:
    """Whether to show progress: as told, or if standard error is a terminal."""
    if progress is None:
        return sys.stderr is not None and sys.stderr.isatty()
    return progress


def step_bar(description: str, total: int, progress: bool) -> Any:
    """A bar of tqdm for `total` steps; nothing is shown unless asked for and standard error is a terminal."""
    from tqdm import tqdm

    shown = progress and wanted(None)
    return tqdm(total=total, desc=description, unit="step", disable=not shown, file=sys.stderr)

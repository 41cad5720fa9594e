"""Commands whose reader leaves before the end, as `head` does."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

#: What a shell reports of a program that SIGPIPE (13) ended.
STATUS = 128 + 13


def until_closed(command: Callable[[], int]) -> int:
    """Run a command and return its exit status, or `STATUS`, without a word, if nobody reads on."""
    try:
        try:
            return command()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # What is still buffered is written at the end of the interpreter: to nowhere.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        return STATUS

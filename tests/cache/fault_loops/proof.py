"""Values that prove themselves, and children that report in short records."""

import hashlib
import os
import random
import select
import signal
import struct
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from typing import NamedTuple

SECONDS = 2.0
SMALL, LARGE = 200, 40_000
_HEAD = struct.Struct("<32sQI")
_DIGEST = 32


def key_of(*parts: object) -> str:
    """The key that stands for ``parts``."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def value_of(key: str, sequence: int) -> bytes:
    """A value that states its key and number, in a row of the index or in a file of its own by turns."""
    length = LARGE if sequence % 3 == 0 else SMALL
    body = _HEAD.pack(bytes.fromhex(key), sequence, length) + sequence.to_bytes(8, "little") * (length // 8)
    return body + hashlib.sha256(body).digest()


def sequence_of(key: str, value: bytes) -> int | None:
    """The number that a value of ``key`` states, or None if it was never stored under ``key``."""
    if len(value) < _HEAD.size:
        return None
    sequence = int(_HEAD.unpack_from(value)[1])
    return sequence if value == value_of(key, sequence) else None


class Child(NamedTuple):
    """A forked process and the end of the pipe on which it reports."""

    pid: int
    reports: int

    def read(self, size: int, seconds: float) -> bytes:
        """What the child reports within ``seconds``, at most ``size`` bytes; b"" if nothing."""
        ready, _, _ = select.select([self.reports], [], [], seconds)
        return os.read(self.reports, size) if ready else b""

    def kill(self) -> None:
        """End the child at once."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)

    def rest(self) -> bytes:
        """Everything that a child which has ended still reported."""
        parts = []
        while part := os.read(self.reports, 1 << 16):
            parts.append(part)
        os.close(self.reports)
        return b"".join(parts)


def fork(work: Callable[[int], None]) -> Child:
    """Run ``work(descriptor)`` in a child; it exits with 0, or 1 after printing a traceback."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of idle threads of NumPy, which no child uses
        pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.close(reading)
            work(writing)
            code = 0
        except BaseException:
            traceback.print_exc(file=sys.stderr)
        finally:
            os._exit(code)
    os.close(writing)
    return Child(pid, reading)


def pause(generator: random.Random, longest: float) -> None:
    """Wait for a random time up to ``longest`` seconds, short ones as likely as long ones on a log scale."""
    time.sleep(longest * 10 ** -(3 * generator.random()))

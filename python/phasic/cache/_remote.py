"""The remote tier: sealed entries at an address that fsspec understands, checked before anyone sees them.

A transfer runs in a thread of its own, and who waits for it gives up when too little arrives. After three
faults, or two seconds lost to them, the address is not asked again in this process.
"""

import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from . import _paths
from ._entry import DamagedError, Entry, OtherVersionError, Payload, header_of, parse_entry
from ._plain import plain_name
from ._report import Reporter

_SCHEMES = {"https", "file", "memory", "s3", "gs", "gcs", "az", "abfs"}
_FAULTS = 3
#: Nobody waits longer than this for the next piece of at least _PIECE bytes, or for the end.
_PATIENCE = 1.8
_PIECE = 1 << 20
_CHUNK = 1 << 18


class Remote:
    """Entries below one address, in the layout of a folder of plain files.

    Args:
        url: the address; it may hold a password and is never logged.
        limit_bytes: what is longer is given up.
        report: where faults are logged.
    """

    def __init__(self, url: str, limit_bytes: int, report: Reporter) -> None:
        self.url = url.rstrip("/")
        self.limit_bytes = limit_bytes
        self._report = report
        self._faults = 0
        self._lost = 0.0
        self._off = not self._is_allowed()

    @property
    def name(self) -> str:
        """Scheme and host, which say which address is meant and nothing else."""
        return f"{self._scheme}://{urlsplit(self.url).hostname or ''}"

    def read(self, kind: str, key: str) -> Entry | None:
        """The entry, checked, or None."""
        if self._off:
            return None
        start = time.monotonic()
        job = _Job(lambda job: _download(f"{self.url}/{plain_name(kind, key)}", self.limit_bytes, job))
        problem: BaseException | None
        try:
            data = job.result()
            return None if data is None else parse_entry(data, kind, key)
        except OtherVersionError:
            return None
        except (DamagedError, TimeoutError) as fault:
            problem = fault
        except _JobError as fault:
            problem = fault.__cause__
            if isinstance(problem, FileNotFoundError):
                return None
        self._failed(problem, time.monotonic() - start)
        return None

    def write(self, kind: str, key: str, payload: Payload, metadata: dict[str, int]) -> bool:
        """Store an entry; whether it is there before anyone would mind waiting."""
        if self._off:
            return False
        data = b"".join((header_of(kind, key, payload, metadata), payload))
        start = time.monotonic()
        job = _Job(lambda job: _upload(f"{self.url}/{plain_name(kind, key)}", data))
        problem: BaseException | None
        try:
            job.result()
            return True
        except TimeoutError as fault:
            problem = fault
        except _JobError as fault:
            problem = fault.__cause__
        self._failed(problem, time.monotonic() - start)
        return False

    @property
    def _scheme(self) -> str:
        return urlsplit(self.url).scheme.lower()

    def _is_allowed(self) -> bool:
        insecure = self._scheme == "http" and _paths.remote_may_be_insecure()
        if "::" not in self.url and (self._scheme in _SCHEMES or insecure):
            return True
        remedy = "; PHASIC_CACHE_REMOTE_INSECURE=1 allows it" if self._scheme == "http" else ""
        self._report("remote", f"the remote cache {self.name} is not used: its scheme is not allowed{remedy}")
        return False

    def _failed(self, problem: BaseException | None, seconds: float) -> None:
        self._faults += 1
        self._lost += seconds
        if not self._off and (self._faults >= _FAULTS or self._lost >= _PATIENCE):
            self._off = True
            what = (
                str(problem) if isinstance(problem, DamagedError | TimeoutError) else type(problem).__name__
            )
            self._report("remote", f"the remote cache {self.name} is not asked again: {what}")


class _JobError(Exception):
    """A transfer has raised; the cause says what."""


class _Job:
    """Work in a thread that ends with the process, whatever state it is in."""

    def __init__(self, work: "Callable[[_Job], bytes | None]") -> None:
        self.abandoned = False
        self.arrived = 0
        self._work = work
        self._found: bytes | None = None
        self._problem: BaseException | None = None
        self._done = threading.Event()
        threading.Thread(target=self._run, name="phasic-cache-remote", daemon=True).start()

    def result(self) -> bytes | None:
        """What the work returns; raises TimeoutError when it takes too long, and _JobError if it raised."""
        before = 0
        while not self._done.wait(_PATIENCE):
            if self.arrived - before < _PIECE:
                self.abandoned = True
                raise TimeoutError(f"nothing came for {_PATIENCE:g} s, or too little")
            before = self.arrived
        if self._problem is not None:
            raise _JobError from self._problem
        return self._found

    def _run(self) -> None:
        try:
            self._found = self._work(self)
        # What a driver of fsspec raises is not known beforehand; it is handed to the thread that waits.
        except BaseException as problem:
            self._problem = problem
        self._done.set()


def _download(url: str, limit: int, job: _Job) -> bytes | None:
    """Bytes at an address; None if there are more than ``limit``, or nobody waits any more."""
    system, path, options = _open(url)
    pieces = []
    with system.open(path, "rb", **options) as stream:
        while piece := stream.read(_CHUNK):
            pieces.append(piece)
            job.arrived += len(piece)
            if job.arrived > limit or job.abandoned:
                return None
    return b"".join(pieces)


def _upload(url: str, data: bytes) -> None:
    system, path, _ = _open(url)
    if url.startswith("file:"):
        import secrets

        temporary = f"{path}.{secrets.token_hex(8)}.tmp"
        system.makedirs(path.rpartition("/")[0], exist_ok=True)
        system.pipe_file(temporary, data)
        system.mv(temporary, path)
    else:
        system.pipe_file(path, data)


def _open(url: str) -> tuple[Any, str, dict[str, Any]]:
    """File system and path of an address, and options to read it as a stream."""
    import fsspec.core

    if not url.startswith(("http:", "https:")):
        system, path = fsspec.core.url_to_fs(url)
        return system, path, {}
    import aiohttp

    timeout = aiohttp.ClientTimeout(sock_connect=_PATIENCE, sock_read=_PATIENCE)
    system, path = fsspec.core.url_to_fs(url, client_kwargs={"timeout": timeout})
    # Without blocks and with a size that nobody uses, it is one request.
    return system, path, {"block_size": 0, "size": 1}

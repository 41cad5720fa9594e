"""What a manager does with everything in its cache at once: list, verify, export, import, prewarm."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import _paths
from ._store import Store


class Housekeeping:
    """Methods of ``CacheManager`` over all entries; the work is done in a module for each of them."""

    _store: Store

    @property
    def path(self) -> Path | None:
        """Folder of the cache, or None when there is nowhere to put it."""
        raise NotImplementedError

    @property
    def limit_bytes(self) -> int:
        """Limit of the entries on disk, without JAX's programs.

        Example:
            >>> phasic.CacheManager("cache", disk_bytes=500_000_000).limit_bytes
            500000000
        """
        return self._store.disk_bytes

    @property
    def healthy(self) -> bool:
        """Whether the folder can be used, and this manager has met no fault in it.

        Example:
            >>> phasic.CacheManager("cache").healthy
            True
        """
        return self.problem() is None and self._store.faults == 0

    def problem(self) -> str | None:
        """Why the folder cannot be used, or None; a folder that does not exist yet is no problem.

        Example:
            >>> from pathlib import Path
            >>> size = Path("cache").write_text("a file")
            >>> phasic.CacheManager("cache").problem()
            '...cache is not a folder'
        """
        path = self.path
        if path is None:
            return "there is no folder for a cache; set PHASIC_CACHE_DIR"
        if not os.path.lexists(path):
            return None
        try:
            _paths.check_owner(path)
        except OSError as problem:
            return str(problem)
        return None

    def list(self, layer: str | None = None, *, sort: str = "age") -> Sequence[dict[str, Any]]:
        """One dict for each entry and each compiled program on disk.

        Args:
            layer: A kind of entry, or ``"xla"`` for JAX's compiled programs; without it, all of them.
            sort: ``"age"``, newest first; ``"size"``, largest first; or ``"key"``.

        Returns:
            Dicts with ``layer``, ``key`` (64 hexadecimal digits), ``size_bytes``, ``stored_at`` (seconds
            since 1970) and ``metadata``, integers by name; compiled programs also have ``file``.

        Raises:
            ValueError: There is no such order.

        Example:
            >>> cache = phasic.CacheManager("cache")
            >>> stored = [cache.put("note", digit * 64, b"text") for digit in "ba"]
            >>> [row["key"][0] for row in cache.list("note", sort="key")]
            ['a', 'b']
        """
        from ._listing import rows

        return rows(self._store, self.path, layer, sort)

    def tiers(self) -> Sequence[dict[str, Any]]:
        """Where entries are looked for, in this order: memory, disk, shared folders, a remote address.

        Returns:
            Dicts with ``tier``; ``place``, a folder, several or an address, None for a tier that is not used;
            and ``hits``, by all processes, as ``totals`` counts them; JAX's own hits are not among them.

        Example:
            >>> [tier["tier"] for tier in phasic.CacheManager("cache").tiers()]
            ['memory', 'disk', 'shared', 'remote']
        """
        from ._listing import tiers

        return tiers(self.path, self.totals())

    def totals(self) -> dict[str, dict[str, float]]:
        """What all processes counted, by layer."""
        raise NotImplementedError

    def verify(self, deep: bool = False, repair: bool = False) -> dict[str, Any]:
        """Check every entry on disk: its header, its digest, for a trace also every index in it and its key.

        Args:
            deep: Also evaluate traces at random parameters and compare with the equations of their graph.
            repair: Remove what is damaged, and what killed writers left.

        Returns:
            ``checked``, how many by layer; ``problems``, dicts with ``layer``, ``key``, ``reason`` and
            ``removed``; ``other_versions``, how many are of another format version and are left alone;
            ``swept``, how many files were removed besides; and ``healthy``.

        Example:
            >>> cache, trace = phasic.CacheManager("cache"), phasic.models.kingman(5).trace()
            >>> cache.put_trace(trace.key, trace.to_bytes())
            True
            >>> report = cache.verify(deep=True)
            >>> report["checked"], report["healthy"]
            ({'trace': 1}, True)
        """
        from ._verify import verify

        return verify(self._store, self.path, deep=deep, repair=repair)

    def entry_problem(self, row: Mapping[str, Any]) -> str | None:
        """What is wrong with an entry, given as a dict of ``list``, or None; traces are evaluated too.

        Example:
            >>> cache = phasic.CacheManager("cache")
            >>> cache.put_trace("ab" * 32, b"no trace")
            True
            >>> cache.entry_problem(cache.list("trace")[0])
            'not a valid trace: 8 bytes are too few for a header'
        """
        from ._verify import row_problem

        return row_problem(self._store, self.path, row)

    def export_cache(
        self,
        output_path: str | os.PathLike[str],
        patterns: Sequence[str] | None = None,
        compress: bool = True,
    ) -> dict[str, Any]:
        """Write entries to an archive for ``import_cache``: one file, whole or not at all.

        Args:
            output_path: the file. An archive that is there is replaced, any other file stays.
            patterns: shell patterns over the names ``trace/KEY``, ``function/KEY`` and ``xla/FOLDER/FILE``,
                or over their last parts; without them, everything. ``["trace/*"]`` takes data, no programs.
            compress: whether to compress the entries.

        Returns:
            ``path``, ``entries``, ``total_size_mb`` before compression, ``exported``, how many by layer, and
            ``damaged``, dicts with ``name`` and ``reason`` of what was left out.

        Raises:
            ValueError: if the file is there and is no archive, or no entry or more than 20,000 match.
            OSError: if it cannot be written.

        Example:
            >>> cache, trace = phasic.CacheManager("cache"), phasic.models.kingman(5).trace()
            >>> cache.put_trace(trace.key, trace.to_bytes())
            True
            >>> cache.export_cache("traces.phasic", patterns=["trace/*"])["exported"]
            {'trace': 1}
        """
        from ._transfer import export

        chosen = None if patterns is None else [patterns] if isinstance(patterns, str) else [*patterns]
        return export(self._store, self.path, Path(output_path), patterns=chosen, compress=compress)

    def import_cache(
        self,
        tarball_path: str | os.PathLike[str],
        overwrite: bool = False,
        *,
        trust: bool = False,
        dry_run: bool = False,
    ) -> dict[str, Any]:
        """Take the entries of an archive, if every one of them is sound.

        Nothing is extracted: each entry is checked, and stored under the key that it states and proves.

        Args:
            tarball_path: an archive by ``export_cache``.
            overwrite: whether to store entries again that are here already.
            trust: whether to take functions and compiled programs. They are code: say so only of archives
                from people whose code you would run. Traces are data and are always taken.
            dry_run: check and report only.

        Returns:
            ``taken``, how many by layer; ``present``, how many were here; ``failed``, how many could not be
            stored; ``refused``, dicts with ``name`` and ``reason``; and ``dry_run``.

        Raises:
            ArchiveError: a ValueError, if anything in the archive is wrong; nothing is taken then.
            OSError: if the file cannot be read.

        Example:
            >>> mine, yours = phasic.CacheManager("mine"), phasic.CacheManager("yours")
            >>> trace = phasic.models.kingman(5).trace()
            >>> mine.put_trace(trace.key, trace.to_bytes())
            True
            >>> sent = mine.export_cache("traces.phasic")
            >>> yours.import_cache("traces.phasic")["taken"]
            {'trace': 1}
        """
        from ._transfer import take_archive

        archive = Path(tarball_path)
        return take_archive(
            self._store, self.path, archive, overwrite=overwrite, trust=trust, dry_run=dry_run
        )

    def sync_from_remote(
        self, remote_cache_dir: str | os.PathLike[str], dry_run: bool = False, *, trust: bool = False
    ) -> dict[str, Any]:
        """Take what is missing here from another cache, a folder of sealed files, an archive, or an address.

        Args:
            remote_cache_dir: a folder, a file, or an address that fsspec knows, such as ``https://`` or
                ``s3://``; addresses need the extra ``remote``.
            dry_run: check and report only.
            trust: as for ``import_cache``; not over plain ``http``.

        Returns:
            As ``import_cache``. Of a folder each entry is judged for itself, so a bad one is among
            ``refused``.

        Raises:
            FileNotFoundError: if there is no such folder or file.
            ValueError: for a bad archive, or trust in plain ``http``.
            ImportError: if fsspec is needed and not installed.

        Example:
            >>> mine, yours = phasic.CacheManager("mine"), phasic.CacheManager("yours")
            >>> trace = phasic.models.kingman(5).trace()
            >>> mine.put_trace(trace.key, trace.to_bytes())
            True
            >>> yours.sync_from_remote("mine")["taken"]
            {'trace': 1}
        """
        from ._sources import synchronize

        return synchronize(self._store, self.path, os.fspath(remote_cache_dir), trust=trust, dry_run=dry_run)

    def prewarm(self, keys: Iterable[str] | None = None) -> dict[str, Any]:
        """Bring near what the next fits need: traces through all tiers, and programs from their recipes.

        Programs are compiled, or loaded, into JAX's cache in the folder of the default cache. JAX is imported
        where there are recipes.

        Args:
            keys: which traces, and no programs; without them, all traces that are on the local disk.

        Returns:
            ``traces``, ``total_size_mb`` and ``missing``, the keys of those not found or not sound;
            ``recipes``, how many were followed; of these ``loaded``, already compiled; ``compiled`` now; and
            ``skipped``, for another platform or of a version that is not understood.

        Raises:
            ValueError: A malformed key.

        Example:
            >>> cache, trace = phasic.CacheManager("cache"), phasic.models.kingman(5).trace()
            >>> cache.put_trace(trace.key, trace.to_bytes())
            True
            >>> report = cache.prewarm([trace.key, "ab" * 32])
            >>> report["traces"], report["missing"] == ["ab" * 32]
            (1, True)
        """
        from ._prewarm import prewarm

        return prewarm(self._store, keys)

    def prewarm_model(
        self,
        model_fn: Callable[..., Any],
        theta_samples: Iterable[Any],
        time_grids: Iterable[Any],
        show_progress: bool = True,
    ) -> dict[str, Any]:
        """Call and compile a model at every pair of parameters and times, so that the next process need not.

        A function that returns one number, such as ``model.log_likelihood``, is compiled with its gradient
        too. The programs serve fresh processes that call the function, or that compile ``jax.jit`` of it,
        under the same name, or of ``jax.value_and_grad`` of it.

        Args:
            model_fn: ``(theta, times) -> array``, for example ``graph.model().pdf``.
            theta_samples: parameter vectors, one for each shape that will be used.
            time_grids: times, one for each shape that will be used.
            show_progress: a bar on standard error, if that is a terminal.

        Returns:
            ``evaluated``, how many pairs; ``seconds``; ``loaded``, programs that JAX's cache had;
            ``compiled``, those made now; and ``refused``, dicts with ``theta_shape``, ``times_shape`` and
            ``reason`` of the pairs that the model does not take.

        Example:
            >>> cache, model = phasic.CacheManager(), phasic.models.kingman(5).model()
            >>> report = cache.prewarm_model(model.pdf, [np.ones(1)], [np.ones(20)], show_progress=False)
            >>> report["evaluated"], report["refused"]
            (1, [])
        """
        from ._prewarm import prewarm_model

        return prewarm_model(model_fn, theta_samples, time_grids, show_progress)

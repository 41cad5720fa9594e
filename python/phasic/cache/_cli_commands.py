"""What each command of ``phasic cache`` does: a report for machines, lines for people, and an exit status."""

import argparse
import re
import shutil
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from . import _doctor, _paths
from ._cli_text import duration, plural, size, table
from ._counts import no_counts
from ._manager import TRACE, XLA_LAYER, CacheManager
from ._script import run as run_script

DONE, PROBLEMS, USAGE, UNUSABLE = 0, 1, 2, 3

_TITLES = {TRACE: "traces", "function": "functions", XLA_LAYER: "xla (jax)"}
#: A key or its first digits, with its layer in front where that helps.
KEY = re.compile(r"(?:[a-z][a-z0-9_-]{0,31}/)?[0-9a-f]{1,64}")
_KEY_SHOWN = 16
_CANDIDATES = 5
_SIGNS = {_doctor.OK: "ok  ", _doctor.NOTE: "note", _doctor.PROBLEM: "BAD "}


class Answer(NamedTuple):
    """What a command has to say."""

    report: dict[str, Any]
    lines: list[str]
    status: int = DONE


class StopError(Exception):
    """A command that is not carried out, with its exit status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def status(manager: CacheManager, options: argparse.Namespace) -> Answer:
    """Where the cache is, how it is, and how much of what it holds."""
    path, problem = manager.path, manager.problem()
    rows = manager.list() if problem is None else []
    totals = manager.totals() if problem is None else {}
    layers = {
        name: _layer([row for row in rows if row["layer"] == name], totals.get(name, no_counts()))
        for name in _names(rows)
    }
    used = sum(layer["size_bytes"] for layer in layers.values())
    free = None if path is None or problem is not None else _free_bytes(path)
    report: dict[str, Any] = {
        "path": None if path is None else str(path),
        "healthy": manager.healthy,
        "problem": problem,
        "size_bytes": used,
        "limit_bytes": manager.limit_bytes,
        "free_bytes": free,
        "layers": layers,
        "tiers": manager.tiers() if problem is None else [],
    }
    if problem is not None:
        return Answer(report, [f"cache  {path}  cannot be used: {problem}"], UNUSABLE)
    state = "healthy" if manager.healthy else "not healthy, see phasic cache doctor"
    if not _paths.enabled():
        state = "switched off by PHASIC_CACHE"
    sizes = f"{size(used)} of {size(manager.limit_bytes)}" + ("" if free is None else f" · {size(free)} free")
    now = time.time()
    shown = [
        (
            _TITLES.get(name, name),
            str(layer["entries"]),
            size(layer["size_bytes"]),
            f"{duration(now - layer['newest'])} ago" if layer["entries"] else "",
            f"{layer['hits']:,}",
            f"{layer['misses']:,}",
            duration(layer["seconds_saved"]),
        )
        for name, layer in layers.items()
    ]
    lines = [
        f"cache  {_short(path)}  {state} · {sizes}",
        *table(("layer", "entries", "size", "newest", "hits", "misses", "saved"), shown),
        "tiers  " + " · ".join(_tier(row) for row in report["tiers"]),
    ]
    return Answer(report, lines, DONE if manager.healthy else PROBLEMS)


def path(manager: CacheManager, options: argparse.Namespace) -> Answer:
    """The folder of the cache."""
    found = _usable(manager)
    return Answer({"path": str(found)}, [str(found)])


def list_entries(manager: CacheManager, options: argparse.Namespace) -> Answer:
    """One line for each entry."""
    _usable(manager)
    rows = manager.list(options.layer, sort=options.sort)
    shown = rows[: options.limit]
    now = time.time()
    lines = table(
        ("layer", "key", "size", "age", ""),
        [
            (
                row["layer"],
                row["key"][:_KEY_SHOWN],
                size(row["size_bytes"]),
                duration(now - row["stored_at"]),
                _about(row),
            )
            for row in shown
        ],
        left=2,
    )
    if len(shown) < len(rows):
        lines.append(f"and {len(rows) - len(shown)} more")
    return Answer({"entries": list(shown), "total": len(rows)}, lines)


def show(manager: CacheManager, options: argparse.Namespace) -> Answer:
    """Everything about one entry, and whether it is sound."""
    _usable(manager)
    (row,) = _matching(manager, [options.key], one=True)
    reason = manager.entry_problem(row)
    report = row | {"sound": reason is None, "problem": reason}
    lines = [
        f"layer     {row['layer']}",
        f"key       {row['key']}",
        f"size      {row['size_bytes']} bytes, with its header",
        f"stored    {time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(row['stored_at']))}",
        *([f"file      {row['file']}"] if "file" in row else []),
        *(f"{name:<9} {value}" for name, value in sorted(row["metadata"].items())),
        f"checked   {'sound' if reason is None else reason}",
    ]
    return Answer(report, lines, DONE if reason is None else PROBLEMS)


def verify(manager: CacheManager, options: argparse.Namespace) -> Answer:
    """Every entry checked."""
    _usable(manager)
    report = manager.verify(options.deep, options.repair)
    lines = [
        f"{problem['layer']}/{problem['key'][:_KEY_SHOWN]}…  {problem['reason']}"
        + ("; removed" if problem["removed"] else "")
        for problem in report["problems"]
    ]
    checked = sum(report["checked"].values())
    lines.append(
        f"{plural(checked, 'entry', 'entries')} checked, {plural(len(lines), 'problem', 'problems')}"
    )
    if report["other_versions"]:
        lines.append(f"{report['other_versions']} of another format version, left alone")
    return Answer(report, lines, PROBLEMS if report["problems"] else DONE)


def prune(manager: CacheManager, options: argparse.Namespace) -> Answer:
    """What is old removed, then what is too much."""
    _usable(manager)
    limit = manager.limit_bytes if options.max_size is None else options.max_size
    age = float("inf") if options.max_age is None else options.max_age
    if options.dry_run:
        return _would_go(manager.vacuum(age, limit / (1 << 30), dry_run=True))
    before = sum(row["size_bytes"] for row in manager.list())
    report = dict(manager.vacuum(age, limit / (1 << 30)))
    rows = manager.list()
    left = sum(row["size_bytes"] for row in rows)
    lines = [f"{report['removed']:.0f} removed, {size(before - left)} freed; {len(rows)} left, {size(left)}"]
    return Answer(report, lines)


def _would_go(report: dict[str, Any]) -> Answer:
    rows = report["entries"]
    lines = table(
        ("layer", "key", "size"),
        [(row["layer"], row["key"][:_KEY_SHOWN], size(row["size_bytes"])) for row in rows],
        left=2,
    )
    total = size(sum(row["size_bytes"] for row in rows))
    left = plural(report["leftovers"], "file", "files")
    lines.append(f"{plural(len(rows), 'entry', 'entries')}, {total}, and {left} of killed processes would go")
    return Answer(report, lines if rows else lines[-1:])


def clear(manager: CacheManager, options: argparse.Namespace) -> Answer:
    """Every entry, or those of one layer, deleted after a question."""
    found = _usable(manager)
    rows = manager.list(options.layer)
    total = size(sum(row["size_bytes"] for row in rows))
    what = f"{plural(len(rows), 'entry', 'entries')}, {total}, in {found}"
    if not options.yes:
        if not sys.stdin.isatty():
            raise StopError(f"this deletes {what}; say so with --yes", USAGE)
        print(f"Delete {what}? [y/N] ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise StopError("nothing was deleted", USAGE)
    manager.clear(confirm=True, layer=options.layer)
    return Answer({"path": str(found), "removed": len(rows)}, [f"deleted {what}"])


def export(manager: CacheManager, options: argparse.Namespace) -> Answer:
    """Entries written to an archive."""
    _usable(manager)
    layer = options.layer or "*"
    patterns = [f"{layer}/*"]
    if options.key:
        keys = [key.rpartition("/")[::2] for key in options.key]
        patterns = [f"{of or layer}/{form}" for of, key in keys for form in (f"{key}*", f"*-{key}*")]
    report = manager.export_cache(options.file, patterns, not options.no_compress)
    lines = [f"{item['name'][:40]}…  left out: {item['reason']}" for item in report["damaged"]]
    entries, length = plural(report["entries"], "entry", "entries"), size(options.file.stat().st_size)
    lines.append(f"{entries} ({_counts(report['exported'])}) in {options.file}, {length}")
    return Answer(report, lines, PROBLEMS if report["damaged"] else DONE)


def import_archive(manager: CacheManager, options: argparse.Namespace) -> Answer:
    """Entries taken from an archive."""
    _usable(manager)
    report = manager.import_cache(
        options.file, options.overwrite, trust=options.trust, dry_run=options.dry_run
    )
    reasons: dict[str, int] = {}
    for item in report["refused"]:
        reasons[item["reason"]] = reasons.get(item["reason"], 0) + 1
    lines = [f"{plural(count, 'entry', 'entries')} refused: {reason}" for reason, count in reasons.items()]
    if report["failed"]:
        lines.append(f"{plural(report['failed'], 'entry', 'entries')} could not be stored")
    verb = "would be taken" if report["dry_run"] else "taken"
    lines.append(f"{_counts(report['taken']) or 'nothing'} {verb}, {report['present']} here already")
    return Answer(report, lines, PROBLEMS if report["refused"] or report["failed"] else DONE)


def prewarm(manager: CacheManager, options: argparse.Namespace) -> Answer:
    """Traces read through all tiers and recipes compiled, or a script run for what it stores."""
    _usable(manager)
    keys = None
    if options.what and not KEY.fullmatch(options.what[0]):
        return _run_script(manager, Path(options.what[0]), options.what[1:])
    if options.what:
        for key in options.what:
            if KEY.fullmatch(key) is None:
                raise StopError(f"{key!r} is no key; keys are hexadecimal digits", USAGE)
        keys = [row["key"] for row in _matching(manager, options.what) if row["layer"] == TRACE]
    report = manager.prewarm(keys)
    lines = [f"{key[:_KEY_SHOWN]}…  missing or not sound" for key in report["missing"]]
    lines.append(
        f"{plural(report['traces'], 'trace', 'traces')} read, {size(report['total_size_mb'] * (1 << 20))}"
    )
    if report["recipes"]:
        done = ", ".join(f"{report[name]} {name}" for name in ("loaded", "compiled", "skipped"))
        lines.append(f"{plural(report['recipes'], 'recipe', 'recipes')}: {done}")
    return Answer(report, lines, PROBLEMS if report["missing"] else DONE)


def _run_script(manager: CacheManager, script: Path, arguments: list[str]) -> Answer:
    report = run_script(manager, script, arguments)
    stored, found = _counts(report["stored"]) or "nothing", _counts(report["found"]) or "nothing"
    lines = [
        f"{found} found, {stored} stored, {size(report['size_bytes'])}, in {duration(report['seconds'])}"
    ]
    if report["status"]:
        lines.insert(0, f"{script} ended with status {report['status']}")
    return Answer(report, lines, PROBLEMS if report["status"] else DONE)


def doctor(manager: CacheManager, options: argparse.Namespace) -> Answer:
    """Everything around the cache looked at."""
    findings = _doctor.examine(manager)
    problems = sum(finding.state == _doctor.PROBLEM for finding in findings)
    lines = [f"{_SIGNS[finding.state]}  {finding.about:<12} {finding.text}" for finding in findings]
    lines.append(plural(problems, "problem", "problems"))
    unusable = manager.problem() is not None
    report = {"findings": [finding._asdict() for finding in findings], "problems": problems}
    return Answer(report, lines, UNUSABLE if unusable else PROBLEMS if problems else DONE)


def _usable(manager: CacheManager) -> Path:
    problem = manager.problem()
    if problem is not None or manager.path is None:
        raise StopError(f"the cache cannot be used: {problem}", UNUSABLE)
    return manager.path


def _matching(manager: CacheManager, keys: list[str], one: bool = False) -> list[dict[str, Any]]:
    """Rows whose keys start with the digits given; StopError if some find none, or with ``one`` several."""
    rows, found = manager.list(sort="key"), []
    for key in keys:
        layer, _, digits = key.rpartition("/")
        hits = [row for row in rows if row["key"].startswith(digits) and layer in ("", row["layer"])]
        if not hits:
            raise StopError(f"there is no entry {key}", PROBLEMS)
        if one and len(hits) > 1:
            names = ", ".join(f"{row['layer']}/{row['key'][:_KEY_SHOWN]}" for row in hits[:_CANDIDATES])
            raise StopError(f"{key} stands for {len(hits)} entries: {names}", USAGE)
        found += hits
    return found


def _names(rows: Any) -> list[str]:
    return [*_TITLES, *sorted({row["layer"] for row in rows} - _TITLES.keys())]


def _tier(row: dict[str, Any]) -> str:
    if row["place"] is None:
        return f"{row['tier']} off"
    place = f" ({row['place']})" if row["tier"] in ("shared", "remote") else ""
    return f"{row['tier']} {plural(row['hits'], 'hit', 'hits')}{place}"


def _layer(rows: list[dict[str, Any]], counts: dict[str, float]) -> dict[str, Any]:
    return {
        "entries": len(rows),
        "size_bytes": sum(row["size_bytes"] for row in rows),
        "newest": max((row["stored_at"] for row in rows), default=None),
        **{event: counts[event] for event in ("hits", "misses", "stores", "seconds_saved")},
    }


def _about(row: dict[str, Any]) -> str:
    if "n_vertices" in row["metadata"]:
        return f"{row['metadata']['n_vertices']} vertices"
    return str(row.get("file", "")).rpartition("/")[2].partition("-")[0]


def _counts(taken: dict[str, int]) -> str:
    return ", ".join(plural(count, name, _TITLES.get(name, name)) for name, count in sorted(taken.items()))


def _free_bytes(path: Path) -> int | None:
    place = next((place for place in (path, *path.parents) if _paths.is_folder(place)), None)
    return None if place is None else shutil.disk_usage(place).free


def _short(path: Path | None) -> str:
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path is not None and path.is_relative_to(home) else str(path)

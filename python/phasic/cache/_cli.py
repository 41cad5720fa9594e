"""The command ``phasic cache``, also run as ``python -m phasic.cache``: arguments in, text or JSON out."""

import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from phasic._pipe import until_closed

from . import _cli_commands as commands
from ._archive import ArchiveError
from ._cli_commands import PROBLEMS, UNUSABLE, USAGE, Answer, StopError
from ._cli_text import printable
from ._listing import ORDERS
from ._manager import CacheManager, default_manager

_EPILOG = "Exit status: 0 done, 1 problems found, 2 wrong use, 3 the cache cannot be used."
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?(?:([KMGT]?)(i?)B?)", re.IGNORECASE)
_AGE = re.compile(r"([0-9]+(?:\.[0-9]+)?)([hdw]?)")
_PREFIXES = ("", "K", "M", "G", "T")
_DAYS = {"h": 1 / 24, "": 1.0, "d": 1.0, "w": 7.0}

Command = Callable[[CacheManager, argparse.Namespace], Answer]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line of the cache; returns the exit status."""
    parser = argparse.ArgumentParser(prog="phasic cache", description="The cache of phasic.", epilog=_EPILOG)
    add_commands(parser)

    def run() -> int:
        options = parser.parse_args(arguments)
        status: int = options.run(options)
        return status

    return until_closed(run)


def add_commands(parser: argparse.ArgumentParser) -> None:
    """Add the commands of the cache to a parser; without one of them it runs ``status``."""
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_runner(commands.status))
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print JSON")
    found = parser.add_subparsers(metavar="COMMAND")

    def add(name: str, run: Command, description: str) -> argparse.ArgumentParser:
        added = found.add_parser(
            name,
            parents=[common],
            help=description,
            description=f"{description.capitalize()}.",
            epilog=_EPILOG,
        )
        added.set_defaults(run=_runner(run))
        return added

    add("status", commands.status, "what the cache holds and how it is")
    add("path", commands.path, "where the cache is")
    listing = add("list", commands.list_entries, "its entries")
    listing.add_argument(
        "--sort", choices=ORDERS, default="age", help="newest first, largest first, or by key"
    )
    listing.add_argument("--limit", type=_natural, metavar="N", help="how many at most")
    show = add("show", commands.show, "one entry, checked")
    show.add_argument("key", metavar="KEY", type=_key, help="a key or its first digits, or LAYER/KEY")
    verify = add("verify", commands.verify, "check every entry")
    verify.add_argument("--deep", action="store_true", help="evaluate traces too")
    verify.add_argument("--repair", action="store_true", help="remove what is damaged")
    prune = add("prune", commands.prune, "remove what is old, then what is too much")
    prune.add_argument("--max-age", type=_age, metavar="AGE", help="such as 12h, 30d, 8w; default none")
    prune.add_argument(
        "--max-size", type=_size, metavar="SIZE", help="such as 500MB or 10GiB; default the limit"
    )
    prune.add_argument("--dry-run", action="store_true", help="show what would go")
    clear = add("clear", commands.clear, "delete every entry")
    clear.add_argument("--yes", action="store_true", help="do not ask")
    export = add("export", commands.export, "write entries to an archive")
    export.add_argument("file", metavar="FILE", type=Path)
    export.add_argument("--key", type=_key, action="append", metavar="KEY", help="a key or its first digits")
    export.add_argument("--no-compress", action="store_true", help="store entries as they are")
    taken = add("import", commands.import_archive, "take the entries of an archive, if all are sound")
    taken.add_argument("file", metavar="FILE", type=Path)
    taken.add_argument(
        "--trust", action="store_true", help="take functions and compiled programs, which are code"
    )
    taken.add_argument("--overwrite", action="store_true", help="store again what is here already")
    taken.add_argument("--dry-run", action="store_true", help="check only")
    prewarm = add("prewarm", commands.prewarm, "bring traces near and compile what recipes describe")
    prewarm.add_argument(
        "what",
        metavar="KEY",
        nargs="*",
        help="keys or first digits; default all. Or a Python script, run for what it stores, and after -- its"
        " arguments",
    )
    add("doctor", commands.doctor, "what can go wrong around the cache")
    for command in (listing, clear, export):
        command.add_argument(
            "--layer", metavar="LAYER", help="only trace, function or xla (compiled programs)"
        )


def _runner(run: Command) -> Callable[[argparse.Namespace], int]:
    """Run a command on the default cache, print its answer, and return its exit status."""

    def runner(options: argparse.Namespace) -> int:
        manager = default_manager()
        try:
            answer = run(manager, options)
        except StopError as stop:
            return _fail(stop, stop.status, options.json)
        except ArchiveError as problem:
            return _fail(problem, PROBLEMS, options.json)
        except (FileNotFoundError, IsADirectoryError, ValueError) as problem:
            return _fail(problem, USAGE, options.json)
        except BrokenPipeError:
            raise
        except OSError as problem:
            return _fail(problem, UNUSABLE, options.json)
        finally:
            manager.close()
        if options.json:
            print(json.dumps(answer.report, indent=2))
        else:
            print("\n".join(printable(line) for line in answer.lines))
        return answer.status

    return runner


def _fail(problem: Exception, status: int, as_json: bool) -> int:
    if as_json:
        print(json.dumps({"error": str(problem)}))
    else:
        print(f"phasic cache: {printable(str(problem))}", file=sys.stderr)
    return status


def _size(value: str) -> int:
    match = _SIZE.fullmatch(value)
    if match is None:
        raise argparse.ArgumentTypeError(f"{value!r} is no size; write for example 500MB or 10GiB")
    return int(float(match[1]) * (1024 if match[3] else 1000) ** _PREFIXES.index(match[2].upper()))


def _age(value: str) -> float:
    match = _AGE.fullmatch(value)
    if match is None:
        raise argparse.ArgumentTypeError(f"{value!r} is no age; write for example 12h, 30d or 8w")
    return float(match[1]) * _DAYS[match[2]]


def _natural(value: str) -> int:
    if not value.isascii() or not value.isdigit():
        raise argparse.ArgumentTypeError(f"{value!r} is no number of entries")
    return int(value)


def _key(value: str) -> str:
    if commands.KEY.fullmatch(value) is None:
        raise argparse.ArgumentTypeError(f"{value!r} is no key; keys are hexadecimal digits")
    return value

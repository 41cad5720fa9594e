"""A state machine: whatever is done to a cache, an answer is the last value or a miss, as a dictionary says.

A value file may be damaged and a limit may give entries up, so the dictionary tells what an answer must be,
and which entries may be missing.
"""

import logging
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from phasic.cache import CacheManager

from .fault_loops.damage import VALUE_KINDS, Generator, Paths, swap

KINDS = ("state", "function")
NAMES = [(kind, digit * 64) for kind in KINDS for digit in "0a"]
Name = tuple[str, str]
names = st.sampled_from(NAMES)
#: Values in a row of the index, and in a file of their own.
values = st.builds(
    lambda mark, length: mark * length, st.binary(min_size=1, max_size=3), st.sampled_from([1, 40_000])
)
which = st.integers(0, 1)


class SharedFolder(RuleBasedStateMachine):
    """Two managers of one folder that keep nothing in memory, beside the dictionary ``last``.

    A name in ``uncertain`` was damaged or given up: it may also be missing.
    """

    memory_bytes = 0
    count = 2

    def __init__(self) -> None:
        super().__init__()
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = Path(self.scratch.name, "cache")
        self.archive = Path(self.scratch.name, "archive")
        self.managers = [self.opened() for _ in range(self.count)]
        self.last: dict[Name, bytes] = {}
        self.uncertain: set[Name] = set()
        self.exported: dict[Name, bytes] = {}
        self.level = logging.getLogger("phasic.cache").level
        logging.getLogger("phasic.cache").setLevel(logging.CRITICAL)  # what is logged is tested elsewhere

    def teardown(self) -> None:
        for manager in self.managers:
            for name in NAMES:
                self.check(name, manager.get(*name))
            manager.close()
        logging.getLogger("phasic.cache").setLevel(self.level)
        self.scratch.cleanup()

    def opened(self) -> CacheManager:
        return CacheManager(self.folder, memory_bytes=self.memory_bytes)

    def manager(self, number: int) -> CacheManager:
        return self.managers[number % self.count]

    def check(self, name: Name, found: bytes | None) -> None:
        assert found == self.last.get(name) or (found is None and name in self.uncertain)

    def forget(self, *gone: Name) -> None:
        for name in gone:
            self.last.pop(name, None)
            self.uncertain.discard(name)

    @rule(name=names, value=values, number=which)
    def put(self, name: Name, value: bytes, number: int) -> None:
        assert self.manager(number).put(*name, value, metadata={"length": len(value)})
        self.last[name] = value
        self.uncertain.discard(name)

    @rule(name=names, number=which)
    def get(self, name: Name, number: int) -> None:
        self.check(name, self.manager(number).get(*name))

    @rule(name=names, value=values, number=which)
    def get_or_compute(self, name: Name, value: bytes, number: int) -> None:
        found = self.manager(number).get_or_compute(*name, lambda: value)
        if name not in self.last or name in self.uncertain:
            assert found in (value, self.last.get(name))
            self.last[name] = found
        assert found == self.last[name]

    @rule(name=names, number=which)
    def delete(self, name: Name, number: int) -> None:
        assert self.manager(number).delete(*name) == (name in self.last) or name in self.uncertain
        self.forget(name)

    @rule(number=which)
    def clear(self, number: int) -> None:
        self.manager(number).clear(confirm=True)
        self.forget(*NAMES)

    @rule(kind=st.sampled_from(KINDS), number=which)
    def clear_layer(self, kind: str, number: int) -> None:
        self.manager(number).clear(confirm=True, layer=kind)
        self.forget(*(name for name in NAMES if name[0] == kind))

    @rule(number=which)
    def vacuum(self, number: int) -> None:
        self.manager(number).vacuum()

    @rule(number=which)
    def vacuum_everything(self, number: int) -> None:
        self.manager(number).vacuum(max_age_days=0)
        assert self.manager(number).entries() == []
        self.uncertain |= self.last.keys()

    @rule(kind=st.sampled_from(KINDS), number=which)
    def prune_kind(self, kind: str, number: int) -> None:
        self.manager(number).prune_kind(kind, 0, time.time() + 60)
        assert self.manager(number).entries(kind) == []
        self.uncertain |= {name for name in self.last if name[0] == kind}

    @rule(number=which)
    def reopen(self, number: int) -> None:
        self.manager(number).close()
        self.managers[number % self.count] = self.opened()

    @rule(name=names, damage=st.sampled_from(VALUE_KINDS), generator=st.randoms())
    def damage(self, name: Name, damage: Callable[[Paths, Generator], None], generator: Generator) -> None:
        found = value_files(self.folder)
        if name in found and (damage is not swap or len(found) > 1):
            others = [one for one in found if one != name]
            damage([found[name], *(found[one] for one in others)], generator)
            self.uncertain |= {name, *others[: damage is swap]}

    @rule(number=which, repair=st.booleans())
    def verify(self, number: int, repair: bool) -> None:
        report = self.manager(number).verify(repair=repair)
        assert {(problem["layer"], problem["key"]) for problem in report["problems"]} <= self.uncertain
        assert not repair or self.manager(number).verify()["problems"] == []

    @precondition(lambda self: self.last.keys() - self.uncertain)
    @rule(number=which, compress=st.booleans())
    def export(self, number: int, compress: bool) -> None:
        self.manager(number).export_cache(self.archive, compress=compress)
        with tempfile.TemporaryDirectory() as folder:
            other = CacheManager(folder)
            other.import_cache(self.archive, trust=True)
            contents = {name: other.get(*name) for name in NAMES}
            other.close()
        for name, found in contents.items():
            self.check(name, found)
        self.exported = {name: found for name, found in contents.items() if found is not None}

    @precondition(lambda self: self.exported)
    @rule(number=which)
    def take_back(self, number: int) -> None:
        report = self.manager(number).import_cache(self.archive, overwrite=True, trust=True)
        assert sum(report["taken"].values()) == len(self.exported)
        self.last |= self.exported
        self.uncertain -= self.exported.keys()

    @invariant()
    def a_listing_agrees(self) -> None:
        for manager in self.managers:
            listed = {(row["layer"], row["key"]) for row in manager.list()}
            assert self.last.keys() - self.uncertain <= listed <= self.last.keys()


class OneManager(SharedFolder):
    """One manager that keeps what it has seen in memory; what left the disk may still be there."""

    memory_bytes = 100_000
    count = 1


def value_files(folder: Path) -> dict[Name, Path]:
    """The value file of each entry that has one; anything else in its place is left out."""
    database = folder / "index" / "cache.db"
    if not database.exists():
        return {}
    connection = sqlite3.connect(database)
    rows = connection.execute(
        "SELECT key, filename FROM Cache WHERE filename NOT NULL ORDER BY key"
    ).fetchall()
    connection.close()
    paths = {tuple(key.split("/")): folder / "index" / filename for key, filename in rows}
    return {name: path for name, path in paths.items() if path.is_file() and path.stat().st_size > 100}


LENGTH = settings(max_examples=10, stateful_step_count=40, deadline=None, derandomize=True)
TestSharedFolder = SharedFolder.TestCase
TestSharedFolder.settings = LENGTH
TestOneManager = OneManager.TestCase
TestOneManager.settings = LENGTH

"""The loops of ``tests.cache.fault_loops``, short, each in a fresh process with one thread."""

import json

from .conftest import Script

RUN = """
import sys
from tests.cache.fault_loops.__main__ import main

sys.argv[1:] = [sys.argv[1], "--json", "--count", sys.argv[2]]
main()
"""


def counted(script: Script, loop: str, rounds: int) -> dict[str, int]:
    counts: dict[str, int] = json.loads(script(RUN, loop, rounds))
    return counts


def test_kills_corrupt_lose_and_leave_nothing(script: Script) -> None:
    counts = counted(script, "kills", 30)
    assert counts.pop("kills") >= 30 and counts.pop("acknowledged") > 0
    assert counts == {"corrupt": 0, "lost": 0, "stuck": 0, "left over": 0}


def test_damage_of_every_kind_is_a_miss_that_heals(script: Script) -> None:
    counts = counted(script, "damage", 28)
    assert counts.pop("rounds") == 28
    assert counts == {"wrong": 0, "raised": 0, "hangs": 0, "lost besides": 0, "unhealed": 0}


def test_ctrl_c_is_noticed_and_harms_nobody(script: Script) -> None:
    counts = counted(script, "interrupts", 20)
    assert counts.pop("interrupts") == 20 and counts.pop("others' calls") > 0
    assert counts == {"swallowed": 0, "unusable": 0, "others' faults": 0}


def test_flipped_bits_are_detected_or_harmless(script: Script) -> None:
    counts = counted(script, "flips", 2000)
    assert counts["wrong"] == 0
    assert counts["detected"] + counts["harmless"] == counts["flips"] == 4000


def test_neighbours_of_a_name_are_never_hit(script: Script) -> None:
    counts = counted(script, "pairs", 2000)
    assert counts["wrong"] == 0 and 0 < counts["hits"] < counts["lookups"] == 2000

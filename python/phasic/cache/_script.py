"""A script of the user, run for what it leaves in the cache."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ._manager import CacheManager

_STANDARD_ERROR = 2


def run(manager: CacheManager, script: Path, arguments: Sequence[str]) -> dict[str, Any]:
    """Run a Python script in a fresh process; what it prints goes to standard error.

    Returns:
        ``script``; ``status``, its exit status; ``seconds``; ``stored``, how many entries by layer are new,
        and ``size_bytes`` of them; and ``found``, how many lookups by layer were hits.

    Raises:
        FileNotFoundError: if there is no such file.
    """
    if not script.is_file():
        raise FileNotFoundError(f"there is no script {script}")
    before = {(row["layer"], row["key"]) for row in manager.list()}
    totals, start = manager.totals(), time.perf_counter()
    done = subprocess.run([sys.executable, str(script), *arguments], stdout=_STANDARD_ERROR, check=False)
    seconds = time.perf_counter() - start
    fresh = [row for row in manager.list() if (row["layer"], row["key"]) not in before]
    found = {
        layer: int(counts["hits"] - totals.get(layer, {}).get("hits", 0))
        for layer, counts in manager.totals().items()
    }
    return {
        "script": str(script),
        "status": done.returncode,
        "seconds": seconds,
        "stored": dict(Counter(row["layer"] for row in fresh)),
        "size_bytes": sum(row["size_bytes"] for row in fresh),
        "found": {layer: hits for layer, hits in found.items() if hits > 0},
    }

"""Time to read an entry of the cache, from memory and from disk, beside a plain file, diskcache and joblib.

    python benches/python/cache.py [--gigabyte] [--repeat N]

Rows are sizes of random bytes; all files are in the page cache. "verified" reads from disk in a process that
has not seen the entry, "mapped" again what this process has verified. The rivals check nothing. joblib is
left out where it is not installed. Prints the table for docs/benchmarks.md, medians in milliseconds.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import diskcache
import numpy as np
from phasic.cache import CacheManager, _files

KEY = "0123456789abcdef" * 4
SIZES = {"1 KB": 10**3, "1 MB": 10**6, "100 MB": 10**8}


def median(call: Callable[[], object], repeat: int, before: Callable[[], object] = lambda: None) -> float:
    """Median time of a call in milliseconds."""
    times = []
    for _ in range(repeat):
        before()
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


def measured(folder: Path, size: int, repeat: int) -> list[float]:
    """One row: memory, disk verified, disk mapped, plain file, diskcache, joblib."""
    data = np.random.default_rng(size).bytes(size)
    times = ours(folder, data, repeat)
    (folder / "plain").write_bytes(data)
    times.append(median((folder / "plain").read_bytes, repeat))
    (folder / "plain").unlink()
    with diskcache.Cache(str(folder / "diskcache")) as rival:
        rival.set(KEY, data)
        times.append(median(lambda: rival.get(KEY), repeat))
        rival.clear()
    return [*times, joblib_time(folder, data, repeat)]


def ours(folder: Path, data: bytes, repeat: int) -> list[float]:
    manager = CacheManager(folder / "ours", disk_bytes=1 << 40)
    if not manager.put_trace(KEY, data):
        raise OSError("the entry was not stored")
    manager.get_trace(KEY)
    memory = median(lambda: manager.get_trace(KEY), 100 * repeat)
    manager.close()
    reader = CacheManager(folder / "ours", memory_bytes=0)
    time.sleep(0.2)  # a file that has just changed is never taken as verified
    times = [
        memory,
        median(lambda: reader.get_trace(KEY), repeat, before=_files._verified.clear),
        median(lambda: reader.get_trace(KEY), repeat),
    ]
    reader.clear(confirm=True)
    return times


def joblib_time(folder: Path, data: bytes, repeat: int) -> float:
    try:
        import joblib
    except ModuleNotFoundError:
        return float("nan")
    path = folder / "joblib"
    joblib.dump(np.frombuffer(data, np.uint8), path)
    found = median(lambda: joblib.load(path), repeat)
    path.unlink()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabyte", action="store_true", help="also an entry of 1 GB")
    parser.add_argument("--repeat", type=int, default=21)
    options = parser.parse_args()
    sizes = SIZES | ({"1 GB": 10**9} if options.gigabyte else {})
    print("| size | memory | disk, verified | disk, mapped again | plain file | diskcache | joblib |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, size in sizes.items():
        with tempfile.TemporaryDirectory() as folder:
            repeat = options.repeat if size < 10**9 else 3
            cells = (f"{value:.3g}" for value in measured(Path(folder), size, repeat))
            print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()

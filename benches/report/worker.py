"""The process in which a way solves a case: `python worker.py REQUEST`, REQUEST in JSON.

It says when it is ready, and then answers each line of its input with one of JSON: seconds and processor
seconds of a call, MiB that the calls have added to the process at their peak, and the answer. What the code
prints goes to its errors.
"""

import contextlib
import importlib
import json
import os
import resource
import sys
import time
from pathlib import Path

#: Short calls are repeated for so many seconds.
LEAST_SECONDS = 0.03
MOST_REPEATS = 2000


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    request = json.loads(sys.argv[1])
    sys.path.insert(0, str(Path(__file__).parents[2]))
    module = importlib.import_module(request["module"])
    task = getattr(module, request["function"])(**request["options"])
    tell(answers, {"ready": True})
    repeats, before = 1, memory("VmRSS")
    forget_peak()
    for _ in sys.stdin:
        reply = call(task, repeats) | {"memory": memory("VmHWM") - before}
        if request["began"] is not None:
            reply |= {"seconds": time.time() - request["began"], "cpu": processor()}
        elif task.prepare is None:
            # The first call is warmer than none and colder than the others: it sets the repeats of all.
            repeats = max(1, min(MOST_REPEATS, round(LEAST_SECONDS / max(reply["seconds"] * task.per, 1e-9))))
        tell(answers, reply)


def call(task, repeats: int) -> dict:
    """Time some calls, and tell what the last one answers."""
    arguments = () if task.prepare is None else (task.prepare(),)
    cpu, start = processor(), time.perf_counter()
    for _ in range(repeats):
        result = task.action(*arguments)
    seconds, cpu = time.perf_counter() - start, processor() - cpu
    answer = task.answer(result)
    return {
        "seconds": seconds / repeats / task.per,
        "cpu": cpu / repeats / task.per,
        "answer": answer.tolist() if hasattr(answer, "tolist") else answer,
    }


def processor() -> float:
    """Processor seconds of all threads, and of the processes that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def memory(kind: str) -> float:
    """MiB that the process has now ("VmRSS"), or had at its peak ("VmHWM"); 0 where Linux does not tell."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(kind))


def forget_peak() -> None:
    """Let the peak be what the process has now."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def tell(answers, what: dict) -> None:
    print(json.dumps(what), file=answers, flush=True)


if __name__ == "__main__":
    main()

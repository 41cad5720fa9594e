"""Time and memory of building state spaces, against a plain search in Python.

Run from the repository's root, `python -m benches.python.construction [model ...]`. Each build is a fresh
process; each row is the median of several runs, taken in turn.
"""

import json
import resource
import statistics
import subprocess
import sys
import time

import numpy as np

from tests import models, models_batched

REPEATS = 3


def _pair(name, **options):
    return getattr(models, name), getattr(models_batched, name), options


def _migration(first, second):
    model = models_batched.Migration(first, second)
    return model.scalar, model.batched, {}


#: Name of a model and its sizes → scalar callback, batched callback, their options.
MODELS = {
    "rabbits": {n: lambda n=n: _pair("rabbits", n=n) for n in (100, 500, 1500)},
    "rabbits_parameterised": {n: lambda n=n: _pair("rabbits_parameterised", n=n) for n in (100, 500, 1500)},
    "block_counting": {n: lambda n=n: _pair("block_counting", n=n) for n in (20, 30, 40)},
    "migration": {n: lambda n=n: _migration(n, n) for n in (4, 5, 6)},
}

FORMS = ("python", "scalar", "batched")


def search(callback, **options):
    """The obvious builder: states are tuples in a dictionary, edges are lists. Vertices and edges made."""
    index, queue, edges = {}, [], []
    state = np.array([], dtype=int)
    for source in range(-1, sys.maxsize):
        if source >= 0:
            if source == len(queue):
                return len(queue) + 1, len(edges)
            state = np.array(queue[source])
        for target, *weight in callback(state, **options):
            if target not in index:
                index[target] = len(queue)
                queue.append(target)
            edges.append((source, index[target], weight))


def measure(model, size, form):
    """Seconds to build and to freeze, size of the graph, and growth of the peak memory in MiB."""
    from phasic import Graph

    scalar, batched, options = MODELS[model][size]()
    memory = _peak()
    start = time.perf_counter()
    if form == "python":
        (vertices, edges), build = search(scalar, **options), time.perf_counter() - start
        return {"vertices": vertices, "edges": edges, "build": build, "memory": _peak() - memory}
    callback = batched if form == "batched" else scalar
    graph = Graph(callback=callback, batched=form == "batched", progress=False, **options)
    build, built = time.perf_counter() - start, _peak() - memory
    start = time.perf_counter()
    graph.validate()
    return {
        "vertices": graph.vertices_length(),
        "edges": graph.edges_length(),
        "build": build,
        "freeze": time.perf_counter() - start,
        "memory": built,
    }


def _peak():
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes / 1024


def _in_a_process(model, size, form):
    command = [sys.executable, "-m", "benches.python.construction", "--one", model, str(size), form]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def main(names):
    """Print a table of the named models."""
    print("| model | vertices | edges | form | vertices/s | spread | edges/s frozen | peak MiB |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for model in names or MODELS:
        for size in MODELS[model]:
            runs = [{form: _in_a_process(model, size, form) for form in FORMS} for _ in range(REPEATS)]
            for form in FORMS:
                print(_row(f"{model} {size}", form, [run[form] for run in runs]), flush=True)


def _row(name, form, runs):
    rates = [run["vertices"] / run["build"] for run in runs]
    frozen = statistics.median(run["edges"] / run["freeze"] if "freeze" in run else 0.0 for run in runs)
    first = runs[0]
    cells = [
        name,
        f"{first['vertices']:,}",
        f"{first['edges']:,}",
        form,
        f"{statistics.median(rates):,.0f}",
        f"{min(rates):,.0f}–{max(rates):,.0f}",
        f"{frozen:,.0f}" if frozen else "",
        f"{max(run['memory'] for run in runs):.0f}",
    ]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(sys.argv[2], int(sys.argv[3]), sys.argv[4])))
    else:
        main(sys.argv[1:])

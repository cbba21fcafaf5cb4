"""Work queue: claims a second over several workers, and whether any item was given to two of them.

``python benchmarks/work_queue.py [ITEMS] [WORKERS]`` (20,000 and 4). Each worker is a process; it claims an item and,
in the second round, finishes it before it claims the next. Every change is on the disk when the worker goes on.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from referee.workitems import ItemState, NewItem, WorkQueue

LIBRARY = Path(__file__).resolve().parents[1] / "library"

WORKER = """
import os, sys, time
from referee.workitems import WorkQueue
queue = WorkQueue(sys.argv[1], lease=600)
print("ready", flush=True)
sys.stdin.readline()
claimed = []
while (item := queue.claim("in")) is not None:
    claimed.append(item.id)
    if sys.argv[2] == "finish":
        queue.done(item)
print(time.process_time(), *claimed)
"""


def measure(folder: Path, count: int, workers: int, what: str) -> None:
    queue = WorkQueue(folder / f"{what}.sqlite")
    started = time.perf_counter()
    queue.add_many("in", [NewItem(f"R-{number}", {"amount": number}) for number in range(count)])
    added = time.perf_counter() - started
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(queue.path), what],
            env={**os.environ, "PYTHONPATH": str(LIBRARY)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(workers)
    ]
    for process in processes:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    started = time.perf_counter()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate()[0].split() for process in processes]
    seconds = time.perf_counter() - started
    claims = Counter(item for words in said for item in words[1:])
    twice = sum(times > 1 for times in claims.values())
    end = ItemState.DONE if what == "finish" else ItemState.RESERVED
    as_meant = sum(item.state is end for item in queue.items("in"))
    processor = sum(float(words[0]) for words in said)
    print(
        f"{'claim and finish' if what == 'finish' else 'claim alone':<17} {count} items, {workers} workers: "
        f"{len(claims) / seconds:,.0f} items/s, {1000 * processor / count:.2f} ms of processor time each; "
        f"claimed {len(claims)}, twice {twice}, {end} {as_meant}; shares {sorted(len(w) - 1 for w in said)}; "
        f"added in {added:.1f} s"
    )
    queue.close()


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    workers = int(sys.argv[2]) if len(sys.argv) > 2 else 4
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        for what in ("claim", "finish"):
            measure(Path(folder), count, workers, what)


if __name__ == "__main__":
    main()

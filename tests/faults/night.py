"""A night of unattended bots: several workers at three systems, killed at random with all that they use.

``python tests/faults/night.py --items 400 --workers 4 --kills 40 --seed 1`` prints how it goes and what it came to, and
ends with 1 when a case was lost, done twice or left without an end, when queue, audit log and the systems' own records
don't agree, or when a process was left behind. ``test_night.py`` runs the same in small. Needs Linux.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from night_books import ENDS, Books, compare
from night_items import SYSTEMS, Item, System, add_items, make_items, write_decisions, write_masters
from night_kills import HOST, PORTAL, Kills
from night_processes import MARK, Processes, Seen
from night_systems import portal_and_host

from referee.workitems import WorkItem, WorkQueue

REPOSITORY = Path(__file__).resolve().parents[2]
BOTS = Path(__file__).resolve().parent / "night_bots"
TICK = 0.1
PAUSE = 1.0
"""Seconds until a worker whose bot has ended starts the next one."""
UNREADABLE = re.compile(
    r".*(?:Traceback \(most recent|Stacktrace:|Session info|\b[A-Z]\w+(?:Error|Exception): ).*"
)
DOWN_AT = 0.45
"""The share of finished items at which the portal is switched off."""
LAST_STARTS = 2
STANDSTILL = 180.0
"""Seconds without any item changing after which a night has failed: something hangs."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How large a night is. ``down`` are the seconds for which the portal is switched off."""

    items: int
    workers: int
    kills: int
    seed: int
    down: float
    lease: float


@dataclass(slots=True)
class Worker:
    """A place at which one bot after another works, each at the system that has the most left to do."""

    number: int
    process: subprocess.Popen[bytes] | None = None
    system: System | None = None
    began: float = 0.0
    next_start: float = 0.0

    @property
    def is_watched(self) -> bool:
        """Started by ``referee run``, as schedules do it, but for the first: that is Robot Framework alone."""
        return self.number > 1


@dataclass(slots=True)
class Result:
    """What a night came to."""

    books: Books = field(default_factory=Books)
    kills: Counter[str] = field(default_factory=Counter)
    runs: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Night:
    """One night in a folder of its own."""

    def __init__(self, folder: Path, plan: Plan, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._plan = plan
        self._say = say
        self._chance = random.Random(plan.seed)
        self._items: list[Item] = make_items(plan.items, self._chance)
        mark = secrets.token_hex(8)
        self._processes = Processes(mark)
        self._workers = [Worker(number + 1) for number in range(plan.workers)]
        self._result = Result()
        self._began = 0.0
        self._temporary = folder / "tmp"
        self._environment = {
            **os.environ,
            MARK: mark,
            "NIGHT_LEASE": f"{plan.lease} seconds",
            "PYTHONPATH": os.pathsep.join(map(str, (REPOSITORY / "library", REPOSITORY, BOTS))),
            "PYTHONIOENCODING": "utf-8",
            "TMPDIR": str(self._temporary),
        }

    def run(self) -> Result:
        """From the first bot to the comparison of the books."""
        self._prepare()
        portal, host = portal_and_host(self._folder, REPOSITORY, self._environment)
        self._queue = WorkQueue(self._folder / "queue.sqlite", create=False)
        with ExitStack() as stack:
            stack.callback(self._queue.close)
            stack.callback(self._end_all)
            self._shared = {PORTAL: stack.enter_context(portal), HOST: stack.enter_context(host)}
            self._environment |= {"NIGHT_PORTAL": portal.address, "NIGHT_HOST": host.address}
            self._began = time.monotonic()
            self._work()
            self._last_start()
            shared = {system.name for system in self._shared.values() if not system.runs}
            self._result.faults += [f"the {name} has ended by itself" for name in shared]
            portal.stop()
            host.stop()
            self._look_for_leftovers()
        self._result.books = compare(self._folder, self._items)
        self._result.faults += self._result.books.faults
        self._result.seconds = time.monotonic() - self._began
        return self._result

    def _prepare(self) -> None:
        self._temporary.mkdir()
        write_decisions(self._folder)
        write_masters(self._folder, self._plan.items)
        command = [sys.executable, "-c", _SUPPLIERS, str(self._folder)]
        subprocess.run(command, check=True, env=self._environment, cwd=REPOSITORY)
        add_items(self._folder / "queue.sqlite", self._items)
        tasks = "".join(
            f"  {system.name}_{worker.number}:\n    command: {self._command(system, worker)}\n"
            for system in SYSTEMS
            for worker in self._workers
        )
        (self._folder / "robot.yaml").write_text(f"tasks:\n{tasks}artifactsDir: output\n", encoding="utf-8")

    def _command(self, system: System, worker: Worker) -> list[str]:
        output = f"output/{system.name}_{worker.number}"
        return [
            *("python", "-m", "robot", "--rpa", "--consolecolors", "off", "--outputdir", output),
            *("--variable", "AP_PORTAL_PATIENCE:8 seconds"),
            *("--variable", "SUPPLIER_ACCOUNTS_RECORDS:records.sqlite"),
            str(BOTS / f"{system.name}.robot"),
        ]

    # --- through the night ----------------------------------------------------------------------------

    def _work(self) -> None:
        kills = Kills(self._plan.kills, self._chance, self._folder, self._processes, self._shared)
        back_at, last_change, last_seen = 0.0, time.monotonic(), ""
        told = 0.0
        while True:
            now = time.monotonic()
            items = self._queue.items()
            progress = sum(item.state.is_final for item in items) / len(items)
            running = self._processes.look()
            if (seen := _summary(items)) != last_seen:
                last_seen, last_change = seen, now
            if now - told > 10:
                told = now
                self._tell(progress, running)
            if now - last_change > STANDSTILL:
                self._result.faults.append(f"nothing happens any more: {'; '.join(map(str, running))}")
                return
            self._reap()
            if progress == 1:
                if not any(worker.process for worker in self._workers):
                    return
            else:
                self._start(items)
            if kind := kills.kill_if_due(progress, running):
                self._result.kills[kind] += 1
                self._say(f"{self._clock()} killed: {kind}")
            if DOWN_AT <= progress < 1 and not back_at:
                self._say(f"{self._clock()} the portal is switched off for {self._plan.down:.0f} s")
                self._shared[PORTAL].stop()
                back_at = now + self._plan.down
            if now >= back_at:
                self._restore()
            time.sleep(TICK)

    def _restore(self) -> None:
        for system in self._shared.values():
            if not system.runs:
                system.start()

    def _start(self, items: Sequence[WorkItem]) -> None:
        """Each free worker goes where the most is left to do."""
        left = Counter(item.queue for item in items if not item.state.is_final)
        for worker in self._workers:
            if worker.process is None and time.monotonic() >= worker.next_start:
                at = Counter(other.system.queue for other in self._workers if other.process and other.system)
                system = max(SYSTEMS, key=lambda one: left[one.queue] / (1 + at[one.queue]))
                self._begin(worker, system)

    def _begin(self, worker: Worker, system: System) -> None:
        task = f"{system.name}_{worker.number}"
        if worker.is_watched:
            command = [sys.executable, "-m", "referee.cli.main", "run", task, "--time-limit", "1h"]
        else:
            command = [sys.executable, *self._command(system, worker)[1:]]
        with (self._folder / f"said-{task}.txt").open("ab") as said:
            worker.process = subprocess.Popen(
                command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        worker.system, worker.began = system, time.monotonic()

    def _reap(self) -> None:
        for worker in self._workers:
            if worker.process is None or (code := worker.process.poll()) is None:
                continue
            assert worker.system is not None
            self._say(
                f"{self._clock()} worker {worker.number} at the {worker.system.name} ended with {code} after "
                f"{time.monotonic() - worker.began:.1f} s"
            )
            self._result.runs[f"{code}"] += 1
            worker.process = None
            worker.next_start = time.monotonic() + PAUSE

    # --- in the morning -------------------------------------------------------------------------------

    def _last_start(self) -> None:
        """A bot that finds nothing to do, and clears up after those that were killed.

        A start may fail where a display or a program doesn't come up; the schedule's next one has to do then.
        """
        codes = []
        while 0 not in codes and len(codes) < LAST_STARTS:
            worker = self._workers[0]
            self._begin(worker, self._chance.choice(SYSTEMS))
            assert worker.process is not None and worker.system is not None
            try:
                codes.append(worker.process.wait(timeout=STANDSTILL))
            except subprocess.TimeoutExpired:
                self._result.faults.append(f"the last bot, at the {worker.system.name}, does not end")
                return
            worker.process = None
        if 0 not in codes:
            self._result.faults.append(
                f"the last bots, at last at the {worker.system.name}, ended with {codes}"
            )

    def _look_for_leftovers(self) -> None:
        left = self._processes.alive()
        self._result.faults += [f"left behind: {seen}" for seen in left]
        self._result.faults += [
            f"left behind: {path.name} in the folder of temporary files"
            for path in sorted(self._temporary.iterdir())
        ]
        for path in sorted(self._folder.glob("said-*.txt")):
            said = path.read_text(encoding="utf-8", errors="replace")
            for found in sorted(set(UNREADABLE.findall(said))):
                self._result.faults.append(f"{path.name} tells people: {found.strip()[:200]}")

    def _end_all(self) -> None:
        """Whatever happened: nothing of this night goes on."""
        for seen in self._processes.alive():
            seen.kill()
        for worker in self._workers:
            if worker.process is not None:
                worker.process.wait()

    def _tell(self, progress: float, running: Sequence[Seen]) -> None:
        kinds = Counter(seen.kind for seen in running)
        self._say(f"{self._clock()} {progress:4.0%} finished; {_listed(kinds)}")

    def _clock(self) -> str:
        seconds = time.monotonic() - self._began
        return f"{seconds // 60:3.0f}:{seconds % 60:04.1f}"


_SUPPLIERS = """
import sys
from pathlib import Path
from resources.legacy.supplier_accounts.records import Records, read_suppliers
folder = Path(sys.argv[1])
Records(folder / "records.sqlite", read_suppliers(folder / "suppliers.csv"), "NIGHT")
"""


def _summary(items: Sequence[WorkItem]) -> str:
    return " ".join(f"{item.state}{item.attempts}" for item in items)


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


def table(plan: Plan, result: Result) -> str:
    """The counts of a night, for people."""
    books = result.books
    lines = [
        f"{plan.items} items, {plan.workers} workers, {sum(result.kills.values())} kills, seed {plan.seed}: "
        f"{result.seconds:.0f} s",
        f"{'':<22}{''.join(f'{system.name:>9}' for system in SYSTEMS)}{'all':>9}",
    ]
    for end in (*ENDS, "no end"):
        counts = [books.ends[system.name][end] for system in SYSTEMS]
        if any(counts) or end != "no end":
            lines.append(f"{end:<22}{''.join(f'{count:>9}' for count in counts)}{sum(counts):>9}")
    booked = [books.booked[system.name] for system in SYSTEMS]
    lines.append(f"{'in their own records':<22}{''.join(f'{count:>9}' for count in booked)}{sum(booked):>9}")
    lines += [
        f"killed: {_listed(result.kills)}",
        f"exit codes of {result.runs.total()} runs: {_listed(result.runs)}",
        f"done at a later attempt: {books.tried_again}; in doubt or given up, and done all the same: "
        f"{books.doubted_and_done}; records in the audit log: {books.records}",
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="A night of unattended bots that are killed at random.")
    parser.add_argument("--items", type=int, default=400)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--down", type=float, default=45, help="seconds for which the portal is switched off")
    parser.add_argument("--lease", type=float, default=10, help="seconds of a lease")
    parser.add_argument("--folder", type=Path, help="keep all that the night leaves, in this new folder")
    options = parser.parse_args(arguments)
    plan = Plan(
        *(options.items, options.workers, options.kills, options.seed, options.down, options.lease),
    )
    folder = options.folder or Path(tempfile.mkdtemp(prefix="night-"))
    folder.mkdir(parents=True, exist_ok=True)

    def say(sentence: str) -> None:
        print(sentence, flush=True)  # noqa: T201 - this is a command

    result = Night(folder.resolve(), plan, say).run()
    say(table(plan, result))
    for failure, count in sorted(result.books.failures.items()):
        say(f"  {count:3} x {failure}")
    for fault in result.faults:
        say(f"FAULT {fault}")
    if result.faults or options.folder:
        say(f"everything is in {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if result.faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

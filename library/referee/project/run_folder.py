"""The dated folder of each run of a bot: what it printed, its logs, how it ended."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from referee.domain import InputError
from referee.files import write_whole

CONSOLE = "console.txt"
REFUSAL = "refusal.txt"
_ENDING = "run.json"
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(-\d+)?")
_NEVER_COPIED = (".lock", ".sqlite", "-wal", "-shm", ".tmp")


def folder_of_bot(artifacts: Path, bot: str) -> Path:
    """Where the runs of a bot are kept."""
    readable = re.sub(r"[^\w.-]+", "_", bot).strip("._") or "bot"
    # Names that differ only in signs that a folder can't have must not share one.
    return (
        artifacts
        / "runs"
        / (readable if readable == bot else f"{readable}-{sha256(bot.encode()).hexdigest()[:8]}")
    )


class RunFolder:
    """One run: made when it begins. ``output`` is where Robot Framework writes to, if that is known.

    Raises InputError where the folder can't be made.
    """

    def __init__(self, bot_folder: Path, started: datetime, output: Path | None) -> None:
        self.started = started
        self._output = output
        self._before = dict(_files(output))
        stamp = started.strftime("%Y-%m-%dT%H-%M-%S")
        number = 1
        while True:
            self.path = bot_folder / (stamp if number == 1 else f"{stamp}-{number}")
            try:
                self.path.mkdir(parents=True)
                return
            except FileExistsError:
                number += 1
            except OSError as fault:
                raise InputError(
                    f"{self.path}: the folder of this run can't be made ({fault.strerror or fault}); "
                    "make room, or give the bot a folder it may write to"
                ) from None

    def keep(self) -> dict[str, Any]:
        """Copies the files that the run wrote into ``output`` itself, for the next run replaces them.

        Gives the counts of its summary; nothing of single cases. Empty where it wrote none.
        """
        summary: dict[str, Any] = {}
        for file, changed in _files(self._output):
            if self._before.get(file) == changed:
                continue
            shutil.copy2(file, self.path / file.name)
            if file.name == "summary.json":
                summary = _counts(file)
        return summary

    def finish(self, ending: Mapping[str, Any]) -> None:
        """Says how the run ended. A run without it was lost: killed, or cut off with the machine."""
        write_whole(self.path / _ENDING, json.dumps(ending, indent=2) + "\n")


def _files(folder: Path | None) -> Iterator[tuple[Path, tuple[int, int, int]]]:
    """The files to keep in a folder, with what is different once one was written anew."""
    for path in sorted(folder.iterdir()) if folder is not None and folder.is_dir() else []:
        if path.is_file() and not path.name.endswith(_NEVER_COPIED):
            found = path.stat()
            yield path, (found.st_mtime_ns, found.st_size, found.st_ino)


def _counts(file: Path) -> dict[str, Any]:
    try:
        data = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return {name: data[name] for name in ("count", "routes", "states", "worklist") if name in data}


def runs(bot_folder: Path) -> list[Path]:
    """The folders of a bot's runs, oldest first."""
    found = bot_folder.iterdir() if bot_folder.is_dir() else ()
    return sorted(path for path in found if _STAMP.fullmatch(path.name) and path.is_dir())


def lost_runs(bot_folder: Path) -> list[Path]:
    """Runs that never said how they ended. To be asked while nobody runs the bot."""
    return [path for path in runs(bot_folder) if not (path / _ENDING).exists()]


def note_lost(run: Path) -> None:
    """Marks a lost run, so that it is told once."""
    write_whole(run / _ENDING, json.dumps({"ended": "lost"}) + "\n")


def remove_old(bot_folder: Path, keep: int) -> None:
    """Removes all but the ``keep`` newest runs, and none that was lost and not yet told.

    What can't be removed now is removed another time.
    """
    for path in [path for path in runs(bot_folder)[:-keep] if (path / _ENDING).exists()]:
        with suppress(OSError):
            shutil.rmtree(path)

"""Where the file of the work queues is, for commands, keywords and rpaframework's bots alike."""

from __future__ import annotations

import os
from pathlib import Path

PLACE = "REFEREE_QUEUE_FILE"
"""The environment variable that names the file where nobody names one."""

USUAL_FILE = "output/queue.sqlite"


def queue_place() -> Path:
    """The file that ``REFEREE_QUEUE_FILE`` names; ``output/queue.sqlite`` without it."""
    return Path(os.environ.get(PLACE) or USUAL_FILE)


def parts_of(queue: Path) -> tuple[Path, ...]:
    """All that a queue consists of: its file, SQLite's write-ahead log with its index, the files of the items."""
    return (queue, *(queue.with_name(f"{queue.name}{end}") for end in ("-wal", "-shm", "-journal", ".files")))

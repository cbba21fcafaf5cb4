"""Robot Framework library: letters to senders, each a line in a file, and their replies, which take a second."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from robot.api.deco import keyword

LETTERS = Path("letters")
SECONDS_TO_REPLY = 1.0


@keyword
def write_to_sender(case: Mapping[str, Any]) -> str:
    """Every call counts."""
    LETTERS.mkdir(exist_ok=True)
    letter = os.open(LETTERS / case["id"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(letter, b"please look at this again\n")
    os.fsync(letter)
    os.close(letter)
    return f"letter to the sender of {case['id']}"


@keyword
def read_reply(case: Mapping[str, Any]) -> dict[str, bool] | None:
    """Senders agree."""
    age = time.time() - (LETTERS / case["id"]).stat().st_mtime
    return {"agrees": True} if age > SECONDS_TO_REPLY else None

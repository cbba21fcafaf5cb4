"""Answers as labelled examples for training, one JSON Lines file per decision."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from referee.audit.canonical_json import exact_json, parse_json
from referee.audit.disk_fault import reason
from referee.domain import HandoffError, LineAddress
from referee.files import make_folder, write_whole


def examples_path(folder: str | os.PathLike[str], decision: str) -> Path:
    """Where the examples of a decision are kept; signs that a file name can't hold become ``_``."""
    return Path(folder) / (re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", decision) + ".jsonl")


def add_examples(path: Path, examples: Sequence[Mapping[str, Any]]) -> int:
    """Adds the examples that the file doesn't hold yet and gives their number; a kill leaves all or nothing.

    An example is known by the hash of its answer record (``record.hash``). Lines already there stay as they
    are. Raises HandoffError when the file can't be read or written, or isn't one of examples.
    """
    try:
        held = path.read_bytes() if path.exists() else b""
        known = _hashes(path, held)
        new = [example for example in examples if example["record"]["hash"] not in known]
        if new:
            gap = b"\n" if held and not held.endswith(b"\n") else b""
            make_folder(path.parent)
            write_whole(path, held + gap + b"".join(exact_json(example) + b"\n" for example in new))
    except OSError as fault:
        raise HandoffError(
            f"the answers are recorded, but the examples {path} could not be brought up to date: "
            f"{reason(fault)}; mend that and import the same file again"
        ) from fault
    return len(new)


def _hashes(path: Path, held: bytes) -> set[str]:
    hashes = set()
    for number, line in enumerate(held.splitlines(), 1):
        try:
            hashes.add(parse_json(line)["record"]["hash"])
        except (ValueError, KeyError, TypeError) as fault:
            raise HandoffError(
                f"{LineAddress(str(path), number)}: this isn't an example; correct the line or move the "
                "file away, then import the same answers again (they are recorded)"
            ) from fault
    return hashes

"""Finding the very workbook that gave a decision by its hash: among files, and in the git history of their folders."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from referee.domain import InputError

_SUFFIXES = (".xlsx", ".xlsm")
_GIT_SECONDS = 60
# What a repository may set up to be run by git isn't run.
_GIT = ("git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=" + os.devnull, "--no-optional-locks")


class FoundVersions:
    """Workbooks by the sha256 of their bytes: those among ``places`` (files, and folders with all below them), and what
    git keeps of earlier ones, where it is installed and the place is in a repository.

    To be closed, for it may hold copies. Raises `InputError` for a place that isn't there.
    """

    def __init__(self, places: Sequence[Path]) -> None:
        self._folders: set[Path] = set()
        self._files: dict[str, Path] = {}
        for place in places:
            if place.is_dir():
                paths = sorted(path for path in place.rglob("*") if path.suffix.casefold() in _SUFFIXES)
            elif place.is_file():
                paths = [place]
            else:
                raise InputError(f"{place}: there is no such file or folder; check its name")
            self._folders.add(place if place.is_dir() else place.parent)
            for path in paths:
                if path.is_file() and not path.name.startswith("~$"):
                    self._files.setdefault(hashlib.sha256(path.read_bytes()).hexdigest(), path)
        self._copies = TemporaryDirectory(prefix="referee-versions-")
        self._history: Iterator[tuple[str, bytes]] | None = None
        self._looked_up: dict[str, bytes] = {}

    def path(self, sha256: str, name: str = "") -> Path | None:
        """A file with that content, and with the ``name`` that messages about it are to use if one is given."""
        path = self._files.get(sha256)
        if path is not None and name in ("", path.name):
            return path
        if path is not None:
            return self._copy(sha256, name, path.read_bytes())
        content = self._in_history(sha256)
        return None if content is None else self._copy(sha256, name or "workbook.xlsx", content)

    def close(self) -> None:
        self._copies.cleanup()

    def _copy(self, sha256: str, name: str, content: bytes) -> Path:
        path = Path(self._copies.name) / sha256 / Path(name).name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return path

    def _in_history(self, sha256: str) -> bytes | None:
        if sha256 in self._looked_up:
            return self._looked_up[sha256]
        if self._history is None:
            self._history = self._all_of_history()
        for found, content in self._history:
            self._looked_up[found] = content
            if found == sha256:
                return content
        return None

    def _all_of_history(self) -> Iterator[tuple[str, bytes]]:
        if shutil.which("git") is None:
            return
        seen: set[str] = set()
        for folder in sorted(self._folders):
            raw = _git(
                folder, "log", "--all", "--format=", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-ext-diff",
                "--no-textconv", "--diff-filter=AM", "--", ".",
            )  # fmt: skip
            fields = (raw or b"").decode("utf-8", "surrogateescape").split("\0")
            for change, path in zip(fields[::2], fields[1::2], strict=False):
                blob = change.split()[3] if change.startswith(":") else ""
                if blob and blob not in seen and path.casefold().endswith(_SUFFIXES):
                    seen.add(blob)
                    content = _git(folder, "cat-file", "blob", blob)
                    if content is not None:
                        yield hashlib.sha256(content).hexdigest(), content


def _git(folder: Path, *arguments: str) -> bytes | None:
    """What git says in a folder; None where that isn't in a repository, or git refuses."""
    try:
        run = subprocess.run(
            [*_GIT, "-C", str(folder), *arguments], capture_output=True, timeout=_GIT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return run.stdout if run.returncode == 0 else None

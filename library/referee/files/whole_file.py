"""Replacing a file in one step: whoever reads it finds the old content or the complete new one, never half of it."""

from __future__ import annotations

import errno
import glob
import os
import secrets
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from referee.files.durability import flush, flush_folder

_FOLDERS_NOT_FLUSHED = {errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EPERM, errno.EBADF}
"""What file systems answer that can't make the names of a folder durable, such as network shares, and folders that may
be written to but not read. The new content is durable then; a power cut may bring the old file back."""


_DRAFT_END = ".tmp"


@contextmanager
def written_whole(path: str | os.PathLike[str], *, mode: int = 0o666) -> Iterator[BinaryIO]:
    """A stream to write a file to, which replaces the file at ``path`` once it is complete and durable.

    Where the body raises, the old file stays as it was. A file that is replaced keeps its permissions; a new one
    gets ``mode`` less the umask. A link stays a link: the file it leads to is replaced. What is no regular file, such
    as a pipe or ``/dev/stdout``, is written to as it is. Missing folders aren't made (see ``make_folder``).

    Raises OSError where the file can't be written; a file that its permissions protect is not replaced.
    """
    target = Path(os.path.realpath(path))
    held = _mode(target)
    if held is not None and not stat.S_ISREG(held):
        with Path(path).open("wb") as stream:
            yield stream
        return
    if held is not None and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    draft = target.with_name(f"{_draft_start(target)}{secrets.token_hex(4)}{_DRAFT_END}")
    try:
        with open(draft, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as stream:
            yield stream
            stream.flush()
            flush(stream.fileno())
        if held is not None:
            draft.chmod(stat.S_IMODE(held))
        _replace(draft, target)
    except BaseException:
        with suppress(OSError):  # what can't be written may not be removable either
            draft.unlink()
        raise
    try:
        flush_folder(target.parent)
    except OSError as fault:
        if fault.errno not in _FOLDERS_NOT_FLUSHED:
            raise


def write_whole(path: str | os.PathLike[str], content: bytes | str, *, mode: int = 0o666) -> None:
    """Writes a file in one step (see ``written_whole``). Text is written as UTF-8, its line ends as they are."""
    with written_whole(path, mode=mode) as stream:
        stream.write(content.encode() if isinstance(content, str) else content)


def remove_drafts(path: str | os.PathLike[str]) -> None:
    """Removes what writers of a file left behind when they were killed. Only for who alone may write the file now."""
    target = Path(os.path.realpath(path))
    with suppress(OSError):  # nothing depends on their being gone
        for draft in target.parent.glob(f"{glob.escape(_draft_start(target))}????????{_DRAFT_END}"):
            draft.unlink()


def _draft_start(target: Path) -> str:
    return f".{target.name[:40]}."


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


if sys.platform == "win32":

    def _replace(draft: Path, target: Path) -> None:
        """Virus scanners and indexers open new files for a moment, in which Windows refuses to rename them."""
        for pause in (0.02, 0.05, 0.1, 0.2, 0.4):
            try:
                draft.replace(target)
            except PermissionError:
                time.sleep(pause)
            else:
                return
        draft.replace(target)

else:

    def _replace(draft: Path, target: Path) -> None:
        draft.replace(target)

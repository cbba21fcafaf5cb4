"""Whether a workbook may be replaced now: who has it open, and what forbids it."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from referee.domain import InputError

_WIDE_NAME = 55
"""Where the user's name begins in Excel's owner file in two bytes a letter, its length before it."""


def require_replaceable(path: Path) -> None:
    """Raises InputError in one sentence when the workbook is open elsewhere, or protected from changes.

    Excel and LibreOffice put a small file beside a workbook that somebody has open. On Windows the system itself knows,
    and a file that a crashed Excel left behind doesn't count; elsewhere the file is all that can be seen.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise InputError(f"{path}: the file can't be read ({error.strerror or error})") from None
    owner_file, owner = _owner(path)
    if not mode & stat.S_IWUSR or not os.access(path, os.W_OK):
        raise InputError(f"{path}: the file is read-only; allow changes to it, or work on a copy")
    if owner_file is not None and not (sys.platform == "win32" and owner_file.name.startswith("~$")):
        who = f"{owner} has it open" if owner else "somebody has it open"
        raise InputError(
            f"{path}: {who}; close it there first (if nobody has, delete the file `{owner_file.name}` beside it)"
        )
    try:
        with path.open("r+b"):
            pass
    except OSError as error:
        who = f"{owner} has it open" if owner else "another program has it open"
        raise InputError(f"{path}: {who} ({error.strerror or error}); close it there first") from None
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise InputError(f"{path}: its folder is read-only, so the file can't be replaced; work on a copy")


def _owner(path: Path) -> tuple[Path | None, str]:
    """The file by which a program says that somebody has the workbook open, and that person's name if it is told."""
    for name, reader in ((f"~${path.name}", _excel_user), (f".~lock.{path.name}#", _libreoffice_user)):
        owner_file = path.with_name(name)
        try:
            return owner_file, reader(owner_file.read_bytes())
        except FileNotFoundError:
            continue
        except OSError:  # Excel keeps its own from being read on some shares
            return owner_file, ""
    return None, ""


def _excel_user(content: bytes) -> str:
    """The length of the name, the name in one byte a letter, spaces up to a fixed place; then the same in UTF-16."""
    length = int.from_bytes(content[_WIDE_NAME : _WIDE_NAME + 2], "little")
    wide = content[_WIDE_NAME + 2 : _WIDE_NAME + 2 + 2 * length]
    if 0 < length <= 54 and len(wide) == 2 * length:
        return _readable(wide.decode("utf-16-le", "replace"))
    return _readable(content[1 : 1 + content[0]].decode("latin-1")) if content else ""


def _libreoffice_user(content: bytes) -> str:
    """Name, account, machine and time with commas between; the first two may be empty."""
    fields = [*content.decode("utf-8", "replace").split(","), "", "", ""]
    name, machine = fields[0] or fields[1], fields[2]
    return _readable(f"{name} at {machine}" if name and machine else name)


def _readable(name: str) -> str:
    return "".join(letter for letter in name if letter.isprintable()).strip()[:80]

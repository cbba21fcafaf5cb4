"""The files that a run leaves for people: checked before the first case, written in any event at the end."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from referee.domain import HandoffError, InputError
from referee.files import refused_write


def require_writable(path: Path, output: Path) -> None:
    """Raises `InputError` when the file couldn't be written now, Excel having it open for example.

    Folders are made inside the folder ``output`` alone: elsewhere a folder that is not there is a typing error.
    """
    folder = path.resolve().parent
    if output.resolve() in (folder, *folder.parents):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(path, error) from None
    elif not folder.is_dir():
        raise InputError(f"{path}: there is no folder {shown(folder)}; make it, or correct the name")
    if path.is_dir():
        raise InputError(f"{path}: this is a folder; name a file in it")
    probe = folder / f".{path.name}.{os.getpid()}.tmp"
    try:
        probe.touch()
        probe.unlink()
        if path.exists():
            with path.open("r+b"):
                pass
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> InputError:
    return InputError(refused_write(path, error))


@dataclass(frozen=True, slots=True)
class Written:
    """Where a file was written. ``remark`` says why not where it was meant; ``failed`` that it was not at all."""

    path: Path
    remark: str = ""
    failed: bool = False


def write_in_any_event(path: Path, write: Callable[[Path], object]) -> Written:
    """Writes a file, under a free name beside it (``results (2).xlsx``) where it can't be replaced."""
    try:
        write(path)
        return Written(path)
    except (InputError, HandoffError) as error:
        fault = str(error)
    number = 2
    while (other := path.with_name(f"{path.stem} ({number}){path.suffix}")).exists():
        number += 1
    try:
        write(other)
    except (InputError, HandoffError) as error:
        return Written(path, str(error), failed=True)
    return Written(other, f"{fault}; this run wrote {shown(other)}")


def shown(path: Path) -> str:
    """The path as people see it from the folder in which the bot was started."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)

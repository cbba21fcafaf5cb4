"""Opening Excel files: one clear sentence for each way in which a file isn't the workbook somebody meant."""

from __future__ import annotations

import hashlib
import os
import re
import warnings
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from referee.domain import InputError
from referee.workbook.cell_place import column_number

OLE_MAGIC = bytes.fromhex("d0cf11e0a1b11ae1")
"""First bytes of the container of old .xls files and of password-protected new ones."""

UNPACKED_LIMIT = 128 * 2**20
"""Bytes a workbook kept by people may unpack to; a decision workbook unpacks to well under one megabyte."""

UNPACKED_CASES_LIMIT = 2**30
"""Bytes a case list may unpack to: about two million rows of ten columns, read as a stream."""

MERGED_CELLS_LIMIT = 200_000
"""Cells one merged area may cover; openpyxl creates each of them."""

_MERGED = re.compile(rb'mergeCell\s[^>]*?ref="\$?([A-Z]{1,3})\$?(\d{1,7}):\$?([A-Z]{1,3})\$?(\d{1,7})"')


def open_workbook(
    path: Path,
    *,
    cached_values: bool = True,
    read_only: bool = False,
    unpacked_limit: int = UNPACKED_LIMIT,
) -> Any:
    """An openpyxl workbook. With ``cached_values`` formula cells give the value that Excel saved, else
    their formula.

    Raises InputError in one sentence with the real cause. Macros, links and entities of the file are never
    followed. A ``read_only`` workbook keeps the file open until its ``close()``.
    """
    check_container(path, unpacked_limit)
    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions that no reading depends on
            return load_workbook(path, data_only=cached_values, read_only=read_only, keep_links=False)
    except Exception as error:  # openpyxl has no error of its own, only KeyError, XML...
        raise InputError(
            f"{path}: the workbook is damaged ({_first_line(error)}); "
            "open it in Excel, let Excel repair it and save"
        ) from error


def read_bytes(path: Path) -> bytes:
    """The content of a file that a person named. Raises InputError in one sentence."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; check the name and the folder") from None
    except IsADirectoryError:
        raise InputError(f"{path}: this is a folder, not a file; name the file in it") from None
    except OSError as error:
        if path.is_dir():
            raise InputError(f"{path}: this is a folder, not a file; name the file in it") from None
        raise InputError(f"{path}: the file can't be read ({error.strerror or error})") from error


def file_sha256(path: Path) -> str:
    """The sha256 of a file's bytes in hex."""
    return hashlib.sha256(read_bytes(path)).hexdigest()


def has_formulas(path: Path) -> bool:
    """Whether any sheet of a workbook holds a formula; cheaper than reading its cells."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                previous = b""
                with archive.open(name) as stream:
                    while chunk := stream.read(2**20):
                        window = previous + chunk
                        if b"<f>" in window or b"<f " in window or b"<f/" in window or b":f>" in window:
                            return True
                        previous = chunk[-4:]
    return False


def save_workbook(workbook: Any, path: Path) -> None:
    """Saves in one step: the file at ``path`` is the old one or the complete new one, never half of it.

    Raises InputError in one sentence where the file can't be written, for example because Excel has it open.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as stream:
            workbook.save(stream)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):  # what can't be written may not be removable either
            temporary.unlink()
        raise InputError(
            f"{path}: the file can't be written ({error.strerror or error}); close it if Excel has it open, "
            "or name another file"
        ) from error


def check_container(path: Path, unpacked_limit: int) -> None:
    """Raises InputError in one sentence for a file that is no workbook, or one that unpacks to too much."""
    try:
        with path.open("rb") as stream:
            head = stream.read(8)
    except OSError:
        head = read_bytes(path)[:8]
    if not head:
        raise InputError(f"{path}: the file is empty (0 bytes); save the workbook again")
    if head == OLE_MAGIC:
        if "EncryptedPackage".encode("utf-16-le") in read_bytes(path):
            raise InputError(f"{path}: the workbook is protected by a password; save it without one")
        raise InputError(f"{path}: this is an old Excel file (.xls); save it as an Excel workbook (.xlsx)")
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            unpacked = sum(entry.file_size for entry in archive.infolist())
            if unpacked > unpacked_limit:
                raise InputError(
                    f"{path}: the file unpacks to {unpacked // 2**20} MB, more than the "
                    f"{unpacked_limit // 2**20} MB that are read; remove what isn't needed"
                )
            if "xl/workbook.xml" not in names:
                if "content.xml" in names:
                    raise InputError(
                        f"{path}: this is an OpenDocument file; save it as an Excel workbook (.xlsx)"
                    )
                if "xl/workbook.bin" in names:
                    raise InputError(f"{path}: this is a binary workbook (.xlsb); save it as .xlsx")
                raise InputError(f"{path}: this isn't an Excel workbook; save it as .xlsx")
            for name in names:
                if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                    _check_merged_areas(path, archive, name)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        kind = "damaged" if head.startswith(b"PK") else "not an Excel workbook"
        advice = "restore or save it again" if head.startswith(b"PK") else "save it as .xlsx"
        raise InputError(f"{path}: the file is {kind}; {advice}") from error


def _check_merged_areas(path: Path, archive: zipfile.ZipFile, name: str) -> None:
    previous = b""
    with archive.open(name) as stream:
        while chunk := stream.read(2**20):
            for left, top, right, bottom in _MERGED.findall(previous + chunk):
                area = (column_number(right.decode()) - column_number(left.decode()) + 1) * (
                    int(bottom) - int(top) + 1
                )
                if area > MERGED_CELLS_LIMIT:
                    raise InputError(f"{path}: a merged area covers {area} cells; unmerge it")
            previous = chunk[-200:]


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:120] if lines else type(error).__name__

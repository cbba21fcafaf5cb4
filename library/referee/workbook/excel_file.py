"""Opening Excel files: one clear sentence for each way in which a file isn't the workbook somebody meant."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from referee.domain import InputError
from referee.files import make_folder, refused_write, written_whole

OLE_MAGIC = bytes.fromhex("d0cf11e0a1b11ae1")
"""First bytes of the container of old .xls files and of password-protected new ones."""

UNPACKED_LIMIT = 128 * 2**20
"""Bytes a workbook kept by people may unpack to; a decision workbook unpacks to well under one megabyte."""

UNPACKED_CASES_LIMIT = 2**30
"""Bytes a case list may unpack to: about two million rows of ten columns, read as a stream."""


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


@contextmanager
def written_excel_file(path: Path) -> Iterator[BinaryIO]:
    """A stream to write a file to in one step; missing folders are made (see ``referee.files.written_whole``).

    Raises InputError in one sentence where the file can't be written, for example because Excel has it open.
    """
    try:
        make_folder(path.parent)
        with written_whole(path) as stream:
            yield stream
    except OSError as error:
        raise InputError(refused_write(path, error)) from error


def save_workbook(workbook: Any, path: Path) -> None:
    """Saves in one step (see ``written_excel_file``)."""
    whole = BytesIO()  # a zip file that a full disk cuts short complains once more when it is thrown away
    workbook.save(whole)
    with written_excel_file(path) as stream:
        stream.write(whole.getbuffer())


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
                largest = max(archive.infolist(), key=lambda entry: entry.file_size)
                raise InputError(
                    f"{path}: the file unpacks to {unpacked // 2**20} MB, more than the "
                    f"{unpacked_limit // 2**20} MB that are read, {largest.file_size // 2**20} MB of them in "
                    f"{largest.filename}; delete pictures and the blank formatted rows below the tables"
                )
            if "xl/workbook.xml" not in names:
                if "content.xml" in names:
                    raise InputError(
                        f"{path}: this is an OpenDocument file; save it as an Excel workbook (.xlsx)"
                    )
                if "xl/workbook.bin" in names:
                    raise InputError(f"{path}: this is a binary workbook (.xlsb); save it as .xlsx")
                raise InputError(f"{path}: this isn't an Excel workbook; save it as .xlsx")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        kind = "damaged" if head.startswith(b"PK") else "not an Excel workbook"
        advice = "restore or save it again" if head.startswith(b"PK") else "save it as .xlsx"
        raise InputError(f"{path}: the file is {kind}; {advice}") from error

"""Faults of SQLite in the words of those who must mend them, by real files."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from referee.files.sqlite_fault import is_held, reason_and_remedy


def fault_of(path: Path, statement: str = "CREATE TABLE t (x)") -> sqlite3.Error:
    with pytest.raises(sqlite3.Error) as fault, closing(sqlite3.connect(path, timeout=0)) as connection:
        connection.execute(statement)
    return fault.value


def test_a_file_that_another_program_holds(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "file", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    fault = fault_of(tmp_path / "file")
    other.close()
    assert is_held(fault)
    assert reason_and_remedy(fault)[0] == "another program holds it"


def test_a_file_that_is_none_of_sqlite(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"no database at all" * 100)
    fault = fault_of(tmp_path / "file")
    assert not is_held(fault)
    assert reason_and_remedy(fault)[0] == "it is damaged, or a file of another kind"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    fault = fault_of(tmp_path / "missing" / "file")
    assert reason_and_remedy(fault) == ("no right to write to it or its folder", "give the bot these rights")


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the administrator may write anywhere"
)
def test_a_file_that_may_not_be_written(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "file").execute("CREATE TABLE u (x)").connection.close()
    (tmp_path / "file").chmod(0o400)
    assert reason_and_remedy(fault_of(tmp_path / "file"))[0] == "no right to write to it or its folder"


def test_any_other_fault_keeps_its_own_words(tmp_path: Path) -> None:
    assert reason_and_remedy(fault_of(tmp_path / "file", "no statement"))[0].startswith('near "no"')

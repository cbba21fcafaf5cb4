"""Producers: rows and files become items; no input is an error, never an empty item."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from referee.domain import InputError
from referee.workbook import UnreadableCell
from referee.workitems import NewItem, WorkQueue, facts_of, items_in_folder, items_of_case_list


def test_each_row_of_a_case_list_is_an_item(tmp_path: Path) -> None:
    path = tmp_path / "invoices.csv"
    path.write_text("supplier,invoice,amount\nACME,R-1,12.5\nACME,R-2,7\n")
    first, second = items_of_case_list(path, key="invoice", priority=2)
    assert first == NewItem(
        "R-1", {"supplier": "ACME", "invoice": "R-1", "amount": Decimal("12.5")}, priority=2
    )
    assert second.key == "R-2"


def test_columns_say_when_an_items_turn_comes(tmp_path: Path) -> None:
    path = tmp_path / "invoices.xlsx"
    book = openpyxl.Workbook()
    for row in (["invoice", "pay by", "rank"], ["R-1", datetime(2026, 12, 1), 5], ["R-2", None, None]):
        book.worksheets[0].append(row)
    book.save(path)
    otherwise = datetime(2026, 12, 24)
    first, second = items_of_case_list(
        path, due=otherwise, priority=1, priority_column="rank", due_column="pay by"
    )
    assert (first.priority, first.due) == (5, datetime(2026, 12, 1))
    assert (second.priority, second.due) == (1, otherwise)


def test_a_cell_that_nobody_can_read_is_doubt_later_on_not_a_value(tmp_path: Path, queue: WorkQueue) -> None:
    path = tmp_path / "invoices.xlsx"
    book = openpyxl.Workbook()
    for row in (["invoice", "amount"], ["R-1", "#REF!"]):
        book.worksheets[0].append(row)
    book.worksheets[0]["B2"].data_type = "e"
    book.save(path)
    added = queue.add_many("in", items_of_case_list(path))
    facts = facts_of(queue.get(added[0].item))
    assert facts["invoice"] == "R-1"
    assert isinstance(facts["amount"], UnreadableCell)


@pytest.mark.parametrize(
    ("text", "columns", "said"),
    [
        ("", {}, "is empty"),
        ("invoice,amount\n", {}, "no case below it"),
        ("invoice\nR-1\nR-1\n", {}, "is there twice"),
        ("invoice\nR-1\n", {"key": "number"}, "number"),
        ("invoice\nR-1\n", {"due_column": "due"}, "there is no column `due`; there are invoice"),
        ("invoice,due\nR-1,soon\n", {"due_column": "due"}, "the due date in `due` is `soon`"),
        ("invoice,rank\nR-1,1.5\n", {"priority_column": "rank"}, "the priority in `rank` is `1.5`"),
    ],
)
def test_a_case_list_that_makes_no_items_is_refused(
    tmp_path: Path, text: str, columns: dict[str, str], said: str
) -> None:
    path = tmp_path / "invoices.csv"
    path.write_text(text)
    with pytest.raises(InputError) as refused:
        items_of_case_list(path, **columns)  # type: ignore[arg-type]
    assert said in str(refused.value), refused.value


def test_a_missing_file_makes_no_items(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        items_of_case_list(tmp_path / "invoices.csv")


def test_each_file_of_a_folder_is_an_item_with_the_file(tmp_path: Path, queue: WorkQueue) -> None:
    inbox = tmp_path / "inbox"
    (inbox / "folder.pdf").mkdir(parents=True)
    for name in ("b.pdf", "a.pdf", "note.txt", "~$a.pdf", ".hidden.pdf", "c.pdf.part"):
        (inbox / name).write_text(name)
    items = items_in_folder(inbox, "*.pdf*")
    assert [item.key for item in items] == ["a.pdf", "b.pdf"]
    added = queue.add_many("scans", items)
    assert queue.file(added[0].item, "a.pdf").read_text() == "a.pdf"
    assert queue.get(added[0].item).payload["file"] == "a.pdf"


def test_a_folder_without_files_makes_no_items(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file in it fits"):
        items_in_folder(tmp_path)
    with pytest.raises(InputError, match="there is no such folder"):
        items_in_folder(tmp_path / "inbox")


def test_data_without_names_is_no_case(queue: WorkQueue) -> None:
    item = queue.get(queue.add("in", NewItem("a", [1, 2])).item)
    with pytest.raises(
        InputError, match="the work item `a` holds a list of 2 values in the place of facts by name"
    ):
        facts_of(item)

"""Dates, times and durations as people write them are refused with what to write, and so are those there aren't."""

from __future__ import annotations

import pytest

from referee.domain import CellAddress
from referee.workbook.cell_reading import CellKind, ColumnSense, Misread, read_cell
from referee.workbook.grid import GridCell

PLACE = CellAddress("limits.xlsx", "Approval", "B4")


def message(text: str, kind: str, cell_kind: CellKind = CellKind.INPUT) -> str:
    with pytest.raises(Misread) as refused:
        read_cell(GridCell(text, PLACE), ColumnSense(cell_kind, "due", kind))
    return str(refused.value)


@pytest.mark.parametrize(
    ("text", "kind", "meant"),
    [
        ("31.12.2026", "date", 'date("2026-12-31")'),
        ("< 1.2.2026", "date", '< date("2026-02-01")'),
        ("[31.12.2026..1.2.2027]", "date", '[date("2026-12-31")..date("2027-02-01")]'),
        ("31/12/2026", "date", 'date("2026-12-31")'),
        ('[2026-01-01..date("2026-02-01")]', "date", '[date("2026-01-01")..date("2026-02-01")]'),
        ("12:00", "time", 'time("12:00:00")'),
        ("12:30:00", "time", 'time("12:30:00")'),
        ("[9:00..17:30]", "time", '[time("09:00:00")..time("17:30:00")]'),
        ("5 days", "days and time duration", 'duration("P5D")'),
        ("> 2 weeks", "days and time duration", '> duration("P14D")'),
        ("1 hour", "days and time duration", 'duration("PT1H")'),
        ("6 months", "years and months duration", 'duration("P6M")'),
        ("31.12.2026 8:15", "date and time", 'date and time("2026-12-31T08:15:00")'),
        ("> 31.12.2026", "date and time", '> date and time("2026-12-31T00:00:00")'),
    ],
)
def test_what_has_one_reading_is_proposed(text: str, kind: str, meant: str) -> None:
    assert message(text, kind).endswith(f"write {meant}")


@pytest.mark.parametrize("cell_kind", list(CellKind))
@pytest.mark.parametrize(
    ("text", "kind", "last"),
    [
        ("2026-02-30", "date", 'date("2026-02-28")'),
        ('date("2026-02-30")', "date", 'date("2026-02-28")'),
        ('@"2024-02-30"', "date", 'date("2024-02-29")'),
        ("date(2026, 4, 31)", "date", 'date("2026-04-30")'),
        ('date and time("2026-02-30T10:00:00")', "date and time", 'date and time("2026-02-28T10:00:00")'),
    ],
)
def test_a_day_that_is_not_in_the_calendar_is_refused_with_the_last_of_its_month(
    text: str, kind: str, last: str, cell_kind: CellKind
) -> None:
    told = message(text, kind, cell_kind)
    assert told.endswith(f"`{text}` is no day of the calendar; the last day of that month is {last}")


@pytest.mark.parametrize(
    ("text", "kind", "told"),
    [
        (
            "< 2026-02-30",
            "date",
            '`2026-02-30` is no day of the calendar; the last day of that month is date("2026-02-28")',
        ),
        ('>= date("2026-13-01")', "date", "is no day of the calendar; write year, month and day"),
        (
            "03/04/2026",
            "date",
            'can be read as date("2026-04-03") or as date("2026-03-04"); write one of these',
        ),
        ('time("25:00:00")', "time", 'times go from time("00:00:00") to time("23:59:59")'),
        ("< 12:75", "time", "`12:75` is no time of day"),
        ('time("12:00")', "time", 'write time("12:00:00")'),
        ('duration("5 days")', "days and time duration", 'write duration("P5D")'),
        ('duration("P5X")', "years and months duration", 'write one such as duration("P5D")'),
        ('not(date("soon"))', "date", 'is no date that there is; write one such as date("2026-12-31")'),
    ],
)
def test_what_means_nothing_is_told_with_a_mend(text: str, kind: str, told: str) -> None:
    assert told in message(text, kind)


def test_in_a_column_of_any_type_the_text_is_proposed_too() -> None:
    told = message("31.12.2026", "")
    assert told.endswith('write date("2026-12-31"), or "31.12.2026" with the quotes if you mean the text')


@pytest.mark.parametrize("text", ["31.12.2026", "12:00", "5 days"])
def test_text_stays_text(text: str) -> None:
    assert read_cell(GridCell(text, PLACE), ColumnSense(CellKind.INPUT, "note", "string")).feel == f'"{text}"'

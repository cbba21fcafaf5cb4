"""Results written back into people's own workbook: the cells that are meant, and nothing else."""

from __future__ import annotations

import datetime
import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.drawing.image import Image
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Font, PatternFill
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.table import Table

from referee.domain import InputError
from referee.workbook import CellTarget, check_case_cells, read_case_list, write_case_cells
from tests.unit.workbook.excel_zip import patched, with_parts

PIVOT_CACHE = "xl/pivotCache/pivotCacheDefinition1.xml"


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def invoices(path: Path) -> Path:
    """A list as an office keeps it: everything that a rewritten workbook would lose."""
    workbook = Workbook()
    sheet: Any = workbook.active
    sheet.title = "Invoices"
    sheet.append(["Invoices of March"])
    sheet.append(["invoice", "vendor", "amount", "with tax", "Route"])
    for row, (number, amount) in enumerate([("R-001", 100), ("R-002", 12.1), ("R-003", 7)], 3):
        sheet.append([number, f"vendor {number}", amount, f"=C{row}*1.19"])
    sheet["E2"].font = sheet["A2"].font = Font(bold=True)
    sheet["C3"].number_format = "#,##0.00"
    sheet["E4"].fill = PatternFill("solid", start_color="FFFF00")
    sheet["B3"].comment = Comment("ask Ann", "Bob")
    sheet.conditional_formatting.add(
        "C3:C5", CellIsRule("greaterThan", ["50"], fill=PatternFill("solid", bgColor="FF0000"))
    )
    validation = DataValidation("list", formula1='"auto,human"')
    sheet.add_data_validation(validation)
    validation.add("E3:E5")
    sheet.row_dimensions[4].hidden = True
    sheet.freeze_panes = "A3"
    sheet.add_table(Table(displayName="invoices", ref="A2:E5"))
    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=3, min_row=3, max_row=5))
    sheet.add_chart(chart, "J2")
    sheet.add_image(Image(_picture()), "J20")
    hidden: Any = workbook.create_sheet("Rates")
    hidden.sheet_state = "hidden"
    hidden["A1"], hidden["A2"] = "rate", "=SUM(Invoices!C3:C5)"
    workbook.defined_names["total"] = DefinedName("total", attr_text="Rates!$A$2")
    workbook.save(path)
    return with_parts(
        path,
        {
            "xl/vbaProject.bin": os.urandom(2000),
            PIVOT_CACHE: b'<pivotCacheDefinition xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>',
            "customXml/item1.xml": b"<who-knows/>",
        },
    )


def _picture() -> io.BytesIO:
    from PIL import Image as Picture

    content = io.BytesIO()
    Picture.new("RGB", (4, 4), "red").save(content, "PNG")
    content.seek(0)
    return content


def write(
    path: Path,
    rows: Mapping[str, Sequence[Any]],
    *headings: str,
    into: Path | None = None,
    id_column: str = "",
) -> frozenset[str]:
    return write_case_cells(CellTarget(path, headings, "", id_column), rows.get, into=into).listed


def column(path: Path, heading: str, header_row: int = 2) -> list[Any]:
    sheet: Any = load_workbook(path)["Invoices"]
    (found,) = (cell.column for cell in sheet[header_row] if cell.value == heading)
    return [sheet.cell(row, found).value for row in range(header_row + 1, sheet.max_row + 1)]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return invoices(tmp_path / "invoices.xlsm")


def test_results_stand_in_the_row_of_their_case(source: Path) -> None:
    rows = {"R-003": ["human", "too small", None], "R-001": ["auto", None, "AP-1"], "R-777": ["auto", "", ""]}
    listed = write(source, rows, "route", "reason", "confirmation", id_column="invoice")
    assert listed == {"R-001", "R-002", "R-003"}
    assert column(source, "Route") == ["auto", None, "human"]
    assert column(source, "reason") == [None, None, "too small"]
    assert column(source, "confirmation") == ["AP-1", None, None]


def test_all_other_parts_and_cells_keep_their_bytes(source: Path) -> None:
    before = parts(source)
    write(source, {"R-001": ["auto", "clear"]}, "route", "reason", id_column="invoice")
    after = parts(source)
    assert sorted(after, key="xl/styles.xml".__eq__) == sorted(before, key="xl/styles.xml".__eq__)
    assert {name for name in before if before[name] != after[name]} == {"xl/worksheets/sheet1.xml"}
    old, new = (one["xl/worksheets/sheet1.xml"].decode() for one in (before, after))
    added = [
        '<c r="F2" s="1" t="inlineStr"><is><t xml:space="preserve">reason</t></is></c>',
        '<c r="E3" t="inlineStr"><is><t xml:space="preserve">auto</t></is></c>',
        '<c r="F3" t="inlineStr"><is><t xml:space="preserve">clear</t></is></c>',
    ]
    for cell in added:
        assert new.count(cell) == 1
        new = new.replace(cell, "")
    assert new.replace('ref="A1:F5"', 'ref="A1:E5"', 1) == old


def test_the_workbook_is_still_one_that_others_read(source: Path) -> None:
    from RPA.Excel.Files import Files

    write(source, {"R-002": ["auto", Decimal("12.10")]}, "Route", "paid", id_column="invoice")
    files = Files()
    files.open_workbook(str(source))
    rows = files.read_worksheet("Invoices", header=True, start=2)
    files.close_workbook()
    assert [row["Route"] for row in rows] == [None, "auto", None]
    assert rows[1]["paid"] == 12.1
    read = read_case_list(source, id_column="invoice").cases
    assert [case.facts["paid"] for case in read] == [None, Decimal("12.1"), None]
    book: Any = load_workbook(source)
    assert book["Rates"].sheet_state == "hidden"
    assert book["Invoices"]["D4"].value == "=C4*1.19"
    assert book["Invoices"]["E4"].fill.fgColor.rgb == "00FFFF00"
    assert book["Invoices"]["F2"].font.bold


def test_excel_is_asked_to_calculate_formulas_anew(tmp_path: Path) -> None:
    source = patched(
        invoices(tmp_path / "invoices.xlsx"),
        "xl/workbook.xml",
        {'<calcPr calcId="124519" fullCalcOnLoad="1"/>': "<calcPr/>"},
    )
    write(source, {"R-001": ["auto"]}, "Route", id_column="invoice")
    assert b'<calcPr fullCalcOnLoad="1"/>' in parts(source)["xl/workbook.xml"]


def test_a_second_writing_fills_the_same_columns(source: Path) -> None:
    for route in ("human", "auto"):
        write(source, {"R-001": [route, route]}, "Route", "Reason", id_column="invoice")
    sheet: Any = load_workbook(source)["Invoices"]
    assert [cell.value for cell in sheet[2]][4:] == ["Route", "Reason"]
    assert [cell.value for cell in sheet[3]][4:] == ["auto", "auto"]


def test_new_columns_go_where_nothing_stands_below(tmp_path: Path) -> None:
    source = tmp_path / "notes.xlsx"
    workbook = Workbook()
    sheet: Any = workbook.active
    sheet.title = "Invoices"
    for row in (["id", "a"], ["1", "x", None, "a note"], ["2", "y"]):
        sheet.append(row)
    workbook.save(source)
    write(source, {"1": ["r", "s"]}, "route", "reason")
    sheet = load_workbook(source)["Invoices"]
    assert [cell.value for cell in sheet[2]] == ["1", "x", None, "a note", "r", "s"]
    assert [cell.value for cell in sheet[1]] == ["id", "a", None, None, "route", "reason"]


VALUES: list[tuple[Any, Any]] = [
    ("0012", "0012"),
    ("=1+1", "=1+1"),
    ("_x0041_", "_x0041_"),
    ("  two\r\nlines & <tags> ", "two\nlines & <tags>"),
    (Decimal("0.1"), Decimal("0.1")),
    (1234567890123456, "1234567890123456"),
    (17, Decimal(17)),
    (1e-7, Decimal("1E-7")),
    (True, True),
    (False, False),
    (datetime.date(2026, 3, 1), datetime.date(2026, 3, 1)),
    (datetime.date(1850, 3, 1), "1850-03-01"),
    (datetime.datetime(2026, 3, 1, 13, 30, 15), datetime.datetime(2026, 3, 1, 13, 30, 15)),
    (datetime.time(13, 30), datetime.time(13, 30)),
    (datetime.timedelta(days=2, hours=1), datetime.timedelta(days=2, hours=1)),
    (float("nan"), None),
    ("", None),
    ([1, 2], "[1, 2]"),
]


@pytest.mark.parametrize("starts_1904", [False, True])
def test_values_are_read_back_as_they_were_written(tmp_path: Path, starts_1904: bool) -> None:
    source = tmp_path / "values.xlsx"
    workbook = Workbook()
    if starts_1904:
        workbook.epoch = datetime.datetime(1904, 1, 1)
    sheet: Any = workbook.active
    sheet.append(["id", "old"])
    for number in range(len(VALUES)):
        sheet.append([f"c{number}", datetime.date(2020, 1, 1)])  # each in a cell that shows dates
    workbook.save(source)
    rows = {f"c{number}": [value, value] for number, (value, _) in enumerate(VALUES)}
    write(source, rows, "old", "new")
    for heading in ("old", "new"):
        found = [case.facts[heading] for case in read_case_list(source).cases]
        assert [(type(value), value) for value in found] == [(type(read), read) for _, read in VALUES]


def test_text_that_looks_like_a_formula_is_none(source: Path) -> None:
    write(source, {"R-001": ["=HYPERLINK()"]}, "Route", id_column="invoice")
    cell = load_workbook(source)["Invoices"]["E3"]
    assert (cell.value, cell.data_type, cell.quotePrefix) == ("=HYPERLINK()", "s", True) or (
        cell.value == "=HYPERLINK()" and cell.quotePrefix
    )


cells = st.one_of(
    st.none(),
    st.text(st.characters(codec="utf-8"), max_size=12),
    st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**9), max_value=10**9),
    st.booleans(),
    st.dates(datetime.date(1950, 1, 1), datetime.date(2100, 1, 1)),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    grid=st.lists(
        st.lists(st.one_of(st.none(), st.integers(0, 99), st.just("=A2&A3")), max_size=5), min_size=1
    ),
    results=st.dictionaries(st.integers(0, 8), st.tuples(cells, cells)),
)
def test_nothing_but_the_cells_meant_changes(
    tmp_path: Path, grid: list[list[Any]], results: dict[int, tuple[Any, Any]]
) -> None:
    source, target = tmp_path / "grid.xlsx", tmp_path / "written.xlsx"
    workbook = Workbook()
    sheet: Any = workbook.active
    sheet.append(["id", "route"])
    for number, row in enumerate(grid):
        sheet.append([f"c{number}", "before", *row])
    workbook.save(source)
    rows = {f"c{number}": values for number, values in results.items() if number < len(grid)}
    write(source, rows, "route", "reason", into=target)
    before: Any = load_workbook(source).active
    after: Any = load_workbook(target).active
    place = next(cell.column for cell in after[1] if cell.value == "reason")
    for row in after.iter_rows():
        for cell in row:
            case = after.cell(cell.row, 1).value
            if cell.row > 1 and cell.column in (2, place) and case in rows:
                continue
            if (cell.row, cell.column) == (1, place):
                continue
            assert cell.value == before.cell(cell.row, cell.column).value
            assert cell.style == before.cell(cell.row, cell.column).style
    old, new = parts(source), parts(target)
    allowed = {"xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/workbook.xml"}
    assert {name for name in old if old[name] != new[name]} <= allowed


@pytest.mark.parametrize(
    ("written", "missing"),
    [
        ({"xmlns=": "xmlns:x=", "<": "<x:", "<x:/": "</x:", "<x:?": "<?"}, "x:"),
        ({' r="A': ' q="A', ' r="B': ' q="B', ' r="C': ' q="C', ' r="D': ' q="D'}, "places"),
    ],
)
def test_sheets_of_other_programs_are_written_too(
    tmp_path: Path, written: dict[str, str], missing: str
) -> None:
    source = tmp_path / "other.xlsx"
    workbook = Workbook()
    sheet: Any = workbook.active
    for row in (["id", "a", "route", "b"], ["1", 5, "new", 6], ["2", 7, "was", 8]):
        sheet.append(row)
    workbook.save(source)
    text = parts(source)["xl/worksheets/sheet1.xml"].decode()
    for old, new in written.items():
        text = text.replace(old, new)
    with_parts(source, {"xl/worksheets/sheet1.xml": text.encode()})
    expected = {"1": ["auto", 1], "2": ["human", 2]}
    write(source, expected, "route", "count")
    read = read_case_list(source).cases
    assert [(c.facts["a"], c.facts["route"], c.facts["b"], c.facts["count"]) for c in read] == [
        (5, "auto", 6, 1),
        (7, "human", 8, 2),
    ], missing


# --- refusals


def refused(action: Any) -> str:
    with pytest.raises(InputError) as error:
        action()
    return str(error.value)


def test_a_formula_is_never_overwritten(source: Path) -> None:
    before = source.read_bytes()
    told = refused(lambda: write(source, {"R-001": [1]}, "with tax", id_column="invoice"))
    assert told.endswith(
        "sheet Invoices, cell D3: there is a formula, which would be lost; name another column"
    )
    assert "cell D3" in refused(lambda: check_case_cells(CellTarget(source, ["with tax"], "", "invoice")))
    assert source.read_bytes() == before
    assert [path.name for path in source.parent.iterdir()] == [source.name]


def test_the_result_of_an_array_formula_is_never_overwritten(tmp_path: Path) -> None:
    source = tmp_path / "array.xlsx"
    workbook = Workbook()
    sheet: Any = workbook.active
    for row in (["id", "a"], ["1", 5], ["2", 7], ["3", 9]):
        sheet.append(row)
    workbook.save(source)
    patched(
        source,
        "xl/worksheets/sheet1.xml",
        {"<v>5</v>": '<f t="array" ref="B2:B3">A2:A3</f><v>5</v>'},
    )
    assert "cell B3: there is a formula" in refused(lambda: write(source, {"2": ["x"]}, "a"))
    write(source, {"3": ["x"]}, "a")


def test_the_column_of_the_case_ids_is_never_written(source: Path) -> None:
    told = refused(lambda: write(source, {}, "INVOICE", id_column="invoice"))
    assert "the column `INVOICE` identifies the cases; it is never written" in told


def test_what_somebody_else_wrote_is_found_before_the_first_case(source: Path) -> None:
    write(source, {"R-002": ["mine"]}, "Route", id_column="invoice")
    target = CellTarget(source, ["route"], "", "invoice")
    check_case_cells(target, lambda case: case == "R-002")
    told = refused(lambda: check_case_cells(target, lambda case: False))
    assert "cell E4: the column `route` holds something that no bot has written; name another column" in told


def excel_owner(name: str) -> bytes:
    short = name.encode("latin-1")
    wide = name.encode("utf-16-le")
    head = bytes([len(short)]) + short.ljust(54) + len(name).to_bytes(2, "little") + wide
    return head.ljust(165, b"\0")


@pytest.mark.parametrize(
    ("name", "content", "who"),
    [
        ("~$invoices.xlsm", excel_owner("Änne Smith"), "Änne Smith has it open"),
        ("~$invoices.xlsm", b"", "somebody has it open"),
        (".~lock.invoices.xlsm#", b"Bob,bob,desk-7,21.11.2026 22:00,file:///x;", "Bob at desk-7 has it open"),
        (".~lock.invoices.xlsm#", b",bob,desk-7,21.11.2026 22:00,file:///x;", "bob at desk-7 has it open"),
    ],
)
def test_a_workbook_that_somebody_has_open_is_left_alone(
    source: Path, name: str, content: bytes, who: str
) -> None:
    (source.parent / name).write_bytes(content)
    before = source.read_bytes()
    told = refused(lambda: write(source, {"R-001": ["auto"]}, "Route", id_column="invoice"))
    assert f"{who}; close it there first (if nobody has, delete the file `{name}` beside it)" in told
    assert source.read_bytes() == before
    copy = source.with_name("copy.xlsm")
    write(source, {"R-001": ["auto"]}, "Route", id_column="invoice", into=copy)
    assert column(copy, "Route") == ["auto", None, None]


def test_a_read_only_workbook_is_left_alone(source: Path) -> None:
    source.chmod(0o444)
    told = refused(lambda: write(source, {"R-001": ["auto"]}, "Route", id_column="invoice"))
    assert told.endswith("the file is read-only; allow changes to it, or work on a copy")


WITHOUT_RIGHTS = """
import os, sys
from pathlib import Path
from referee.domain import InputError
from referee.workbook import CellTarget, write_case_cells
path = Path(sys.argv[1])
target = CellTarget(path, ["Route"], "", "invoice")
write_case_cells(target, {"R-001": ["human"]}.get)
os.setuid(65534)
try:
    write_case_cells(target, {"R-001": ["auto"]}.get)
except InputError as error:
    print(error)
"""


@pytest.mark.skipif(
    not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give its rights away"
)
def test_a_workbook_in_a_read_only_folder_is_left_alone(repository: Path) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        source = invoices(Path(folder) / "invoices.xlsx")
        source.chmod(0o666)
        Path(folder).chmod(0o755)
        said = subprocess.run(
            [sys.executable, "-c", WITHOUT_RIGHTS, str(source)],
            env={**os.environ, "PYTHONPATH": str(repository / "library"), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
        )
    assert "its folder is read-only, so the file can't be replaced; work on a copy" in said.stdout, (
        said.stderr
    )


def test_a_row_whose_facts_changed_since_they_were_read_is_left_alone(source: Path) -> None:
    target = CellTarget(source, ["Route"], "", "invoice", ["invoice", "vendor", "amount"])
    as_read = check_case_cells(target)
    book: Any = load_workbook(source, keep_vba=True)
    sheet = book["Invoices"]
    sheet["C4"] = 9999
    sheet["E3"] = "a remark of mine"
    sheet.move_range("A5:E5", rows=4)
    book.save(source)
    written = write_case_cells(target, lambda case: [f"route of {case}"], as_read=as_read)
    assert written.changed == ("R-002",)
    assert column(source, "Route") == ["route of R-001", None, None, None, None, None, "route of R-003"]


def test_a_fact_is_never_written(source: Path) -> None:
    told = refused(lambda: check_case_cells(CellTarget(source, ["Vendor"], "", "invoice", ["vendor"])))
    assert told.endswith("the cases are decided by the column `Vendor`, so it is never written; name another")


def test_a_column_is_written_once(source: Path) -> None:
    assert "is to be written twice" in refused(
        lambda: write(source, {}, "Route", "route", id_column="invoice")
    )


def test_a_file_that_is_saved_meanwhile_is_written_from_its_new_state(source: Path) -> None:
    saved = []

    def cells_of(case: str) -> list[str]:
        if not saved:
            saved.append(case)
            write(source, {"R-002": ["theirs"]}, "Their Column", id_column="invoice")
        return ["mine"]

    write_case_cells(CellTarget(source, ["Route"], "", "invoice"), cells_of)
    assert column(source, "Route") == ["mine", "mine", "mine"]
    assert column(source, "Their Column") == [None, "theirs", None]


def test_a_file_that_is_saved_again_and_again_is_left_alone(source: Path) -> None:
    count = iter(range(100))

    def cells_of(case: str) -> list[str]:
        write(source, {"R-002": [next(count)]}, "Counter", id_column="invoice")
        return ["mine"]

    with pytest.raises(InputError, match="was changed while it was being written; try again"):
        write_case_cells(CellTarget(source, ["Route"], "", "invoice"), cells_of)
    assert column(source, "Route") == [None, None, None]
    assert [path.name for path in source.parent.iterdir()] == [source.name]


def test_a_csv_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    path.write_text("id\n1\n")
    assert "cells are written into .xlsx and .xlsm files only" in refused(lambda: write(path, {}, "route"))

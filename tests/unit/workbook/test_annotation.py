"""An annotated copy says what is wrong where it is wrong, and changes nothing else."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Font, PatternFill
from openpyxl.workbook.defined_name import DefinedName

from referee.domain import CellAddress, InputError
from referee.workbook import annotate, read_workbook
from tests.unit.workbook.example import example
from tests.unit.workbook.excel_zip import patched, with_parts

COLOUR = "FFFFC7CE"


def at(sheet: str, cell: str = "") -> CellAddress:
    return CellAddress("limits.xlsx", sheet, cell)


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def annotated(source: Path, notes: dict[CellAddress, list[str]]) -> tuple[Path, Any]:
    target = source.with_name("annotated.xlsx")
    annotate(source, target, notes)
    return target, load_workbook(target)


def test_a_cell_named_has_its_notes_and_a_colour_and_keeps_its_own_style(tmp_path: Path) -> None:
    source = example(tmp_path)
    before = load_workbook(source)["Band"]["B5"]
    _, copy = annotated(source, {at("Band", "B5"): ["a gap & <more>", "an overlap"]})
    cell = copy["Band"]["B5"]
    assert cell.comment.text == "a gap & <more>\nan overlap"
    assert cell.comment.author == "Referee"
    assert cell.fill.fgColor.rgb == COLOUR
    assert cell.value == before.value
    for style in ("border", "alignment", "font"):
        assert repr(getattr(cell, style)) == repr(getattr(before, style))
    assert repr(copy["Band"]["B6"].fill) == repr(load_workbook(source)["Band"]["B6"].fill)
    assert copy["Band"]["B6"].comment is None


def test_the_copy_decides_as_the_workbook_does(tmp_path: Path) -> None:
    source = example(tmp_path)
    target, _ = annotated(source, {at("Band", "B5"): ["here"], at("routing", "Z40"): ["there"]})
    assert [reading.feel for reading in read_workbook(target).readings] == [
        reading.feel for reading in read_workbook(source).readings
    ]


def test_parts_without_notes_keep_their_bytes(tmp_path: Path) -> None:
    source = example(tmp_path)
    target, _ = annotated(source, {at("Band", "B5"): ["here"]})
    before, after = parts(source), parts(target)
    changed = {name for name in before if before[name] != after[name]}
    (sheet,) = (name for name in changed if name.startswith("xl/worksheets/sheet"))
    (comments,) = (name for name in changed if name.startswith("xl/comments"))
    (drawing,) = (name for name in changed if name.endswith(".vml"))
    assert changed == {"xl/styles.xml", sheet, comments, drawing}
    assert set(before) <= set(after)


def test_a_comment_that_somebody_wrote_stays_before_the_notes(tmp_path: Path) -> None:
    source = example(tmp_path)
    help_text = load_workbook(source)["Band"]["A2"].comment.text
    _, copy = annotated(source, {at("Band", "A2"): ["no such letter"]})
    assert copy["Band"]["A2"].comment.text == f"{help_text}\n\nReferee: no such letter"
    assert copy["Band"]["B3"].comment.text == load_workbook(source)["Band"]["B3"].comment.text


def test_blank_cells_and_rows_are_annotated_in_their_order(tmp_path: Path) -> None:
    workbook = Workbook()
    sheet: Any = workbook.active
    sheet.title = "List"
    sheet["B2"], sheet["D2"], sheet["B6"] = "left", "right", "below"
    sheet.row_dimensions[8].height = 40
    source = tmp_path / "blank.xlsx"
    workbook.save(source)
    wanted = ["A1", "A2", "C2", "E2", "C4", "B6", "C8", "AA9"]
    target, copy = annotated(source, {at("List", cell): [cell] for cell in wanted})
    for cell in wanted:
        assert copy["List"][cell].comment.text == cell
        assert copy["List"][cell].fill.fgColor.rgb == COLOUR
    assert copy["List"].row_dimensions[8].height == 40
    written = parts(target)["xl/worksheets/sheet1.xml"].decode()
    places = [
        written.index(f'r="{cell}"') for cell in ["A1", "A2", "B2", "C2", "D2", "E2", "C4", "B6", "C8", "AA9"]
    ]
    assert places == sorted(places)


def test_what_openpyxl_would_lose_stays(tmp_path: Path) -> None:
    workbook = Workbook()
    sheet: Any = workbook.active
    for row in range(1, 6):
        sheet.cell(row, 1, row)
    sheet["B1"] = "=SUM(A1:A5)"
    sheet["C1"].font = Font(bold=True)
    sheet["C1"].comment = Comment("mine", "Ann")
    sheet.conditional_formatting.add(
        "A1:A5", CellIsRule("greaterThan", ["3"], fill=PatternFill("solid", bgColor="FF0000"))
    )
    sheet.row_dimensions[3].hidden = True
    workbook.defined_names["total"] = DefinedName("total", attr_text="Sheet!$B$1")
    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=1, min_row=1, max_row=5))
    sheet.add_chart(chart, "E2")
    source = tmp_path / "rich.xlsm"
    workbook.save(source)
    with_parts(source, {"xl/vbaProject.bin": b"\x00macro", "customXml/item1.xml": b"<own/>"})
    extension = '<extLst><ext uri="{05C60535-1F16-4fd2-B633-F4F36F0B64E0}"/></extLst></worksheet>'
    patched(source, "xl/worksheets/sheet1.xml", {"</worksheet>": extension})
    target, copy = annotated(source, {at(sheet.title, "A2"): ["two"], at(sheet.title, "C1"): ["and mine"]})
    before, after = parts(source), parts(target)
    for name in before:
        if "chart" in name or name.startswith(("customXml", "xl/vba", "xl/workbook", "docProps", "xl/theme")):
            assert after[name] == before[name], name
    written = after["xl/worksheets/sheet1.xml"].decode()
    assert written.endswith(extension)
    assert "<f>SUM(A1:A5)</f>" in written
    assert "conditionalFormatting" in written
    assert 'hidden="1"' in written
    assert written.count("<legacyDrawing") == 1
    assert copy.worksheets[0]["C1"].comment.text == "mine\n\nReferee: and mine"
    assert copy.worksheets[0]["C1"].font.bold


def test_a_sheet_with_tables_gets_its_drawing_where_excel_expects_it(tmp_path: Path) -> None:
    from openpyxl.worksheet.table import Table

    workbook = Workbook()
    sheet: Any = workbook.active
    sheet.append(["a", "b"])
    sheet.append([1, 2])
    sheet.add_table(Table(displayName="Numbers", ref="A1:B2"))
    source = tmp_path / "table.xlsx"
    workbook.save(source)
    target, copy = annotated(source, {at(sheet.title, "B2"): ["two"]})
    written = parts(target)["xl/worksheets/sheet1.xml"].decode()
    assert written.index("<legacyDrawing") < written.index("<tableParts")
    assert copy.worksheets[0]["B2"].comment.text == "two"


def test_a_note_in_a_merged_area_stands_where_the_area_shows(tmp_path: Path) -> None:
    workbook = Workbook()
    sheet: Any = workbook.active
    sheet["B2"] = "wide"
    sheet.merge_cells("B2:D4")
    source = tmp_path / "merged.xlsx"
    workbook.save(source)
    _, copy = annotated(source, {at(sheet.title, "C3"): ["one"], at(sheet.title, "B2"): ["two"]})
    assert copy.worksheets[0]["B2"].comment.text == "one\ntwo"


def test_notes_about_sheets_and_missing_sheets_are_not_lost(tmp_path: Path) -> None:
    _, copy = annotated(example(tmp_path), {at("Facts"): ["no facts"], at("Gone", "C3"): ["missing"]})
    assert copy["Facts"]["A1"].comment.text == "limits.xlsx, sheet Facts: no facts"
    assert copy["Decision"]["A1"].comment.text == "limits.xlsx, sheet Gone, cell C3: missing"


def test_a_conversation_gets_a_reply(tmp_path: Path) -> None:
    workbook = Workbook()
    sheet: Any = workbook.active
    sheet["A1"] = 1
    sheet["A1"].comment = Comment("[Threaded comment] Is this right?", "tc={1}")
    source = tmp_path / "thread.xlsx"
    workbook.save(source)
    namespace = "http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments"
    thread = (
        f'<ThreadedComments xmlns="{namespace}"><threadedComment ref="A1" dT="2026-01-01T00:00:00.00" '
        'personId="{P}" id="{1}"><text>Is this right?</text></threadedComment></ThreadedComments>'
    )
    with_parts(source, {"xl/threadedComments/threadedComment1.xml": thread.encode()})
    relation = (
        '<Relationship Id="rIdT" Target="../threadedComments/threadedComment1.xml" '
        'Type="http://schemas.microsoft.com/office/2017/10/relationships/threadedComment"/></Relationships>'
    )
    patched(source, "xl/worksheets/_rels/sheet1.xml.rels", {"</Relationships>": relation})
    target, _ = annotated(source, {at(sheet.title, "A1"): ["a gap"]})
    written = parts(target)
    replies = written["xl/threadedComments/threadedComment1.xml"].decode()
    assert 'parentId="{1}"><text>a gap</text>' in replies
    assert replies.startswith(thread.removesuffix("</ThreadedComments>"))
    assert b'displayName="Referee"' in written["xl/persons/person1.xml"]
    assert "xl/persons/person1.xml" in written["[Content_Types].xml"].decode()


def test_the_same_notes_give_the_same_parts(tmp_path: Path) -> None:
    source = example(tmp_path)
    first, _ = annotated(source, {at("Band", "B5"): ["here"]})
    before = parts(first)
    second, _ = annotated(source, {at("Band", "B5"): ["here"]})
    assert parts(second) == before


def test_the_workbook_itself_is_never_written_over(tmp_path: Path) -> None:
    source = example(tmp_path)
    with pytest.raises(InputError, match="this is the workbook itself"):
        annotate(source, source, {at("Band", "B5"): ["here"]})
    with pytest.raises(InputError, match="there is no such file"):
        annotate(tmp_path / "no.xlsx", tmp_path / "copy.xlsx", {})


def test_a_part_that_is_no_plain_xml_is_refused(tmp_path: Path) -> None:
    source = example(tmp_path)
    patched(source, "xl/styles.xml", {"<styleSheet": '<!DOCTYPE x [<!ENTITY a "b">]><styleSheet'})
    with pytest.raises(InputError, match="declares a document type"):
        annotate(source, tmp_path / "copy.xlsx", {at("Band", "B5"): ["here"]})

"""Workbooks as Excel, LibreOffice and people really leave them: read as meant, or refused by cell."""

from __future__ import annotations

import datetime
import shutil
import subprocess
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.chart import BarChart, Reference
from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Font, PatternFill
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.table import Table

from referee.domain import InputError, RulesError
from referee.workbook import UnreadableCell, read_cases, read_table, read_workbook
from referee.workbook.serial_date import Calendar, ShownAs, shown_as
from tests.unit.workbook.example import example, faults, spoiled
from tests.unit.workbook.excel_zip import patched, with_parts

SHEET = "xl/worksheets/sheet1.xml"


def one_case(path: Path, cell: str, *, shared: str = "") -> Any:
    """The fact ``a`` of a case whose cell B2 is the XML given, as another program may write it."""
    workbook: Any = Workbook()
    workbook.active.append(["case", "a", "b"])
    workbook.active.append(["1", 99, 5])
    workbook.save(path)
    patched(path, SHEET, {'<c r="B2" t="n"><v>99</v></c>': cell})
    if shared:
        with_parts(path, {"xl/sharedStrings.xml": f"<sst>{shared}</sst>".encode()})
        kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
        entry = f'<Relationship Id="rIdS" Type="{kind}" Target="/xl/sharedStrings.xml"/></Relationships>'
        patched(path, "xl/_rels/workbook.xml.rels", {"</Relationships>": entry})
    (case,) = read_cases(path)
    assert case.facts["b"] == 5
    return case.facts["a"]


NO_VALUE = UnreadableCell("is a formula whose value was never saved; open the file in Excel and save it")
STORED: list[tuple[str, Any]] = [
    ('<c r="B2"><v>0.1</v></c>', Decimal("0.1")),
    ('<c r="B2"><v>0.10000000000000001</v></c>', Decimal("0.1")),
    ('<c r="B2"><v>1E3</v></c>', Decimal(1000)),
    ('<c r="B2"><v>-0</v></c>', Decimal(0)),
    ('<c r="B2" t="b"><v>1</v></c>', True),
    ('<c r="B2" t="b"><v>0</v></c>', False),
    ('<c r="B2" t="e"><v>#REF!</v></c>', UnreadableCell("is the error #REF!")),
    ('<c r="B2" t="d"><v>2024-01-31T00:00:00</v></c>', datetime.date(2024, 1, 31)),
    ('<c r="B2" t="inlineStr"><is><t> in line </t></is></c>', "in line"),
    ('<c r="B2" t="inlineStr"><is><r><t>ri</t></r><r><rPr><b/></rPr><t>ch</t></r></is></c>', "rich"),
    ('<c r="B2" t="inlineStr"><is><t>東京</t><rPh sb="0" eb="1"><t>トウ</t></rPh></is></c>', "東京"),
    ('<c r="B2" t="inlineStr"><is><t>two_x000D_\nlines_x005F_x0041_</t></is></c>', "two\nlines_x0041_"),
    ('<c r="B2" t="str"><f>A2&amp;"x"</f><v>1x</v></c>', "1x"),
    ('<c r="B2" t="str"><f>""</f><v></v></c>', None),
    ('<c r="B2"><f>1+1</f><v>2</v></c>', Decimal(2)),
    ('<c r="B2"><f t="shared" si="0"/><v>7</v></c>', Decimal(7)),
    ('<c r="B2"><f>1+1</f></c>', NO_VALUE),
    ('<c r="B2"><f>1+1</f><v/></c>', NO_VALUE),
    ('<c r="B2" s="0"/>', None),
    ("<c><v>3</v></c>", Decimal(3)),
]


@pytest.mark.parametrize(("cell", "value"), STORED)
def test_a_stored_cell_is_its_value(tmp_path: Path, cell: str, value: Any) -> None:
    found = one_case(tmp_path / "c.xlsx", cell)
    assert found == value
    assert type(found) is type(value)


def test_shared_strings_with_rich_text_are_whole(tmp_path: Path) -> None:
    rich = '<si><r><t>Mül</t></r><r><rPr><b/></rPr><t xml:space="preserve">ler </t></r></si>'
    with_count = one_case(tmp_path / "c.xlsx", '<c r="B2" t="s"><v>0</v></c>', shared=rich)
    assert with_count == "Müller"


FORMATS: list[tuple[str, Any]] = [
    ("0%", Decimal("45321.75")),
    ('#,##0.00 "€"', Decimal("45321.75")),
    ("[Red]-#,##0;[Blue]0", Decimal("45321.75")),
    ('0 "days"', Decimal("45321.75")),
    ("General", Decimal("45321.75")),
    ("@", Decimal("45321.75")),
    ("_-* #,##0.00\\ [$EUR-407]_-", Decimal("45321.75")),
    ("yyyy-mm-dd", datetime.datetime(2024, 1, 30, 18, 0)),
    ('[$-407]d. mmmm yyyy" um "hh:mm', datetime.datetime(2024, 1, 30, 18, 0)),
    ("[h]:mm", datetime.timedelta(days=45321, hours=18)),
    ('"TRUE";"TRUE";"FALSE"', True),
]


@pytest.mark.parametrize(("number_format", "value"), FORMATS)
def test_a_number_format_changes_only_what_is_shown_as_a_date(
    tmp_path: Path, number_format: str, value: Any
) -> None:
    workbook: Any = Workbook()
    workbook.active.append(["case", "a"])
    workbook.active.append(["1", 45321.75])
    workbook.active["B2"].number_format = number_format
    workbook.save(tmp_path / "c.xlsx")
    assert read_cases(tmp_path / "c.xlsx")[0].facts["a"] == value


@pytest.mark.parametrize(
    ("number_format", "kind"),
    [
        ("mmm", ShownAs.DATE),
        ("mm:ss.0", ShownAs.TIME),
        ("h:mm AM/PM", ShownAs.TIME),
        ('"day" 0', None),
        ("\\d0", None),
        ("0_d", None),
        ("0;yyyy", None),
    ],
)
def test_the_letters_of_a_format_tell_dates(number_format: str, kind: ShownAs | None) -> None:
    assert shown_as(number_format) is kind


@pytest.mark.parametrize("number", [0, 60, -1, 2958466, 10**12])
def test_a_day_that_the_calendar_does_not_have_is_no_date(number: int) -> None:
    assert Calendar(False).value(Decimal(number), ShownAs.DATE) is None


@pytest.mark.parametrize(
    ("number", "day"),
    [
        (1, datetime.date(1900, 1, 1)),
        (59, datetime.date(1900, 2, 28)),
        (61, datetime.date(1900, 3, 1)),
        (2958465, datetime.date(9999, 12, 31)),
    ],
)
def test_days_are_counted_as_excel_counts_them(number: int, day: datetime.date) -> None:
    assert Calendar(False).value(Decimal(number), ShownAs.DATE) == day


def test_a_date_that_excel_cannot_show_is_a_fault_with_its_cell(tmp_path: Path) -> None:
    path = spoiled(tmp_path, {"Band!C6": datetime.date(2020, 1, 1)})
    workbook = load_workbook(path)
    workbook["Band"]["C6"].value = -5
    workbook["Band"]["C6"].number_format = "yyyy-mm-dd"
    workbook.save(path)
    (fault,) = faults(path)
    assert str(fault).startswith("limits.xlsx, sheet Band, cell C6: the number -5 is shown as a date")


def test_dates_of_a_1904_workbook_are_the_days_people_see(tmp_path: Path) -> None:
    path = spoiled(tmp_path, {"Band!C6": datetime.date(2020, 1, 1)})
    workbook = load_workbook(path)
    workbook.epoch = CALENDAR_MAC_1904
    workbook.save(path)
    dates = [reading.feel for reading in read_workbook(path).readings if reading.place.cell == "C6"]
    assert 'date("2020-01-01")' in dates
    assert str(read_workbook(path).settings.effective_from) == "2026-01-01"


AMBIGUOUS = [
    ("1.234,50", "can be read as the number 1234.50 or as the values 1.234 and 50"),
    (">= 12,50", "`12,50` can be read as the number 12.50 or as the values 12 and 50; write 12.50 or 12, 50"),
    ("not(12,50)", "can be read as the number 12.50"),
    ("<= 1.234", "can be read as the number 1234 or as 1.2340; write 1234 or 1.2340"),
    ("<= 1.500", "can be read as the number 1500 or as 1.5; write 1500 or 1.5"),
    ("<= 5 %", "`5 %` is no number of FEEL; write 0.05"),
    ("2,5%", "write 0.025"),
]


@pytest.mark.parametrize(("written", "message"), AMBIGUOUS)
def test_numbers_as_other_countries_write_them_are_not_guessed(
    tmp_path: Path, written: str, message: str
) -> None:
    (fault,) = faults(spoiled(tmp_path, {"Band!B5": written}))
    assert message in fault.message


@pytest.mark.parametrize("written", ["1, 2", "1,2,3", "0.125", "< max(1,2)", "[1.5..2.25]", "> 10.0005"])
def test_numbers_with_one_reading_are_read(tmp_path: Path, written: str) -> None:
    assert faults(spoiled(tmp_path, {"Band!B5": written})) == ()


def test_hidden_rows_and_columns_are_rules_like_others(tmp_path: Path) -> None:
    path = example(tmp_path)
    workbook = load_workbook(path)
    workbook["Band"].row_dimensions[6].hidden = True
    workbook["Band"].column_dimensions["C"].hidden = True
    workbook.save(path)
    assert read_workbook(path).tables[0].rules == read_workbook(example(tmp_path)).tables[0].rules


def test_faults_in_hidden_sheets_say_so(tmp_path: Path) -> None:
    path = example(tmp_path)
    workbook = load_workbook(path)
    workbook.create_sheet("notes").append(["old prices", 1])
    workbook["notes"].sheet_state = "veryHidden"
    workbook.save(path)
    assert faults(path)
    assert all("(the sheet is hidden; unhide it, or remove it)" in fault.message for fault in faults(path))


def test_sheets_with_charts_only_are_passed_over(tmp_path: Path) -> None:
    path = example(tmp_path)
    workbook = load_workbook(path)
    chart = BarChart()
    chart.add_data(Reference(workbook["Band"], min_col=1, min_row=5, max_row=8))
    workbook.create_chartsheet("picture", 0).add_chart(chart)
    workbook.save(path)
    assert read_workbook(path).settings.name == "credit limits"
    assert read_table(path, "Facts").columns[0] == "name"


def test_an_excel_table_is_read_as_its_cells(tmp_path: Path) -> None:
    path = example(tmp_path)
    workbook = load_workbook(path)
    workbook["Facts"].auto_filter.ref = None
    workbook["Facts"].add_table(Table(displayName="Facts1", ref="A1:H9"))
    workbook.save(path)
    assert read_workbook(path).dictionary.names == read_workbook(example(tmp_path)).dictionary.names


def test_macro_workbooks_are_read_and_their_macros_left_alone(tmp_path: Path) -> None:
    path = with_parts(example(tmp_path), {"xl/vbaProject.bin": b"\0"}).rename(tmp_path / "limits.xlsm")
    assert read_workbook(path).settings.name == "credit limits"


def test_rows_formatted_to_the_end_of_the_sheet_are_blank(tmp_path: Path) -> None:
    path = example(tmp_path)
    rows = "".join(f'<row r="{row}" s="1"><c r="A{row}" s="1"/></row>' for row in range(948_577, 1_048_577))
    sheets = read_workbook(path).tables
    with_rows = patched(path, "xl/worksheets/sheet5.xml", {"</sheetData>": f"{rows}</sheetData>"})
    assert [table.rules for table in read_workbook(with_rows).tables] == [table.rules for table in sheets]


def test_merged_cells_of_a_case_list_count_for_each_of_their_rows(tmp_path: Path) -> None:
    workbook: Any = Workbook()
    sheet = workbook.active
    for row in (
        ["case", "supplier", "amount"],
        ["1", "Smith", 5],
        ["2", None, 6],
        ["3", "Jones", 7],
        ["4", "Wu", None],
    ):
        sheet.append(row)
    sheet.merge_cells("B2:B3")
    sheet.merge_cells("B5:C5")
    workbook.save(tmp_path / "c.xlsx")
    facts = [case.facts for case in read_cases(tmp_path / "c.xlsx")]
    assert [fact["supplier"] for fact in facts] == ["Smith", "Smith", "Jones", "Wu"]
    assert [fact["amount"] for fact in facts] == [5, 6, 7, "Wu"]


def test_names_with_prefixes_are_the_same_xml(tmp_path: Path) -> None:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = (
        f'<x:worksheet xmlns:x="{main}"><x:sheetData><x:row><x:c t="inlineStr"><x:is><x:t>case</x:t></x:is></x:c>'
        "</x:row><x:row><x:c><x:v>1</x:v></x:c></x:row></x:sheetData></x:worksheet>"
    )
    workbook = Workbook()
    workbook.save(tmp_path / "c.xlsx")
    with_parts(tmp_path / "c.xlsx", {SHEET: sheet.encode()})
    assert [case.id for case in read_cases(tmp_path / "c.xlsx")] == ["1"]


DAMAGE = [
    ('<c r="B2" t="s"><v>999</v></c>', "the sheet is damaged"),
    ('<c r="B2" t="q"><v>1</v></c>', "a cell has the unknown type q"),
    ('<c r="B7"><v>1</v></c>', "the cell B7 stands in row 2"),
    ('<c r="B2"><v>one</v></c>', "the sheet is damaged"),
    ('<c r="B2"><v>inf</v></c>', "`inf` is no number"),
    ('<c r="ZZZ2"><v>1</v></c>', "there is no column 18278 in Excel"),
    ('<c r="B2" t="inlineStr"><is><t>' + "x" * 40_000 + "</t></is></c>", "more than 32767 characters"),
]


@pytest.mark.parametrize(("cell", "message"), DAMAGE)
def test_a_damaged_sheet_is_refused_in_one_sentence(tmp_path: Path, cell: str, message: str) -> None:
    with pytest.raises(InputError, match="sheet Sheet: the sheet is damaged") as raised:
        one_case(tmp_path / "c.xlsx", cell)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_entities_are_refused_before_they_grow(tmp_path: Path) -> None:
    path = example(tmp_path)
    bomb = '<!DOCTYPE a [<!ENTITY b "xxxxxxxxxx"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;">]><worksheet'
    patched(path, SHEET, {"<worksheet": bomb})
    with pytest.raises(InputError, match="declares a document type"):
        read_workbook(path)


def test_xml_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    styles = "<xf/>" * 1_100_000
    path = example(tmp_path)
    patched(path, "xl/styles.xml", {"</cellXfs>": f"{styles}</cellXfs>"})
    with pytest.raises(InputError, match="has more than 1000000 elements"):
        read_workbook(path)
    with pytest.raises(InputError, match="row 2 holds more cells than there are columns"):
        one_case(tmp_path / "c.xlsx", '<c r="B2"><v>1</v></c>' * 17_000)
    areas = "".join(f'<mergeCell ref="A{row}:XFD{row}"/>' for row in range(1, 20))
    path = patched(
        example(tmp_path), SHEET, {"</sheetData>": f"</sheetData><mergeCells>{areas}</mergeCells>"}
    )
    with pytest.raises(InputError, match="merged areas cover 311296 cells; unmerge them"):
        read_workbook(path)


def test_a_zip_bomb_is_refused_by_its_size_and_part(tmp_path: Path) -> None:
    path = with_parts(example(tmp_path), {"xl/media/huge.bmp": b"\0" * (200 * 2**20)})
    with pytest.raises(
        InputError, match=r"more than the 128 MB that are read, 200 MB of them in xl/media/huge"
    ):
        read_workbook(path)


def test_a_sheet_that_lies_about_its_size_is_damaged(tmp_path: Path) -> None:
    path = example(tmp_path)
    content = path.read_bytes()
    where = content.rindex(
        b"PK\x01\x02", 0, content.index(b"xl/worksheets/sheet1.xml", content.index(b"PK\x01\x02"))
    )
    size = where + 24  # the size unpacked, in the directory of the archive
    path.write_bytes(content[:size] + (100).to_bytes(4, "little") + content[size + 4 :])
    with pytest.raises(InputError, match="damaged"):
        read_workbook(path)


def test_a_cut_or_changed_file_never_gives_a_traceback(tmp_path: Path) -> None:
    whole = example(tmp_path).read_bytes()
    path = tmp_path / "limits.xlsx"
    for position in range(0, len(whole), max(1, len(whole) // 60)):
        for content in (whole[:position], whole[:position] + b"\xff" + whole[position + 1 :]):
            path.write_bytes(content)
            try:
                read_workbook(path)
            except (InputError, RulesError) as error:
                assert str(path.name) in str(error)


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice (soffice) is not installed")
def test_a_workbook_saved_by_libreoffice_is_the_same(tmp_path: Path) -> None:
    path = example(tmp_path)
    saved = tmp_path / "saved"
    command = [
        "soffice",
        f"-env:UserInstallation=file://{tmp_path}/profile",
        "--headless",
        "--convert-to",
        "xlsx:Calc MS Excel 2007 XML",
        "--outdir",
        str(saved),
        str(path),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    before, after = read_workbook(path), read_workbook(saved / path.name)
    assert [table.rules for table in after.tables] == [table.rules for table in before.tables]
    assert (after.settings, after.dictionary.facts, after.models, after.changes) == (
        before.settings,
        before.dictionary.facts,
        before.models,
        before.changes,
    )
    assert [(test.facts, test.expected, test.scores) for test in after.tests] == [
        (test.facts, test.expected, test.scores) for test in before.tests
    ]


# --- what is struck out


STRUCK = TextBlock(InlineFont(strike=True), "USD")


def test_a_rule_that_is_struck_out_is_a_fault_and_never_read_or_left_out_in_silence(tmp_path: Path) -> None:
    path = example(tmp_path)
    workbook = load_workbook(path)
    workbook["Band"]["B6"].font = Font(strike=True)
    workbook["Band"]["C30"].font = Font(strike=True)  # blank
    workbook.save(path)
    shown = str(workbook["Band"]["B6"].value)
    (fault,) = (each for each in faults(path) if each.code == "cell-struck-out")
    assert str(fault) == (
        f"limits.xlsx, sheet Band, cell B6: `{shown}` is struck out, in whole or in part; delete what no longer "
        "counts, or undo the strike-through of what does"
    )


@pytest.mark.parametrize(
    ("content", "is_struck"),
    [
        (CellRichText(STRUCK), True),
        (CellRichText("EUR, ", STRUCK), True),
        (CellRichText(STRUCK, " EUR"), True),
        (CellRichText("EUR", TextBlock(InlineFont(strike=True), "  ")), False),
        (CellRichText("EU", TextBlock(InlineFont(b=True, strike=False), "R")), False),
    ],
)
def test_texts_that_are_struck_out_in_part_are_seen(tmp_path: Path, content: Any, is_struck: bool) -> None:
    workbook: Any = Workbook()
    for row in (["case", "currency", "next"], ["1", content, "CHF"]):
        workbook.active.append(row)
    workbook.save(tmp_path / "c.xlsx")
    (case,) = read_cases(tmp_path / "c.xlsx")
    struck = UnreadableCell("is struck out, in whole or in part")
    assert case.facts == {"case": "1", "currency": struck if is_struck else "EUR", "next": "CHF"}


def test_shared_texts_that_are_struck_out_are_seen(tmp_path: Path) -> None:
    rich = "<si><r><t>EUR</t></r><r><rPr><strike/></rPr><t> USD</t></r></si><si><t>CHF</t></si>"
    path = tmp_path / "c.xlsx"
    assert one_case(path, '<c r="B2" t="s"><v>1</v></c>', shared=rich) == "CHF"
    found = one_case(path, '<c r="B2" t="s"><v>0</v></c>', shared=rich)
    assert found == UnreadableCell("is struck out, in whole or in part")


def test_an_answer_that_is_struck_out_is_refused(tmp_path: Path) -> None:
    workbook: Any = Workbook()
    for row in (["case", "answer"], ["1", "approve"]):
        workbook.active.append(row)
    workbook.active["B2"].font = Font(strike=True)
    workbook.save(tmp_path / "w.xlsx")
    with pytest.raises(
        InputError, match=r"w\.xlsx, sheet Sheet, cell B2: `approve` is struck out; delete it, or undo"
    ):
        read_table(tmp_path / "w.xlsx")


# --- what changes how a sheet looks and not what it says


def looks_other(workbook: Any) -> None:
    """The example with everything that people add to sheets without meaning to change a rule."""
    sheet = workbook["Band"]
    sheet.auto_filter.ref = f"A3:{sheet.dimensions.partition(':')[2]}"
    sheet.auto_filter.add_filter_column(0, ["1"])
    sheet.row_dimensions[6].hidden = True  # filtered out
    sheet.row_dimensions.group(5, 6, outline_level=2, hidden=True)
    sheet.column_dimensions.group("B", "C", hidden=True)
    sheet.conditional_formatting.add(
        "A5:D9", FormulaRule(["TRUE"], font=Font(strike=True), fill=PatternFill("solid", bgColor="FF0000"))
    )
    choices = DataValidation("list", formula1='"low,high"', showErrorMessage=True)
    choices.add("B5:B9")
    sheet.add_data_validation(choices)
    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=1, min_row=5, max_row=8))
    sheet.add_chart(chart, "H20")
    sheet.freeze_panes = "C7"
    workbook.defined_names["limit"] = DefinedName("limit", attr_text="Band!$B$5")
    sheet.print_area = "A1:D9"
    workbook.calculation.refMode = "R1C1"
    for row in sheet.iter_rows(min_row=5):
        for cell in row:
            cell.quotePrefix = True
            cell.font = Font(italic=True, underline="double", color="FF0000")


def test_filters_groups_charts_names_and_formats_change_no_rule(tmp_path: Path) -> None:
    path = example(tmp_path)
    before = read_workbook(path)
    workbook = load_workbook(path)
    looks_other(workbook)
    workbook.save(path)
    after = read_workbook(path)
    assert [table.rules for table in after.tables] == [table.rules for table in before.tables]
    assert after.readings == before.readings


def test_a_text_behind_a_quote_prefix_is_the_text_without_it(tmp_path: Path) -> None:
    workbook: Any = Workbook()
    for row in (["case", "a", "b"], ["1", "007", "=1+1"]):
        workbook.active.append(row)
    for address in ("B2", "C2"):
        cell = workbook.active[address]
        cell.data_type, cell.quotePrefix = "s", True
    workbook.save(tmp_path / "c.xlsx")
    (case,) = read_cases(tmp_path / "c.xlsx")
    assert (case.facts["a"], case.facts["b"]) == ("007", "=1+1")


def test_array_formulas_count_by_their_saved_values(tmp_path: Path) -> None:
    saved = '<c r="B2"><f t="array" ref="B2:B3">A2:A3*2</f><v>84</v></c>'
    assert one_case(tmp_path / "c.xlsx", saved) == 84
    spilled = '<c r="B2" cm="1"><f t="array" ref="B2">_xlfn._xlws.SORT(A2:A3)</f><v>7</v></c>'
    assert one_case(tmp_path / "c.xlsx", spilled) == 7
    path = example(tmp_path)
    workbook = load_workbook(path)
    workbook["Band"]["B6"] = ArrayFormula("B6", "=1*2")
    workbook.save(path)
    assert any("the formula has no saved value" in fault.message for fault in faults(path))


def test_links_to_other_files_are_not_followed(tmp_path: Path) -> None:
    linked = '<c r="B2"><f>[1]Prices!$A$1</f><v>12.5</v></c>'
    assert one_case(tmp_path / "c.xlsx", linked) == Decimal("12.5")
    lost = '<c r="B2" t="e"><f>[1]Prices!$A$1</f><v>#REF!</v></c>'
    assert one_case(tmp_path / "c.xlsx", lost) == UnreadableCell("is the error #REF!")


def test_conversations_and_change_logs_of_shared_workbooks_are_passed_over(tmp_path: Path) -> None:
    kind = "http://schemas.microsoft.com/office/2017/10/relationships/threadedComment"
    link = f'<Relationship Id="rIdT" Type="{kind}" Target="../threadedComments/t.xml"/></Relationships>'
    path = example(tmp_path)
    rules = [table.rules for table in read_workbook(path).tables]
    patched(path, "xl/worksheets/_rels/sheet5.xml.rels", {"</Relationships>": link})
    with_parts(
        path,
        {
            "xl/threadedComments/t.xml": b"<ThreadedComments><threadedComment ref='B6'><text>5</text>"
            b"</threadedComment></ThreadedComments>",
            "xl/revisions/revisionHeaders.xml": b"<headers/>",
            "xl/revisions/revisionLog1.xml": b"<revisions><rcc rId='1'><nc r='B6'><v>5</v></nc></rcc></revisions>",
            "xl/revisions/userNames.xml": b"<users/>",
        },
    )
    assert [table.rules for table in read_workbook(path).tables] == rules


def test_a_strict_open_xml_workbook_is_the_same(tmp_path: Path) -> None:
    path = example(tmp_path)
    before = read_workbook(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist() if name.endswith((".xml", ".rels"))}
    strict = {
        b"http://schemas.openxmlformats.org/spreadsheetml/2006/main": b"http://purl.oclc.org/ooxml/spreadsheetml/main",
        b"http://schemas.openxmlformats.org/officeDocument/2006/relationships": (
            b"http://purl.oclc.org/ooxml/officeDocument/relationships"
        ),
    }
    for old, new in strict.items():
        parts = {name: content.replace(old, new) for name, content in parts.items()}
    with_parts(path, parts)
    after = read_workbook(path)
    assert [table.rules for table in after.tables] == [table.rules for table in before.tables]
    assert after.settings == before.settings

"""Every fault of a decision workbook is reported with its cell and the way to mend it, all at once."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from referee.domain import CellAddress, InputError, RulesError
from referee.workbook import read_workbook
from tests.unit.workbook.example import example, faults, spoiled

# What is put into one cell of the example, and what the only fault says, after the cell.
ONE_CELL = [
    # the Decision sheet
    ("Decision!A1", "Nmae", "Decision", "there is no `Name`"),
    ("Decision!B2", None, "Decision, cell B2", "`Version` has no value"),
    ("Decision!A4", "Version", "Decision, cell A4", "`Version` is there twice; the other is in B2"),
    ("Decision!A4", "Prupose", "Decision, cell A4", "`Prupose` is no setting (did you mean `Purpose`?)"),
    ("Decision!A4", None, "Decision, cell A4", "the value has no label before it"),
    (
        "Decision!B5",
        "customr",
        "Decision, cell B5",
        "`customr` is no declared fact (did you mean `customer`?)",
    ),
    ("Decision!B5", "origin", "Decision, cell B5", "the case id `origin` is protected"),
    ("Decision!B5", "member", "Decision, cell B5", "the case id `member` is a boolean"),
    ("Decision!B6", "ruting", "Decision, cell B6", "there is no table `ruting` (did you mean `routing`?)"),
    (
        "Decision!B8",
        "soon",
        "Decision, cell B8",
        "`Effective from`: soon is not a date; write it as 2024-01-31",
    ),
    ("Decision!B8", True, "Decision, cell B8", "`Effective from`: True is not a date"),
    ("Decision!B9", "2025-12-31", "Decision, cell B9", "ends on 2025-12-31, before it begins on 2026-01-01"),
    # the Facts sheet
    ("Facts!B1", "kind", "Facts", "there is no column `type`"),
    ("Facts!G1", "remark", "Facts, cell G1", "`remark` is no column of this sheet"),
    ("Facts!G1", "name", "Facts, cell G1", "the column `name` is there twice"),
    (
        "Facts!A5",
        "null",
        "Facts, cell A5",
        "`null` can't be the name of a fact: it can't be written in a cell",
    ),
    (
        "Facts!A7",
        "for",
        "Facts, cell A7",
        "`for` can't be the name of a fact: it can't be written in a cell; use letters, digits and spaces, such as",
    ),
    ("Facts!A8", None, "Facts, cell A8", "the fact has no name"),
    ("Facts!A8", "country", "Facts, cell A8", "the fact `country` is there twice; the other is in A5"),
    ("Facts!B8", "text", "Facts, cell B8", "`text` is no type of facts (did you mean `string`?)"),
    ("Facts!B8", None, "Facts, cell B8", "the fact `iban` has no type"),
    ("Facts!C3", "[0..1000000", "Facts, cell C3", "`[0..1000000` can't be read"),
    ("Facts!C3", "lots", "Facts, cell C3", "`lots` uses the name `lots`"),
    ("Facts!C5", "DE, AT", "Facts, cell C5", 'the values "DE", "AT" or as the one text "DE, AT"'),
    ("Facts!D3", "maybe", "Facts, cell D3", "`maybe` is neither yes nor no"),
    # the Models sheet
    ("Models!B2", None, "Models, cell B2", "the model has no folder"),
    ("Models!D2", None, "Models, cell D2", "the model has no facts"),
    (
        "Models!D2",
        "amount, contry",
        "Models, cell D2",
        "`contry`, which is no declared fact (did you mean `country`?)",
    ),
    (
        "Models!D2",
        "amount, origin",
        "Models, cell D2",
        "the model `fraud model` uses the protected fact `origin`",
    ),
    ("Models!D2", "amount, amount", "Models, cell D2", "lists the fact `amount` twice"),
    ("Models!C1", "vers", "Models", "there is no column `version`"),
    # the outline of a table
    ("Band!A1", None, "Band, cell A1", "the first cell must hold the name of the table"),
    ("Band!A2", "X", "Band, cell A2", "`X` is no hit policy"),
    ("Band!A2", None, "Band, cell A2", "the hit policy is missing"),
    ("Band!C2", "Inptu", "Band, cell C2", "`Inptu` is no kind of column (did you mean `Input`?)"),
    ("Band!F2", None, "Band, cell F2", "the column has content but no kind"),
    ("Band!B3", None, "Band, cell B3", "this input column needs the expression it tests"),
    ("Band!E3", "size", "Band, cell E3", "the output `size` is there twice; the other is in D3"),
    ("Band!A6", 7, "Band, cell A6", "the rule number is 7, but rule 2 is due"),
    ("Band!A6", "9" * 5000, "Band, cell A6", "is no rule number"),
    ("Band!A6", "two", "Band, cell A6", "`two` is no rule number"),
    ("Band!A8", None, "Band, cell A8", "the row has content but no rule number"),
    ("Band!B12", "a note", "Band, cell A12", "the row has content but no rule number"),
    ("Band!A1", "amount", "Band, cell A1", "the table `amount` has the name of a fact"),
    # input expressions
    ("routing!C3", "rsik", "routing, cell C3", "`rsik` is no fact, model or table (did you mean `risk`?)"),
    ("routing!B3", "band.siez", "routing, cell B3", "`band` has no `siez` (did you mean `size`?)"),
    (
        "routing!E3",
        "fraud model.labl",
        "routing, cell E3",
        "`fraud model` has no `labl` (did you mean `label`?)",
    ),
    ("routing!C3", "risk +", "routing, cell C3", "and no FEEL expression"),
    ("routing!C3", "origin", "routing, cell C3", "`origin` uses the protected fact `origin`"),
    # input cells
    ("Band!B5", ">>= 10", "Band, cell B5", "`>>= 10` can't be read"),
    ("Band!B5", "=> 5", "Band, cell B5", "`=> 5` can't be read"),
    ("Band!B5", "[100..500", "Band, cell B5", "`[100..500` can't be read"),
    ("Band!B5", "cheap", "Band, cell B5", "`cheap` uses the name `cheap`, which is no fact, model or table"),
    ("Band!B5", "very cheap", "Band, cell B5", "`very cheap`"),
    (
        "Band!B5",
        "< amout",
        "Band, cell B5",
        "uses the name `amout`, which is no fact, model or table (did you mean",
    ),
    ("Band!B5", '"100"', "Band, cell B5", "can't be tested against a number"),
    (
        "Band!B5",
        "1,000",
        "Band, cell B5",
        "can be read as the number 1000 or as 1, 000; write 1000 or 1, 000",
    ),
    ("Band!B5", "<= 1.000", "Band, cell B5", "can be read as the number 1000 or as 1"),
    ("Band!B5", "10-20", "Band, cell B5", "can be read as the range [10..20] or as 10 minus 20"),
    ("Band!B5", True, "Band, cell B5", "holds the boolean true, but the column `amount` tests a number"),
    ("Band!C6", 2020, "Band, cell C6", "holds the number 2020, but the column `since` tests a date"),
    ("Band!C6", ">= 2020-01-01", "Band, cell C6", "can't be tested against a date"),
    (
        "routing!C4",
        "hihg",
        "routing, cell C4",
        "`hihg` is none of the values of `risk` (did you mean `high`?)",
    ),
    (
        "routing!C4",
        '"hihg"',
        "routing, cell C4",
        "matches none of the values of `risk` (did you mean `high`?)",
    ),
    ("routing!C4", 10, "routing, cell C4", 'write "10" with the quotes if you mean the text'),
    ("routing!C4", "not high", "routing, cell C4", "can be read as a condition with `not` or as the text"),
    ("routing!C4", "low or high", "routing, cell C4", "can be read as a condition with `or` or as the text"),
    ("routing!C4", "true", "routing, cell C4", 'can be read as the text "true" or as the FEEL value true'),
    (
        "routing!C4",
        "country",
        "routing, cell C4",
        'as the text "country" or as the value of `country`; write',
    ),
    ("routing!C4", "amount - country", "routing, cell C4", "or as an expression with `amount`"),
    (
        "routing!D5",
        "yes",
        "routing, cell D5",
        "uses the name `yes`, which is no fact, model or table; write true or false",
    ),
    ("routing!C4", 'origin = "x"', "routing, cell C4", "uses the protected fact `origin`"),
    ("routing!C4", 'string(routing) = "x"', "routing, cell C4", "uses the table `routing` in itself"),
    ("routing!C4", "band.siz = 3", "routing, cell C4", "`band` has no `siz` (did you mean `size`?)"),
    # output cells
    ("Band!D5", None, "Band, cell D5", "the rule gives no value for `size`; write one, or null"),
    ("Band!D5", "-", "Band, cell D5", "the rule gives no value for `size`"),
    ("Band!D5", "smal", "Band, cell D5", "`smal` is none of the values of `size` (did you mean `small`?)"),
    ("Band!D5", '"smal"', "Band, cell D5", "none of the values of `size` (did you mean `small`?)"),
    ("Band!D5", 7, "Band, cell D5", "holds the number 7, but the column `size` gives text"),
    ("Band!E5", "none", "Band, cell E5", "uses the name `none`, which is no fact, model or table"),
    ("Band!E5", "1 / 0", "Band, cell E5", "`1 / 0` has no value"),
    ("Band!D4", "small, middle", "Band, cell D4", "can be read as the values"),
    ("routing!F5", "atuo", "routing, cell F5", "`atuo` is no route (did you mean `auto`?)"),
    ("routing!F5", "risk", "routing, cell F5", 'can be read as the text "risk" or as the value of `risk`'),
    ("routing!F5", "(risk)", "routing, cell F5", "`(risk)` is no route"),
    ("routing!F5", None, "routing, cell F5", "the rule gives no value for `route`"),
    ("routing!G5", None, "routing, cell G5", "rule 2 has the route auto but no action"),
    ("routing!G5", "-", "routing, cell G5", "rule 2 has the route auto but no action"),
    ("routing!G5", "(risk)", "routing, cell G5", "`(risk)` is no fixed action"),
    ("routing!I5", None, "routing, cell I5", "the rule gives no value for `reason`"),
    (
        "routing!I3",
        "remark",
        "routing, cell A1",
        "has no output `reason`; it needs route, action, queue and reason",
    ),
    (
        "routing!A2",
        "C",
        "routing, cell A1",
        "has the hit policy C, which can give several routes; use one of U, A, P, F",
    ),
    ("routing!A2", "P", "routing, cell A1", "hit policy P ranks hits by the allowed values of the outputs"),
    # formulas and errors
    ("Band!E5", "=f 1+1", "Band, cell E5", "the formula has no saved value"),
    ("Band!E5", "#N/A", "Band, cell E5", "the cell holds the error #N/A"),
    ("Band!ZZ90000", "x", "Band, cell ZZ90000", "the cell stands far from the table; delete it"),
    # the Tests sheet
    ("Tests!A1", "Name", "Tests, cell A1", "`Name` is no kind of column"),
    ("Tests!C1", "Fatc", "Tests, cell C1", "`Fatc` is no kind of column (did you mean `Fact`?)"),
    ("Tests!C2", "amuont", "Tests, cell C2", "`amuont` is no declared fact (did you mean `amount`?)"),
    ("Tests!C2", "risk", "Tests, cell D2", "`risk` is there twice"),
    (
        "Tests!A4",
        "small member",
        "Tests, cell A4",
        "another test is named `small member` too; each needs its own",
    ),
    ("Tests!A4", None, "Tests, cell A4", "the test has no name"),
    ("Tests!G2", "fruad.label", "Tests, cell G2", "`fruad` is no model"),
    ("Tests!G2", "fraud model.lable", "Tests, cell G2", "`fraud model.lable` is no score"),
    ("Tests!M2", "band.lmit", "Tests, cell M2", "`band.lmit` is no table and no output"),
    ("Tests!M3", "many", "Tests, cell M3", "`many` uses the name `many`"),
    # the Changes sheet
    ("Changes!B2", "later", "Changes, cell B2", "`date`: later is not a date"),
]


def test_the_example_itself_has_no_faults(tmp_path: Path) -> None:
    assert faults(example(tmp_path)) == ()


@pytest.mark.parametrize(("address", "value", "place", "message"), ONE_CELL)
def test_a_fault_names_the_cell_and_what_to_do(
    tmp_path: Path, address: str, value: Any, place: str, message: str
) -> None:
    found = faults(spoiled(tmp_path, {address: value}))
    place = place if place.startswith("limits") else f"limits.xlsx, sheet {place}"
    assert [fault for fault in found if str(fault.place) == place and message in fault.message], [
        str(fault) for fault in found
    ]


def test_all_faults_come_at_once_in_the_order_of_the_workbook(tmp_path: Path) -> None:
    path = spoiled(
        tmp_path,
        {"routing!C4": "hihg", "Band!B5": ">>= 10", "Facts!B8": "text", "Decision!B8": "soon", "Band!D5": 7},
    )
    with pytest.raises(RulesError) as raised:
        read_workbook(path)
    places = [str(fault.place).split("sheet ")[1] for fault in raised.value.faults]
    assert places == [
        "Decision, cell B8",
        "Facts, cell B8",
        "Band, cell B5",
        "Band, cell D5",
        "routing, cell C4",
    ]
    assert str(raised.value).startswith(
        "limits.xlsx can't be used, 5 faults:\n  limits.xlsx, sheet Decision, cell B8: "
    )


def test_a_syntax_fault_marks_the_characters(tmp_path: Path) -> None:
    (fault,) = faults(spoiled(tmp_path, {"Band!B5": "[100..500"}))
    assert fault.span is not None
    assert 0 <= fault.span[0] <= fault.span[1] <= len("[100..500")


def test_missing_and_blank_sheets_are_named_without_follow_ups(tmp_path: Path) -> None:
    path = example(tmp_path)
    workbook = load_workbook(path)
    workbook["Facts"].title = "Fakts"
    workbook["Decision"].delete_rows(1, 20)
    workbook.save(path)
    assert [fault.message for fault in faults(path)] == [
        "the sheet `Decision` is blank; every decision workbook needs it",
        "the sheet `Facts` is missing (did you mean `Fakts`?); every decision workbook needs it",
    ]
    write = load_workbook(example(tmp_path))
    write["Decision"].title = "About"
    write.save(path)
    assert any("the sheet `Decision` is missing" in fault.message for fault in faults(path))


def test_a_workbook_without_models_tests_and_changes_is_fine(tmp_path: Path) -> None:
    path = example(tmp_path)
    workbook = load_workbook(path)
    for name in ("Models", "Tests", "Changes"):
        del workbook[name]
    workbook["routing"]["E3"].value = "amount"
    workbook.create_sheet("Sheet9")
    workbook.save(path)
    read = read_workbook(path)
    assert (read.models, read.tests, read.changes) == ((), (), ())


def test_tables_that_need_each_other_are_a_fault(tmp_path: Path) -> None:
    found = faults(spoiled(tmp_path, {"Band!E5": "string length(routing.reason)"}))
    assert [fault.code for fault in found] == ["table-cycle"]
    assert "the tables need each other in a circle: band needs routing needs band" in found[0].message


def test_models_of_the_same_name_are_a_fault(tmp_path: Path) -> None:
    cells = {"Models!A3": "fraud model", "Models!B3": "other", "Models!C3": "1", "Models!D3": "amount"}
    (fault,) = faults(spoiled(tmp_path, cells))
    assert (
        str(fault)
        == "limits.xlsx, sheet Models, cell A3: the model `fraud model` is there twice; the other is in A2"
    )


def test_a_sheet_without_columns_or_rules_is_a_fault(tmp_path: Path) -> None:
    path = example(tmp_path)
    workbook = load_workbook(path)
    workbook.create_sheet("Notes").append(["remember the milk"])
    extra = workbook.create_sheet("Empty")
    extra.append(["empty"])
    extra.append(["U", "Input"])
    extra.append([None, "amount"])
    workbook.save(path)
    messages = [str(fault) for fault in faults(path)]
    for expected in (
        "sheet Notes: every sheet is a table, and this one has neither a hit policy in its second row nor",
        "sheet Empty, cell B2: the table has no output",
        "sheet Empty, cell A4: the table has no rules",
    ):
        assert any(expected in message for message in messages), messages


def test_facts_sheet_without_facts_and_tests_without_names_are_faults(tmp_path: Path) -> None:
    path = example(tmp_path)
    workbook = load_workbook(path)
    workbook["Facts"].delete_rows(2, 20)
    workbook["Tests"]["A1"].value = None
    workbook["Tests"]["A2"].value = None
    workbook.save(path)
    messages = [str(fault) for fault in faults(path)]
    assert "limits.xlsx, sheet Facts: no facts are declared" in messages
    assert any("the first row must hold `Test`" in message for message in messages)


def test_unusable_files_are_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "limits.xlsx"
    with pytest.raises(InputError, match="there is no such file"):
        read_workbook(path)
    path.write_bytes(b"not a zip")
    with pytest.raises(InputError, match="not an Excel workbook"):
        read_workbook(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"\0" * (200 * 2**20))
    with pytest.raises(InputError, match="unpacks to 200 MB"):
        read_workbook(path)


def test_allowed_values_of_an_output_tell_its_type(tmp_path: Path) -> None:
    (fault,) = faults(spoiled(tmp_path, {"Band!E4": "[0..1000000]", "Band!E5": '"much"'}))
    assert fault.message == '`"much"` is a string, but the column `limit` gives a number; write a number'
    assert faults(spoiled(tmp_path, {"Band!E4": "[0..1000000]"})) == ()


# What is put into some cells of the example, and the cells of all faults it then has.
NOTHING_HIDDEN = [
    ({"Tests!A3": None, "Tests!C3": "abc"}, ["Tests A3", "Tests C3"]),
    ({"Tests!A1": None, "Tests!A2": None, "Tests!C3": "abc"}, ["Tests A1", "Tests C3"]),
    ({"Tests!C3": "abc", "Tests!F3": "perhaps", "Tests!J3": "autoo"}, ["Tests C3", "Tests F3", "Tests J3"]),
    ({"Tests!H3": "sure"}, ["Tests H3"]),
    ({"Band!A2": "X", "Decision!B6": "ruting"}, ["Decision B6", "Band A2"]),
]
NOTHING_THAT_FOLLOWS = [
    ({"Band!A2": "X"}, ["Band A2"]),
    ({"Facts!B3": "nubmer"}, ["Facts B3"]),
    ({"Band!B3": "amuont"}, ["Band B3"]),
    ({"routing!B3": "band.sise"}, ["routing B3"]),
    ({"routing!B3": "band.sise", "routing!B5": "< smal"}, ["routing B3", "routing B5"]),
    ({"Decision!B6": "ruting"}, ["Decision B6"]),
    ({"Decision!B6": "ruting", "routing!F3": "rout"}, ["Decision B6", "routing A1"]),
    ({"Decision!B6": "band"}, ["Band A1"]),
]


@pytest.mark.parametrize(("cells", "places"), NOTHING_HIDDEN)
def test_no_fault_hides_another(tmp_path: Path, cells: dict[str, Any], places: list[str]) -> None:
    assert sheet_cells(tmp_path, cells) == places


@pytest.mark.parametrize(("cells", "places"), NOTHING_THAT_FOLLOWS)
def test_what_only_follows_from_a_fault_is_not_told(
    tmp_path: Path, cells: dict[str, Any], places: list[str]
) -> None:
    assert sheet_cells(tmp_path, cells) == places


def test_a_test_that_goes_to_people_may_hold_what_nobody_can_read(tmp_path: Path) -> None:
    assert faults(spoiled(tmp_path, {"Tests!C4": "abc"})) == ()


def test_a_route_in_a_test_is_one_of_the_three(tmp_path: Path) -> None:
    (fault,) = faults(spoiled(tmp_path, {"Tests!J3": "autoo"}))
    assert fault.message.startswith("`autoo` is none of the values of `route` (did you mean `auto`?)")


def sheet_cells(folder: Path, cells: dict[str, Any]) -> list[str]:
    found = [fault.place for fault in faults(spoiled(folder, cells))]
    assert all(isinstance(place, CellAddress) for place in found)
    return [f"{place.sheet} {place.cell}" for place in found if isinstance(place, CellAddress)]


@pytest.mark.parametrize("cell", ["Band!B5", "routing!I5", "Band!B3", "routing!G5"])
def test_a_message_quotes_only_the_beginning_of_a_long_cell(tmp_path: Path, cell: str) -> None:
    for text in (
        f"{' + '.join(['amount'] * 200)} +",
        f"{' + '.join(['amuont'] * 200)}",
        "< " + "9" * 900 + "x",
    ):
        for fault in faults(spoiled(tmp_path, {cell: text})):
            assert len(fault.message) < 700

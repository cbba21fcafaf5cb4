"""Excel workbooks: decisions kept in them, cases read from them, results and worklists written to them.

The only package that imports openpyxl, and only when a workbook is really opened. What only some commands need loads
on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from referee.workbook.case_sheet import CaseList, CaseRows, read_case_list, read_cases
from referee.workbook.cell_reading import CellReading, ReadAs
from referee.workbook.cell_value import UnreadableCell
from referee.workbook.data_dictionary import DataDictionary, FactDefinition
from referee.workbook.decision_workbook import (
    Change,
    DecisionWorkbook,
    ModelDefinition,
    Scorer,
    Settings,
    WorkbookTest,
)
from referee.workbook.reader import read_workbook
from referee.workbook.sheets import SheetRow, SheetTable, read_table, write_table

if TYPE_CHECKING:
    from referee.workbook.annotation import annotate
    from referee.workbook.authoring import WorkbookDraft, write_workbook
    from referee.workbook.camunda_sheets import SheetLayout
    from referee.workbook.case_cells import CellTarget, WrittenCells, check_case_cells, write_case_cells
    from referee.workbook.definitions_of_workbook import definitions_of
    from referee.workbook.importing import Imported, import_decision
    from referee.workbook.proposed_rules import ProposedRules, write_proposed_rules
    from referee.workbook.results import write_results
    from referee.workbook.starting_workbook import new_decision
    from referee.workbook.table_authoring import TableDraft

__all__ = [
    "CaseList",
    "CaseRows",
    "CellReading",
    "CellTarget",
    "Change",
    "DataDictionary",
    "DecisionWorkbook",
    "FactDefinition",
    "Imported",
    "ModelDefinition",
    "ProposedRules",
    "ReadAs",
    "Scorer",
    "Settings",
    "SheetLayout",
    "SheetRow",
    "SheetTable",
    "TableDraft",
    "UnreadableCell",
    "WorkbookDraft",
    "WorkbookTest",
    "WrittenCells",
    "annotate",
    "check_case_cells",
    "definitions_of",
    "import_decision",
    "new_decision",
    "read_case_list",
    "read_cases",
    "read_table",
    "read_workbook",
    "write_case_cells",
    "write_proposed_rules",
    "write_results",
    "write_table",
    "write_workbook",
]

_HOMES = {
    "CellTarget": "referee.workbook.case_cells",
    "Imported": "referee.workbook.importing",
    "ProposedRules": "referee.workbook.proposed_rules",
    "SheetLayout": "referee.workbook.camunda_sheets",
    "TableDraft": "referee.workbook.table_authoring",
    "WorkbookDraft": "referee.workbook.authoring",
    "WrittenCells": "referee.workbook.case_cells",
    "annotate": "referee.workbook.annotation",
    "check_case_cells": "referee.workbook.case_cells",
    "definitions_of": "referee.workbook.definitions_of_workbook",
    "import_decision": "referee.workbook.importing",
    "new_decision": "referee.workbook.starting_workbook",
    "write_case_cells": "referee.workbook.case_cells",
    "write_proposed_rules": "referee.workbook.proposed_rules",
    "write_results": "referee.workbook.results",
    "write_workbook": "referee.workbook.authoring",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'referee.workbook' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)

"""Importing decisions of other tools: DMN files, Camunda's Excel sheets, boxed tables."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from referee.dmn import Definitions, read_definitions
from referee.domain import CellAddress, Diagnostic, InputError, RulesError
from referee.workbook.authoring import write_workbook
from referee.workbook.boxed_sheets import is_boxed, read_boxed
from referee.workbook.camunda_sheets import SheetLayout, read_camunda
from referee.workbook.case_sheet import EXCEL_SUFFIXES
from referee.workbook.draft_of_definitions import ImportDraft, draft_of, place_of
from referee.workbook.excel_file import read_bytes
from referee.workbook.import_proof import changes
from referee.workbook.reader import read_workbook
from referee.workbook.stored_cells import ExcelFile

_REPHRASED = frozenset({"cell-ambiguous", "cell-type", "cell-changed"})
"""Faults that another way of writing the same FEEL may avoid."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A decision as imported: the workbook written, its tables, and what people should know about it."""

    path: Path
    tables: tuple[str, ...]
    notes: tuple[str, ...]


def import_decision(source: str | Path, target: str | Path, layout: SheetLayout | None = None) -> Imported:
    """Writes a decision workbook that decides as the source does: a DMN file, an Excel sheet in one of
    Camunda's layouts, or boxed tables in Excel. An existing target is never overwritten.

    Every cell is compared with its source after writing; one that would be read in another way is a fault.
    Raises RulesError with all faults, each with its place in the source where it has one, and InputError
    for a file that is none of these; then nothing is written.
    """
    source, target = Path(source), Path(target)
    if target.exists():
        raise InputError(f"{target}: this file exists; name another with --to, or remove the file")
    definitions, notes = _read(source, layout or SheetLayout())
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / target.name
        made = draft_of(definitions)
        faults = _faults_of(trial, made)
        doubtful = frozenset(
            (fault.place.sheet, fault.place.cell)
            for fault in faults
            if isinstance(fault.place, CellAddress) and fault.code in _REPHRASED
        )
        if doubtful & set(made.cells):
            made = draft_of(definitions, doubtful)
            faults = _faults_of(trial, made)
        if faults:
            raise RulesError(
                source.name, [replace(fault, place=place_of(made.cells, fault.place)) for fault in faults]
            )
    write_workbook(target, made.draft)
    return Imported(target, tuple(table.name for table in made.draft.tables), (*notes, *made.notes))


def _read(source: Path, layout: SheetLayout) -> tuple[Definitions, tuple[str, ...]]:
    suffix = source.suffix.casefold()
    if suffix in (".dmn", ".xml"):
        read_bytes(source)
        return read_definitions(source), ()
    if suffix not in EXCEL_SUFFIXES:
        read_bytes(source)
        raise InputError(f"{source}: decisions are imported from .dmn, .xlsx and .xlsm files")
    file = ExcelFile(source)
    names = {sheet.name.strip().casefold() for sheet in file.sheets}
    if {"decision", "facts"} <= names:
        raise InputError(f"{source}: this is a decision workbook already; copy the file")
    return (read_boxed(file), ()) if is_boxed(file) else read_camunda(file, layout)


def _faults_of(path: Path, made: ImportDraft) -> list[Diagnostic]:
    """What is wrong with the workbook, and which cells would mean something else than their source."""
    write_workbook(path, made.draft)
    try:
        workbook = read_workbook(path)
    except RulesError as error:
        return list(error.faults)
    return changes(workbook, made)

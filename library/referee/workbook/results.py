"""The result workbook: what was decided about each case, beside what was known about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from referee.domain import CellAddress, Decision, Route, RuleRef
from referee.workbook.case_sheet import read_case_list
from referee.workbook.cell_value import put
from referee.workbook.excel_file import save_workbook
from referee.workbook.sheets import fill_table

RESULTS_SHEET = "Results"
SUMMARY_SHEET = "Summary"
RESULT_COLUMNS = ("route", "action", "queue", "reasons", "rules")
STATUS_COLUMN = "status"
VERSION_COLUMN = "version"
NOT_DECIDED = "not decided"

_FILLS = {Route.AUTO: "C6EFCE", Route.EXCEPTION: "FFEB9C", Route.HUMAN: "BDD7EE"}
_FREQUENT_REASONS = 20


@dataclass(frozen=True, slots=True)
class _Line:
    """One row of the results: the values of the case's columns and the decision about it."""

    inputs: Sequence[Any]
    decision: Decision | None


def write_results(
    source_path: str | Path | None,
    decisions: Iterable[Decision],
    out_path: str | Path,
    *,
    sheet: str = "",
    id_column: str = "",
    statuses: Mapping[str, str] | None = None,
    hidden: Mapping[str, str] | None = None,
) -> None:
    """Writes a workbook with the inputs of ``source_path`` and, beside them, route, action, queue, reasons,
    rules, score.

    Rows keep the order of the source; one without a decision says so, and a decision without a row comes after them.
    ``statuses`` say by case id what became of the cases. Without a source the facts as read are the inputs.
    ``hidden`` gives by fact what stands in the place of its values; the fact in the id column is shown all the same.
    Where several versions of the rules decided, a column names the version. Result cells are coloured by route; a
    Summary sheet counts routes, actions, queues and reasons. Inputs are written as values: no formula of the source is
    carried over, and text stays text. Raises InputError where the source can't be read or the file can't be written.
    """
    from openpyxl import Workbook

    by_case = {decision.case_id: decision for decision in decisions}
    columns, lines = _lines(source_path, by_case, sheet, id_column)
    lines = [_without(line, columns, id_column, hidden or {}) for line in lines]
    versions = _version_texts(by_case.values())
    names = [
        *RESULT_COLUMNS,
        *([STATUS_COLUMN] if statuses is not None else []),
        *([VERSION_COLUMN] if versions else []),
    ]
    results = [_free_name(name, columns) for name in names]
    models = _model_nodes(by_case.values())
    scores = [_free_name(name, columns) for node in models for name in (node, f"{node} confidence")]
    workbook = Workbook()
    worksheet: Any = workbook.active
    worksheet.title = RESULTS_SHEET
    fill_table(
        worksheet,
        [*columns, *results, *scores],
        [
            [
                *line.inputs,
                *_result(line.decision),
                *_status(line.decision, statuses),
                *_version(line.decision, versions),
                *_scores(line.decision, models),
            ]
            for line in lines
        ],
        widths={results[3]: 60, results[4]: 45},
    )
    _colour(worksheet, lines, len(columns), len(results))
    _write_summary(workbook.create_sheet(SUMMARY_SHEET), lines)
    save_workbook(workbook, Path(out_path))


def _lines(
    source_path: str | Path | None, by_case: Mapping[str, Decision], sheet: str, id_column: str
) -> tuple[list[str], list[_Line]]:
    if source_path is None:
        names = list(dict.fromkeys(name for decision in by_case.values() for name in decision.facts))
        columns = ["case", *(name for name in names if name != "case")]
        return columns, [
            _Line(_from_facts(columns, "case", decision), decision) for decision in by_case.values()
        ]
    source = read_case_list(source_path, sheet, id_column)
    columns = list(source.columns)
    lines = [_Line([case.facts[name] for name in columns], by_case.get(case.id)) for case in source.cases]
    listed = {case.id for case in source.cases}
    lines += [
        _Line(_from_facts(columns, source.id_column, decision), decision)
        for case_id, decision in by_case.items()
        if case_id not in listed
    ]
    return columns, lines


def _from_facts(columns: Sequence[str], id_column: str, decision: Decision) -> list[Any]:
    return [decision.case_id if name == id_column else decision.facts.get(name) for name in columns]


def _without(line: _Line, columns: Sequence[str], id_column: str, hidden: Mapping[str, str]) -> _Line:
    """The line with the values of hidden facts replaced; a blank cell stays blank, so that a gap can be seen."""
    kept = [
        hidden[name] if name in hidden and name != id_column and value is not None else value
        for name, value in zip(columns, line.inputs, strict=True)
    ]
    return _Line(kept, line.decision)


def _version_texts(decisions: Iterable[Decision]) -> dict[str, str]:
    """What the version column says, by the hash of the workbook; empty where one version decided everything."""
    versions = {d.versions.workbook_sha256: d.versions.version for d in decisions}
    if len(versions) < 2:
        return {}
    times = Counter(versions.values())
    return {
        sha256: version if times[version] == 1 else f"{version} ({sha256[:8]})"
        for sha256, version in versions.items()
    }


def _version(decision: Decision | None, versions: Mapping[str, str]) -> list[Any]:
    if not versions:
        return []
    return [None if decision is None else versions[decision.versions.workbook_sha256]]


def _free_name(name: str, taken: Sequence[str]) -> str:
    while name in taken:
        name = f"{name} (decided)"
    return name


def _result(decision: Decision | None) -> list[Any]:
    if decision is None:
        return [NOT_DECIDED, None, None, None, None]
    rules = [rule_text(rule) for node in decision.trace for rule in node.rules]
    return [
        str(decision.route),
        decision.action or None,
        decision.queue or None,
        "\n".join(decision.reasons) or None,
        "\n".join(rules) or None,
    ]


def _status(decision: Decision | None, statuses: Mapping[str, str] | None) -> list[Any]:
    if statuses is None:
        return []
    return [None if decision is None else statuses.get(decision.case_id)]


def rule_text(rule: RuleRef) -> str:
    """A rule as people look it up: ``routing rule 3 (sheet Routing, cell A7)``."""
    place = rule.place
    where = f" (sheet {place.sheet}, cell {place.cell})" if isinstance(place, CellAddress) else f" ({place})"
    return f"{rule.table} rule {rule.number}{where if place is not None else ''}"


def _model_nodes(decisions: Iterable[Decision]) -> list[str]:
    """The nodes that gave a score in any case, in the order met."""
    return list(
        dict.fromkeys(
            node.name
            for decision in decisions
            for node in decision.trace
            if _score_of(node.value) is not None
        )
    )


def _score_of(value: Any) -> tuple[Any, Any] | None:
    if isinstance(value, Mapping) and "label" in value and "confidence" in value:
        return value["label"], value["confidence"]
    return None


def _scores(decision: Decision | None, models: Sequence[str]) -> list[Any]:
    found = {node.name: _score_of(node.value) for node in decision.trace} if decision is not None else {}
    return [value for model in models for value in (found.get(model) or (None, None))]


def _colour(worksheet: Any, lines: Sequence[_Line], first: int, count: int) -> None:
    from openpyxl.styles import PatternFill

    fills = {route: PatternFill("solid", start_color=colour) for route, colour in _FILLS.items()}
    blank = PatternFill("solid", start_color="D9D9D9")
    for row, line in enumerate(lines, 2):
        fill = fills[line.decision.route] if line.decision is not None else blank
        for column in range(first + 1, first + count + 1):
            worksheet.cell(row, column).fill = fill
    worksheet.freeze_panes = worksheet.cell(2, 2)


def _write_summary(worksheet: Any, lines: Sequence[_Line]) -> None:
    from openpyxl.styles import Font, PatternFill

    decisions = [line.decision for line in lines if line.decision is not None]
    routes = Counter(decision.route for decision in decisions)
    row = 1
    for label, value in _heading(decisions, len(lines)):
        put(worksheet.cell(row, 1), label)
        put(worksheet.cell(row, 2), value)
        worksheet.cell(row, 1).font = Font("Calibri", 11, bold=True)
        row += 1
    row += 1
    tables: list[tuple[str, list[tuple[Any, int]]]] = [
        ("Route", [(str(route), routes[route]) for route in Route]),
        ("Action", Counter(item.action for item in decisions if item.action).most_common()),
        ("Queue", Counter(item.queue for item in decisions if item.queue).most_common()),
        (
            "Reason",
            Counter(text for item in decisions for text in item.reasons).most_common(_FREQUENT_REASONS),
        ),
    ]
    undecided = len(lines) - len(decisions)
    if undecided:
        tables[0][1].append((NOT_DECIDED, undecided))
    for title, counts in tables:
        if not counts:
            continue
        for column, text in enumerate((title, "Cases", "Share"), 1):
            put(worksheet.cell(row, column), text)
            worksheet.cell(row, column).font = Font("Calibri", 11, bold=True, color="FFFFFF")
            worksheet.cell(row, column).fill = PatternFill("solid", start_color="1F3864")
        for name, count in counts:
            row += 1
            put(worksheet.cell(row, 1), name)
            put(worksheet.cell(row, 2), count)
            share = worksheet.cell(row, 3)
            put(share, round(count / len(lines), 4) if lines else None)
            share.number_format = "0.0%"
            if title == "Route" and name in set(Route):
                worksheet.cell(row, 1).fill = PatternFill("solid", start_color=_FILLS[Route(name)])
        row += 2
    worksheet.column_dimensions["A"].width = 70
    worksheet.column_dimensions["B"].width = 24
    worksheet.column_dimensions["C"].width = 10


def _heading(decisions: Sequence[Decision], cases: int) -> list[tuple[str, Any]]:
    heading: list[tuple[str, Any]] = [("Cases", cases)]
    for versions in dict.fromkeys(
        (d.versions.decision, d.versions.version, d.versions.workbook_sha256) for d in decisions
    ):
        name, version, sha256 = versions
        heading += [("Decision", name), ("Version", version), ("Workbook sha256", sha256)]
    return heading

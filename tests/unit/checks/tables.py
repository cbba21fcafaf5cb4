"""Decision tables written as rows of texts, inputs before the bar and outputs after it."""

from __future__ import annotations

from referee.checks import Budget, Finding, InputValues, TableReport, check_table
from referee.domain import CellAddress
from referee.tables import CellText, DecisionTable, HitPolicy, InputClause, OutputClause, Rule


def table(
    policy: str, header: str, *rows: str, allowed: str = "", default: str = "", name: str = "limits"
) -> DecisionTable:
    """The header names inputs and outputs; cells stand at A4, B4 and so on. ``allowed`` is the first output's."""
    inputs, outputs = _halves(header)
    rules = []
    for at, row in enumerate(rows):
        cells, results = _halves(row)
        texts = [CellText(text, _cell(name, column, at)) for column, text in enumerate([*cells, *results])]
        split = len(inputs)
        rules.append(Rule(at + 1, tuple(texts[:split]), tuple(texts[split:]), place=_cell(name, 0, at)))
    return DecisionTable(
        name,
        HitPolicy(policy),
        tuple(InputClause(CellText(text)) for text in inputs),
        tuple(
            OutputClause(
                text,
                allowed_values=CellText(allowed) if allowed and at == 0 else None,
                default=CellText(default) if default and at == 0 else None,
            )
            for at, text in enumerate(outputs)
        ),
        (),
        tuple(rules),
        CellAddress("limits.xlsx", name, "A1"),
    )


def checked(
    made: DecisionTable,
    names: tuple[str, ...] = (),
    budget: Budget | None = None,
    **inputs: str | InputValues,
) -> TableReport:
    """The report, with the type of each input; what isn't named is a number."""
    values = {
        name: value if isinstance(value, InputValues) else InputValues(value)
        for name, value in inputs.items()
    }
    for clause in made.inputs:
        values.setdefault(clause.expression.text, InputValues("number"))
    return check_table(made, values, names=names, budget=budget)


def messages(report: TableReport, code: str) -> list[str]:
    return [finding.message for finding in report.findings if finding.code == code]


def only(report: TableReport, code: str) -> Finding:
    """The one finding of a code."""
    (finding,) = [finding for finding in report.findings if finding.code == code]
    return finding


def _halves(row: str) -> tuple[list[str], list[str]]:
    inputs, _, outputs = row.partition("||")
    return [text.strip() for text in inputs.split("|") if text.strip()], [
        text.strip() for text in outputs.split("|")
    ]


def _cell(sheet: str, column: int, row: int) -> CellAddress:
    return CellAddress("limits.xlsx", sheet, f"{chr(65 + column)}{row + 4}")

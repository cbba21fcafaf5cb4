"""``referee diff``: what changed between two workbooks, and what that means for cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from referee.cli.output import json_option, print_json, with_progress

if TYPE_CHECKING:
    from referee.cli.changed_meaning import Meaning, MeantRegion, Moved
    from referee.cli.workbook_changes import Change
    from referee.domain import Decision
    from referee.workbook import DecisionWorkbook

MOST_SHOWN = 20
_MOST_UNPROVED = 5


@click.command(
    epilog="""Example:

    referee diff decision_tables/loan_applications.xlsx draft.xlsx --cases applications.csv"""
)
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--cases", type=click.Path(path_type=Path), help="Real cases to decide by both: .xlsx or .csv.")
@click.option("--sheet", default="", help="The sheet with the cases; the first one if not given.")
@click.option("--audit", type=click.Path(path_type=Path), help="An audit log whose cases to decide by both.")
@click.option(
    "--models", default="models", type=click.Path(path_type=Path), show_default=True, help="The models."
)
@click.option(
    "--budget",
    default=60.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Seconds of processor time for comparing all possible cases.",
)
@click.option("--html", type=click.Path(path_type=Path), help="Write a report to show to others.")
@json_option
@click.pass_context
def diff(
    context: click.Context,
    old: Path,
    new: Path,
    cases: Path | None,
    sheet: str,
    audit: Path | None,
    models: Path,
    budget: float,
    html: Path | None,
    as_json: bool,
) -> None:
    """Report what changed from the workbook OLD to NEW, rule by rule, and which cases are decided differently.

    The regions of cases are exact, through all tables that need each other; each comes with a case that both versions
    really decided. What can't be proved is said. With --cases or --audit, real cases are decided by both, and those
    that would go elsewhere are counted and listed. Ends with 1 when anything differs.
    """
    from referee.checks import Budget
    from referee.cli.changed_meaning import Meaning, meaning
    from referee.cli.workbook_changes import workbook_changes
    from referee.workbook import read_workbook

    if sheet and cases is None:
        raise click.UsageError("--sheet names the sheet of the cases; give their file with --cases too")
    if _is_nothing(old) or _is_nothing(new):
        if _is_nothing(old) and _is_nothing(new):
            raise click.UsageError("both are /dev/null; name at least one workbook")
        if cases is not None or audit is not None:
            raise click.UsageError("--cases and --audit need two workbooks to decide by")
        before, after = _with_nothing(old, new)
        changes = workbook_changes(before, after)
        meant = Meaning((), ("there is only one version, so no case is decided by another",))
    else:
        before, after = read_workbook(old), read_workbook(new)
        changes = workbook_changes(before, after)
        meant = meaning(before, after, models, Budget(budget))
    moved, hidden = _real_cases(before, after, models, cases, sheet, audit)
    if html is not None:
        _write_html(html, old, new, changes, meant, moved, hidden)
    if as_json:
        print_json(_as_record(old, new, changes, meant, moved, hidden))
    else:
        _print(old, new, changes, meant, moved, hidden)
    context.exit(1 if changes or meant.regions or meant.unproved or _going_elsewhere(moved) else 0)


def _is_nothing(path: Path) -> bool:
    """Whether git names the side that has no such file, where a workbook was added or removed."""
    return path.as_posix() == "/dev/null"


def _with_nothing(old: Path, new: Path) -> tuple[DecisionWorkbook, DecisionWorkbook]:
    """The one workbook there is, and one of the same settings with nothing in it."""
    from dataclasses import replace

    from referee.workbook import DataDictionary, read_workbook

    there = read_workbook(new if _is_nothing(old) else old)
    empty = replace(there, dictionary=DataDictionary(()), models=(), tables=())
    return (empty, there) if _is_nothing(old) else (there, empty)


def decision_text(decision: Decision) -> str:
    """``auto, pay`` or ``human, clerks``."""
    parts = [str(decision.route), decision.action, decision.queue]
    return ", ".join(part for part in parts if part)


def where_text(region: MeantRegion) -> str:
    """``amount: (50..60], country: "DE"``."""
    if region.said:
        return region.said
    return ", ".join(f"{name}: {cell}" for name, cell in region.where.items()) or "every case"


def values_text(values: Mapping[str, Any]) -> str:
    from referee.checks import literal_text

    return ", ".join(f"{name} = {literal_text(value)}" for name, value in values.items())


def _real_cases(
    old: DecisionWorkbook,
    new: DecisionWorkbook,
    models: Path,
    cases: Path | None,
    sheet: str,
    audit: Path | None,
) -> tuple[list[Moved] | None, list[str]]:
    """The cases with both decisions, None where none were given; and those that a log doesn't show."""
    from referee.cli.changed_meaning import moved_cases, recorded_cases
    from referee.workbook import read_cases

    if cases is None and audit is None:
        return None, []
    given: list[Any] = []
    hidden: list[str] = []
    if cases is not None:
        given += [(case, {}) for case in read_cases(cases, sheet, new.settings.case_id)]
    if audit is not None:
        recorded, hidden = recorded_cases(audit, new.settings.name, _used_facts(old) | _used_facts(new))
        given += recorded
    decided = moved_cases(old, new, models, given)
    return list(with_progress(decided, len(given), "deciding by both")), hidden


def _used_facts(workbook: DecisionWorkbook) -> set[str]:
    """Facts that some cell of the workbook may ask for, by its text."""
    texts = [
        cell.text
        for table in workbook.tables
        for cell in (
            *(clause.expression for clause in table.inputs),
            *(cell for rule in table.rules for cell in (*rule.inputs, *rule.outputs)),
        )
    ]
    return {name for name in workbook.dictionary.open_names if any(name in text for text in texts)}


def _going_elsewhere(moved: Sequence[Moved] | None) -> list[Moved]:
    return [each for each in moved or () if each.goes_elsewhere]


def _counts(moved: Sequence[Moved]) -> list[tuple[str, str, int]]:
    """How many cases go from where to where, the most first."""
    counted = Counter((decision_text(each.old), decision_text(each.new)) for each in _going_elsewhere(moved))
    return [(before, after, count) for (before, after), count in counted.most_common()]


def _print(
    old: Path,
    new: Path,
    changes: Sequence[Change],
    meant: Meaning,
    moved: Sequence[Moved] | None,
    hidden: Sequence[str],
) -> None:
    click.echo(f"{old} → {new}: {_many(len(changes), 'change')}")
    colours = {"added": "green", "removed": "red", "changed": "yellow", "moved": "cyan"}
    for change in changes:
        cell = getattr(change.place, "cell", "")
        place = f" ({cell})" if cell else ""
        click.echo(
            f"  {click.style(change.kind.ljust(8), fg=colours[change.kind])} {change.subject}{place}: {change.text}"
        )
    if not meant.regions and not meant.unproved:
        click.echo("what it means: proved, every case is decided as before")
    else:
        click.echo(f"what it means: {_many(len(meant.regions), 'region')} of cases decided differently")
    elsewhere = [each for each in meant.regions if each.example is None or each.example.goes_elsewhere]
    for region in elsewhere[:MOST_SHOWN]:
        moves = "" if region.example is None else f": {_change_text(region.example)}"
        click.echo(f"  {where_text(region)}{moves}")
        if region.values:
            click.echo(f"    case  {values_text(region.values)}")
    _print_rest(len(elsewhere), MOST_SHOWN)
    same = len(meant.regions) - len(elsewhere)
    if same:
        go = "goes where it" if same == 1 else "go where they"
        click.echo(f"  {_many(same, 'region')} {go} went, for another reason; --json and --html list them")
    for sentence in meant.unproved[:_MOST_UNPROVED]:
        click.echo(f"  {click.style('not proved', fg='yellow')}  {sentence}")
    _print_rest(len(meant.unproved), _MOST_UNPROVED)
    for sentence in meant.notes:
        click.echo(f"  {click.style('hint', fg='cyan')}  {sentence}")
    if moved is not None:
        _print_cases(moved, hidden)


def _print_cases(moved: Sequence[Moved], hidden: Sequence[str]) -> None:
    going = _going_elsewhere(moved)
    click.echo(f"real cases: {len(going)} of {len(moved)} go elsewhere")
    for before, after, count in _counts(moved):
        click.echo(f"  {count:>6}  {before} → {after}")
    for each in going[:MOST_SHOWN]:
        click.echo(f"  {each.case_id}: {_change_text(each)}")
    _print_rest(len(going), MOST_SHOWN)
    if hidden:
        click.echo(
            f"  {_many(len(hidden), 'case')} of the log left out: facts that the rules use stand there as hashes"
        )


def _print_rest(count: int, shown: int) -> None:
    if count > shown:
        click.echo(f"  and {count - shown} more; --json and --html list all")


def _change_text(moved: Moved) -> str:
    if moved.goes_elsewhere:
        return f"{decision_text(moved.old)} → {decision_text(moved.new)}"
    return f"{decision_text(moved.new)}, for another reason: {'; '.join(moved.new.reasons)}"


def _many(count: int, word: str) -> str:
    return f"{count or 'no'} {word}{'' if count == 1 else 's'}"


def _as_record(
    old: Path,
    new: Path,
    changes: Sequence[Change],
    meant: Meaning,
    moved: Sequence[Moved] | None,
    hidden: Sequence[str],
) -> dict[str, Any]:
    """The report for machines."""
    return {
        "old": str(old),
        "new": str(new),
        "changes": [
            {
                "kind": change.kind,
                "subject": change.subject,
                "text": change.text,
                "place": None if change.place is None else str(change.place),
            }
            for change in changes
        ],
        "regions": [
            {
                "where": region.where,
                "said": region.said,
                "case": region.values,
                "old": None if region.example is None else _decision_record(region.example.old),
                "new": None if region.example is None else _decision_record(region.example.new),
            }
            for region in meant.regions
        ],
        "unproved": meant.unproved,
        "notes": meant.notes,
        "cases": None
        if moved is None
        else {
            "decided": len(moved),
            "left_out": hidden,
            "moves": [
                {"old": before, "new": after, "cases": count} for before, after, count in _counts(moved)
            ],
            "moved": [
                {"case": each.case_id, "old": _decision_record(each.old), "new": _decision_record(each.new)}
                for each in _going_elsewhere(moved)
            ],
        },
    }


def _decision_record(decision: Decision) -> dict[str, Any]:
    return {
        "route": str(decision.route),
        "action": decision.action,
        "queue": decision.queue,
        "reasons": decision.reasons,
    }


def _write_html(
    path: Path,
    old: Path,
    new: Path,
    changes: Sequence[Change],
    meant: Meaning,
    moved: Sequence[Moved] | None,
    hidden: Sequence[str],
) -> None:
    from referee.cli.html_report import write_report

    going = _going_elsewhere(moved)
    figures = [
        (len(changes), "changes", ""),
        (len(meant.regions), "regions of cases decided differently", "bad" if meant.regions else "good"),
        (len(meant.unproved), "not proved", "bad" if meant.unproved else "good"),
    ]
    if moved is not None:
        figures.append((len(going), f"of {len(moved)} real cases go elsewhere", "bad" if going else "good"))
    write_report(
        path,
        f"{old.name} → {new.name}",
        "diff.html",
        figures=figures,
        changes=changes,
        meant=meant,
        moved=None if moved is None else going,
        counts=[] if moved is None else _counts(moved),
        hidden=hidden,
        where_text=where_text,
        values_text=values_text,
        decision_text=decision_text,
    )

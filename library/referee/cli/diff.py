"""``referee diff``: what changed between two workbooks, and what that means for cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from referee.cli.output import json_option, print_json, say, while_busy, with_progress
from referee.domain import InputError

if TYPE_CHECKING:
    from referee.cli.changed_meaning import Meaning, MeantRegion, Moved, Outcome
    from referee.cli.workbook_changes import Change
    from referee.workbook import DecisionWorkbook

MOST_SHOWN = 20
NOT_DECIDED = " (not decided, as an input is calculated)"
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

    DMN files (.dmn) are compared too, with each other or with a workbook as it would be exported: by the values of
    their decision tables.
    """
    from referee.checks import Budget
    from referee.cli.changed_dmn import dmn_changes, dmn_meaning, is_dmn, read_dmn
    from referee.cli.changed_meaning import Meaning, meaning
    from referee.cli.renamed_facts import renamed_facts
    from referee.cli.workbook_changes import workbook_changes
    from referee.workbook import read_workbook

    if sheet and cases is None:
        raise click.UsageError("--sheet names the sheet of the cases; give their file with --cases too")
    are_dmn = is_dmn(old) or is_dmn(new)
    if (cases is not None or audit is not None) and (are_dmn or _is_nothing(old) or _is_nothing(new)):
        raise click.UsageError("--cases and --audit need two workbooks to decide by")
    moved: list[Moved] | None = None
    hidden: list[str] = []
    if _is_nothing(old) or _is_nothing(new):
        if _is_nothing(old) and _is_nothing(new):
            raise click.UsageError("both are /dev/null; name at least one workbook")
        changes = _of_one(old, new)
        meant = Meaning((), ("there is only one version, so no case is decided by another",))
    elif are_dmn:
        models_compared = read_dmn(old), read_dmn(new)
        changes = dmn_changes(*models_compared)
        with while_busy("comparing all possible cases"):
            meant = dmn_meaning(*models_compared, Budget(budget))
    else:
        before, after = read_workbook(old), read_workbook(new)
        renamed = renamed_facts(before, after)
        changes = workbook_changes(before, after, renamed)
        with while_busy("comparing all possible cases"):
            meant = meaning(before, after, models, Budget(budget), renamed)
        moved, hidden = _real_cases(before, after, models, cases, sheet, audit, renamed)
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


def _of_one(old: Path, new: Path) -> list[Change]:
    """Everything there is in the one file, as added or removed."""
    from dataclasses import replace

    from referee.cli.changed_dmn import dmn_changes, is_dmn, read_dmn
    from referee.cli.workbook_changes import workbook_changes
    from referee.workbook import DataDictionary, read_workbook

    is_added = _is_nothing(old)
    path = new if is_added else old
    if is_dmn(path):
        model = read_dmn(path)
        no_model = replace(model, elements={}, tables={}, inputs={})
        return dmn_changes(no_model, model) if is_added else dmn_changes(model, no_model)
    there = read_workbook(path)
    empty = replace(there, dictionary=DataDictionary(()), models=(), tables=())
    return workbook_changes(empty, there) if is_added else workbook_changes(there, empty)


def where_text(region: MeantRegion) -> str:
    """``amount: (50..60], country: "DE"``."""
    of = f"{region.decision}, " if region.decision else ""
    return of + (
        region.said or ", ".join(f"{name}: {cell}" for name, cell in region.where.items()) or "every case"
    )


def summary(meant: Meaning) -> str:
    """``4 regions of cases decided differently``, or what else can be said of all cases."""
    if meant.elsewhere:
        return f"{_many(len(meant.elsewhere), 'region')} of cases decided differently"
    if meant.unproved:
        return "no case was found that is decided differently, but not all is proved"
    if meant.regions:
        return "proved, every case goes where it went"
    return "proved, every case is decided as before"


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
    renamed: Mapping[str, str],
) -> tuple[list[Moved] | None, list[str]]:
    """The cases with both decisions, None where none were given; and those that a log doesn't show."""
    from referee.cli.changed_meaning import moved_cases, recorded_cases
    from referee.engine.logged_facts import used_facts
    from referee.workbook import read_cases

    if cases is None and audit is None:
        return None, []
    given: list[Any] = []
    hidden: list[str] = []
    if cases is not None:
        case_id = new.settings.case_id
        try:
            read = read_cases(cases, sheet, case_id)
        except InputError:
            if renamed.get(old.settings.case_id) != case_id:
                raise
            read = read_cases(cases, sheet, old.settings.case_id)  # cases of the time before it was renamed
        given += [(case, {}) for case in read]
    if audit is not None:
        recorded, hidden = recorded_cases(audit, new.settings.name, used_facts(old) | used_facts(new))
        given += recorded
    decided = moved_cases(old, new, models, given, renamed)
    return list(with_progress(decided, len(given), "deciding by both")), hidden


def _going_elsewhere(moved: Sequence[Moved] | None) -> list[Moved]:
    return [each for each in moved or () if each.goes_elsewhere]


def _counts(moved: Sequence[Moved]) -> list[tuple[str, str, int]]:
    """How many cases go from where to where, the most first."""
    counted = Counter((each.old.text, each.new.text) for each in _going_elsewhere(moved))
    return [(before, after, count) for (before, after), count in counted.most_common()]


def _print(
    old: Path,
    new: Path,
    changes: Sequence[Change],
    meant: Meaning,
    moved: Sequence[Moved] | None,
    hidden: Sequence[str],
) -> None:
    say(f"{old} → {new}: {_many(len(changes), 'change')}")
    colours = {"added": "green", "removed": "red", "changed": "yellow", "moved": "cyan"}
    for change in changes:
        cell = getattr(change.place, "cell", "")
        place = f" ({cell})" if cell else ""
        kind = click.style(change.kind.ljust(8), fg=colours[change.kind])
        say(f"{kind} {change.subject}{place}: {change.text}", 2, 9)
    say(f"what it means: {summary(meant)}")
    for region in meant.elsewhere[:MOST_SHOWN]:
        _print_region(region)
    _print_rest(len(meant.elsewhere), MOST_SHOWN)
    if meant.for_other_reasons:
        regions = _many(len(meant.for_other_reasons), "region")
        say(f"same {_same(meant)}, other reason: {regions}; --json and --html list them")
    for sentence in meant.unproved[:_MOST_UNPROVED]:
        say(f"{click.style('not proved', fg='yellow')}  {sentence}", 2)
    _print_rest(len(meant.unproved), _MOST_UNPROVED)
    for sentence in meant.notes:
        say(f"{click.style('hint', fg='cyan')}  {sentence}", 2)
    if moved is not None:
        _print_cases(moved, hidden)


def _print_region(region: MeantRegion) -> None:
    say(where_text(region), 2)
    if region.example:
        say(f"{'gives' if region.decision else 'goes'}  {_change_text(region.example)}", 4, 6)
    if region.note:
        say(f"note  {region.note}", 4, 6)
    if region.values:
        say(f"case  {values_text(region.values)}{'' if region.example else NOT_DECIDED}", 4, 6)


def _same(meant: Meaning) -> str:
    return "value" if any(region.decision for region in meant.regions) else "route"


def _print_cases(moved: Sequence[Moved], hidden: Sequence[str]) -> None:
    going = _going_elsewhere(moved)
    click.echo(f"real cases: {len(going)} of {len(moved)} go elsewhere")
    for before, after, count in _counts(moved):
        click.echo(f"  {count:>6}  {before} → {after}")
    for each in going[:MOST_SHOWN]:
        say(f"{each.case_id}: {_change_text(each)}", 2)
    _print_rest(len(going), MOST_SHOWN)
    if hidden:
        click.echo(
            f"  {_many(len(hidden), 'case')} of the log left out: facts that the rules use can't be read there"
        )


def _print_rest(count: int, shown: int) -> None:
    if count > shown:
        click.echo(f"  and {count - shown} more; --json and --html list all")


def _change_text(moved: Moved) -> str:
    """``auto, pay → human, clerks``; of values with several outputs those that differ."""
    from referee.checks import literal_text

    old, new = moved.old.value, moved.new.value
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return f"{moved.old.text} → {moved.new.text}"
    names = [name for name in dict.fromkeys((*old, *new)) if old.get(name) != new.get(name)]
    return "; ".join(
        f"{name} {literal_text(old.get(name))} → {literal_text(new.get(name))}" for name in names
    )


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
                "decision": region.decision,
                "case": region.values,
                "old": None if region.example is None else _outcome_record(region.example.old),
                "new": None if region.example is None else _outcome_record(region.example.new),
                "goes_elsewhere": None if region.example is None else region.example.goes_elsewhere,
                "note": region.note,
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
                {"case": each.case_id, "old": _outcome_record(each.old), "new": _outcome_record(each.new)}
                for each in _going_elsewhere(moved)
            ],
        },
    }


def _outcome_record(outcome: Outcome) -> dict[str, Any]:
    if not outcome.route:
        return {"value": outcome.value, "in_doubt": outcome.is_doubt, "reasons": outcome.reasons}
    return {
        "route": outcome.route,
        "action": outcome.action,
        "queue": outcome.queue,
        "reasons": outcome.reasons,
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
        (len(meant.elsewhere), "regions of cases decided differently", "bad" if meant.elsewhere else "good"),
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
        decided=len(moved or ()),
        counts=[] if moved is None else _counts(moved),
        hidden=hidden,
        summary=summary(meant),
        same=_same(meant),
        not_decided=NOT_DECIDED,
        where_text=where_text,
        values_text=values_text,
    )

"""``referee replay``: decide the cases of an audit log again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from referee.cli.audit_options import Moment, audit_option
from referee.cli.output import json_option, print_json, progress_of_bytes, say
from referee.domain import InputError

if TYPE_CHECKING:
    from referee.engine import Difference, Replay

MOST_SHOWN = 20
DECISION_TABLES = Path("decision_tables")


@click.command(
    epilog="""Example:

    referee replay --audit output/audit --from 2026-03"""
)
@audit_option
@click.option("--workbook", type=click.Path(path_type=Path), help="Decide by this workbook instead.")
@click.option(
    "--versions",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Where the workbooks of then are: files or folders, in git perhaps.  [default: decision_tables]",
)
@click.option(
    "--models",
    multiple=True,
    default=("models",),
    type=click.Path(path_type=Path),
    show_default=True,
    help="Where the models of then are; may be given several times. With --workbook the first counts.",
)
@click.option("--keys", type=click.Path(path_type=Path), help="The keys folder, if it isn't beside the log.")
@click.option("--case", default="", help="Only this case.")
@click.option("--from", "start", default="", type=Moment(), help="Not before this day, month or time (UTC).")
@click.option(
    "--to", "end", default="", type=Moment(is_end=True), help="Up to this day or month, or before this time."
)
@click.option(
    "--limit", default=0, type=click.IntRange(min=0), help="End after so many decisions; 0 takes all."
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Write the differences to a file: .xlsx or .html."
)
@click.option(
    "--allow-missing",
    is_flag=True,
    help="End with 0 though versions, models or keys of some decisions are missing.",
)
@json_option
@click.pass_context
def replay(
    context: click.Context,
    folder: Path,
    workbook: Path | None,
    versions: tuple[Path, ...],
    models: tuple[Path, ...],
    keys: Path | None,
    case: str,
    start: str,
    end: str,
    limit: int,
    out: Path | None,
    allow_missing: bool,
    as_json: bool,
) -> None:
    """Decide the cases of an audit log again, and compare.

    Each is decided by the very workbook and models that decided it, found by their hashes; whatever comes out otherwise
    is a fault. With --workbook all are decided by that one, and the differences are what it would change.

    Cases whose facts the log hides can't be decided again unless they are encrypted and the keys are there. They are
    counted, and so is what was decided by a version that isn't found. Ends with 0 when all that was decided again is
    equal, 1 when anything differs or is missing that would prove more (see --allow-missing), and 2 when nothing could
    be decided again.
    """
    from referee.engine.replaying import replay as replayed

    if workbook is not None and versions:
        raise click.UsageError(
            "--workbook decides by one workbook, --versions by those of then; give one of them"
        )
    if out is not None and out.suffix.casefold() not in (".xlsx", ".html"):
        raise click.UsageError(f"--out {out}: end the name with .xlsx or .html")
    if workbook is None and not versions and DECISION_TABLES.is_dir():
        versions = (DECISION_TABLES,)
    with progress_of_bytes("deciding again") as progress:
        found = replayed(
            folder,
            versions=versions,
            workbook=workbook,
            models=models,
            keys=keys,
            case=case,
            start=start,
            end=end,
            limit=limit,
            progress=progress,
        )
    if not found.replayed and not found.not_replayed:
        raise InputError(f"the log in {folder} holds no such decision; look at --case, --from and --to")
    if out is not None:
        _write(out, found, folder, workbook)
    if as_json:
        print_json(_as_record(found))
    else:
        _print(found, folder, workbook, out)
    is_lacking = bool(found.missing) and not allow_missing
    context.exit(1 if found.different else 2 if not found.replayed else int(is_lacking))


def _print(found: Replay, folder: Path, workbook: Path | None, out: Path | None) -> None:
    say(f"{folder}, decided again{f' by {workbook}' if workbook else ''}: {summary(found)}")
    if found.as_recorded:
        say(
            f"{found.as_recorded} of the equal ones with doubts about how the case came, taken from the record",
            2,
        )
    if found.unread:
        say(
            f"{found.unread} of the equal ones with facts that can't be read in the log, and that no rule uses",
            2,
        )
    for reason, count in found.not_replayed.most_common():
        say(f"{click.style('not decided again', fg='yellow')}  {count}: {reason}", 2, 9)
    if found.missing:
        say(
            f"{click.style('nothing is proved', fg='yellow')} about {found.missing} of them until versions, models and "
            "keys of then are found (--versions, --models, --keys): a forged record looks the same; --allow-missing "
            "accepts that",
            2,
            9,
        )
    if found.others:
        say(f"{found.others} of other decisions were left out", 2)
    for case_id, told in found.erased.items():
        say(f"{case_id} was {told}", 2)
    if found.moves:
        click.echo(f"going elsewhere: {found.elsewhere}")
        for (went, goes), count in found.moves.most_common():
            click.echo(f"  {count:>6}  {went} → {goes}")
        click.echo("by the rule that fires now")
        for rule, count in found.by_rule.most_common(MOST_SHOWN):
            click.echo(f"  {count:>6}  {rule}")
    for each in found.differences[:MOST_SHOWN]:
        say(f"{each.case_id} (record {each.position}): {difference_text(each)}", 2)
    if found.different > MOST_SHOWN:
        click.echo(f"  and {found.different - MOST_SHOWN} more; --json and --out list them")
    if out is not None:
        click.echo(f"  written to {out}")


def summary(found: Replay) -> str:
    """``120 equal, 3 different (1 goes elsewhere), 7 not decided again``."""
    elsewhere = f" ({found.elsewhere} go elsewhere)" if found.different else ""
    left = sum(found.not_replayed.values())
    return f"{found.equal} equal, {found.different} different{elsewhere}, {left} not decided again"


def difference_text(each: Difference) -> str:
    """``auto, pay → human, clerks; also rules, reasons``."""
    if each.goes_elsewhere:
        others = [part for part in each.logged if part not in ("route", "action", "queue")]
        return f"{each.went} → {each.goes}" + (f"; also {', '.join(others)}" if others else "")
    return f"{each.went}, with other {', '.join(each.logged)}"


def _as_record(found: Replay) -> dict[str, Any]:
    return {
        "equal": found.equal,
        "as_recorded": found.as_recorded,
        "unread": found.unread,
        "different": found.different,
        "elsewhere": found.elsewhere,
        "others": found.others,
        "not_replayed": dict(found.not_replayed),
        "missing": found.missing,
        "erased": found.erased,
        "moves": [
            {"from": went, "to": goes, "cases": count} for (went, goes), count in found.moves.most_common()
        ],
        "by_rule": [{"rule": rule, "cases": count} for rule, count in found.by_rule.most_common()],
        "differences": [
            {
                "position": each.position,
                "time": each.time,
                "case": each.case_id,
                "decision": each.decision,
                "logged": each.logged,
                "now": each.now,
            }
            for each in found.differences
        ],
    }


def _write(path: Path, found: Replay, folder: Path, workbook: Path | None) -> None:
    title = f"{folder}, decided again{f' by {workbook.name}' if workbook else ''}"
    columns = ("record", "time (UTC)", "case", "decision", "was", "is now", "differs in", "rules now")
    rows = [
        (
            each.position,
            each.time[:19],
            each.case_id,
            each.decision,
            each.went,
            each.goes,
            ", ".join(each.logged),
            "\n".join(each.rules),
        )
        for each in found.differences
    ]
    if path.suffix.casefold() == ".xlsx":
        from referee.workbook import write_table

        write_table(path, columns, rows, sheet="differences", title=f"{title}: {summary(found)}")
        return
    from referee.cli.html_report import write_report

    write_report(
        path,
        title,
        "replay.html",
        figures=[
            (found.equal, "equal", "good" if found.equal else ""),
            (found.different, "different", "bad" if found.different else "good"),
            (found.elsewhere, "go elsewhere", "bad" if found.elsewhere else "good"),
            (sum(found.not_replayed.values()), "not decided again", "bad" if found.not_replayed else "good"),
        ],
        found=found,
        moves=[(went, goes, count) for (went, goes), count in found.moves.most_common()],
        by_rule=found.by_rule.most_common(),
        not_replayed=found.not_replayed.most_common(),
        columns=columns,
        rows=rows,
    )

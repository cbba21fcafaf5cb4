"""``referee train``: from past cases to a model folder with a card and a report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from referee.cli.output import json_option, print_json, progress_of_steps, with_progress
from referee.cli.past_cases import declared_facts, facts_of_model, open_workbook, read_past_cases
from referee.domain import Case, InputError

if TYPE_CHECKING:
    from referee.scoring.card import Card
    from referee.scoring.leaks import Suspicion
    from referee.scoring.operating_points import Goal
    from referee.scoring.past_cases import PastCases

PROMISES = (0.02, 0.05, 0.1)
"""Shares of wrong automatic decisions that are promised where nobody says otherwise."""

LIMITS_OF_USE = (
    "For cases like the past ones it has learnt from. It repeats what was decided then, with the prejudices that may "
    "hold; its author has said nothing more."
)


@click.command(
    epilog="""Example:

    referee train applications.csv --target denied --name loan_denial --workbook decision_tables/loans.xlsx
    --positive no --at-most 0.05 --report loan_denial.html"""
)
@click.argument("cases", type=click.Path(path_type=Path))
@click.option("--target", required=True, help="The column that tells how each case ended.")
@click.option("--name", required=True, help="The name of the model, which is that of its folder.")
@click.option(
    "--version", "model_version", default="1.0.0", show_default=True, help="The version of the model."
)
@click.option("--sheet", default="", help="The sheet with the cases; the first one if not given.")
@click.option(
    "--workbook",
    type=click.Path(path_type=Path),
    help="Its data dictionary describes the columns.",
)
@click.option(
    "--positive",
    default="",
    help="The label that is decided automatically; else the likeliest.",
)
@click.option(
    "--protected", multiple=True, help="A column kept out of the features and used for parity alone."
)
@click.option("--drop", multiple=True, help="A column to leave out.")
@click.option(
    "--time",
    "time_column",
    default="",
    help="The column that tells when: later cases judge.",
)
@click.option("--known-afterwards", multiple=True, help="A column that is known only after the decision.")
@click.option(
    "--allow-leak",
    multiple=True,
    help="A column to learn from all the same.",
)
@click.option(
    "--at-most", multiple=True, type=float, help="A share of wrong automatic decisions to promise: 0.08."
)
@click.option("--cost-wrong", type=float, help="What a wrong automatic decision costs.")
@click.option("--cost-review", type=float, help="What a review by a person costs.")
@click.option("--confidence", default=0.95, show_default=True, help="The confidence of the promises.")
@click.option(
    "--held-out",
    default=None,
    type=float,
    help="The share of the cases to judge by.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="The folder of the model; models/NAME if not given."
)
@click.option("--report", type=click.Path(path_type=Path), help="A page for the meeting: one HTML file.")
@click.option("--author", default="", help="Who trains the model; the user of this machine if not given.")
@click.option("--limits", default=LIMITS_OF_USE, help="What the model must not be used for, for the card.")
@click.option("--seed", default=0, show_default=True, help="Another number divides the cases in another way.")
@json_option
def train(
    cases: Path,
    target: str,
    name: str,
    model_version: str,
    sheet: str,
    workbook: Path | None,
    positive: str,
    protected: Sequence[str],
    drop: Sequence[str],
    time_column: str,
    known_afterwards: Sequence[str],
    allow_leak: Sequence[str],
    at_most: Sequence[float],
    cost_wrong: float | None,
    cost_review: float | None,
    confidence: float,
    held_out: float | None,
    out: Path | None,
    report: Path | None,
    author: str,
    limits: str,
    seed: int,
    as_json: bool,
) -> None:
    """Train a classifier on past CASES, and write its model folder with a card.

    Each row is a case that is over, and --target names the column that says how it ended. The cases are divided: some
    teach, the others, unseen by the model, judge it and choose the thresholds. Columns that can't be learnt from, and
    those that look like leaks, stop it and are all named; nothing is written then. The same cases and --seed give the
    same model.
    """
    goals = goals_of(at_most, cost_wrong, cost_review, positive, confidence)
    folder = out if out is not None else Path("models") / name
    _check_places(folder, name, report, cases)
    from referee.scoring.past_cases import Request, prepare
    from referee.scoring.split import HELD_OUT_SHARE

    share = HELD_OUT_SHARE if held_out is None else held_out
    if not 0.1 <= share <= 0.9:
        raise click.UsageError(f"--held-out {share:g}: give a share from 0.1 to 0.9")
    decisions = open_workbook(workbook)

    def watched(rows: Iterable[Case], total: int) -> Iterable[Case]:
        return with_progress(rows, total, "reading")

    rows, faults = read_past_cases(cases, sheet, decisions, watched)
    request = Request(
        target=target,
        positive=positive,
        protected=protected,
        drop=drop,
        time=time_column,
        case_id=decisions.settings.case_id if decisions is not None else "",
        allowed=allow_leak,
        declared=declared_facts(decisions),
        only=facts_of_model(decisions, name),
    )
    prepared = prepare(rows, request, faults)
    card = _trained(
        prepared,
        goals,
        name=name,
        version=model_version,
        source=f"{cases.name}, {len(rows):,} cases",
        folder=folder,
        author=author or _user(),
        limits=limits,
        share=share,
        seed=seed,
        time_column=time_column,
        known_afterwards=known_afterwards,
        allowed=allow_leak,
    )
    if report is not None:
        from referee.cli.model_report import write_model_report

        write_model_report(report, card)
    if as_json:
        print_json(as_record(card, folder, report))
    else:
        tell(card, folder, report)


def goals_of(
    at_most: Sequence[float],
    cost_wrong: float | None,
    cost_review: float | None,
    label: str,
    confidence: float,
) -> list[Goal]:
    """The promises that are asked for. Raises ``InputError`` or a usage error."""
    from referee.scoring.operating_points import Goal

    if (cost_wrong is None) != (cost_review is None):
        raise click.UsageError("--cost-wrong and --cost-review belong together; give both")
    goals = [Goal(share, label, confidence) for share in at_most]
    if cost_wrong is not None and cost_review is not None:
        goals.append(Goal.of_costs(cost_wrong, cost_review, label, confidence))
    return goals or [Goal(share, label, confidence) for share in PROMISES]


def tell(card: Card, folder: Path, report: Path | None) -> None:
    """The model in a few lines on the terminal."""
    seen = card.held_out
    click.echo(f"{card.name} {card.version}: {card.classifier}")
    click.echo(f"  learnt from  {card.training.rows} cases, {len(card.features)} features")
    click.echo(
        f"  judged by    {seen.rows} unseen cases: AUC {seen.auc:.3f}, log loss {seen.log_loss:.3f}, "
        f"Brier {seen.brier or 0:.3f}, calibration error {seen.ece or 0:.3f}, {seen.refused} refused"
    )
    for point in card.operating_points:
        subject = f"`{point.label}`: " if point.label else ""
        click.echo(f"  promise      {subject}{point.promise()}")
        click.echo(f"               {point.told()}")
        if point.cost is not None and point.costs is not None:
            click.echo(
                f"               a case costs {point.cost.mean:.4g}, at most {point.cost.bound:.4g}; "
                f"with people deciding all {point.costs.review:.4g}"
            )
    for proxy in card.proxies:
        alone = ", ".join(f"`{name}` {auc:.2f}" for name, auc in proxy.alone.items())
        click.echo(
            f"  protected    `{proxy.attribute}` can be told from the features with AUC {proxy.auc:.2f}"
            + (f"; alone {alone}" if alone else "")
        )
    for finding in card.findings:
        subject = f"`{finding.column}` " if finding.column else ""
        click.echo(f"  {finding.status:<11}  {subject}{finding.kind}: {finding.evidence}")
    for column, reason in card.left_out.items():
        click.echo(f"  left out     `{column}`: {reason}")
    click.echo(f"  model        {folder}: read its card, then `referee model approve {folder}`")
    if report is not None:
        click.echo(f"  report       {report}")


def as_record(card: Card, folder: Path, report: Path | None) -> dict[str, Any]:
    """The model for machines: the card, and where things are."""
    from decimal import Decimal

    def exact(value: Any) -> Any:
        match value:
            case bool():
                return value
            case float():
                return Decimal(repr(value))
            case dict():
                return {key: exact(each) for key, each in value.items()}
            case list():
                return [exact(each) for each in value]
            case _:
                return value

    return {
        "model": str(folder),
        "report": None if report is None else str(report),
        "card": exact(card.model_dump(mode="json")),
    }


def _trained(
    prepared: PastCases,
    goals: Sequence[Goal],
    *,
    name: str,
    version: str,
    source: str,
    folder: Path,
    author: str,
    limits: str,
    share: float,
    seed: int,
    time_column: str,
    known_afterwards: Sequence[str],
    allowed: Sequence[str],
) -> Card:
    from referee.scoring.candidates import CANDIDATES
    from referee.scoring.leaks import find_drift, find_duplicates, find_leaks
    from referee.scoring.split import split_by_time, stratified_split
    from referee.scoring.training import FeatureSpec
    from referee.scoring.training import train as trained

    truths = [case[prepared.target] for case in prepared.cases]
    if time_column:
        learnt, unseen = split_by_time(prepared.times, share)
        rule = f"by `{time_column}`: the latest {share:.0%} are held out"
    else:
        learnt, unseen = stratified_split(truths, share, seed)
        rule = f"{share:.0%} of each label are held out, drawn with seed {seed}"
    teaching = [prepared.cases[at] for at in learnt]
    judging = [prepared.cases[at] for at in unseen]
    _require_labels(prepared, teaching, judging)
    with progress_of_steps("looking for leaks", len(CANDIDATES) + 3) as done:
        suspicions = [
            *find_leaks(teaching, prepared.columns, prepared.target, prepared.labels, known_afterwards),
            *find_duplicates(teaching, judging, prepared.columns, prepared.target),
            *find_drift(
                [truths[at] for at in (*learnt, *unseen)] if time_column else truths,
                "time" if time_column else "the file",
            ),
        ]
        findings = _judged(suspicions, allowed, prepared, known_afterwards)
        done("leaks")
        gaps = {
            column.name: any(case[column.name] is None for case in teaching) for column in prepared.columns
        }
        return trained(
            teaching,
            holdout=judging,
            name=name,
            version=version,
            target=prepared.target,
            labels=dict.fromkeys(prepared.labels, ""),
            features=[
                FeatureSpec(
                    column.name,
                    column.type,
                    missing="impute" if gaps[column.name] else "refuse",
                    description=column.description,
                )
                for column in prepared.columns
            ],
            models_folder=folder.parent,
            author=author,
            date=datetime.now(UTC).date().isoformat(),
            source=source,
            split_rule=rule,
            limits_of_use=limits,
            protected=prepared.protected,
            goals=goals,
            by_time=bool(time_column),
            seed=seed,
            findings=findings,
            left_out=prepared.left_out,
            done=done,
        )


def _judged(
    suspicions: Sequence[Suspicion],
    allowed: Sequence[str],
    prepared: PastCases,
    known_afterwards: Sequence[str],
) -> list[Any]:
    """The findings for the card. Raises ``InputError`` that names each leak nobody allowed."""
    from referee.scoring.card import Finding
    from referee.scoring.past_cases import refuse, shell_word

    leaks = [each for each in suspicions if each.is_leak and (each.column or each.kind) not in allowed]
    drops = " ".join(f"--drop {shell_word(each.column)}" for each in leaks if each.column)
    allows = " ".join(f"--allow-leak {shell_word(each.column or each.kind)}" for each in leaks)
    out = f"leave them out: {drops}" if drops else "leave them out"
    advice = f"{out}; where all is known, as it stands here, before the decision: {allows}"
    refuse("what looks like a leak stops the training", [str(each) for each in leaks], advice)
    known = {column.name for column in prepared.columns}
    strangers = [name for name in known_afterwards if name not in known and name not in prepared.left_out]
    refuse("--known-afterwards", [f"there is no column `{name}`" for name in strangers])
    return [
        Finding(
            column=each.column,
            kind=each.kind,
            evidence=each.evidence,
            status="allowed" if each.is_leak else "note",
        )
        for each in suspicions
    ]


def _require_labels(prepared: PastCases, teaching: Sequence[Any], judging: Sequence[Any]) -> None:
    """By time a label may be all on one side."""
    from referee.scoring.past_cases import refuse

    faults = []
    for label in prepared.labels:
        parts = ((teaching, "earlier cases to learn from", 5), (judging, "later cases to judge by", 1))
        for part, what, least in parts:
            count = sum(case[prepared.target] == label for case in part)
            if count < least:
                faults.append(f"label `{label}` has {count} of the {len(part)} {what}; {least} are needed")
    refuse("the cases can't be divided by time", faults)


def _check_places(folder: Path, name: str, report: Path | None, cases: Path) -> None:
    if folder.name != name:
        raise click.UsageError(
            f"--out {folder}: the folder of a model has the name of the model; end it with {name}"
        )
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; name a folder for the model")
    if report is not None and report.suffix.casefold() not in {".html", ".htm"}:
        raise click.UsageError(f"--report {report}: the report is a page; end the name with .html")
    if report is not None and not report.resolve().parent.is_dir():
        raise InputError(f"the folder of the report {report} doesn't exist; make it, or name another")


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may have a user without a name
        return "unknown"

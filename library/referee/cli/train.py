"""``referee train``: from past cases to a model folder with a card and a report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from referee.cli.model_making import Making, making_options
from referee.cli.output import progress_of_steps
from referee.cli.past_cases import facts_of_model

if TYPE_CHECKING:
    from referee.scoring.card import Card
    from referee.scoring.operating_points import Goal
    from referee.scoring.past_cases import PastCases


@click.command(
    epilog="""Example:

    referee train applications.csv --target denied --name loan_denial --workbook decision_tables/loans.xlsx
    --positive no --at-most 0.05 --report loan_denial.html"""
)
@click.argument("cases", type=click.Path(path_type=Path))
@click.option("--drop", multiple=True, help="A column to leave out.")
@click.option("--time", "time_column", default="", help="The column that tells when: later cases judge.")
@click.option("--known-afterwards", multiple=True, help="A column that is known only after the decision.")
@click.option("--allow-leak", multiple=True, help="A column to learn from though it looks like a leak.")
@click.option("--held-out", type=float, help="The share of the cases to judge by; 0.6 if not given.")
@making_options
def train(
    cases: Path,
    making: Making,
    drop: tuple[str, ...],
    time_column: str,
    known_afterwards: tuple[str, ...],
    allow_leak: tuple[str, ...],
    held_out: float | None,
) -> None:
    """Train a classifier on past CASES, and write its model folder with a card.

    Each row is a case that is over, and --target names the column that says how it ended. The cases are divided: some
    teach, the others, unseen by the model, judge it and choose the thresholds. Columns that can't be learnt from, and
    those that look like leaks, stop it and are all named; nothing is written then. The same cases and --seed give the
    same model.
    """
    from referee.scoring.split import HELD_OUT_SHARE

    making.goals()
    making.check_places()
    share = HELD_OUT_SHARE if held_out is None else held_out
    if not 0.1 <= share <= 0.9:
        raise click.UsageError(f"--held-out {share:g}: give a share from 0.1 to 0.9")
    prepared = making.prepared(
        cases,
        lambda workbook: facts_of_model(workbook, making.name),
        drop=drop,
        time=time_column,
        allowed=allow_leak,
        known_afterwards=known_afterwards,
    )
    card = _trained(
        prepared,
        making.goals(prepared.positive),
        making,
        cases,
        share,
        time_column,
        known_afterwards,
        allow_leak,
    )
    making.tell(card)


def _trained(
    prepared: PastCases,
    goals: Sequence[Goal],
    making: Making,
    path: Path,
    share: float,
    time_column: str,
    known_afterwards: Sequence[str],
    allowed: Sequence[str],
) -> Card:
    from referee.scoring.candidates import CANDIDATES
    from referee.scoring.duplicates_and_drift import find_drift, find_duplicates, without_copies
    from referee.scoring.leaks import find_leaks, judged_findings
    from referee.scoring.split import split_by_time, stratified_split
    from referee.scoring.training import FeatureSpec
    from referee.scoring.training import train as trained

    truths = [case[prepared.target] for case in prepared.cases]
    if time_column:
        learnt, unseen = split_by_time(prepared.times, share)
        rule = f"by `{time_column}`: the latest {share:.0%} are held out"
    else:
        learnt, unseen = stratified_split(truths, share, making.seed)
        rule = f"{share:.0%} of each label are held out, drawn with seed {making.seed}"
    teaching = [prepared.cases[at] for at in learnt]
    judging = [prepared.cases[at] for at in unseen]
    _require_labels(prepared, teaching, judging)
    with progress_of_steps("looking for leaks", len(CANDIDATES) + 3) as done:
        copies = find_duplicates(teaching, judging, prepared.columns, prepared.target)
        looked_at: Sequence[Any] = prepared.cases
        if any(each.is_leak for each in copies):
            looked_at = without_copies(prepared.cases, prepared.columns, prepared.target)
        suspicions = [
            *find_leaks(
                looked_at, prepared.columns, prepared.target, list(prepared.labels), known_afterwards
            ),
            *copies,
            *find_drift(
                [truths[at] for at in (*learnt, *unseen)] if time_column else truths,
                "time" if time_column else "the file",
            ),
        ]
        findings = judged_findings(suspicions, allowed)
        done("leaks")
        gaps = {
            column.name: any(case[column.name] is None for case in teaching) for column in prepared.columns
        }
        return trained(
            teaching,
            holdout=judging,
            name=making.name,
            target=prepared.target,
            labels=prepared.labels,
            features=[
                FeatureSpec(
                    column.name,
                    column.type,
                    missing="impute" if gaps[column.name] else "refuse",
                    description=column.description,
                    unit=column.unit,
                    source=column.source,
                )
                for column in prepared.columns
            ],
            models_folder=making.folder.parent,
            source=f"{path.name}, {len(prepared.cases):,} cases",
            split_rule=rule,
            protected=prepared.protected,
            goals=goals,
            by_time=bool(time_column),
            seed=making.seed,
            findings=findings,
            allowed=allowed,
            left_out=prepared.left_out,
            done=done,
            **making.signed,
        )


def _require_labels(prepared: PastCases, teaching: Sequence[Any], judging: Sequence[Any]) -> None:
    """By time a label may be all on one side, and of few cases a small share holds too few."""
    from referee.scoring.refusal import refuse
    from referee.scoring.training_rows import FEWEST_TO_LEARN_FROM

    faults = []
    for label in prepared.labels:
        parts = ((teaching, "cases to learn from", FEWEST_TO_LEARN_FROM), (judging, "cases to judge by", 1))
        for part, what, least in parts:
            count = sum(case[prepared.target] == label for case in part)
            if count < least:
                faults.append(f"label `{label}` has {count} of the {len(part)} {what}; {least} are needed")
    refuse("the cases can't be divided so", faults)

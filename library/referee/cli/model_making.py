"""What `referee train` and `referee model add` share: their options, and how they tell what came out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict

import click

from referee.cli.output import print_json, with_progress
from referee.cli.past_cases import declared_facts, open_workbook, read_past_cases
from referee.domain import Case, InputError

if TYPE_CHECKING:
    from referee.scoring.card import Card
    from referee.scoring.operating_points import Goal
    from referee.scoring.past_cases import PastCases
    from referee.workbook import DecisionWorkbook

PROMISES = (0.02, 0.05, 0.1)
"""Shares of wrong automatic decisions that are promised where nobody says otherwise."""

LIMITS_OF_USE = (
    "For cases like the past ones it was judged by. It repeats what was decided then, with the prejudices that may "
    "hold; its author has said nothing more."
)


class Signed(TypedDict):
    """What a card says of who made the model, and when."""

    version: str
    author: str
    date: str
    limits_of_use: str
    model_format: Literal["joblib", "skops"]


@dataclass(frozen=True, slots=True)
class Making:
    """The options of a command that makes a model folder."""

    target: str
    name: str
    model_version: str
    sheet: str
    workbook: Path | None
    positive: str
    protected: tuple[str, ...]
    at_most: tuple[float, ...]
    cost_wrong: float | None
    cost_review: float | None
    confidence: float
    out: Path | None
    report: Path | None
    author: str
    limits: str
    meaning: tuple[str, ...]
    unit: tuple[str, ...]
    model_format: Literal["joblib", "skops"]
    seed: int
    as_json: bool

    @property
    def folder(self) -> Path:
        """The folder of the model."""
        return self.out if self.out is not None else Path("models") / self.name

    @property
    def signed(self) -> Signed:
        """What the card says of who made it and when."""
        return {
            "version": self.model_version,
            "author": self.author or _user(),
            "date": datetime.now(UTC).date().isoformat(),
            "limits_of_use": self.limits,
            "model_format": self.model_format,
        }

    def goals(self, positive: str = "") -> list[Goal]:
        """The promises that are asked for, of the label as cases have it. Raises ``InputError`` or a usage error."""
        from referee.scoring.operating_points import Goal

        if (self.cost_wrong is None) != (self.cost_review is None):
            raise click.UsageError("--cost-wrong and --cost-review belong together; give both")
        goals = [Goal(share, positive or self.positive, self.confidence) for share in self.at_most]
        if self.cost_wrong is not None and self.cost_review is not None:
            goals.append(
                Goal.of_costs(self.cost_wrong, self.cost_review, positive or self.positive, self.confidence)
            )
        return goals or [Goal(share, positive or self.positive, self.confidence) for share in PROMISES]

    def check_places(self) -> None:
        """That model and report can be written where they are to go, before any work."""
        from referee.scoring.approval import APPROVAL_FILE

        folder, report = self.folder, self.report
        if folder.name != self.name:
            raise click.UsageError(
                f"--out {folder}: the folder of a model has the name of the model; end it with {self.name}"
            )
        if folder.exists() and not folder.is_dir():
            raise InputError(f"{folder} is a file; name a folder for the model")
        if (folder / APPROVAL_FILE).exists():
            raise InputError(
                f"{folder} holds an approved model, which bots may use; move it away, or name another folder with --out"
            )
        if report is not None and report.suffix.casefold() not in {".html", ".htm"}:
            raise click.UsageError(f"--report {report}: the report is a page; end the name with .html")
        if report is not None and not report.resolve().parent.is_dir():
            raise InputError(f"the folder of the report {report} doesn't exist; make it, or name another")

    def prepared(
        self, cases: Path, facts: Callable[[DecisionWorkbook | None], Sequence[str]], **asked: Any
    ) -> PastCases:
        """The cases of the file, ready to learn from or to judge by. ``facts`` are the features, if it gives any."""
        from referee.scoring.past_cases import Request, prepare

        decisions = open_workbook(self.workbook)

        def watched(rows: Iterable[Case], total: int) -> Iterable[Case]:
            return with_progress(rows, total, "reading")

        rows, faults = read_past_cases(cases, self.sheet, decisions, watched)
        request = Request(
            target=self.target,
            positive=self.positive,
            protected=self.protected,
            case_id=decisions.settings.case_id if decisions is not None else "",
            declared=declared_facts(decisions),
            only=facts(decisions),
            meanings=_pairs("--meaning", self.meaning, "yes='was denied'"),
            units=_pairs("--unit", self.unit, "amount=EUR"),
            **asked,
        )
        return prepare(rows, request, faults)

    def tell(self, card: Card) -> None:
        """Writes the report, and tells what came out, for people or machines."""
        if self.report is not None:
            from referee.cli.model_report import write_model_report

            write_model_report(self.report, card)
        if self.as_json:
            print_json(as_record(card, self.folder, self.report))
        else:
            _tell(card, self.folder, self.report)


def making_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of ``Making``, which the command gets as its ``making``."""

    @wraps(command)
    def called(**given: Any) -> None:
        own = {field.name: given.pop(field.name) for field in fields(Making)}
        command(making=Making(**own), **given)

    for option in reversed(_OPTIONS):
        called = option(called)
    return called


_OPTIONS = (
    click.option("--target", required=True, help="The column that tells how each case ended."),
    click.option("--name", required=True, help="The name of the model, which is that of its folder."),
    click.option("--version", "model_version", default="1.0.0", show_default=True, help="Its version."),
    click.option("--sheet", default="", help="The sheet with the cases; the first one if not given."),
    click.option(
        "--workbook", type=click.Path(path_type=Path), help="Its data dictionary describes the columns."
    ),
    click.option(
        "--positive", default="", help="The label that is decided automatically; else the likeliest."
    ),
    click.option("--protected", multiple=True, help="A column kept out of the features, for parity alone."),
    click.option("--at-most", multiple=True, type=float, help="A share of wrong decisions to promise: 0.08."),
    click.option("--cost-wrong", type=float, help="What a wrong automatic decision costs."),
    click.option("--cost-review", type=float, help="What a review by a person costs."),
    click.option("--confidence", default=0.95, show_default=True, help="The confidence of the promises."),
    click.option(
        "--out", type=click.Path(path_type=Path), help="The model's folder; models/NAME if not given."
    ),
    click.option("--report", type=click.Path(path_type=Path), help="A page for the meeting: one HTML file."),
    click.option("--author", default="", help="Who makes the model; the user of this machine if not given."),
    click.option(
        "--limits", default=LIMITS_OF_USE, help="What the model must not be used for, for the card."
    ),
    click.option("--meaning", multiple=True, help="What a label means, for the card: yes='was denied'."),
    click.option("--unit", multiple=True, help="The unit of a column, for the card: amount=EUR."),
    click.option(
        "--format",
        "model_format",
        type=click.Choice(["joblib", "skops"]),
        default="joblib",
        show_default=True,
        help="How the classifier is kept; a file of skops holds no program.",
    ),
    click.option(
        "--seed",
        type=click.IntRange(0, 2**32 - 1),
        default=0,
        show_default=True,
        help="Another number divides the cases in another way.",
    ),
    click.option("--json", "as_json", is_flag=True, help="Print JSON for machines."),
)


def _pairs(option: str, given: Sequence[str], example: str) -> dict[str, str]:
    pairs = dict(each.partition("=")[::2] for each in given)
    if not all(name.strip() and value.strip() for name, value in pairs.items()):
        raise click.UsageError(f"{option}: give a name, `=` and what is told of it: {option} {example}")
    return {name.strip(): value.strip() for name, value in pairs.items()}


def _tell(card: Card, folder: Path, report: Path | None) -> None:
    """The model in a few lines on the terminal."""
    seen = card.held_out
    click.echo(f"{card.name} {card.version}: {card.classifier}")
    # A classifier of somebody's own was compared with none.
    origin = "learnt from" if card.compared else "ranges from"
    click.echo(f"  {origin}  {card.training.rows} cases, {len(card.features)} features")
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
    for group in card.parity:
        for point, (low, high) in zip(card.operating_points, group.error_rates, strict=False):
            if point.threshold is not None and low > point.most_wrong:
                click.echo(
                    f"  parity       `{group.attribute}` {group.value or 'not stated'}: {low * 100:.1f} to "
                    f"{high * 100:.1f} % of automatic decisions wrong; {point.most_wrong * 100:.4g} % is the promise"
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


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may have a user without a name
        return "unknown"

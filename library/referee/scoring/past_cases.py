"""Past cases made fit to learn from: what each column is, and everything that is wrong with them, by row and column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from referee.domain import Case
from referee.scoring.encoding import exact_number
from referee.scoring.past_columns import DeclaredFact, PastColumn, past_column
from referee.scoring.past_times import past_times
from referee.scoring.refusal import places, refuse, shell_word

FEWEST_OF_A_LABEL = 20
"""Cases of each label that are needed to learn from and to judge by."""

DUPLICATES = "duplicate rows"
"""What is allowed by this name are held-out cases that equal training cases."""

TOO_GOOD = "too good to be true"
"""What is allowed by this name is a model that is nearly always right on unseen cases."""

MOST_LABELS = 20


@dataclass(frozen=True, slots=True)
class PastCases:
    """Cases with a known label and values that are numbers, texts and truth values, or None.

    ``left_out`` says of each column that is no feature why. ``times`` are those of ``--time``, in the cases' order.
    ``labels`` map each label to its meaning, if that was told; the ``positive`` one, if any, is the last.
    """

    cases: tuple[Mapping[str, Any], ...]
    target: str
    labels: Mapping[str, str]
    columns: tuple[PastColumn, ...]
    protected: tuple[str, ...]
    left_out: Mapping[str, str]
    times: tuple[Any, ...] = ()
    positive: str = ""


@dataclass(slots=True)
class Request:
    """What the person asks for about the columns; ``meanings`` are those of labels, ``units`` those of columns.

    ``only`` these are features, if any are given. Where the classifier is ``already_fitted``, a column that it
    shouldn't have learnt from is no fault of the cases.
    """

    target: str
    positive: str = ""
    protected: Sequence[str] = ()
    drop: Sequence[str] = ()
    time: str = ""
    case_id: str = ""
    known_afterwards: Sequence[str] = ()
    allowed: Sequence[str] = ()
    declared: Mapping[str, DeclaredFact] = field(default_factory=dict)
    only: Sequence[str] = ()
    already_fitted: bool = False
    meanings: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)


def prepare(rows: Sequence[Case], request: Request, faults_before: Sequence[str] = ()) -> PastCases:
    """The rows ready to learn from.

    With a data dictionary (``declared``) its types hold and values are already of them; other columns are left out.
    Without, a column of numbers is a number, of `true` and `false` a truth value, of anything else a text. Columns
    that can't be learnt from (constant, dates, identifiers, texts of their own in nearly each row) are faults unless
    they are dropped or allowed. Raises ``InputError`` with all faults, ``faults_before`` among them.
    """
    faults = list(faults_before)
    names = list(dict.fromkeys(name for row in rows[:1] for name in row.facts))
    faults += _unknown_columns(names, request)
    if faults and request.target not in names:
        refuse("nothing can be learnt from these cases", faults)
    labels = _labels(rows, request, faults)
    positive = _label_meant(request.positive, labels)
    protected = [
        *request.protected,
        *(
            n
            for n, fact in request.declared.items()
            if fact.protected and n in names and n not in request.protected
        ),
    ]
    left_out = dict.fromkeys(request.drop, "dropped")
    left_out |= dict.fromkeys(protected, "protected")
    if request.time:
        left_out.setdefault(request.time, "tells the order of time")
    if request.case_id in names:
        left_out.setdefault(request.case_id, "identifies the case")
    columns: list[PastColumn] = []
    converted: dict[str, list[Any]] = {}
    advised: list[str] = []
    for name in names:
        if name == request.target or name in left_out:
            continue
        declared = request.declared.get(name)
        if request.only and name not in request.only:
            left_out[name] = "not among the facts of this model"
        elif request.declared and declared is None:
            left_out[name] = "not in the data dictionary"
        elif declared is not None and declared.type not in {"number", "string", "boolean"}:
            left_out[name] = f"a {declared.type}, which says nothing of cases to come"
        else:
            values = [row.facts.get(name) for row in rows]
            found, kept, unfit = past_column(
                name, values, rows, declared, faults, request.units.get(name, "")
            )
            if unfit and name not in request.allowed and not request.already_fitted:
                faults.append(unfit)
                advised.append(name)
            elif found is not None:
                columns.append(found)
                converted[name] = kept
    times = past_times(rows, request.time, faults) if request.time in names else ()
    if not columns and not faults:
        faults.append("no column is left to learn from")
    drops = " ".join(f"--drop {shell_word(name)}" for name in advised)
    refuse(
        "nothing can be learnt from these cases",
        faults,
        f"to go on without these columns add: {drops}" if advised else "",
    )
    cases = tuple(
        {name: converted[name][at] for name in converted}
        | {name: rows[at].facts.get(name) for name in protected}
        | {request.target: labels[at]}
        for at in range(len(rows))
    )
    return PastCases(
        cases,
        request.target,
        {
            label: next(
                (told for name, told in request.meanings.items() if _label_meant(name, labels) == label), ""
            )
            # In alphabetical order, the positive one last.
            for label in sorted(set(labels), key=lambda label: (label == positive, label))
        },
        tuple(columns),
        tuple(protected),
        left_out,
        times,
        positive,
    )


def label_text(value: Any) -> str:
    """A value of the target as the name of a label: a whole number without decimals, a truth value as FEEL has it."""
    if isinstance(value, bool) or type(value).__name__ in {"bool", "bool_"}:
        return "true" if value else "false"
    number = exact_number(value)
    if number is not None and number.is_finite():
        return f"{number.normalize():f}"
    return str(value)


def _unknown_columns(names: Sequence[str], request: Request) -> list[str]:
    asked = [
        ("--target", [request.target]),
        ("--protected", request.protected),
        ("--drop", request.drop),
        ("--known-afterwards", request.known_afterwards),
        ("--allow-leak", [name for name in request.allowed if name not in {DUPLICATES, TOO_GOOD}]),
        ("--time", [request.time] if request.time else []),
        ("--unit", list(request.units)),
    ]
    faults = [
        f"there is no column `{name}` for {option}; there are {', '.join(names)}"
        for option, wanted in asked
        for name in wanted
        if name not in names
    ]
    faults += [
        f"`{request.target}` is the target and can't be {how}"
        for how, which in (
            ("protected", request.protected),
            ("dropped", request.drop),
            ("the time", [request.time]),
        )
        if request.target in which
    ]
    faults += [
        f"the model takes `{name}`, but there is no such column" for name in request.only if name not in names
    ]
    return faults


def _labels(rows: Sequence[Case], request: Request, faults: list[str]) -> list[str]:
    target = request.target
    values = [row.facts.get(target) for row in rows]
    blank = [row for row, value in zip(rows, values, strict=True) if value is None]
    if blank:
        faults.append(f"{places(blank)}: `{target}` is blank; leave out cases whose outcome isn't known yet")
    labels = ["" if value is None else label_text(value) for value in values]
    counts = Counter(label for label in labels if label)
    if len(counts) > MOST_LABELS:
        faults.append(
            f"`{target}` has {len(counts)} different values; a target has a few labels, at most {MOST_LABELS}"
        )
        return labels
    if len(counts) == 1:
        faults.append(f"`{target}` is `{next(iter(counts))}` in all cases; there is nothing to tell apart")
    if len(counts) > 1:
        faults += [
            f"label `{label}` of `{target}` has {count} {'case' if count == 1 else 'cases'}; {FEWEST_OF_A_LABEL} are "
            "needed to learn from and to judge by; collect more, or leave out these rows"
            for label, count in sorted(counts.items())
            if count < FEWEST_OF_A_LABEL
        ]
    folded: dict[str, list[str]] = {}
    for label in sorted(counts):
        folded.setdefault(label.casefold(), []).append(label)
    faults += [
        f"the labels {' and '.join(f'`{label}`' for label in same)} of `{target}` differ in case only; write them alike"
        for same in folded.values()
        if len(same) > 1
    ]
    asked = [("--positive", request.positive), *(("--meaning", name) for name in request.meanings)]
    faults += [
        f"{option}: `{target}` is never `{name}`; it is one of {', '.join(sorted(counts))}"
        for option, name in asked
        if name and _label_meant(name, labels) not in counts
    ]
    return labels


def _label_meant(name: str, labels: Sequence[str]) -> str:
    """The label of this name; a number may be written in another way, as ``1.0`` for ``1``."""
    if not name or name in labels:
        return name
    try:
        number = label_text(Decimal(name))
    except InvalidOperation:
        return name
    return number if number in labels else name

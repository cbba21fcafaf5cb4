"""Past cases made fit to learn from: what each column is, and everything that is wrong with them, by row and column."""

from __future__ import annotations

import datetime
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from referee.domain import Case, InputError
from referee.scoring.encoding import exact_number

FEWEST_OF_A_LABEL = 20
"""Cases of each label that are needed to learn from and to judge by."""

DUPLICATES = "duplicate rows"
"""What is allowed by this name are held-out cases that equal training cases."""

MOST_LABELS = 20
MOST_CATEGORIES = 100
_ROWS_NAMED = 5
_FAULTS_SHOWN = 20
_PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ].*)?|[0-9]{1,2}[./][0-9]{1,2}[./][0-9]{2,4}")
_TRUTH = {"true": True, "false": False}
_ID_WORDS = frozenset(
    {"id", "ids", "no", "nr", "num", "number", "key", "uuid", "guid", "index", "rownames", "row"}
)

FeatureType = Literal["number", "string", "boolean"]


@dataclass(frozen=True, slots=True)
class DeclaredFact:
    """What a data dictionary says of a column; ``type`` is FEEL's name."""

    type: str
    required: bool = True
    protected: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True)
class PastColumn:
    """A column that can be learnt from. ``has_gaps`` if some case lacks it."""

    name: str
    type: FeatureType
    has_gaps: bool
    description: str = ""


@dataclass(frozen=True, slots=True)
class PastCases:
    """Cases with a known label and values that are numbers, texts and truth values, or None.

    ``left_out`` says of each column that is no feature why. ``times`` are those of ``--time``, in the cases' order.
    """

    cases: tuple[Mapping[str, Any], ...]
    target: str
    labels: tuple[str, ...]
    columns: tuple[PastColumn, ...]
    protected: tuple[str, ...]
    left_out: Mapping[str, str]
    times: tuple[Any, ...] = ()


@dataclass(slots=True)
class Request:
    """What the person asks for about the columns.

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
            found, kept, unfit = _column(name, values, rows, declared, faults)
            if unfit and name not in request.allowed and not request.already_fitted:
                faults.append(unfit)
                advised.append(name)
            elif found is not None:
                columns.append(found)
                converted[name] = kept
    times = _times(rows, request.time, faults) if request.time in names else ()
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
        _ordered(labels, request.positive),
        tuple(columns),
        tuple(protected),
        left_out,
        times,
    )


def label_text(value: Any) -> str:
    """A value of the target as the name of a label: a whole number without decimals, a truth value as FEEL has it."""
    if isinstance(value, bool) or type(value).__name__ in {"bool", "bool_"}:
        return "true" if value else "false"
    number = exact_number(value)
    if number is not None and number.is_finite():
        return f"{number.normalize():f}"
    return str(value)


def refuse(subject: str, faults: Sequence[str], advice: str = "") -> None:
    """Raises ``InputError`` with the faults, if there are any, and what may be done about them."""
    if not faults:
        return
    if len(faults) == 1 and not advice:
        raise InputError(f"{subject}: {faults[0]}")
    more = [f"and {len(faults) - _FAULTS_SHOWN} more"] if len(faults) > _FAULTS_SHOWN else []
    raise InputError(
        "\n  ".join([f"{subject}:", *faults[:_FAULTS_SHOWN], *more, *([advice] if advice else [])])
    )


def places(rows: Iterable[Case]) -> str:
    """``line 3, line 9 and 12 more``."""
    found = [row.id for row in rows]
    more = f" and {len(found) - _ROWS_NAMED} more" if len(found) > _ROWS_NAMED else ""
    return ", ".join(found[:_ROWS_NAMED]) + more


def _unknown_columns(names: Sequence[str], request: Request) -> list[str]:
    asked = [
        ("--target", [request.target]),
        ("--protected", request.protected),
        ("--drop", request.drop),
        ("--known-afterwards", request.known_afterwards),
        ("--allow-leak", [name for name in request.allowed if name != DUPLICATES]),
        ("--time", [request.time] if request.time else []),
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
    if request.positive and request.positive not in counts:
        faults.append(
            f"--positive: `{target}` is never `{request.positive}`; it is one of {', '.join(sorted(counts))}"
        )
    return labels


def _ordered(labels: Sequence[str], positive: str) -> tuple[str, ...]:
    """In alphabetical order, the positive one last."""
    return tuple(sorted(set(labels), key=lambda label: (label == positive, label)))


def _column(
    name: str, values: Sequence[Any], rows: Sequence[Case], declared: DeclaredFact | None, faults: list[str]
) -> tuple[PastColumn | None, list[Any], str]:
    """The column, its values, and why it can't be learnt from, if so."""
    filled = [value for value in values if value is not None]
    if not filled:
        return None, [], f"`{name}` is blank in all cases"
    kind, converted = (
        (declared.type, list(values)) if declared is not None else _typed(name, values, rows, faults)
    )
    if kind == "":
        return None, [], ""
    if kind == "date":
        return (
            None,
            [],
            f"`{name}` holds dates; a date says nothing of cases to come: give a number of days instead",
        )
    has_gaps = len(filled) < len(values)
    distinct = {value for value in converted if value is not None}
    description = declared.description if declared is not None else ""
    unfit = ""
    if len(distinct) == 1 and not has_gaps:
        unfit = f"`{name}` is the same in all cases"
    elif kind == "string":
        if len(distinct) > 20 and len(distinct) > 0.9 * len(filled):
            unfit = f"`{name}` identifies cases: {len(distinct)} different texts in {len(filled)} cases"
        elif len(distinct) > MOST_CATEGORIES:
            unfit = (
                f"`{name}` has {len(distinct)} different texts; a feature has at most {MOST_CATEGORIES}: "
                "group them, or give numbers"
            )
    elif kind == "number" and len(distinct) == len(filled) > 20:
        unfit = _counts_rows(name, converted)
    return PastColumn(name, kind, has_gaps, description), converted, unfit  # type: ignore[arg-type]


def _counts_rows(name: str, values: Sequence[Any]) -> str:
    numbers = [Decimal(value) for value in values if value is not None]
    if any(number != number.to_integral_value() for number in numbers):
        return ""
    words = set(re.split(r"[^a-z]+", name.casefold()))
    ascending = all(one < other for one, other in itertools.pairwise(numbers))
    if ascending:
        return f"`{name}` identifies cases: a whole number that grows from row to row"
    if words & _ID_WORDS:
        return f"`{name}` identifies cases: {len(numbers)} different whole numbers in {len(numbers)} cases"
    return ""


def _typed(
    name: str, values: Sequence[Any], rows: Sequence[Case], faults: list[str]
) -> tuple[str, list[Any]]:
    """The type that the values show, and the values of it; an empty type where they are a mixture."""
    filled = [value for value in values if value is not None]
    if all(isinstance(value, bool) for value in filled):
        return "boolean", list(values)
    if all(isinstance(value, (datetime.date, datetime.datetime, datetime.time)) for value in filled):
        return "date", list(values)
    if all(isinstance(value, str) for value in filled):
        if all(_DATE.fullmatch(value) for value in filled):
            return "date", list(values)
        if all(value.casefold() in _TRUTH for value in filled):
            return "boolean", [None if value is None else _TRUTH[value.casefold()] for value in values]
    numbers = [None if value is None else _number(value) for value in values]
    strangers = [
        row
        for row, value, number in zip(rows, values, numbers, strict=True)
        if value is not None and number is None
    ]
    if not strangers:
        # Texts that all are numbers are codes (007) or were text on purpose: a CSV column of numbers is numbers.
        return ("string", list(values)) if all(isinstance(v, str) for v in filled) else ("number", numbers)
    if len(strangers) < 0.2 * len(filled):
        faults += [
            f"{row.id}: `{name}` is `{_short(row.facts[name])}`, where other cases have numbers"
            for row in strangers
        ]
        return "", []
    if all(isinstance(value, str) for value in filled):
        return "string", list(values)
    kinds = Counter(_kind(value) for value in filled)
    usual, count = kinds.most_common(1)[0]
    if count > 0.8 * len(filled):
        faults += [
            f"{row.id}: `{name}` is `{_short(value)}`, where other cases have {usual}"
            for row, value in zip(rows, values, strict=True)
            if value is not None and _kind(value) != usual
        ]
    else:
        mixture = " and ".join(sorted(kinds))
        faults.append(
            f"`{name}` mixes {mixture}; write all its values alike, or declare it in the data dictionary"
        )
    return "", []


def _number(value: Any) -> Decimal | None:
    if isinstance(value, str):
        return Decimal(value) if _PLAIN_NUMBER.fullmatch(value) else None
    number = exact_number(value)
    return number if number is not None and number.is_finite() else None


def _times(rows: Sequence[Case], column: str, faults: list[str]) -> tuple[Any, ...]:
    times: list[Any] = []
    unreadable = []
    for row in rows:
        value = _moment(row.facts.get(column))
        if value is None:
            unreadable.append(row)
        times.append(value)
    if unreadable:
        faults.append(
            f"{places(unreadable)}: `{column}` tells no time; write 2024-01-31, 2024-01-31T14:30:00, or a number"
        )
        return ()
    if len({isinstance(value, Decimal) for value in times}) > 1:
        faults.append(f"`{column}` mixes dates and numbers; write all its values alike")
        return ()
    if len(set(times)) < 2:
        faults.append(f"`{column}` is the same in all cases; they can't be divided by time")
    return tuple(times)


def _moment(value: Any) -> Any:
    if isinstance(value, str):
        try:
            value = datetime.datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime.datetime):
        return (
            value.timestamp() if value.tzinfo is not None else value.replace(tzinfo=datetime.UTC).timestamp()
        )
    if isinstance(value, datetime.date):
        return datetime.datetime.combine(value, datetime.time(0), datetime.UTC).timestamp()
    return exact_number(value)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "truth values"
    if isinstance(value, str):
        return "texts"
    return "dates" if isinstance(value, (datetime.date, datetime.time)) else "numbers"


def _short(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 40 else text[:39] + "…"


def shell_word(name: str) -> str:
    """A column's name as a shell takes it."""
    import shlex

    return shlex.quote(name)

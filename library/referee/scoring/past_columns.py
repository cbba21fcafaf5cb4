"""What a column of past cases is: its type, its values, and why it can't be learnt from, if so."""

from __future__ import annotations

import datetime
import itertools
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from referee.domain import Case
from referee.scoring.encoding import exact_number
from referee.scoring.refusal import places

MOST_CATEGORIES = 100
_PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")
_DIGITS = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_WRITTEN_NUMBER = re.compile(
    # Thousands separated, a decimal comma, or an exponent.
    r"[+-]?(?:[0-9]{1,3}(?:[,.'\u2019 \u00a0\u202f][0-9]{3})+(?:[.,][0-9]+)?|[0-9]+,[0-9]+"
    r"|[0-9]+(?:\.[0-9]+)?[eE][+-]?[0-9]{1,3})"
)
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
    """A column that can be learnt from. ``has_gaps`` if some case lacks it.

    ``source`` is the fact of the data dictionary, if there is one.
    """

    name: str
    type: FeatureType
    has_gaps: bool
    description: str = ""
    unit: str = ""
    source: str = ""


def past_column(
    name: str,
    values: Sequence[Any],
    rows: Sequence[Case],
    declared: DeclaredFact | None,
    faults: list[str],
    unit: str = "",
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
        # A few texts of digits alone are codes.
        if declared is None and (unfit or not all(_DIGITS.fullmatch(text) for text in distinct)):
            unfit = _numbers_as_text(name, distinct) or unfit
    elif kind == "number":
        huge = [
            row
            for row, number in zip(rows, converted, strict=True)
            if number is not None and _is_huge(number)
        ]
        if huge:
            faults.append(f"{places(huge)}: `{name}` holds a number of more than 300 digits; mend it")
            return None, [], ""
        if len(distinct) == len(filled) > 20:
            unfit = _counts_rows(name, converted)
    source = name if declared is not None else ""
    return PastColumn(name, kind, has_gaps, description, unit, source), converted, unfit  # type: ignore[arg-type]


def _is_huge(number: Any) -> bool:
    exact = exact_number(number)
    return exact is not None and bool(exact) and exact.adjusted() > 300


def _numbers_as_text(name: str, texts: Collection[str]) -> str:
    """What is wrong with texts that all are numbers in writing that isn't read as such; empty if they aren't."""
    if not all(_WRITTEN_NUMBER.fullmatch(text) or _PLAIN_NUMBER.fullmatch(text) for text in texts):
        return ""
    example = min(texts, key=lambda text: (bool(_DIGITS.fullmatch(text)), text))
    return (
        f"`{name}` holds numbers written as text, such as `{_short(example)}`; write them with digits and a decimal "
        "point alone, as 1250.5, or as numbers in Excel"
    )


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
    written = [row.facts[name] for row in strangers]
    if len(strangers) < len(filled) and all(isinstance(value, str) for value in written):
        as_text = _numbers_as_text(name, written)
        if as_text:
            faults.append(f"{places(strangers)}: {as_text}")
            return "", []
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


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "truth values"
    if isinstance(value, str):
        return "texts"
    return "dates" if isinstance(value, (datetime.date, datetime.time)) else "numbers"


def _short(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 40 else text[:39] + "…"

"""Robot Framework library: what a case says, in the words of the credit desk's screens."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from robot.api.deco import keyword

CUSTOMER = re.compile(r"\d{6}")
REFERENCE = re.compile(r"[A-Z0-9][A-Z0-9-]{2,15}")
LARGEST_LIMIT = 999_999_999


class NotForTheCreditDesk(Exception):
    """A case that the screens have no room for. Nothing has been entered; other cases are not affected."""

    ROBOT_SUPPRESS_NAME = True


@keyword
def credit_change_for_case(case: Mapping[str, Any]) -> dict[str, str]:
    """``customer``, ``reference``, ``current_limit`` and ``new_limit``. Nothing is rounded or guessed: what doesn't fit
    fails, naming each fact. The limits are as the screens show them.
    """
    facts = case["facts"]
    faults: list[str] = []

    def taken(convert: Any, fact: str) -> str:
        try:
            return str(convert(facts.get(fact)))
        except ValueError as error:
            faults.append(f"{fact} {error}")
            return ""

    change = {
        "customer": taken(customer_number, "customer"),
        "reference": taken(reference, "request"),
        "current_limit": taken(shown_limit, "current limit"),
        "new_limit": taken(shown_limit, "requested limit"),
    }
    if faults:
        raise NotForTheCreditDesk(
            f"refused: request {case['id']} can't be entered in the credit desk: {'; '.join(faults)}"
        )
    return change


def customer_number(value: object) -> str:
    if not isinstance(value, str) or not CUSTOMER.fullmatch(value):
        raise ValueError(f"is {shown(value)}, six digits are needed")
    return value


def reference(value: object) -> str:
    if not isinstance(value, str) or not REFERENCE.fullmatch(value):
        raise ValueError(f"is {shown(value)}, 3 to 16 capital letters, digits and hyphens are needed")
    return value


def shown_limit(value: object) -> str:
    """``62500`` as ``62,500``; cents are refused, never rounded."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not Decimal(value).is_finite():
        raise ValueError(f"is {shown(value)}, a number is needed")
    whole = Decimal(value).to_integral_value()
    if whole != value or not 0 <= whole <= LARGEST_LIMIT:
        raise ValueError(f"is {value}, the credit desk takes whole euros from 0 to {LARGEST_LIMIT:,}")
    return f"{int(whole):,}"


def shown(value: object) -> str:
    return "missing" if value is None else f"'{value}'"

"""Robot Framework library: starts the supplier accounts program, and says what a case means on its screens."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from robot.api.deco import keyword

from resources.legacy.bound_processes import start

APPLICATION = "supplier accounts program"
FIELDS = {"iban": "IBAN", "bic": "BIC", "account holder": "Account holder", "request": "Request no."}
CONFIRMATION = re.compile(r"^Confirmation no\. (SA-\d{4}-\d{6})$", re.MULTILINE)


class NotForTheProgram(Exception):
    """A case that the program has no room for. Nothing has been entered; other cases are not affected."""

    ROBOT_SUPPRESS_NAME = True


class ChangeNotKnown(Exception):
    """What the program says doesn't tell whether the change was saved."""

    ROBOT_SUPPRESS_NAME = True


@keyword
def start_supplier_accounts(records: str, delay: float = 0.3, release: str = "3.1") -> None:
    """Start the program on the display that is open now; it ends with this run. ``release`` is for tests."""
    command = [sys.executable, "-m", "supplier_accounts", "--records", str(Path(records).absolute())]
    program = start(
        [*command, "--delay", str(delay), "--release", release],
        application=APPLICATION,
        program="the supplier accounts program",
    )
    program.wait_for("^ready$")


@keyword
def bank_details_of_case(case: Mapping[str, Any]) -> dict[str, str]:
    """The fields of the screen of bank details by their labels. What is missing fails, naming each fact, and so does an
    account that is not in the ``iban country`` by which the case was decided.
    """
    facts = case["facts"]
    missing = [fact for fact in FIELDS if not isinstance(facts.get(fact), str) or not facts[fact].strip()]
    if missing:
        raise NotForTheProgram(
            f"refused: request {case['id']} can't be entered in the supplier accounts: "
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"
        )
    entry = {label: str(facts[fact]).strip() for fact, label in FIELDS.items()}
    entry["IBAN"] = _plain(entry["IBAN"])
    country = facts.get("iban country") or entry["IBAN"][:2]
    if entry["IBAN"][:2] != country:
        raise NotForTheProgram(
            f"refused: the account of request {case['id']} is not in {country}, as the request says"
        )
    return entry


@keyword
def should_be_account_of_case(iban: str, case: Mapping[str, Any]) -> None:
    """Fails when the account is not the ``current iban`` of the case, which somebody has changed then."""
    expected = case["facts"].get("current iban")
    if expected is not None and _plain(iban) != _plain(str(expected)):
        raise NotForTheProgram(
            f"refused: the supplier of request {case['id']} has another account now than when the request was made"
        )


@keyword
def confirmation_in(message: str, request: str) -> str:
    """The confirmation number that the program gives for a request."""
    number = CONFIRMATION.search(message)
    if number is None or f"Request no. {request}\n" not in message:
        raise ChangeNotKnown(
            f"whether the change for {request} was saved is not known, search for it: the program says '{message}'"
        )
    return number[1]


@keyword
def confirmations_in(list_of_changes: str, request: str) -> list[str]:
    """The confirmation numbers of a request in the program's list of changes."""
    lines = [line.split("\t") for line in list_of_changes.splitlines()]
    return [line[0] for line in lines if len(line) == 4 and line[2] == request]


def _plain(iban: str) -> str:
    return "".join(iban.split()).upper()

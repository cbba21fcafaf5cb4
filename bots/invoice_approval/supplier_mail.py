"""Robot Framework library: asks suppliers by mail and reads what they answer. Folders stand for the mail
system.

A query is one ``.eml`` file in the outbox folder; a reply is an ``.eml`` file in the inbox folder whose
subject holds the invoice in brackets, as the query's subject does.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from itertools import count
from pathlib import Path
from typing import Any

from robot.api.deco import keyword

SENDER = "accounts-payable@buyer.example"
ANSWERS = {"agreed": True, "not agreed": False}
LONGEST_TEXT = 2000


class NoSupplierAddress(Exception):
    """Nobody can be asked; add the supplier to the address file."""

    ROBOT_SUPPRESS_NAME = True


@keyword
def write_supplier_query(case: Mapping[str, Any], outbox: str, addresses: str) -> str:
    """Put one more mail about the case into the outbox and return its path. Earlier mails stay."""
    facts, folder = case["facts"], Path(outbox)
    folder.mkdir(parents=True, exist_ok=True)
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"] = SENDER
    mail["To"] = address_of(str(facts["vendor"]), Path(addresses))
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Subject"] = f"Question about your invoice [{case['id']}]"
    for number in count(1):
        path = folder / f"{file_name(case['id'])}-query-{number}.eml"
        mail.set_content(question(facts, number))
        try:
            with path.open("xb") as file:
                file.write(mail.as_bytes())
        except FileExistsError:
            continue
        return str(path)
    raise AssertionError("unreachable: count() does not end")


@keyword
def find_supplier_reply(case: Mapping[str, Any], inbox: str, addresses: str) -> dict[str, Any] | None:
    """What the supplier answered, or none. ``agrees`` is true, false, or none when that can't be told for
    certain.

    It can be told when each reply comes from the supplier's own address and begins with AGREED or NOT AGREED,
    and all say the same.
    """
    folder = Path(inbox)
    paths = sorted(folder.glob("*.eml")) if folder.is_dir() else []
    mails = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in paths]
    replies = [mail for mail in mails if f"[{case['id']}]" in str(mail["Subject"] or "")]
    if not replies:
        return None
    asked = address_of(str(case["facts"]["vendor"]), Path(addresses)).casefold()
    texts = [text_of(mail) for mail in replies]
    senders = [parseaddr(str(mail["From"] or ""))[1] for mail in replies]
    said = {
        answer_in(text) if sender.casefold() == asked else None
        for text, sender in zip(texts, senders, strict=True)
    }
    return {
        "agrees": said.pop() if len(said) == 1 else None,
        "from": senders[-1],
        "text": texts[-1][:LONGEST_TEXT],
    }


def question(facts: Mapping[str, Any], number: int) -> str:
    lines = ["Dear Sir or Madam,", ""]
    if number > 1:
        lines += [f"this is our reminder no. {number - 1}; we have not had your answer yet.", ""]
    order = facts.get("po number") or "none stated"
    lines += [
        "we can't pay the following invoice as it stands:",
        "",
        f"  our document:       {facts['invoice']}",
        f"  amount:             {facts.get('amount')} {facts.get('currency')}",
        f"  purchase order:     {order}",
    ]
    if facts.get("price deviation") is not None:
        lines.append(f"  price deviation:    {facts['price deviation']} percent against the order")
    if facts.get("quantity deviation") is not None:
        lines.append(f"  quantity deviation: {facts['quantity deviation']} pieces against order and receipts")
    lines += [
        "",
        "Will you send a corrected invoice? Please keep the subject, and begin your answer with a line",
        "that says AGREED (you will send a corrected invoice) or NOT AGREED (it is right in your view).",
        "",
        "Accounts payable",
    ]
    return "\n".join(lines) + "\n"


def answer_in(text: str) -> bool | None:
    """The meaning of the first line that is neither blank nor quoted."""
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith(">"):
            return ANSWERS.get(" ".join(line.casefold().strip(" .!\t").split()))
    return None


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(preferencelist=("plain",))
    try:
        return str(body.get_content()) if body is not None else ""
    except (LookupError, UnicodeError):
        # An unknown or wrong character set: nobody can tell what it says.
        return ""


def address_of(vendor: str, addresses: Path) -> str:
    with addresses.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter=";"):
            if row["vendor"].casefold() == vendor.casefold():
                return row["address"]
    raise NoSupplierAddress(f"refused: {addresses.name} has no address for the supplier {vendor}")


def file_name(case_id: str) -> str:
    return re.sub(r"[^\w.-]", "_", str(case_id))

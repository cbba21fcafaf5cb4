"""The credit desk's screens, and the ways in which a new release may change them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from .data_stream import COLUMNS, Entry, Label, Panel
from .journal import Change, Customer

ENTRY_COLUMN = 28
MESSAGE_ROW, KEYS_ROW = 22, 24
CHANGES_ON_A_SCREEN = 8
RELEASES = ("standard", "renamed", "apart", "narrow", "moved", "notice")
"""What a later release changes: the label of NEW LIMIT; its place, then a line below the label; its length; the
place of both; or there is a screen of news after the logon."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around each screen."""

    terminal: str
    user: str
    now: datetime

    def panel(
        self,
        screen: str,
        title: str,
        keys: str,
        message: str,
        *,
        labels: Sequence[Label] = (),
        entries: Sequence[Entry] = (),
        cursor: str = "",
    ) -> Panel:
        around = [
            Label(1, 2, screen),
            Label(1, (COLUMNS - len(title)) // 2 + 1, title, bright=True),
            Label(1, 72, f"{self.now:%d.%m.%y}"),
            Label(2, 2, self.terminal),
            Label(2, 72, f"{self.now:%H:%M:%S}"),
            Label(3, 2, "-" * 78),
            Label(KEYS_ROW, 2, keys),
        ]
        if self.user:
            around.append(Label(2, 10, f"USER {self.user}"))
        if message:
            around.append(message_line(message))
        return Panel((*around, *labels), tuple(entries), cursor)


def named(text: str, row: int) -> Label:
    """A label with the dots that lead to its field; dots and colons of all lines stand below each other."""
    column = 4
    length = ENTRY_COLUMN - 1 - column
    dots = ("." if (length - place) % 2 else " " for place in range(len(text) + 1, length - 1))
    return Label(row, column, f"{text} {''.join(dots)}:")


def message_line(message: str) -> Label:
    """The message as wide as its line, so that it covers the one before."""
    return Label(MESSAGE_ROW, 2, message[:78].ljust(78), bright=True)


def logon(frame: Frame, message: str) -> Panel:
    banner = (
        " CCCC  DDDD  ",
        "CC     DD DD    CUSTOMER CREDIT DESK",
        "CC     DD  DD   RELEASE 7.3",
        "CC     DD DD ",
        " CCCC  DDDD  ",
    )
    art = [Label(6 + line, 22, text.rstrip()) for line, text in enumerate(banner)]
    return frame.panel(
        "CDSK00",
        "CUSTOMER CREDIT SYSTEM",
        "ENTER=SIGN ON",
        message or "CD001I ENTER USERID AND PASSWORD",
        labels=[*art, named("USERID", 14), named("PASSWORD", 15)],
        entries=[Entry("user", 14, ENTRY_COLUMN, 8), Entry("password", 15, ENTRY_COLUMN, 32, hidden=True)],
    )


def notice(frame: Frame) -> Panel:
    return frame.panel(
        "CDSK05",
        "NEWS FOR ALL USERS",
        "ENTER=CONTINUE",
        "",
        labels=[Label(8, 10, "THE CREDIT DESK CLOSES AT 20:00 ON FRIDAY.")],
    )


def menu(frame: Frame, message: str) -> Panel:
    choices = ("1   CUSTOMER ENQUIRY", "2   CHANGE CREDIT LIMIT", "3   CHANGE JOURNAL", "X   SIGN OFF")
    return frame.panel(
        "CDSK10",
        "MAIN MENU",
        "ENTER=CONTINUE",
        message,
        labels=[*(Label(7 + line, 10, text) for line, text in enumerate(choices)), named("OPTION", 14)],
        entries=[Entry("option", 14, ENTRY_COLUMN, 1)],
    )


def enquiry(frame: Frame, number: str, customer: Customer | None, limit: int, message: str) -> Panel:
    shown = customer_lines(customer, limit, first=8) if customer else []
    if customer:
        shown += [
            *(named("OPEN ITEMS", 12), Label(12, ENTRY_COLUMN, f"{customer.open_items:,} EUR")),
            *(named("OVERDUE DAYS", 13), Label(13, ENTRY_COLUMN, str(customer.overdue_days))),
        ]
    return frame.panel(
        "CDSK20",
        "CUSTOMER ENQUIRY",
        "ENTER=SHOW  PF3=BACK",
        message,
        labels=[named("CUSTOMER NUMBER", 6), *shown],
        entries=[Entry("customer", 6, ENTRY_COLUMN, 6, number, numeric=True)],
    )


def choose_customer(frame: Frame, number: str, message: str) -> Panel:
    return frame.panel(
        "CDSK30",
        "CHANGE CREDIT LIMIT",
        "ENTER=CONTINUE  PF3=BACK",
        message,
        labels=[named("CUSTOMER NUMBER", 6)],
        entries=[Entry("customer", 6, ENTRY_COLUMN, 6, number, numeric=True)],
    )


def change_limit(
    frame: Frame, customer: Customer, limit: int, entered: tuple[str, str], message: str, release: str
) -> Panel:
    new_limit, reference = entered
    entry = Entry("new limit", 12, ENTRY_COLUMN, 11, new_limit, numeric=True)
    label = named("NEW LIMIT", 12)
    if release == "renamed":
        label = named("REVISED LIMIT", 12)
    elif release == "apart":
        entry = replace(entry, row=13, column=6)
    elif release == "narrow":
        entry = replace(entry, length=4, value=new_limit[:4])
    elif release == "moved":
        entry, label = replace(entry, row=17, column=60), Label(17, 48, "NEW LIMIT :")
    return frame.panel(
        "CDSK31",
        "CHANGE CREDIT LIMIT",
        "ENTER=CHECK  PF3=BACK",
        message,
        labels=[
            *(named("CUSTOMER NUMBER", 6), Label(6, ENTRY_COLUMN, customer.number)),
            *customer_lines(customer, limit, first=7),
            label,
            named("REFERENCE", 15),
        ],
        entries=[entry, Entry("reference", 15, ENTRY_COLUMN, 16, reference)],
        cursor="new limit",
    )


def confirm_change(
    frame: Frame, customer: Customer, limit: int, new_limit: int, reference: str, message: str
) -> Panel:
    return frame.panel(
        "CDSK32",
        "CONFIRM CHANGE OF CREDIT LIMIT",
        "PF5=CONFIRM  PF12=CANCEL",
        message,
        labels=[
            *(named("CUSTOMER NUMBER", 6), Label(6, ENTRY_COLUMN, customer.number)),
            *customer_lines(customer, limit, first=7),
            *(named("NEW LIMIT", 12), Label(12, ENTRY_COLUMN, f"{new_limit:,} EUR", bright=True)),
            *(named("REFERENCE", 15), Label(15, ENTRY_COLUMN, reference)),
        ],
    )


def journal(frame: Frame, reference: str, changes: Sequence[Change], first: int, message: str) -> Panel:
    page = changes[first : first + CHANGES_ON_A_SCREEN]
    lines = (
        [Label(8, 4, "CONFIRMATION     CUSTOMER     OLD LIMIT     NEW LIMIT  USER      DATE")] if page else []
    )
    lines += [
        Label(
            9 + row,
            4,
            f"{change.confirmation:<16} {change.customer:<8} {change.old_limit:>13,} {change.new_limit:>13,}"
            f"  {change.changed_by[:8]:<8}  {change.changed_at[:10]}",
        )
        for row, change in enumerate(page)
    ]
    return frame.panel(
        "CDSK40",
        "CHANGE JOURNAL",
        "ENTER=SEARCH  PF3=BACK  PF7=UP  PF8=DOWN",
        message,
        labels=[named("REFERENCE", 6), *lines],
        entries=[Entry("reference", 6, ENTRY_COLUMN, 16, reference)],
    )


def customer_lines(customer: Customer, limit: int, *, first: int) -> list[Label]:
    return [
        *(named("NAME", first), Label(first, ENTRY_COLUMN, customer.name[:40])),
        *(named("CITY", first + 1), Label(first + 1, ENTRY_COLUMN, customer.city[:40])),
        *(named("STATUS", first + 2), Label(first + 2, ENTRY_COLUMN, customer.status)),
        *(named("CURRENT LIMIT", first + 3), Label(first + 3, ENTRY_COLUMN, f"{limit:,} EUR")),
    ]

"""One terminal's conversation with the credit desk: which screen answers which key."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass

from . import panels
from .data_stream import Entry, Panel, Reading
from .journal import Change, Customer, Journal, amount_of
from .panels import Frame

Screen = Callable[[Reading], Panel]


@dataclass(frozen=True, slots=True)
class Credentials:
    user: str
    password: str

    def fit(self, user: str, password: str) -> bool:
        same_user = hmac.compare_digest(user.encode(), self.user.upper().encode())
        return hmac.compare_digest(password.encode(), self.password.encode()) and same_user


class Dialogue:
    """What is entered is upper case, but the password. A record that is being changed is held for this terminal."""

    def __init__(self, journal: Journal, credentials: Credentials, terminal: str, release: str) -> None:
        self._journal = journal
        self._credentials = credentials
        self._terminal = terminal
        self._release = release
        self._user = ""
        self._screen: Screen = self._at_logon
        self._panel = self._logon()
        self._number = ""
        self._new_limit = self._reference = ""
        self._found: list[Change] = []
        self._first = 0

    @property
    def panel(self) -> Panel:
        """What the terminal shows now."""
        return self._panel

    @property
    def signed_on(self) -> bool:
        return bool(self._user)

    def answer(self, reading: Reading) -> Panel:
        """The next panel. CLEAR and keys without a meaning show the same one again."""
        if reading.key == "CLEAR":
            return self._panel
        self._panel = self._screen(reading)
        return self._panel

    def sign_off(self, message: str) -> Panel:
        self._journal.let_go(self._terminal)
        self._user = ""
        self._screen = self._at_logon
        self._panel = self._logon(message)
        return self._panel

    def _frame(self) -> Frame:
        return Frame(self._terminal, self._user, self._journal.now)

    def _text(self, reading: Reading, name: str) -> str:
        return next(reading.text_in(entry) for entry in self._entries() if entry.name == name)

    def _entries(self) -> tuple[Entry, ...]:
        return self._panel.entries

    def _logon(self, message: str = "") -> Panel:
        return panels.logon(self._frame(), message)

    def _at_logon(self, reading: Reading) -> Panel:
        if reading.key != "ENTER":
            return self._logon()
        user, password = self._text(reading, "user").upper(), self._text(reading, "password")
        if not self._credentials.fit(user, password):
            return self._logon("CD900E USERID OR PASSWORD NOT VALID")
        self._user = user
        if self._release == "notice":
            self._screen = lambda _: self._menu()
            return panels.notice(self._frame())
        return self._menu("CD010I SIGNED ON")

    def _menu(self, message: str = "") -> Panel:
        self._journal.let_go(self._terminal)
        self._screen = self._at_menu
        return panels.menu(self._frame(), message)

    def _at_menu(self, reading: Reading) -> Panel:
        if reading.key != "ENTER":
            return self._menu("CD011E KEY NOT ACTIVE")
        match self._text(reading, "option").upper():
            case "1":
                return self._enquiry("")
            case "2":
                return self._choose_customer("")
            case "3":
                return self._search("")
            case "X":
                return self.sign_off("CD002I SIGNED OFF")
        return self._menu("CD012E OPTION NOT VALID")

    def _enquiry(self, number: str) -> Panel:
        self._screen = self._at_enquiry
        customer = self._journal.customer(number)
        if number and customer is None:
            return panels.enquiry(self._frame(), number, None, 0, f"CD404E CUSTOMER {number} NOT ON FILE")
        limit = self._journal.limit_of(number) if customer else 0
        return panels.enquiry(
            self._frame(), number, customer, limit, "CD020I CUSTOMER SHOWN" if customer else ""
        )

    def _at_enquiry(self, reading: Reading) -> Panel:
        if reading.key == "PF3":
            return self._menu()
        return self._enquiry(self._text(reading, "customer"))

    def _choose_customer(self, number: str, message: str = "") -> Panel:
        self._journal.let_go(self._terminal)
        self._screen = self._at_choose_customer
        return panels.choose_customer(self._frame(), number, message)

    def _at_choose_customer(self, reading: Reading) -> Panel:
        if reading.key == "PF3":
            return self._menu()
        number = self._text(reading, "customer")
        customer = self._journal.customer(number)
        if customer is None:
            return self._choose_customer(number, f"CD404E CUSTOMER {number} NOT ON FILE")
        holder = self._journal.hold(number, self._terminal)
        if holder != self._terminal:
            return self._choose_customer(number, f"CD409W RECORD IN USE BY TERMINAL {holder}, TRY LATER")
        self._number, self._new_limit, self._reference = number, "", ""
        return self._change_limit(customer, "CD030I ENTER NEW LIMIT AND REFERENCE")

    def _change_limit(self, customer: Customer, message: str) -> Panel:
        self._screen = self._at_change_limit
        limit = self._journal.limit_of(customer.number)
        entered = (self._new_limit, self._reference)
        return panels.change_limit(self._frame(), customer, limit, entered, message, self._release)

    def _at_change_limit(self, reading: Reading) -> Panel:
        if reading.key == "PF3":
            return self._choose_customer("")
        customer = self._held_customer()
        self._new_limit = self._text(reading, "new limit")
        self._reference = self._text(reading, "reference").upper()
        refusals = self._journal.refusals(customer.number, self._new_limit, self._reference)
        if refusals:
            return self._change_limit(customer, refusals[0])
        return self._confirm(customer, "CD031I PRESS PF5 TO CONFIRM")

    def _confirm(self, customer: Customer, message: str) -> Panel:
        self._screen = self._at_confirm
        limit = self._journal.limit_of(customer.number)
        new_limit = amount_of(self._new_limit)
        return panels.confirm_change(self._frame(), customer, limit, new_limit, self._reference, message)

    def _at_confirm(self, reading: Reading) -> Panel:
        customer = self._held_customer()
        if reading.key == "PF12":
            return self._change_limit(customer, "CD033I NOT CHANGED")
        if reading.key != "PF5":
            return self._confirm(customer, "CD032E PRESS PF5 TO CONFIRM OR PF12 TO CANCEL")
        new_limit = amount_of(self._new_limit)
        confirmation = self._journal.change(
            customer.number, new_limit, self._reference, self._user, self._terminal
        )
        return self._choose_customer(
            "", f"CD035I LIMIT OF {customer.number} CHANGED, CONFIRMATION {confirmation}"
        )

    def _held_customer(self) -> Customer:
        customer = self._journal.customer(self._number)
        assert customer is not None  # these screens are reached with a customer only
        return customer

    def _search(self, reference: str) -> Panel:
        self._found = self._journal.search(reference) if reference else []
        self._reference, self._first = reference, 0
        return self._journal_page()

    def _journal_page(self) -> Panel:
        self._screen = self._at_journal
        message = ""
        if self._reference:
            count = len(self._found)
            more = " - MORE: PF8" if count > self._first + panels.CHANGES_ON_A_SCREEN else ""
            message = f"CD040I {count} CHANGES FOR {self._reference}{more}"
        return panels.journal(self._frame(), self._reference, self._found, self._first, message)

    def _at_journal(self, reading: Reading) -> Panel:
        if reading.key == "PF3":
            return self._menu()
        if reading.key == "PF8" and self._first + panels.CHANGES_ON_A_SCREEN < len(self._found):
            self._first += panels.CHANGES_ON_A_SCREEN
            return self._journal_page()
        if reading.key == "PF7":
            self._first = max(0, self._first - panels.CHANGES_ON_A_SCREEN)
            return self._journal_page()
        return self._search(self._text(reading, "reference").upper())

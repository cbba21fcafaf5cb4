"""The credit desk's host: its conversation, and how it treats strangers, idlers and its own end."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.legacy import credit_host
from resources.legacy.credit_host.data_stream import COLUMNS, Panel, Reading, drawn
from resources.legacy.credit_host.dialogue import Credentials, Dialogue
from resources.legacy.credit_host.journal import DatabaseInUse, Journal, read_customers
from resources.legacy.credit_host.panels import RELEASES
from resources.legacy.credit_host.server import CreditHost, Manner
from tests.unit.bots.terminal import Terminal, needs_a_terminal

HOME = Path(credit_host.__file__).parent
CUSTOMERS = read_customers(HOME / "customers.csv")
NOW = datetime(2026, 3, 16, 22, 30, tzinfo=UTC)
PASSWORD = 'Pa"ss\\w[1]'


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "journal.sqlite", CUSTOMERS, clock=lambda: NOW) as opened:
        yield opened


@pytest.fixture
def host(journal: Journal) -> Iterator[CreditHost]:
    with CreditHost(journal, "crbot", PASSWORD, Manner(delay=0)) as running:
        threading.Thread(target=running.serve, daemon=True).start()
        yield running
        running.stop()


# --- the conversation


class Typist:
    """Fills in panels and presses keys, without a terminal."""

    def __init__(self, journal: Journal, release: str = "standard", terminal: str = "T0001") -> None:
        self.dialogue = Dialogue(journal, Credentials("crbot", PASSWORD), terminal, release)

    def press(self, key: str, **typed: str) -> str:
        """The name of the next screen and its message."""
        by_name = {entry.name: entry for entry in self.dialogue.panel.entries}
        fields = {
            (by_name[name].row - 1) * COLUMNS + by_name[name].column - 1: text for name, text in typed.items()
        }
        return self.seen(self.dialogue.answer(Reading(key, 0, fields)))

    def seen(self, panel: Panel) -> str:
        message = next((label.text.strip() for label in panel.labels if label.row == 22), "")
        return f"{panel.labels[0].text} {message}".strip()

    def signed_on(self) -> Typist:
        assert self.press("ENTER", user="crbot", password=PASSWORD) == "CDSK10 CD010I SIGNED ON"
        return self

    def at_customer(self, number: str) -> str:
        self.press("ENTER", option="2")
        return self.press("ENTER", customer=number)


def test_a_limit_is_changed_after_it_was_confirmed_and_not_before(journal: Journal) -> None:
    typist = Typist(journal).signed_on()
    assert typist.at_customer("100268") == "CDSK31 CD030I ENTER NEW LIMIT AND REFERENCE"
    typed = {"new limit": "15,000", "reference": "cr-7"}
    assert typist.press("ENTER", **typed) == "CDSK32 CD031I PRESS PF5 TO CONFIRM"
    assert typist.press("ENTER") == "CDSK32 CD032E PRESS PF5 TO CONFIRM OR PF12 TO CANCEL"
    assert typist.press("PF12") == "CDSK31 CD033I NOT CHANGED"
    assert journal.search("CR-7") == []
    typist.press("ENTER", **typed)
    told = typist.press("PF5")
    assert told == "CDSK30 CD035I LIMIT OF 100268 CHANGED, CONFIRMATION CL-2026-000001"
    (change,) = journal.search("CR-7")
    assert (change.old_limit, change.new_limit, change.changed_by) == (10_000, 15_000, "CRBOT")
    assert journal.limit_of("100268") == 15_000


@pytest.mark.parametrize(
    ("number", "new_limit", "reference", "words"),
    [
        ("100268", "500001", "CR-1", "CD420E"),
        ("100268", "10000", "CR-1", "CD422E"),
        ("100268", "1.5", "CR-1", "CD416E"),
        ("100268", "", "CR-1", "CD416E"),
        ("100268", "12000", "", "CD417E"),
        ("100268", "12000", "C R", "CD417E"),
        ("100497", "12000", "CR-1", "CD421E"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_changed(
    journal: Journal, number: str, new_limit: str, reference: str, words: str
) -> None:
    typist = Typist(journal).signed_on()
    typist.at_customer(number)
    told = typist.press("ENTER", **{"new limit": new_limit, "reference": reference})
    assert told.startswith(f"CDSK31 {words} ")
    assert journal.search(reference.upper()) == []


def test_unknown_customers_options_and_passwords_are_told(journal: Journal) -> None:
    typist = Typist(journal)
    assert typist.press("ENTER", user="crbot", password="x") == "CDSK00 CD900E USERID OR PASSWORD NOT VALID"
    assert typist.press("PF3") == "CDSK00 CD001I ENTER USERID AND PASSWORD"
    typist.signed_on()
    assert typist.press("ENTER", option="9") == "CDSK10 CD012E OPTION NOT VALID"
    assert typist.press("PF9") == "CDSK10 CD011E KEY NOT ACTIVE"
    assert typist.at_customer("999999") == "CDSK30 CD404E CUSTOMER 999999 NOT ON FILE"
    typist.press("PF3")
    typist.press("ENTER", option="1")
    assert typist.press("ENTER", customer="999999") == "CDSK20 CD404E CUSTOMER 999999 NOT ON FILE"
    assert typist.press("ENTER", customer="100120") == "CDSK20 CD020I CUSTOMER SHOWN"
    typist.press("PF3")
    assert typist.press("ENTER", option="X") == "CDSK00 CD002I SIGNED OFF"


def test_a_record_belongs_to_one_terminal_until_it_leaves(journal: Journal) -> None:
    one, other = Typist(journal).signed_on(), Typist(journal, terminal="T0002").signed_on()
    one.at_customer("100268")
    assert other.at_customer("100268") == "CDSK30 CD409W RECORD IN USE BY TERMINAL T0001, TRY LATER"
    one.press("PF3")
    assert other.press("ENTER", customer="100268").startswith("CDSK31 ")
    other.dialogue.sign_off("")
    assert one.press("ENTER", customer="100268").startswith("CDSK31 ")


def test_the_journal_shows_all_changes_of_a_reference_page_by_page(journal: Journal) -> None:
    for limit in range(11):
        journal.change("100120", 1000 + limit, "CR-1", "CRBOT", "T0009")
    typist = Typist(journal).signed_on()
    assert typist.press("ENTER", option="3") == "CDSK40"
    assert typist.press("ENTER", reference="cr-1") == "CDSK40 CD040I 11 CHANGES FOR CR-1 - MORE: PF8"
    assert typist.press("PF8") == "CDSK40 CD040I 11 CHANGES FOR CR-1"
    assert sum("CL-2026" in label.text for label in typist.dialogue.panel.labels) == 3
    assert typist.press("PF7") == "CDSK40 CD040I 11 CHANGES FOR CR-1 - MORE: PF8"
    assert typist.press("ENTER", reference="CR-2") == "CDSK40 CD040I 0 CHANGES FOR CR-2"


@pytest.mark.parametrize("release", RELEASES)
def test_each_release_draws_screens_that_fit_and_take_a_change(journal: Journal, release: str) -> None:
    typist = Typist(journal, release)
    typist.press("ENTER", user="CRBOT", password=PASSWORD)
    if release == "notice":
        assert typist.press("ENTER") == "CDSK10"
    typist.at_customer("100120")
    typist.press("ENTER", **{"new limit": "9000", "reference": "CR-1"})
    drawn(typist.dialogue.panel)
    assert "CD035I" in typist.press("PF5")


PRESSED = st.sampled_from(["ENTER"] * 6 + ["PF5"] * 3 + ["PF3", "PF7", "PF8", "PF9", "PF12", "CLEAR", "PA1"])
TYPED = st.sampled_from(
    ["", "1", "2", "3", "X", "100120", "100268", "9000", "CR-1", "crbot", PASSWORD]
) | st.text(max_size=30)


@settings(max_examples=80)
@given(
    st.lists(
        st.tuples(PRESSED, st.lists(TYPED, min_size=2, max_size=2)),
        max_size=25,
    )
)
def test_whatever_is_typed_there_is_a_screen_and_only_pf5_changes_a_limit(
    steps: list[tuple[str, list[str]]],
) -> None:
    with TemporaryDirectory() as folder, Journal(Path(folder) / "journal.sqlite", CUSTOMERS) as journal:
        typist, changed = Typist(journal).signed_on(), 0
        for key, texts in steps:
            entries = typist.dialogue.panel.entries
            typed = {entry.name: text[: entry.length] for entry, text in zip(entries, texts, strict=False)}
            told = typist.press(key, **typed)
            drawn(typist.dialogue.panel)
            if "CD035I" in told:
                assert key == "PF5"
                changed += 1
        with closing(sqlite3.connect(Path(folder) / "journal.sqlite")) as database:
            assert database.execute("select count(*) from changes").fetchone() == (changed,)


# --- the whole host


def test_a_stranger_who_speaks_http_is_sent_away_and_disturbs_nobody(host: CreditHost) -> None:
    name, _, port = host.address.partition(":")
    with socket.create_connection((name, int(port)), timeout=5) as stranger:
        stranger.sendall(b"\xff\xfc\x18GET / HTTP/1.0\r\n\r\n")  # WONT TERMINAL-TYPE
        while stranger.recv(100):
            pass
    with socket.create_connection((name, int(port)), timeout=5) as another:
        assert another.recv(3) == b"\xff\xfd\x18"  # DO TERMINAL-TYPE


@needs_a_terminal
def test_a_session_ends_when_nobody_types_and_gives_its_record_back(journal: Journal) -> None:
    with CreditHost(journal, "CRBOT", PASSWORD, Manner(delay=0, idle=0.3)) as host:
        threading.Thread(target=host.serve, daemon=True).start()
        with Terminal(host.address) as terminal:
            terminal.fill("USERID", "CRBOT")
            terminal.fill("PASSWORD", PASSWORD)
            assert terminal.press("Enter").name == "CDSK10"
            terminal.fill("OPTION", "2")
            terminal.press("Enter")
            terminal.fill("CUSTOMER NUMBER", "100120")
            assert terminal.press("Enter").name == "CDSK31"
            assert journal.hold("100120", "T0009") == "T0001"
            while (screen := terminal.screen()).name != "CDSK00":
                terminal.do("Wait(5,Output)")
            assert "CD905W SESSION TIMED OUT" in screen.summary
            assert journal.hold("100120", "T0009") == "T0009"
        host.stop()


@needs_a_terminal
def test_terminals_are_told_that_the_system_goes_down(host: CreditHost) -> None:
    with Terminal(host.address) as terminal:
        host.stop()
        while "CD999E SYSTEM GOING DOWN" not in terminal.screen().summary:
            terminal.do("Wait(5,Output)")


@needs_a_terminal
def test_the_program_tells_its_address_and_ends_with_its_parent(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "credit_host", "--database", str(tmp_path / "new" / "journal.sqlite")]
    environment = {**os.environ, "CREDIT_DESK_USER": "CRBOT", "CREDIT_DESK_PASSWORD": PASSWORD}
    program = subprocess.Popen(
        command,
        cwd=HOME.parent,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdin is not None and program.stdout is not None
    with program.stdin, program.stdout:
        address = program.stdout.readline().strip()
        with Terminal(address) as terminal:
            assert terminal.screen().name == "CDSK00"
        again = subprocess.run(
            [*command, "--port", address.partition(":")[2]],
            cwd=HOME.parent,
            env={**environment, "CREDIT_DESK_PASSWORD": ""},
            capture_output=True,
            text=True,
        )
        assert (again.returncode, "CREDIT_DESK_PASSWORD" in again.stderr) == (2, True)
        program.stdin.close()
        assert program.wait(timeout=10) == 0
    with closing(sqlite3.connect(tmp_path / "new" / "journal.sqlite")) as database:
        assert database.execute("select count(*) from changes").fetchone() == (0,)


def test_a_second_host_on_the_same_journal_is_refused(journal: Journal, tmp_path: Path) -> None:
    with pytest.raises(DatabaseInUse, match="used by another host"):
        Journal(tmp_path / "journal.sqlite", CUSTOMERS, patience=0.05)

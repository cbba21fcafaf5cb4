"""The legacy portal over real HTTP on the loopback interface, without a browser."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, ProxyHandler, build_opener

import pytest

from resources.legacy import ap_portal
from resources.legacy.ap_portal.postings import (
    DatabaseInUse,
    Postings,
    european_amount,
    iso_date,
    read_vendors,
)
from resources.legacy.ap_portal.server import Portal

HOME = Path(ap_portal.__file__).parent
VENDORS = read_vendors(HOME / "vendors.csv")
ENTRY = {
    "invoice": "DOC-1",
    "vendor": "Müller Reinigung e.K.",
    "document_type": "RE",
    "invoice_date": "05.03.2026",
    "due_date": "",
    "po_number": "",
    "currency": "EUR",
    "amount": "1.234,50",
}


class Visitor:
    """A browser without a screen: keeps cookies, follows redirections."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._opener = build_opener(ProxyHandler({}), HTTPCookieProcessor(CookieJar()))

    def get(self, path: str) -> str:
        return self._opened(self.url + path.lstrip("/"), None)

    def post(self, path: str, form: dict[str, str]) -> str:
        return self._opened(self.url + path.lstrip("/"), urlencode(form).encode())

    def _opened(self, address: str, body: bytes | None) -> str:
        try:
            with self._opener.open(address, body, timeout=10) as answer:
                return str(answer.read().decode("utf-8"))
        except HTTPError as error:
            with error:
                return error.read().decode("utf-8")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "postings.sqlite"


@pytest.fixture
def portal(database: Path) -> Iterator[Portal]:
    clock = datetime(2026, 3, 16, 9, 30, tzinfo=UTC)
    with (
        Postings(database, VENDORS, clock=lambda: clock) as postings,
        Portal(postings, "clerk", "right", delay=0) as portal,
    ):
        serving = threading.Thread(target=portal.serve)
        serving.start()
        yield portal
        portal.stop()
        serving.join()


@pytest.fixture
def visitor(portal: Portal) -> Visitor:
    visitor = Visitor(portal.url)
    visitor.post("/login", {"user": "clerk", "password": "right"})
    return visitor


def rows(database: Path) -> list[tuple[str, str, int]]:
    connection = sqlite3.connect(database)
    try:
        return connection.execute(
            "select confirmation, invoice, amount_cents from postings order by id"
        ).fetchall()
    finally:
        connection.close()


@pytest.mark.parametrize("path", ["/", "/menu", "/entry", "/search", "/wait?job=x"])
def test_every_page_asks_a_stranger_to_log_on(portal: Portal, path: str) -> None:
    assert 'name="LOGON"' in Visitor(portal.url).get(path)


def test_a_stranger_cannot_post(portal: Portal, database: Path) -> None:
    assert 'name="LOGON"' in Visitor(portal.url).post("/entry", ENTRY)
    assert rows(database) == []


@pytest.mark.parametrize(
    "form", [{"user": "clerk", "password": "wrong"}, {"user": "x", "password": "right"}, {}]
)
def test_wrong_credentials_are_refused(portal: Portal, form: dict[str, str]) -> None:
    visitor = Visitor(portal.url)
    assert "E900 Logon failed" in visitor.post("/login", form)
    assert 'name="LOGON"' in visitor.get("/")


def test_logging_on_opens_the_frames(visitor: Visitor) -> None:
    page = visitor.get("/")
    assert re.findall(r'<frame name="(\w+)"', page) == ["FRHEAD", "FRMENU", "FRCONT"]


def test_logging_off_ends_the_session(visitor: Visitor) -> None:
    visitor.get("/logout")
    assert "Session expired" in visitor.get("/entry")


def test_a_correct_entry_gets_a_confirmation_number_and_one_row(visitor: Visitor, database: Path) -> None:
    assert '<b id="CONFNO">AP-2026-000001</b>' in visitor.post("/entry", ENTRY)
    assert rows(database) == [("AP-2026-000001", "DOC-1", 123450)]


def test_the_portal_posts_the_same_invoice_twice_if_told_to(visitor: Visitor, database: Path) -> None:
    visitor.post("/entry", ENTRY)
    visitor.post("/entry", ENTRY)
    assert [confirmation for confirmation, _, _ in rows(database)] == ["AP-2026-000001", "AP-2026-000002"]


def test_the_wait_page_comes_first_and_the_posting_can_already_be_found(database: Path) -> None:
    with Postings(database, VENDORS) as postings, Portal(postings, "clerk", "right", delay=3600) as portal:
        serving = threading.Thread(target=portal.serve)
        serving.start()
        visitor = Visitor(portal.url)
        visitor.post("/login", {"user": "clerk", "password": "right"})
        page = visitor.post("/entry", ENTRY)
        found = visitor.post("/search", {"invoice": "DOC-1", "vendor": ""})
        portal.stop()
        serving.join()
    assert 'id="WAIT"' in page and "CONFNO" not in page
    assert "1 document(s)" in found


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("invoice", "  ", "E001 Invoice no.: entry required"),
        ("vendor", "", "E001 Vendor: entry required"),
        ("amount", "", "E001 Amount: entry required"),
        ("vendor", "Nobody Ltd", "E042 Vendor &#x27;Nobody Ltd&#x27; does not exist in vendor master"),
        ("amount", "1234,50", "E017 Amount &#x27;1234,50&#x27; not in format 9.999.999,99"),
        ("amount", "1,234.50", "E017"),
        ("amount", "-5,00", "E017"),
        ("amount", "0,00", "E020"),
        ("amount", "10.000.000,00", "E020"),
        ("invoice_date", "5.3.2026", "E016 Invoice date &#x27;5.3.2026&#x27; not in format DD.MM.YYYY"),
        ("invoice_date", "31.02.2026", "E016"),
        ("due_date", "2026-04-01", "E016 Due date"),
        ("document_type", "XX", "E018"),
        ("currency", "JPY", "E019"),
    ],
)
def test_a_wrong_entry_is_refused_in_the_portals_words_and_not_posted(
    visitor: Visitor, database: Path, field: str, text: str, words: str
) -> None:
    page = visitor.post("/entry", {**ENTRY, field: text})
    assert words in page
    assert rows(database) == []


def test_all_faults_of_an_entry_are_shown_at_once(visitor: Visitor) -> None:
    page = visitor.post("/entry", {**ENTRY, "vendor": "<b>", "amount": "x", "invoice_date": ""})
    assert re.findall(r"<li>(E\d+)", page) == ["E001", "E042", "E017"]
    assert "<b>" not in page.replace('<b id="', "")


def test_the_search_finds_by_exact_number_and_vendor(visitor: Visitor) -> None:
    visitor.post("/entry", ENTRY)
    for form, found in [
        ({"invoice": "DOC-1", "vendor": ""}, 1),
        ({"invoice": "DOC-1", "vendor": "müller reinigung E.K."}, 1),
        ({"invoice": "DOC-1", "vendor": "Svea Fastigheter AB"}, 0),
        ({"invoice": "DOC", "vendor": ""}, 0),
        ({"invoice": "", "vendor": ""}, 0),
    ]:
        assert f"{found} document(s)" in visitor.post("/search", form)


def test_a_second_portal_waits_for_the_database_and_then_gives_up(portal: Portal, database: Path) -> None:
    with pytest.raises(DatabaseInUse, match="used by another portal that is still running"):
        Postings(database, VENDORS, patience=0.1)


def test_european_amounts_and_dates() -> None:
    assert [european_amount(cents) for cents in (1, 123450, 100000000)] == [
        "0,01",
        "1.234,50",
        "1.000.000,00",
    ]
    assert [iso_date(text) for text in ("29.02.2028", "29.02.2026", "1.1.2026")] == ["2028-02-29", None, None]


@pytest.fixture
def program(database: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "ap_portal", "--database", str(database)],
        cwd=HOME.parent,
        env={**os.environ, "AP_PORTAL_USER": "clerk", "AP_PORTAL_PASSWORD": "right"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield process
        process.kill()


def test_the_program_says_its_url_and_ends_when_its_parent_goes(program: subprocess.Popen[str]) -> None:
    assert program.stdin is not None and program.stdout is not None
    url = program.stdout.readline().strip()
    assert 'name="LOGON"' in Visitor(url).get("/")
    program.stdin.close()
    assert program.wait(timeout=10) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to catch")
def test_the_program_ends_on_sigterm(program: subprocess.Popen[str]) -> None:
    assert program.stdout is not None
    program.stdout.readline()
    program.terminate()
    assert program.wait(timeout=10) == 0


def test_the_program_does_not_start_without_credentials(database: Path) -> None:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("AP_PORTAL_")}
    command = [sys.executable, "-m", "ap_portal", "--database", str(database)]
    done = subprocess.run(command, cwd=HOME.parent, env=bare, capture_output=True, text=True, timeout=20)
    assert done.returncode == 2
    assert "AP_PORTAL_PASSWORD" in done.stderr

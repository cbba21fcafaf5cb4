"""What terminals and host say to each other: the 3270 data stream and telnet, with s3270 as the judge."""

from __future__ import annotations

import socket
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.legacy.credit_host.data_stream import (
    CODE_PAGE,
    COLUMNS,
    KEYS,
    KEYS_WITHOUT_FIELDS,
    ROWS,
    Entry,
    Label,
    NotUnderstood,
    Panel,
    decoded_address,
    drawn,
    encoded_address,
    understood,
)
from resources.legacy.credit_host.telnet import Line, NotATerminal, TerminalGone
from resources.legacy.terminal_screen import TerminalScreen
from tests.unit.bots.terminal import Terminal, needs_a_terminal

LETTERS = [letter for code in range(0x40, 0x100) if (letter := bytes([code]).decode(CODE_PAGE)).isprintable()]
TEXTS = st.text(st.sampled_from(LETTERS), min_size=1, max_size=30)


@given(st.integers(0, ROWS * COLUMNS - 1))
def test_each_place_has_an_address_of_its_own(address: int) -> None:
    coded = encoded_address(address)
    assert decoded_address(coded) == address
    assert decoded_address(bytes([address >> 8, address & 0xFF])) == address
    assert all(byte >= 0x40 for byte in coded)


def test_addresses_are_coded_as_the_manual_codes_them() -> None:
    assert [encoded_address(address).hex() for address in (0, 80, 1919)] == ["4040", "c150", "5d7f"]


@given(st.binary(max_size=60))
def test_what_is_no_answer_is_refused_and_nothing_else_happens(record: bytes) -> None:
    try:
        reading = understood(record)
    except NotUnderstood:
        return
    assert reading.key in KEYS.values()
    assert all(0 <= address < ROWS * COLUMNS for address in reading.fields)


@pytest.mark.parametrize(
    "panel",
    [
        Panel((Label(25, 2, "below"),)),
        Panel((Label(1, 70, "beyond the end"),)),
        Panel((), (Entry("far", 24, 78, 10),)),
        Panel((), (Entry("full", 3, 3, 2, "abc"),)),
    ],
)
def test_a_panel_that_has_no_room_is_refused(panel: Panel) -> None:
    with pytest.raises(ValueError):
        drawn(panel)


@st.composite
def panels(draw: st.DrawFn) -> Panel:
    """On some lines a label, an entry, or both."""
    labels, entries = [], []
    for row in draw(st.lists(st.integers(1, ROWS), min_size=1, max_size=8, unique=True)):
        if draw(st.booleans()):
            text = draw(TEXTS | st.sampled_from(["-" * 30, "....."]))
            labels.append(Label(row, 2, text, draw(st.booleans())))
        if draw(st.booleans()) or not labels:
            length = draw(st.integers(1, 30))
            value = draw(st.text(st.sampled_from(LETTERS), max_size=length))
            column, hidden, numeric = draw(st.integers(34, 48)), draw(st.booleans()), draw(st.booleans())
            entries.append(Entry(f"e{row}", row, column, length, value, hidden, numeric))
    return Panel(tuple(labels), tuple(entries))


@needs_a_terminal
def test_a_real_terminal_shows_each_panel_and_its_answer_is_understood() -> None:
    """s3270 is the judge: of the buffer addresses, attributes and text, in both directions."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        arrived: list[Line] = []

        def answer() -> None:
            line = Line(server.accept()[0])
            line.agree()
            line.send(drawn(Panel(())))
            arrived.append(line)

        greeting = threading.Thread(target=answer)
        greeting.start()
        with Terminal(f"127.0.0.1:{server.getsockname()[1]}") as terminal:
            greeting.join()
            (line,) = arrived

            terminal.do("Enter")
            assert understood(line.receive(5)).key == "ENTER"

            @settings(max_examples=100, deadline=None)
            @given(
                panels(), st.sampled_from(["Enter", "PF(1)", "PF(12)", "PF(24)", "PA(2)", "Clear"]), st.data()
            )
            def each_panel(panel: Panel, key: str, data: st.DataObject) -> None:
                line.send(drawn(panel))
                terminal.do("Wait(5,Unlock)")
                try:
                    compare(panel, terminal.screen())
                    wanted = {entry.name: entry.value.strip() for entry in panel.entries}
                    if panel.entries:
                        entry = data.draw(st.sampled_from(panel.entries))
                        text = data.draw(st.text(st.sampled_from(LETTERS), max_size=entry.length))
                        terminal.type_at(entry.row, entry.column, text)
                        wanted[entry.name] = text.strip()
                finally:
                    terminal.do(key)  # locks the keyboard until the next panel
                    reading = understood(line.receive(5))
                assert reading.key == key.upper().replace("(", "").replace(")", "")
                if reading.key in KEYS_WITHOUT_FIELDS:
                    assert reading.fields == {}
                else:
                    assert {entry.name: reading.text_in(entry) for entry in panel.entries} == wanted

            each_panel()


def compare(panel: Panel, screen: TerminalScreen) -> None:
    """All that was drawn is where it should be."""
    by_place = {(field.row, field.column): field for field in screen.fields}
    for label in panel.labels:
        found = by_place[label.row, label.column]
        assert (found.content, found.protected) == (label.text, True)
        assert (found.bright, found.hidden) == (label.bright, False)
    for entry in panel.entries:
        found = by_place[entry.row, entry.column]
        assert (found.content, found.length) == (entry.value, entry.length)
        assert (found.protected, found.hidden) == (False, entry.hidden)


@pytest.mark.parametrize("chunk", [1, 3, 1000])
def test_a_terminal_agrees_in_pieces_and_its_newer_dialect_is_refused(chunk: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        theirs = socket.create_connection(server.getsockname())
        line = Line(server.accept()[0])
    with theirs:
        said = b"\xff\xfb\x28\xff\xfb\x18\xff\xfa\x18\x00IBM-3278-2-E\xff\xf0"  # WILL TN3270E comes first
        said += b"\xff\xfb\x19\xff\xfd\x19\xff\xfb\x00\xff\xfd\x00"
        for start in range(0, len(said), chunk):
            theirs.sendall(said[start : start + chunk])
        assert line.agree() == "IBM-3278-2-E"
        theirs.sendall(b"\x7d\x40\x40\x11\x40\x40\xff\xff\xff\xef")
        assert line.receive(5) == b"\x7d\x40\x40\x11\x40\x40\xff"
        line.send(b"\xf5\xff\xc2")
        theirs.settimeout(5)
        heard = b""
        while not heard.endswith(b"\xff\xef"):
            heard += theirs.recv(100)
        assert b"\xff\xfe\x28" in heard  # DONT TN3270E
        assert heard.endswith(b"\xf5\xff\xff\xc2\xff\xef")
        with pytest.raises(TimeoutError):
            line.receive(0.01)
        theirs.sendall(b"\x00" * 40_000)
        with pytest.raises(NotATerminal):
            line.receive(5)
        theirs.close()
        with pytest.raises((TerminalGone, NotATerminal)):
            while True:
                line.receive(5)

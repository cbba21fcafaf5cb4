"""What stands beside a label on a terminal's screen, what changed when nothing does, and what is never shown."""

from __future__ import annotations

import re

import pytest

from resources.legacy.screen_picture import html_page, html_picture
from resources.legacy.terminal_screen import COLUMNS, ScreenChanged, TerminalScreen, screen_in

PROTECTED, BRIGHT, ENTRY, HIDDEN = "e0", "e8", "40", "4c"


def screen(*fields: tuple[int, int, str, str], locked: bool = False) -> TerminalScreen:
    """From row, column, attribute and text of each field, as the terminal program tells a buffer of 24 lines."""
    places = ["0000"] * (24 * COLUMNS)
    for row, column, kind, text in fields:
        start = (row - 1) * COLUMNS + column - 1
        places[start - 1] = f"SF(c0={kind})"
        for offset, letter in enumerate(text):
            places[start + offset] = f"{ord(letter):04x}"
    lines = [" ".join(places[at : at + COLUMNS]) for at in range(0, len(places), COLUMNS)]
    return screen_in(lines, locked=locked)


FORM = (
    (1, 2, PROTECTED, "CDSK31"),
    (6, 4, PROTECTED, "CUSTOMER NUMBER . . . :"),
    (6, 30, PROTECTED, "100120"),
    (7, 4, PROTECTED, "NOTE :"),
    (7, 30, PROTECTED, "NEXT :"),
    (12, 4, PROTECTED, "NEW  LIMIT ===>"),
    (12, 30, ENTRY, "    "),
    (12, 42, PROTECTED, ""),
    (14, 4, PROTECTED, "PASSWORD . . :"),
    (14, 30, HIDDEN, "geheim"),
    (14, 40, PROTECTED, ""),
)


def test_a_field_is_found_beside_its_label_whatever_leads_to_it() -> None:
    shown = screen(*FORM)
    entry = shown.entry_beside("New Limit")
    assert (entry.row, entry.column, entry.length) == (12, 30, 11)
    assert shown.text_beside("CUSTOMER NUMBER") == "100120"
    assert shown.text_beside("NOTE") == "", "the next label is no value"
    assert shown.text_beside("NEXT") == ""
    assert shown.name == "CDSK31"


@pytest.mark.parametrize(
    ("label", "words"),
    [
        (
            "CREDIT LIMIT",
            "the screen changed: CDSK31 has no label CREDIT LIMIT, looked for on all of its lines; "
            "it has the fields to type into: NEW LIMIT (row 12, column 30), PASSWORD (row 14, column 30)",
        ),
        (
            "CUSTOMER NUMBER",
            "the screen changed: CDSK31 has no field to type into beside CUSTOMER NUMBER (row 6, column 4), "
            "there is the text '100120'; it has the fields to type into: NEW LIMIT",
        ),
        ("NEXT", "beside NEXT (row 7, column 30), there is nothing; it has"),
    ],
)
def test_a_field_that_is_gone_or_has_moved_is_told_with_what_is_there(label: str, words: str) -> None:
    with pytest.raises(ScreenChanged, match=re.escape(words)):
        screen(*FORM).entry_beside(label)


def test_a_label_that_is_there_twice_is_never_guessed() -> None:
    twice = screen(*FORM, (20, 4, PROTECTED, "NEW LIMIT :"), (20, 30, ENTRY, ""))
    with pytest.raises(ScreenChanged, match="CDSK31 has 2 labels NEW LIMIT"):
        twice.entry_beside("NEW LIMIT")


def test_a_screen_without_fields_is_told_too() -> None:
    assert screen().summary == "nothing"
    with pytest.raises(ScreenChanged, match=r"a blank screen has no label X, .* no field to type into"):
        screen().entry_beside("X")


def test_what_is_hidden_is_in_no_line_no_message_and_no_picture() -> None:
    shown = screen(*FORM, (20, 2, BRIGHT, "A <b> & C"))
    with pytest.raises(ScreenChanged) as raised:
        shown.entry_beside("NOTHING")
    assert shown.summary == "'CDSK31 / A <b> & C'"
    everything = f"{shown.lines}{shown.summary}{raised.value}{html_page(shown)}"
    assert "geheim" not in everything
    assert shown.entry_beside("PASSWORD").content == "geheim", "it can be compared with what was typed"


def test_the_picture_holds_each_line_as_it_is() -> None:
    shown = screen(*FORM, (20, 2, BRIGHT, "A <b> & C"))
    picture = html_picture(shown)
    assert "A &lt;b&gt; &amp; C" in picture
    text = re.sub(r"<[^>]+>", "", picture).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert text == "\n".join(shown.lines)

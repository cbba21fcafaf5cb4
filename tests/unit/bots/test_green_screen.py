"""What is typed has to arrive as it was meant, or nothing is sent."""

from __future__ import annotations

import pytest
from robot.api.types import Secret

from resources.legacy import green_screen
from resources.legacy.terminal_screen import Field, ScreenChanged, TerminalScreen


def showing(content: str) -> TerminalScreen:
    fields = (
        Field(1, 2, "CDSK31", 20, protected=True, hidden=False, bright=False),
        Field(3, 2, "NEW LIMIT :", 12, protected=True, hidden=False, bright=False),
        Field(3, 20, content, 10, protected=False, hidden=False, bright=False),
    )
    return TerminalScreen(fields, ("",) * 24, locked=False)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("51000", "the field NEW LIMIT of CDSK31 holds '5100', not '51000'"),
        (
            Secret("51000"),
            "the field NEW LIMIT of CDSK31 holds something else, not what was typed",
        ),
    ],
)
def test_a_field_that_holds_something_else_than_was_typed_is_told(
    typed: str | Secret, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal that loses a letter; real ones do so only now and then."""
    shown = iter([showing(""), showing("5100")])
    monkeypatch.setattr(green_screen, "_screen", lambda: next(shown))
    monkeypatch.setattr(green_screen, "_command", lambda text: None)
    with pytest.raises(ScreenChanged) as raised:
        green_screen.type_into_field("NEW LIMIT", typed)
    assert str(raised.value) == f"the screen changed: {words}"


def test_the_terminal_programs_own_words_never_tell_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(text: str) -> None:
        raise green_screen.HostLost(f"the terminal says: {text} failed")

    monkeypatch.setattr(green_screen, "_screen", lambda: showing(""))
    monkeypatch.setattr(green_screen, "_command", refuse)
    with pytest.raises(green_screen.HostLost) as raised:
        green_screen.type_into_field("NEW LIMIT", Secret("§"))
    assert str(raised.value) == "the field NEW LIMIT of CDSK31 can't be typed into"
    assert raised.value.__suppress_context__

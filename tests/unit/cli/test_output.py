"""How lines for people look on a terminal, and elsewhere."""

from __future__ import annotations

import pytest

from referee.cli import output

SENTENCE = "rule 5 can never fire: rule 4 comes first in each of its cases; move it up"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "terminal_width", lambda: 40)


@pytest.mark.usefixtures("terminal")
def test_a_terminal_gets_lines_that_fit_and_hang(capsys: pytest.CaptureFixture[str]) -> None:
    output.say(SENTENCE, 4)
    assert capsys.readouterr().out == (
        "    rule 5 can never fire: rule 4 comes\n      first in each of its cases; move\n      it up\n"
    )


@pytest.mark.usefixtures("terminal")
def test_a_word_longer_than_the_terminal_stays_whole(capsys: pytest.CaptureFixture[str]) -> None:
    output.say(f"  {'x' * 60} end", hanging=4)
    assert capsys.readouterr().out == f"  {'x' * 60}\n      end\n"


def test_files_and_programs_get_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    output.say(SENTENCE, 4)
    assert capsys.readouterr().out == f"    {SENTENCE}\n"

"""What a person typed into a cell, as the FEEL text that was meant: quotes, signs and spaces that Excel and
Word put in.
"""

from __future__ import annotations

from referee.workbook.cell_value import plain_spaces

_DOUBLE_OPENING = "“„‟«"
_DOUBLE_CLOSING = "”“‟»"
_SINGLE_OPENING = "‘‚‛"
_SINGLE_CLOSING = "’‘‛"
_SIGNS = {"≤": "<=", "≥": ">=", "≠": "!=", "−": "-", "…": ".."}
_DASHES = ("-", "–", "—", "--")


def feel_text(written: str) -> str:
    """The text with straight quotes, plain spaces and ASCII signs, on one line. Inside quotes only spaces
    change.

    A lone dash of any kind is ``-``. A dash between numbers is left alone: it may mean a range or a
    subtraction.
    """
    written = " ".join(plain_spaces(written).replace("\t", " ").split("\n")).strip()
    if written in _DASHES:
        return "-"
    pieces: list[str] = []
    closing = ""
    for position, character in enumerate(written):
        if closing:
            escaped = written[position - 1] == "\\" and closing == '"'
            if character in closing and not escaped:
                pieces.append('"')
                closing = ""
            else:
                pieces.append('\\"' if character == '"' and closing != '"' else character)
            continue
        if character == '"':
            pieces.append('"')
            closing = '"'
        elif character in _DOUBLE_OPENING or character == "”":
            pieces.append('"')
            closing = _DOUBLE_CLOSING + '"'
        elif character in _SINGLE_OPENING and not _follows_word(written, position):
            pieces.append('"')
            closing = _SINGLE_CLOSING
        else:
            pieces.append(_SIGNS.get(character, character))
    return "".join(pieces)


def _follows_word(written: str, position: int) -> bool:
    """Whether a single quote is an apostrophe, as in ``supplier’s``."""
    return position > 0 and written[position - 1].isalnum()


def quoted(text: str) -> str:
    """The FEEL string literal of a text."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


_MOST_QUOTED = 200


def cited(text: str) -> str:
    """A text as messages quote it: on one line, and only its beginning where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= _MOST_QUOTED else f"{line[: _MOST_QUOTED - 1]}…"

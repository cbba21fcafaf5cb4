"""FEEL text to tokens. Names are cut at white space and symbols here; the parser joins them by what is in
scope.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from referee.feel.syntax_error import FeelSyntaxError

NUMBER: Final = 0
STRING: Final = 1
NAME: Final = 2
SYMBOL: Final = 3
END: Final = 4


class Token(NamedTuple):
    """A piece of text that stands for itself; white space and comments lie between tokens."""

    kind: int
    text: str
    start: int
    end: int


_SPACE = r"\s\u0085\u180e\u200b\ufeff"
# Clause 10.3.1.2, grammar rules 28 and 29 (the `?` that may begin a name there is a token of its own here).
_NAME_START = (
    r"A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f"
    r"\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufefe\uff00-\ufffd\U00010000-\U000effff"
)
_NAME_PART = _NAME_START + r"0-9\u00b7\u0300-\u036f\u203f\u2040\ufe0f"
_TOKEN = re.compile(
    rf"""(?:[{_SPACE}]|//[^\n\r]*|/\*.*?\*/)*
    (?:(?P<number>(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
      |(?P<string>"[^"\\]*(?:\\.[^"\\]*)*")
      |(?P<name>[{_NAME_START}][{_NAME_PART}]*)
      |(?P<symbol>\.\.|\*\*|!=|<=|>=|->|.)
      |(?P<end>\Z))""",
    re.VERBOSE | re.DOTALL,
)
_KINDS = {"number": NUMBER, "string": STRING, "name": NAME, "symbol": SYMBOL, "end": END}

_ESCAPE = re.compile(r"(?:\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{6}|\\.)", re.DOTALL)  # fmt: skip  # noqa: E501
_PLAIN_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "'": "'", '"': '"', "\\": "\\"}
_LAST_CODE_POINT = 0x10FFFF


def tokenize(text: str) -> list[Token]:
    """All tokens of the text, the last one of kind ``END``. Raises ``FeelSyntaxError`` at what has no end."""
    tokens: list[Token] = []
    position = 0
    match = _TOKEN.match
    while True:
        found = match(text, position)
        assert found is not None  # every alternative together matches any text
        group = found.lastgroup or "end"
        start, position = found.span(group)
        word = found[group]
        if group == "symbol":
            if word == '"':
                raise FeelSyntaxError('this string has no end; close it with `"`', (start, len(text)), text)
            if word == "/" and text.startswith("/*", start):
                raise FeelSyntaxError("this comment has no end; close it with `*/`", (start, len(text)), text)
        tokens.append(Token(_KINDS[group], word, start, position))
        if group == "end":
            return tokens


def unescape(token: Token, text: str) -> str:
    """The string a ``STRING`` token stands for. Escapes FEEL does not know are kept, as ``"\\d+"`` wants."""
    body = token.text[1:-1]
    if "\\" not in body:
        return body
    return _ESCAPE.sub(lambda escape: _character(escape, token, text), body)


def _character(escape: re.Match[str], token: Token, text: str) -> str:
    written = escape[0]
    kind, digits = written[1], written[2:]
    if kind not in "uU" or not digits:
        return _PLAIN_ESCAPES.get(kind, written)
    if len(written) == 12:
        high, low = int(written[2:6], 16), int(written[8:], 16)
        return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
    code = int(digits, 16)
    if 0xD800 <= code <= 0xDFFF or code > _LAST_CODE_POINT:
        start = token.start + 1 + escape.start()
        raise FeelSyntaxError(
            f"`{written}` is not a character; write it as `\\U` and six hexadecimal digits",
            (start, start + len(written)),
            text,
        )
    return chr(code)

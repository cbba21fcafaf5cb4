"""Reading tokens one after the other, and saying what is wrong with the one that does not fit."""

from __future__ import annotations

import re
from typing import Final, NoReturn

from referee.feel.lexer import END, NAME, NUMBER, SYMBOL, Token, tokenize
from referee.feel.names import Names
from referee.feel.syntax import Span
from referee.feel.syntax_error import FeelSyntaxError

MAX_NESTING: Final = 64
"""How deeply brackets and keywords may nest."""
MAX_HEIGHT: Final = 200
"""How high a syntax tree may grow; a chain of operators counts one for each."""
_MAX_ATTEMPTS: Final = 200  # second readings in one text, which bounds the work on hostile ones

ENDS_NAME: Final = frozenset(
    {"and", "or", "in", "between", "instance", "then", "else", "return", "satisfies"}
)
"""Words that never continue a name, unless the name is known."""
_NAME_SYMBOLS: Final = frozenset({".", "/", "-", "'", "+", "*", "**", "..", "?"})
_WHITE_SPACE = re.compile(r"\s+")

_MEND: Final = {
    "==": "FEEL compares with a single `=`",
    "=>": "write `>=`",
    "=<": "write `<=`",
    "<>": "write `!=` for not equal",
    "&&": "write `and`",
    "||": "write `or`",
    ">>": "write a single `>`",
    ">>=": "write `>=`",
    "<<=": "write `<=`",
    "<<": "write a single `<`",
    "<==": "write `<=`",
    ">==": "write `>=`",
}
_MEND_ONE: Final = {
    "'": 'write strings in double quotes, like `"low"`',
    "\u201c": 'write strings in straight quotes, like `"low"`',
    "\u201d": 'write strings in straight quotes, like `"low"`',
    "\u201e": 'write strings in straight quotes, like `"low"`',
    "\u2018": 'write strings in straight double quotes, like `"low"`',
    "\u2019": 'write strings in straight double quotes, like `"low"`',
    "\u2264": "write `<=`",
    "\u2265": "write `>=`",
    "\u2260": "write `!=`",
    "\u2013": "write a plain minus `-`",
    "\u2212": "write a plain minus `-`",
    "\u2026": "write two dots `..` between the ends of a range",
    "!": "write `!=` for not equal or `not(...)`",
    "&": "write `and`; join strings with `+`",
    "|": "write `or`",
    "%": "write `modulo(a, b)` for a remainder, or a hundredth for per cent",
    ";": "separate with a comma",
    ",": "write a decimal point `.`, or separate values with commas only where a list is allowed",
}


def too_deep(text: str) -> FeelSyntaxError:
    """The refusal of a text that would take too much room."""
    return FeelSyntaxError(
        "this nests too deeply or chains too many operators; split it into smaller parts",
        (0, len(text)),
        text,
    )


class TokenReader:
    """One text being read. Methods begin at the current token and leave it behind what they read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = tokenize(text)
        self._position = 0
        self._nesting = 0
        self._height = 0
        self._attempts = 0

    def _span(self, first: int) -> Span:
        return self._tokens[first].start, self._tokens[self._position - 1].end

    def _accept(self, text: str) -> bool:
        if self._tokens[self._position].text == text:
            self._position += 1
            return True
        return False

    def _expect(self, text: str, mend: str) -> None:
        if not self._accept(text):
            self._fail(f"`{text}` is missing", mend)

    def _expect_comma(self, closing: str, mend: str) -> None:
        if not self._accept(","):
            self._fail(f"`,` or `{closing}` is missing", mend)

    def _expect_end(self) -> None:
        if self._tokens[self._position].kind != END:
            self._fail("this is one thing too many", "an operator or a comma may be missing before it")

    def _fail(self, problem: str, mend: str = "") -> NoReturn:
        """Raises the error for the current token, with the usual remedy where one is known for it."""
        token = self._tokens[self._position]
        found = "the end" if token.kind == END else f"`{token.text}`"
        hint = self._remedy() or mend
        message = f"{problem} before the end" if token.kind == END else f"{problem} at {found}"
        span = (token.start, token.end)
        if token.kind == END:
            last = len(self.text.rstrip())
            span = (last, last)
        raise FeelSyntaxError(f"{message}; {hint}" if hint else message, span, self.text)

    def _remedy(self) -> str:
        position = self._position
        token = self._tokens[position]
        if token.kind != SYMBOL:
            return ""
        before, after = self._tokens[position - 1], self._tokens[min(position + 1, len(self._tokens) - 1)]
        if position and before.end == token.start and before.text + token.text in _MEND:
            return _MEND[before.text + token.text]
        if token.end == after.start and token.text + after.text in _MEND:
            return _MEND[token.text + after.text]
        return _MEND_ONE.get(token.text, "")

    def _enter(self) -> None:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise too_deep(self.text)

    def _raise_height(self, other: int) -> None:
        """The node just built stands on the last one read and on one of height ``other``."""
        height = (other if other > self._height else self._height) + 1
        if height > MAX_HEIGHT:
            raise too_deep(self.text)
        self._height = height

    def _attempt_again(self) -> None:
        """Counts a second reading of the same tokens."""
        self._attempts += 1
        if self._attempts > _MAX_ATTEMPTS:
            raise too_deep(self.text)

    # Names

    def _longest(self, scopes: list[Names]) -> str:
        best, after = "", self._position
        for names in scopes:
            found, end = names.longest(self._tokens, self._position)
            if end > after:
                best, after = found, end
        self._position = after
        return best

    def _skip_words(self) -> None:
        while (
            self._tokens[self._position].kind == NAME and self._tokens[self._position].text not in ENDS_NAME
        ):
            self._position += 1

    def _written(self, first: int) -> str:
        start, end = self._span(first)
        return _WHITE_SPACE.sub(" ", self.text[start:end])

    def _in_name(self, token: Token) -> bool:
        return token.kind in (NAME, NUMBER) or token.text in _NAME_SYMBOLS

    def _declared_name(self, end: str) -> str:
        """A new name up to the token ``end``, which is left behind."""
        first = self._position
        if self._tokens[first].kind != NAME:
            self._fail("a name is missing", "names begin with a letter")
        while self._in_name(self._tokens[self._position]) and self._tokens[self._position].text != end:
            self._position += 1
        if self._position == first:
            self._fail("a name is missing")
        name = self._written(first)
        self._expect(end, f"put `{end}` behind the name {name}")
        return name

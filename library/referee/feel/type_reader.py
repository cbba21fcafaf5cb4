"""Reading types, as written after ``instance of`` and behind parameters."""

from __future__ import annotations

from typing import Final

from referee.feel import syntax
from referee.feel.lexer import NAME
from referee.feel.names import Names
from referee.feel.token_reader import TokenReader

_TYPE_NAMES: Final = Names(
    ("date and time", "days and time duration", "years and months duration", "day time duration")
)


class TypeReader(TokenReader):
    """A reader of tokens that knows types; ``types`` are the names of the model's own."""

    def __init__(self, text: str, types: Names) -> None:
        super().__init__(text)
        self._types = [types, _TYPE_NAMES]

    def _type(self) -> syntax.Type:
        self._enter()
        type_ = self._type_form()
        self._nesting -= 1
        return type_

    def _type_form(self) -> syntax.Type:
        first = self._position
        token = self._tokens[first]
        if token.kind != NAME:
            self._fail("a type is missing", "write a type such as `number` or `list<string>`")
        if self._tokens[first + 1].text == "<" and token.text in ("list", "range", "context", "function"):
            self._position += 2
            if token.text == "context":
                entries = self._type_entries()
                return syntax.ContextType(entries, self._span(first))
            if token.text == "function":
                return self._function_type(first)
            inner = self._type()
            self._expect(">", f"close `{token.text}<` with `>`")
            if token.text == "list":
                return syntax.ListType(inner, self._span(first))
            return syntax.RangeType(inner, self._span(first))
        known = self._longest(self._types)
        if known:
            return syntax.NamedType(known, self._span(first))
        self._position += 1
        self._skip_words()
        while self._tokens[self._position].text == "." and self._tokens[self._position + 1].kind == NAME:
            self._position += 2
            self._skip_words()
        return syntax.NamedType(self._written(first), self._span(first))

    def _type_entries(self) -> tuple[tuple[str, syntax.Type], ...]:
        entries: list[tuple[str, syntax.Type]] = []
        while True:
            entries.append((self._declared_name(":"), self._type()))
            if self._accept(">"):
                return tuple(entries)
            self._expect_comma(">", "separate entries with commas and close the type with `>`")

    def _function_type(self, first: int) -> syntax.Type:
        parameters: list[syntax.Type] = []
        if not self._accept(">"):
            while True:
                parameters.append(self._type())
                if self._accept(">"):
                    break
                self._expect_comma(">", "separate types with commas and close them with `>`")
        self._expect("->", "write `function<number> -> string`")
        return syntax.FunctionType(tuple(parameters), self._type(), self._span(first))

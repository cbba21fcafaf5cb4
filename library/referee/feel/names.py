"""Names in scope, and finding the longest of them at a place in a text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from referee.feel.lexer import END, Token, tokenize
from referee.feel.syntax_error import FeelSyntaxError


class _Branch:
    """A step within names: what may follow, and the name that ends here (empty: none)."""

    __slots__ = ("ends", "next")

    def __init__(self) -> None:
        self.next: dict[str, _Branch] = {}
        self.ends = ""


class Names:
    """A set of names by their words. White space between words counts once; symbols stand as closely as
    written.
    """

    __slots__ = ("_first", "all")

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.all = frozenset(names)
        self._first: dict[str, _Branch] = {}
        for name in self.all:
            self._add(name)

    def _add(self, name: str) -> None:
        try:
            tokens = tokenize(name)
        except FeelSyntaxError:  # a name with an unmatched quote can't be written in FEEL, so it can't be met
            return
        branches = self._first
        branch: _Branch | None = None
        end = 0
        for token in tokens:
            if token.kind == END:
                break
            word = token.text if branch is None or token.start == end else " " + token.text
            end = token.end
            branch = branches.setdefault(word, _Branch())
            branches = branch.next
        if branch is not None:
            branch.ends = name

    def __iter__(self) -> Iterator[str]:
        return iter(self.all)

    def longest(self, tokens: Sequence[Token], position: int) -> tuple[str, int]:
        """The longest name that begins at the token, and the position after it; ``("", position)`` when
        there is none.
        """
        branch = self._first.get(tokens[position].text)
        found, after = "", position
        while branch is not None:
            if branch.ends:
                found, after = branch.ends, position + 1
            if not branch.next:
                break
            position += 1
            token = tokens[position]
            glued = token.start == tokens[position - 1].end
            branch = branch.next.get(token.text if glued else " " + token.text)
        return found, after


@lru_cache(maxsize=512)
def suggestion(name: str, known: frozenset[str]) -> str:
    """The end of a sentence about an unknown name: the known one that looks most like it, if any does."""
    from difflib import get_close_matches

    close = get_close_matches(name, sorted(known), n=1, cutoff=0.75)
    return f"; did you mean `{close[0]}`?" if close else ""


@lru_cache(maxsize=512)
def names_of(names: frozenset[str]) -> Names:
    """The prepared set for these names; the same set is prepared once."""
    return Names(names)

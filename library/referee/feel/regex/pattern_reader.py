"""Reads the text of a regular expression into its syntax tree.

The language is XPath's: that of XML Schema with ``^``, ``$``, reluctant quantifiers, groups and back-references.
Anything else, such as ``\\b`` or look-ahead, is a fault that says so.

Source: XQuery and XPath Functions and Operators 3.1, 5.6.1; XML Schema Part 2, appendix F.
"""

from __future__ import annotations

from referee.feel.fault import Fault
from referee.feel.regex.character_set import (
    EVERYTHING,
    LINE_ENDS,
    NAME,
    NAME_START,
    WHITESPACE,
    CharacterSet,
    category,
    word_characters,
)
from referee.feel.regex.nodes import (
    BackReference,
    Characters,
    Choice,
    Group,
    LineEnd,
    LineStart,
    Node,
    Repeat,
    Sequence,
)
from referee.feel.regex.unicode_blocks import BLOCKS

MAX_PATTERN = 5_000
_MAX_DEPTH = 100
_MAX_COUNT = 10_000
_SPECIAL = ".\\?*+{}()|[]^$"
_SINGLE_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", **{mark: mark for mark in "\\|.?*+(){}-[]^$"}}


class PatternReader:
    """Reads one pattern from left to right."""

    def __init__(self, pattern: str, *, ignore_case: bool, dot_all: bool, skip_whitespace: bool) -> None:
        if len(pattern) > MAX_PATTERN:
            raise Fault("invalid-pattern", f"a pattern has at most {MAX_PATTERN} characters")
        self._pattern = pattern
        self._text = _without_whitespace(pattern) if skip_whitespace else pattern
        self._ignore_case = ignore_case
        self._dot_all = dot_all
        self._at = 0
        self._depth = 0
        self._closed_groups: set[int] = set()
        self.groups = 0

    def read(self) -> Node:
        node = self._choice()
        if self._at < len(self._text):
            raise self._fault("a bracket `)` without its `(`")
        return node

    def _choice(self) -> Node:
        self._deeper()
        branches = [self._branch()]
        while self._skip("|"):
            branches.append(self._branch())
        self._depth -= 1
        return branches[0] if len(branches) == 1 else Choice(tuple(branches))

    def _branch(self) -> Node:
        parts = []
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            parts.append(self._quantified(self._atom()))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _quantified(self, atom: Node) -> Node:
        mark = self._peek()
        if mark == "?":
            least, most = 0, 1
        elif mark == "*":
            least, most = 0, None
        elif mark == "+":
            least, most = 1, None
        elif mark == "{":
            return self._counted(atom)
        else:
            return atom
        self._at += 1
        return Repeat(atom, least, most, not self._skip("?"))

    def _counted(self, atom: Node) -> Node:
        end = self._text.find("}", self._at)
        least_text, comma, most_text = self._text[self._at + 1 : end].partition(",")
        if end < 0 or not _is_count(least_text) or not (most_text == "" or _is_count(most_text)):
            raise self._fault("a quantifier that is not {n}, {n,} or {n,m}")
        least = int(least_text)
        most = int(most_text) if most_text else (None if comma else least)
        if max(least, most or 0) > _MAX_COUNT or (most is not None and most < least):
            raise self._fault(f"a quantifier that counts down, or beyond {_MAX_COUNT}")
        self._at = end + 1
        return Repeat(atom, least, most, not self._skip("?"))

    def _atom(self) -> Node:
        mark = self._text[self._at]
        if mark == "[":
            return Characters(self._class())
        self._at += 1
        if mark == "(":
            return self._group()
        if mark == ".":
            return Characters(EVERYTHING if self._dot_all else LINE_ENDS.complement())
        if mark == "^":
            return LineStart()
        if mark == "$":
            return LineEnd()
        if mark == "\\":
            if self._peek().isdecimal() and self._peek().isascii():
                return self._back_reference()
            members = self._escape()
            return Characters(self._cased(members[0]) if members[1] else members[0])
        if mark in _SPECIAL:
            raise self._fault(f"a `{mark}` that stands for nothing; write \\{mark} for the character itself")
        return Characters(self._cased(CharacterSet.of_characters(mark)))

    def _group(self) -> Node:
        number = 0
        if self._skip("?"):
            if not self._skip(":"):
                raise self._fault("a group that starts with `(?`; only `(?:` is known")
        else:
            self.groups += 1
            number = self.groups
        body = self._choice()
        if not self._skip(")"):
            raise self._fault("a bracket `(` without its `)`")
        if number:
            self._closed_groups.add(number)
        return Group(number, body)

    def _back_reference(self) -> Node:
        digits = 1
        # as many digits as make the number of a group
        while self._text[self._at + digits : self._at + digits + 1].isdecimal():
            if int(self._text[self._at : self._at + digits + 1]) > self.groups:
                break
            digits += 1
        number = int(self._text[self._at : self._at + digits])
        if number not in self._closed_groups:
            raise self._fault(f"\\{number}, but no group of that number ends before it")
        self._at += digits
        return BackReference(number)

    def _escape(self) -> tuple[CharacterSet, bool]:
        """The characters of an escape after its backslash, and whether it is a single character."""
        mark = self._peek()
        self._at += 1
        if mark in _SINGLE_ESCAPES and mark:
            return CharacterSet.of_characters(_SINGLE_ESCAPES[mark]), True
        if mark in ("p", "P") and mark:
            members = self._property()
        elif mark in ("s", "S") and mark:
            members = WHITESPACE
        elif mark in ("i", "I") and mark:
            members = NAME_START
        elif mark in ("c", "C") and mark:
            members = NAME
        elif mark in ("d", "D") and mark:
            members = category("Nd") or CharacterSet(())
        elif mark in ("w", "W") and mark:
            members = word_characters()
        else:
            raise self._fault(f"\\{mark}, which stands for nothing")
        return (members.complement() if mark.isupper() else members), False

    def _property(self) -> CharacterSet:
        end = self._text.find("}", self._at)
        if not self._skip("{") or end < 0:
            raise self._fault("\\p without its {category}")
        name = self._text[self._at : end]
        self._at = end + 1
        if name.startswith("Is"):
            block = BLOCKS.get(name.removeprefix("Is"))
            members = None if block is None else CharacterSet((block,))
        else:
            members = category(name)
        if members is None:
            raise self._fault(f"\\p{{{name}}}, which is neither a category nor a block of Unicode")
        return members

    def _class(self) -> CharacterSet:
        """The characters of ``[…]``, with the subtraction ``[…-[…]]``."""
        self._deeper()
        self._at += 1
        negative = self._skip("^")
        members = CharacterSet(())
        is_empty = True
        subtracted: CharacterSet | None = None
        while not self._skip("]"):
            if self._text.startswith("-[", self._at) and not is_empty:
                self._at += 1
                subtracted = self._class()
                if self._peek() != "]":
                    raise self._fault("a subtraction that is not the last of its [class]")
                continue
            members = members.union(self._class_part(is_empty))
            is_empty = False
        if is_empty:
            raise self._fault("a [class] without characters")
        self._depth -= 1
        if negative:
            members = members.complement()
        return members if subtracted is None else members.without(subtracted)

    def _class_part(self, is_first: bool) -> CharacterSet:
        first, is_single = self._class_character(is_first)
        if not is_single:
            return first
        if self._peek() != "-" or self._text[self._at + 1 : self._at + 2] in ("]", "["):
            return self._cased(first)
        self._at += 1
        last, is_single = self._class_character(False)
        low, high = first.ranges[0][0], last.ranges[0][0] if last.ranges else -1
        if not is_single or high < low:
            raise self._fault("a range of characters that ends before it starts")
        return self._cased(CharacterSet(((low, high),)))

    def _class_character(self, is_first: bool) -> tuple[CharacterSet, bool]:
        mark = self._peek()
        if not mark:
            raise self._fault("a [class] without its `]`")
        self._at += 1
        if mark == "\\":
            return self._escape()
        if mark == "[" or (mark == "-" and not is_first and self._peek() != "]"):
            raise self._fault(f"a `{mark}` inside a [class]; write \\{mark} for the character itself")
        return CharacterSet.of_characters(mark), True

    def _cased(self, members: CharacterSet) -> CharacterSet:
        return members.with_case_variants() if self._ignore_case else members

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._fault("too many brackets within brackets")

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _skip(self, mark: str) -> bool:
        if self._text.startswith(mark, self._at):
            self._at += len(mark)
            return True
        return False

    def _fault(self, found: str) -> Fault:
        shown = self._pattern if len(self._pattern) <= 60 else self._pattern[:59] + "…"
        return Fault("invalid-pattern", f"the pattern `{shown}` has {found}")


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 9


def _without_whitespace(pattern: str) -> str:
    """The pattern as flag ``x`` means it: whitespace counts only inside of ``[…]``."""
    kept = []
    depth = 0
    escaped = False
    for character in pattern:
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == "[":
            depth += 1
        elif character == "]":
            depth -= 1
        if depth > 0 or character not in " \t\n\r":
            kept.append(character)
    return "".join(kept)

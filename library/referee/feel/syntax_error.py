"""A text that is not FEEL: what was found, where, and how to mend it."""

from __future__ import annotations

from referee.domain import RefereeError
from referee.feel.syntax import Span


class FeelSyntaxError(RefereeError):
    """The text is not FEEL: correct it at the spot shown. ``message`` is one sentence, ``span`` the
    characters meant.
    """

    def __init__(self, message: str, span: Span, text: str) -> None:
        self.message = message
        self.span = span
        self.text = text
        super().__init__(message)

    def __str__(self) -> str:
        start, end = self.span
        line_start = self.text.rfind("\n", 0, start) + 1
        line_end = self.text.find("\n", start)
        line = self.text[line_start : line_end if line_end >= 0 else len(self.text)]
        marked = max(1, min(end, line_start + len(line)) - start)
        column = start - line_start
        if len(line) > 100:  # a long line is shown around the spot only
            cut = max(0, column - 40)
            line, column = line[cut : cut + 100], column - cut
            marked = min(marked, max(1, len(line) - column))
        padding = "".join("\t" if character == "\t" else " " for character in line[:column])
        return f"{self.message}\n  {line}\n  {padding}{'^' * marked}"

"""Why an operation of FEEL has no value."""

from __future__ import annotations


class Fault(Exception):
    """FEEL's result is ``null`` because something is wrong; the evaluator turns it into ``null`` and a diagnostic.

    ``code`` is stable and kebab-case, ``message`` is one sentence for the author of the expression.
    A correct use that simply yields ``null`` never raises this.
    """

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(message)

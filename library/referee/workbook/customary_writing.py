"""Numbers as people write them elsewhere, and how FEEL wants them."""

from __future__ import annotations

import re

_SEPARATOR = r"[ '\u00a0\u2009\u202f\u2019]"
_SPACED_NUMBER = rf"[1-9]\d{{0,2}}(?:{_SEPARATOR}\d{{3}})+(?:[.,]\d+)?(?!\w)"
_SPACED = re.compile(rf"(?<![\w.,]){_SPACED_NUMBER}")
_NUMBER = rf"(?:{_SPACED_NUMBER}|\d+(?:[.,]\d+)?)"
_CODES = "EUR|USD|GBP|CHF|JPY|CNY|INR|CAD|AUD|SEK|NOK|DKK|PLN|CZK|HUF"
_CURRENCY = rf"(?:[$\u00a2-\u00a5\u20a0-\u20cf]|(?<![^\W\d_])(?:{_CODES})(?!\w))"
_MONEY = re.compile(rf"(?<![\w.,])(?P<before>{_NUMBER})\s*{_CURRENCY}|{_CURRENCY}\s*(?P<after>{_NUMBER})")


def number_mend(text: str) -> tuple[str, tuple[int, int]] | None:
    """What to write for a number with spaces or apostrophes in it, or with a currency; with the characters meant."""
    if '"' in text:
        return None
    money = _MONEY.search(text)
    if money:
        number = _plain(money["before"] or money["after"])
        return (
            f"`{money.group()}` has a currency; write the number without its currency, {number}",
            money.span(),
        )
    spaced = _SPACED.search(text)
    if spaced:
        return f"`{spaced.group()}` is no number of FEEL; write {_plain(spaced.group())}", spaced.span()
    return None


def _plain(number: str) -> str:
    return re.sub(_SEPARATOR, "", number).replace(",", ".")

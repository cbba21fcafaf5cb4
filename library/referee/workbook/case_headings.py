"""Whether the headings of a case list name the facts that a decision needs, before its first case is decided."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping

from referee.domain import InputError
from referee.workbook.data_dictionary import DataDictionary

_CLOSE = 0.8
"""Above it a heading and a fact are taken for the same word, misspelt."""


def require_facts(
    place: str,
    headings: Mapping[str, str],
    dictionary: DataDictionary,
    warn: Callable[[str], None],
) -> None:
    """``headings`` are the cells by name, ``place`` is their row.

    Raises InputError when a required fact has no column: every case of the list would go to people, and stay there
    when the heading is mended. Warns of an optional fact without column where a heading that is no fact is close to it.
    """
    unknown = {name.casefold(): name for name in headings if dictionary.fact(name) is None}
    faults: list[str] = []
    remarks: list[str] = []
    for fact in dictionary.facts:
        if fact.protected or fact.name in headings:
            continue
        close = difflib.get_close_matches(fact.name.casefold(), list(unknown), n=1, cutoff=_CLOSE)
        heading = unknown[close[0]] if close else ""
        meant = f"did you mean `{fact.name}`, which is called `{heading}` here ({headings.get(heading)})?"
        if fact.required:
            faults.append(
                f"no column has the required fact `{fact.name}`" + (f"; {meant}" if heading else "")
            )
        elif heading:
            remarks.append(f"{place}: no column has the optional fact `{fact.name}`; {meant}")
    if faults:
        raise InputError(f"{place}: {'; '.join(faults)}; the headings are {', '.join(headings)}")
    for remark in remarks:
        warn(remark)

"""What a keyword that works on cases was told about its end; a run that can't begin anything must not look well."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from difflib import get_close_matches
from inspect import signature
from typing import TYPE_CHECKING, Any

from referee.domain import InputError
from referee.project.run_end import end_of_run

if TYPE_CHECKING:
    from referee.engine import RunLimits


def limits_of_run(
    until: str,
    within: timedelta | None,
    at_most: int | None,
    now: datetime,
    asked_to_stop: Callable[[], str],
) -> RunLimits:
    """Raises `InputError` for what is no limit, and for limits that leave no work."""
    from referee.engine import RunLimits

    if at_most is not None and at_most < 1:
        raise InputError(f"at_most={at_most} leaves no work; name 1 or more, or leave it out")
    if within is not None and within <= timedelta():
        raise InputError(
            f"within={within.total_seconds():g} s leaves no work; name a longer time, such as 2h, or leave it out"
        )
    end = end_of_run(until, within, now)
    if end is not None and end <= now:
        raise InputError(
            f"until={until} leaves no work: it is {now.astimezone():%Y-%m-%d %H:%M} now; name a time to come, or a "
            "time of day alone, 06:00, for the next one"
        )
    return RunLimits(end, at_most, asked_to_stop)


def require_no_option(called: Callable[..., Any], *given: object) -> None:
    """An option with a typing error, ``util=06:00``, reaches a keyword as the next of its arguments. Raises
    `InputError` for a value that looks like that.
    """
    options = [name for name in signature(called).parameters if name != "self"]
    for value in given:
        name, sign, _ = str(value).partition("=")
        close = get_close_matches(name.strip().casefold(), options, n=1) if sign else []
        if close:
            told = called.__name__.replace("_", " ").title()
            raise InputError(f"`{name}` is no option of {told}; did you mean `{close[0]}`? (in `{value}`)")

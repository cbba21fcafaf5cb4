"""Refusals: what was given can't be used, so nothing was begun. They end a bot with the exit code 2."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from referee.domain import InputError, LogRefusedError, ModelError, RulesError

_refusals: set[str] = set()
_of_no_case: list[str] = []


@contextmanager
def refusals_noted() -> Iterator[None]:
    """Remembers the refusals that pass through, for the process that runs the bot.

    Also for libraries of bots, as a decorator: a keyword that raises `InputError` then ends the bot as unusable
    input of `Read Cases` does.
    """
    try:
        yield
    except (InputError, LogRefusedError, ModelError, RulesError) as refusal:
        _refusals.add(str(refusal).strip())
        if not isinstance(refusal, InputError):
            _of_no_case.append(str(refusal).strip())
        raise


def is_refusal(message: str) -> bool:
    """Whether the message of a failed task is that of a refusal."""
    return any(refusal in message for refusal in _refusals)


def refusal_of_no_case() -> str:
    """The first refusal that is about rules, models or the log; empty where there is none.

    It may be told by mail: what is said of a list of cases may quote their facts.
    """
    return next(iter(_of_no_case), "")

"""What is said about failed actions, and whether the fault is in the bot's own keywords."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from referee.domain.counting import number_of
from referee.keywords.named_keyword import NamedKeyword
from referee.keywords.output_files import shown

if TYPE_CHECKING:
    from referee.engine import FailedAction

SEE_TO_THE_SYSTEM = "see to the target system, then start the bot again"

_SAID_BY_ROBOT_FRAMEWORK = re.compile(
    r"No keyword with name '.*' found|Multiple keywords (with name|matching name) '"
    r"|(Environment v|V)ariable '.*' not found|Resolving variable '.*' failed: "
    r"|(Dictionary|List|Tuple|String|Object) '.*' (has no (key|item)|used with invalid index)"
    r"|Keyword '.*' (expected .* arguments?, got |(got|missing) .*argument)"
)


def is_own_fault(error: str) -> bool:
    """Whether Robot Framework says so itself: a keyword, variable, key or argument that doesn't exist."""
    return _SAID_BY_ROBOT_FRAMEWORK.match(error) is not None


def what_to_do(failed: Sequence[FailedAction], keyword_of: Callable[[str], NamedKeyword | None]) -> str:
    """Where to mend the bot, if every failure is a fault of its own keywords; empty if a target system may be gone.
    What a system refused says nothing about either.
    """
    from referee.engine.performing import is_refusal

    technical = [failure for failure in failed if not is_refusal(failure.error)]
    if not technical or not all(is_own_fault(failure.error) for failure in technical):
        return ""
    actions = {failure.action for failure in technical}
    places = sorted(_place(keyword) for action in actions if (keyword := keyword_of(action)) is not None)
    which = f"keyword{'' if len(places) == 1 else 's'} {' and '.join(places)}".strip()
    return f"the fault is in the bot's own {which}, or in one called there: mend it, then start the bot again"


def failures(failed: Sequence[FailedAction]) -> str:
    return f"{number_of(len(failed), 'action')}, first: {failed[0]}"


def all_failed(failed: Sequence[FailedAction], mend: str) -> str:
    """What is said when nothing worked."""
    told = f"every action failed: {failures(failed)}"
    return f"{told.rstrip('.')}; {mend}" if mend else told


def _place(named: NamedKeyword) -> str:
    source = named.source
    return f"`{named.keyword}`" if source is None else f"`{named.keyword}` in {shown(source)}"

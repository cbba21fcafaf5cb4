"""Load a decision, decide cases, run bots: the plain Python API. Names load on first use: checks need no bots."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from referee.engine.item_run import ItemRun, ItemSummary
    from referee.engine.performing import STOP_AFTER, ActionTable, FailedAction
    from referee.engine.recovery import BotHelp
    from referee.engine.referee import Referee, id_text
    from referee.engine.replaying import Difference, Replay, replay
    from referee.engine.run import Run, RunSummary
    from referee.engine.run_limits import RunLimits

__all__ = [
    "STOP_AFTER",
    "ActionTable",
    "BotHelp",
    "Difference",
    "FailedAction",
    "ItemRun",
    "ItemSummary",
    "Referee",
    "Replay",
    "Run",
    "RunLimits",
    "RunSummary",
    "id_text",
    "replay",
]

_HOMES = {
    **dict.fromkeys(("ItemRun", "ItemSummary"), "referee.engine.item_run"),
    "BotHelp": "referee.engine.recovery",
    **dict.fromkeys(("STOP_AFTER", "ActionTable", "FailedAction"), "referee.engine.performing"),
    **dict.fromkeys(("Referee", "id_text"), "referee.engine.referee"),
    **dict.fromkeys(("Difference", "Replay", "replay"), "referee.engine.replaying"),
    **dict.fromkeys(("Run", "RunSummary"), "referee.engine.run"),
    "RunLimits": "referee.engine.run_limits",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'referee.engine' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)

"""Load a decision, decide cases, run bots: the plain Python API."""

from referee.engine.performing import STOP_AFTER, ActionTable, FailedAction
from referee.engine.referee import Referee, id_text
from referee.engine.run import Run, RunSummary

__all__ = ["STOP_AFTER", "ActionTable", "FailedAction", "Referee", "Run", "RunSummary", "id_text"]

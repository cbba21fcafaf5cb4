"""Load a decision, decide cases, run bots: the plain Python API."""

from referee.engine.playbook_steps import ActionTable
from referee.engine.referee import Referee
from referee.engine.run import Run, RunSummary

__all__ = ["ActionTable", "Referee", "Run", "RunSummary"]

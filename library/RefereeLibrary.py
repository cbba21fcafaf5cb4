"""The name that Robot Framework imports: ``Library    RefereeLibrary    decision_tables/my_decision.xlsx``."""

from referee.keywords import RefereeLibrary

__all__ = ["RefereeLibrary"]

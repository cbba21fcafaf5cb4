"""The keywords of RefereeLibrary, one class per topic."""

from referee.keywords.library import RefereeLibrary

__all__ = ["RefereeLibrary"]

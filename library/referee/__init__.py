"""Referee decides what happens to each case an RPA bot meets: auto, exception or human."""

__version__ = "0.1.0"

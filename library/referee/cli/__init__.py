"""The ``referee`` command."""

from referee.cli.main import main

__all__ = ["main"]

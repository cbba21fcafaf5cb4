"""The ``referee`` command."""

from __future__ import annotations


def main() -> None:
    """Run the command; what it needs is imported only now, for pytest imports this package at every start."""
    from referee.cli.main import main as run

    run()


__all__ = ["main"]

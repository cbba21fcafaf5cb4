"""Referee decides what happens to each case an RPA bot meets: auto, exception or human.

The stable names are `Referee` (load a decision workbook, decide cases) and the packages ``referee.feel`` and
``referee.dmn``. They load on first use, so that importing this package costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from referee.engine import Referee

__all__ = ["Referee", "__version__"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name == "Referee":
        return import_module("referee.engine").Referee
    raise AttributeError(f"module 'referee' has no attribute {name!r}")

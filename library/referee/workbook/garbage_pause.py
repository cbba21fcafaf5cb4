"""No garbage collection while a file is read."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Reading makes a great many small values and no garbage; looking for some took most of the time
    (10,000 rules: 4.7 s with, 1.8 s without, see benchmarks/workbook_reading.py).
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()

"""Modules as another platform would load them."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType
from typing import Any

import pytest


def loaded_on(
    platform: str, module: ModuleType, monkeypatch: pytest.MonkeyPatch, **systems: Any
) -> ModuleType:
    """The module as another platform would load it, over a stand-in for that platform's system calls."""
    monkeypatch.setattr(sys, "platform", platform)
    for name, stand_in in systems.items():
        monkeypatch.setitem(sys.modules, name, stand_in)
    assert module.__file__ is not None
    spec = importlib.util.spec_from_file_location(f"{module.__name__}_on_{platform}", module.__file__)
    assert spec is not None and spec.loader is not None
    other = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(other)
    return other

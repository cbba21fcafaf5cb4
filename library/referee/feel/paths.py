"""Compiled paths: entries of contexts, properties of temporal values and ranges, and both over lists."""

from __future__ import annotations

from typing import Any

from referee.feel.fault import Fault
from referee.feel.frame import Code, Frame, charge_items, report_fault
from referee.feel.syntax import Span
from referee.feel.values import property_of


def path(source: Code, name: str, span: Span) -> Code:
    def run(frame: Frame) -> Any:
        value = source(frame)
        if type(value) is dict:
            try:
                return value[name]
            except KeyError:
                pass
        return part(frame, value, name, span)

    return run


def part(frame: Frame, value: Any, name: str, span: Span) -> Any:
    """``value.name``; of a list, the list of its items' parts (DMN 1.5, table 66)."""
    if type(value) is list:
        charge_items(len(value))
        return [
            item[name] if type(item) is dict and name in item else part(frame, item, name, span)
            for item in value
        ]
    try:
        return property_of(value, name)
    except Fault as fault:
        report_fault(frame, fault, span)
        return None

"""Item definitions at work: checking and converting values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from referee.dmn.item_definition import ItemDefinition
from referee.domain import Diagnostic, Place
from referee.feel import FeelSyntaxError, UnaryTests, compile_unary_tests
from referee.feel.fault import Fault
from referee.feel.types import FeelType, coerce, conforms, context_type, function_type, list_type, parse_type
from referee.tables import CellText

_SYNONYMS = {
    "dateTime": "date and time",
    "dayTimeDuration": "days and time duration",
    "yearMonthDuration": "years and months duration",
}


@dataclass(frozen=True, slots=True)
class ItemType:
    """A type with everything that its item definition demands of a value."""

    name: str
    feel_type: FeelType
    is_collection: bool = False
    element: ItemType | None = None
    components: Mapping[str, ItemType] | None = None
    allowed: UnaryTests | None = None
    constraint: UnaryTests | None = None

    def convert(self, value: Any) -> Any:
        """The value as one of this type, by DMN's implicit conversions; raises ``Fault`` when it is none."""
        if value is None:
            return None
        value_as_type = self._basic(value)
        reason = self._objection(value_as_type)
        if reason:
            raise Fault("type-mismatch", reason)
        return value_as_type

    def _basic(self, value: Any) -> Any:
        try:
            return coerce(value, self.feel_type)
        except Fault as fault:
            raise Fault(fault.code, f"{fault.message} ({self.name})" if self.name else fault.message) from None

    def _objection(self, value: Any) -> str:
        """Which demand of the item definitions a value of the right basic type breaks; empty when it breaks none."""
        if value is None:
            return ""
        if self.element is not None and isinstance(value, list):
            for item in value:
                reason = self.element._objection(item)
                if reason:
                    return reason
        if self.components is not None and isinstance(value, dict):
            for name, component in self.components.items():
                reason = component._objection(value.get(name))
                if reason:
                    return f"{name}: {reason}"
        if self.allowed is not None and self.allowed(value, {}, []) is not True:
            return f"the value is not one of the allowed values {self.allowed.text.strip()} of {self.name}"
        if self.constraint is not None and self.constraint(value, {}, []) is not True:
            return f"the value breaks the constraint {self.constraint.text.strip()} of {self.name}"
        return ""

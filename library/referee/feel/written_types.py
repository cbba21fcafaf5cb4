"""From types as written to types as meant."""

from __future__ import annotations

from collections.abc import Mapping

from referee.feel import syntax
from referee.feel.fault import Fault
from referee.feel.types import NAMED_TYPES, ContextType, FeelType, FunctionType, ListType, RangeType


def feel_type(node: syntax.Type, named: Mapping[str, FeelType]) -> FeelType:
    """The type a syntax node means; raises ``Fault`` for a name that is none. ``named`` are the model's own types."""
    if isinstance(node, syntax.NamedType):
        kind = named.get(node.name) or NAMED_TYPES.get(node.name)
        if kind is None:
            raise Fault("unknown-type", f"there is no type `{node.name}` here")
        return kind
    if isinstance(node, syntax.ListType):
        return ListType(feel_type(node.element, named))
    if isinstance(node, syntax.RangeType):
        return RangeType(feel_type(node.endpoint, named))
    if isinstance(node, syntax.ContextType):
        return ContextType(tuple((name, feel_type(kind, named)) for name, kind in node.entries))
    return FunctionType(
        tuple(feel_type(kind, named) for kind in node.parameters), feel_type(node.result, named)
    )

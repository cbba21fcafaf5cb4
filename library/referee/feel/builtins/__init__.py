"""All built-in functions of FEEL, by name."""

from collections.abc import Mapping
from types import MappingProxyType

from referee.feel.builtins import (
    boolean,
    contexts,
    conversion,
    lists,
    numeric,
    ranges,
    regular_expressions,
    strings,
    temporal,
)
from referee.feel.builtins.builtin import Builtin, Signature

BUILTINS: Mapping[str, Builtin] = MappingProxyType(
    {
        function.name: function
        for group in (
            boolean,
            contexts,
            conversion,
            lists,
            numeric,
            ranges,
            regular_expressions,
            strings,
            temporal,
        )
        for function in group.FUNCTIONS
    }
)
"""Every function of DMN 1.5, clause 10.3.4, by its name."""

__all__ = ["BUILTINS", "Builtin", "Signature"]

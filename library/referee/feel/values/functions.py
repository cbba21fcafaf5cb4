"""Functions as values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from referee.feel.fault import Fault

if TYPE_CHECKING:
    from referee.feel.types import FeelType


class FeelFunction:
    """A function value. Calling it with the wrong number of arguments, or unknown names, raises ``Fault``.

    ``function`` takes FEEL values by position. ``parameter_types`` and ``result_type`` only tell ``instance of`` what
    was declared (empty and ``None``: nothing was); whoever declares types converts arguments and result itself.
    """

    __slots__ = ("function", "name", "parameter_types", "parameters", "result_type")

    def __init__(
        self,
        parameters: tuple[str, ...],
        function: Callable[..., Any],
        *,
        name: str = "",
        parameter_types: tuple[FeelType, ...] = (),
        result_type: FeelType | None = None,
    ) -> None:
        self.name = name
        self.parameters = parameters
        self.function = function
        self.parameter_types = parameter_types
        self.result_type = result_type

    def __call__(self, *arguments: Any) -> Any:
        if len(arguments) != len(self.parameters):
            raise Fault("wrong-arguments", f"{self.described} but is given {len(arguments)}")
        return self.function(*arguments)

    def call_named(self, arguments: Mapping[str, Any]) -> Any:
        """Call with arguments by name; each parameter must be named."""
        if arguments.keys() != set(self.parameters):
            given = ", ".join(f"`{name}`" for name in arguments) or "none"
            raise Fault("wrong-arguments", f"{self.described} but is given {given}")
        return self.function(*(arguments[name] for name in self.parameters))

    def takes(self, count: int) -> bool:
        """Whether it can be called with this number of arguments."""
        return count == len(self.parameters)

    @property
    def described(self) -> str:
        """The start of a sentence about the arguments it takes."""
        subject = f"`{self.name}`" if self.name else "the function"
        names = ", ".join(f"`{name}`" for name in self.parameters)
        return f"{subject} takes {names}" if names else f"{subject} takes no argument"

    def __str__(self) -> str:
        return f"function({', '.join(self.parameters)})"

    def __repr__(self) -> str:
        return f"<{self.name or 'anonymous'} {self}>"

"""What a built-in function is: a name, its ways of being called, and how arguments find their parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from referee.feel.fault import Fault
from referee.feel.types import FeelType
from referee.feel.values.functions import FeelFunction


@dataclass(frozen=True, slots=True)
class Signature:
    """One way of calling a built-in. The last ``optional`` parameters may be left out.

    ``function`` takes the arguments in the order of ``params``; left-out ones at the end are not passed.

    If ``variadic``, the function takes one list, which a caller may also write out as several arguments. If ``rest``,
    the last parameter may be given any number of times. If ``nullable``, a parameter that is left out of a call by
    names is ``null``.
    """

    params: tuple[str, ...]
    function: Callable[..., Any]
    optional: int = 0
    variadic: bool = False
    rest: bool = False
    nullable: bool = False

    @property
    def required(self) -> int:
        return len(self.params) - self.optional

    def __str__(self) -> str:
        names = [f"{name}?" if place >= self.required else name for place, name in enumerate(self.params)]
        return f"({', '.join(names)}{'…' if self.variadic or self.rest else ''})"


class Builtin(FeelFunction):
    """A built-in function: a function value that can be called in more than one way."""

    __slots__ = ("_by_count", "_rest", "_variadic", "signatures")

    def __init__(
        self,
        name: str,
        signatures: tuple[Signature, ...],
        parameter_types: tuple[FeelType, ...] = (),
        result_type: FeelType | None = None,
    ) -> None:
        first = signatures[0]
        super().__init__(
            first.params, first.function, name=name, parameter_types=parameter_types, result_type=result_type
        )
        self.signatures = signatures
        self._variadic = next((signature.function for signature in signatures if signature.variadic), None)
        self._rest = next((signature for signature in signatures if signature.rest), None)
        self._by_count: dict[int, Callable[..., Any]] = {}
        for signature in signatures:
            if not signature.variadic:
                for count in range(signature.required, len(signature.params) + 1):
                    self._by_count.setdefault(count, signature.function)

    def positional(self, count: int) -> Callable[..., Any] | None:
        """The plain function for this number of positional arguments, ``None`` if there is none or it is variadic."""
        return self._by_count.get(count)

    def takes(self, count: int) -> bool:
        return count in self._by_count or (self._variadic is not None and count > 0)

    def __call__(self, *arguments: Any) -> Any:
        function = self._by_count.get(len(arguments))
        if function is not None:
            return function(*arguments)
        if self._variadic is not None and arguments:
            if len(arguments) == 1:
                only = arguments[0]
                return self._variadic(only if isinstance(only, list) else [only])
            return self._variadic(list(arguments))
        if self._rest is not None and len(arguments) >= self._rest.required:
            return self._rest.function(*arguments)
        raise Fault("wrong-arguments", f"{self.described} but is given {_counted(len(arguments))}")

    def call_named(self, arguments: Mapping[str, Any]) -> Any:
        """Call with arguments by name; a parameter that may be left out and is followed by a named one is ``null``."""
        for signature in self.signatures:
            params = signature.params
            if not arguments.keys() <= set(params):
                continue
            required = params if not signature.nullable else ()
            if not arguments.keys() >= set(required[: signature.required]):
                continue
            named = [place for place, name in enumerate(params) if name in arguments]
            last = max([signature.required - 1, *named])
            values = [arguments.get(name) for name in params[: last + 1]]
            if signature.variadic and len(params) == 1:
                only = values[0]
                return signature.function(only if isinstance(only, list) else [only])
            return signature.function(*values)
        given = ", ".join(f"`{name}`" for name in arguments) or "none"
        raise Fault("wrong-arguments", f"{self.described} but is given {given}")

    @property
    def described(self) -> str:
        ways = " or ".join(dict.fromkeys(str(signature) for signature in self.signatures))
        return f"`{self.name}` takes {ways}"


def _counted(count: int) -> str:
    return "1 argument" if count == 1 else f"{count} arguments"

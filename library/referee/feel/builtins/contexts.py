"""The context built-ins. The original context is never changed. Source: DMN 1.5, 10.3.4.10."""

from __future__ import annotations

from typing import Any

from referee.feel.builtins import arguments
from referee.feel.builtins.builtin import Builtin, Signature
from referee.feel.fault import Fault
from referee.feel.types import kind_of


def get_value(m: Any, key: Any) -> Any:
    """The entry of a context, or of contexts within it by a list of names; ``null`` if there is none."""
    found: Any = arguments.context(m, "m")
    for name in _path(key, "key"):
        found = found.get(name) if type(found) is dict else None
    return found


def get_entries(m: Any) -> list[dict[str, Any]]:
    return [{"key": name, "value": value} for name, value in arguments.context(m, "m").items()]


def to_context(entries: Any) -> dict[str, Any]:
    """The context of entries, each a context with ``key`` and ``value``; no key may come twice."""
    result: dict[str, Any] = {}
    for position, entry in enumerate(arguments.items(entries, "entries"), start=1):
        if type(entry) is not dict or "key" not in entry or "value" not in entry:
            raise Fault(
                "wrong-argument", f"item {position} of `entries` must be a context with `key` and `value`"
            )
        key = entry["key"]
        if type(key) is not str:
            raise Fault("wrong-argument", f"the key of item {position} of `entries` must be a string")
        if key in result:
            raise Fault("duplicate-entry", f"`entries` has the key `{key}` more than once")
        result[key] = entry["value"]
    return result


def context_put(context: Any, key: Any, value: Any) -> dict[str, Any]:
    """The context with one more or another entry; a list of names reaches into contexts within it."""
    return _put(arguments.context(context, "context"), _path(key, "key"), value)


def _put(context: dict[str, Any], path: list[str], value: Any) -> dict[str, Any]:
    name, *rest = path
    if not rest:
        return {**context, name: value}
    inner = context.get(name)
    if type(inner) is not dict:
        raise Fault("unknown-entry", f"`{name}` must be an entry with a context, it is {kind_of(inner)}")
    return {**context, name: _put(inner, rest, value)}


def context_merge(contexts: Any) -> dict[str, Any]:
    """All entries of the contexts; of the same name, the last."""
    result: dict[str, Any] = {}
    for position, context in enumerate(arguments.items(contexts, "contexts"), start=1):
        if type(context) is not dict:
            raise Fault(
                "wrong-argument", f"item {position} of `contexts` must be a context, it is {kind_of(context)}"
            )
        result.update(context)
    return result


def _path(key: Any, parameter: str) -> list[str]:
    path = arguments.items(key, parameter)
    if not path or not all(type(name) is str for name in path):
        raise Fault(
            "wrong-argument", f"`{parameter}` must be a string, or a list of strings that is not empty"
        )
    return path


FUNCTIONS = (
    Builtin("get value", (Signature(("m", "key"), get_value),)),
    Builtin("get entries", (Signature(("m",), get_entries),)),
    Builtin("context", (Signature(("entries",), to_context),)),
    Builtin(
        "context put",
        (
            Signature(("context", "key", "value"), context_put),
            Signature(("context", "keys", "value"), context_put),
        ),
    ),
    Builtin("context merge", (Signature(("contexts",), context_merge),)),
)

"""Compiled invocations and function definitions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from referee.domain import Diagnostic
from referee.feel.builtins.builtin import Builtin
from referee.feel.fault import Fault
from referee.feel.frame import (
    ACTIVITY,
    MAX_CALLS,
    SINK,
    Code,
    Frame,
    Stop,
    charge,
    is_explained,
    report,
    report_fault,
)
from referee.feel.syntax import Span
from referee.feel.types import ANY, FeelType, coerce, kind_of
from referee.feel.values import FeelFunction


def builtin_call(builtin: Builtin, arguments: tuple[Code, ...], span: Span) -> Code:
    """A positional call of a built-in, its way of being called chosen by the number of arguments."""
    function: Callable[..., Any] = builtin.positional(len(arguments)) or builtin

    if len(arguments) == 1:
        only = arguments[0]

        def run_one(frame: Frame) -> Any:
            argument = only(frame)
            try:
                return function(argument)
            except Fault as fault:
                report_fault(frame, fault, span)
                return None

        return run_one

    def run(frame: Frame) -> Any:
        values = [argument(frame) for argument in arguments]
        try:
            return function(*values)
        except Fault as fault:
            report_fault(frame, fault, span)
            return None

    return run


def call(
    function: Code, arguments: tuple[Code, ...], names: tuple[str, ...], described: str, span: Span
) -> Code:
    """A call of whatever function a value is."""

    def run(frame: Frame) -> Any:
        called = function(frame)
        values = [argument(frame) for argument in arguments]
        if not isinstance(called, FeelFunction):
            if called is not None:
                report(frame, "not-a-function", f"`{described}` is {kind_of(called)}, not a function", span)
            elif not is_explained(frame, span):
                report(frame, "not-a-function", f"`{described}` is null, not a function", span)
            return None
        return invoke(frame, called, values, names, span)

    return run


def function_or(code: Code, builtin: Builtin) -> Code:
    """The function in a variable, or the built-in of that name: a fact named `date` doesn't hide
    ``date("...")``.
    """

    def run(frame: Frame) -> Any:
        value = code(frame)
        return value if isinstance(value, FeelFunction) else builtin

    return run


def invoke(
    frame: Frame, function: FeelFunction, arguments: Sequence[Any], names: tuple[str, ...], span: Span
) -> Any:
    """The function's value; what goes wrong inside is reported to this frame's sink."""
    activity = ACTIVITY
    if activity.calls >= MAX_CALLS:
        raise Stop("recursion-too-deep", f"function calls nest more than {MAX_CALLS} deep", span)
    charge(1, span)
    sink = activity.sink
    activity.calls += 1
    activity.sink = frame[SINK]
    try:
        if names:
            return function.call_named(dict(zip(names, arguments, strict=True)))
        return function(*arguments)
    except Fault as fault:
        report_fault(frame, fault, span)
        return None
    finally:
        activity.calls -= 1
        activity.sink = sink


def definition(
    parameters: tuple[str, ...],
    types: tuple[FeelType, ...],
    slots: tuple[int, ...],
    body: Code,
    own_slot: int | None,
    result: FeelType | None,
) -> Code:
    """A function value that remembers the variables around it; ``own_slot`` lets a named one call itself."""
    typed = tuple((place, kind) for place, kind in enumerate(types) if kind != ANY)

    def run(frame: Frame) -> Any:
        around = frame.copy()

        def function(*arguments: Any) -> Any:
            inside = around.copy()
            if ACTIVITY.sink is not None:
                inside[SINK] = ACTIVITY.sink
            for slot, argument in zip(slots, arguments, strict=True):
                inside[slot] = argument
            for place, kind in typed:
                inside[slots[place]] = coerce(arguments[place], kind)
            return body(inside)

        value = FeelFunction(parameters, function, parameter_types=types, result_type=result)
        if own_slot is not None:
            around[own_slot] = value
        return value

    return run


def external(parameters: tuple[str, ...], types: tuple[FeelType, ...]) -> Code:
    """A function whose body is foreign code, which is never run."""

    def refuse(*arguments: Any) -> Any:
        raise Fault("external-function", "external functions (Java, PMML) can't be run here")

    value = FeelFunction(parameters, refuse, parameter_types=types)
    return lambda frame: value


def caller_sink() -> list[Diagnostic]:
    """Where a function that FEEL is calling now reports what it notices; outside of any call, a list of its
    own.
    """
    sink = ACTIVITY.sink
    return [] if sink is None else sink

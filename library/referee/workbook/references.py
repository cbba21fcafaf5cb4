"""Which names the cells of the tables use, and whether they may."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from referee.domain import CellAddress, Diagnostic, Place
from referee.feel import FeelSyntaxError, compile_expression, compile_unary_tests, evaluate
from referee.tables import CellText, DecisionTable
from referee.workbook.cell_reading import did_you_mean
from referee.workbook.data_dictionary import DataDictionary, enumerated
from referee.workbook.samples import samples, value_type
from referee.workbook.table_sheet import TypedName
from referee.workbook.written_text import cited

_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"')


def model_type(tells_contributions: bool) -> TypedName:
    """What a model node holds: a label, the confidence in it, a probability for each label, and what pushed it."""
    members = {
        "label": TypedName("string"),
        "confidence": TypedName("number"),
        "probabilities": TypedName("context"),
    }
    if tells_contributions:
        members["contributions"] = TypedName()
    return TypedName("", (), members)


def input_type(
    text: str,
    place: CellAddress,
    scope: Mapping[str, TypedName],
    dictionary: DataDictionary,
    faults: list[Diagnostic],
) -> TypedName:
    """What the expression over an input column holds; adds a fault where it can't be used as one."""
    if not text:
        return TypedName()
    if text in scope:
        return scope[text]
    name, _, member = text.rpartition(".")
    if name in scope and (members := scope[name].members) is not None:
        if member.strip() in members:
            return members[member.strip()]
        faults.append(_no_member(text, name, member.strip(), members, place))
        return TypedName()
    model, _, inner = name.rpartition(".")
    if inner.strip() == "probabilities" and model in scope and scope[model].members is not None:
        return TypedName("number")
    try:
        expression = compile_expression(text, tuple(sorted(scope)))
    except FeelSyntaxError as error:
        hint = did_you_mean(text, scope)
        message = (
            f"`{cited(text)}` is no name that is known here{hint} and no FEEL expression: {error.message}"
        )
        faults.append(Diagnostic("cell-syntax", message, place=place, span=error.span))
        return TypedName()
    unknown = sorted(set(expression.names) - set(scope))
    if unknown:
        message = f"`{unknown[0]}` is no fact, model or table{did_you_mean(unknown[0], scope)}"
        faults.append(Diagnostic("unknown-name", message, place=place))
        return TypedName()
    return TypedName(_tried_type(text, expression.names, dictionary))


def _tried_type(text: str, names: Iterable[str], dictionary: DataDictionary) -> str:
    """The type an expression gives for some facts of the right types; empty where that doesn't tell."""
    facts = [dictionary.fact(name) for name in names]
    for index in range(2):
        context = {}
        for fact in facts:
            if fact is None:
                return ""
            choices = enumerated(fact.allowed_values) or samples(fact.type)
            context[fact.name] = choices[index % len(choices)]
        value = evaluate(text, context).value
        if value is not None:
            return value_type(value)
    return ""


def _no_member(
    text: str, name: str, member: str, members: Mapping[str, TypedName], place: Place | None
) -> Diagnostic:
    hint = did_you_mean(member, members)
    message = f"`{cited(text)}`: `{name}` has no `{member}`{hint}; it has {', '.join(members)}"
    return Diagnostic("unknown-name", message, place=place)


def names_of(text: str, names: frozenset[str]) -> frozenset[str]:
    """The names that an expression uses; none where it can't be read."""
    try:
        return frozenset(compile_expression(text, tuple(sorted(names))).names)
    except FeelSyntaxError:
        return frozenset()


class References:
    """The names used by tables. Protected facts parse like others, so that their use is reported as what it
    is.
    """

    def __init__(self, scope: Mapping[str, TypedName], protected: frozenset[str]) -> None:
        self._scope = scope
        self._names = tuple(sorted(scope))
        self._protected = protected
        self._used: dict[tuple[str, bool], frozenset[str]] = {}

    def check_table(self, table: DecisionTable, faults: list[Diagnostic]) -> None:
        """Adds a fault for each use of a protected fact, of the table itself, and of a member that doesn't
        exist.
        """
        for cell, is_test in _cells(table):
            used = self._names_of(cell.text, is_test)
            place = cell.place or table.place
            for name in sorted(used & self._protected):
                message = f"`{cited(cell.text)}` uses the protected fact `{name}`; a protected fact may reach no table"
                faults.append(Diagnostic("protected-fact", message, place=place))
            if table.name in used:
                message = f"`{cited(cell.text)}` uses the table `{table.name}` in itself"
                faults.append(Diagnostic("table-cycle", message, place=place))
            for name in sorted(used):
                self._check_members(cell, name, place, faults)

    def _check_members(
        self, cell: CellText, name: str, place: Place | None, faults: list[Diagnostic]
    ) -> None:
        typed = self._scope.get(name)
        if typed is None or typed.members is None:
            return
        bare = _STRINGS.sub('""', cell.text)
        for found in re.finditer(re.escape(name) + r"\s*\.\s*(\w+(?: \w+)*)", bare):
            words = found.group(1).split()
            starts = {" ".join(words[:count]) for count in range(1, len(words) + 1)}
            if not starts & set(typed.members):
                whole = found.group() == bare.strip()
                member = " ".join(words) if whole else words[0]
                faults.append(_no_member(cell.text, name, member, typed.members, place))

    def check_cycles(self, tables: Sequence[DecisionTable], faults: list[Diagnostic]) -> None:
        """Adds a fault where tables need each other's results in a circle."""
        needs = {
            table.name: sorted(
                {name for cell, is_test in _cells(table) for name in self._names_of(cell.text, is_test)}
                & {other.name for other in tables} - {table.name}
            )
            for table in tables
        }
        places = {table.name: table.place for table in tables}
        settled: set[str] = set()

        def visit(name: str, path: list[str]) -> None:
            if name in path:
                circle = " needs ".join([*path[path.index(name) :], name])
                message = f"the tables need each other in a circle: {circle}"
                faults.append(Diagnostic("table-cycle", message, place=places[name]))
            elif name not in settled:
                for other in needs[name]:
                    visit(other, [*path, name])
                settled.add(name)

        for name in needs:
            visit(name, [])

    def _names_of(self, text: str, is_test: bool) -> frozenset[str]:
        key = (text, is_test)
        if key not in self._used:
            self._used[key] = self._compiled_names(text, is_test)
        return self._used[key]

    def _compiled_names(self, text: str, is_test: bool) -> frozenset[str]:
        if text.strip() in ("", "-"):
            return frozenset()
        try:
            compiled = (compile_unary_tests if is_test else compile_expression)(text, self._names)
        except FeelSyntaxError:
            return frozenset()  # reported where the cell was read
        return frozenset(compiled.names)


def _cells(table: DecisionTable) -> Iterable[tuple[CellText, bool]]:
    """Every cell of a table with whether it is unary tests."""
    for clause in table.inputs:
        yield clause.expression, False
        if clause.allowed_values is not None:
            yield clause.allowed_values, True
    for output in table.outputs:
        if output.allowed_values is not None:
            yield output.allowed_values, True
    for rule in table.rules:
        for cell in rule.inputs:
            yield cell, True
        for cell in rule.outputs:
            yield cell, False

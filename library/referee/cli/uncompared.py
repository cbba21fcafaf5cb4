"""What changed between two workbooks beyond what regions of cases can tell, so that nothing is said to be proved."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from referee.tables import CellText, DecisionTable
    from referee.workbook import DecisionWorkbook, FactDefinition, ModelDefinition


def uncompared(old: DecisionWorkbook, new: DecisionWorkbook) -> Iterator[str]:
    """A sentence for each such change, with the reason. Changes of what decides nothing are left out."""
    yield from _settings(old, new)
    before = {fact.name: fact for fact in old.dictionary.facts}
    after = {fact.name: fact for fact in new.dictionary.facts}
    for name in dict.fromkeys((*before, *after)):
        yield from _fact(name, before.get(name), after.get(name))
    were = {definition.node: definition for definition in old.models}
    are = {definition.node: definition for definition in new.models}
    for node in dict.fromkeys((*were, *are)):
        yield from _model(node, were.get(node), are.get(node))
    changed = _changed_tables(old, new)
    yield from dict.fromkeys((*_narrow_columns(old, changed), *_narrow_columns(new, changed)))


def _settings(old: DecisionWorkbook, new: DecisionWorkbook) -> Iterator[str]:
    before, after = old.settings, new.settings
    if before.name != after.name:
        yield (
            f"the decision was `{before.name}` and is `{after.name}`: what was done about a case under the old name "
            "isn't known under the new one, and may be done again"
        )
    if before.case_id != after.case_id:
        yield (
            f"the case id was `{before.case_id}` and is `{after.case_id}`: which cases count as the same, and whether "
            "one was done already, is not compared"
        )
    if (before.effective_from, before.effective_to) != (after.effective_from, after.effective_to):
        yield (
            "the days in force changed: bots refuse to start on others, and the regions hold for days in force only"
        )
    if before.doubt_queue != after.doubt_queue and (_has_open_queue(old) or _has_open_queue(new)):
        yield "the doubt queue changed: whether an expression gives no queue, so that it is used, is not compared"


def _fact(name: str, old: FactDefinition | None, new: FactDefinition | None) -> Iterator[str]:
    from referee.checks import is_literal

    if old is not None and new is not None:
        for mark, what in (
            ("sensitive", "what messages and the audit log show of it is not compared"),
            ("volatile", "whether a case counts as changed by it, and goes to people, is not compared"),
        ):
            was, now = getattr(old, mark), getattr(new, mark)
            if was != now:
                yield f"`{name}` is {'now' if now else 'no longer'} {mark}: {what}"
        if old.sensitive and new.sensitive and old.logged_as != new.logged_as:
            yield (
                f"`{name}` stood in the audit log as {old.logged_as} and stands there as {new.logged_as}: what of it "
                "can be read and replayed later is not compared"
            )
    before = None if old is None or old.protected else old
    after = None if new is None or new.protected else new
    if before is None and after is None:
        return
    if before is None or after is None:
        only = before or after
        assert only is not None
        looked = "is looked at now" if before is None else "is no longer looked at"
        yield f"`{name}` {looked}: cases with a value that can't be read as a {only.type} are not compared"
    elif before.type != after.type:
        yield (
            f"`{name}` is a {after.type}, it was a {before.type}: a value that one version can read may be doubt to "
            "the other, and that is not compared"
        )
    if before is None or after is None or before.allowed_values != after.allowed_values:
        for fact in (before, after):
            if fact is not None and fact.allowed_values and not is_literal(fact.allowed_values):
                yield (
                    f"the allowed values of `{name}` hang on an expression, `{fact.allowed_values}`: cases with other "
                    "values are not compared"
                )


def _model(node: str, old: ModelDefinition | None, new: ModelDefinition | None) -> Iterator[str]:
    if old is None or new is None:
        yield f"the model `{node}` is {'new' if old is None else 'gone'}: what it will say about cases is not compared"
        return
    parts = [
        f"{what} {was or 'nothing'} is now {now or 'nothing'}"
        for what, was, now in (
            ("folder", old.folder, new.folder),
            ("version", old.version, new.version),
            ("facts", ", ".join(old.facts), ", ".join(new.facts)),
        )
        if was != now
    ]
    if parts:
        yield (
            f"the model `{node}` changed ({'; '.join(parts)}): it may give a case another score, which is not compared"
        )


def _changed_tables(old: DecisionWorkbook, new: DecisionWorkbook) -> set[str]:
    """The tables that read otherwise, or that need a fact, a model or a table which does."""
    from referee.engine.requirements import requirements

    before, after = _content(old), _content(new)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    needs = [(node.name, {*node.needs}) for node in (*requirements(old), *requirements(new))]
    while above := {name for name, needed in needs if needed & changed} - changed:
        changed |= above
    return changed


def _content(workbook: DecisionWorkbook) -> dict[str, Hashable]:
    """What each fact, model and table says that may count in a decision, wherever it stands."""
    found: dict[str, Hashable] = {
        fact.name: (fact.type, fact.allowed_values, fact.required, fact.protected)
        for fact in workbook.dictionary.facts
    }
    found |= {model.node: (model.folder, model.version, model.facts) for model in workbook.models}
    found |= {table.name: _without_places(table) for table in workbook.tables}
    return found


def _without_places(table: DecisionTable) -> Hashable:
    return (
        table.hit_policy,
        tuple((each.expression.text, each.type, _text(each.allowed_values)) for each in table.inputs),
        tuple(
            (each.name, each.type, _text(each.allowed_values), _text(each.default)) for each in table.outputs
        ),
        tuple(tuple(cell.text for cell in (*rule.inputs, *rule.outputs)) for rule in table.rules),
    )


def _text(cell: CellText | None) -> str:
    return "" if cell is None else cell.text


def _narrow_columns(workbook: DecisionWorkbook, changed: set[str]) -> Iterator[str]:
    """Columns of changed tables that refuse values which the fact may have: regions stay within them."""
    declared = {fact.name: fact.allowed_values for fact in workbook.dictionary.facts}
    for table in workbook.tables:
        if table.name not in changed:
            continue
        for clause in table.inputs:
            name = " ".join(clause.expression.text.split())
            allowed = clause.allowed_values
            if allowed is None or allowed.is_irrelevant or allowed.text == declared.get(name):
                continue
            yield (
                f"the column `{name}` of `{table.name}` allows {allowed.text} only: cases with other values are not "
                "compared"
            )


def _has_open_queue(workbook: DecisionWorkbook) -> bool:
    from referee.feel import NOT_CONSTANT, FeelSyntaxError, constant, parse_expression

    table = workbook.table(workbook.settings.route_table)
    at = [clause.name for clause in table.outputs].index("queue")
    cells = [rule.outputs[at] for rule in table.rules]
    texts = [
        cell.text for cell in (*cells, table.outputs[at].default) if cell is not None and not cell.is_blank
    ]
    try:
        return any(constant(parse_expression(text)) is NOT_CONSTANT for text in texts)
    except FeelSyntaxError:
        return True

"""A decision of several tables that need one another, read for whole boxes of cases at once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from referee.checks.case_space import Box, CaseSpace, InputValues
from referee.checks.outcome import DISAGREEMENT, NO_HIT, SEVERAL_HITS, Outcome, Outcomes
from referee.checks.region_set import members
from referee.checks.subject import OPEN, Subject
from referee.checks.table_needs import TableNeeds
from referee.tables import CellText, DecisionTable, HitPolicy


@dataclass(frozen=True, slots=True)
class Cut:
    """What a box must be cut by before it has one answer: a dimension, and some of the box's regions of it."""

    dimension: int
    regions: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a table gives for every case of a box.

    ``outcome`` is to be compared, ``values`` are the outputs where one rule gives them. An answer ``is_doubtful`` when
    the engine notices doubt, so that people decide whatever the value is; it ``is_open`` when it hangs on an
    expression. Its output expressions need the results of the tables in ``needs``. It ``meets_doubt``
    when a cell or another table is in doubt, not only the outcome itself.
    """

    outcome: Outcome
    values: tuple[Any, ...] | None
    rules: tuple[int, ...]
    is_doubtful: bool
    is_open: bool
    needs: frozenset[str] = frozenset()
    meets_doubt: bool = False

    def is_same(self, other: Answer) -> bool:
        """Whether the engine does the same with both."""
        if self.is_doubtful or other.is_doubtful:
            return self.is_doubtful and other.is_doubtful
        return self.outcome == other.outcome


_TRUE, _FALSE, _DOUBT, _OPEN, _DOUBTED = "true", "false", "doubt", "open", "true, but in doubt"
_NO_RESULT = (NO_HIT, SEVERAL_HITS, DISAGREEMENT)


class DecisionLogic:
    """The tables of one version of a decision in a space that it may share with another version.

    Inputs that name another table (``table`` or ``table.output``) are not free: they follow from the other inputs.
    """

    def __init__(
        self,
        tables: Sequence[DecisionTable],
        inputs: Mapping[str, InputValues],
        names: frozenset[str],
        space: CaseSpace,
    ) -> None:
        self.space = space
        self.subjects = {table.name: Subject(table, inputs, names, space) for table in tables}
        self._outcomes = {name: Outcomes(subject) for name, subject in self.subjects.items()}
        self.needs = TableNeeds(tables, self.subjects, space)
        self._last_alive: dict[str, tuple[Box, dict[Hashable, int]]] = {}

    def answer(self, table: str, box: Box) -> Answer | Cut:
        """What a table gives in a box, the tables it needs included."""
        subject = self.subjects[table]
        held = [(at, self._held(at, box)) for at in self.needs.dimensions[table]]
        is_first = subject.table.hit_policy is HitPolicy.FIRST
        states: list[tuple[int, str]] = []
        for rule in members(self._touching(subject, {at: each.regions for at, each in held})):
            state = self._state(subject, rule, box, held)
            if isinstance(state, Cut):
                return state
            if state is not _FALSE:
                states.append((rule, state))
            # a rule in doubt is doubt whatever the rules after it say
            if state is _DOUBT or (is_first and state in (_TRUE, _DOUBTED)):
                break
        answer = self._settled(table, states)
        if answer.is_doubtful or answer.is_open:
            return answer
        noticed = self._meets_doubt(subject, box, dict(held)) or self._doubt_among(answer.needs, box)
        if isinstance(noticed, Cut):
            return noticed
        return replace(answer, is_doubtful=True, meets_doubt=True) if noticed else answer

    def signature(self, table: str, box: Box) -> Hashable:
        """What decides in a box: two versions with one signature decide its cases alike."""
        subject = self.subjects[table]
        alive = self.alive(table, box)
        named = self.needs.tables_needed(table)
        for rule in alive.values():
            named |= self.needs.tables_named(subject, rule)
        outputs = tuple(
            (
                clause.name,
                *(text.text if text is not None else "" for text in (clause.default, clause.allowed_values)),
            )
            for clause in subject.table.outputs
        )
        needs = tuple((name, self.signature(name, box)) for name in sorted(named - {table}))
        # who is asked, and may be in doubt, hangs on the order of the columns
        columns = (
            tuple(self.space.dimension_of(subject.table.inputs[column]) for column in self.needs.order[table])
            if table in self.needs.asking
            else tuple(self.needs.dimensions[table])
        )
        return subject.table.hit_policy, outputs, columns, tuple(alive), needs

    def alive(self, table: str, box: Box) -> dict[Hashable, int]:
        """The rules that have a case in a box, in order, by all that counts of them there.

        Under F those below a rule that takes the whole box don't count, unless a result in doubt could be asked for.
        """
        known = self._last_alive.get(table)
        if known is None or known[0] != box:
            known = self._last_alive[table] = box, self._found_alive(table, box)
        return known[1]

    def _found_alive(self, table: str, box: Box) -> dict[Hashable, int]:
        subject = self.subjects[table]
        used = self.needs.dimensions[table]
        inside = [
            (at, ~0 if at in self.needs.sources or self.needs.lacks(at, box) else box[at]) for at in used
        ]
        found: dict[Hashable, int] = {}
        is_first = subject.table.hit_policy is HitPolicy.FIRST and table not in self.needs.asking
        for rule in members(self._touching(subject, dict(inside))):
            rule_box = subject.boxes[rule]
            live = rule_box.live
            assert live is not None, "only boxes with cases are found"
            cells = tuple(
                (live[at] & regions, rule_box.cells[at] & regions, rule_box.unspoken[at] & regions)
                for at, regions in inside
            )
            texts = tuple((at, subject.table.rules[rule].inputs[at].text) for at in rule_box.open_columns)
            # a cell that is true of every value still asks for it
            asks = tuple(
                column
                for column in self.needs.doubtable[table]
                if not subject.table.rules[rule].inputs[column].is_irrelevant
            )
            key = (cells, texts, asks, subject.output_keys[rule])
            found[key if key not in found else (key, rule)] = rule
            if (
                is_first
                and not texts
                and all(
                    regions == cell and not unspoken
                    for (_, regions), (_, cell, unspoken) in zip(inside, cells, strict=True)
                )
            ):
                break
        return found

    def _touching(self, subject: Subject, held: Mapping[int, int | None]) -> int:
        """The rules that have a case where some dimensions hold these regions, None being any, as bits."""
        cases = list(self.space.full)
        for at, regions in held.items():
            if regions is not None:
                cases[at] &= regions
        return subject.live_index.touching(tuple(cases))

    def cut_towards(self, table: str, rules: Iterable[int], box: Box) -> Cut | None:
        """How to cut so that some rules fill a part of the box, and the rest is left without them."""
        for rule in rules:
            live = self.subjects[table].boxes[rule].live
            if live is None:
                continue
            for at in self.needs.dimensions[table]:
                if (
                    at not in self.needs.sources
                    and not self.needs.lacks(at, box)
                    and live[at] & box[at] != box[at]
                ):
                    return Cut(at, live[at] & box[at])
        return None

    def _settled(self, table: str, states: Sequence[tuple[int, str]]) -> Answer:
        subject = self.subjects[table]
        true = [rule for rule, state in states if state in (_TRUE, _DOUBTED)]
        hits = sum(1 << rule for rule in true)
        outcome = self._outcomes[table].of(hits)
        values: tuple[Any, ...] | None = None
        giving = [rule for rule in members(hits) if subject.output_keys[rule] == outcome]
        if subject.table.hit_policy.is_single and giving:
            values = tuple(subject.output_values(giving[0]))
        elif outcome == NO_HIT and any(clause.default is not None for clause in subject.table.outputs):
            read = [
                subject.output(clause.default if clause.default is not None else CellText("null"))
                for clause in subject.table.outputs
            ]
            values, outcome = tuple(value for value, _ in read), tuple(key for _, key in read)
        policy = subject.table.hit_policy
        undecided = _NO_RESULT if policy.is_single or policy.is_aggregate else ()
        meets_doubt = any(state in (_DOUBT, _DOUBTED) for _, state in states)
        rules = tuple(map(subject.number, true))
        return Answer(
            outcome,
            values,
            rules,
            outcome in undecided or meets_doubt,
            any(state is _OPEN for _, state in states),
            frozenset(name for rule in true for name in subject.names_in_output(rule) & self.needs.others),
            meets_doubt,
        )

    def _held(self, at: int, box: Box) -> _Held:
        """What a dimension holds in a box: some of its regions, a result in doubt or open, or one that needs a cut."""
        source = self.needs.sources.get(at)
        if self.needs.lacks(at, box):
            return _Held(None, state=_DOUBT)
        if source is None:
            return _Held(box[at])
        name, position = source
        answer = self.answer(name, box)
        if isinstance(answer, Cut):
            return _Held(None, cut=answer)
        if answer.is_doubtful:
            return _Held(None, state=_DOUBT)
        if answer.is_open or answer.values is None or answer.values[position] is OPEN:
            return _Held(None, state=_OPEN)
        region = self.space.dimensions[at].region_of(answer.values[position])
        return _Held(None, state=_DOUBT) if region is None else _Held(1 << region)

    def _state(self, subject: Subject, rule: int, cases: Box, held: Sequence[tuple[int, _Held]]) -> str | Cut:
        """Whether a rule is true, false, in doubt or open in all cases; or how to cut so that it is."""
        box = subject.boxes[rule]
        live = box.live
        if live is None:
            return _FALSE
        cut: Cut | None = None
        state = _TRUE
        for at, each in held:
            if each.regions is None:
                if box.cells[at] == self.space.full[at]:
                    continue
                cut = cut or each.cut
                state = each.state if state in (_TRUE, _DOUBTED) else state
                continue
            inside = each.regions & live[at]
            if not inside:
                return _FALSE
            sure = inside & box.cells[at]
            unspoken = inside & box.unspoken[at]
            if inside != each.regions:
                cut = cut or Cut(at, inside)
            elif unspoken and unspoken != inside:
                cut = cut or Cut(at, unspoken)
            elif not sure:
                state = _DOUBT if state in (_TRUE, _DOUBTED) else state
            elif sure != inside:
                cut = cut or Cut(at, sure)
            elif unspoken:
                state = _DOUBTED if state is _TRUE else state
        for column in box.open_columns if cut is None else ():
            found = self._open_state(subject, rule, column, cases, dict(held))
            if found is _FALSE:
                return _FALSE
            if isinstance(found, Cut):
                cut = cut or found
            elif found is not _TRUE and state in (_TRUE, _DOUBTED):
                state = found
        return cut or state

    def _meets_doubt(self, subject: Subject, box: Box, held: Mapping[int, _Held]) -> bool | Cut:
        """Whether a result in doubt is asked for on the way, even if no rule turns on it: the engine notices that too.

        Column by column as the engine goes: one is asked for when a rule still alive needs it.
        """
        table = subject.table
        columns = [self.space.dimension_of(clause) for clause in table.inputs]
        if table.name not in self.needs.needing:
            return False
        alive = list(range(len(table.rules)))
        certain = set(alive)
        order = self.needs.order[table.name]
        for position, column in enumerate(order):
            at = columns[column]
            if table.hit_policy is HitPolicy.FIRST:
                settled = next(
                    (
                        rule
                        for rule in alive
                        if rule in certain and self._is_done(subject, rule, order[position:])
                    ),
                    None,
                )
                if settled is not None:
                    alive = [rule for rule in alive if rule <= settled]
            needing = [rule for rule in alive if not table.rules[rule].inputs[column].is_irrelevant]
            if not needing:
                continue
            if held[at].cut is not None:
                return held[at].cut or False
            if held[at].state == _DOUBT:
                return True
            for rule in needing:
                state = self._cell_state(subject, rule, column, box, held)
                if isinstance(state, Cut):
                    return state
                named = self.space.used_names(table.rules[rule].inputs[column]) & self.needs.others
                doubt = self._doubt_among(named, box)
                if doubt:
                    return doubt
                if state is _FALSE:
                    alive.remove(rule)
                if state is not _TRUE:
                    certain.discard(rule)
        return False

    def _doubt_among(self, names: Iterable[str], box: Box) -> bool | Cut:
        for name in sorted(names):
            if name in self.space.presence:
                if self.needs.has_no_score(name, box):
                    return True
                continue
            answer = self.answer(name, box)
            if isinstance(answer, Cut):
                return answer
            if answer.is_doubtful:
                return True
        return False

    def _is_done(self, subject: Subject, rule: int, columns: Sequence[int]) -> bool:
        """Whether a rule takes anything in the columns that are left."""
        cells = subject.table.rules[rule].inputs
        return all(cells[column].is_irrelevant for column in columns)

    def _cell_state(
        self, subject: Subject, rule: int, column: int, box: Box, held: Mapping[int, _Held]
    ) -> str | Cut:
        """Whether one cell is true, false, in doubt or open in all cases; or how to cut so that it is."""
        if column in subject.boxes[rule].open_columns:
            return self._open_state(subject, rule, column, box, held)
        at = self.space.dimension_of(subject.table.inputs[column])
        regions = held[at].regions
        if regions is None:
            return held[at].cut or held[at].state
        answers = self.space.answers(at, subject.table.rules[rule].inputs[column])
        own = subject.boxes[rule]
        doubt = (answers.doubt & ~own.past_null[at]) | (own.unspoken[at] & ~answers.true)
        for part, state in ((regions & answers.true, _TRUE), (regions & doubt, _DOUBT)):
            if part:
                return state if part == regions else Cut(at, part)
        return _FALSE

    def _open_state(
        self, subject: Subject, rule: int, column: int, box: Box, held: Mapping[int, _Held]
    ) -> str | Cut:
        """The same for one cell that is no literal: where it compares with results of tables, these are known here."""
        cell = subject.table.rules[rule].inputs[column]
        at = self.space.dimension_of(subject.table.inputs[column])
        results: dict[str, Any] = {}
        used = self.space.used_names(cell)
        if any(self.needs.has_no_score(node, box) for node in used & self.space.presence.keys()):
            return _DOUBT
        for name in used & self.subjects.keys():
            answer = self.answer(name, box)
            if isinstance(answer, Cut):
                return answer
            if answer.is_doubtful:
                return _DOUBT
            if answer.is_open or answer.values is None or len(answer.values) != 1 or answer.values[0] is OPEN:
                return _OPEN
            results[name] = answer.values[0]
        logic = self.space.logic_with(cell, results) if results else None
        answers = None if logic is None else self.space.dimensions[at].answers(logic)
        regions = held[at].regions
        if answers is None or regions is None:
            return _OPEN
        true, doubt = answers
        for part, state in ((regions & true, _TRUE), (regions & doubt, _DOUBT)):
            if part:
                return state if part == regions else Cut(at, part)
        return _FALSE


@dataclass(frozen=True, slots=True)
class _Held:
    """The regions a dimension has in a box; or why they are not known: a state, or a cut that is wanted first."""

    regions: int | None
    state: str = ""
    cut: Cut | None = None

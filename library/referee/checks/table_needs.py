"""What the tables of a decision need of each other: results, and scores that there may be none of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from referee.checks.case_space import Box, CaseSpace
from referee.checks.subject import Subject
from referee.tables import DecisionTable


class TableNeeds:
    """Which dimensions follow from which tables (``sources``) or need which scores (``lacking``), and who asks them.

    By the names of tables: their ``dimensions``, the ``order`` of columns in which the engine evaluates them, and the
    ``doubtable`` columns, which need a result or score. ``asking`` are the tables whose inputs or input cells do,
    ``needing`` those of which any cell does.
    """

    def __init__(
        self, tables: Sequence[DecisionTable], subjects: Mapping[str, Subject], space: CaseSpace
    ) -> None:
        self.subjects = subjects
        self.space = space
        self.sources = self._found_sources(tables)
        self.dimensions = {
            table.name: sorted({space.dimension_of(clause) for clause in table.inputs}) for table in tables
        }
        self.lacking = {
            at: nodes
            for at, dimension in enumerate(space.dimensions)
            if at not in space.presence.values() and (nodes := space.nodes_of(dimension.expression))
        }
        costly = self._costly()
        self.order = {name: self._evaluated(name, costly) for name in self.subjects}
        self.doubtable = {
            table.name: [
                column
                for column, clause in enumerate(table.inputs)
                if (at := space.dimension_of(clause)) in self.sources or at in self.lacking
            ]
            for table in tables
        }
        self.asking = {table.name for table in tables if self._asks_others(table.name)}
        self.needing = {
            name
            for name, subject in self.subjects.items()
            if any(at in self.sources or at in self.lacking for at in self.dimensions[name])
            or any(self.names_used(subject, rule) & self.others for rule in range(len(subject.boxes)))
        }

    def _costly(self) -> frozenset[str]:
        """The scores, and the tables that need one: the engine asks them last."""
        found = frozenset(self.space.presence)
        needs = {name: self._all_names(name) for name in self.subjects} if found else {}
        while more := {name for name, used in needs.items() if used & found} - found:
            found |= more
        return found

    def _all_names(self, table: str) -> set[str]:
        subject = self.subjects[table]
        found: set[str] = set()
        for clause in subject.table.inputs:
            found |= self.space.names_of(clause.expression.text)
        for rule in range(len(subject.boxes)):
            found |= self.names_used(subject, rule)
        return found

    def _evaluated(self, table: str, costly: frozenset[str]) -> list[int]:
        """The columns in the order in which the engine evaluates them: those that ask what is costly are the last."""
        clauses = self.subjects[table].table.inputs
        return sorted(
            range(len(clauses)),
            key=lambda column: bool(costly and self.space.names_of(clauses[column].expression.text) & costly),
        )

    def _asks_others(self, table: str) -> bool:
        """Whether an input or an input cell of a table needs a score, or the result of another table."""
        subject = self.subjects[table]
        cells = (
            subject.table.rules[rule].inputs[column]
            for rule, box in enumerate(subject.boxes)
            for column in box.open_columns
        )
        return any(at in self.sources or at in self.lacking for at in self.dimensions[table]) or any(
            self.space.used_names(cell) & self.others for cell in cells
        )

    @cached_property
    def others(self) -> frozenset[str]:
        """The names of what a cell may ask for besides facts: tables, and models that may give no score."""
        return frozenset(self.subjects) | self.space.presence.keys()

    def lacks(self, at: int, box: Box) -> bool:
        """Whether a dimension needs a score that the cases of a box don't have."""
        return any(self.has_no_score(node, box) for node in self.lacking.get(at, ()))

    def has_no_score(self, node: str, box: Box) -> bool:
        """Whether no case of a box has the score."""
        at = self.space.presence[node]
        return box[at] == self.space.dimensions[at].null

    def tables_needed(self, table: str) -> set[str]:
        """The tables that inputs of a table name."""
        return {self.sources[at][0] for at in self.dimensions[table] if at in self.sources}

    def free_dimensions(self, table: str) -> set[int]:
        """The dimensions that decide in the end, those of the tables it needs included."""
        found = {self.space.presence[node] for node in self._scores_of(table)}
        for at in self.dimensions[table]:
            found |= self.free_dimensions(self.sources[at][0]) if at in self.sources else {at}
        subject = self.subjects[table]
        named = set[str]().union(*(self.tables_named(subject, rule) for rule in range(len(subject.boxes))))
        return found.union(*(self.free_dimensions(name) for name in named - {table}))

    def tables_named(self, subject: Subject, rule: int) -> set[str]:
        """The tables whose results stand in expressions of a rule."""
        return self.names_used(subject, rule) & self.subjects.keys()

    def names_used(self, subject: Subject, rule: int) -> set[str]:
        """The names that stand in expressions of a rule."""
        found = set(subject.names_in_output(rule))
        for column in subject.boxes[rule].open_columns:
            found |= self.space.used_names(subject.table.rules[rule].inputs[column])
        return found

    def _scores_of(self, table: str) -> set[str]:
        """The models whose scores a table asks for, and may not get."""
        subject = self.subjects[table]
        found = {node for at in self.dimensions[table] for node in self.lacking.get(at, ())}
        for rule in range(len(subject.boxes)):
            found |= self.names_used(subject, rule) & self.space.presence.keys()
        return found

    def _found_sources(self, tables: Sequence[DecisionTable]) -> dict[int, tuple[str, int]]:
        names: dict[str, tuple[str, int]] = {}
        for table in tables:
            if len(table.outputs) == 1:
                names[table.name] = table.name, 0
                continue
            for position, output in enumerate(table.outputs):
                names[f"{table.name}.{output.name}"] = table.name, position
        return {
            at: names[dimension.expression]
            for at, dimension in enumerate(self.space.dimensions)
            if dimension.expression in names
        }

"""The facts of cases as an audit log holds them, as far as they can be read again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from referee.audit import AuditLog, CaseKeys, hidden_facts
from referee.audit.sensitive import ENCRYPT, unsealed
from referee.domain import AuditError
from referee.workbook import DecisionWorkbook


class UnreadableFactsError(Exception):
    """Facts that a decision needs can't be read again. The text says why, without naming the case. With the key, where
    ``is_key_missing``, they could be read.
    """

    def __init__(self, why: str, *, is_key_missing: bool = False) -> None:
        super().__init__(why)
        self.is_key_missing = is_key_missing


class LoggedFacts:
    """Reads the facts of decision records. Encrypted ones need the keys of their cases, beside the log or in the folder
    ``keys``.
    """

    def __init__(self, log: AuditLog, keys: Path | None = None) -> None:
        self._keys = CaseKeys(log.folder, keys)

    def read(
        self, decision: str, case_id: str, facts: Mapping[str, Any], used: Collection[str]
    ) -> tuple[dict[str, Any], frozenset[str]]:
        """The facts of a record as values, without those that can't be read; and the names of these.

        Raises `UnreadableFactsError` when one of them is ``used``: what it was is never guessed.
        """
        secret = hidden_facts(facts)
        if not secret:
            return dict(facts), frozenset()
        readable = {name: value for name, value in facts.items() if name not in secret}
        hidden: set[str] = set()
        for name, told in secret.items():
            is_key_missing = False
            if told.how == ENCRYPT:
                try:
                    key = self._keys.key(told.key_id)
                    if key is not None:
                        readable[name] = unsealed(told, key, (decision, case_id, name))
                        continue
                    because = "it was erased"
                except AuditError:
                    is_key_missing = True
                    because = f"it is encrypted, and {self._keys.path} doesn't open it"
            else:
                because = f"the log holds only a {told.how} of it"
            if name in used:
                raise UnreadableFactsError(
                    f"the rules use `{name}`, and {because}", is_key_missing=is_key_missing
                )
            hidden.add(name)
        return {name: readable[name] for name in facts if name in readable}, frozenset(hidden)


def used_facts(workbook: DecisionWorkbook) -> frozenset[str]:
    """Facts that some cell or model of the workbook may ask for; cells by their text, so rather too many."""
    texts = cell_texts(workbook)
    asked = {name for definition in workbook.models for name in definition.facts}
    return frozenset(
        name
        for name in workbook.dictionary.open_names
        if name in asked or any(name in text for text in texts)
    )


def cell_texts(workbook: DecisionWorkbook) -> frozenset[str]:
    """The texts of all cells of all tables."""
    return frozenset(
        cell.text
        for table in workbook.tables
        for cell in (
            *(clause.expression for clause in table.inputs),
            *(cell for rule in table.rules for cell in (*rule.inputs, *rule.outputs)),
        )
    )

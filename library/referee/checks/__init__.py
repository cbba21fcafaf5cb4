"""Proofs about decision tables: what is true of every case, before the first case comes."""

from referee.checks.budget import Budget, OutOfBudget
from referee.checks.case_space import InputValues
from referee.checks.decision_logic import Answer
from referee.checks.differences import Difference, Differences, Version, a_value, differences, is_literal
from referee.checks.finding import Case, Finding, Fix, TableReport
from referee.checks.outcome import DISAGREEMENT, NO_HIT, SEVERAL_HITS
from referee.checks.protected import protected_facts
from referee.checks.table_check import check_table
from referee.checks.unused_facts import unused_facts
from referee.checks.value_line import literal_text

__all__ = [
    "DISAGREEMENT",
    "NO_HIT",
    "SEVERAL_HITS",
    "Answer",
    "Budget",
    "Case",
    "Difference",
    "Differences",
    "Finding",
    "Fix",
    "InputValues",
    "OutOfBudget",
    "TableReport",
    "Version",
    "a_value",
    "check_table",
    "differences",
    "is_literal",
    "literal_text",
    "protected_facts",
    "unused_facts",
]

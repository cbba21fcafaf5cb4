"""Proofs about decision tables: what is true of every case, before the first case comes."""

from referee.checks.budget import Budget
from referee.checks.case_space import InputValues
from referee.checks.decision_logic import Answer
from referee.checks.differences import Difference, Differences, Version, a_value, differences
from referee.checks.finding import Case, Finding, Fix, TableReport
from referee.checks.table_check import check_table
from referee.checks.value_line import literal_text

__all__ = [
    "Answer",
    "Budget",
    "Case",
    "Difference",
    "Differences",
    "Finding",
    "Fix",
    "InputValues",
    "TableReport",
    "Version",
    "a_value",
    "check_table",
    "differences",
    "literal_text",
]

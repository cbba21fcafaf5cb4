"""Decision tables: the model, hit policies, and the compiled table that decides."""

from referee.tables.compiled_table import CompiledTable, TableResult
from referee.tables.compiler import compile_table
from referee.tables.decision_table import CellText, DecisionTable, InputClause, OutputClause, Rule
from referee.tables.hit_policy import HitPolicy

__all__ = [
    "CellText",
    "CompiledTable",
    "DecisionTable",
    "HitPolicy",
    "InputClause",
    "OutputClause",
    "Rule",
    "TableResult",
    "compile_table",
]

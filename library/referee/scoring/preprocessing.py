"""The columns that fitted transformers make of a model's features, traced one by one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from referee.scoring.columns import STEPS, Value

if TYPE_CHECKING:
    from referee.scoring.card import Feature


class NotCompilable(Exception):
    """A part of the fitted pipeline that has no compiled form; scikit-learn itself scores then."""


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """A number after ``steps``; ``missing`` stands for it where it is missing."""

    feature: int
    steps: tuple[tuple[str, float], ...] = ()
    missing: float = math.nan


@dataclass(frozen=True, slots=True)
class TextColumn:
    """A text that no encoder has seen yet; ``missing`` stands for it where it is missing."""

    feature: int
    missing: str | None = None


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A number looked up by value, None for a missing one; ``other`` for all others, None if they are refused."""

    feature: int
    table: Mapping[Value, float]
    other: float | None


Column = NumberColumn | TextColumn | TableColumn


def encoded_columns(features: Sequence[Feature]) -> list[Column]:
    """The columns that ``encoding.encode`` makes."""
    columns: list[Column] = []
    for position, feature in enumerate(features):
        if feature.type == "string":
            known: dict[Value, float] = dict.fromkeys((*feature.categories, None), 0.0)
            columns += [
                TableColumn(position, known | {category: 1.0}, None) for category in feature.categories
            ]
        else:
            columns.append(NumberColumn(position))
    return columns


def plain_columns(features: Sequence[Feature]) -> list[Column]:
    """One column for each feature as it is, for pipelines that do their own encoding."""
    return [
        TextColumn(position) if feature.type == "string" else NumberColumn(position)
        for position, feature in enumerate(features)
    ]


def transformed(transformer: Any, columns: Sequence[Column]) -> list[Column]:
    """The columns that a fitted transformer makes of these. Raises ``NotCompilable``."""
    from sklearn.feature_selection import SelectorMixin

    if transformer is None or (isinstance(transformer, str) and transformer == "passthrough"):
        return list(columns)
    if isinstance(transformer, str) and transformer == "drop":
        return []
    known = _transformers().get(type(transformer))
    if known is not None:
        return known(transformer, columns)
    if isinstance(transformer, SelectorMixin):
        return [column for column, kept in zip(columns, transformer.get_support(), strict=True) if kept]
    raise NotCompilable(f"there is no compiled form of {type(transformer).__name__}")


def blocks(columns: Sequence[Column]) -> list[dict[str, Any]]:
    """The columns as ``Columns`` takes them; those of one table stand together."""
    stored: list[dict[str, Any]] = []
    for _, group in groupby(enumerate(columns), key=lambda item: _table_key(*item)):
        same = [column for _, column in group]
        first = same[0]
        match first:
            case NumberColumn(feature, steps, missing):
                stored.append(
                    {"feature": feature, "steps": [list(step) for step in steps], "missing": _stored(missing)}
                )
            case TableColumn(feature, table, other):
                tables = [column for column in same if isinstance(column, TableColumn)]
                stored.append(
                    {
                        "feature": feature,
                        "width": len(tables),
                        "table": [[key, [_stored(column.table[key]) for column in tables]] for key in table],
                        "other": None if other is None else [_stored(column.other) for column in tables],
                    }
                )
            case TextColumn():
                raise NotCompilable("a text reaches the classifier without having been encoded")
    return stored


def _table_key(position: int, column: Column) -> tuple[object, ...]:
    if isinstance(column, TableColumn):
        return (column.feature, tuple(column.table), column.other is None)
    return (position,)


def _stored(number: float | None) -> float | None:
    return None if number is None or math.isnan(number) else float(number)


def _step(column: Column, name: str, operand: float) -> Column:
    operand = float(operand)
    step = STEPS[name]

    def after(number: float) -> float:
        # The smaller of NaN and a number depends on their order in Python; what is missing stays missing.
        return number if math.isnan(number) else step(number, operand)

    match column:
        case NumberColumn(feature, steps, missing):
            return NumberColumn(feature, (*steps, (name, operand)), after(missing))
        case TableColumn(feature, table, other):
            return TableColumn(
                feature,
                {key: after(number) for key, number in table.items()},
                None if other is None else after(other),
            )
        case TextColumn():
            raise NotCompilable("a text is scaled like a number")


def _steps(columns: Sequence[Column], name: str, operands: Any) -> list[Column]:
    if operands is None:
        return list(columns)
    return [_step(column, name, operand) for column, operand in zip(columns, operands, strict=True)]


def _column_transformer(transformer: Any, columns: Sequence[Column]) -> list[Column]:
    made: list[Column] = []
    for name, fitted, _ in transformer.transformers_:
        taken = transformer._transformer_to_input_indices[name]
        made += transformed(fitted, [columns[position] for position in taken])
    return made


def _pipeline(transformer: Any, columns: Sequence[Column]) -> list[Column]:
    for _, step in transformer.steps:
        columns = transformed(step, columns)
    return list(columns)


def _function(transformer: Any, columns: Sequence[Column]) -> list[Column]:
    if transformer.func is not None:
        raise NotCompilable("there is no compiled form of a function of one's own")
    return list(columns)


def _imputer(transformer: Any, columns: Sequence[Column]) -> list[Column]:
    sought = transformer.missing_values
    if not (sought is None or (isinstance(sought, float) and math.isnan(sought))):
        raise NotCompilable(f"{sought!r} stands for a missing value")
    imputed: list[Column] = []
    for column, statistic in zip(columns, transformer.statistics_, strict=True):
        if _is_missing(statistic):
            if transformer.keep_empty_features:
                raise NotCompilable("a feature without any value is kept")
            continue
        imputed.append(_with_missing(column, statistic))
    if transformer.add_indicator:
        for position in transformer.indicator_.features_:
            column = columns[position]
            if isinstance(column, TableColumn) or not _is_missing(column.missing):
                raise NotCompilable("an indicator of missing values follows another imputation")
            imputed.append(TableColumn(column.feature, {None: 1.0}, 0.0))
    return imputed


def _with_missing(column: Column, statistic: Any) -> Column:
    match column:
        case TextColumn(_, missing):
            return column if missing is not None else replace(column, missing=str(statistic))
        case NumberColumn(_, _, missing):
            return replace(column, missing=float(statistic)) if math.isnan(missing) else column
        case TableColumn(feature, table, other):
            filled = {
                key: float(statistic) if math.isnan(number) else number for key, number in table.items()
            }
            if other is not None and math.isnan(other):
                other = float(statistic)
            return TableColumn(feature, filled, other)


def _standard_scaler(transformer: Any, columns: Sequence[Column]) -> list[Column]:
    centred = _steps(columns, "subtract", transformer.mean_ if transformer.with_mean else None)
    return _steps(centred, "divide", transformer.scale_ if transformer.with_std else None)


def _robust_scaler(transformer: Any, columns: Sequence[Column]) -> list[Column]:
    centred = _steps(columns, "subtract", transformer.center_ if transformer.with_centering else None)
    return _steps(centred, "divide", transformer.scale_ if transformer.with_scaling else None)


def _min_max_scaler(transformer: Any, columns: Sequence[Column]) -> list[Column]:
    scaled = _steps(_steps(columns, "multiply", transformer.scale_), "add", transformer.min_)
    if not transformer.clip:
        return scaled
    low, high = transformer.feature_range
    return [_step(_step(column, "at least", low), "at most", high) for column in scaled]


def _max_abs_scaler(transformer: Any, columns: Sequence[Column]) -> list[Column]:
    return _steps(columns, "divide", transformer.scale_)


def _one_hot_encoder(transformer: Any, columns: Sequence[Column]) -> list[Column]:
    if transformer._infrequent_enabled:
        raise NotCompilable("rare categories are encoded as one")
    refuses = transformer.handle_unknown == "error"
    made: list[Column] = []
    for number, (column, categories) in enumerate(zip(columns, transformer.categories_, strict=True)):
        dropped = None if transformer.drop_idx_ is None else transformer.drop_idx_[number]
        known = dict.fromkeys(map(_key, categories), 0.0)
        made += [
            _table(column, known | {key: 1.0}, None if refuses else 0.0)
            for position, key in enumerate(known)
            if position != dropped
        ]
    return made


def _ordinal_encoder(transformer: Any, columns: Sequence[Column]) -> list[Column]:
    if transformer._infrequent_enabled:
        raise NotCompilable("rare categories are encoded as one")
    other = None if transformer.handle_unknown == "error" else float(transformer.unknown_value)
    made: list[Column] = []
    for column, categories in zip(columns, transformer.categories_, strict=True):
        table: dict[Value, float] = {
            # None is a category like others to scikit-learn, and NaN is not.
            _key(category): float(
                transformer.encoded_missing_value if category is not None and _is_missing(category) else code
            )
            for code, category in enumerate(categories)
        }
        made.append(_table(column, table, other))
    return made


def _table(column: Column, table: Mapping[Value, float], other: float | None) -> TableColumn:
    """The look-up of what a column holds, turned into one of the feature itself."""
    if isinstance(column, TableColumn) or (isinstance(column, NumberColumn) and column.steps):
        raise NotCompilable("an encoder follows another encoder or scaler")
    missing = None if _is_missing(column.missing) else column.missing
    of_feature: dict[Value, float] = {key: number for key, number in table.items() if key is not None}
    if missing in table:
        of_feature[None] = table[missing]
    elif other is not None:
        of_feature[None] = other
    return TableColumn(column.feature, of_feature, other)


def _key(category: Any) -> Value:
    """A category as facts hold it: a text, a number (a boolean is 0 or 1), or None for a missing one."""
    if _is_missing(category):
        return None
    return category if isinstance(category, str) else float(category)


def _is_missing(value: Any) -> bool:
    return value is None or (not isinstance(value, str) and math.isnan(value))


def _transformers() -> Mapping[type, Callable[[Any, Sequence[Column]], list[Column]]]:
    from sklearn import preprocessing
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline

    return {
        ColumnTransformer: _column_transformer,
        Pipeline: _pipeline,
        SimpleImputer: _imputer,
        preprocessing.FunctionTransformer: _function,
        preprocessing.StandardScaler: _standard_scaler,
        preprocessing.RobustScaler: _robust_scaler,
        preprocessing.MinMaxScaler: _min_max_scaler,
        preprocessing.MaxAbsScaler: _max_abs_scaler,
        preprocessing.OneHotEncoder: _one_hot_encoder,
        preprocessing.OrdinalEncoder: _ordinal_encoder,
    }

"""Who approved the models of a workbook, as far as this machine can tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from referee.domain import Diagnostic, ModelError, Severity

if TYPE_CHECKING:
    from referee.scoring import Model, ModelStore
    from referee.workbook import DecisionWorkbook, ModelDefinition


def told_approvals(
    workbook: DecisionWorkbook, loaded: Mapping[str, Model], store: ModelStore
) -> list[Diagnostic]:
    """For each model whose approval nobody proved on this machine: that it is trusted by the hashes of its card alone.
    For each that was proved: whether the workbook would take an older one with its approval, too.

    All are hints. Where approvers' keys are, a model without a valid approval isn't loaded at all.
    """
    told = []
    for definition in workbook.models:
        model = loaded.get(definition.node)
        if model is None:
            continue
        if model.approver:
            if not definition.version:
                told.append(_any_version(definition, model))
            continue
        try:
            state = store.unverified(definition.folder)
        except ModelError:  # changed since it was loaded; the next check tells
            continue
        message = (
            f"no approvers' keys are on this machine, so {model.name} {model.version} is trusted by the hashes of its "
            f"card alone ({state}); a machine that holds keys asks for a signature"
        )
        told.append(Diagnostic("model-not-proved", message, Severity.INFO, definition.place))
    return told


def _any_version(definition: ModelDefinition, model: Model) -> Diagnostic:
    return Diagnostic(
        "model-version-open",
        f"`{definition.node}` names no version, so an older {model.name} that is put back with its approval would be "
        f"used; write {model.version} into the column version",
        Severity.INFO,
        definition.place,
    )

"""Who approved the models of a workbook, as far as this machine can tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from referee.domain import Diagnostic, ModelError, Severity

if TYPE_CHECKING:
    from referee.scoring import Model, ModelStore
    from referee.workbook import DecisionWorkbook


def told_approvals(
    workbook: DecisionWorkbook, loaded: Mapping[str, Model], store: ModelStore
) -> list[Diagnostic]:
    """For each model whose approval nobody proved on this machine: that it is trusted by the hashes of its card alone.

    All are hints. Where approvers' keys are, a model without a valid approval isn't loaded at all.
    """
    told = []
    for definition in workbook.models:
        model = loaded.get(definition.node)
        if model is None or model.approver:
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

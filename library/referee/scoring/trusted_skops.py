"""Reading classifiers in the format of skops: types by name, and no program that runs on loading."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

from referee.domain import ModelError, ModelUnavailableError
from referee.scoring.trusted_pickle import is_admitted

_LARGEST = 2_000_000_000
"""Bytes that the parts of a file may have when unpacked."""

_GROWTH = 1_100
"""How much larger than packed: more than the best that zip can do."""


def load_trusted_skops(content: bytes, trusted_types: Sequence[str], subject: str) -> Any:
    """The object in these bytes, as ``skops.io.dump`` wrote them.

    It may hold what skops itself trusts, and of what is named in ``trusted_types`` that which a pickle may hold, too
    (``trusted_pickle``). Raises ``ModelError``, which begins with ``subject`` and names the first type that isn't
    admitted, and ``ModelUnavailableError`` where skops isn't installed.
    """
    try:
        from skops import io as skops_io  # type: ignore[import-untyped]
    except ImportError:
        raise ModelUnavailableError(
            f"{subject}: its file has the format of skops, which isn't installed; install skops"
        ) from None
    try:
        _require_room(content, subject)
        asked = skops_io.get_untrusted_types(data=content)
        for name in asked:
            if name not in trusted_types or not is_admitted(*_split(name)):
                raise ModelError(
                    f"{subject}: its file asks for {name}, which isn't admitted; restore the approved file"
                )
        return skops_io.loads(content, trusted=asked)
    except ModelError:
        raise
    except Exception as error:  # noqa: BLE001  a broken file raises anything from KeyError to BadZipFile
        raise ModelError(
            f"{subject}: its file isn't a fitted classifier that this version can read "
            f"({type(error).__name__}: {error}); train and approve it again"
        ) from None


def _require_room(content: bytes, subject: str) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        size = sum(part.file_size for part in parts.infolist())
    if size > _LARGEST or size > _GROWTH * len(content):
        raise ModelError(f"{subject}: its file unpacks to {size:,} bytes, which no model needs")


def _split(name: str) -> tuple[str, str]:
    module, _, last = name.rpartition(".")
    return module, last

"""Unpickling that admits fitted scikit-learn estimators and nothing else.

This is the second lock, behind the hash in the card: it keeps a pickle from running code by naming it. It is
no sandbox against somebody who can forge the insides of compiled estimators; that is what approval is for.
"""

from __future__ import annotations

import importlib
import io
import math
import pickle
from collections.abc import Callable
from typing import Any, ClassVar

from joblib.numpy_pickle import NumpyArrayWrapper, NumpyUnpickler

from referee.domain import ModelError

# What fitted estimators hold besides estimators: arrays, numbers, random states, trees, losses, splines.
# Functions stand here one by one. A prefix such as `numpy.` would admit numpy.load, numpy.testing's runstring
# and the like.
_ADMITTED = frozenset(
    {
        ("builtins", "slice"),
        ("numpy", "bool"),
        ("numpy", "bool_"),
        ("numpy", "dtype"),
        ("numpy", "float32"),
        ("numpy", "float64"),
        ("numpy", "int32"),
        ("numpy", "int64"),
        ("numpy", "ndarray"),
        ("numpy", "object_"),
        ("numpy", "str_"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "scalar"),
        ("numpy._core.numeric", "_frombuffer"),
        ("numpy.random._mt19937", "MT19937"),
        ("numpy.random._pcg64", "PCG64"),
        ("numpy.random._pickle", "__bit_generator_ctor"),
        ("numpy.random._pickle", "__generator_ctor"),
        ("numpy.random._pickle", "__randomstate_ctor"),
        ("numpy.random.bit_generator", "SeedSequence"),
        ("numpy.random.bit_generator", "__pyx_unpickle_SeedSequence"),
        ("scipy._lib.array_api_compat.numpy._aliases", "asarray"),
        ("scipy.interpolate._bsplines", "BSpline"),
        ("scipy.sparse._csr", "csr_array"),
        ("scipy.sparse._csr", "csr_matrix"),
        ("sklearn._loss._loss", "__pyx_unpickle_CyHalfMultinomialLoss"),
        ("sklearn.calibration", "_CalibratedClassifier"),
        ("sklearn.ensemble._hist_gradient_boosting.predictor", "TreePredictor"),
        ("sklearn.tree._tree", "Tree"),
        ("sklearn.utils._bunch", "Bunch"),
    }
)
# Modules of which every class may be built: the losses and their links.
_ADMITTED_MODULES = frozenset({"sklearn._loss._loss", "sklearn._loss.link", "sklearn._loss.loss"})


class _ArrayWrapper(NumpyArrayWrapper):  # type: ignore[misc]
    """joblib's stand-in for an array, which takes no attribute but its own.

    A crafted state could otherwise put another callable in the place of its ``read`` and have it called.
    """

    _FIELDS = frozenset({"subclass", "shape", "order", "dtype", "allow_mmap", "numpy_array_alignment_bytes"})

    def __setstate__(self, state: dict[str, Any]) -> None:
        if not isinstance(state, dict) or not self._FIELDS.issuperset(state):
            raise _Refused("an array with foreign attributes")
        self.__dict__.update(state)

    def read_array(self, unpickler: _TrustedUnpickler, ensure_native_byte_order: bool) -> Any:
        if self.dtype.hasobject:
            # joblib reads these with a second unpickler, which before joblib 1.6 admitted everything.
            return _TrustedUnpickler(unpickler.file_handle).load()
        # Memory is taken before the numbers are read: not for more of them than the file can hold.
        if math.prod(self.shape) * self.dtype.itemsize > len(unpickler.file_handle.getbuffer()):
            raise _Refused("an array larger than its file")
        return super().read_array(unpickler, ensure_native_byte_order)


class _Refused(Exception):
    """The pickle asks for something that isn't admitted."""


class _TrustedUnpickler(NumpyUnpickler):  # type: ignore[misc]
    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = {
        code: action
        for code, action in NumpyUnpickler.dispatch.items()
        # INST, OBJ and NEWOBJ_EX, older or rarer ways to call things, and the registry of extensions.
        if code not in b"io\x92\x82\x83\x84"
    }

    def __init__(self, file_handle: io.BytesIO) -> None:
        super().__init__("", file_handle, ensure_native_byte_order=True, mmap_mode=None)
        self._functions: list[Any] = []

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("joblib.numpy_pickle", "NumpyArrayWrapper"):
            return _ArrayWrapper
        # A dotted name would walk from an admitted module to any other: sklearn.base, `os.system`.
        if "." not in name:
            if (module, name) in _ADMITTED:
                found = super().find_class(module, name)
                if not isinstance(found, type):
                    self._functions.append(found)
                return found
            if _may_hold_estimators(module):
                found = super().find_class(module, name)
                if _is_estimator(found) or (isinstance(found, type) and module in _ADMITTED_MODULES):
                    return found
        raise _Refused(f"{module}.{name}")

    def load_reduce(self) -> None:
        """Call only what ``find_class`` admitted, never an object that the pickle itself has built."""
        called = self.stack[-2]
        if not self._is_named(called):
            raise _Refused(f"a call of a {type(called).__name__} it has built")
        super().load_reduce()

    dispatch[pickle.REDUCE[0]] = load_reduce

    def load_newobj(self) -> None:
        """Make objects of classes only."""
        if not isinstance(self.stack[-2], type):
            raise _Refused(f"an object made from a {type(self.stack[-2]).__name__}")
        super().load_newobj()

    dispatch[pickle.NEWOBJ[0]] = load_newobj

    def load_build(self) -> None:
        """Give state to objects, never to classes or functions, whose attributes everybody shares."""
        built = self.stack[-2]
        if self._is_named(built):
            raise _Refused(f"a change of {built.__name__} itself")
        super().load_build()

    dispatch[pickle.BUILD[0]] = load_build

    def load_bytearray8(self) -> None:
        """Take memory for no more bytes than there are."""
        size = int.from_bytes(self.read(8), "little")
        if size > len(self.file_handle.getbuffer()):
            raise _Refused("more bytes than its file has")
        self.append(bytearray(self.read(size)))

    dispatch[pickle.BYTEARRAY8[0]] = load_bytearray8

    def _is_named(self, value: object) -> bool:
        return isinstance(value, type) or any(value is function for function in self._functions)


def load_trusted(content: bytes, subject: str) -> Any:
    """The object in these bytes, as ``joblib.dump`` wrote them without compression.

    Raises ``ModelError``, which begins with ``subject`` and names the first global that isn't admitted.
    """
    try:
        return _TrustedUnpickler(io.BytesIO(content)).load()
    except _Refused as error:
        raise ModelError(
            f"{subject}: its file asks for {error}, which isn't admitted; restore the approved file"
        ) from None
    except Exception as error:  # noqa: BLE001  a broken pickle raises anything from IndexError to UnicodeDecodeError
        raise ModelError(
            f"{subject}: its file isn't a fitted classifier that this version can read "
            f"({type(error).__name__}: {error}); train and approve it again"
        ) from None


def is_admitted(module: str, name: str) -> bool:
    """Whether fitted estimators may hold what has this name. Imports modules of scikit-learn only."""
    if (module, name) in _ADMITTED:
        return True
    if not _may_hold_estimators(module):
        return False
    found = getattr(importlib.import_module(module), name, None)
    return _is_estimator(found) or (isinstance(found, type) and module in _ADMITTED_MODULES)


def _may_hold_estimators(module: str) -> bool:
    parts = module.split(".")
    return (
        parts[0] == "sklearn"
        and all(part.isidentifier() for part in parts)
        # Importing is running: only the modules that define estimators, not datasets, vendored code or tests.
        and not any(part in {"datasets", "externals", "conftest"} or "test" in part for part in parts)
    )


def _is_estimator(found: object) -> bool:
    from sklearn.base import BaseEstimator

    return (
        isinstance(found, type)
        and issubclass(found, BaseEstimator)
        and found.__module__.startswith("sklearn.")
    )

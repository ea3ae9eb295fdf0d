"""A reader of Universal Binary JSON, as far as XGBoost writes it.

XGBoost ends the whole process on bytes that stop too early, and trusts the numbers of
nodes that it reads. So a model is read here before the library sees it.

References
----------
The specification at ubjson.org, draft 12.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tradeloop.errors import ArtefactError

_NUMBERS = {
    b"i": ">i1",
    b"U": ">u1",
    b"I": ">i2",
    b"l": ">i4",
    b"L": ">i8",
    b"d": ">f4",
    b"D": ">f8",
}
_SINGLES: Mapping[bytes, Any] = {b"Z": None, b"T": True, b"F": False}
_DEEPEST = 32
_LEAF = -1


def read_ubjson(content: bytes) -> Any:
    """Read one value, such as an object, that takes all of the bytes.

    Parameters
    ----------
    content : bytes
        The document.

    Returns
    -------
    any
        Objects as dict, arrays as list, arrays of one type of number as ndarray.

    Raises
    ------
    ArtefactError
        The bytes end too early or too late, or are no such document.
    """
    reader = _Reader(content)
    try:
        found = reader.value(reader.take(1), _DEEPEST)
        reader.refuse_rest()
    except (ValueError, UnicodeDecodeError) as error:
        raise ArtefactError(
            f"The bytes are no document in UBJSON: {error}. Train again."
        ) from error
    return found


class _Reader:
    def __init__(self, content: bytes) -> None:
        self._content, self._at = content, 0

    def take(self, count: int) -> bytes:
        if count < 0 or self._at + count > len(self._content):
            raise ValueError(f"they end too early, at byte {len(self._content)}")
        begin, self._at = self._at, self._at + count
        return self._content[begin : self._at]

    def refuse_rest(self) -> None:
        if self._at != len(self._content):
            raise ValueError(f"{len(self._content) - self._at} bytes too many")

    def value(self, kind: bytes, depth: int) -> Any:
        """One value, of which the first byte has been taken."""
        if not depth:
            raise ValueError(f"it is nested more than {_DEEPEST} deep")
        if kind in _NUMBERS:
            return self._numbers(kind, 1)[0].item()
        if kind in _SINGLES:
            return _SINGLES[kind]
        if kind in (b"S", b"C"):
            return self._text() if kind == b"S" else self.take(1).decode("ascii")
        if kind == b"{":
            return self._object(depth)
        if kind == b"[":
            return self._array(depth)
        raise ValueError(f"no value begins with {kind!r}")

    def _numbers(self, kind: bytes, count: int) -> Any:
        form = np.dtype(_NUMBERS[kind])
        return np.frombuffer(self.take(form.itemsize * count), dtype=form)

    def _length(self) -> int:
        kind = self.take(1)
        if kind not in _NUMBERS or kind in (b"d", b"D"):
            raise ValueError(f"no length begins with {kind!r}")
        return int(self._numbers(kind, 1)[0])

    def _text(self) -> str:
        return self.take(self._length()).decode("utf-8")

    def _peeked(self, mark: bytes) -> bool:
        found = self._content[self._at : self._at + 1] == mark
        self._at += found
        return found

    def _object(self, depth: int) -> dict[str, Any]:
        if self._peeked(b"$"):
            raise ValueError("an object of one type is not read")
        count = self._length() if self._peeked(b"#") else None
        found: dict[str, Any] = {}
        while len(found) < count if count is not None else not self._peeked(b"}"):
            name = self._text()
            if name in found:
                raise ValueError(f"{name!r} stands twice in an object")
            found[name] = self.value(self.take(1), depth - 1)
        return found

    def _array(self, depth: int) -> Any:
        kind = self.take(1) if self._peeked(b"$") else None
        count = self._length() if self._peeked(b"#") else None
        if kind is not None:
            if kind not in _NUMBERS or count is None:
                raise ValueError(f"no array holds {kind!r}")
            return self._numbers(kind, count)
        found: list[Any] = []
        while len(found) < count if count is not None else not self._peeked(b"]"):
            found.append(self.value(self.take(1), depth - 1))
        return found


def refuse_broken_booster(content: bytes) -> None:
    """Raise unless the bytes are a booster of XGBoost whose trees can be walked.

    Raises
    ------
    ArtefactError
        No UBJSON, no booster of trees, or a node, child or column that does not exist.
    """
    found = read_ubjson(content)
    try:
        learner = found["learner"]
        width = int(learner["learner_model_param"]["num_feature"])
        trees = learner["gradient_booster"]["model"]["trees"]
        whole = all(_walkable(tree, width) for tree in trees)
    except (TypeError, KeyError, ValueError) as error:
        raise ArtefactError(
            f"The bytes are no booster of XGBoost: {error!r} is missing. Train again."
        ) from error
    if not whole:
        raise ArtefactError(
            "A tree of the booster has a node, a child or a column that does not "
            "exist. Train again."
        )


def _walkable(tree: Mapping[str, Any], width: int) -> bool:
    nodes = int(tree["tree_param"]["num_nodes"])
    names = (
        "left_children",
        "right_children",
        "parents",
        "split_indices",
        "split_conditions",
        "default_left",
        "base_weights",
        "loss_changes",
        "sum_hessian",
    )
    left, right, _, column, *_ = arrays = [np.asarray(tree[name]) for name in names]
    if nodes < 1 or any(array.shape != (nodes,) for array in arrays):
        return False
    inner = left != _LEAF
    number = np.arange(nodes)
    return bool(
        all(
            ((child > number) & (child < nodes))[inner].all() for child in (left, right)
        )
        and (right[~inner] == _LEAF).all()
        and ((column >= 0) & (column < max(width, 1))).all()
    )

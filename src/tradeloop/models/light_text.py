"""LightGBM's text format, read as data.

The library trusts what it loads: of a text that ends too early it crashes, or loads
half a model. So a text is checked here, to the last length, and scored and exported
from here; the library sees it again only to go on from it.

A threshold of a column that had no missing value in training comes with the missing
type "none": LightGBM then takes a missing value for 0. It also takes any value of at
most 1e-35 in size for 0 before it compares. The thresholds read here are moved so that
plain comparisons of float32 values take the same branches.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradeloop.errors import ArtefactError
from tradeloop.models.base import CLASSES, Floats
from tradeloop.models.trees import LEAF, Trees, round_down

_END = "end of trees\n"
_TAIL = "\npandas_categorical:null\n"
_CATEGORICAL, _DEFAULT_LEFT, _MISSING_SHIFT = 1, 2, 2
_NONE_MISSING, _NAN_MISSING = 0, 2
_SPLITS: Mapping[str, type[np.generic]] = {
    "split_feature": np.int64,
    "split_gain": np.float64,
    "threshold": np.float64,
    "decision_type": np.int64,
    "left_child": np.int64,
    "right_child": np.int64,
    "internal_value": np.float64,
    "internal_weight": np.float64,
    "internal_count": np.int64,
}
_LEAVES: Mapping[str, type[np.generic]] = {
    "leaf_value": np.float64,
    "leaf_weight": np.float64,
    "leaf_count": np.int64,
}
_ZERO = np.float32(1e-35)
_Arrays = dict[str, NDArray[Any]]


def without_settings(text: str) -> str:
    """Cut off how a model was trained, the number of threads among it.

    Parameters
    ----------
    text : str
        What LightGBM's ``model_to_string`` wrote. It loads what is left as well.
    """
    return text[: text.index(_END) + len(_END)] + _TAIL


def trees_of(text: str, width: int) -> tuple[Trees, Floats]:
    """Read the trees of a model; tree k adds to the logit of class k modulo 3.

    Parameters
    ----------
    text : str
        What `without_settings` left.
    width : int
        Columns that are asked for.

    Returns
    -------
    trees : Trees
        Their sums are the logits.
    gain : ndarray of shape (n_columns,)
        Total gain of the splits on each column.

    Raises
    ------
    ArtefactError
        No such text, another objective or width, trees of another kind (categorical,
        linear), or trees that cannot be walked.
    """
    try:
        head, blocks = _blocks(text)
        _refuse_other(head, width)
        read = [_read(block, number) for number, block in enumerate(blocks)]
        trees = _joined([_tree(arrays, k) for k, arrays in enumerate(read)])
    except (ValueError, KeyError, IndexError) as error:
        raise ArtefactError(
            f"The bytes are no LightGBM model in text format: {error!r}. Train again."
        ) from error
    trees.refuse_broken(width)
    gain = np.zeros(width)
    for arrays in read:
        np.add.at(gain, arrays["split_feature"], arrays["split_gain"])
    return trees, gain


def _refuse_other(head: Mapping[str, str], width: int) -> None:
    wanted = {
        "num_class": str(len(CLASSES)),
        "num_tree_per_iteration": str(len(CLASSES)),
        "max_feature_idx": str(width - 1),
        "objective": f"multiclass num_class:{len(CLASSES)}",
    }
    found = {name: head.get(name, "") for name in wanted}
    if found != wanted:
        raise ArtefactError(
            f"The LightGBM model has {found}, asked for was {wanted}. Train again."
        )


def _blocks(text: str) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Head of the model and one mapping per tree, cut where the head says."""
    if not text.startswith("tree\n") or not text.endswith(_END + _TAIL):
        raise ValueError("it does not begin or end as one")
    begin = text.index("\n\n") + 2
    head, blocks = _pairs(text[:begin]), []
    for number, size in enumerate(head["tree_sizes"].split()):
        block = text[begin : begin + int(size)]
        if int(size) < 1 or not block.startswith(f"Tree={number}\n"):
            raise ValueError(f"tree {number} is not where its size says")
        blocks.append(_pairs(block))
        begin += int(size)
    if text[begin:] != _END + _TAIL or not blocks or len(blocks) % len(CLASSES):
        raise ValueError(f"{len(blocks)} trees, and not all of the text")
    return head, blocks


def _pairs(block: str) -> dict[str, str]:
    lines = (line.partition("=") for line in block.splitlines())
    return {name: value for name, equals, value in lines if equals}


def _read(block: Mapping[str, str], number: int) -> _Arrays:
    """Arrays of one tree, of the lengths that they must have."""
    if block["num_cat"] != "0" or block["is_linear"] != "0":
        raise ValueError(f"tree {number} is categorical or linear")
    leaves = int(block["num_leaves"])
    found: _Arrays = {}
    for names, length in ((_SPLITS, leaves - 1), (_LEAVES, leaves)):
        for name, kind in names.items():
            array = np.array(block.get(name, "").split(), dtype=kind)
            # A tree of one leaf says nothing about its splits and rows.
            if len(array) != length and not (leaves == 1 and name != "leaf_value"):
                raise ValueError(f"{name} of tree {number} has {len(array)} values")
            # An infinite threshold parts what is there from what is missing.
            if np.isnan(array).any() or (
                name == "leaf_value" and np.isinf(array).any()
            ):
                raise ValueError(f"{name} of tree {number} is not finite")
            found[name] = array[:length]
    return found


def _tree(read: _Arrays, number: int) -> _Arrays:
    """Arrays as `Trees` has them: the splits first, then the leaves."""
    leaf, kind = read["leaf_value"], read["decision_type"]
    splits, missing = len(kind), kind >> _MISSING_SHIFT
    known = np.isin(missing, (_NONE_MISSING, _NAN_MISSING))
    if not known.all() or (kind & _CATEGORICAL).any():
        raise ValueError(f"tree {number} splits otherwise than by a threshold")
    default_left = kind & _DEFAULT_LEFT != 0
    missing_left = np.where(
        missing == _NONE_MISSING, read["threshold"] >= 0, default_left
    )
    values = np.zeros((len(leaf), len(CLASSES)))
    values[:, number % len(CLASSES)] = leaf
    itself = splits + np.arange(len(leaf))
    left, right = (
        np.concatenate([np.where(child < 0, splits + ~child, child), itself])
        for child in (read["left_child"], read["right_child"])
    )
    after = np.zeros(len(leaf))
    return {
        "feature": np.concatenate([read["split_feature"], after + LEAF]),
        "threshold": np.concatenate([_moved(read["threshold"]), after]),
        "left": left,
        "right": right,
        "missing_left": np.concatenate([missing_left, after]),
        "leaves": values,
    }


def _moved(threshold: NDArray[np.float64]) -> NDArray[np.float32]:
    """Thresholds for values that have not been set to 0 near 0."""
    found = round_down(threshold)
    below = np.nextafter(-_ZERO, np.float32(-1))
    found = np.where((found >= -_ZERO) & (threshold < 0), below, found)
    return np.where((found < _ZERO) & (threshold >= 0), _ZERO, found)


def _joined(found: list[_Arrays]) -> Trees:
    first = np.cumsum([0, *(len(tree["feature"]) for tree in found)])
    parts = {name: np.concatenate([tree[name] for tree in found]) for name in found[0]}
    shift = np.repeat(first[:-1], np.diff(first))
    return Trees(
        first.astype(np.int32),
        parts["feature"].astype(np.int32),
        parts["threshold"].astype(np.float32),
        (parts["left"] + shift).astype(np.int32),
        (parts["right"] + shift).astype(np.int32),
        parts["missing_left"].astype(np.bool_),
        parts["leaves"],
    )

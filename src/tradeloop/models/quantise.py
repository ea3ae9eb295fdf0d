"""Smaller variants of an ONNX model, with what they lose, measured.

``float16``: the weights are stored in half the bits and computed with in float32; the
file shrinks, the speed stays. ``int8``: weights in 8 bits, inputs of each product
rounded to 8 bits as they come (dynamic quantisation by ONNX Runtime); the loss depends
on the model, so it is measured and reported beside it.

Nothing here is served unless somebody chooses it: a variant is bytes, and an artefact
holds the exact model.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from tradeloop.errors import ArtefactError, MissingExtraError
from tradeloop.models.base import Columns, Floats, Given, Ints
from tradeloop.models.matrix import class_numbers
from tradeloop.models.onnx_export import Export
from tradeloop.models.runtime import Runtime
from tradeloop.models.sequences import Sequences

Kind = Literal["int8", "float16"]
KINDS: tuple[Kind, ...] = ("int8", "float16")
_PRODUCTS = frozenset(("MatMul", "Gemm", "LSTM"))
_WEIGHTS = slice(1, 3)  # inputs of these operators that are weights; the rest is bias
_TREES = "TreeEnsemble"
_LARGEST = float(np.finfo(np.float16).max)
_LEAST_PROBABILITY = 1e-15
# Without this mark the quantiser asks, in the log, for a step that our graphs, whose
# shapes are all written out, do not need.
_PREPARED = ("onnx.quant.pre_process", "onnxruntime.quant")


@dataclass(frozen=True, slots=True)
class Variant:
    """A smaller model and what it loses.

    Parameters
    ----------
    kind : {"int8", "float16"}
        See the module.
    content : bytes
        The ONNX model; the same model gives the same bytes.
    bytes_saved_share : float
        1 - its size / the size of the exact model.
    max_difference : float
        Largest absolute difference of a probability on the rows compared.
    log_loss_change : float
        Its log loss less that of the exact model on these rows, in nats a row; above 0
        is worse.
    rows : int
        Rows compared.
    """

    kind: Kind
    content: bytes
    bytes_saved_share: float
    max_difference: float
    log_loss_change: float
    rows: int


@dataclass(frozen=True, slots=True)
class Variants:
    """Variants of the members of a model.

    Parameters
    ----------
    made : mapping of str to tuple of Variant
        By name of the member.
    left_out : mapping of str to str
        Members that have none, with the reason.
    """

    made: Mapping[str, tuple[Variant, ...]] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)


def quantised(
    export: Export,
    rows: Given,
    direction: ArrayLike,
    kind: Kind = "int8",
    *,
    steps: int = 1,
) -> Variant:
    """Make a smaller variant of a model and measure it on rows it was not fitted on.

    Parameters
    ----------
    export : Export
        The exact model.
    rows : array of shape (n_rows, n_columns), or Sequences
        Rows to compare on.
    direction : array of int of shape (n_rows,)
        What came.
    kind : {"int8", "float16"}
        See the module.
    steps : int
        Rows that the model looks at for one forecast.

    Raises
    ------
    ArtefactError
        The model has no matrix product with fixed weights, such as trees.
    InputError
        No rows, or rows of another shape.
    MissingExtraError
        onnx or ONNX Runtime is not installed.
    """
    model = _onnx().load_from_string(export.content)
    products = [node for node in model.graph.node if node.op_type in _PRODUCTS]
    if not products:
        trees = any(node.op_type.startswith(_TREES) for node in model.graph.node)
        what = "is made of trees and" if trees else "is small and"
        raise ArtefactError(
            f"There is nothing to quantise: the model {what} has no matrix product. "
            "Rounded thresholds would move rows to other leaves; keep it exact."
        )
    content = _int8(model) if kind == "int8" else _float16(model, products)
    width = (rows.shape if isinstance(rows, Sequences) else np.shape(rows))[-1]
    columns = Columns.unnamed(int(width))
    exact = Runtime(export.content, columns, steps).predict_proba(rows)
    ours = Runtime(content, columns, steps).predict_proba(rows)
    classes = class_numbers(direction, len(exact))
    return Variant(
        kind=kind,
        content=content,
        bytes_saved_share=1 - len(content) / len(export.content),
        max_difference=float(np.abs(ours - exact).max()),
        log_loss_change=_log_loss(ours, classes) - _log_loss(exact, classes),
        rows=len(exact),
    )


def variants(
    exports: Mapping[str, Export],
    steps: Mapping[str, int],
    rows: Given,
    direction: ArrayLike,
) -> Variants:
    """Make all variants of the members of a model; parameters are of `quantised`.

    Parameters
    ----------
    exports, steps : mapping
        Exact model and steps of each member, by its name.
    rows, direction
        Rows to compare on, with their past where a member needs it.
    """
    made: dict[str, tuple[Variant, ...]] = {}
    left: dict[str, str] = {}
    for name, export in exports.items():
        try:
            made[name] = tuple(
                quantised(export, rows, direction, kind, steps=steps[name])
                for kind in KINDS
            )
        except ArtefactError as error:
            left[name] = str(error)
    return Variants(made, left)


def _int8(model: Any) -> bytes:
    try:
        from onnxruntime.quantization import (  # noqa: PLC0415
            QuantType,
            quantize_dynamic,
        )
    except ImportError as error:
        raise MissingExtraError("onnxruntime", "models") from error
    mark = model.metadata_props.add()
    mark.key, mark.value = _PREPARED
    with tempfile.TemporaryDirectory() as folder:
        # The quantiser knows files only. Weights without a sign: products of signed
        # ones saturate on some processors, and results would differ between machines.
        place = Path(folder) / "model.onnx"
        unsigned = QuantType.QUInt8
        quantize_dynamic(model, place, weight_type=unsigned, per_channel=True)
        return place.read_bytes()


def _float16(model: Any, products: list[Any]) -> bytes:
    onnx = _onnx()
    there = {weight.name: weight for weight in model.graph.initializer}
    chosen = {name: None for node in products for name in node.input[_WEIGHTS]}
    for name in chosen:
        if name not in there:
            continue
        exact = onnx.numpy_helper.to_array(there[name])
        real = exact.dtype == np.float32
        if not real or exact.size <= 1 or np.abs(exact).max() > _LARGEST:
            continue
        half = f"{name}_half"
        narrow = onnx.numpy_helper.from_array(exact.astype(np.float16), half)
        there[name].CopyFrom(narrow)
        cast = onnx.helper.make_node("Cast", [half], [name], to=onnx.TensorProto.FLOAT)
        model.graph.node.insert(0, cast)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def _log_loss(probabilities: Floats, classes: Ints) -> float:
    told = probabilities[np.arange(len(classes)), classes]
    return float(-np.log(np.maximum(told, _LEAST_PROBABILITY)).mean())


def _onnx() -> Any:
    try:
        import onnx  # noqa: PLC0415
        import onnx.numpy_helper  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError("onnx", "models") from error
    return onnx

"""An ONNX graph written node by node, so that equal models are equal bytes.

Input ``features`` of float32, output ``probabilities`` of float32 and shape
(n_rows, 3): what `tradeloop.models.runtime` reads.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradeloop.errors import MissingExtraError
from tradeloop.models.base import CLASSES

INPUT_NAME, OUTPUT_NAME = "features", "probabilities"
OPSET, TREE_OPSET = 17, 3
_IR = 9  # the oldest that has this opset: older runtimes read it too


class Graph:
    """Nodes and constants of a model, in the order in which they were added.

    Parameters
    ----------
    name : str
        Name of the graph.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def constant(self, value: NDArray[Any] | np.generic) -> str:
        """Add a constant; return its name."""
        onnx = _onnx()
        name = f"c{len(self._constants)}"
        content = np.ascontiguousarray(value).reshape(np.shape(value))
        self._constants.append(onnx.numpy_helper.from_array(content, name))
        return name

    def add(
        self,
        operator: str,
        *inputs: str,
        outputs: int = 1,
        domain: str = "",
        **given: Any,
    ) -> str:
        """Add a node; return the name of its first output.

        Parameters
        ----------
        operator : str
            Such as ``MatMul``.
        inputs : str
            Names of its inputs; an empty name leaves an optional one out.
        outputs : int
            How many outputs it has; they are called ``NAME``, ``NAME_1``, ``NAME_2``...
        domain : str
            ``ai.onnx.ml`` for trees.
        given : any
            Attributes.
        """
        name = f"n{len(self._nodes)}"
        names = [name, *(f"{name}_{at}" for at in range(1, outputs))]
        node = _onnx().helper.make_node(
            operator, list(inputs), names, domain=domain, **given
        )
        self._nodes.append(node)
        return name

    def build(
        self,
        probabilities: str,
        *,
        columns: int,
        steps: int = 1,
        output: str = OUTPUT_NAME,
        width: int = len(CLASSES),
    ) -> bytes:
        """Finish the model.

        Parameters
        ----------
        probabilities : str
            Name of the result, of shape (n_rows, 3).
        columns : int
            Width of the input.
        steps : int
            Steps of the input; 1: an input of two axes, without steps.
        output, width
            Name and columns of the output, where it is no forecast.
        """
        onnx = _onnx()
        self._nodes.append(onnx.helper.make_node("Identity", [probabilities], [output]))
        described = onnx.helper.make_tensor_value_info
        real = onnx.TensorProto.FLOAT
        axes = [None, columns] if steps == 1 else [None, steps, columns]
        graph = onnx.helper.make_graph(
            self._nodes,
            self._name,
            [described(INPUT_NAME, real, axes)],
            [described(output, real, [None, width])],
            self._constants,
        )
        model = onnx.helper.make_model(
            graph,
            producer_name="tradeloop",
            ir_version=_IR,
            opset_imports=[
                onnx.helper.make_opsetid("", OPSET),
                onnx.helper.make_opsetid("ai.onnx.ml", TREE_OPSET),
            ],
        )
        onnx.checker.check_model(model)
        content: bytes = model.SerializeToString()
        return content


def _onnx() -> Any:
    try:
        import onnx  # noqa: PLC0415
        import onnx.numpy_helper  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError("onnx", "models") from error
    return onnx

"""From a dataset to tables and matrices that others can read; nothing is written."""

from tradeloop.datasets.export.matrix import arrays, as_matrix
from tradeloop.datasets.export.shaping import Shaped, shape

__all__ = ["Shaped", "arrays", "as_matrix", "shape"]

"""Models that learn a direction, their calibration, evaluation and safe artefacts."""

from tradeloop.models.artefact import Artefact, Meta, read_artefact, write_artefact
from tradeloop.models.base import CLASSES, Columns, Fitted, Model
from tradeloop.models.boosting import Boosting, FittedBoosting
from tradeloop.models.calibrated import (
    CalibratedModel,
    Recipe,
    cut_in_time,
    fit_calibrated,
)
from tradeloop.models.calibration import Calibration, fit_calibration
from tradeloop.models.contributions import Contributions, explain
from tradeloop.models.evaluation import Evaluation, Scores, evaluate, rows_per_block
from tradeloop.models.onnx_export import Export, export_onnx
from tradeloop.models.runtime import Runtime
from tradeloop.models.training import FittedRows, Splitter, WalkForward, walk_forward

ALL: tuple[type[Model], ...] = (Boosting,)

__all__ = [
    "ALL",
    "CLASSES",
    "Artefact",
    "Boosting",
    "CalibratedModel",
    "Calibration",
    "Columns",
    "Contributions",
    "Evaluation",
    "Export",
    "Fitted",
    "FittedBoosting",
    "FittedRows",
    "Meta",
    "Model",
    "Recipe",
    "Runtime",
    "Scores",
    "Splitter",
    "WalkForward",
    "cut_in_time",
    "evaluate",
    "explain",
    "export_onnx",
    "fit_calibrated",
    "fit_calibration",
    "read_artefact",
    "rows_per_block",
    "walk_forward",
    "write_artefact",
]

"""Models that learn a direction, their calibration, evaluation and safe artefacts."""

from tradeloop.models.artefact import (
    Artefact,
    Meta,
    read_artefact,
    write_artefact,
)
from tradeloop.models.base import (
    CLASSES,
    Columns,
    Fitted,
    Model,
)
from tradeloop.models.blending import (
    blend,
)
from tradeloop.models.boosting import (
    Boosting,
    FittedBoosting,
)
from tradeloop.models.calibrated import (
    CalibratedModel,
    Recipe,
    cut_in_time,
    fit_calibrated,
)
from tradeloop.models.calibration import (
    Calibration,
    fit_calibration,
    read_calibration,
)
from tradeloop.models.calibration_choice import (
    Choice,
    choose_calibration,
)
from tradeloop.models.card import (
    model_card,
)
from tradeloop.models.conformal import (
    AdaptiveConformal,
    Conformal,
    fit_adaptive_conformal,
    fit_conformal,
)
from tradeloop.models.contributions import (
    Contributions,
    explain,
)
from tradeloop.models.deep import (
    Autoencoder,
    FittedAutoencoder,
    FittedLstm,
    FittedPerceptron,
    FittedTransformer,
    Lstm,
    Perceptron,
    Transformer,
)
from tradeloop.models.evaluation import (
    Evaluation,
    LeakAlarm,
    Realised,
    Scores,
    SkillTest,
    evaluate,
    evaluate_by,
    period_of,
    rows_per_block,
)
from tradeloop.models.forest import (
    FittedForest,
    Forest,
)
from tradeloop.models.gap import (
    ClosedGap,
    closed_gap,
)
from tradeloop.models.importance import (
    column_importance,
)
from tradeloop.models.light_boosting import (
    FittedLightBoosting,
    LightBoosting,
)
from tradeloop.models.logistic import (
    FittedLogistic,
    Logistic,
)
from tradeloop.models.meta import (
    input_ranges,
)
from tradeloop.models.onnx_export import (
    Export,
    export_members,
    export_onnx,
)
from tradeloop.models.runtime import (
    Runtime,
)
from tradeloop.models.sequences import (
    Sequences,
    places_of,
)
from tradeloop.models.shapley import (
    explain_vote,
)
from tradeloop.models.signature import (
    sign,
    verify,
)
from tradeloop.models.stored import (
    StoredMember,
)
from tradeloop.models.support_vectors import (
    FittedSupportVectors,
    SupportVectors,
)
from tradeloop.models.training import (
    FittedRows,
    Splitter,
    WalkForward,
    walk_forward,
)
from tradeloop.models.vote import (
    Member,
    Vote,
    learned_weights,
)

ALL: tuple[type[Model], ...] = (
    Boosting,
    Forest,
    SupportVectors,
    LightBoosting,
    Logistic,
    Perceptron,
    Lstm,
    Transformer,
)

__all__ = [
    "ALL",
    "CLASSES",
    "AdaptiveConformal",
    "Artefact",
    "Autoencoder",
    "Boosting",
    "CalibratedModel",
    "Calibration",
    "Choice",
    "ClosedGap",
    "Columns",
    "Conformal",
    "Contributions",
    "Evaluation",
    "Export",
    "Fitted",
    "FittedAutoencoder",
    "FittedBoosting",
    "FittedForest",
    "FittedLightBoosting",
    "FittedLogistic",
    "FittedLstm",
    "FittedPerceptron",
    "FittedRows",
    "FittedSupportVectors",
    "FittedTransformer",
    "Forest",
    "LeakAlarm",
    "LightBoosting",
    "Logistic",
    "Lstm",
    "Member",
    "Meta",
    "Model",
    "Perceptron",
    "Realised",
    "Recipe",
    "Runtime",
    "Scores",
    "Sequences",
    "SkillTest",
    "Splitter",
    "StoredMember",
    "SupportVectors",
    "Transformer",
    "Vote",
    "WalkForward",
    "blend",
    "choose_calibration",
    "closed_gap",
    "column_importance",
    "cut_in_time",
    "evaluate",
    "evaluate_by",
    "explain",
    "explain_vote",
    "export_members",
    "export_onnx",
    "fit_adaptive_conformal",
    "fit_calibrated",
    "fit_calibration",
    "fit_conformal",
    "input_ranges",
    "learned_weights",
    "model_card",
    "period_of",
    "places_of",
    "read_artefact",
    "read_calibration",
    "rows_per_block",
    "sign",
    "verify",
    "walk_forward",
    "write_artefact",
]

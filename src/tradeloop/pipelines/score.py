"""Signals of the models, through the scorer that live use and back-test share."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.datasets import Dataset
from tradeloop.models import Artefact, Sequences, explain
from tradeloop.models.contributions import is_exact
from tradeloop.pipelines.train import Trained
from tradeloop.signals import Abstention, Gate, Policy, Scorer, Signal, issue
from tradeloop.signals.occlusion import top_occluded
from tradeloop.signals.signal import Spoke
from tradeloop.stores import SignalRecord

Rows: TypeAlias = NDArray[np.int64]
_TOLERANCE = 1e-6  # of a probability: what an export may differ by
_EXPLAINED, _OCCLUDED = 200, 20  # newest signals of a model that get their reasons
_UNSCORED = (
    Abstention.INFINITE_INPUT,
    Abstention.NOT_WARM,
    Abstention.STALE,
    Abstention.OUT_OF_RANGE,
    Abstention.LOW_QUALITY,
)


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Signals of the rows that were tested, in the order of their decisions.

    Parameters
    ----------
    signals : tuple of Signal
        One per tested row.
    differing : int
        Rows whose probabilities differ from the walk-forward's by more than 1e-6: the
        scorer and the trainer must say the same.
    """

    signals: tuple[Signal, ...]
    differing: int

    def records(self) -> Iterator[SignalRecord]:
        """Yield the signals that were scored, as the catalog keeps them."""
        for signal in self.signals:
            if signal.confidence is not None:
                yield SignalRecord(
                    symbol=signal.symbol,
                    signal_type=signal.signal_type,
                    confidence=signal.confidence,
                    model_version=signal.model_version,
                    created_ns=signal.created_ns,
                    reasoning=signal.reasoning,
                    position_size=signal.position_size,
                    expires_ns=signal.expires_ns,
                    signal_key=f"{signal.model_version}:{signal.decision_id}",
                )

    def frame(self) -> pl.DataFrame:
        """Return the columns that a back-test reads, one row per signal."""
        return pl.DataFrame(
            {
                "instrument": [s.symbol for s in self.signals],
                "created_ns": [s.created_ns for s in self.signals],
                "side": [s.side for s in self.signals],
                "position_size": [s.position_size for s in self.signals],
                "horizon_ns": [s.horizon_ns for s in self.signals],
                "confidence": [s.confidence for s in self.signals],
                "decision_id": [s.decision_id for s in self.signals],
            },
            schema_overrides={"side": pl.Int8, "confidence": pl.Float64},
        )


def score(
    dataset: Dataset, trained: Trained, artefacts: Sequence[Artefact], policy: Policy
) -> Scored:
    """Score each tested row with the model that was trained before it.

    Parameters
    ----------
    dataset : Dataset
        Rows.
    trained : Trained
        Inputs and folds.
    artefacts : sequence of Artefact
        One per fold, as read from its files.
    policy : Policy
        When a forecast becomes a trade.
    """
    signals: list[Signal] = []
    differing = 0
    for fold, artefact in enumerate(artefacts):
        rows = np.flatnonzero(trained.walk.fold == fold)
        scorer = Scorer.of(artefact)
        gate = Gate(scorer, policy)
        verdicts = gate.judge(
            trained.given(rows), trained.columns.fingerprint, trained.columns.names
        )
        expected = trained.walk.probabilities[rows]
        # As written, so that a NaN on one side only counts as a difference too.
        far = ~(np.abs(verdicts.probabilities - expected) <= _TOLERANCE)
        asked = ~np.isin(verdicts.reason, _UNSCORED)
        differing += int((far.any(axis=1) & asked).sum())
        spoke = _spoken(artefact, scorer, trained, rows, verdicts.choices.side)
        context = dataset.decision_context[rows]
        signals += issue(
            verdicts,
            artefact.meta,
            policy,
            symbols=context["instrument"].to_list(),
            created_ns=dataset.decision_ns[rows],
            decision_ids=context["decision_id"].to_list(),
            spoke=spoke,
            calibration_rows=artefact.calibration.rows,
        )
    return Scored(tuple(signals), differing)


def _spoken(
    artefact: Artefact,
    scorer: Scorer,
    trained: Trained,
    rows: Rows,
    sides: NDArray[np.int8],
) -> list[Spoke]:
    """Columns that spoke most, for the newest rows that trade.

    Explaining costs a hundred times a forecast, and ten times more where no member
    says exactly what each column added.
    """
    fitted = artefact.fitted()
    told: list[Spoke] = [()] * len(rows)
    exact = is_exact(fitted)
    trading = np.flatnonzero(sides)[-(_EXPLAINED if exact else _OCCLUDED) :]
    if not len(trading):
        return told
    if exact:
        said = explain(fitted, artefact.seen(trained.given(rows[trading])))
        for place, row in enumerate(trading):
            told[row] = said.top(int(sides[row]), row=place)
        return told
    for row in trading:
        one = trained.given(rows[row : row + 1])
        given = one if isinstance(one, Sequences) else np.asarray(one)[0]
        told[row] = top_occluded(scorer, given, int(sides[row]))
    return told

"""Signals of the models, through the scorer that live use and back-test share."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from tradeloop.datasets import Dataset
from tradeloop.models import Artefact, explain
from tradeloop.pipelines.train import Trained
from tradeloop.signals import Gate, Policy, Scorer, Signal, Verdicts, issue
from tradeloop.stores import SignalRecord

_TOLERANCE = 1e-6  # of a probability: what an export may differ by
_EXPLAINED = 200  # newest signals of a model that get their reasons


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
        gate = Gate(Scorer.of(artefact), policy)
        verdicts = gate.judge(
            trained.features[rows], trained.columns.fingerprint, trained.columns.names
        )
        expected = trained.walk.probabilities[rows]
        # As written, so that a NaN on one side only counts as a difference too.
        far = ~(np.abs(verdicts.probabilities - expected) <= _TOLERANCE)
        differing += int(far.any(axis=1).sum())
        signals += _issued(dataset, rows, artefact, verdicts, policy, trained)
    return Scored(tuple(signals), differing)


def _issued(
    dataset: Dataset,
    rows: np.ndarray[tuple[int], np.dtype[np.intp]],
    artefact: Artefact,
    verdicts: Verdicts,
    policy: Policy,
    trained: Trained,
) -> tuple[Signal, ...]:
    context = dataset.decision_context[rows]
    sides = verdicts.choices.side
    # Explaining costs a hundred times a forecast: the newest that trade are explained.
    trading = np.flatnonzero(sides)[-_EXPLAINED:]
    spoke: list[tuple[tuple[str, float], ...]] = [()] * len(rows)
    if len(trading):
        said = explain(artefact.fitted(), trained.features[rows[trading]])
        for place, row in enumerate(trading):
            spoke[row] = said.top(int(sides[row]), row=place)
    return issue(
        verdicts,
        artefact.meta,
        policy,
        symbols=context["instrument"].to_list(),
        created_ns=dataset.decision_ns[rows],
        decision_ids=context["decision_id"].to_list(),
        spoke=spoke,
    )

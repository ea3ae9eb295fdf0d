"""One scorer for live and back-test: feature rows in, calibrated probabilities out.

1. Each member scores through ONNX Runtime.
2. A member that raises, gives no probabilities or takes too long is left out; the
   weights of the others are renormalised by `tradeloop.models.vote.blend`, as in
   training.
3. The calibration of the whole vote is applied, also where a member is missing: there
   is no other. Where no member is left there is no forecast.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from tradeloop.models.artefact import Artefact, Meta
from tradeloop.models.base import CLASSES, Columns, Floats, Given
from tradeloop.models.blending import blend
from tradeloop.models.calibration import Calibration
from tradeloop.models.matrix import as_float32
from tradeloop.signals.breaker import MemberFault
from tradeloop.signals.rowchecks import Bounds
from tradeloop.signals.voices import Answers, Ask, Question, Voice, ask_all


class ClassSets(Protocol):
    """What tells which classes remain possible, such as a conformal predictor."""

    def sets(self, probabilities: Floats) -> NDArray[np.bool_]:
        """Whether each class is in the set of each row, of shape (n_rows, 3)."""


@dataclass(frozen=True, slots=True, eq=False)
class Ballot:
    """A vote on some rows.

    Parameters
    ----------
    probabilities : ndarray of shape (n_rows, 3)
        Calibrated; NaN where no member was left.
    there : ndarray of bool of shape (n_members, n_rows)
        Who voted on which row.
    faults : tuple of MemberFault
        Who was left out now, and why.
    """

    probabilities: Floats
    there: NDArray[np.bool_]
    faults: tuple[MemberFault, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Scorer:
    """A model of one or more members that is ready to score.

    Parameters
    ----------
    voices : tuple of Voice
        The members.
    calibration : Calibration
        From the raw vote to calibrated probabilities.
    meta : Meta
        What the model is.
    ask : Ask
        How the members are asked: `ask_all` for history, a `Watch` or `Workers` live.
    conformal : ClassSets, optional
        Which classes remain possible.
    bounds : Bounds, optional
        Range of each column in training.
    """

    voices: tuple[Voice, ...]
    calibration: Calibration
    meta: Meta
    ask: Ask = ask_all
    conformal: ClassSets | None = None
    bounds: Bounds | None = None

    @classmethod
    def of(cls, artefact: Artefact) -> Self:
        """Return the scorer of a model that was read and checked."""
        members = zip(artefact.members, artefact.runtimes(), strict=True)
        return cls(
            tuple(Voice(m.name, m.weight, scores, m.steps) for m, scores in members),
            artefact.calibration,
            artefact.meta,
            conformal=artefact.conformal,
            bounds=Bounds.of(artefact),
        )

    def asking(self, ask: Ask) -> Self:
        """Return the same scorer with another way to ask its members."""
        return replace(self, ask=ask)

    @property
    def steps(self) -> int:
        """Most rows that a member of a weight above 0 looks at for one forecast."""
        return max((v.steps for v in self.voices if v.weight > 0), default=1)

    def vote(self, features: Given, at_ns: int = 0) -> Ballot:
        """Let the members vote, and calibrate.

        Parameters
        ----------
        features : array of float64 of shape (n_rows, n_columns), or Sequences
            NaN means missing; infinities are refused. A member of several steps given
            plain rows is left out.
        at_ns : int
            Time that faults are recorded with, ns UTC.

        Raises
        ------
        InputError
            Not rows of numbers, or an infinite value; what members do never raises.
        """
        told = self.ask(self.voices, features, at_ns)
        raw = self._blended(told)
        scored = raw[:, 0] == raw[:, 0]
        if scored.all():
            raw = self.calibration.apply(raw) if len(raw) else raw
        elif scored.any():
            raw[scored] = self.calibration.apply(raw[scored])
        return Ballot(raw, told.there, told.faults)

    def _blended(self, told: Answers) -> Floats:
        """Blend what was said; one row by the short way, which gives the same bits."""
        if told.there.shape[1] != 1:
            weights = [voice.weight for voice in self.voices]
            return blend(told.probabilities, weights, told.there)
        there = told.there[:, 0].tolist()
        members = zip(self.voices, there, told.probabilities.tolist(), strict=True)
        spoke = [
            (voice.weight, said[0]) for voice, is_there, said in members if is_there
        ]
        whole = 0.0
        for share, _ in spoke:
            whole += share
        if not whole:
            return np.full((1, len(CLASSES)), np.nan)
        down = flat = up = 0.0
        for share, said in spoke:
            own = share / whole
            down += own * said[0]
            flat += own * said[1]
            up += own * said[2]
        return np.array([[down, flat, up]])

    def score(self, features: Given, fingerprint: str, names: Sequence[str]) -> Floats:
        """Calibrated probability of down, flat and up for each row.

        Many rows at once give the same bits as one at a time.

        Parameters
        ----------
        features : array of float64 of shape (n_rows, n_columns), or Sequences
            NaN means missing; infinities are refused.
        fingerprint : str
            Fingerprint of the bank that computed the row.
        names : sequence of str
            Names of the columns, in order.

        Returns
        -------
        ndarray of shape (n_rows, 3)
            NaN where no member gave a forecast.

        Raises
        ------
        ArtefactError
            Another fingerprint or other columns than those of the model.
        InputError
            Wrong shape, or an infinite value.
        """
        fitted, given = self.meta.columns, tuple(names)
        if fingerprint != fitted.fingerprint or given != fitted.names:
            fitted.refuse_other(Columns(given, fingerprint))
        if not len(as_float32(Question.of(features).rows, fitted)):
            return np.empty((0, len(CLASSES)))
        return self.vote(features).probabilities

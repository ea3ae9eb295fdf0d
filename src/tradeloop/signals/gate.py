"""Whether a forecast may become a signal. The gate never raises: it abstains.

1. Another bank or other columns: all rows abstain.
2. A row with an infinity, with too few inputs, too old, of too low a quality or too far
   outside what training saw abstains without being scored.
3. Whatever the scorer raises, its rows abstain and the fault is kept as text.
4. A forecast whose edge is below the threshold, whose confidence is too low or whose
   conformal set is not exactly the chosen side abstains.

The same class judges one live row and all rows of a back-test.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradeloop.models.base import CLASSES, Floats, Given
from tradeloop.signals.breaker import MemberFault
from tradeloop.signals.policy import Choices, Policy, confidence_of, decide
from tradeloop.signals.rowchecks import (
    UNREADABLE,
    Abstention,
    RowFacts,
    as_rows,
    take,
    unfit,
)
from tradeloop.signals.scorer import ClassSets, Scorer


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """What the gate says of each row.

    Parameters
    ----------
    probabilities : ndarray of shape (n_rows, 3)
        Calibrated; NaN where the row was not scored.
    choices : Choices
        Side, edge and confidence; the side is 0 wherever the gate abstains.
    reason : ndarray of int8 of shape (n_rows,)
        `Abstention` of each row.
    fault : str
        What the scorer raised; empty if nothing.
    members : tuple of MemberFault
        Members that were left out of this vote, and why.
    """

    probabilities: Floats
    choices: Choices
    reason: NDArray[np.int8]
    fault: str = ""
    members: tuple[MemberFault, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Gate:
    """A scorer behind its checks.

    Parameters
    ----------
    scorer : Scorer
        Whose forecasts are let through.
    policy : Policy
        What is asked of a row and of a forecast.
    conformal : ClassSets, optional
        Sets for `Policy.refuse_ambiguous`; those of the scorer if absent.
    """

    scorer: Scorer
    policy: Policy
    conformal: ClassSets | None = None

    def judge(
        self,
        features: Given,
        fingerprint: str,
        names: Sequence[str],
        *,
        facts: RowFacts | None = None,
        at_ns: int = 0,
    ) -> Verdicts:
        """Score the rows that may be scored and choose a side; never raises.

        Parameters
        ----------
        features : array of float64 of shape (n_rows, n_columns), or Sequences
            NaN means missing. What is no such array abstains as a whole, as one row if
            its rows cannot be counted.
        fingerprint : str
            Fingerprint of the bank that computed the rows.
        names : sequence of str
            Names of the columns, in order.
        facts : RowFacts, optional
            Age and quality; what is not given is not asked for.
        at_ns : int
            Time that faults are recorded with, ns UTC.

        Returns
        -------
        Verdicts
        """
        given, reason = self._checked(features, fingerprint, names, facts)
        probabilities = np.full((len(reason), len(CLASSES)), np.nan)
        good = reason == Abstention.NONE
        fault, members = "", tuple[MemberFault, ...]()
        if good.any():
            try:
                ballot = self.scorer.vote(
                    given if good.all() else take(given, good), at_ns
                )
                probabilities[good] = ballot.probabilities
                members = ballot.faults
                fault = "; ".join(f"{each.member} {each.reason}" for each in members)
            except Exception as error:  # noqa: BLE001 - nothing raises into a loop
                fault = f"{type(error).__name__}: {error}"
            failed = good & ~np.isfinite(probabilities).all(axis=1)
            probabilities[failed] = np.nan
            reason[failed] = Abstention.SCORER_FAILED
        choices = self._chosen(probabilities, reason)
        return Verdicts(probabilities, choices, reason, fault, members)

    def _chosen(self, probabilities: Floats, reason: NDArray[np.int8]) -> Choices:
        """Choose sides; write why a forecast is held into ``reason``."""
        found = decide(probabilities, self.policy)
        reason[(reason == Abstention.NONE) & (found.side == 0)] = (
            Abstention.BELOW_THRESHOLD
        )
        least = self.policy.least_confidence(len(self.scorer.voices))
        traded = found.side != 0
        weak = traded & ~(found.confidence >= least)
        reason[weak] = Abstention.LOW_CONFIDENCE
        unsure = traded & ~weak & self._ambiguous(probabilities, found.side)
        reason[unsure] = Abstention.AMBIGUOUS
        if not (weak.any() or unsure.any()):
            return found
        side = np.where(weak | unsure, 0, found.side).astype(np.int8)
        return Choices(side, found.edge, confidence_of(probabilities, side))

    def _ambiguous(
        self, probabilities: Floats, side: NDArray[np.int8]
    ) -> NDArray[np.bool_]:
        """Whether the conformal set is anything but the side alone."""
        sets = self.conformal or self.scorer.conformal
        unsure = np.zeros(len(side), dtype=np.bool_)
        if not self.policy.refuse_ambiguous or sets is None:
            return unsure
        scored = ~np.isnan(probabilities[:, 0])
        try:
            held = np.asarray(sets.sets(probabilities[scored]), dtype=np.bool_)
            alone = held.sum(axis=1) == 1
            own = held[np.arange(len(held)), side[scored] - CLASSES[0]]
            unsure[scored] = ~(alone & own)
        except Exception:  # noqa: BLE001 - a set that cannot be told is not sure
            unsure[scored] = True
        return unsure

    def _checked(
        self,
        features: Given,
        fingerprint: str,
        names: Sequence[str],
        facts: RowFacts | None,
    ) -> tuple[Given, NDArray[np.int8]]:
        """Return what is scored and the reason of each row, before scoring."""
        fitted = self.scorer.meta.columns
        values, given = as_rows(features)
        reason = np.zeros(len(values), dtype=np.int8)
        if not isinstance(fingerprint, str) or fingerprint != fitted.fingerprint:
            reason[:] = Abstention.FINGERPRINT_DIFFERS
        elif not _are(names, fitted.names) or values.shape[1:] != (len(fitted.names),):
            reason[:] = Abstention.COLUMNS_DIFFER
        else:
            known = facts if isinstance(facts, RowFacts | None) else UNREADABLE
            try:
                reason = unfit(values, given, known, self.policy, self.scorer.bounds)
            except Exception:  # noqa: BLE001 - a past that is no numbers
                reason[:] = Abstention.COLUMNS_DIFFER
        return given, reason


def _are(names: Sequence[str], fitted: tuple[str, ...]) -> bool:
    """Whether ``names`` are the fitted ones; what is no sequence is not."""
    if names is fitted:
        return True
    try:
        return tuple(names) == fitted
    except Exception:  # noqa: BLE001 - a sequence-like may raise anything
        return False

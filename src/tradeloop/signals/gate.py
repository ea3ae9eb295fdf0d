"""Whether a forecast may become a signal. The gate never raises: it abstains.

1. Another bank or other columns: all rows abstain.
2. A row with an infinity, or with too few inputs, abstains without being scored.
3. Whatever the scorer raises, its rows abstain and the fault is kept as text.
4. A forecast whose edge is below the threshold abstains.

The same class judges one live row and all rows of a back-test.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.models.base import CLASSES, Floats
from tradeloop.signals.policy import Choices, Policy, decide
from tradeloop.signals.scorer import Scorer

_LARGEST = float(np.finfo(np.float32).max)


class Abstention(IntEnum):
    """Why there is no trade."""

    NONE = 0
    FINGERPRINT_DIFFERS = 1
    COLUMNS_DIFFER = 2
    INFINITE_INPUT = 3
    NOT_WARM = 4
    SCORER_FAILED = 5
    BELOW_THRESHOLD = 6

    @property
    def text(self) -> str:
        """The reason in words; empty for `NONE`."""
        return "" if self is Abstention.NONE else self.name.lower().replace("_", " ")


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
    """

    probabilities: Floats
    choices: Choices
    reason: NDArray[np.int8]
    fault: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Gate:
    """A scorer behind its checks.

    Parameters
    ----------
    scorer : Scorer
        Whose forecasts are let through.
    policy : Policy
        What is asked of a row and of a forecast.
    """

    scorer: Scorer
    policy: Policy

    def judge(
        self, features: ArrayLike, fingerprint: str, names: Sequence[str]
    ) -> Verdicts:
        """Score the rows that may be scored and choose a side; never raises.

        Parameters
        ----------
        features : array of float64 of shape (n_rows, n_columns)
            NaN means missing. What is no such array abstains as a whole, as one row if
            its rows cannot be counted.
        fingerprint : str
            Fingerprint of the bank that computed the rows.
        names : sequence of str
            Names of the columns, in order.

        Returns
        -------
        Verdicts
        """
        values, reason = self._checked(features, fingerprint, names)
        probabilities = np.full((len(reason), len(CLASSES)), np.nan)
        good = reason == Abstention.NONE
        fault = ""
        if good.any():
            try:
                found = self.scorer.score(values[good], fingerprint, names)
                probabilities[good] = found
            except Exception as error:  # noqa: BLE001 - nothing raises into a loop
                fault = f"{type(error).__name__}: {error}"
            failed = good & ~np.isfinite(probabilities).all(axis=1)
            probabilities[failed] = np.nan
            reason[failed] = Abstention.SCORER_FAILED
        choices = decide(probabilities, self.policy)
        held = (reason == Abstention.NONE) & (choices.side == 0)
        reason[held] = Abstention.BELOW_THRESHOLD
        return Verdicts(probabilities, choices, reason, fault)

    def _checked(
        self, features: ArrayLike, fingerprint: str, names: Sequence[str]
    ) -> tuple[Floats, NDArray[np.int8]]:
        """Return the rows as float64 and the reason of each, before scoring."""
        fitted = self.scorer.meta.columns
        values = _as_rows(features)
        reason = np.zeros(len(values), dtype=np.int8)
        if not isinstance(fingerprint, str) or fingerprint != fitted.fingerprint:
            reason[:] = Abstention.FINGERPRINT_DIFFERS
        elif not _are(names, fitted.names) or values.shape[1:] != (len(fitted.names),):
            reason[:] = Abstention.COLUMNS_DIFFER
        else:
            cold = (~np.isnan(values)).mean(axis=1) < self.policy.min_finite_share
            reason[cold] = Abstention.NOT_WARM
            # What float32 cannot hold would become an infinity in the trees.
            reason[(np.abs(values) > _LARGEST).any(axis=1)] = Abstention.INFINITE_INPUT
        return values, reason


def _as_rows(features: ArrayLike) -> Floats:
    """Return ``features`` as float64; what is no array becomes one row of no width."""
    try:
        values = np.asarray(features, dtype=np.float64)
    except Exception:  # noqa: BLE001 - an array-like may raise anything
        values = np.empty(())
    return values if values.ndim else np.empty((1, 0))


def _are(names: Sequence[str], fitted: tuple[str, ...]) -> bool:
    """Whether ``names`` are the fitted ones; what is no sequence is not."""
    try:
        return tuple(names) == fitted
    except Exception:  # noqa: BLE001 - a sequence-like may raise anything
        return False

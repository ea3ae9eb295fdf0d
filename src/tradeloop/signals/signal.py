"""What a model says to do about one symbol, until when, and why."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tradeloop.errors import InputError
from tradeloop.events import SignalType
from tradeloop.models.artefact import Meta
from tradeloop.signals.gate import Abstention, Verdicts
from tradeloop.signals.policy import Policy

_TYPES = {1: SignalType.BUY, -1: SignalType.SELL, 0: SignalType.HOLD}
Spoke = Sequence[tuple[str, float]]
"""Columns with what each added to the lead of the chosen side."""


class SignalStatus(StrEnum):
    """Where a signal stands."""

    ACTIVE = "active"
    ABSTAINED = "abstained"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal. It never changes; what became of it is another record.

    Parameters
    ----------
    symbol : str
        Instrument.
    signal_type : SignalType
        BUY, SELL or HOLD.
    side : int
        +1, -1 or 0, as ``signal_type`` says.
    confidence : float or None
        Calibrated probability of the direction ``side``; None if not scored.
    probabilities : tuple of float or None
        Of down, flat and up; None if not scored.
    horizon_ns : int
        How far ahead it looks.
    reasoning : str
        Why, in words.
    model_version : str
        Model and version.
    created_ns, expires_ns : int
        From when to when it holds, ns UTC; it has expired at ``expires_ns``.
    position_size : float
        Share of the capital, 0 for HOLD.
    decision_id : str
        Decision that it answers; empty if none.
    status : SignalStatus
        ACTIVE or ABSTAINED when it was made.
    abstain_reason : str
        Why it abstained; empty if active.
    """

    symbol: str
    signal_type: SignalType
    side: int
    confidence: float | None
    probabilities: tuple[float, float, float] | None
    horizon_ns: int
    reasoning: str
    model_version: str
    created_ns: int
    expires_ns: int
    position_size: float
    decision_id: str
    status: SignalStatus
    abstain_reason: str

    def status_at(self, now_ns: int) -> SignalStatus:
        """Status at ``now_ns``: an active signal expires at ``expires_ns``."""
        over = self.status is SignalStatus.ACTIVE and now_ns >= self.expires_ns
        return SignalStatus.EXPIRED if over else self.status

    def as_mapping(self) -> dict[str, Any]:
        """Return the fields by name, enumerations as text."""
        found = asdict(self)
        found["signal_type"], found["status"] = str(self.signal_type), str(self.status)
        return found


def issue(
    verdicts: Verdicts,
    meta: Meta,
    policy: Policy,
    *,
    symbols: Sequence[str],
    created_ns: ArrayLike,
    decision_ids: Sequence[str] | None = None,
    spoke: Sequence[Spoke] | None = None,
) -> tuple[Signal, ...]:
    """Write the verdicts as signals, one per row.

    Parameters
    ----------
    verdicts : Verdicts
        From the gate.
    meta : Meta
        Model that scored.
    policy : Policy
        Policy of the gate.
    symbols : sequence of str of length n_rows
        Instruments.
    created_ns : array of int64 of shape (n_rows,)
        Time of each signal, ns UTC.
    decision_ids : sequence of str of length n_rows, optional
        Decisions that they answer.
    spoke : sequence of length n_rows, optional
        For each row the columns that spoke most, such as
        `tradeloop.models.Contributions.top`.

    Raises
    ------
    InputError
        A sequence has another length than the verdicts.
    """
    created = np.asarray(created_ns, dtype=np.int64)
    n_rows = len(verdicts.reason)
    ids, words = decision_ids or [""] * n_rows, spoke or [()] * n_rows
    lengths = {len(symbols), created.size, len(ids), len(words)}
    if lengths != {n_rows}:
        raise InputError(
            f"Each of the {n_rows} verdicts needs a symbol and a time, and an id and "
            f"contributions if any have them; the lengths were {sorted(lengths)}.",
            way_out="Pass one of each per row.",
        )
    made = _Maker(verdicts, meta, policy)
    return tuple(
        made.signal(row, symbols[row], int(created[row]), ids[row], words[row])
        for row in range(n_rows)
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Maker:
    """What all signals of one call share."""

    verdicts: Verdicts
    meta: Meta
    policy: Policy

    def signal(
        self, row: int, symbol: str, created_ns: int, decision_id: str, spoke: Spoke
    ) -> Signal:
        reason = Abstention(int(self.verdicts.reason[row]))
        side = int(self.verdicts.choices.side[row])
        scored = bool(np.isfinite(self.verdicts.probabilities[row]).all())
        down, flat, up = (float(p) for p in self.verdicts.probabilities[row])
        confidence = float(self.verdicts.choices.confidence[row])
        return Signal(
            symbol=symbol,
            signal_type=_TYPES[side],
            side=side,
            confidence=confidence if scored else None,
            probabilities=(down, flat, up) if scored else None,
            horizon_ns=self.meta.horizon_ns,
            reasoning=self._reasoning(row, reason, spoke, scored=scored),
            model_version=f"{self.meta.name} {self.meta.version}",
            created_ns=created_ns,
            expires_ns=created_ns + self.meta.horizon_ns,
            position_size=self.policy.position_share if side else 0.0,
            decision_id=decision_id,
            status=SignalStatus.ABSTAINED if reason else SignalStatus.ACTIVE,
            abstain_reason=reason.text,
        )

    def _reasoning(
        self, row: int, reason: Abstention, spoke: Spoke, *, scored: bool
    ) -> str:
        if not scored:
            fault = f" ({self.verdicts.fault})" if self.verdicts.fault else ""
            failed = reason is Abstention.SCORER_FAILED
            return f"Not scored: {reason.text}{fault if failed else ''}."
        down, flat, up = self.verdicts.probabilities[row]
        text = (
            f"Up {up:.1%}, flat {flat:.1%}, down {down:.1%}: the edge of "
            f"{up - down:+.1%} {'is below' if reason else 'reaches'} "
            f"{self.policy.min_edge:.1%}."
        )
        most = ", ".join(f"{name} {added:+.2f}" for name, added in spoke)
        return f"{text} Most from {most}." if most else text

"""Verdicts become signals, one per row."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from tradeloop.errors import InputError
from tradeloop.models.artefact import Meta
from tradeloop.signals.gate import Verdicts
from tradeloop.signals.levels import LevelRule, levels_of, payoff_of
from tradeloop.signals.policy import Policy
from tradeloop.signals.rowchecks import Abstention
from tradeloop.signals.signal import TYPES, FeatureRow, Signal, SignalStatus, Spoke
from tradeloop.signals.sizing import SizeRule, size_of
from tradeloop.signals.uncertainty import confidence_interval


@dataclass(frozen=True, slots=True)
class Market:
    """What sizes and levels are worked out from; NaN where unknown.

    Parameters
    ----------
    price : float
        Price at the decision.
    volatility : float
        Forecast standard deviation of the log return over the horizon, as a share.
    cost_bps : float
        Cost of entry and exit together.
    """

    price: float
    volatility: float
    cost_bps: float = 0.0


@dataclass(frozen=True, slots=True)
class Terms:
    """How a chosen side becomes a position.

    Parameters
    ----------
    sizes : SizeRule
        How large.
    levels : LevelRule
        Until which prices.
    """

    sizes: SizeRule = field(default_factory=SizeRule)
    levels: LevelRule = field(default_factory=LevelRule)


def issue(
    verdicts: Verdicts,
    meta: Meta,
    policy: Policy,
    *,
    symbols: Sequence[str],
    created_ns: ArrayLike,
    decision_ids: Sequence[str] | None = None,
    spoke: Sequence[Spoke] | None = None,
    calibration_rows: int | None = None,
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
    calibration_rows : int, optional
        Rows of the calibration: gives each confidence its interval.

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
    made = _Maker(verdicts, meta, policy, calibration_rows)
    times = created.tolist()
    return tuple(
        made.signal(row, symbols[row], times[row], ids[row], words[row])
        for row in range(n_rows)
    )


def positioned(
    signal: Signal,
    market: Market,
    terms: Terms,
    cap: float,
    *,
    features: FeatureRow | None = None,
) -> Signal:
    """Give a signal its size, target and stop.

    Parameters
    ----------
    signal : Signal
        One that does not trade gets none of them.
    market : Market
        Price, volatility and costs at the decision.
    terms : Terms
        The rules.
    cap : float
        Largest share of the capital, beside the one of the rule.
    features : FeatureRow, optional
        What it was made from; as it is if absent.

    Returns
    -------
    Signal
        Of size 0 where a size cannot be worked out; the reasoning says why.
    """
    row = features or signal.features
    if not signal.side or signal.probabilities is None:
        return signal if row is signal.features else replace(signal, features=row)
    side, volatility = signal.side, market.volatility
    payoff = payoff_of(side, volatility, terms.levels, market.cost_bps)
    down, flat, up = signal.probabilities
    chances = (down, flat, up) if side > 0 else (up, flat, down)
    size = size_of(chances, payoff, volatility, signal.horizon_ns, terms.sizes)
    levels = levels_of(side, market.price, volatility, terms.levels)
    return replace(
        signal,
        position_size=min(size.share, cap),
        target_price=levels.target,
        stop_loss=levels.stop,
        reasoning=f"{signal.reasoning} Size: {size.reason}.",
        features=row,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Maker:
    """What all signals of one call share."""

    verdicts: Verdicts
    meta: Meta
    policy: Policy
    calibration_rows: int | None

    def signal(
        self, row: int, symbol: str, created_ns: int, decision_id: str, spoke: Spoke
    ) -> Signal:
        reason = Abstention(int(self.verdicts.reason[row]))
        side = int(self.verdicts.choices.side[row])
        down, flat, up = self.verdicts.probabilities[row].tolist()
        scored = (down + flat + up) * 0 == 0
        confidence = float(self.verdicts.choices.confidence[row])
        return Signal(
            symbol=symbol,
            signal_type=TYPES[side],
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
            interval=self._interval(confidence) if scored else None,
        )

    def _interval(self, confidence: float) -> tuple[float, float] | None:
        if self.calibration_rows is None:
            return None
        return confidence_interval(confidence, self.calibration_rows)

    def _reasoning(
        self, row: int, reason: Abstention, spoke: Spoke, *, scored: bool
    ) -> str:
        if not scored:
            fault = f" ({self.verdicts.fault})" if self.verdicts.fault else ""
            failed = reason is Abstention.SCORER_FAILED
            return f"Not scored: {reason.text}{fault if failed else ''}."
        down, flat, up = self.verdicts.probabilities[row].tolist()
        below = reason is Abstention.BELOW_THRESHOLD
        text = (
            f"Up {up:.1%}, flat {flat:.1%}, down {down:.1%}: the edge of "
            f"{up - down:+.1%} {'is below' if below else 'reaches'} "
            f"{self.policy.min_edge:.1%}"
        )
        text += "." if below or not reason else f", but {reason.text}."
        most = ", ".join(f"{name} {added:+.2f}" for name, added in spoke)
        return f"{text} Most from {most}." if most else text

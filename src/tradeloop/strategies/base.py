"""What a rule strategy is, and how its decisions are written down.

1. A strategy names the features it needs and gives, for each row, a side, a strength
   and a reason.
2. `decisions` adds what all strategies state alike: confidence from their own matured
   past, risk, size and the consensus of three horizons. All of it was known at the row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.errors import InputError
from tradeloop.events import DECISION
from tradeloop.features.arithmetic.log_return import log_return
from tradeloop.features.base import Column, Feature
from tradeloop.features.frames import lane_bounds
from tradeloop.features.rolling.percentile import percentile
from tradeloop.features.volatility.realised_volatility import realised_volatility
from tradeloop.fold import Float, compiled

Ints = NDArray[np.int64]
CONSENSUS_BARS = (5, 20, 60)
VOLATILITY = realised_volatility(20)["value"]
RISK = percentile(VOLATILITY, 250, 20, name="volatility_percentile_250")["value"]
COMMON: tuple[Column, ...] = (
    VOLATILITY,
    RISK,
    *(log_return(n)["value"] for n in CONSENSUS_BARS),
)
"""Columns that every strategy needs."""

_QUIET = 0.25  # standard deviations that a horizon must have moved to count


class Strategy(Protocol):
    """A documented rule that decides from what was known."""

    @property
    def name(self) -> str:
        """Name in decisions and on the command line."""

    @property
    def features(self) -> tuple[Column | Feature, ...]:
        """Columns that `decide` reads, those of `COMMON` included."""

    def decide(self, features: pl.DataFrame, bars: pl.DataFrame) -> pl.DataFrame:
        """Decide on every row.

        Parameters
        ----------
        features : polars.DataFrame of shape (n_rows, any)
            ``compute(Bank(strategy.features), bars)``, or of a larger bank.
        bars : polars.DataFrame of shape (n_rows, any)
            The same rows.

        Returns
        -------
        polars.DataFrame of shape (n_decisions, n_columns)
            Rows of `tradeloop.events.DECISION`.
        """


@dataclass(frozen=True, slots=True)
class Conduct:
    """What does not depend on the rule.

    Parameters
    ----------
    hold_bars : int
        Rows after which a decision is mature.
    target_bps : float
        One standard deviation over ``hold_bars`` that a full position may have.
    prior_wins, prior_losses : float
        Beta prior of the confidence: 10 and 10 weigh like twenty decisions at 50 %.
    """

    hold_bars: int = 5
    target_bps: float = 100.0
    prior_wins: float = 10.0
    prior_losses: float = 10.0


def decisions(
    strategy: Strategy,
    conduct: Conduct,
    frames: tuple[pl.DataFrame, pl.DataFrame],
    rule: Mapping[str, pl.Expr],
) -> pl.DataFrame:
    """Decisions of a rule with confidence, risk, size and consensus.

    - ``confidence_score`` = (prior_wins + wins) / (prior_wins + prior_losses + count)
      over the strategy's earlier decisions on this instrument that are ``hold_bars``
      rows old or older; a win is a close, ``hold_bars`` rows later, beyond the close of
      the decision on its side, before costs.
    - ``risk_score``: percentile of the volatility of 20 rows among its last 250 values.
    - ``position_size`` = min(1, target_bps / (volatility_20 * sqrt(hold_bars))).
    - ``timeframe_consensus``: for 5, 20 and 60 bars the sign of the log return, 0 where
      it stays within a quarter of a standard deviation or is not known yet.

    Parameters
    ----------
    strategy : Strategy
        Who decides.
    conduct : Conduct
        Constants of the above.
    frames : tuple of polars.DataFrame
        Features and bars, row by row the same.
    rule : mapping of str to polars.Expr
        ``side`` (+1, -1; 0 or null: no decision), ``signal_strength`` (0 to 1) and
        ``reasoning``, over the columns of both frames; no row reads another one.

    Returns
    -------
    polars.DataFrame of shape (n_decisions, n_columns)
        Rows of `tradeloop.events.DECISION`, in the order of the bars. Where several
        bars became known at once, the last of them decides.

    Raises
    ------
    InputError
        A feature is absent, or the frames are not of the same rows.
    """
    rows = _joined(strategy, *frames)
    side = rows.select(rule["side"].fill_null(0).cast(pl.Int64)).to_series()
    rows = rows.with_columns(
        side.cast(pl.Int8).alias("side"),
        pl.Series("confidence_score", _confidence(rows, side.to_numpy(), conduct)),
    )
    last = pl.struct("instrument", "received_ns").is_last_distinct()
    rows = rows.filter(last & (pl.col("side") != 0))
    stamp = pl.col("received_ns")
    per_hold = pl.col(VOLATILITY.name) * sqrt(conduct.hold_bars)
    found = rows.with_columns(
        pl.format(f"{strategy.name}-{{}}-{{}}", "instrument", stamp).alias(
            "decision_id"
        ),
        pl.lit(strategy.name).alias("strategy"),
        stamp.alias("event_ns"),
        rule["signal_strength"].clip(0.0, 1.0).alias("signal_strength"),
        pl.col(RISK.name).alias("risk_score"),
        (conduct.target_bps / per_hold).clip(0.0, 1.0).alias("position_size"),
        rule["reasoning"].alias("reasoning"),
        _consensus().alias("timeframe_consensus"),
    )
    return DECISION.conform(found)


def _joined(
    strategy: Strategy, features: pl.DataFrame, bars: pl.DataFrame
) -> pl.DataFrame:
    wanted = _names(strategy.features)
    absent = [name for name in wanted if name not in features.columns]
    if absent:
        raise InputError(
            f"The strategy {strategy.name} decides from features that are not there.",
            way_out="Compute its own: compute(Bank(strategy.features), bars).",
            column=absent[0],
        )
    key = ["instrument", "event_ns"]
    if not features.select(key).equals(bars.select(key)):
        raise InputError(
            f"The features of {strategy.name} and the bars must be of the same rows.",
            way_out="Compute the features of these very bars.",
        )
    return features.select(*key, "received_ns", *wanted).with_columns(bars["close"])


def _names(wanted: Sequence[Column | Feature]) -> list[str]:
    columns = [c.columns if isinstance(c, Feature) else (c,) for c in wanted]
    return list(dict.fromkeys(c.name for group in columns for c in group))


def _consensus() -> pl.Expr:
    volatility = pl.col(VOLATILITY.name)
    signs = []
    for n in CONSENSUS_BARS:
        moved = pl.col(log_return(n).name).fill_null(0.0)
        loud = moved.abs() > volatility * (_QUIET * sqrt(n))
        sign = pl.when(loud).then(moved.sign()).otherwise(0.0)
        signs.append(sign.cast(pl.Int8).alias(f"{n}_bars"))
    return pl.struct(signs).struct.json_encode()


def _confidence(rows: pl.DataFrame, side: Ints, conduct: Conduct) -> Float:
    found = np.empty(rows.height)
    close = rows["close"].fill_null(np.nan).to_numpy()
    prior = (conduct.prior_wins, conduct.prior_losses)
    bounds = lane_bounds(rows).astype(np.int64)
    _matured(bounds, np.ascontiguousarray(side), close, conduct.hold_bars, prior, found)
    return found


def _matured_loop(
    bounds: Ints, side: Ints, close: Float, hold: int, prior: Any, found: Float
) -> None:
    """Count wins among decisions that are ``hold`` rows old, lane by lane."""
    for lane in range(bounds.size - 1):
        wins = count = 0
        for row in range(bounds[lane], bounds[lane + 1]):
            then = row - hold
            if then >= bounds[lane] and side[then] != 0:
                count += 1
                wins += side[then] * (close[row] - close[then]) > 0.0
            found[row] = (prior[0] + wins) / (prior[0] + prior[1] + count)


_matured = compiled(_matured_loop)

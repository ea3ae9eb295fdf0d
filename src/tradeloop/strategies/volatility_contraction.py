"""Volatility contraction: when the bands are narrow, trade with the close."""

from dataclasses import dataclass, field

import polars as pl

from tradeloop.features.base import Column
from tradeloop.features.rolling.percentile import percentile
from tradeloop.features.volatility.bollinger import bollinger
from tradeloop.strategies.base import COMMON, VOLATILITY, Conduct, decisions

_BANDS = bollinger(20)
_NARROW = percentile(_BANDS["width_bps"], 250, 60)["value"]


@dataclass(frozen=True, slots=True)
class VolatilityContraction:
    """Side of the close against the mean of 20 bars while the bands are narrow.

    Narrow: the width of the Bollinger bands stands in the lowest ``share`` of its last
    250 values. ``signal_strength`` = 1 - percentile / share (Bollinger's squeeze).
    """

    share: float = 0.2
    conduct: Conduct = field(default_factory=Conduct)
    name: str = "volatility_contraction"

    @property
    def features(self) -> tuple[Column, ...]:
        """Width of the bands, its percentile, and what all strategies read."""
        return (_NARROW, _BANDS["width_bps"], _BANDS["percent_b"], *COMMON)

    def decide(self, features: pl.DataFrame, bars: pl.DataFrame) -> pl.DataFrame:
        """See `tradeloop.strategies.base.Strategy.decide`."""
        narrow, place = pl.col(_NARROW.name), pl.col(_BANDS["percent_b"].name)
        squeezed = (narrow <= self.share) & pl.col(COMMON[1].name).is_not_null()
        side = pl.when(squeezed).then((place - 0.5).sign()).otherwise(0.0)
        reasoning = pl.format(
            "The bands are {} bps wide, at the {} % point of their last 250 bars, and "
            "the close {} is {} the mean, while a bar moves {} bps.",
            pl.col(_BANDS["width_bps"].name).round(1),
            (100.0 * narrow).round(1),
            pl.col("close").round_sig_figs(7),
            pl.when(place > 0.5).then(pl.lit("above")).otherwise(pl.lit("below")),  # noqa: PLR2004
            pl.col(VOLATILITY.name).round(1),
        )
        rule = {
            "side": side,
            "signal_strength": 1.0 - narrow / self.share,
            "reasoning": reasoning,
        }
        return decisions(self, self.conduct, (features, bars), rule)

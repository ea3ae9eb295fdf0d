"""Breakout: trade the side on which the close leaves the channel of the rows before."""

from dataclasses import dataclass, field

import polars as pl

from tradeloop.features.base import Column
from tradeloop.features.volatility.donchian import donchian
from tradeloop.strategies.base import COMMON, VOLATILITY, Conduct, decisions


@dataclass(frozen=True, slots=True)
class Breakout:
    """Buy a close above the high of the ``bars`` before, sell one below their low.

    ``signal_strength`` = e / (e + 0.1), e the way beyond the channel in widths of the
    channel (Donchian; the entry rule of the Turtles with 20 days).
    """

    bars: int = 20
    conduct: Conduct = field(default_factory=Conduct)
    name: str = "breakout"

    @property
    def features(self) -> tuple[Column, ...]:
        """Place of the close in the channel, and what all strategies read."""
        return (donchian(self.bars)["value"], *COMMON)

    def decide(self, features: pl.DataFrame, bars: pl.DataFrame) -> pl.DataFrame:
        """See `tradeloop.strategies.base.Strategy.decide`."""
        place = pl.col(donchian(self.bars).name)
        known = pl.col(COMMON[1].name).is_not_null()
        above, below = known & (place > 1.0), known & (place < 0.0)
        excess = pl.max_horizontal(place - 1.0, -place)
        side = pl.when(above).then(1).when(below).then(-1).otherwise(0)
        edge = (
            pl.when(above)
            .then(pl.lit("above the high"))
            .otherwise(pl.lit("below the low"))
        )
        reasoning = pl.format(
            f"The close {{}} stands {{}} of the {self.bars} bars before, by {{}} % of "
            "their range, while a bar moves {} bps.",
            pl.col("close").round_sig_figs(7),
            edge,
            (100.0 * excess).round(1),
            pl.col(VOLATILITY.name).round(1),
        )
        rule = {
            "side": side,
            "signal_strength": excess / (excess + 0.1),
            "reasoning": reasoning,
        }
        return decisions(self, self.conduct, (features, bars), rule)

"""Mean reversion: trade against a short, sharp move away from the mean."""

from dataclasses import dataclass, field

import polars as pl

from tradeloop.features.base import Column
from tradeloop.features.momentum.rsi import rsi
from tradeloop.features.volatility.bollinger import bollinger
from tradeloop.strategies.base import COMMON, VOLATILITY, Conduct, decisions

_FULL_Z = 3.0


@dataclass(frozen=True, slots=True)
class MeanReversion:
    """Buy RSI(2) at or below 10 with z at or below -0.75; sell the mirror of it.

    z is the close less the mean of 20 bars over their standard deviation.
    ``signal_strength`` is the mean of two shares: how far RSI(2) stands beyond its
    bound, and abs(z) / 3 (after Connors and Alvarez 2009).
    """

    bound: float = 10.0
    z: float = 0.75
    conduct: Conduct = field(default_factory=Conduct)
    name: str = "mean_reversion"

    @property
    def features(self) -> tuple[Column, ...]:
        """RSI(2), the place within the bands, and what all strategies read."""
        return (rsi(2)["value"], bollinger(20)["percent_b"], *COMMON)

    def decide(self, features: pl.DataFrame, bars: pl.DataFrame) -> pl.DataFrame:
        """See `tradeloop.strategies.base.Strategy.decide`."""
        strength = pl.col(rsi(2).name)
        z = 4.0 * pl.col(bollinger(20)["percent_b"].name) - 2.0
        known = pl.col(COMMON[1].name).is_not_null()
        low = known & (strength <= self.bound) & (z <= -self.z)
        high = known & (strength >= 100.0 - self.bound) & (z >= self.z)
        beyond = 1.0 - pl.min_horizontal(strength, 100.0 - strength) / self.bound
        reasoning = pl.format(
            "RSI(2) is {} and the close {} stands {} standard deviations from the mean "
            "of 20 bars, while a bar moves {} bps.",
            strength.round(1),
            pl.col("close").round_sig_figs(7),
            z.round(2),
            pl.col(VOLATILITY.name).round(1),
        )
        rule = {
            "side": pl.when(low).then(1).when(high).then(-1).otherwise(0),
            "signal_strength": 0.5 * beyond + 0.5 * (z.abs() / _FULL_Z).clip(0.0, 1.0),
            "reasoning": reasoning,
        }
        return decisions(self, self.conduct, (features, bars), rule)

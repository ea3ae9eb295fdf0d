"""A bank of about 160 columns: what the live target was set for."""

from tradeloop.clock import NS_PER_MINUTE
from tradeloop.features import Bank, default_bank
from tradeloop.features.arithmetic.log_return import log_return
from tradeloop.features.base import Column
from tradeloop.features.momentum.cci import cci
from tradeloop.features.momentum.rsi import rsi
from tradeloop.features.momentum.stochastic import stochastic
from tradeloop.features.momentum.williams_r import williams_r
from tradeloop.features.rolling.extremes import extremes
from tradeloop.features.trend.adx import adx
from tradeloop.features.trend.efficiency_ratio import efficiency_ratio
from tradeloop.features.trend.ema import ema
from tradeloop.features.trend.linear_regression import linear_regression
from tradeloop.features.trend.macd import macd
from tradeloop.features.trend.sma import sma
from tradeloop.features.volatility.bollinger import bollinger
from tradeloop.features.volatility.donchian import donchian
from tradeloop.features.volatility.realised_volatility import realised_volatility
from tradeloop.features.volatility.true_range import atr
from tradeloop.features.volume.mfi import mfi

Columns = dict[str, Column]
_PERIODS = (5, 9, 14, 21, 40)


def wide_bank() -> Bank:
    """Make the default bank, and add the usual indicators at five periods."""
    columns: Columns = {}
    for column in default_bank(NS_PER_MINUTE, has_quotes=True).outputs:
        columns[column.name] = column
    for n in _PERIODS:
        for feature in (
            sma("close", n),
            ema("close", n),
            rsi(n),
            atr(n),
            adx(n),
            bollinger(n),
            stochastic(n),
            williams_r(n),
            cci(n),
            mfi(n),
            donchian(n),
            extremes(n),
            efficiency_ratio(n),
            linear_regression(n),
            log_return(n),
            realised_volatility(n),
            macd(n, 2 * n, 9),
        ):
            columns |= {column.name: column for column in feature.columns}
    return Bank(list(columns.values()))

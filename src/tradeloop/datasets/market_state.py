"""State of the market after each bar, from that bar and earlier ones only.

All windows count bars of one instrument and end with the bar. r is the log return of
the close. A value is null until its window is full.

- ``volatility_level``: standard deviation of the last 20 r, bps per bar.
- ``liquidity_score``: m / (m + a), a the sum of abs(r) over the sum of volume * close
  of 20 bars (Amihud 2002, as a ratio of sums: bars without a trade have no ratio of
  their own) and m its median over 250 bars: 0.5 is usual for the instrument, towards 1
  is deeper. Null without volume.
- ``market_correlation``: correlation over 60 bars of r with the mean r of all other
  instruments that have a bar with the same end. Null for a lone instrument.
- ``order_book_imbalance``: (bid_size - ask_size) / (bid_size + ask_size), -1 to 1.
- ``bid_ask_spread``: 1e4 * (ask - bid) / mid, bps.
- ``market_impact_estimate``: Kyle's lambda (1985), the slope of r on signed volume over
  60 bars, times the mean abs(signed volume): bps that a usual bar's net flow moved the
  price. Null without signed volume.
- ``top_of_book_size``: bid_size + ask_size.

The last four are null where the source has no quotes or trades; none is made up. The
market's regime is judged by features: see `tradeloop.features.regime`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import polars as pl

_BPS = 1e4


@dataclass(frozen=True, slots=True)
class StateRule:
    """Windows of the market's state, in bars.

    Parameters
    ----------
    short_bars, usual_bars, flow_bars : int
        Window of volatility and liquidity; of the liquidity that is usual; of
        correlation and impact.
    """

    short_bars: int = 20
    usual_bars: int = 250
    flow_bars: int = 60

    def as_mapping(self) -> Mapping[str, int]:
        """Windows, as they go into a dataset's version."""
        return asdict(self)


STATE_COLUMNS = (
    "volatility_level",
    "liquidity_score",
    "market_correlation",
    "order_book_imbalance",
    "bid_ask_spread",
    "market_impact_estimate",
    "top_of_book_size",
)


def _finite(value: pl.Expr) -> pl.Expr:
    return pl.when(value.is_finite()).then(value)


def _others_return(bars: pl.DataFrame) -> pl.Expr:
    """Mean r of the other instruments with a bar of the same end."""
    total = pl.col("r").sum().over("event_ns") - pl.col("r")
    count = pl.col("r").count().over("event_ns") - 1
    if bars["instrument"].n_unique() == 1:
        return pl.lit(None, pl.Float64)
    return pl.when(count > 0).then(total / count)


def _impact(rule: StateRule) -> pl.Expr:
    flow, window = pl.col("signed_volume"), rule.flow_bars
    paired = pl.when(pl.col("r").is_not_null()).then(flow)
    slope = pl.rolling_cov("r", paired, window_size=window) / paired.rolling_var(window)
    return _finite(_BPS * slope * paired.abs().rolling_mean(window))


def _with_moments(bars: pl.DataFrame, rule: StateRule) -> pl.DataFrame:
    """Add r, its volatility, and what liquidity and correlation are made of."""
    window = rule.short_bars
    deviation = pl.col("r").rolling_std(window)
    turnover = (pl.col("volume") * pl.col("close")).rolling_sum(window)
    moved = pl.col("r").abs().rolling_sum(window)
    illiquid = pl.when(turnover > 0).then(moved / turnover)
    return bars.with_columns(
        r=pl.col("close").log().diff().over("instrument")
    ).with_columns(
        volatility_level=(_BPS * deviation).over("instrument"),
        amihud=illiquid.over("instrument"),
        others=_others_return(bars),
    )


def _with_usual(moments: pl.DataFrame, rule: StateRule) -> pl.DataFrame:
    """Compare liquidity with what is usual for the instrument; add the flows."""
    usual, flow = rule.usual_bars, rule.flow_bars
    amihud = pl.col("amihud")
    median = amihud.rolling_median(usual)
    correlation = pl.rolling_corr("r", "others", window_size=flow)
    return moments.with_columns(
        liquidity_score=_finite(median / (median + amihud)).over("instrument"),
        market_correlation=_finite(correlation).over("instrument"),
        market_impact_estimate=_impact(rule).over("instrument"),
    )


def _book() -> dict[str, pl.Expr]:
    """Make the columns that need quotes; null where bid, ask or a size is null."""
    bid, ask = pl.col("bid"), pl.col("ask")
    size = pl.col("bid_size") + pl.col("ask_size")
    return {
        "order_book_imbalance": _finite(
            (pl.col("bid_size") - pl.col("ask_size")) / size
        ),
        "bid_ask_spread": _finite(2 * _BPS * (ask - bid) / (ask + bid)),
        "top_of_book_size": size,
    }


def market_state(bars: pl.DataFrame, rule: StateRule | None = None) -> pl.DataFrame:
    """State after each bar; see the module for the formulas.

    Parameters
    ----------
    bars : polars.DataFrame of shape (n_bars, 14)
        Rows of the record BAR, sorted by instrument and event_ns.
    rule : StateRule, optional
        Windows.

    Returns
    -------
    polars.DataFrame of shape (n_bars, 3 + n_state)
        instrument, event_ns, received_ns and the columns of ``STATE_COLUMNS``, one row
        per bar. received_ns is when the bar, all bars before it and the other
        instruments' bars of the same ends were known.
    """
    rule = rule or StateRule()
    all_known = pl.col("received_ns").max().over("event_ns")
    return (
        _with_usual(_with_moments(bars, rule), rule)
        .with_columns(received_ns=all_known)
        .with_columns(received_ns=pl.col("received_ns").cum_max().over("instrument"))
        .with_columns(**_book())
        .select("instrument", "event_ns", "received_ns", *STATE_COLUMNS)
    )

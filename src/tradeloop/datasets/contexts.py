"""What was known at each decision: the decision, market and execution contexts.

Each frame has one row per decision, in the order of the decisions, and a column
``known_ns``: when the latest value in the row was known, never after the decision. Maps
are JSON text. What no source gives is null.
"""

from collections.abc import Sequence

import polars as pl

from tradeloop.datasets.asof import as_of_series
from tradeloop.events import SERIES
from tradeloop.features.regime import NEEDED, RegimeRule, regime

_TIME = pl.Datetime("ns", "UTC")
_NO_TEXT = pl.lit(None, pl.String)


def json_map(frame: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """Write columns as one JSON map per row; null where all of them are null.

    Parameters
    ----------
    frame : polars.DataFrame of shape (n_rows, any)
        Holds ``columns``.
    columns : sequence of str
        Names of the columns, which become the keys.

    Returns
    -------
    polars.Series of String, shape (n_rows,)
    """
    if not columns:
        return pl.Series([None] * frame.height, dtype=pl.String)
    written = pl.struct(*columns).struct.json_encode()
    some = pl.any_horizontal(pl.col(*columns).is_not_null())
    return frame.select(pl.when(some).then(written).alias("map")).to_series()


def decision_context(decisions: pl.DataFrame) -> pl.DataFrame:
    """Give the decisions the contract's names.

    Parameters
    ----------
    decisions : polars.DataFrame of shape (n_decisions, 12)
        Rows of the record DECISION.

    Returns
    -------
    polars.DataFrame of shape (n_decisions, 14)
        decision_timestamp is event_ns as a time in UTC; known_ns is received_ns.
    """
    return decisions.select(
        "decision_id",
        "strategy",
        "instrument",
        "side",
        "event_ns",
        "received_ns",
        pl.col("received_ns").alias("known_ns"),
        pl.col("event_ns").cast(_TIME).alias("decision_timestamp"),
        "signal_strength",
        "confidence_score",
        "risk_score",
        "position_size",
        pl.col("reasoning").alias("decision_reasoning"),
        "timeframe_consensus",
    )


def market_context(
    decisions: pl.DataFrame,
    state: pl.DataFrame,
    features: pl.DataFrame,
    *,
    technical: Sequence[str],
    series: pl.DataFrame | None,
    rule: RegimeRule | None = None,
) -> pl.DataFrame:
    """State of the market as known at each decision.

    The regime is `tradeloop.features.regime` of the features as known at the decision.
    It is null while one of the features it needs is not known, and for all decisions
    where the bank lacks one, as a small bank of one's own may.

    Parameters
    ----------
    decisions : polars.DataFrame of shape (n_decisions, 12)
        Rows of the record DECISION.
    state, features : polars.DataFrame of shape (n_decisions, any)
        `market_state` and features, joined to these decisions by `as_of`.
    technical : sequence of str
        Features that go into the map technical_indicators.
    series : polars.DataFrame, optional
        Rows of the record SERIES for the map economic_indicators.
    rule : RegimeRule, optional
        Other thresholds of the regime.

    Returns
    -------
    polars.DataFrame of shape (n_decisions, 9)
        decision_id, known_ns, market_regime (a `MarketRegime` by its name, or null),
        volatility_level (bps per bar), liquidity_score (0 to 1), sentiment_score (null:
        no source gives one), technical_indicators, correlation_environment,
        economic_indicators (maps).
    """
    economic = as_of_series(decisions, SERIES.empty() if series is None else series)
    judged = set(NEEDED) <= set(features.columns)
    used = [state, economic, *([features] if technical or judged else [])]
    known = [frame["known_ns"].alias(str(i)) for i, frame in enumerate(used)]
    return state.with_columns(
        pl.DataFrame(known).max_horizontal().alias("known_ns"),
        regime(features, rule) if judged else _NO_TEXT.alias("market_regime"),
        pl.lit(None, pl.Float64).alias("sentiment_score"),
        json_map(features, technical).alias("technical_indicators"),
        json_map(state, ["market_correlation"]).alias("correlation_environment"),
        json_map(economic, economic.columns[3:]).alias("economic_indicators"),
    ).select(
        "decision_id",
        "known_ns",
        "market_regime",
        "volatility_level",
        "liquidity_score",
        "sentiment_score",
        "technical_indicators",
        "correlation_environment",
        "economic_indicators",
    )


def execution_context(decisions: pl.DataFrame, state: pl.DataFrame) -> pl.DataFrame:
    """State of trading as known at each decision; null where there are no quotes.

    Parameters
    ----------
    decisions : polars.DataFrame of shape (n_decisions, any)
        Column instrument; optional columns execution_algorithm and
        execution_parameters (JSON), which only the decider can know.
    state : polars.DataFrame of shape (n_decisions, any)
        `market_state`, joined to these decisions by `as_of`.

    Returns
    -------
    polars.DataFrame of shape (n_decisions, 8)
        decision_id, known_ns, order_book_imbalance (-1 to 1), bid_ask_spread (bps of
        the mid), market_impact_estimate (bps of a usual bar's net flow),
        venue_liquidity (JSON: venue to the size at bid and ask), execution_algorithm,
        execution_parameters.
    """
    venue = (
        pl.when(pl.col("instrument").str.contains(".", literal=True))
        .then(pl.col("instrument").str.split(".").list.last())
        .otherwise(pl.lit("unknown"))
    )
    escaped = venue.str.replace_all(r'(["\\])', r"\$1")
    size = pl.col("top_of_book_size")
    named = pl.format('{{"{}":{}}}', escaped, size)
    given = [
        pl.col(name) if name in decisions.columns else _NO_TEXT.alias(name)
        for name in ("execution_algorithm", "execution_parameters")
    ]
    return state.hstack(decisions.select("instrument", *given)).select(
        "decision_id",
        "known_ns",
        "order_book_imbalance",
        "bid_ask_spread",
        "market_impact_estimate",
        pl.when(size.is_not_null()).then(named).alias("venue_liquidity"),
        "execution_algorithm",
        "execution_parameters",
    )

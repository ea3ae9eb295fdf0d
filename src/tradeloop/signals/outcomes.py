"""What came of signals: the return over their horizon, after costs.

1. A signal enters at the last price at or before its creation and leaves at the last
   price at or before its horizon has passed.
2. While the prices do not reach that far its outcome is null: it is pending.
3. return = 10,000 (exit / entry - 1) in bps; net = side * return - cost, 0 for HOLD.
4. The direction that came is the sign of the return, 0 inside the neutral band. A
   signal hits if that is its side; its Brier contribution is the sum over the classes
   of (probability - 1 if it came)^2.
"""

from collections.abc import Iterable

import polars as pl

from tradeloop.errors import InputError
from tradeloop.signals.signal import Signal

_BPS = 10_000
SCHEMA: dict[str, pl.DataType] = {
    "key": pl.String(),
    "symbol": pl.String(),
    "model_version": pl.String(),
    "strategy": pl.String(),
    "timeframe": pl.String(),
    "side": pl.Int8(),
    "confidence": pl.Float64(),
    "p_down": pl.Float64(),
    "p_flat": pl.Float64(),
    "p_up": pl.Float64(),
    "position_size": pl.Float64(),
    "created_ns": pl.Int64(),
    "expires_ns": pl.Int64(),
    "horizon_ns": pl.Int64(),
    "status": pl.String(),
    "abstain_reason": pl.String(),
}
"""Columns of `signals_frame`; the probabilities are null if not scored."""


def signals_frame(signals: Iterable[Signal]) -> pl.DataFrame:
    """Return signals as a frame with the columns of `SCHEMA`, one row each."""
    rows = []
    for s in signals:
        down, flat, up = s.probabilities or (None, None, None)
        row = {name: getattr(s, name, None) for name in SCHEMA}
        row |= {"p_down": down, "p_flat": flat, "p_up": up, "status": str(s.status)}
        rows.append(row)
    return pl.DataFrame(rows, schema=SCHEMA)


def outcomes_of(
    signals: pl.DataFrame,
    prices: pl.DataFrame,
    *,
    cost_bps: float = 0.0,
    neutral_bps: float = 0.0,
) -> pl.DataFrame:
    """Judge signals by the prices that came.

    Parameters
    ----------
    signals : DataFrame
        ``symbol``, ``side``, ``created_ns``, ``horizon_ns``, ``p_down``, ``p_flat`` and
        ``p_up``; others are kept. A column ``cost_bps`` stands above the argument.
    prices : DataFrame
        ``symbol``, ``event_ns`` (when the price was known) and ``price``, above 0; in
        any order.
    cost_bps : float
        Cost of entry and exit together.
    neutral_bps : float
        Half-width of the neutral band: of the labels, if probabilities are judged.

    Returns
    -------
    DataFrame
        The signals in their order with ``entry_price``, ``exit_price``, ``return_bps``,
        ``net_bps``, ``direction``, ``hit`` and ``brier``; null while pending, and
        ``brier`` also where not scored.

    Raises
    ------
    InputError
        A column is missing, a price is not above 0, or a cost or band is negative.
    """
    _require(signals, ("symbol", "side", "created_ns", "horizon_ns"), "signals")
    _require(signals, ("p_down", "p_flat", "p_up"), "signals")
    _require(prices, ("symbol", "event_ns", "price"), "prices")
    good = prices.filter(pl.col("price") > 0, pl.col("price").is_finite()).height
    if good < prices.height or not (cost_bps >= 0 and neutral_bps >= 0):
        raise InputError(
            f"Outcomes need finite prices above 0, {prices.height - good} were not, "
            f"and a cost and a band of at least 0, were {cost_bps}, {neutral_bps}.",
            way_out="Correct the prices or the figures.",
        )
    known = prices.select("symbol", at="event_ns", price="price").sort("at")
    rows = signals.with_row_index("_row").with_columns(
        _ends=pl.col("created_ns") + pl.col("horizon_ns"), _enters=pl.col("created_ns")
    )
    last = known.group_by("symbol").agg(_reaches=pl.col("at").max())
    rows = _priced(_priced(rows, known, "_enters", "entry_price"), known, "_ends", "_x")
    rows = rows.join(last, on="symbol", how="left").sort("_row")
    there = pl.col("_reaches") >= pl.col("_ends")
    rows = rows.with_columns(exit_price=pl.when(there).then(pl.col("_x")))
    if "cost_bps" not in rows.columns:
        rows = rows.with_columns(cost_bps=pl.lit(float(cost_bps)))
    return _judged(rows, neutral_bps).drop("_row", "_ends", "_enters", "_reaches", "_x")


def _judged(rows: pl.DataFrame, neutral_bps: float) -> pl.DataFrame:
    came = pl.col("return_bps")
    side = pl.col("side").cast(pl.Int64)
    still = came.abs() <= neutral_bps
    direction = pl.when(still).then(0).otherwise(came.sign()).cast(pl.Int8)
    classes = ((-1, "p_down"), (0, "p_flat"), (1, "p_up"))
    squares = [
        (pl.col(name) - (pl.col("direction") == value).cast(pl.Float64)) ** 2
        for value, name in classes
    ]
    cost = pl.when(side == 0).then(0.0).otherwise(pl.col("cost_bps"))
    return (
        rows.with_columns(
            return_bps=_BPS * (pl.col("exit_price") / pl.col("entry_price") - 1)
        )
        .with_columns(net_bps=side * came - cost, direction=direction)
        .with_columns(
            hit=pl.col("direction") == pl.col("side"),
            brier=squares[0] + squares[1] + squares[2],
        )
    )


def _priced(
    rows: pl.DataFrame, known: pl.DataFrame, time: str, name: str
) -> pl.DataFrame:
    """Join the last price at or before ``time``."""
    found = rows.sort(time).join_asof(
        known,
        left_on=time,
        right_on="at",
        by="symbol",
        strategy="backward",
        check_sortedness=False,
    )
    return found.rename({"price": name}).drop("at", strict=False)


def _require(frame: pl.DataFrame, names: tuple[str, ...], source: str) -> None:
    absent = [name for name in names if name not in frame.columns]
    if absent:
        raise InputError(
            f"The frame lacks {absent}, it has {frame.columns}.",
            way_out="Take signals_frame, or rename the columns.",
            source=source,
        )

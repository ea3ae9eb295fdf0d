"""Contracts of a future joined to one series, by the rolls known at a time.

Earlier prices are moved to those of the contract that is the front at ``at_ns``: at a
roll by the price of the contract that is entered over that of the one that is left, or
by their difference, both the last before the roll. Returns stay true under ``ratio``,
differences of prices under ``difference``.
"""

from typing import Literal

import polars as pl

from tradeloop.capture.reference import PRICES, began, in_force, known_by, price_before

Method = Literal["ratio", "difference", "none"]


def continuous(
    rows: pl.DataFrame,
    rolls: pl.DataFrame,
    root: str,
    at_ns: int,
    *,
    method: Method = "ratio",
) -> pl.DataFrame:
    """Join contracts to one continuous future, as it was known at a time.

    Parameters
    ----------
    rows : polars.DataFrame of shape (n_rows, any)
        As traded: rows of BAR, TRADE or QUOTE of the contracts.
    rolls : polars.DataFrame of shape (n_rolls, n_columns of FUTURES_ROLL)
    root : str
        Name of the future; it becomes the instrument.
    at_ns : int
        Time of the look, ns UTC: the decision. A roll that is not effective by then
        changes nothing.
    method : {"ratio", "difference", "none"}
        How earlier prices are moved to those of the front contract.

    Returns
    -------
    polars.DataFrame of shape (n_front, n_columns + 3)
        Rows of the contract that was the front at their time, received by ``at_ns``,
        by time. Added: ``contract``, ``adjustment`` (factor, or difference), and
        ``reason``: null, or ``no_price_at_roll`` where a contract of a later roll had
        no price before it; there adjustment and prices are null.
    """
    known = known_by(rows, at_ns)
    due = in_force(rolls, at_ns).filter(
        (pl.col("root") == root) & (pl.col("effective_ns") <= at_ns)
    )
    due = due.sort("effective_ns", "received_ns").unique(
        "effective_ns", keep="last", maintain_order=True
    )
    spans = _spans(known, due, method)
    front = (
        known.with_columns(_began=began(rows))
        .sort("_began", maintain_order=True)
        .join_asof(spans, left_on="_began", right_on="_from", check_sortedness=False)
        .filter(pl.col("instrument") == pl.col("contract"))
    )
    step = pl.col("adjustment")
    multiplied = method == "ratio"
    return front.with_columns(
        *(
            (pl.col(name) * step if multiplied else pl.col(name) + step).alias(name)
            for name in PRICES
            if name in rows.columns
        ),
        instrument=pl.lit(root),
        reason=pl.when(step.is_null()).then(pl.lit("no_price_at_roll")),
    ).select(*rows.columns, "contract", "adjustment", "reason")


def _spans(rows: pl.DataFrame, due: pl.DataFrame, method: Method) -> pl.DataFrame:
    """From when each contract is the front, and the step of its prices to the last."""
    ratio = method == "ratio"
    neutral = 1.0 if ratio else 0.0
    left = price_before(rows, due, "effective_ns", "from_instrument")
    entered = price_before(rows, due, "effective_ns", "to_instrument")
    moves = (entered / left if ratio else entered - left).to_list()
    totals: list[float | None] = [neutral]  # of the last front first
    for move in reversed(moves if method != "none" else [neutral] * due.height):
        total = totals[-1]
        known = total is not None and move is not None
        totals.append((total * move if ratio else total + move) if known else None)
    return pl.DataFrame(
        {
            "_from": [-(2**63), *due["effective_ns"]],
            "contract": [*due["from_instrument"].head(1), *due["to_instrument"]],
            "adjustment": totals[::-1],
        }
        if due.height
        else None,
        schema={"_from": pl.Int64, "contract": pl.String, "adjustment": pl.Float64},
    )

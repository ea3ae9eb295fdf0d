"""How decisions were entered, in the prices that their labels were made with.

`execution_truth` looks prices up by itself. A label record must not: its return starts
at the price of the label and ends at the price of its horizon. With the same two prices
the shortfall closes the sum: what the position earned by the horizon is the return of
the decision less the shortfall, to the last bit of float arithmetic.
"""

import numpy as np
import polars as pl

from tradeloop.labels.base import Floats
from tradeloop.labels.execution.desk import (
    Desk,
    arrival,
    desk_of,
    doubted,
    doubts,
    numbers,
)
from tradeloop.labels.execution.fill_truth import marks_of, suspects_of, times
from tradeloop.labels.execution.market import Market, book_of, rows_of
from tradeloop.labels.execution.rule import ExecutionRule
from tradeloop.labels.execution.shortfall import shortfall

_RULE = ExecutionRule()
_BPS = 1e4


def _arrivals(desk: Desk, market: Market, decided: Floats) -> Floats:
    found = np.full(len(desk), np.nan)
    for name, rows in rows_of(desk.decisions).items():
        found[rows], _, _ = arrival(desk, rows, market.mids(name), decided[rows])
    return found


def entry_truth(
    decisions: pl.DataFrame,
    fills: pl.DataFrame,
    *,
    bars: pl.DataFrame | None = None,
    quotes: pl.DataFrame | None = None,
    orders: pl.DataFrame | None = None,
    rule: ExecutionRule = _RULE,
) -> pl.DataFrame:
    """Split the shortfall of decisions between given prices.

    Parameters
    ----------
    decisions : polars.DataFrame of shape (n_decisions, any)
        Columns decision_id, instrument, side, received_ns, event_ns; ``price`` at the
        decision, and ``end_price`` at which a rest is valued, null where not known.
    fills : polars.DataFrame of shape (n_fills, any)
        Columns of FILL.
    bars, quotes, orders : polars.DataFrame, optional
        Rows of their records. Tell the mid of the first fill, which fills cannot have
        happened as told, what was ordered and when it arrived.
    rule : ExecutionRule
        Clock, waits and tolerances.

    Returns
    -------
    polars.DataFrame of shape (n_executed, 10)
        Of the decisions that were ordered or filled: decision_id; ``delay_bps``,
        ``execution_bps``, ``opportunity_bps``, ``fees_bps``, costs in bps of the paper
        value; ``filled_share`` of the paper quantity; ``fill_cost_bps``: average fill
        against the decision's price; ``fill_suspect`` and ``fill_suspect_reason``;
        ``entry_end_ns``: when decision, orders, fills and what speaks against them were
        known. The end price is the giver's: what it feeds is known no earlier than it.
    """
    market = Market.of(bars, quotes, None, rule)
    book = book_of(decisions, fills, orders, market)
    desk = desk_of(book)
    given = desk.decisions.select("decision_id").join(
        decisions, on="decision_id", how="left", maintain_order="left"
    )
    decided, end = numbers(given["price"]), numbers(given["end_price"])
    side = numbers(given["side"])
    cut = shortfall(
        desk.parts,
        side=np.where(side == 0, np.nan, side),
        ordered=desk.ordered,
        decision_price=decided,
        arrival_price=_arrivals(desk, market, decided),
        end_price=end,
    )
    parts = {
        "delay_bps": cut.bps(cut.delay),
        "execution_bps": cut.bps(cut.execution),
        "opportunity_bps": cut.bps(cut.opportunity),
        "fees_bps": cut.bps(cut.fees),
        "filled_share": cut.filled / np.where(cut.quantity > 0, cut.quantity, np.nan),
        "fill_cost_bps": _BPS * side * (desk.parts.average_price - decided) / decided,
    }
    marks = marks_of(book.fills, market, {})
    reasons = suspects_of(book.fills, marks, market)["fill_suspect_reason"]
    known = desk.known_ns()
    settled = np.maximum(known, doubted(desk, marks.of(desk.kept)).end_ns)
    return pl.DataFrame(
        [
            desk.decisions["decision_id"],
            *(pl.Series(n, part).fill_nan(None) for n, part in parts.items()),
            *doubts(desk, reasons.gather(desk.kept))
            .drop("suspect_fills")
            .get_columns(),
            times(settled).alias("entry_end_ns"),
        ]
    )

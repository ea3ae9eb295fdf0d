"""What was ordered for a decision, and when it came to the market.

A decision may be worked in several orders, which run beside each other or replace each
other. What it wanted is the most that was committed at any time: the quantity of each
order that works, and of each order that was cancelled or rejected what it had filled.
So a child that replaces the rest of a cancelled one is not counted twice, and what was
amended down or given up counts as left undone.
"""

import polars as pl

_OVER = ("cancelled", "rejected")
_DECIDED = "decision_id"


def with_decision(fills: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    """Name the decision of fills that only name their order.

    Parameters
    ----------
    fills : polars.DataFrame of shape (n_fills, any)
        Columns order_id and decision_id.
    orders : polars.DataFrame of shape (n_events, any)
        Rows of the record ORDER_EVENT.

    Returns
    -------
    polars.DataFrame of shape (n_fills, any)
        In the order given.
    """
    named = (
        orders.drop_nulls(_DECIDED)
        .unique("order_id", keep="first", maintain_order=True)
        .select("order_id", meant=_DECIDED)
    )
    found = fills.join(named, on="order_id", how="left", maintain_order="left")
    return found.with_columns(pl.coalesce(_DECIDED, "meant").alias(_DECIDED)).drop(
        "meant"
    )


def _committed(orders: pl.DataFrame, fills: pl.DataFrame) -> pl.DataFrame:
    """Return the most that was committed to each decision at any time."""
    done = fills.group_by("order_id").agg(pl.col("quantity").sum().alias("done"))
    stood = pl.coalesce("filled_quantity", "done", 0.0)
    over = pl.col("status").is_in(_OVER)
    level = pl.when(over).then(stood).otherwise("quantity")
    return (
        orders.join(done, on="order_id", how="left", maintain_order="left")
        .sort("event_ns", "received_ns", maintain_order=True)
        .with_columns(level.alias("level"))
        .with_columns(
            (pl.col("level") - pl.col("level").shift(1).over("order_id").fill_null(0.0))
            .cum_sum()
            .over(_DECIDED)
            .alias("committed")
        )
        .group_by(_DECIDED, maintain_order=True)
        .agg(
            pl.col("committed").max().alias("ordered"),
            pl.col("received_ns").max().alias("orders_ns"),
        )
    )


def ordered(orders: pl.DataFrame, fills: pl.DataFrame) -> pl.DataFrame:
    """Gather quantity and arrival of the orders of each decision.

    Parameters
    ----------
    orders : polars.DataFrame of shape (n_events, n_columns of ORDER_EVENT)
        Those without a decision are left out.
    fills : polars.DataFrame of shape (n_fills, n_columns of FILL)
        Tell what a cancelled order had filled where its event does not.

    Returns
    -------
    polars.DataFrame of shape (n_decisions, 5)
        ``decision_id``; ``ordered``, units; ``orders_ns``: when the last event was
        received; ``arrival_ns``: first arrival of an order at the market, by its own
        word, and ``arrival_price``: the mid that it stated; null where none does.
    """
    mine = orders.drop_nulls(_DECIDED)
    first = (
        mine.drop_nulls("arrival_ns")
        .sort("arrival_ns", "received_ns", maintain_order=True)
        .group_by(_DECIDED, maintain_order=True)
        .agg(
            pl.col("arrival_ns").first(),
            pl.col("arrival_price")
            .filter(pl.col("arrival_ns") == pl.col("arrival_ns").first())
            .drop_nulls()
            .first(),
        )
    )
    return _committed(mine, fills).join(first, on=_DECIDED, how="left")

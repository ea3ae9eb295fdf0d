"""Corporate actions, applied as they were known.

Everything here looks from a time ``at_ns`` and uses only what was received by then:
what is announced or corrected later changes nothing of it. An announcement counts until
one that replaces it is received. What cannot be told is null, and the row says why in
``reason``.

Prices come out in the shares of ``at_ns``:

- split of ``ratio`` new shares for one old: earlier prices are divided by it, earlier
  sizes multiplied;
- dividend of ``amount`` for a share that trades at the ex time: earlier prices are
  multiplied by 1 - amount / last price before the ex time.

A row is earlier than an action if it began before it: a bar by ``open_ns``, anything
else by ``event_ns``. Rolls of futures are in `tradeloop.capture.continuous`, currencies
in `tradeloop.capture.conversion`.
"""

import polars as pl

from tradeloop.errors import InputError

PRICES = ("open", "high", "low", "close", "price", "bid", "ask")
_SIZES = ("volume", "size", "bid_size", "ask_size", "signed_volume")


def known_by(rows: pl.DataFrame, at_ns: int) -> pl.DataFrame:
    """Return the rows that were received by a time."""
    return rows.filter(pl.col("received_ns") <= at_ns)


def in_force(announcements: pl.DataFrame, at_ns: int) -> pl.DataFrame:
    """Return the announcements that count at a time.

    Parameters
    ----------
    announcements : polars.DataFrame of shape (n_announcements, n_columns)
        Rows of CORPORATE_ACTION or FUTURES_ROLL; the first column is the id.
    at_ns : int
        Time of the look, ns UTC.

    Returns
    -------
    polars.DataFrame of shape (n_in_force, n_columns)
        Those received by ``at_ns`` that none received by then replaces.
    """
    key = announcements.columns[0]
    known = known_by(announcements, at_ns).unique(
        key, keep="first", maintain_order=True
    )
    gone = known.filter(pl.col("replaces").is_not_null()).get_column("replaces")
    return known.filter(~pl.col(key).is_in(gone.implode()))


def adjusted(
    rows: pl.DataFrame, actions: pl.DataFrame, at_ns: int, *, dividends: bool = True
) -> pl.DataFrame:
    """Return rows in the shares of a time: splits, and dividends, taken out.

    Parameters
    ----------
    rows : polars.DataFrame of shape (n_rows, any)
        As traded: rows of BAR, TRADE or QUOTE, of any instruments.
    actions : polars.DataFrame of shape (n_actions, n_columns of CORPORATE_ACTION)
    at_ns : int
        Time of the look, ns UTC: the decision.
    dividends : bool
        Whether dividends are taken out of prices; splits always are.

    Returns
    -------
    polars.DataFrame of shape (n_known, n_columns + 2)
        Rows received by ``at_ns``, in the order given. Added: ``adjustment``, the
        factor on prices, and ``reason``: null, or ``dividend_not_below_price``, where
        the factor and the prices are null.
    """
    known = known_by(rows, at_ns).with_row_index("_row")
    due = in_force(actions, at_ns).filter(
        (pl.col("ex_ns") <= at_ns) & (pl.col("action") != "withdrawn")
    )
    if not dividends:
        due = due.filter(pl.col("action") == "split")
    steps = _steps(known, due)
    found = (
        known.with_columns(_began=began(rows))
        .sort("_began", maintain_order=True)
        .join_asof(
            steps,
            left_on="_began",
            right_on="ex_ns",
            by="instrument",
            strategy="forward",
            allow_exact_matches=False,
            check_sortedness=False,
            coalesce=False,
        )
        .sort("_row")
    )
    split = pl.col("_split").fill_null(1.0)
    factor = pl.when(pl.col("ex_ns").is_null()).then(1.0).otherwise("_factor")
    why = pl.when(factor.is_null()).then(pl.lit("dividend_not_below_price"))
    return found.with_columns(
        *(pl.col(name) * factor for name in PRICES if name in rows.columns),
        *(pl.col(name) * split for name in _SIZES if name in rows.columns),
        adjustment=factor,
        reason=why,
    ).select(*rows.columns, "adjustment", "reason")


def began(rows: pl.DataFrame) -> pl.Expr:
    """Time that says whether a row is earlier than an action, ns UTC."""
    return pl.col("open_ns" if "open_ns" in rows.columns else "event_ns")


def _last_price(rows: pl.DataFrame) -> pl.Expr:
    if "close" in rows.columns:
        return pl.col("close")
    if "price" in rows.columns:
        return pl.col("price")
    if {"bid", "ask"} <= set(rows.columns):
        return (pl.col("bid") + pl.col("ask")) / 2
    raise InputError(
        "Rows to adjust must hold close, price, or bid and ask.",
        way_out="Give rows of BAR, TRADE or QUOTE.",
    )


def price_before(
    rows: pl.DataFrame, asked: pl.DataFrame, on: str, by: str
) -> pl.Series:
    """Find the last price of an instrument before a time.

    Parameters
    ----------
    rows : polars.DataFrame of shape (n_rows, any)
        Rows of BAR, TRADE or QUOTE: close, price or mid.
    asked : polars.DataFrame of shape (n_asked, any)
    on, by : str
        Columns of ``asked``: the time, ns UTC, and the instrument.

    Returns
    -------
    polars.Series of Float64, shape (n_asked,)
        Of the last row that began before the time; null where there is none.
    """
    prices = rows.select("instrument", _at=began(rows), _price=_last_price(rows))
    found = (
        asked.with_row_index("_asked")
        .sort(on)
        .join_asof(
            prices.drop_nulls().sort("_at", maintain_order=True),
            left_on=on,
            right_on="_at",
            by_left=by,
            by_right="instrument",
            strategy="backward",
            allow_exact_matches=False,
            check_sortedness=False,
        )
    )
    return found.sort("_asked").get_column("_price")


def _steps(rows: pl.DataFrame, due: pl.DataFrame) -> pl.DataFrame:
    """Factors on what is earlier than each ex time, all later actions included.

    Actions of one instrument and ex time are one step: the split first, since the
    dividend is paid on the shares that trade at the ex time.
    """
    at_once = due.group_by("instrument", "ex_ns").agg(
        _ratio=pl.col("ratio").filter(pl.col("action") == "split").product(),
        _amount=pl.col("amount").filter(pl.col("action") == "cash_dividend").sum(),
    )
    price = price_before(rows, at_once, "ex_ns", "instrument")
    paid = pl.col("_amount") * pl.col("_ratio") / price
    # Nobody pays out more than the price: such an amount is wrong, and so would be
    # every price before it. Without an earlier price there is nothing to adjust.
    kept = pl.when(paid.is_null()).then(1.0).when(paid < 1).then(1.0 - paid)
    each = at_once.with_columns(_one=kept / pl.col("_ratio")).sort(
        "ex_ns", descending=True
    )
    later = {"_factor": pl.col("_one"), "_split": pl.col("_ratio")}
    return (
        each.select(
            "instrument",
            "ex_ns",
            # A null that was met stays: cum_prod passes over it.
            _bad=pl.col("_one").is_null().cum_max().over("instrument"),
            **{name: e.cum_prod().over("instrument") for name, e in later.items()},
        )
        .select(
            "instrument",
            "ex_ns",
            "_split",
            _factor=pl.when(~pl.col("_bad")).then("_factor"),
        )
        .sort("ex_ns")
    )

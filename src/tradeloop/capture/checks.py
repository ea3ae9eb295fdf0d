"""Rules that a row must keep; the first one it breaks is why it is refused.

The rules compare floats exactly. Prices that one program rounds in one way agree to the
bit with each other, and none of the real files that were read needs a tolerance: a bar
whose close lies a hair above its high is a bar whose high is wrong.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from tradeloop.events import Record

Rule = tuple[str, pl.Expr]
"""A reason and the expression that is true where a row breaks the rule."""

_OPEN, _HIGH, _LOW, _CLOSE = (pl.col(c) for c in ("open", "high", "low", "close"))


def _not_positive(*names: str) -> tuple[Rule, ...]:
    return tuple((f"{name}_not_positive", pl.col(name) <= 0) for name in names)


def _negative(*names: str) -> tuple[Rule, ...]:
    return tuple((f"{name}_negative", pl.col(name) < 0) for name in names)


def _outside_unit(*names: str) -> tuple[Rule, ...]:
    return tuple(
        (f"{name}_outside_0_to_1", ~pl.col(name).is_between(0, 1)) for name in names
    )


def range_rules(prefix: str = "") -> tuple[Rule, ...]:
    """Rules on the four prices of a bar, or of one side of it.

    Parameters
    ----------
    prefix : str
        ``bid_`` or ``ask_`` for bars of quotes.
    """
    o, h, low, c = (pl.col(prefix + n) for n in ("open", "high", "low", "close"))
    return (
        *_not_positive(*(prefix + n for n in ("open", "high", "low", "close"))),
        (f"{prefix}high_below_{prefix}low", h < low),
        (f"{prefix}open_outside_range", (o > h) | (o < low)),
        (f"{prefix}close_outside_range", (c > h) | (c < low)),
    )


def _text(**longest: int) -> tuple[Rule, ...]:
    """Rules on text that the stores keep: so many characters, and no zero byte."""
    return tuple(
        rule
        for name, most in longest.items()
        for rule in (
            (f"{name}_longer_than_{most}", pl.col(name).str.len_chars() > most),
            (
                f"{name}_holds_a_zero_byte",
                pl.col(name).str.contains("\0", literal=True),
            ),
        )
    )


_INSTRUMENT = _text(instrument=50)
RULES: Mapping[str, tuple[Rule, ...]] = {
    "bar": (
        *_INSTRUMENT,
        *range_rules(),
        ("end_not_after_start", pl.col("event_ns") <= pl.col("open_ns")),
        *_not_positive("bid", "ask"),
        *_negative("volume", "bid_size", "ask_size"),
    ),
    "quote": (
        *_INSTRUMENT,
        *_not_positive("bid", "ask"),
        *_negative("bid_size", "ask_size"),
    ),
    "trade": (*_INSTRUMENT, *_not_positive("price", "size")),
    "decision": (
        *_INSTRUMENT,
        *_text(decision_id=200, strategy=100, reasoning=1_000_000),
        *_text(model_id=200, signal_id=200),
        *_outside_unit("signal_strength", "confidence_score", "risk_score"),
    ),
    "fill": (
        *_INSTRUMENT,
        *_text(fill_id=200, decision_id=200, venue=200, algorithm=200),
        ("liquidity_not_known", ~pl.col("liquidity").is_in(["maker", "taker"])),
        ("side_is_no_trade", pl.col("side") == 0),
        *_not_positive("quantity", "price"),
    ),
}
"""Rules by kind of record."""


def broken_rules(
    frame: pl.DataFrame,
    faults: Sequence[tuple[str, pl.Series]],
    rules: Sequence[Rule],
) -> pl.Series:
    """Name for each row the first rule that it breaks.

    Parameters
    ----------
    frame : polars.DataFrame of shape (n_rows, any)
        The columns that the rules speak of; a rule on a null value is kept.
    faults : sequence of (str, polars.Series of Boolean, shape (n_rows,))
        What reading already found; they come before the rules.
    rules : sequence of Rule

    Returns
    -------
    polars.Series of String, shape (n_rows,)
        Reason, null where the row keeps all rules.
    """
    rules = [
        rule for rule in rules if set(rule[1].meta.root_names()) <= set(frame.columns)
    ]
    reasons = [reason for reason, _ in faults] + [reason for reason, _ in rules]
    marks = [pl.lit(mark) for _, mark in faults] + [broken for _, broken in rules]
    if not marks:
        return pl.Series("reason", [None] * frame.height, dtype=pl.String)
    first = pl.min_horizontal(
        pl.when(mark).then(pl.lit(number, pl.UInt16))
        for number, mark in enumerate(marks)
    )
    numbers = frame.select(first.alias("reason")).to_series()
    return numbers.replace_strict(
        list(range(len(reasons))), reasons, default=None, return_dtype=pl.String
    )


def repeated(frame: pl.DataFrame, record: Record, *, order: str) -> pl.Series:
    """Name for each row why it repeats an earlier one.

    Two rows are of one key when all columns of the key are there and equal. Where a
    part of the key is missing, as with quotes that have no sequence number, two rows at
    one time are two events, unless they are equal in all columns.

    Parameters
    ----------
    frame : polars.DataFrame of shape (n_rows, n_columns of record + 1)
        Sorted by instrument and time, or by nothing; the rows need not be neighbours.
    record : Record
        Gives the key and the columns that make up the body.
    order : str
        Column by which "earlier" is told; it is not part of the body.

    Returns
    -------
    polars.Series of String, shape (n_rows,)
        ``duplicate_row`` (the same key and body), ``key_conflict`` (the same key, and
        another body than the first) or null.
    """
    body = [column.name for column in record.columns]
    stem = [name for name in record.key if name in record.required]
    crowd = frame.select(*body, order).with_columns(
        _crowded=pl.struct(stem).is_duplicated()
        if len(stem) > 1
        else pl.col(stem[0]).is_duplicated()
    )
    crowd = crowd.filter("_crowded").sort(order)
    whole = pl.all_horizontal(pl.col(name).is_not_null() for name in record.key)
    said = crowd.select(
        order,
        reason=pl.when(~pl.struct(body).is_first_distinct())
        .then(pl.lit("duplicate_row"))
        .when(whole & ~pl.struct(record.key).is_first_distinct())
        .then(pl.lit("key_conflict")),
    ).drop_nulls("reason")
    return frame.select(order).join(said, on=order, how="left", maintain_order="left")[
        "reason"
    ]


def shared(
    frame: pl.DataFrame, earlier: Sequence[pl.DataFrame], record: Record
) -> pl.Series:
    """Name for each row why it repeats a row of an earlier file.

    Parameters
    ----------
    frame : polars.DataFrame of shape (n_rows, at least the columns of record)
    earlier : sequence of polars.DataFrame
        Rows that earlier files kept, with the columns of the record.
    record : Record

    Returns
    -------
    polars.Series of String, shape (n_rows,)
        ``duplicate_row``, ``key_conflict`` or null, as in `repeated`.
    """
    reason = pl.Series("reason", [None], dtype=pl.String).new_from_index(
        0, frame.height
    )
    body = list(record.schema)
    low, high = frame["event_ns"].min(), frame["event_ns"].max()
    for rows in earlier:
        near = rows.filter(pl.col("event_ns").is_between(low, high))
        if near.height == 0:
            continue
        bodies = near.select(body).unique().with_columns(_same=pl.lit(value=True))
        keys = near.select(record.key).drop_nulls().unique()
        found = frame.join(
            bodies, on=body, how="left", nulls_equal=True, maintain_order="left"
        ).join(
            keys.with_columns(_key=pl.lit(value=True)),
            on=list(record.key),
            how="left",
            maintain_order="left",
        )
        said = pl.when("_same").then(pl.lit("duplicate_row")).when("_key")
        again = found.select(said.then(pl.lit("key_conflict")).alias("again"))
        reason = pl.select(pl.coalesce(reason, again["again"])).to_series()
    return reason.alias("reason")

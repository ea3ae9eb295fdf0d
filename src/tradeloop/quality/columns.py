"""Figures of each column of a table: a feature matrix, a dataset, a file.

For a column x of n rows, after the warm-up of its instrument:

- ``missing_share = missing / rows``, ``completeness = rows / (rows + rows that lack)``,
  where rows are lacking when the table has no row for a bar;
- ``validity = mean(finite / present, 1 - abs(robust z) > 20 / finite)``;
- ``consistency = 1 - rows that repeat a key with another value / rows``;
- ``timeliness = 1 - rows received before their event / rows``;
- ``accuracy = values equal to the reference to 1e-9 / values both have``.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from tradeloop.errors import InputError
from tradeloop.quality.base import Part
from tradeloop.quality.grouping import MEASURES
from tradeloop.quality.missing import value_columns

LIMIT, RELATIVE = 20.0, 1e-9
_MAD, _MEAN = 1.4826, 1.2533
_KEYS = ("instrument", "event_ns")


def by_column(
    table: pl.DataFrame,
    *,
    bars: pl.DataFrame | None = None,
    reference: pl.DataFrame | None = None,
    keys: Sequence[str] = _KEYS,
) -> pl.DataFrame:
    """Figures of each column.

    Parameters
    ----------
    table : polars.DataFrame of shape (n_rows, any)
        The keys and columns of numbers; others are judged by presence alone.
    bars : polars.DataFrame, optional
        The keys of all rows that there should be.
    reference : polars.DataFrame, optional
        The keys and true values, under the same names.
    keys : sequence of str
        What tells two rows apart; the first is what warms up by itself.

    Returns
    -------
    polars.DataFrame of shape (n_columns, 9)
        column, rows (after warm-up) and the measures; null where nothing could be
        judged. ``overall`` is the geometric mean of those that there are, with
        1 - missing_share for the last.

    Raises
    ------
    InputError
        A key is absent.
    """
    lacking = [key for key in keys if key not in table.columns]
    if lacking:
        raise InputError(
            f"The table has no column {lacking[0]}.",
            way_out="Name the columns that tell two rows apart in keys.",
            source="table",
            column=lacking[0],
        )
    absent = 0
    if bars is not None:
        absent = bars.select(keys).unique().join(table, on=keys, how="anti").height
    on_time = _share(table, pl.col("received_ns") >= pl.col("event_ns"))
    rows = []
    for name in value_columns(table.drop(keys[1:])):
        if name not in keys:
            one = table.select(*keys, value=pl.col(name))
            found = _of_one(one, keys, absent) | {"timeliness": on_time}
            found["accuracy"] = _accuracy(one, name, reference, keys)
            rows.append({"column": name, **found, "overall": _overall(found)})
    schema = {"column": pl.String, "rows": pl.Int64}
    return pl.DataFrame(rows, schema=schema | dict.fromkeys(MEASURES, pl.Float64))


def _share(table: pl.DataFrame, good: pl.Expr) -> float | None:
    if not {"event_ns", "received_ns"} <= set(table.columns) or table.is_empty():
        return None
    return float(table.select(good.mean()).item())


def _of_one(
    one: pl.DataFrame, keys: Sequence[str], absent: int
) -> dict[str, float | None]:
    number = one.schema["value"].is_numeric()
    begun = one.with_columns(
        begun=pl.col("value").is_not_null().cum_max().over(keys[0])
    ).filter("begun")
    rows, present = begun.height, begun["value"].drop_nulls()
    finite = present.filter(present.is_finite()) if number else present
    validity = Part("finite", finite.len(), present.len()).share if rows else None
    if number and validity is not None and finite.len():
        validity = (validity + 1 - _far(finite)) / 2
    distinct = begun.unique([*keys, "value"])
    twice = distinct.height - begun.unique(list(keys)).height
    return {
        "rows": rows,
        "missing_share": 1 - present.len() / rows if rows else None,
        "completeness": one.height / (one.height + absent) if one.height else None,
        "validity": validity,
        "consistency": 1 - twice / rows if rows else None,
    }


def _far(values: pl.Series) -> float:
    """Share of values that stand far out of the column by a robust z."""
    x = values.cast(pl.Float64).to_numpy()
    away = np.abs(x - np.median(x))
    mad = _MAD * float(np.median(away))
    scale = mad if mad > 0 else _MEAN * float(away.mean())
    return float((away > LIMIT * scale).mean()) if scale > 0 else 0.0


def _accuracy(
    one: pl.DataFrame,
    name: str,
    reference: pl.DataFrame | None,
    keys: Sequence[str],
) -> float | None:
    if reference is None or name not in reference.columns:
        return None
    truth = reference.select(*keys, true=pl.col(name))
    both = one.join(truth, on=keys, how="inner").drop_nulls(["value", "true"])
    if both.is_empty():
        return None
    if not one.schema["value"].is_numeric():
        return float(both.select((pl.col("value") == pl.col("true")).mean()).item())
    near = (pl.col("value") - pl.col("true")).abs() <= RELATIVE * pl.col("true").abs()
    return float(both.select(near.mean()).item())


def _overall(found: dict[str, float | None]) -> float:
    values = {k: v for k, v in found.items() if v is not None and k != "rows"}
    if "missing_share" in values:
        values["missing_share"] = 1 - values["missing_share"]
    product = 1.0
    for value in values.values():
        product *= value
    return float(product ** (1 / len(values))) if values else 0.0

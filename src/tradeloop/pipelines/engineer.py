"""Features of bars that came with a request, as far as a decision could know them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl

from tradeloop.errors import InputError
from tradeloop.events import BAR
from tradeloop.features import bank_for
from tradeloop.pipelines.featurize import featurize
from tradeloop.quality import QualityReport, measure

Normalization = Literal["none", "z_score", "robust", "min_max"]
_LEAST_ROWS = 2


@dataclass(frozen=True, slots=True, eq=False)
class Engineered:
    """The feature row of a decision.

    Parameters
    ----------
    vector : dict of str to float or None
        Feature to its value, normalised if that was asked; None where the history was
        too short.
    categories : dict of str to str
        Category of each feature.
    statistics : dict of str to dict
        What was subtracted (``centre``) and divided by (``scale``).
    correlation : dict of str to dict
        Pearson correlation of each pair of features over the known bars; features that
        do not vary, or are not known on every row of the pair, are left out.
    quality : QualityReport
        Of the bars.
    """

    vector: dict[str, float | None]
    categories: dict[str, str]
    statistics: dict[str, dict[str, float]]
    correlation: dict[str, dict[str, float]]
    quality: QualityReport


def engineer(
    bars: pl.DataFrame,
    interval_ns: int,
    *,
    decision_ns: int,
    categories: Sequence[str],
    normalization: Normalization,
) -> Engineered:
    """Compute features of the last bar that ended by the decision.

    Parameters
    ----------
    bars : polars.DataFrame of shape (n_bars, n_columns)
        The BAR record of one instrument.
    interval_ns : int
        Length of a bar.
    decision_ns : int
        Bars that end later are not looked at, for statistics neither.
    categories : sequence of str
        Categories that are wanted; empty: all.
    normalization : str
        Statistics come from the bars up to the decision.

    Raises
    ------
    InputError
        Bars are not in order, contradict themselves, or none ended by the decision.
    """
    _refuse_odd(bars)
    known = bars.filter(pl.col("received_ns") <= decision_ns)
    if known.is_empty():
        raise InputError(
            f"None of the {bars.height} bars had ended by the decision.",
            way_out="Send bars from before the decision.",
            source="raw_data.bars",
        )
    bank = bank_for(known, interval_ns)
    features = featurize(bank, known)
    kinds = {e.name: e.category for e in bank.catalogue()}
    wanted = [n for n in bank.names if not categories or kinds[n] in categories]
    values = features.select(wanted)
    statistics = _statistics(values, normalization)
    last = values.row(-1, named=True) if wanted else {}
    return Engineered(
        vector={name: _scaled(last[name], statistics.get(name)) for name in wanted},
        categories={name: kinds[name] for name in wanted},
        statistics=statistics,
        correlation=_correlation(values),
        quality=measure(bars=known, interval_ns=interval_ns, features=features),
    )


def _refuse_odd(bars: pl.DataFrame) -> None:
    rules: tuple[tuple[str, pl.Expr, str], ...] = (
        (
            "start after the bar before",
            (pl.col("open_ns").diff() > 0).fill_null(value=True),
            "Sort the bars by time, each once.",
        ),
        (
            "hold open and close between low and high",
            (pl.col("low") <= pl.min_horizontal("open", "close"))
            & (pl.col("high") >= pl.max_horizontal("open", "close")),
            "Correct or leave out the bar.",
        ),
    )
    for rule, holds, way_out in rules:
        broken = bars.select(holds.not_().arg_true()).to_series()
        if broken.len():
            raise InputError(
                f"A bar must {rule}.",
                way_out=way_out,
                source="raw_data.bars",
                row=int(broken[0]),
            )


def _statistics(
    values: pl.DataFrame, normalization: Normalization
) -> dict[str, dict[str, float]]:
    column = pl.all().drop_nulls()
    parts: dict[Normalization, tuple[pl.Expr, pl.Expr]] = {
        "z_score": (column.mean(), column.std()),
        "robust": (column.median(), column.quantile(0.75) - column.quantile(0.25)),
        "min_max": (column.min(), column.max() - column.min()),
    }
    if normalization == "none":
        return {}
    centre, scale = (
        values.select(part).row(0, named=True) for part in parts[normalization]
    )
    return {
        name: {"centre": centre[name], "scale": scale[name]}
        for name in values.columns
        if centre[name] is not None and scale[name]
    }


def _scaled(value: float | None, known: dict[str, float] | None) -> float | None:
    if value is None or known is None:
        return value
    return (value - known["centre"]) / known["scale"]


def _correlation(values: pl.DataFrame) -> dict[str, dict[str, float]]:
    whole = values.drop_nulls()
    if whole.height < _LEAST_ROWS:
        return {}
    varying = [name for name in whole.columns if whole[name].n_unique() > 1]
    if len(varying) < _LEAST_ROWS:
        return {}
    found = np.corrcoef(whole.select(varying).to_numpy(), rowvar=False)
    return {
        name: dict(zip(varying, map(float, row), strict=True))
        for name, row in zip(varying, found, strict=True)
    }


def bars_of(
    symbol: str, interval_ns: int, rows: Sequence[dict[str, Any]]
) -> pl.DataFrame:
    """Make the BAR record of rows with ``open_ns``, prices and, perhaps, quotes."""
    frame = pl.DataFrame(rows, infer_schema_length=None).with_columns(
        instrument=pl.lit(symbol),
        event_ns=pl.col("open_ns") + interval_ns,
        received_ns=pl.col("open_ns") + interval_ns,
    )
    return BAR.conform(frame)

"""Features of bars that came with a request, as far as a decision could know them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from tradeloop.datasets.feature_metadata import correlation_matrix
from tradeloop.errors import InputError
from tradeloop.events import BAR
from tradeloop.features import bank_for
from tradeloop.features.normalise import Method, fit
from tradeloop.pipelines.featurize import featurize
from tradeloop.quality import QualityReport, measure


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
        What was subtracted (``centre``) and divided by (``scale``), or the quantile
        knots; see `tradeloop.features.normalise`.
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
    normalization: Method,
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
        One of `tradeloop.features.normalise.METHODS`; statistics come from the bars up
        to the decision.

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
    fitted = fit(features, wanted, normalization)
    last = fitted.apply(features.tail(1)).row(0, named=True)
    return Engineered(
        vector={name: last[name] for name in wanted},
        categories={name: kinds[name] for name in wanted},
        statistics=fitted.statistics,
        correlation=correlation_matrix(features, wanted),
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

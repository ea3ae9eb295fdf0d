"""Label a frame of decisions: one row per decision, null where nothing is known.

1. `groups` cuts the decisions into spans, by instrument and horizon.
2. Every label of ``ALL`` is taken from each span.
3. The values go back to the rows of their decisions.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.clock import NS_PER_DAY
from tradeloop.costs import CostModel
from tradeloop.labels.base import MISSING_NS
from tradeloop.labels.groups import groups
from tradeloop.labels.protocol import Output, own_end
from tradeloop.labels.rules import LabelPlan, OutcomeRule
from tradeloop.labels.span import VERDICTS, Span
from tradeloop.labels.units import ALL

PRIMARY_ONLY = ("decision_outcome",)  # made for the first horizon alone, no suffix

_WAIT_NS = 5 * NS_PER_DAY
_RULE, _COSTS = OutcomeRule(), CostModel()


def _column(output: Output, suffix: str) -> str:
    return output.stem if output.stem in PRIMARY_ONLY else f"{output.stem}_{suffix}"


def label_schema(plan: LabelPlan) -> dict[str, pl.DataType]:
    """Columns of the frame that `label` returns, in order.

    Parameters
    ----------
    plan : LabelPlan
        Gives the horizons.
    """
    text, time, number = pl.String(), pl.Int64(), pl.Float64()
    schema: dict[str, pl.DataType] = {
        "decision_id": text,
        "instrument": text,
        "decision_ns": time,
        "price": number,
        "decision_outcome": text,
        "state": text,
        "reason": text,
    }
    for suffix in plan.suffixes:
        schema |= {f"due_ns_{suffix}": time, f"end_ns_{suffix}": time}
        schema |= {f"volatility_{suffix}": number}
        for unit in ALL:
            for output in unit.outputs:
                schema.setdefault(_column(output, suffix), output.dtype)
            if own_end(unit):
                schema[f"{own_end(unit)}_{suffix}"] = time
    return schema


def _taken(
    part: Span, suffix: str, *, primary: bool
) -> Iterator[tuple[str, NDArray[np.generic]]]:
    """Yield the columns of one span at one horizon."""
    end = np.full(part.side.shape, MISSING_NS)
    for unit in ALL:
        values, known = unit.label(part)
        end = np.maximum(end, known)
        if own_end(unit):
            yield f"{own_end(unit)}_{suffix}", known
        for output in unit.outputs:
            if primary or output.stem not in PRIMARY_ONLY:
                yield _column(output, suffix), values[output.stem]
    yield f"due_ns_{suffix}", part.due_ns
    yield f"end_ns_{suffix}", end
    yield f"volatility_{suffix}", part.volatility
    if primary:
        yield "price", part.leg.entry_price
        yield "verdict", part.verdict.astype(np.float64)


def _put(
    table: dict[str, NDArray[np.generic]],
    rows: NDArray[np.intp],
    columns: Iterator[tuple[str, NDArray[np.generic]]],
    height: int,
) -> None:
    for name, values in columns:
        if name not in table:
            missing = MISSING_NS if values.dtype == np.int64 else np.nan
            table[name] = np.full(height, missing, dtype=values.dtype)
        table[name][rows] = values


def _words(
    codes: NDArray[np.generic], words: Sequence[str | None], first: int
) -> pl.Series:
    """Text of each code; ``first`` is the code of the first word, NaN gives null."""
    place = pl.Series(codes, nan_to_null=True) - first
    return pl.Series(words, dtype=pl.String).gather(place.cast(pl.UInt32))


def _worded(
    table: dict[str, NDArray[np.generic]], plan: LabelPlan
) -> dict[str, pl.Series]:
    """Take the codes of classes out of the table, as text."""
    outputs = [output for unit in ALL for output in unit.outputs if output.words]
    names = {
        _column(output, h): output.words for output in outputs for h in plan.suffixes
    }
    return {
        name: _words(table.pop(name), words, -(len(words) // 2))
        for name, words in names.items()
    }


def _series(name: str, dtype: pl.DataType, values: NDArray[np.generic]) -> pl.Series:
    series = pl.Series(name, values, nan_to_null=True)
    if dtype == pl.Int64():
        series = series.set(series == MISSING_NS, None)
    return series.cast(dtype)


def label(  # noqa: PLR0913 - all that a label depends on, by name
    decisions: pl.DataFrame,
    bars: pl.DataFrame,
    quotes: pl.DataFrame | None = None,
    *,
    horizons_ns: Sequence[int],
    benchmark: str | None = None,
    rule: OutcomeRule = _RULE,
    costs: CostModel = _COSTS,
    wait_ns: int = _WAIT_NS,
    as_of_ns: int | None = None,
) -> pl.DataFrame:
    """Label every decision at every horizon.

    A decision is dated by its ``received_ns``; prices are those that were received by
    then. Paths of an instrument that has quotes are its mids, all others its bars.

    Parameters
    ----------
    decisions : polars.DataFrame of shape (n_decisions, any)
        Columns decision_id (unique), instrument, side, received_ns, in any order of
        rows.
    bars : polars.DataFrame of shape (n_bars, any)
        Columns of the bar record, in any order of rows; may be empty.
    quotes : polars.DataFrame of shape (n_quotes, any), optional
        Columns of the quote record; may be empty.
    horizons_ns, benchmark, rule, costs, wait_ns, as_of_ns
        As in `LabelPlan`.

    Returns
    -------
    polars.DataFrame of shape (n_decisions, n_columns)
        In the order of ``decisions``; columns of `label_schema`:

        - decision_id, instrument, decision_ns; ``price``: known at the decision;
        - ``state`` of the outcome at the primary horizon: labelled, pending (its
          future is not there yet) or censored (it can never be known); ``reason`` of
          the latter two; ``decision_outcome`` of the first;
        - for each horizon h, such as 5d: ``due_ns_h``; ``end_ns_h``: when the last of
          its values that are there was known; ``volatility_h``: known at the decision;
          the outputs of each label, with the suffix, and the own end of one that may be
          known before the others.

        What is not known is null, never 0. The return and the direction of a symbol do
        not need a side or a benchmark, so they may be known where the outcome is not.

    Raises
    ------
    InputError
        A column is absent or holds a null, a side is not +1, -1 or 0, an id comes
        twice, a price is not above 0, the benchmark has no prices, or it is the
        instrument of every decision.
    """
    plan = LabelPlan(horizons_ns, benchmark, rule, costs, wait_ns, as_of_ns)
    table: dict[str, NDArray[np.generic]] = {}
    for group in groups(decisions, bars, quotes, plan):
        for part, suffix in zip(group.spans, plan.suffixes, strict=True):
            columns = _taken(part, suffix, primary=suffix == plan.suffixes[0])
            _put(table, group.rows, columns, decisions.height)
    schema = label_schema(plan)
    if not table:
        return pl.DataFrame(schema=schema)
    verdict = table.pop("verdict")
    text = {
        "state": _words(verdict, [each.state.value for each in VERDICTS], 0),
        "reason": _words(verdict, [each.reason for each in VERDICTS], 0),
    }
    text |= _worded(table, plan)
    known = {
        name: _series(name, schema[name], column) for name, column in table.items()
    }
    ids = {
        "decision_id": decisions["decision_id"],
        "instrument": decisions["instrument"],
        "decision_ns": decisions["received_ns"],
    }
    return pl.DataFrame(ids | text | known).select(
        pl.col(name).cast(dtype) for name, dtype in schema.items()
    )

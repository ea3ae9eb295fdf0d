"""Columns of execution truth: name, type, unit and meaning."""

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from tradeloop.labels.execution.rule import checked_horizons

_TEXT, _TIME, _NUMBER = pl.String(), pl.Int64(), pl.Float64()
_FLAG, _COUNT, _SIDE = pl.Boolean(), pl.Int64(), pl.Int8()


class Figure(NamedTuple):
    """A column: its type in frames, and what its value says."""

    dtype: pl.DataType
    meaning: str


def fill_schema(horizons_ns: Sequence[int]) -> dict[str, Figure]:
    """Columns of `fill_truth`, in order.

    Parameters
    ----------
    horizons_ns : sequence of int
        As given to `fill_truth`.
    """
    columns = {
        "fill_id": Figure(_TEXT, "fill"),
        "decision_id": Figure(_TEXT, "decision it belongs to, by itself or its order"),
        "order_id": Figure(_TEXT, "order it belongs to"),
        "instrument": Figure(_TEXT, "instrument, as its prices call it"),
        "side": Figure(_SIDE, "+1 bought, -1 sold"),
        "event_ns": Figure(_TIME, "when it happened, ns UTC"),
        "received_ns": Figure(_TIME, "when it was known, ns UTC"),
        "price": Figure(_NUMBER, "price, quote currency"),
        "quantity": Figure(_NUMBER, "units"),
        "fees": Figure(_NUMBER, "quote currency, positive is paid; null: not known"),
        "left_out": Figure(_TEXT, "why it executes no decision given; null: it does"),
        "fill_suspect": Figure(_FLAG, "whether it cannot have happened as told"),
        "fill_suspect_reason": Figure(_TEXT, "first rule that it breaks"),
        "price_is": Figure(_TEXT, "price of its bar that it equals, such as low"),
        "mid": Figure(_NUMBER, "last mid at or before it; last close without quotes"),
        "mid_from": Figure(_TEXT, "quotes, bars, or null without either"),
        "effective_bps": Figure(_NUMBER, "effective spread, cost, bps of the mid"),
    }
    for h in checked_horizons(horizons_ns):
        columns |= {
            f"realised_bps_{h}": Figure(_NUMBER, f"realised spread at {h}, cost, bps"),
            f"impact_bps_{h}": Figure(_NUMBER, f"price impact by {h}, cost, bps"),
            f"markout_bps_{h}": Figure(_NUMBER, f"markout at {h}, gain, bps"),
            f"markout_end_ns_{h}": Figure(_TIME, f"when those of {h} were known"),
        }
    columns["end_ns"] = Figure(_TIME, "when all of it was known; null: not yet")
    return columns


_WHOLE = {
    "decision_id": Figure(_TEXT, "decision"),
    "instrument": Figure(_TEXT, "instrument, as its prices call it"),
    "side": Figure(_SIDE, "+1 buy, -1 sell, 0 decided not to trade"),
    "decision_ns": Figure(_TIME, "when it was known, ns UTC"),
    "decision_price": Figure(_NUMBER, "last price known at the decision"),
    "quantity": Figure(_NUMBER, "units of the paper portfolio"),
    "quantity_from": Figure(_TEXT, "who says so: decision, orders or fills"),
    "filled_quantity": Figure(_NUMBER, "units filled"),
    "fills": Figure(_COUNT, "fills that execute it"),
    "fills_left_out": Figure(_COUNT, "fills that name it but do not execute it"),
    "fill_price": Figure(_NUMBER, "quantity-weighted price of the fills"),
    "first_fill_ns": Figure(_TIME, "first fill, ns UTC"),
    "last_fill_ns": Figure(_TIME, "last fill, ns UTC"),
    "arrival_ns": Figure(_TIME, "when the order came to the market, ns UTC"),
    "arrival_price": Figure(_NUMBER, "mid as of the arrival"),
    "arrival_from": Figure(
        _TEXT, "order (stated), order_mid (as of its arrival), first_fill, decision"
    ),
    "end_price": Figure(_NUMBER, "price at which the unfilled rest is valued"),
}
_PARTS = {
    "delay": "from the decision to the arrival, on what was filled",
    "execution": "from the arrival to the fills",
    "opportunity": "what was not filled, from the decision to the end price",
    "fees": "fees; null where those of a fill are not known",
    "shortfall_before_fees": "delay + execution + opportunity",
    "shortfall": "delay + execution + opportunity + fees",
}
_SLIPPAGE = {
    "arrival_slippage_bps": "against the arrival price",
    "vwap_slippage_bps": "against the interval VWAP, own fills excluded",
    "twap_slippage_bps": "against the interval TWAP",
    "close_slippage_bps": "against the close of the day of the last fill",
}


def execution_schema(horizons_ns: Sequence[int]) -> dict[str, Figure]:
    """Columns of `execution_truth`, in order.

    Parameters
    ----------
    horizons_ns : sequence of int
        As given to `execution_truth`.
    """
    columns = dict(_WHOLE)
    for name, meaning in _PARTS.items():
        columns[name] = Figure(_NUMBER, f"{meaning}; cost, quote currency")
        columns[f"{name}_bps"] = Figure(_NUMBER, f"{meaning}; cost, bps of paper value")
    columns["shortfall_end_ns"] = Figure(_TIME, "when the shortfall was known")
    for name, meaning in _SLIPPAGE.items():
        columns[name] = Figure(_NUMBER, f"slippage {meaning}; cost, bps")
    columns["vwap_from"] = Figure(_TEXT, "trades, bars, or null without a VWAP")
    weighted = "weighted by quantity"
    columns["effective_bps"] = Figure(_NUMBER, f"effective spread, {weighted}; cost")
    for h in checked_horizons(horizons_ns):
        columns |= {
            f"realised_bps_{h}": Figure(_NUMBER, f"realised spread at {h}, {weighted}"),
            f"impact_bps_{h}": Figure(_NUMBER, f"price impact by {h}, {weighted}"),
            f"markout_bps_{h}": Figure(_NUMBER, f"markout at {h}, gain, {weighted}"),
            f"markout_end_ns_{h}": Figure(_TIME, f"when those of {h} were known"),
        }
    columns |= {
        "fill_suspect": Figure(_FLAG, "whether a fill cannot have happened as told"),
        "fill_suspect_reason": Figure(_TEXT, "rules that its fills break"),
        "suspect_fills": Figure(_COUNT, "fills that break one"),
        "execution_end_ns": Figure(
            _TIME, "when all of it was known; null: something is not known yet"
        ),
    }
    return columns


def shaped(columns: dict[str, pl.Series], schema: dict[str, Figure]) -> pl.DataFrame:
    """Put columns into the order and the types of a schema; NaN becomes null."""
    return pl.DataFrame(
        [
            columns[name].fill_nan(None).cast(figure.dtype).alias(name)
            if columns[name].dtype.is_float()
            else columns[name].cast(figure.dtype).alias(name)
            for name, figure in schema.items()
        ]
    )

"""``tradeloop capture compare``: whether two sources of one price line up."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
from rich.markup import escape

from tradeloop.apps.terminal import answers, table
from tradeloop.capture import Intake, read_events
from tradeloop.capture.cleaning import align, align_by_month
from tradeloop.errors import InputError
from tradeloop.events import duration_ns, duration_text

_PRICED = ("bar", "quote", "trade")
_SHIFTS, _SHOWN = 3, 6


def compare(
    one: Path, other: Path, *, step: str, columns: Path | None
) -> Mapping[str, Any]:
    """Correlate the returns of two files, shifted by up to three steps to each side.

    Parameters
    ----------
    one, other : Path
        Files of bars, quotes or trades.
    step : str
        Length of a return, such as ``1h``.
    columns : Path, optional
        Column map of the user's own.

    Returns
    -------
    mapping
        ``pairs``: for each instrument of both, by symbol: shift, correlation there and
        at no shift with their intervals, whether it lines up, and ``months`` that do
        not. An instrument that only one file has is not compared.

    Raises
    ------
    InputError
        A file cannot be read, no instrument is in both, or too few returns are common.
    """
    step_ns = duration_ns(step)
    left, right = _prices(one, columns), _prices(other, columns)
    common = sorted(set(left) & set(right))
    if not common:
        raise InputError(
            f"No instrument is in both: {', '.join(sorted(left))} and "
            f"{', '.join(sorted(right))}.",
            way_out="Give two files of the same symbol.",
            source=str(other),
        )
    pairs = [_pair(name, left[name], right[name], step_ns) for name in common]
    return {"one": str(one), "other": str(other), "step": step, "pairs": pairs}


def show(answer: Mapping[str, Any]) -> None:
    """Print one line a symbol, and the months that do not line up."""
    rows = [
        (
            escape(pair["symbol"]),
            _told(pair["at_zero"]),
            _shift(pair["shift_ns"]),
            f"{pair['best']['value']:.3f}",
            "yes" if pair["lined_up"] else "[bold red]no[/]",
            _months(pair["months"]),
        )
        for pair in answer["pairs"]
    ]
    head = ("symbol", "correlation", "best shift", "there", "lines up", "odd months")
    answers.print(table(f"returns of {answer['step']}", head, rows))


def _months(odd: list[Mapping[str, Any]]) -> str:
    told = [f"{m['month'][:7]} ({_shift(m['shift_ns'])})" for m in odd]
    more = [f"and {len(odd) - _SHOWN} more"] if len(odd) > _SHOWN else []
    return ", ".join([*told[:_SHOWN], *more])


def _told(interval: Mapping[str, float]) -> str:
    low, high = interval["low"], interval["high"]
    return f"{interval['value']:.3f} [{low:.3f}, {high:.3f}]"


def _shift(ns: int) -> str:
    return "0" if ns == 0 else ("+" if ns > 0 else "-") + duration_text(abs(ns))


def _prices(path: Path, columns: Path | None) -> dict[str, pl.DataFrame]:
    """Time and price by symbol, whatever the venue; of quotes the mid."""
    read = read_events(path, kinds=_PRICED, columns=columns)
    frames = pl.concat([_priced(one) for one in read]).sort("event_ns")
    by_symbol = frames.partition_by("symbol", as_dict=True, include_key=False)
    return {str(key[0]): frame for key, frame in by_symbol.items()}


def _priced(intake: Intake) -> pl.DataFrame:
    price = {
        "bar": pl.col("close"),
        "quote": (pl.col("bid") + pl.col("ask")) / 2,
        "trade": pl.col("price"),
    }[intake.record.kind]
    symbol = pl.col("instrument").str.split(".").list.first()
    return intake.rows.select("event_ns", price=price, symbol=symbol)


def _pair(
    symbol: str, one: pl.DataFrame, other: pl.DataFrame, step_ns: int
) -> dict[str, Any]:
    found = align(one, other, step_ns=step_ns, shifts=_SHIFTS)
    months = align_by_month(one, other, step_ns=step_ns, shifts=_SHIFTS)
    odd = months.filter(~pl.col("lined_up")).with_columns(
        pl.col("month").cast(pl.String)
    )
    return {
        "symbol": symbol,
        "shift_ns": found.shift_ns,
        "best": _interval(found.best),
        "at_zero": _interval(found.at_zero),
        "lined_up": found.lined_up and odd.is_empty(),
        "related": found.related,
        "pairs": found.pairs,
        "months": odd.to_dicts(),
    }


def _interval(interval: Any) -> dict[str, float]:
    return {name: getattr(interval, name) for name in ("value", "low", "high")}

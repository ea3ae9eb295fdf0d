"""What ``tradeloop quality`` does, and how it is shown."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
from rich.markup import escape
from rich.table import Table

from tradeloop.apps.assembling import there
from tradeloop.apps.rules import located
from tradeloop.apps.terminal import answers, table
from tradeloop.capture import Intake, read_events
from tradeloop.datasets import utc_text
from tradeloop.errors import InputError
from tradeloop.events import duration_ns, duration_text
from tradeloop.pipelines.quality_report import BY, Asked, as_mappings, quality_report
from tradeloop.quality import (
    MEASURES,
    Anomaly,
    QualityRule,
    SourceComparison,
    compare_sources,
)

_MOST_WINDOWS = 20
_HEADS = {
    "completeness": "complete",
    "accuracy": "accurate",
    "consistency": "consistent",
    "timeliness": "timely",
    "validity": "valid",
    "missing_share": "missing",
}
_PRICED = ("bar", "quote", "trade")


def report(
    folder: Path, *, window: str, by: str, limits: Sequence[str]
) -> Mapping[str, Any]:
    """Judge what was captured in a workspace.

    Parameters
    ----------
    folder : Path
        Of the workspace.
    window : str
        Length of a window of time.
    by : str
        ``instrument`` or ``source``.
    limits : sequence of str
        Each ``MEASURE=VALUE``.

    Returns
    -------
    mapping
        ``overall``, ``measures``, ``groups``, ``windows``, ``delays``, ``anomalies``,
        ``closures``, ``broken`` and ``kept``: whether no limit is broken.

    Raises
    ------
    NotFoundError
        There is no workspace, or no bars were captured.
    InputError
        An option breaks its rule.
    """
    with located("--window"):
        window_ns = duration_ns(window)
    if by not in BY:
        raise InputError(
            f"Figures come by {' or '.join(BY)}, not by {by!r}.",
            way_out="Choose one of them.",
            source="--by",
        )
    asked = Asked(window_ns, by, tuple(_rule(text) for text in limits))
    with there(folder) as (workspace, _):
        found = quality_report(workspace, asked)
    return {
        "window": duration_text(window_ns),
        "by": by,
        "overall": found.whole.overall,
        "measures": {name: getattr(found.whole, name) for name in MEASURES},
        "groups": found.groups.to_dicts(),
        "windows": found.windows.to_dicts(),
        "delays": found.delays.to_dicts(),
        "anomalies": [_plain(each) for each in found.whole.anomalies if each.count],
        "closures": [_plain(each) for each in found.whole.closures if each.count],
        "broken": as_mappings(found.broken),
        "kept": found.kept,
    }


def _rule(text: str) -> QualityRule:
    measure, _, value = text.partition("=")
    try:
        limit = float(value)
    except ValueError as error:
        raise InputError(
            f"A limit is MEASURE=VALUE, was {text!r}.",
            way_out="Such as overall=0.95.",
            source="--limit",
        ) from error
    with located("--limit"):
        return QualityRule(measure.strip(), limit)


def _plain(anomaly: Anomaly) -> dict[str, Any]:
    told = anomaly.as_mapping()
    return {**told, "examples": [_json(each) for each in told["examples"]]}


def _json(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, date | datetime) else value
        for name, value in row.items()
    }


def show_report(answer: Mapping[str, Any]) -> None:
    """Print figures, the worst windows, delays, what was found, broken limits."""
    by, windows = answer["by"], answer["windows"]
    whole = {by: "all", **answer["measures"]}
    answers.print(_figures("quality, 0 to 1", (by,), [whole, *answer["groups"]]))
    marred = sorted(
        (w for w in windows if w["overall"] < 1), key=lambda w: w["overall"]
    )
    shown = sorted(marred[:_MOST_WINDOWS], key=lambda w: w["window_ns"])
    title = (
        f"{len(marred):,} of {len(windows):,} windows of {answer['window']} are not 1"
    )
    if shown:
        rows = [
            (utc_text(w["window_ns"])[:16], escape(w["instrument"]), *_worst(w))
            for w in shown
        ]
        head = ("begin", "instrument", "overall", "worst measure")
        answers.print(table(f"{title}; the worst {len(rows)}", head, rows))
    else:
        answers.print(title)
    answers.print(_delays(answer["delays"]))
    found = [
        (a["name"], f"{a['count']:,}", a["severity"], a["rule"]) for a in _odd(answer)
    ]
    if found:
        answers.print(table("found", ("what", "rows", "severity", "rule"), found))
    for each in answer["broken"]:
        answers.print(f"[bold red]broken[/] {escape(each['reason'])}", soft_wrap=True)


def _worst(row: Mapping[str, Any]) -> tuple[str, str]:
    """Write the whole, and the measure that pulls it down most."""
    good = {n: row[n] for n in _HEADS if row[n] is not None}
    if "missing_share" in good:
        good["missing_share"] = 1 - good["missing_share"]
    name = min(good, key=lambda n: float(good[n]))
    return f"{row['overall']:.4f}", f"{_HEADS[name]} {row[name]:.4f}"


def _odd(answer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from answer["anomalies"]
    for each in answer["closures"]:
        yield {**each, "severity": "excused"}


def _figures(
    title: str, keys: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> Table:
    """Lay out figures; a measure that nothing was judged by has no column."""
    names = [n for n in MEASURES if any(row[n] is not None for row in rows)]
    lines = [
        [
            *(escape(str(row[key])) or "-" for key in keys),
            *("" if row[n] is None else f"{row[n]:.4f}" for n in names),
        ]
        for row in rows
    ]
    shown = table(title, (*keys, *(_HEADS.get(n, n) for n in names)), lines)
    shown.columns[0].no_wrap = True
    return shown


def _delays(rows: Sequence[Mapping[str, Any]]) -> Table:
    points = ("least_ns", "p50_ns", "p99_ns", "most_ns")
    shown = [
        (
            row["kind"],
            escape(row["instrument"]),
            f"{row['rows']:,}",
            *(f"{row[point] / 1e6:,.3f}" for point in points),
        )
        for row in rows
    ]
    head = ("kind", "instrument", "rows", "least", "p50", "p99", "most")
    found = table("delay: received after it happened, ms", head, shown)
    found.columns[1].no_wrap = True
    return found


def compare(
    one: Path, other: Path, *, step: str, columns: Path | None
) -> Mapping[str, Any]:
    """Compare two files of the same symbols.

    Parameters
    ----------
    one, other : Path
        Files of bars, quotes or trades.
    step : str
        Length of a return, such as ``1m``; that of the bars for bars.
    columns : Path, optional
        Column map of the user's own.

    Returns
    -------
    mapping
        ``pairs``: what `tradeloop.quality.compare_sources` found, by symbol.

    Raises
    ------
    InputError
        A file cannot be read, no symbol is in both, or too few returns are common.
    """
    with located("--step"):
        step_ns = duration_ns(step)
    left, right = _by_symbol(one, columns), _by_symbol(other, columns)
    common = sorted(set(left) & set(right))
    if not common:
        raise InputError(
            f"No symbol is in both: {', '.join(sorted(left))} and "
            f"{', '.join(sorted(right))}.",
            way_out="Give two files of the same symbol.",
            source=str(other),
        )
    pairs = [
        {
            "symbol": name,
            **_pair(compare_sources(left[name], right[name], step_ns=step_ns)),
        }
        for name in common
    ]
    return {"one": str(one), "other": str(other), "step": step, "pairs": pairs}


def _by_symbol(path: Path, columns: Path | None) -> dict[str, pl.DataFrame]:
    read = read_events(path, kinds=_PRICED, columns=columns)
    frames = pl.concat([_priced(intake) for intake in read], how="diagonal")
    parts = frames.sort("event_ns", maintain_order=True).partition_by(
        "symbol", as_dict=True, include_key=False
    )
    return {str(key[0]): frame for key, frame in parts.items()}


def _priced(intake: Intake) -> pl.DataFrame:
    symbol = pl.col("instrument").str.split(".").list.first()
    rows = intake.rows.with_columns(symbol=symbol)
    if intake.record.kind == "trade":
        return rows.rename({"price": "close"})
    return rows


def _pair(found: SourceComparison) -> dict[str, Any]:
    best, zero = found.alignment.best, found.alignment.at_zero
    sides = {
        name: {**asdict(facts), "crossed_share": facts.crossed_share}
        for name, facts in (("one", found.one), ("other", found.other))
    }
    return {
        **sides,
        "lined_up": found.alignment.lined_up,
        "related": found.alignment.related,
        "shift_ns": found.alignment.shift_ns,
        "best": {"value": best.value, "low": best.low, "high": best.high},
        "at_zero": {"value": zero.value, "low": zero.low, "high": zero.high},
        "offset_ns": found.offset_ns,
        "resolution_ns": found.resolution_ns,
        "level_bps": found.level_bps,
        "level_low_bps": found.level_low_bps,
        "level_high_bps": found.level_high_bps,
        "common_steps": found.common_steps,
        "opens_earlier_ns": found.opens_earlier_ns,
        "weeks": found.weeks.to_dicts(),
    }


def show_compared(answer: Mapping[str, Any]) -> None:
    """Print a table for each symbol."""
    for pair in answer["pairs"]:
        title = f"{pair['symbol']}: {answer['other']} against {answer['one']}"
        rows = list(_lines(pair, answer["step"]))
        answers.print(table(escape(title), ("what", "found"), rows))


def _lines(pair: Mapping[str, Any], step: str) -> Iterator[tuple[str, str]]:
    yield f"correlation of returns of {step}", _band(pair["at_zero"])
    yield f"at the best shift, {_span(pair['shift_ns'])}", _band(pair["best"])
    yield "lines up", "yes" if pair["lined_up"] else "[bold red]no[/]"
    for side in ("one", "other"):
        facts = pair[side]
        crossed = f"{facts['crossed']:,} of {facts['rows']:,}"
        share = f"{crossed} ({facts['crossed_share']:.2%})"
        whose = f"crossed quotes of the {'first' if side == 'one' else 'other'}"
        yield whose, f"{share}, {facts['repeated']:,} rows repeated"
    earlier = pair["opens_earlier_ns"]
    if earlier is not None:
        when = "earlier" if earlier >= 0 else "later"
        yield f"the other opens its week {when} by", _span(abs(int(earlier)))
    offset = f"{_span(pair['offset_ns'])}, to {_span(pair['resolution_ns'])}"
    yield "clock of the other lies behind by", offset
    low, high = pair["level_low_bps"], pair["level_high_bps"]
    yield (
        "level of the other",
        f"{pair['level_bps']:+.3f} bps; 5 to 95 %: {low:+.3f} to {high:+.3f}",
    )
    yield "common steps", f"{pair['common_steps']:,}"


def _band(interval: Mapping[str, float]) -> str:
    low, high = interval["low"], interval["high"]
    return f"{interval['value']:.4f} ({low:.4f} to {high:.4f})"


def _span(ns: int) -> str:
    seconds, sign = abs(ns) / 1e9, "-" if ns < 0 else ""
    hours, rest = divmod(seconds, 3_600)
    if hours:
        return f"{sign}{hours:.0f} h {rest // 60:.0f} min"
    return f"{sign}{seconds:g} s"

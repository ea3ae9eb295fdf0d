"""A run over the user's own files."""

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import polars as pl

from tradeloop.capture import (
    fills_of,
    instrument_names,
    read_decisions,
    read_fills,
    read_market,
)
from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE, NS_PER_SECOND
from tradeloop.errors import InputError
from tradeloop.pipelines.job import Job
from tradeloop.strategies import ALL, Strategy

# Bars shorter than the first figure get the horizons beside it.
_USUAL_NS: tuple[tuple[int, tuple[int, ...]], ...] = (
    (NS_PER_MINUTE, (30 * NS_PER_SECOND, 10 * NS_PER_SECOND, 60 * NS_PER_SECOND)),
    (NS_PER_HOUR, (NS_PER_HOUR, 15 * NS_PER_MINUTE, 4 * NS_PER_HOUR)),
    (NS_PER_DAY, (4 * NS_PER_HOUR, NS_PER_HOUR, NS_PER_DAY)),
)
_DAILY_NS = (5 * NS_PER_DAY, NS_PER_DAY, 20 * NS_PER_DAY)


@dataclass(frozen=True, slots=True)
class Files:
    """What the user named.

    Parameters
    ----------
    market : tuple of Path
        Files or folders of bars, quotes or trades.
    decisions, fills : Path, optional
        Files of decisions and of fills.
    strategy : str, optional
        Rule that decides, or ``all``.
    columns : Path, optional
        Column map.
    bar : str, optional
        Bar to build from ticks.
    """

    market: tuple[Path, ...]
    decisions: Path | None = None
    strategy: str | None = None
    fills: Path | None = None
    columns: Path | None = None
    bar: str | None = None


def own_job(
    files: Files, *, horizons_ns: tuple[int, ...], benchmark: str | None
) -> Job:
    """Read the files and return the job; nothing is written.

    Parameters
    ----------
    files : Files
        What to read.
    horizons_ns : tuple of int
        Empty: chosen from the bar interval.
    benchmark : str, optional
        Instrument to beat, by symbol or with its venue.

    Raises
    ------
    InputError
        A file breaks a rule, or there is no such strategy.
    """
    strategies = _strategies(files.strategy)
    market = read_market(files.market, columns=files.columns, bar=files.bar)
    decisions = fills = None
    if files.decisions is not None:
        decisions = read_decisions(files.decisions, columns=files.columns)
        fills = fills_of(files.decisions, columns=files.columns)
    if files.fills is not None:
        fills = read_fills(files.fills, columns=files.columns)
    return Job(
        name=files.strategy or "decisions",
        market=market,
        horizons_ns=horizons_ns or usual_horizons_ns(market.interval_ns),
        decisions=decisions,
        strategies=strategies,
        fills=fills,
        benchmark=benchmark and _instrument(benchmark, market.bars["instrument"]),
    )


def usual_horizons_ns(interval_ns: int) -> tuple[int, ...]:
    """Horizons for bars of a length; the first one is learned."""
    for below_ns, horizons_ns in _USUAL_NS:
        if interval_ns < below_ns:
            return horizons_ns
    return _DAILY_NS


def _strategies(name: str | None) -> tuple[Strategy, ...]:
    if name is None:
        return ()
    if name == "all":
        return tuple(ALL)
    known = {strategy.name: strategy for strategy in ALL}
    if name not in known:
        near = get_close_matches(name, known, n=1, cutoff=0.0)[0]
        raise InputError(
            f"There is no strategy {name!r}; did you mean {near!r}?",
            way_out=f"Known: all, {', '.join(known)}.",
            source="--strategy",
        )
    return (known[name],)


def _instrument(symbol: str, instruments: pl.Series) -> str:
    found = instrument_names(pl.Series([symbol]), instruments)
    meant = found["meant"][0]
    if meant is None:
        near = get_close_matches(symbol, instruments.unique(), n=3, cutoff=0.0)
        raise InputError(
            f"The benchmark {symbol!r} means {found['matches'][0]} instruments.",
            way_out=f"Name one of the market files, such as {', '.join(near)}.",
            source="--benchmark",
        )
    return str(meant)

"""Small ticks, and a model of what a table of them should say."""

from pathlib import Path

import polars as pl

from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR
from tradeloop.events import Principal
from tradeloop.stores.ticks import Ticks

ANN, BOB = Principal("acme", "ann"), Principal("other", "bob")
KIND = "quote"


def quotes(rows: list[tuple], **more) -> pl.DataFrame:
    """Rows of (instrument, hour, bid); ``more`` are columns that came later."""
    return pl.DataFrame(
        {
            "instrument": [str(name) for name, _, _ in rows],
            "event_ns": [hour * NS_PER_HOUR for _, hour, _ in rows],
            "received_ns": [hour * NS_PER_HOUR + 5 for _, hour, _ in rows],
            "bid": [float(bid) for _, _, bid in rows],
            **more,
        }
    )


def day_of(names: str, day: int, bid: float = 1.0, per: int = 4) -> pl.DataFrame:
    """Some quotes of one day for each instrument."""
    hours = range(24 * day, 24 * day + per)
    return quotes([(name, hour, bid) for hour in hours for name in names])


def slow_read(appends: list[pl.DataFrame]) -> list[tuple]:
    """What a table says, told without files: all rows, each stable in its place."""
    rows = [row for frame in appends for row in frame.rows()]
    return sorted(rows, key=lambda row: (row[0].encode(), row[1]))


def files_of(ticks: Ticks, who: Principal = ANN) -> set[str]:
    folder = ticks.root / who.tenant / "market" / KIND
    return {p.relative_to(folder).as_posix() for p in folder.glob("*/**/*.parquet")}


def log_of(root: Path, who: Principal = ANN) -> list[Path]:
    return sorted((root / who.tenant / "market" / KIND / "_log").glob("*.json"))


__all__ = [
    "ANN",
    "BOB",
    "KIND",
    "NS_PER_DAY",
    "day_of",
    "files_of",
    "log_of",
    "quotes",
    "slow_read",
]

"""Write a simulated market, or fit one to recorded files and show how well."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tradeloop.capture import read_market
from tradeloop.clock import NS_PER_HOUR, NS_PER_MINUTE
from tradeloop.errors import InputError
from tradeloop.pipelines.simulated_picture import fit_picture
from tradeloop.reports import as_file
from tradeloop.simulation import (
    NONE,
    SEEDS,
    Faults,
    Recording,
    arrays,
    calibrated,
    compare,
    encode,
    fit,
    shaped,
    shipped,
    simulate,
    table,
)

_SIGNATURE = "simulated.json"


def write_market(
    preset: str,
    out: Path,
    *,
    days: float,
    seed: int,
    rate: float = 1.0,
    faults: Faults = NONE,
) -> dict[str, Any]:
    """Simulate and write each frame as Parquet, the truth in a folder of its own.

    Parameters
    ----------
    preset : str
        ``fx`` or ``crypto``.
    out : Path
        Folder; files of an earlier simulation there are replaced, others are not.
    days, seed, rate, faults
        As in `tradeloop.simulation.simulate`.

    Returns
    -------
    dict
        What ``simulated.json`` says, and ``paths``.

    Raises
    ------
    InputError
        The folder is a file or holds files that no simulation wrote, or a figure is
        out of range.
    """
    _own_folder(out)
    market = simulate(shipped(preset), days=days, seed=seed, rate=rate, faults=faults)
    about = {k: v for k, v in market.about.items() if k != "fitted"}
    said = {
        k: about[k] for k in ("simulated", "source", "preset", "days", "seed", "rate")
    }
    paths: dict[str, str] = {}
    (out / "truth").mkdir(parents=True, exist_ok=True)
    # First the mark: a run that is stopped half-way leaves no file without it.
    _write_text(out / _SIGNATURE, json.dumps(market.about, indent=1, sort_keys=True))
    for folder, frames in (("", market.frames), ("truth", market.truth)):
        for name, frame in frames.items():
            path = out / folder / f"{name}.parquet"
            path.write_bytes(encode(frame, said))
            paths[f"{folder}/{name}" if folder else name] = str(path)
    return {**about, "out": str(out), "paths": paths}


def _own_folder(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise InputError(
            "A folder is needed, this is a file.",
            way_out="Name another folder.",
            source=str(out),
        )
    if out.is_dir() and any(out.iterdir()) and not (out / _SIGNATURE).is_file():
        raise InputError(
            "The folder holds files that no simulation wrote.",
            way_out="Name a new or an empty folder.",
            source=str(out),
        )


def _write_text(path: Path, text: str) -> None:
    path.write_text(text + "\n", "utf-8")


def fit_market(
    files: tuple[Path, ...],
    out: Path,
    *,
    preset: str,
    instrument: str | None = None,
    command: str = "",
    seeds: Sequence[int] = SEEDS,
) -> dict[str, Any]:
    """Fit to recorded files, simulate as long, and write parameters, table, picture.

    Parameters
    ----------
    files : tuple of Path
        Quotes; and, as far as there are any, trades, book updates, bars of a minute
        and longer bars.
    out : Path
        Folder for ``<preset>.toml``, ``<preset>-fit.md`` and ``<preset>-fit.svg``.
    preset : str
        Kind of market that the fit is for.
    instrument : str, optional
        Which one to fit; the one with most quotes by default.
    command : str
        Kept beside the figures.
    seeds : sequence of int
        Of the simulations that the recording is held against.

    Returns
    -------
    dict
        ``values``, ``errors``, ``assumed``, ``facts`` and ``paths``.

    Raises
    ------
    InputError
        No file has quotes, or too few.
    """
    shipped(preset)  # a name that is not known ends here
    read = _read(files)
    name = instrument or _most(read.quotes)
    recording = read.of(name)
    about = _about(files, recording, name, command)
    fitted = fit(recording, about=about)
    ticks, takers = arrays(recording.quotes, recording.trades, fitted.tick)
    fitted = calibrated(preset, fitted, ticks, seeds=seeds[:2])
    found = compare(preset, fitted, ticks, takers, seeds=seeds)
    out.mkdir(parents=True, exist_ok=True)
    market = simulate(shaped(preset, fitted), days=_days(recording), seed=1)
    again = arrays(market.frames["quotes"], None, fitted.tick)
    paths = {kind: out / f"{preset}{end}" for kind, end in _ENDS.items()}
    _write_text(paths["parameters"], fitted.as_toml())
    paths["table"].write_text(table(found), "utf-8")
    picture = fit_picture(preset, name, ticks, again[0])
    paths["picture"].write_text(as_file(picture), "utf-8")
    return {
        "preset": preset,
        "instrument": name,
        "values": fitted.values(),
        "errors": dict(fitted.errors),
        "assumed": list(fitted.assumed),
        "facts": [
            {
                "name": f.name,
                "real": f.real,
                "simulated": f.middle,
                "low": f.low,
                "high": f.high,
                "inside": f.inside,
            }
            for f in found
        ],
        "paths": {kind: str(path) for kind, path in paths.items()},
    }


_ENDS = {"parameters": ".toml", "table": "-fit.md", "picture": "-fit.svg"}


@dataclass(frozen=True, slots=True, eq=False)
class _Files:
    """What the files hold, of all instruments."""

    quotes: pl.DataFrame
    trades: pl.DataFrame
    bars: pl.DataFrame
    minutes: pl.DataFrame
    levels: Mapping[str, Any]
    latency: Mapping[str, Any]

    def of(self, name: str) -> Recording:
        """Cut out one instrument; bars count whatever their instrument is."""
        mine = pl.col("instrument") == name
        trades = self.trades.filter(mine)
        quotes = self.quotes.filter(mine)
        sizes = None
        if quotes["bid_size"].is_null().all():
            other = self.quotes.filter(~mine)["bid_size"].drop_nulls()
            sizes = other.to_numpy() if other.len() else None
        return Recording(
            quotes=quotes,
            trades=trades if trades.height else None,
            levels=self.levels.get(name),
            bars=self.bars if self.bars.height else None,
            minutes=self.minutes if self.minutes.height else None,
            latency_ns=self.latency.get(name),
            sizes=sizes,
        )


def _read(files: tuple[Path, ...]) -> _Files:
    quotes: list[pl.DataFrame] = []
    trades: list[pl.DataFrame] = []
    bars: list[pl.DataFrame] = []
    minutes: list[pl.DataFrame] = []
    levels: dict[str, Any] = {}
    latency: dict[str, Any] = {}
    for path in files:
        columns = _columns(path)
        if "is_snapshot" in columns:
            levels |= _snapshot(path)
            continue
        market = read_market([path])
        quotes.append(market.quotes)
        trades.append(market.trades)
        if not market.quotes.height and not market.trades.height:
            short = market.interval_ns <= NS_PER_MINUTE
            (minutes if short else bars).append(market.bars)
        if {"ts", "ts_event", "venue", "symbol"} <= columns:
            latency |= _latency(path)
    kinds = [
        pl.concat(k) if k else pl.DataFrame() for k in (quotes, trades, bars, minutes)
    ]
    if not kinds[0].height:
        raise InputError(
            "None of the files has quotes.",
            way_out="Name a file of best bids and asks.",
            source="--fit",
        )
    return _Files(kinds[0], kinds[1], kinds[2], kinds[3], levels, latency)


def _columns(path: Path) -> set[str]:
    if path.suffix != ".parquet" or not path.is_file():
        return set()
    return set(pl.read_parquet_schema(path))


def _named() -> pl.Expr:
    return pl.concat_str("symbol", "venue", separator=".").alias("instrument")


def _snapshot(path: Path) -> dict[str, Any]:
    """Bid levels of each instrument's first snapshot, best first."""
    rows = pl.read_parquet(path).filter("is_snapshot", pl.col("side") == "bid")
    sides = rows.with_columns(_named()).sort("price", descending=True)
    return {
        str(name[0]): part["price"].to_numpy()
        for name, part in sides.group_by("instrument", maintain_order=True)
    }


def _latency(path: Path) -> dict[str, Any]:
    """Receiver's clock less the exchange's, ns, by instrument."""
    rows = pl.read_parquet(path, columns=["ts", "ts_event", "venue", "symbol"])
    late = rows.drop_nulls("ts_event").select(
        _named(), (pl.col("ts") - pl.col("ts_event")).dt.total_nanoseconds().alias("ns")
    )
    return {
        str(name[0]): part["ns"].to_numpy()
        for name, part in late.group_by("instrument", maintain_order=True)
    }


def _most(quotes: pl.DataFrame) -> str:
    counted = quotes.group_by("instrument").len()
    return str(counted.sort("len", "instrument", descending=[True, False])[0, 0])


def _days(recording: Recording) -> float:
    at = recording.quotes["received_ns"].to_numpy()
    return float(at.max() - at.min()) / (24 * NS_PER_HOUR)


def _about(
    files: tuple[Path, ...], recording: Recording, name: str, command: str
) -> dict[str, Any]:
    at = recording.quotes["received_ns"].to_numpy()
    ends = (
        np.array([at.min(), at.max()]).astype("datetime64[ns]").astype("datetime64[s]")
    )
    return {
        "files": [path.name for path in files],
        "instrument": name,
        "quotes": recording.quotes.height,
        "trades": 0 if recording.trades is None else recording.trades.height,
        "first": f"{ends[0]}Z",
        "last": f"{ends[1]}Z",
        "command": command,
    }

"""Real market data that travels inside the ``arch`` package: a first run needs no file.

The files are read as text from the installed package; ``arch`` itself is not imported.

Each series is known only from its release on. The lags of `RELEASES` are assumptions on
the safe side, one for all years: longer than the publisher's usual delay. Only core CPI
was compared with releases that are known to have been late (January 2015 came on
February 26); no calendar of releases was gone through. The values are those of today's
files: revised, without vintages. Core CPI is seasonally adjusted and was revised each
February; the lag does not undo that.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import polars as pl

from tradeloop.capture.account import account
from tradeloop.capture.choosing import choose
from tradeloop.capture.intake import Intake, Market
from tradeloop.capture.layout import parse_layouts
from tradeloop.capture.readers import read_table
from tradeloop.clock import NS_PER_DAY
from tradeloop.errors import MissingExtraError
from tradeloop.events import BAR, QUOTE, SERIES, TRADE

_INDICES = {"SP500": "sp500/sp500.csv.gz", "NASDAQ_COMP": "nasdaq/nasdaq.csv.gz"}
_MAP = """
[bar]
symbol = {{ value = "{name}" }}
open_time = "Date"
[bar.rules]
time_format = "%m/%d/%Y"
timezone = "UTC"
interval = "1d"
"""


@dataclass(frozen=True)
class Release:
    """When the values of a series became known.

    Parameters
    ----------
    name : str
        Name of the series, with its unit.
    file, column : str
        Where it stands in the package.
    monthly : bool
        Whether a date stands for its whole month.
    lag_days : int
        Days from the end of the day, or of the month, to the release.
    why : str
        Who publishes it, and when.
    over_rows : int
        Rows over which the value is a change in percent; 0: it is the value itself.
    """

    name: str
    file: str
    column: str
    monthly: bool
    lag_days: int
    why: str
    over_rows: int = 0


RELEASES = (
    Release(
        "WTI_USD_BBL",
        "wti/wti.csv.gz",
        "DCOILWTICO",
        monthly=False,
        lag_days=9,
        why="EIA puts daily spot prices out once a week: taken as Wednesday for the "
        "days up to Monday, a day later after a holiday, so a Tuesday waits 9 days.",
    ),
    Release(
        "VIX_INDEX",
        "vix/vix.csv.gz",
        "vix",
        monthly=False,
        lag_days=1,
        why="Cboe publishes the close at 16:15 ET; it is used from the end of the next "
        "day on.",
    ),
    Release(
        "AAA_YIELD_PCT",
        "default/default.csv.gz",
        "AAA",
        monthly=True,
        lag_days=8,
        why="Moody's monthly average of daily yields: taken as out with the first "
        "weekly release of the next month, a Tuesday if Monday is a holiday.",
    ),
    Release(
        "BAA_YIELD_PCT",
        "default/default.csv.gz",
        "BAA",
        monthly=True,
        lag_days=8,
        why="As AAA.",
    ),
    Release(
        "US_CORE_CPI_YOY_PCT",
        "core_cpi/core-cpi.csv.gz",
        "CPILFESL",
        monthly=True,
        lag_days=31,
        why="BLS usually publishes two to three weeks after the month; January 2015 "
        "came 26 days after it, September 2013 still later for the shutdown.",
        over_rows=12,
    ),
)
"""Release rule of each series, in the order of the frame."""


def packaged_market() -> tuple[Market, pl.DataFrame]:
    """Read the daily bars of both indices and the series that give them context.

    Returns
    -------
    market : Market
        Instruments ``SP500`` and ``NASDAQ_COMP``, 1999 to 2018. A bar starts at its
        session's date, 00:00 UTC, and is known at 24:00 UTC: New York closes at 20:00
        or 21:00 UTC.
    series : polars.DataFrame of shape (n_values, n_columns of SERIES)
        Sorted by (series, event_ns); ``event_ns`` is the reference date,
        ``received_ns`` the release by `RELEASES`. Days without a value (holidays) are
        absent.

    Raises
    ------
    MissingExtraError
        ``arch`` is not installed.
    """
    folder = _data_folder()
    intakes = tuple(_index(folder, name, file) for name, file in _INDICES.items())
    bars = pl.concat([intake.rows for intake in intakes]).sort("instrument", "event_ns")
    market = Market(bars, QUOTE.empty(), TRADE.empty(), NS_PER_DAY, intakes)
    series = pl.concat([_series(folder, release) for release in RELEASES])
    return market, series.sort("series", "event_ns")


def _data_folder() -> Path:
    spec = find_spec("arch")
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtraError("arch", "models")
    return Path(next(iter(spec.submodule_search_locations))) / "data"


def _index(folder: Path, name: str, file: str) -> Intake:
    table = read_table(folder / file)
    source = f"arch/data/{file}"
    own = parse_layouts(_MAP.format(name=name), source="packaged.py")
    return account(table, choose(table.columns, (BAR.kind,), source=source, own=own))


def _series(folder: Path, release: Release) -> pl.DataFrame:
    day = pl.col("Date").str.to_date("%m/%d/%Y")
    last = day.dt.month_end() if release.monthly else day
    known = last.dt.offset_by(f"{release.lag_days + 1}d")
    # The source writes a day without a value as a single point.
    values = pl.col(release.column).cast(pl.Float64, strict=False)
    if release.over_rows:  # an index only ever rises: it would tell a model the date
        values = 100.0 * (values / values.shift(release.over_rows) - 1.0)
    frame = read_table(folder / release.file).select(
        series=pl.lit(release.name),
        event_ns=day.cast(pl.Datetime("ns")).to_physical(),
        received_ns=known.cast(pl.Datetime("ns")).to_physical(),
        value=values,
    )
    return SERIES.conform(frame.drop_nulls("value"))

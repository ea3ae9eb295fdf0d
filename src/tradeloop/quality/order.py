"""Order: bars that come twice, and bars that come before an earlier one."""

import polars as pl

from tradeloop.quality.base import Detector, Evidence

_KEYS = ("instrument", "event_ns")


def find_duplicates(evidence: Evidence) -> pl.DataFrame:
    """Bars with the instrument and end of a bar before them in the frame.

    Parameters
    ----------
    evidence : Evidence
        Its bars.

    Returns
    -------
    polars.DataFrame of shape (n_found, 3)
        instrument, event_ns, row.
    """
    keys = evidence.bars.select(*_KEYS, row=pl.int_range(pl.len()))
    return keys.filter(~keys.select(pl.struct(_KEYS).is_first_distinct()).to_series())


def find_unsorted(evidence: Evidence) -> pl.DataFrame:
    """Bars that end before the latest bar of their instrument above them.

    Parameters
    ----------
    evidence : Evidence
        Its bars, in the order in which they were given.

    Returns
    -------
    polars.DataFrame of shape (n_found, 3)
        instrument, event_ns, row.
    """
    latest = pl.col("event_ns").cum_max().over("instrument")
    keys = evidence.bars.select(*_KEYS, row=pl.int_range(pl.len()))
    return keys.filter(pl.col("event_ns") < latest)


DUPLICATES = Detector(
    "duplicate_row", "same instrument and event_ns as an earlier row", find_duplicates
)
UNSORTED = Detector("unsorted_row", "event_ns goes back within the file", find_unsorted)

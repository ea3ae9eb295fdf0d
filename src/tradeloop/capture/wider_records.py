"""Builders of book updates, option quotes, sentiment and series."""

import re

import polars as pl

from tradeloop.capture.checks import Rule
from tradeloop.capture.common_fields import (
    latency_ns,
    read_instrument,
    read_two_times,
)
from tradeloop.capture.draft import Draft
from tradeloop.capture.plain import bounds_of, read_columns
from tradeloop.errors import InputError
from tradeloop.events import (
    BOOK_DELTA,
    OPTION_QUOTE,
    SENTIMENT,
    SERIES,
    duration_ns,
)

_RELEASE = re.compile(r"(?:(day|week|month|quarter|year)\+)?(.+)")
_FIRST_YEAR = 1800  # series are older than electronic clocks
_PERIODS = {"day": "1d", "week": "1w", "month": "1mo", "quarter": "1q", "year": "1y"}


def build_book_delta(draft: Draft) -> tuple[Rule, ...]:
    """Read the levels of snapshots and updates; a whole book covers one number."""
    draft.columns["instrument"] = read_instrument(draft)
    read_two_times(draft)
    last = draft.whole("last_sequence")
    first = draft.whole("first_sequence", required=False)
    draft.columns["last_sequence"] = last
    draft.columns["first_sequence"] = first.fill_null(last)
    read_columns(draft, BOOK_DELTA)
    turned = pl.col("first_sequence") > pl.col("last_sequence")
    return (*bounds_of(BOOK_DELTA), ("first_sequence_after_last", turned))


def build_option_quote(draft: Draft) -> tuple[Rule, ...]:
    """Read quotes of options; a bid or ask of 0 says that nobody bids or asks."""
    draft.columns["instrument"] = read_instrument(draft)
    read_two_times(draft)
    if draft.has("right"):
        right = draft.text("right").str.to_lowercase()
        draft.columns["right"] = right.replace({"c": "call", "p": "put"})
    draft.refuse("right_missing", draft.text("right").is_null())
    read_columns(draft, OPTION_QUOTE)
    return bounds_of(OPTION_QUOTE)


def build_sentiment(draft: Draft) -> tuple[Rule, ...]:
    """Read scores of texts; a text without a score is no sentiment."""
    draft.columns["instrument"] = read_instrument(draft, required=False)
    read_two_times(draft)
    if not draft.has("text_source"):
        draft.columns["text_source"] = draft.file_name()
    read_columns(draft, SENTIMENT)
    return bounds_of(SENTIMENT)


def build_series(draft: Draft) -> tuple[Rule, ...]:
    """Read values of series; none is known before its release.

    The release is, in this order: the field ``received_time``, the rule ``releases``,
    the rule ``latency`` after the reference date. A row that has none is refused with
    ``release_not_known``: the reference date is no release.

    Raises
    ------
    InputError
        A rule of ``releases`` cannot be read.
    """
    reference = draft.time("event_time", first_year=_FIRST_YEAR)
    draft.refuse("time_missing", reference.is_null())
    draft.columns["event_ns"] = reference
    read_columns(draft, SERIES)
    known = draft.nothing("received_ns", pl.Int64())
    if draft.has("received_time"):
        known = draft.time("received_time")
        draft.clocks = reference, known
    frame = pl.DataFrame(
        {"series": draft.columns["series"], "at": reference, "known": known}
    )
    stated = [_release(draft, name, said) for name, said in _releases(draft).items()]
    if draft.plan.rule("latency") is not None:
        stated.append(pl.col("at") + latency_ns(draft))
    received = frame.select(pl.coalesce("known", *stated)).to_series()
    draft.columns["received_ns"] = received
    draft.refuse("release_not_known", received.is_null())
    return bounds_of(SERIES)


def _releases(draft: Draft) -> dict[str, object]:
    return dict(draft.plan.rule("releases") or {})


def _release(draft: Draft, name: str, said: object) -> pl.Expr:
    """Return the release of a series: so long after the end of the period."""
    found = _RELEASE.fullmatch(str(said))
    try:
        lag = duration_ns(found[2]) if found else 0
    except InputError:
        lag = 0
    if not found or not lag:
        raise InputError(
            f"The column map gives the release of {name!r} the value {said!r}.",
            way_out="Give it a duration such as 2d, or one after the end of a period "
            f"({', '.join(_PERIODS)}) such as month+14d.",
            source=draft.plan.layout.name,
        )
    period = _PERIODS[found[1] or "day"]
    start = pl.col("at").cast(pl.Datetime("ns")).dt.truncate(period)
    end = start.dt.offset_by(period).cast(pl.Int64)
    return pl.when(pl.col("series") == name).then(end + lag)

"""Where a bar starts and ends: from its columns, the map, or the distances of bars."""

import re

import polars as pl

from tradeloop.capture.draft import Draft
from tradeloop.capture.fields import TO_NEXT
from tradeloop.errors import InputError
from tradeloop.events import duration_ns, duration_text

# A capital M is a month in many feeds, so it is not taken for minutes.
_SPELLED = re.compile(
    r"(\d+) ?(ms|s|S|m|h|H|d|D|w|W)(?:ec|econds?|in|inutes?|ours?|ays?|eeks?)?"
)

LEAST_SHARE = 0.5
"""Share of the distances between bars that must be equal to be taken for the length."""


def bar_ends(draft: Draft) -> None:
    """Read ``open_ns`` and ``event_ns`` (the end) of the bars into a draft.

    By the rule ``interval = "to_next"`` a bar ends where the next one of its instrument
    begins, or begins where the one before ends; the last or the first one lacks a time.
    Else the length is, in this order: the column ``interval``, the rule ``interval``,
    the distance of both times where the file has both, the most frequent distance
    between two neighbouring bars of an instrument.

    Parameters
    ----------
    draft : Draft
        Holds ``instrument`` already. Marks ``time_missing``,
        ``interval_not_understood``.

    Raises
    ------
    InputError
        Nothing tells the length of a bar.
    """
    start = draft.time("open_time") if draft.has("open_time") else None
    end = draft.time("close_time") if draft.has("close_time") else None
    if draft.plan.rule("interval") == TO_NEXT:
        _successive(draft, start, end)
        return
    given = _given_lengths(draft)
    if given is None and start is not None and end is not None:
        draft.columns["open_ns"], draft.columns["event_ns"] = start, end
    else:
        known = start if start is not None else end
        if known is None:
            raise _no_time(draft)
        length = given if given is not None else _usual_distance(draft, known)
        draft.columns["open_ns"] = known if start is not None else known - length
        draft.columns["event_ns"] = known + length if start is not None else known
    missing = draft.columns["open_ns"].is_null() | draft.columns["event_ns"].is_null()
    draft.refuse("time_missing", missing)


def _successive(draft: Draft, start: pl.Series | None, end: pl.Series | None) -> None:
    known = start if start is not None else end
    if known is None:
        raise _no_time(draft)
    frame = pl.DataFrame({"instrument": draft.columns["instrument"], "at": known})
    other = frame.select(
        pl.col("at")
        .shift(-1 if start is not None else 1)
        .over("instrument", order_by="at")
    ).to_series()
    ends = (known, other) if start is not None else (other, known)
    draft.columns["open_ns"], draft.columns["event_ns"] = ends
    reason = "no_next_bar" if start is not None else "no_bar_before"
    draft.refuse("time_missing", known.is_null())
    draft.refuse(reason, other.is_null())


def _no_time(draft: Draft) -> InputError:
    return InputError(
        "A bar needs its start or its end.",
        way_out="Map open_time or close_time.",
        source=draft.plan.source,
    )


def _given_lengths(draft: Draft) -> pl.Series | int | None:
    if draft.has("interval"):
        text = draft.text("interval")
        lengths = {word: _length_or_none(word) for word in text.unique().drop_nulls()}
        known = {word: ns for word, ns in lengths.items() if ns is not None}
        ns = text.replace_strict(
            list(known), list(known.values()), default=None, return_dtype=pl.Int64
        )
        draft.refuse("interval_not_understood", ns.is_null())
        return ns
    rule = draft.plan.rule("interval")
    return None if rule is None else duration_ns(rule)


def _length_or_none(text: str) -> int | None:
    found = _SPELLED.fullmatch(text.strip())
    if found is None:
        return None
    try:
        return duration_ns(found[1] + found[2].lower())
    except InputError:
        return None


def _usual_distance(draft: Draft, times: pl.Series) -> int:
    frame = pl.DataFrame({"instrument": draft.columns["instrument"], "at": times})
    gaps = (
        frame.drop_nulls()
        .unique()
        .sort("instrument", "at")
        .select(pl.col("at").diff().over("instrument"))
        .to_series()
        .drop_nulls()
    )
    usual = gaps.mode().sort().first() if gaps.len() else None
    share = (gaps == usual).sum() / gaps.len() if gaps.len() else 0.0
    if not isinstance(usual, int) or share < LEAST_SHARE:
        raise InputError(
            f"Nothing tells how long a bar is: {100 * share:.0f} % of the distances "
            f"between bars are equal, {100 * LEAST_SHARE:.0f} % must be.",
            way_out="Add a column interval, or pass --columns MAP.toml with "
            'interval = "1h" in [bar.rules], or interval = "to_next" where each bar '
            "ends when the next begins.",
            source=draft.plan.source,
            column=draft.plan.column("open_time"),
        )
    draft.notes.append(
        f"bars taken as {duration_text(usual)} long: {100 * share:.1f} % of their "
        "distances are that"
    )
    return usual

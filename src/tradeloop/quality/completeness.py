"""Completeness: whether all is there that should be.

``completeness = mean(bars / (bars + bars missing in gaps),
decisions with a known bar / decisions, ticks / (ticks + missing numbers),
events delivered / (delivered + undelivered))``. Gaps are those beyond the instrument's
usual calendar; see `gaps`.
"""

from tradeloop.quality.base import Measure, Part, Tally


def _there(name: str, tally: Tally, rows: str, missing: str) -> Part:
    there = tally.of(rows) if missing in tally.ran else 0.0
    return Part(name, there, there + tally.of(missing) if there else 0.0)


def _parts(tally: Tally) -> tuple[Part, ...]:
    return (
        _there("bars", tally, "bars", "gap"),
        tally.clear_of("decisions with a known bar", "decisions", "blind_decision"),
        _there("ticks", tally, "ticks", "missing_number"),
        _there("events", tally, "delivered", "undelivered_event"),
    )


COMPLETENESS = Measure(
    "completeness",
    "mean(bars / (bars + missing), decisions with a known bar / decisions, "
    "ticks / (ticks + missing numbers), events / (events + undelivered))",
    _parts,
)

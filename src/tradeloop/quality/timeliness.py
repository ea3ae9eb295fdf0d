"""Timeliness: whether it came in time, by clocks that agree.

``timeliness = mean(1 - received before it happened / rows, 1 - late bars / bars,
1 - decisions on a stale bar / decisions)``. Rows are the bars, decisions and fills, and
where capture had to cut event times also the rows that it read.
"""

from tradeloop.quality.base import Evidence, Found, Measure, Part, counted


def _parts(evidence: Evidence, found: Found) -> tuple[Part, ...]:
    bars = evidence.bars.height
    asked = 0 if evidence.decisions is None else evidence.decisions.height
    fills = 0 if evidence.fills is None else evidence.fills.height
    cut = evidence.rows.clock_cut
    rows = bars + asked + fills + (evidence.rows.read if cut else 0)
    behind = counted(found["receive_clock_behind"])
    fresh = asked - counted(found["stale_decision"])
    return (
        Part("rows received after they happened", rows - behind, rows),
        Part("bars on time", bars - counted(found["late_bar"]), bars),
        Part("decisions on a fresh bar", fresh, asked),
    )


TIMELINESS = Measure(
    "timeliness",
    "mean(1 - clock behind / rows, 1 - late / bars, 1 - stale / decisions)",
    _parts,
)

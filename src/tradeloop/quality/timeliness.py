"""Timeliness: whether it came in time, by clocks that agree.

``timeliness = mean(1 - received before it happened / rows, 1 - late bars / bars,
1 - decisions on a stale bar / decisions, 1 - late ticks / ticks,
1 - ticks over the stated latency / ticks whose source states one,
1 - ticks by a clock that is off / ticks)``. Rows are the bars, ticks, decisions and
fills, and where capture had to cut event times also the rows that it read. A clock is
off by a shift, a jump or a drift; `delays` has the distribution behind it.
"""

from tradeloop.quality.base import Measure, Part, Tally


def _parts(tally: Tally) -> tuple[Part, ...]:
    clear = tally.clear_of
    return (
        clear("rows received after they happened", "stamped", "receive_clock_behind"),
        clear("bars on time", "bars", "late_bar"),
        clear("decisions on a fresh bar", "decisions", "stale_decision"),
        clear("ticks on time", "ticks", "late_tick"),
        clear("ticks within the stated latency", "stated", "over_stated_latency"),
        clear(
            "ticks by a true clock", "ticks", "clock_shift", "clock_jump", "clock_drift"
        ),
    )


TIMELINESS = Measure(
    "timeliness",
    "mean(1 - clock behind / rows, 1 - late / bars, 1 - stale / decisions, "
    "1 - late / ticks, 1 - over stated latency / ticks with one, "
    "1 - clock off / ticks)",
    _parts,
)

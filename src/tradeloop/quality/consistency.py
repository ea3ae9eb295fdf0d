"""Consistency: whether the data contradict themselves.

``consistency = mean(1 - broken bars / bars, 1 - (duplicate + unsorted) / bars,
1 - fills outside their bar / fills, 1 - crossed / quotes,
1 - (duplicate + unsorted) / ticks)``.
"""

from tradeloop.quality.base import Measure, Part, Tally


def _parts(tally: Tally) -> tuple[Part, ...]:
    clear = tally.clear_of
    return (
        clear("sound bars", "bars", "broken_bar"),
        clear("bars in order", "bars", "duplicate_row", "unsorted_row"),
        clear("fills inside their bar", "fills", "fill_outside_bar"),
        clear("quotes not crossed", "quotes", "crossed_quote"),
        clear("ticks in order", "ticks", "duplicate_tick", "unsorted_tick"),
    )


CONSISTENCY = Measure(
    "consistency",
    "mean(1 - broken / bars, 1 - (duplicate + unsorted) / bars, 1 - outside / fills, "
    "1 - crossed / quotes, 1 - (duplicate + unsorted) / ticks)",
    _parts,
)

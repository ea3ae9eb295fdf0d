"""Consistency: whether the data contradict themselves.

``consistency = mean(1 - broken bars / bars, 1 - (duplicate + unsorted) / bars,
1 - fills outside their bar / fills)``.
"""

from tradeloop.quality.base import Evidence, Found, Measure, Part, counted


def _parts(evidence: Evidence, found: Found) -> tuple[Part, ...]:
    bars = evidence.bars.height
    fills = 0 if evidence.fills is None else evidence.fills.height
    misplaced = counted(found["duplicate_row"]) + counted(found["unsorted_row"])
    outside = counted(found["fill_outside_bar"])
    return (
        Part("sound bars", bars - counted(found["broken_bar"]), bars),
        Part("bars in order", bars - misplaced, bars),
        Part("fills inside their bar", fills - outside, fills),
    )


CONSISTENCY = Measure(
    "consistency",
    "mean(1 - broken / bars, 1 - (duplicate + unsorted) / bars, 1 - outside / fills)",
    _parts,
)

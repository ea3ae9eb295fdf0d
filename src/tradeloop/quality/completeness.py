"""Completeness: whether all is there that should be.

``completeness = mean(bars / (bars + bars missing in gaps),
decisions with a known bar / decisions)``. Gaps are those beyond the instrument's
usual calendar; see `gaps`.
"""

from tradeloop.quality.base import Evidence, Found, Measure, Part, counted


def _parts(evidence: Evidence, found: Found) -> tuple[Part, ...]:
    bars = evidence.bars.height
    asked = 0 if evidence.decisions is None else evidence.decisions.height
    blind = counted(found["blind_decision"])
    return (
        Part("bars", bars, bars + counted(found["gap"]) if bars else 0),
        Part("decisions with a known bar", asked - blind, asked),
    )


COMPLETENESS = Measure(
    "completeness",
    "mean(bars / (bars + missing), decisions with a known bar / decisions)",
    _parts,
)

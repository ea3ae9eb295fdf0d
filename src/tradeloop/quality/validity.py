"""Validity: whether the values are such as the thing can have.

``validity = mean(1 - quarantined / read, 1 - frozen bars / bars,
1 - return outliers / bars)``.
"""

from tradeloop.quality.base import Evidence, Found, Measure, Part, counted


def _parts(evidence: Evidence, found: Found) -> tuple[Part, ...]:
    bars, rows = evidence.bars.height, evidence.rows
    return (
        Part("rows accepted", rows.read - rows.quarantined, rows.read),
        Part("bars that move", bars - counted(found["frozen_price"]), bars),
        Part("usual returns", bars - counted(found["return_outlier"]), bars),
    )


VALIDITY = Measure(
    "validity",
    "mean(1 - quarantined / read, 1 - frozen / bars, 1 - outliers / bars)",
    _parts,
)

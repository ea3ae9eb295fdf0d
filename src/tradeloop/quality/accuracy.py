"""Accuracy: agreement with a source that is taken for true, and only with one.

``accuracy = bars whose close lies within 5 bps of the reference / bars both have``.
Without a reference accuracy is absent: data cannot vouch for their own truth.
"""

from tradeloop.quality.base import Evidence, Found, Measure, Part

TOLERANCE_BPS = 5.0


def _parts(evidence: Evidence, found: Found) -> tuple[Part, ...]:  # noqa: ARG001
    if evidence.reference is None:
        return ()
    truth = evidence.reference.select("instrument", "event_ns", true="close")
    both = evidence.bars.join(truth, on=["instrument", "event_ns"], how="inner")
    away_bps = 1e4 * (both["close"] / both["true"] - 1).abs()
    near = float((away_bps <= TOLERANCE_BPS).arg_true().len())
    return (Part("bars as in the reference", near, both.height),)


ACCURACY = Measure(
    "accuracy", f"bars within {TOLERANCE_BPS:g} bps of the reference / bars", _parts
)

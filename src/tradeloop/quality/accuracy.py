"""Accuracy: agreement with a source that is taken for true, and only with one.

``accuracy = bars whose close lies within 5 bps of the reference / bars both have``.
Without a reference accuracy is absent: data cannot vouch for their own truth.
"""

import polars as pl

from tradeloop.quality.base import Evidence, Measure, Part, Tally

TOLERANCE_BPS = 5.0


def compared_with_truth(evidence: Evidence) -> pl.DataFrame:
    """Bars that the reference has too: instrument, event_ns, near (bool).

    Parameters
    ----------
    evidence : Evidence
        Its bars and reference.
    """
    if evidence.reference is None:
        schema = {"instrument": pl.String, "event_ns": pl.Int64, "near": pl.Boolean}
        return pl.DataFrame(schema=schema)
    truth = evidence.reference.select("instrument", "event_ns", true="close")
    away_bps = 1e4 * (pl.col("close") / pl.col("true") - 1).abs()
    return evidence.bars.join(truth, on=["instrument", "event_ns"], how="inner").select(
        "instrument",
        "event_ns",
        near=(away_bps <= TOLERANCE_BPS).fill_null(value=False),
    )


def _parts(tally: Tally) -> tuple[Part, ...]:
    near, compared = tally.of("near_truth"), tally.of("compared_with_truth")
    return (Part("bars as in the reference", near, compared),)


ACCURACY = Measure(
    "accuracy", f"bars within {TOLERANCE_BPS:g} bps of the reference / bars", _parts
)

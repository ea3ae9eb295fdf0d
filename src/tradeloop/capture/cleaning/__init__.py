"""Cleaning: what is odd in market data is marked, never dropped or changed."""

from tradeloop.capture.cleaning.alignment import Alignment, align, align_by_month
from tradeloop.capture.cleaning.base import (
    OWN_EVENT,
    OWN_RECEIVED,
    QUALITY_FLAGS,
    Arrivals,
    Flag,
)
from tradeloop.capture.cleaning.clocks import ClockComparison, compare_clocks
from tradeloop.capture.cleaning.flags import (
    ALL,
    flag_counts,
    flag_names,
    marks_of,
    quality_flags,
)
from tradeloop.capture.cleaning.lags import clock_lags, lag_notes
from tradeloop.capture.cleaning.report import flag_report
from tradeloop.capture.cleaning.triangle import Triangle, compare_triangle

__all__ = [
    "ALL",
    "OWN_EVENT",
    "OWN_RECEIVED",
    "QUALITY_FLAGS",
    "Alignment",
    "Arrivals",
    "ClockComparison",
    "Flag",
    "Triangle",
    "align",
    "align_by_month",
    "clock_lags",
    "compare_clocks",
    "compare_triangle",
    "flag_counts",
    "flag_names",
    "flag_report",
    "lag_notes",
    "marks_of",
    "quality_flags",
]

"""Columns of options that are published by default."""

from typing import Literal

from tradeloop.features.arithmetic.change import change
from tradeloop.features.arithmetic.difference import difference
from tradeloop.features.arithmetic.level import level
from tradeloop.features.base import Column, Feature
from tradeloop.features.options.greeks import greeks
from tradeloop.features.options.implied_volatility import implied_volatility
from tradeloop.features.options.snapshot import COLUMNS
from tradeloop.features.options.volatility_premium import volatility_premium
from tradeloop.features.rolling.percentile import percentile
from tradeloop.features.rolling.zscore import zscore
from tradeloop.features.volatility.realised_volatility import realised_volatility

ROWS_PER_YEAR = 252
"""Daily bars of a stock exchange; for others build `volatility_premium` anew."""
WATCHED = (
    "iv_30",
    "skew_slope_30",
    "risk_reversal_25_30",
    "put_call_volume",
    "put_call_open_interest",
)
"""Columns of a chain whose history is looked at, too."""
_MINE: Literal["options"] = "options"
_TERMS = (("iv_90", "iv_30"), ("iv_30", "iv_7"), ("iv_p90", "iv_p10"))


def standard() -> list[Feature | Column]:
    """Columns of an underlying: its chain, how it changed, and what it costs."""
    return [*_levels(), *_terms(), *_history(), _premium()]


def contract_standard() -> list[Feature | Column]:
    """Columns of one contract, where contracts are instruments of their own."""
    solved = implied_volatility()
    return [solved, greeks(solved["volatility"])]


def _levels() -> list[Feature | Column]:
    return [
        level(f"option.{name}", _MINE, name=f"option_{name}", group=_MINE)
        for name in COLUMNS
    ]


def _terms() -> list[Feature | Column]:
    return [
        difference(
            f"option.{high}",
            f"option.{low}",
            name=f"option_{high}_less_{low}",
            category=_MINE,
            group=_MINE,
        )
        for high, low in _TERMS
    ]


def _history() -> list[Feature | Column]:
    found: list[Feature | Column] = []
    for name in WATCHED:
        raw, mine = f"option.{name}", f"option_{name}"
        found += [
            zscore(raw, 60, name=f"{mine}_zscore_60", category=_MINE, group=_MINE),
            percentile(
                raw,
                250,
                20,
                name=f"{mine}_percentile_250",
                category=_MINE,
                group=_MINE,
            ),
            *(
                change(raw, n, name=f"{mine}_change_{n}", category=_MINE, group=_MINE)
                for n in (1, 5)
            ),
        ]
    return found


def _premium() -> Feature:
    realised = realised_volatility(20).columns[0]
    return volatility_premium(
        "option.iv_30", realised, ROWS_PER_YEAR, name="option_premium_30_20"
    )

"""Columns of structure that the catalogue publishes."""

from tradeloop.features.arithmetic.distance import distance
from tradeloop.features.arithmetic.lag import lag
from tradeloop.features.arithmetic.log_price import log_price
from tradeloop.features.arithmetic.log_return import log_return
from tradeloop.features.base import Column, Feature, Source
from tradeloop.features.rolling.correlation import autocorrelation
from tradeloop.features.structure.bar_price import bar_price
from tradeloop.features.structure.bar_shape import bar_shape
from tradeloop.features.structure.breakout import breakout
from tradeloop.features.structure.completed_day import completed_day
from tradeloop.features.structure.cusum import cusum
from tradeloop.features.structure.entropy import permutation_entropy, word_entropy
from tradeloop.features.structure.frac_diff import frac_diff
from tradeloop.features.structure.hurst import hurst
from tradeloop.features.structure.pivots import pivots, rolling_pivots
from tradeloop.features.structure.range_position import range_position
from tradeloop.features.structure.rows_since import rows_since
from tradeloop.features.structure.rows_since_extreme import rows_since_extreme
from tradeloop.features.structure.support_resistance import support_resistance
from tradeloop.features.structure.swings import swings
from tradeloop.features.structure.typical import typical
from tradeloop.features.structure.zigzag import zigzag

Wanted = list[Feature | Column]
_GROUP = "structure"
_DAY = ("high", "low", "close")
_THREE = tuple(f"{level}_bps" for level in ("r1", "r2", "r3", "s1", "s2", "s3"))


def standard() -> Wanted:
    """Columns with the usual periods; all have their first value after 100 rows."""
    return [*_bars(), *_levels(), *_turns(), *_memory()]


def _apart(x: Source, base: Source, name: str) -> Feature:
    return distance(x, base, name=name, group=_GROUP)


def _bars() -> Wanted:
    before = lag("close", 1).columns[0]
    return [
        typical(),
        bar_price(),
        range_position(),
        bar_shape(),
        _apart("close", "open", "body_bps"),
        _apart("open", before, "gap_bps"),
    ]


def _levels() -> Wanted:
    done, rolling = completed_day(), rolling_pivots(20)
    classic, fibonacci = pivots("classic"), pivots("fibonacci")
    camarilla = pivots("camarilla")
    return [
        *(_apart("close", done[k], f"close_to_day_before_{k}_bps") for k in _DAY),
        *(classic[k] for k in ("pp_bps", *_THREE)),
        *(fibonacci[k] for k in _THREE),
        *(camarilla[k] for k in (*_THREE[:3], "r4_bps", *_THREE[3:], "s4_bps")),
        *(rolling[k] for k in ("pp_bps", *_THREE)),
        support_resistance(5),
    ]


def _turns() -> Wanted:
    last, fractal, leg = swings(5), swings(2), zigzag(5)
    return [
        _apart("close", last["high"], "close_to_swing_high_5_bps"),
        _apart("close", last["low"], "close_to_swing_low_5_bps"),
        _apart(last["high"], last["high_before"], "swing_high_5_change_bps"),
        _apart(last["low"], last["low_before"], "swing_low_5_change_bps"),
        last["high_age"],
        last["low_age"],
        fractal["is_high"],
        fractal["is_low"],
        _apart("close", fractal["high"], "close_to_fractal_high_bps"),
        _apart("close", fractal["low"], "close_to_fractal_low_bps"),
        *(breakout(n) for n in (20, 55)),
        rows_since(breakout(20).columns[0]),
        *(rows_since_extreme(n) for n in (20, 60)),
        leg["direction"],
        leg["pivot_age"],
        _apart(leg["extreme"], leg["pivot"], "zigzag_5_leg_bps"),
        _apart("close", leg["extreme"], "zigzag_5_retrace_bps"),
    ]


def _memory() -> Wanted:
    change, filtered = log_return(1).columns[0], cusum()
    return [
        frac_diff(log_price().columns[0], 0.4),
        hurst(100),
        word_entropy(60),
        permutation_entropy(60),
        filtered,
        rows_since(filtered["event"]),
        *(
            autocorrelation(
                change, 60, rows, name=f"autocorrelation_60_{rows}", group=_GROUP
            )
            for rows in (1, 5)
        ),
    ]

"""Law of every strategy: the future changes no earlier decision.

`broken` returns what it found wrong; empty says that the law holds.
"""

import polars as pl

from tradeloop.errors import InputError
from tradeloop.events import DECISION
from tradeloop.strategies.base import Strategy
from tradeloop.strategies.replay import replay

_PRICES = ("open", "high", "low", "close")
_SHARES = (0.35, 0.6, 0.85)


def broken(strategy: Strategy, bars: pl.DataFrame) -> dict[str, str]:
    """Laws that ``strategy`` breaks on these bars, each with what was found.

    Three times of the bars are tried. Decisions up to each must be the same, to the bit
    and the letter, when the bars known later are cut off, and when their prices are
    turned upside down.

    Parameters
    ----------
    strategy : Strategy
        What is tried.
    bars : polars.DataFrame of shape (n_rows, any)
        Must be enough for decisions before and after each time.

    Raises
    ------
    InputError
        There are too few decisions to try the law on.
    """
    whole = replay(bars, [strategy])
    found = {"shape": _shape(whole)}
    # A bar that came late delays the rows after it: these are known with it.
    known_ns = pl.col("received_ns").cum_max().over("instrument")
    times = bars.select(known_ns).to_series().sort()
    for share in _SHARES:
        cut_ns = int(times[int(share * (bars.height - 1))])
        known, decided = known_ns <= cut_ns, pl.col("received_ns") <= cut_ns
        expected = whole.filter(decided)
        if expected.is_empty() or expected.height == whole.height:
            raise InputError(
                f"The law needs decisions of {strategy.name} around {cut_ns}.",
                way_out="Give more bars.",
            )
        cut, poisoned = replay(bars.filter(known), [strategy]), _poisoned(bars, known)
        again = replay(poisoned, [strategy]).filter(decided)
        found[f"cut at {cut_ns}"] = _differs(expected, cut)
        found[f"poisoned after {cut_ns}"] = _differs(expected, again)
    return {name: wrong for name, wrong in found.items() if wrong}


def _poisoned(bars: pl.DataFrame, known: pl.Expr) -> pl.DataFrame:
    """Bars whose later prices are mirrored, so that every rise becomes a fall."""
    return bars.with_columns(
        pl.when(known).then(pl.col(name)).otherwise(1e4 / pl.col(name)).alias(name)
        for name in _PRICES
    )


def _differs(expected: pl.DataFrame, found: pl.DataFrame) -> str:
    if expected.equals(found):
        return ""
    extra = found.join(expected, on=found.columns, how="anti", nulls_equal=True)
    lost = expected.join(found, on=found.columns, how="anti", nulls_equal=True)
    odd = (extra if extra.height else lost)["decision_id"]
    return f"{extra.height} new and {lost.height} lost, such as {odd[0]}"


_OF_MODELS = ("model_id", "signal_id")
"""Columns that a rule has no value for."""


def _shape(found: pl.DataFrame) -> str:
    if found.schema != DECISION.schema:
        return "the columns are not those of a decision"
    if found["decision_id"].n_unique() != found.height:
        return "two decisions have one id"
    if found.drop(_OF_MODELS).null_count().sum_horizontal()[0]:
        return "a decision lacks a value"
    scores = found.select("signal_strength", "confidence_score", "risk_score")
    inside = scores.select(pl.all_horizontal(pl.all().is_between(0.0, 1.0)).all())
    return "" if inside.item() else "a score lies outside 0 to 1"

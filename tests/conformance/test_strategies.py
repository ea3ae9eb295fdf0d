"""Every strategy decides from what was known; a planted one that peeks is found."""

import pkgutil
from dataclasses import dataclass, replace

import polars as pl
import pytest

from reference.market import bars_frame
from tradeloop import strategies
from tradeloop.errors import InputError
from tradeloop.strategies.base import COMMON, Conduct, decisions
from tradeloop.strategies.checks import broken

EXCLUDED = {
    "base": "says what a strategy is",
    "checks": "the law",
    "replay": "runs strategies over bars",
}
BARS = bars_frame(21, [900, 700])


def test_every_file_is_a_strategy_in_all_or_is_excluded_with_a_reason():
    files = {module.name for module in pkgutil.iter_modules(strategies.__path__)}
    assert files == {s.name for s in strategies.ALL} | set(EXCLUDED)


@pytest.mark.parametrize("strategy", strategies.ALL, ids=lambda s: s.name)
def test_the_future_changes_no_decision(strategy):
    assert broken(strategy, BARS) == {}


@pytest.mark.parametrize("strategy", strategies.ALL, ids=lambda s: s.name)
def test_late_bars_change_no_decision_before_they_are_known(strategy):
    day = 86_400_000_000_000
    late = pl.int_range(pl.len()) % 7 == 3
    delayed = pl.col("received_ns") + pl.when(late).then(3 * day).otherwise(0)
    assert broken(strategy, BARS.with_columns(received_ns=delayed)) == {}


@dataclass(frozen=True)
class Peeking:
    """Buys before a rise: decides by the close of the next row."""

    name: str = "peeking"
    features: tuple = COMMON

    def decide(self, features, bars):
        ahead = bars.select(
            pl.col("close").shift(-1).over("instrument") - pl.col("close")
        )
        return self.written(features, bars, ahead.to_series().sign())

    def written(self, features, bars, side):
        known = pl.col(COMMON[1].name).is_not_null()
        rule = {
            "side": pl.when(known).then(pl.lit(side)).otherwise(0),
            "signal_strength": pl.lit(0.5),
            "reasoning": pl.lit("it rises"),
        }
        return decisions(self, Conduct(), (features, bars), rule)


@dataclass(frozen=True)
class Scaled(Peeking):
    """Sells above the mean of the whole sample: a threshold fitted on the future."""

    name: str = "scaled"

    def decide(self, features, bars):
        side = (bars["close"].mean() - bars["close"]).sign()
        return self.written(features, bars, side)


@dataclass(frozen=True)
class Doubled(Peeking):
    """States each decision twice."""

    name: str = "doubled"

    def decide(self, features, bars):
        once = strategies.MeanReversion(name=self.name).decide(
            features.with_columns(), bars
        )
        return pl.concat([once, once])

    features: tuple = strategies.MeanReversion().features


@pytest.mark.parametrize(
    ("strategy", "found"),
    [(Peeking(), "cut at"), (Scaled(), "poisoned after"), (Doubled(), "shape")],
    ids=lambda value: getattr(value, "name", value),
)
def test_planted_bad_strategy_breaks_the_law(strategy, found):
    assert any(name.startswith(found) for name in broken(strategy, BARS))


def test_law_refuses_bars_on_which_it_would_prove_nothing():
    with pytest.raises(InputError, match="Give more bars"):
        broken(replace(strategies.ALL[0], bars=60), BARS.head(120))

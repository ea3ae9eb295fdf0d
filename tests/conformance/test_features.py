"""Every family of features passes every law; three planted bad ones do not."""

import pkgutil
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from reference.market import random_columns
from tradeloop import features
from tradeloop.features.bank import Bank
from tradeloop.features.base import Feature
from tradeloop.features.checks import LAWS, Subject, broken, run_history, run_live
from tradeloop.features.trend.sma import sma

EXCLUDED: dict[str, str] = {
    # modules of a group that are no family, each with its reason
    "microstructure.microprice_fit": "pure function: estimates a table from quotes",
    "microstructure.stream": "names of a stream's raw columns",
    "microstructure.tape": "pure function over frames: quotes and trades as one stream",
    "microstructure.time_window": "windows by time, a part of steps",
    "microstructure.venues": "pure functions over frames: shares of venues",
    "cross_asset.eigenvalue": "the compiled eigenvalue that the universe takes",
    "cross_asset.market": "rows of the stream market and of peers, no family",
    "cross_asset.sums": "the compiled window that capture and lead_lag share",
    "cross_asset.universe": "a fold over the rows of many instruments, no family",
    "momentum.composed": "compositions of other columns: PPO, SMI, TSI and others",
    "volume.composed": "compositions of other columns: CMF, KVO, PVO and others",
    "patterns.named": "names of the patterns' columns",
    "regime.fit": "fits a model to training rows, no family",
    "regime.model": "parameters of the filter, no family",
    "regime.rules": "regimes by rules over columns, no family",
    "risk.portfolio": "rows of the stream portfolio, no family",
    "temporal.exchanges": "tables of sessions, no family",
    "temporal.sessions": "raw columns of a bar from a calendar, no family",
    "trend.averages": "compositions of means: DEMA, T3, HMA and others",
    "trend.hilbert": "the compiled part that mama and trendline share",
    "trend.lines": "compositions of several groups' columns: Ichimoku, PMO and others",
    "options.chain": "frames of a chain's history",
    "options.contracts": "loops over arrays of contracts",
    "options.inversion": "functions that a step shares: implied volatility",
    "options.live_chain": "a chain quote by quote",
    "options.pricing": "functions that steps share: price and greeks",
    "options.smile": "functions that the chain shares",
    "options.snapshot": "functions that history and live of a chain share",
    "sentiment.lexicon": "words, read once",
    "sentiment.score": "text, not numbers: its score is an input",
    "sentiment.scored": "frames of texts become events",
}
GROUPS = [
    module.name for module in pkgutil.iter_modules(features.__path__) if module.ispkg
]
CASES = [
    pytest.param(family, arguments, id=f"{family.name}-{place}")
    for family in features.ALL
    for place, arguments in enumerate(family.examples)
]
# Three markets: lively, mostly flat, and prices on a coarse grid with many ties.
MARKETS = (
    random_columns(1, 260),
    random_columns(2, 260, flat=0.8),
    random_columns(3, 260, flat=0.3, tick=0.5),
)


@pytest.mark.parametrize("group", GROUPS)
def test_every_file_of_a_group_is_a_family_or_is_excluded_with_a_reason(group):
    package = import_module(f"tradeloop.features.{group}")
    files = {
        f"{group}.{module.name}"
        for module in pkgutil.iter_modules(package.__path__)
        if module.name != "standard"  # what the catalogue publishes
    }
    named = [family.name for family in package.ALL]
    assert sorted(named) == named
    excluded = {name for name in EXCLUDED if name.startswith(f"{group}.")}
    assert files == {f"{group}.{name}" for name in named} | excluded


def test_all_holds_every_group_and_no_name_twice():
    held = [f for g in GROUPS for f in import_module(f"tradeloop.features.{g}").ALL]
    assert list(features.ALL) == held
    assert len({family.name for family in held}) == len(held)


@pytest.mark.parametrize(("family", "arguments"), CASES)
def test_family_passes_every_law_on_every_market(family, arguments):
    subject = Subject(Bank([family.build(*arguments)]))
    for columns in MARKETS:
        assert broken(subject, columns) == {}


@pytest.mark.parametrize(("family", "arguments"), CASES)
def test_family_equals_its_oracle(family, arguments):
    feature = family.build(*arguments)
    subject = Subject(Bank([feature]))
    found = run_history(subject.bank, subject.rows(MARKETS[0]))
    expected = import_module(f"reference.{family.name}").expected(
        MARKETS[0], *arguments
    )
    assert tuple(expected) == family.kernel.outputs
    for values, right in zip(found, expected.values(), strict=True):
        np.testing.assert_allclose(values, right, rtol=1e-9, atol=1e-9)


def test_the_whole_default_bank_passes_every_law():
    hour = 3_600_000_000_000
    bank = features.default_bank(hour, has_quotes=True)
    assert broken(Subject(bank), random_columns(4, 500)) == {}


def centred(bank, rows):
    """History that sees one row ahead, as a centred window does."""
    return run_history(bank, np.roll(rows, -1, axis=1))


def forgetful(bank, rows, restart_every):
    """Live that starts afresh at each restart, as with state left out of the bytes."""
    if not restart_every:
        return run_live(bank, rows)
    parts = np.array_split(rows, range(restart_every, rows.shape[1], restart_every), 1)
    return np.hstack([run_live(bank, np.ascontiguousarray(part)) for part in parts])


def impatient() -> Feature:
    """A feature that promises its value one row too soon."""
    return replace(sma("close", 5), warm_up=(3,))


PLANTED = {
    "looks ahead": (
        Subject(Bank([sma("close", 5)]), history=centred),
        {"future_changes_nothing", "history_equals_live", "history_equals_python"},
    ),
    "forgets state": (
        Subject(Bank([sma("close", 5)]), live=forgetful),
        {"restart_changes_nothing"},
    ),
    "under-declares its warm-up": (
        Subject(Bank([impatient()])),
        {"warm_up_is_exact"},
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_planted_bad_feature_breaks_its_law(name):
    subject, laws = PLANTED[name]
    assert laws <= set(broken(subject, MARKETS[0]))


def test_each_law_can_fail():
    names = {law.__name__ for law in LAWS}
    bad = {
        "inputs_stay": Subject(Bank([sma("close", 5)]), history=_greedy),
        "prices_scale": Subject(Bank([sma("close", 5)]), history=_grown),
        "outlier_passes": Subject(Bank([_short_sighted()])),
        "gaps_are_skipped": Subject(Bank([sma("close", 5)]), history=_filled),
        "chunks_change_nothing": Subject(Bank([sma("close", 5)]), history=_grown),
    }
    found = {name for name, s in bad.items() if name in broken(s, MARKETS[0])}
    planted = set().union(*(laws for _, laws in PLANTED.values()))
    assert found | planted == names


def _greedy(bank, rows):
    rows[0, 0] += 1.0
    return run_history(bank, rows)


def _grown(bank, rows):
    return run_history(bank, rows) + 1e-3


def _filled(bank, rows):
    return run_history(bank, np.nan_to_num(rows, nan=100.0))


def _short_sighted() -> Feature:
    return replace(sma("close", 5), look_back=1)

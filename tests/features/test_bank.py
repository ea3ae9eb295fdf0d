"""A bank: shared nodes, mixed inputs, one state, one fingerprint."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.market import random_columns
from tradeloop.errors import InputError
from tradeloop.features import Bank, Feature, default_bank
from tradeloop.features.arithmetic.distance import distance
from tradeloop.features.checks import Subject, run_history, run_live, step_by_step
from tradeloop.features.fingerprint import step_fingerprint
from tradeloop.features.momentum.rsi import rsi
from tradeloop.features.momentum.stochastic import stochastic
from tradeloop.features.momentum.williams_r import williams_r
from tradeloop.features.trend.adx import adx
from tradeloop.features.trend.ema import ema
from tradeloop.features.trend.sma import sma
from tradeloop.features.volatility.true_range import atr
from tradeloop.features.volume.mfi import mfi

HOUR_NS, DAY_NS = 3_600_000_000_000, 86_400_000_000_000


def test_features_share_their_nodes():
    bank = Bank([stochastic(14), williams_r(14), adx(14), atr(14)])
    names = [feature.name for feature in bank.features]
    assert names.count("extremes_14") == 1
    assert names.count("true_range") == 1


def test_inputs_are_what_the_features_read_and_no_more():
    assert Bank([rsi(2)]).inputs == ("close",)
    assert set(Bank([mfi(5)]).inputs) == {"high", "low", "close", "volume"}


def test_new_periods_compile_nothing():
    first, second = Bank([rsi(3)]), Bank([rsi(n) for n in range(4, 40)])
    assert set(second.plan[::4]) == set(first.plan[::4])


def test_a_node_is_published_only_when_asked_for():
    bank = Bank([distance("close", sma("close", 3)["value"])])
    assert bank.names == ("close_to_sma_3_bps",)
    assert "sma_3" in bank.columns


def test_fingerprint_names_the_definition():
    base = Bank([rsi(14), ema("close", 5)])
    assert base.fingerprint == Bank([rsi(14), ema("close", 5)]).fingerprint
    others = [
        Bank([rsi(13), ema("close", 5)]),
        Bank([ema("close", 5), rsi(14)]),
        Bank([rsi(14), ema("open", 5)]),
        Bank([rsi(14)]),
    ]
    assert len({base.fingerprint, *(bank.fingerprint for bank in others)}) == 5


def test_fingerprint_changes_with_the_code_of_a_step():
    family = rsi(14).family
    other = replace(family, kernel=ema("close", 2).family.kernel)
    feature = Feature("rsi_14", other, ("close",), (14, 0.5, 0.5), 0, (14,), None)
    assert Bank([feature]).fingerprint != Bank([rsi(14)]).fingerprint


STEP = """
from tradeloop.fold import kernel, inline
FACTOR = {factor}
@inline
def shared(x{kind}):
    {text}
    return x * FACTOR
@kernel("value")
def step(x):
    return shared(x)
"""


def fingerprint_of(folder, name, factor=2.0, kind="", text="pass"):
    path = folder / f"{name}.py"
    path.write_text(STEP.format(factor=factor, kind=kind, text=text))
    scope = {"__name__": name}
    exec(compile(path.read_text(), str(path), "exec"), scope)  # noqa: S102
    return step_fingerprint(scope["step"])


def test_step_is_named_by_what_it_computes_and_not_by_how_it_is_documented(tmp_path):
    plain = fingerprint_of(tmp_path, "plain", text="'Words.'")
    other = fingerprint_of(tmp_path, "other", kind=": float", text="'Longer words.'")
    assert plain == other
    assert fingerprint_of(tmp_path, "third", factor=3.0, text="'Words.'") != plain
    assert fingerprint_of(tmp_path, "fourth", text="x = -x") != plain


def test_two_features_of_one_name_are_refused():
    with pytest.raises(InputError, match="Two features are called 'rsi_14'"):
        Bank([rsi(14), replace(rsi(14), params=(13, 1 / 13, 12 / 13))])
    with pytest.raises(InputError, match="two columns of one name") as refused:
        Bank([*map(rsi, range(2, 90)), *map(rsi, range(2, 90))])
    assert len(str(refused.value)) < 200


def test_wrong_arguments_are_refused_with_a_way_out():
    with pytest.raises(InputError, match="at least 1 rows, was 0"):
        sma("close", 0)
    with pytest.raises(InputError, match="not 'top'"):
        stochastic(14)["top"]
    with pytest.raises(InputError, match=r"Feature.params must have 3 entries"):
        replace(rsi(14), params=(1.0,))


def test_default_bank_has_what_was_promised():
    bank = default_bank(HOUR_NS, has_quotes=True)
    entries = bank.catalogue()
    assert len({entry.family for entry in entries}) >= 25
    assert len(bank.names) >= 35
    assert bank.warm_up_rows <= 61
    assert {entry.category for entry in entries} <= {
        "technical",
        "microstructure",
        "risk",
        "temporal",
        "cross_asset",
    }
    assert [entry.name for entry in entries] == list(bank.names)
    assert all(len(name) <= 100 for name in bank.names)


def test_default_bank_takes_only_inputs_that_the_bars_have():
    plain = default_bank(DAY_NS, has_quotes=False, has_volume=False)
    assert set(plain.inputs) <= {"open", "high", "low", "close", "day"}
    assert "ns_of_day" in default_bank(HOUR_NS, has_quotes=False).inputs
    macro = default_bank(
        DAY_NS, has_quotes=False, extra=("vix", "baa_yield_pct", "aaa_yield_pct")
    )
    assert {"vix_level", "vix_change_20", "credit_spread_pct"} <= set(macro.names)


MIXED = Bank([adx(3), mfi(3), stochastic(4, 2, 2), distance("close", "open")])


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    rows=st.integers(1, 60),
    missing=st.floats(0, 0.5),
    cuts=st.lists(st.integers(0, 60), max_size=5),
)
def test_any_gaps_and_any_chunks_give_the_same_bits_on_every_path(
    seed, rows, missing, cuts
):
    columns = random_columns(seed, rows, flat=0.2)
    given = Subject(MIXED).rows(columns)
    given[np.random.default_rng(seed).random(given.shape) < missing] = np.nan
    whole = run_history(MIXED, given)
    np.testing.assert_array_equal(whole, run_live(MIXED, given, restart_every=7))
    np.testing.assert_array_equal(whole, step_by_step(MIXED, given)[MIXED.published])
    state, table = MIXED.state(), np.empty((1, len(MIXED.columns), rows))
    table[0, : len(given)] = given
    marks = sorted({0, rows, *(cut for cut in cuts if cut < rows)})
    for start, stop in pairwise(marks):
        MIXED.history(state, table, start, stop)
    np.testing.assert_array_equal(whole, table[0, MIXED.published])


def test_a_missing_volume_touches_only_features_that_read_it():
    bank = default_bank(DAY_NS, has_quotes=False)
    columns = random_columns(5, 200)
    rows = Subject(bank).rows(columns)
    holed = rows.copy()
    holed[bank.inputs.index("volume"), 90:110] = np.nan
    whole, found = run_history(bank, rows), run_history(bank, holed)
    changed = {
        name
        for name, a, b in zip(bank.names, whole, found, strict=True)
        if not np.array_equal(a, b, equal_nan=True)
    }
    assert changed == {"obv_zscore_20", "relative_volume_20", "mfi_14"}
    assert np.isfinite(found[:, 110:]).all()


def test_part_of_the_lanes_advances_as_the_whole_does():
    bank, lanes = MIXED, 11
    rows = np.stack([Subject(bank).rows(random_columns(k, 30)) for k in range(lanes)])
    one, many = bank.state(lanes), bank.state(lanes)
    left = np.empty((len(bank.columns), lanes))
    right = left.copy()
    for row in range(30):
        left[: rows.shape[1]] = right[: rows.shape[1]] = rows[:, :, row].T
        bank.live(one, left)
        for part in (slice(0, 4), slice(4, 11)):
            bank.live(many[part], right[:, part])
        np.testing.assert_array_equal(left, right)
    assert one.tobytes() == many.tobytes()


def test_panel_whose_parts_do_not_fit_is_refused_before_it_runs():
    bank = Bank([rsi(3)])
    rows, two = np.ones((1, 10)), np.array([0, 4, 10])
    for state, inputs, bounds in (
        (bank.state(1), rows, two),
        (bank.state(2), rows[:, :8], two),
        (bank.state(2)[:, :-1], rows, two),
    ):
        with pytest.raises(InputError, match="A panel of 2 lanes"):
            bank.panel(state, inputs, bounds)

"""The catalogue: complete, each line said, every bank of it lawful."""

from collections import Counter
from importlib import import_module

import numpy as np
import pytest

from reference.market import random_columns
from tradeloop.events import BAR
from tradeloop.features import entries, standard, standard_bank
from tradeloop.features.bank import Bank
from tradeloop.features.catalogue import GROUPS, columns_of, raw_inputs
from tradeloop.features.checks import LAWS, Subject, run_history, run_live
from tradeloop.features.examine import sample

ENTRIES = entries()


def raw(bank, seed, rows):
    """Possible columns of every stream; what is not of a market is a walk."""
    return {**sample(bank.inputs, rows, seed), **random_columns(seed, rows)}


RAW = [column.name for column in BAR.columns]


def test_at_least_as_many_columns_as_were_asked_for():
    counts = Counter(entry.group for entry in ENTRIES)
    asked = {"trend": 40, "momentum": 15, "volatility": 20, "volume": 10}
    asked |= {"patterns": 30}
    assert len(ENTRIES) >= 250
    assert {group: counts[group] >= n for group, n in asked.items()} == dict.fromkeys(
        asked, True
    )
    assert set(counts) == set(GROUPS)


def test_every_line_of_the_catalogue_says_all_there_is_to_know():
    for entry in ENTRIES:
        texts = entry.name, entry.formula, entry.unit, entry.reference, entry.clock
        assert all(texts), entry.name
        assert len(entry.name) <= 100
        assert entry.name == entry.name.lower()
        assert entry.inputs
        assert entry.warm_up_rows >= 0


def test_a_name_means_one_feature_in_every_group():
    found = {}
    for group in GROUPS:
        module = import_module(f"tradeloop.features.{group}.standard")
        for column in columns_of(module.standard()):
            assert found.setdefault(column.name, column) == column


def test_bank_of_bars_holds_what_bars_allow_and_no_more():
    bank = standard_bank(RAW)
    assert len(bank.names) >= 250
    assert set(bank.inputs) <= {*RAW, "day", "ns_of_day"}
    without = standard_bank([name for name in RAW if "volume" not in name])
    assert 0 < len(without.names) < len(bank.names)
    assert not any("volume" in name for name in without.inputs)


@pytest.mark.parametrize("group", GROUPS)
def test_the_columns_of_a_group_keep_every_law_together(group):
    """What needs a lively market, such as ties of percentiles, is told apart below."""
    bank = Bank(standard([group]))
    columns = raw(bank, 5, bank.warm_up_rows + 260)
    subject = Subject(bank)
    for law in LAWS:
        if law.__name__ in {"history_equals_python", "restart_changes_nothing"}:
            continue  # of every family in tests/conformance; too slow for all columns
        assert law(subject, columns) == "", law.__name__


def test_the_whole_catalogue_is_equal_live_to_the_bit():
    bank = Bank(standard())
    rows = Subject(bank).rows(raw(bank, 6, 300))
    left, right = run_history(bank, rows), run_live(bank, rows, 97)
    same = (left.view(np.int64) == right.view(np.int64)) | np.isnan(left)
    assert same.all()
    assert (np.isnan(left) == np.isnan(right)).all()


def test_raw_inputs_go_down_to_the_columns_of_streams():
    column = next(c for c in standard(["trend"]) if c.name == "adx_14_adx")
    assert raw_inputs(column) == {"high", "low", "close"}

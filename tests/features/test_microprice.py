"""The microprice: its limit, its martingale, its table."""

import numpy as np
import polars as pl
import pytest

from reference.market import random_columns
from reference.one_feature import values
from tradeloop.errors import InputError
from tradeloop.features.bank import Bank
from tradeloop.features.microstructure.microprice import microprice
from tradeloop.features.microstructure.microprice_fit import (
    MicropriceTable,
    fit_microprice,
)

# The microprice.


def markov_quotes(count, seed=1):
    """Quotes of one tick whose book says which way the mid goes: 4 times of 5.

    After a move the book leans the same way 7 times of 10.
    """
    random = np.random.default_rng(seed)
    lean, mid, rows = 1, 1000, []
    for _ in range(count):
        rows.append((mid, lean))
        if random.random() < 0.3:
            way = lean if random.random() < 0.8 else -lean
            mid, lean = mid + way, way if random.random() < 0.7 else -way
    mids, leans = map(np.array, zip(*rows, strict=True))
    return pl.DataFrame(
        {
            "bid": 0.5 * mids - 0.25,
            "ask": 0.5 * mids + 0.25,
            "bid_size": np.where(leans > 0, 80.0, 20.0),
            "ask_size": np.where(leans > 0, 20.0, 80.0),
        }
    )


def test_microprice_is_the_limit_that_theory_gives():
    # First move 0.8 - 0.2 ticks; each later one 0.6 * (0.7 - 0.3) of the one before.
    table = fit_microprice(markov_quotes(200_000), 2, 1, 0.5)
    wanted = 0.6 / (1 - 0.24)
    assert table.adjustment[0][1] == pytest.approx(wanted, rel=0.02)
    assert table.adjustment[0][0] == -table.adjustment[0][1]
    assert sum(table.samples[0]) == 199_999


def test_microprice_is_a_martingale_where_the_mid_is_none():
    quotes = markov_quotes(100_000, seed=2)
    table = fit_microprice(markov_quotes(200_000), 2, 1, 0.5)
    columns = {f"quote.{name}": quotes[name].to_numpy() for name in quotes.columns}
    price = values(microprice(table), columns)["price"]
    mid = (columns["quote.bid"] + columns["quote.ask"]) / 2
    lean = np.sign(columns["quote.bid_size"] - columns["quote.ask_size"])

    def drift(series, rows):
        """Mean move the way the book leans, in its standard errors."""
        moves = np.diff(series[::rows]) * lean[::rows][:-1]
        return np.mean(moves) / (np.std(moves) / len(moves) ** 0.5)

    for rows in (1, 5, 20):
        assert abs(drift(price, rows)) < 3.5
        assert drift(mid, rows) > 10


def test_table_of_a_microprice_is_odd_and_counts_its_samples():
    columns = random_columns(6, 5_000)
    names = ("bid", "ask", "bid_size", "ask_size")
    quotes = pl.DataFrame({name: columns[f"quote.{name}"] for name in names})
    table = fit_microprice(quotes, 5, 4, 0.01)
    assert table.shape == (4, 5)
    for row in table.adjustment:
        assert [-value for value in reversed(row)] == list(row)
        assert row[2] == 0.0
    assert sum(map(sum, table.samples)) == 4_999


def test_another_table_is_another_feature():
    tables = [MicropriceTable(0.01, ((-x, x),), ((1, 1),)) for x in (0.25, 0.26)]
    one, two = (Bank([microprice(table)]).fingerprint for table in tables)
    assert one != two
    with pytest.raises(InputError, match="Two features"):
        Bank([microprice(table) for table in tables])


def test_microprice_of_crossed_quotes_is_the_mid():
    table = MicropriceTable(0.01, ((-0.5, 0.5),), ((1, 1),))
    columns = {
        "quote.bid": [10.02, 10.01],
        "quote.ask": [10.01, 10.01],
        "quote.bid_size": [5.0, 5.0],
        "quote.ask_size": [1.0, 1.0],
    }
    found = values(microprice(table), columns)
    assert found["price"].tolist() == pytest.approx([10.015, 10.01])
    assert found["bps"].tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"n_imbalance": 1}, "buckets"),
        ({"n_spread": 0}, "buckets"),
        ({"n_imbalance": 20, "n_spread": 5}, "40"),
        ({"tick": 0.0}, "tick"),
        ({"quotes": markov_quotes(9).drop("bid_size")}, "bid_size"),
        ({"quotes": markov_quotes(1)}, "not move"),
    ],
)
def test_fit_of_a_microprice_refuses_what_it_cannot_learn_from(change, word):
    given = {"quotes": markov_quotes(99), "n_imbalance": 2, "n_spread": 1, "tick": 0.5}
    with pytest.raises(InputError, match=word):
        fit_microprice(**(given | change))


def test_microprice_refuses_a_table_that_is_not_odd():
    with pytest.raises(InputError, match="odd"):
        microprice(MicropriceTable(0.01, ((0.1, 0.5),), ((1, 1),)))

"""Risk of instruments and portfolios: what was lost, and how much is at stake."""

import json

import numpy as np
import polars as pl
import pytest

from reference.market import random_columns
from tradeloop.errors import InputError
from tradeloop.features import Bank
from tradeloop.features.arithmetic.log_return import log_return
from tradeloop.features.checks import Subject, broken, run_history
from tradeloop.features.risk.drawdown import drawdown
from tradeloop.features.risk.gaussian_loss import gaussian_loss
from tradeloop.features.risk.historical_loss import historical_loss
from tradeloop.features.risk.max_drawdown import max_drawdown
from tradeloop.features.risk.portfolio import (
    PORTFOLIO_COLUMNS,
    PortfolioBook,
    exposure_row,
    portfolio_rows,
)
from tradeloop.features.risk.standard import of_the_instrument, standard

DAY_NS = 86_400_000_000_000


def values(bank, columns):
    found = run_history(bank, Subject(bank).rows(columns))
    return dict(zip(bank.names, found, strict=True))


def test_standard_columns_pass_every_law_together():
    assert broken(Subject(Bank(standard())), random_columns(31, 620)) == {}


# Losses


def test_losses_are_positive_and_shortfall_is_never_below_value_at_risk():
    moves = {"x": np.random.default_rng(1).standard_t(3, 3_000) * 100}
    for n in (7, 20, 100, 101, 250):
        bank = Bank(
            [historical_loss(n, "x", name="a"), gaussian_loss(n, "x", name="b")]
        )
        found = {name: v[n:] for name, v in values(bank, moves).items()}
        for kind in ("a", "b"):
            assert (found[f"{kind}_es_95"] >= found[f"{kind}_var_95"] - 1e-9).all()
            assert (found[f"{kind}_es_99"] >= found[f"{kind}_var_99"] - 1e-9).all()
            assert (found[f"{kind}_var_99"] >= found[f"{kind}_var_95"] - 1e-9).all()
        assert found["a_var_95"].mean() > 0


def test_value_at_risk_is_exceeded_as_often_as_it_says():
    moves = np.random.default_rng(2).normal(0, 100, 60_000)
    bank = Bank(
        [historical_loss(500, "x", name="a"), gaussian_loss(500, "x", name="b")]
    )
    found = values(bank, {"x": moves})
    for kind in ("a", "b"):
        for level in (95, 99):
            exceeded = -moves[500:] > found[f"{kind}_var_{level}"][499:-1]
            assert exceeded.mean() == pytest.approx(1 - level / 100, abs=0.003)


def test_known_returns_lose_what_is_counted_by_hand():
    moves = {"x": -np.arange(1.0, 101.0)}  # losses of 1 to 100
    found = values(Bank([historical_loss(100, "x", name="a")]), moves)
    last = {name: column[-1] for name, column in found.items()}
    assert last["a_var_95"] == pytest.approx(95.05)  # NumPy's quantile of 0.05
    assert last["a_es_95"] == pytest.approx(98.0)  # mean of 96 to 100
    assert last["a_var_99"] == pytest.approx(99.01)
    assert last["a_es_99"] == pytest.approx(100.0)


def test_market_that_does_not_move_has_no_risk():
    flat = {"close": np.full(300, 7.3)}
    for name, column in values(Bank(of_the_instrument()), flat).items():
        wanted = 250.0 if name.startswith("rows") else 0.0
        assert column[-1] == pytest.approx(wanted, abs=1e-9), name


def test_drawdown_counts_from_the_peak_and_keeps_the_deepest():
    close = {"close": np.array([100.0, 110, 99, 104.5, 88, 121, 120])}
    found = values(Bank([drawdown(), max_drawdown(3)]), close)
    assert found["drawdown_depth_bps"] == pytest.approx(
        [0, 0, 1e3, 500, 2e3, 0, 82.6446281]
    )
    assert found["drawdown_rows"].tolist() == [0, 0, 1, 2, 3, 0, 1]
    assert found["drawdown_deepest_bps"] == pytest.approx(
        [0, 0, 1e3, 1e3, 2e3, 2e3, 2e3]
    )
    deepest = found["max_drawdown_3_deepest_bps"]
    fall = 1e4 * (1 - 88 / 104.5)
    assert deepest[2:] == pytest.approx([1e3, 1e3, fall, fall, 82.6446281])


def test_equity_below_zero_has_no_drawdown_but_does_not_disturb_the_next():
    close = {"close": np.array([100.0, -5, 90])}
    found = values(Bank([drawdown()]), close)["drawdown_depth_bps"]
    np.testing.assert_array_equal(np.isnan(found), [False, True, False])
    assert found[2] == pytest.approx(1e3)


# A portfolio


def test_exposure_is_counted_by_hand():
    found = exposure_row({"A": 300.0, "B": -100.0, "C": 0.0}, cash=800.0)
    assert found["equity"] == 1_000.0
    assert (found["gross_exposure"], found["net_exposure"]) == (400.0, 200.0)
    assert (found["largest_weight"], found["n_positions"]) == (0.75, 2.0)
    assert found["hhi"] == pytest.approx(0.75**2 + 0.25**2)
    empty = exposure_row({}, equity=5.0)
    assert (empty["cash"], empty["hhi"], empty["largest_weight"]) == (5.0, 0.0, 0.0)


def test_order_of_positions_changes_no_bit():
    random = np.random.default_rng(3)
    worths = dict(zip(map(str, range(40)), random.normal(0, 1e5, 40), strict=True))
    other = dict(sorted(worths.items(), key=lambda each: each[1]))
    assert exposure_row(worths, cash=1.1) == exposure_row(other, cash=1.1)


def test_trading_at_the_last_price_costs_only_the_fees():
    book = PortfolioBook(cash=1_000.0)
    book.mark("A", 10.0)
    book.fill("A", 1, 50.0, 10.0, 2.0)
    assert book.row()["equity"] == 998.0
    book.mark("A", 12.0)
    book.fill("A", -1, 80.0, 12.0)
    row = book.row()
    assert (row["equity"], row["net_exposure"]) == (1_098.0, -360.0)
    assert row["gross_exposure"] == 360.0


def test_position_without_a_price_leaves_the_exposure_unknown():
    book = PortfolioBook()
    record = {"equity": 100.0, "positions": '{"A": 2.0}', "gross_exposure": 20.0}
    book.state({"portfolio": "P", **record})
    row = book.row()
    assert (row["equity"], row["gross_exposure"]) == (100.0, 20.0)
    assert np.isnan(row["hhi"])
    book.mark("A", 10.0)  # what the state said is old; cash was never known
    assert np.isnan(book.row()["equity"])
    assert book.row()["hhi"] == 1.0


def test_state_speaks_until_a_price_says_more():
    book = PortfolioBook()
    book.mark("A", 10.0)
    book.state({"equity": 100.0, "positions": {"A": -2.0}, "margin_used": 7.0})
    row = book.row()
    assert (row["cash"], row["net_exposure"], row["margin_used"]) == (120.0, -20.0, 7.0)
    book.mark("A", 15.0)
    row = book.row()
    assert (row["equity"], row["cash"], row["margin_used"]) == (90.0, 120.0, 7.0)


def test_states_of_two_portfolios_are_refused():
    states = pl.DataFrame({"portfolio": ["P", "Q"], "received_ns": [1, 2]})
    with pytest.raises(InputError, match="portfolio"):
        portfolio_rows(PortfolioBook(), states=states)


def events(seed, rows=200):
    """Prices of three instruments, and fills of some of them, some at one instant."""
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.01, (rows, 3)), axis=0))
    prices = [
        {"instrument": name, "received_ns": 10 * row, "close": close[row, k]}
        for row in range(rows)
        for k, name in enumerate("ABC")
    ]
    fills = [
        {
            "instrument": "ABC"[int(random.integers(3))],
            "received_ns": 10 * row + int(random.integers(2)) * 5,
            "side": int(random.choice([-1, 1])),
            "quantity": float(random.integers(1, 50)),
            "price": float(close[row].mean()),
            "fees": 0.1,
        }
        for row in range(0, rows, 7)
    ]
    return pl.DataFrame(prices), pl.DataFrame(fills)


def test_rows_of_history_are_those_of_the_live_book():
    prices, fills = events(4)
    found = portfolio_rows(PortfolioBook(cash=1e5), prices=prices, fills=fills)
    book, live = PortfolioBook(cash=1e5), []
    for at_ns in found["received_ns"]:
        for one in prices.filter(received_ns=at_ns).iter_rows(named=True):
            book.mark(one["instrument"], one["close"])
        for one in fills.filter(received_ns=at_ns).iter_rows(named=True):
            done = (one["side"], one["quantity"], one["price"], one["fees"])
            book.fill(one["instrument"], *done)
        live.append(list(book.row().values()))
    np.testing.assert_array_equal(found.select(PORTFOLIO_COLUMNS).to_numpy(), live)
    past = portfolio_rows(
        PortfolioBook(cash=1e5),
        prices=prices.filter(pl.col("received_ns") < 900),
        fills=fills.filter(pl.col("received_ns") < 900),
    )
    assert past.equals(found.head(past.height))


# Real data


@pytest.fixture(scope="module")
def backtest(market_data):
    """Positions by worth, and the returns that were published with them."""
    folder = market_data / "decisions"
    held = pl.read_parquet(folder / "backtest_positions.parquet").sort("ts")
    returns = pl.read_parquet(folder / "backtest_returns.parquet").sort("ts")
    return held, returns


def states_of(held):
    """PORTFOLIO_STATE records: a unit is a dollar, so the price of each is 1."""
    names = [name for name in held.columns if name not in ("ts", "cash")]
    at_ns = held["ts"].dt.timestamp("ns") + DAY_NS
    return pl.DataFrame(
        {
            "portfolio": ["backtest"] * held.height,
            "event_ns": at_ns,
            "received_ns": at_ns,
            "equity": held.select(pl.sum_horizontal(*names, "cash")).to_series(),
            "cash": held["cash"],
            "positions": [json.dumps(row) for row in held.select(names).to_dicts()],
        }
    ), [{"instrument": n, "received_ns": 0, "close": 1.0} for n in names]


@pytest.mark.realdata
def test_equity_of_a_real_backtest_returns_what_was_published(backtest):
    held, returns = backtest
    states, prices = states_of(held)
    rows = portfolio_rows(PortfolioBook(), prices=pl.DataFrame(prices), states=states)
    rows = rows.tail(held.height)
    bank = Bank(
        [
            log_return(1, "portfolio.equity"),
            historical_loss(250, log_return(1, "portfolio.equity")["value"], name="h"),
            drawdown("portfolio.equity", name="d"),
        ]
    )
    equity = rows["equity"].to_numpy()
    found = values(bank, {"portfolio.equity": equity})
    moves = np.expm1(found["log_return_1_portfolio.equity_bps"][1:] / 1e4)
    published = held.join(returns, on="ts", how="left")["return"].to_numpy()[1:]
    assert np.median(np.abs(moves - published)) < 1e-12
    # the value at risk of the year before was exceeded about as often as it says
    losses = -found["log_return_1_portfolio.equity_bps"]
    exceeded = losses[250:] > found["h_var_95"][249:-1]
    exceeded = exceeded[~np.isnan(found["h_var_95"][249:-1])]
    assert 0.03 < exceeded.mean() < 0.08
    assert found["d_deepest_bps"][-1] == pytest.approx(
        1e4 * np.max(1 - equity / np.maximum.accumulate(equity))
    )


@pytest.mark.realdata
def test_exposure_of_a_real_backtest_is_that_of_its_worths(backtest):
    held, _ = backtest
    states, prices = states_of(held)
    rows = portfolio_rows(PortfolioBook(), prices=pl.DataFrame(prices), states=states)
    rows = rows.tail(held.height)
    names = [name for name in held.columns if name not in ("ts", "cash")]
    worths = held.select(names).to_numpy()
    gross = np.abs(worths).sum(1)
    np.testing.assert_allclose(rows["gross_exposure"], gross, rtol=1e-12)
    np.testing.assert_allclose(
        rows["net_exposure"], worths.sum(1), rtol=1e-9, atol=1e-6
    )
    weights = np.abs(worths) / gross[:, None]
    np.testing.assert_allclose(rows["hhi"], (weights**2).sum(1), rtol=1e-12)
    np.testing.assert_allclose(rows["largest_weight"], weights.max(1), rtol=1e-12)
    assert rows["n_positions"].max() == len(names)


@pytest.mark.realdata
def test_fills_of_a_real_backtest_lead_to_its_positions(market_data, backtest):
    held, _ = backtest
    folder = market_data / "decisions"
    done = pl.read_parquet(folder / "backtest_transactions.parquet").sort("ts")
    done = done.filter(pl.col("quantity") != 0)
    fills = done.select(
        instrument="symbol",
        received_ns=pl.col("ts").dt.timestamp("ns") + DAY_NS // 2,
        side=pl.col("quantity").sign(),
        quantity=pl.col("quantity").abs().cast(pl.Float64),
        price="price",
    )
    # the price of a day is what a position was worth by the units held
    units = done.group_by("ts", "symbol").agg(pl.col("quantity").sum()).sort("ts")
    units = units.with_columns(pl.col("quantity").cum_sum().over("symbol"))
    names = [name for name in held.columns if name not in ("ts", "cash")]
    worths = held.unpivot(names, index="ts", variable_name="symbol").sort("ts")
    daily = worths.join_asof(units, on="ts", by="symbol", check_sortedness=False)
    daily = daily.filter((pl.col("quantity") != 0) & (pl.col("value") != 0))
    prices = daily.select(
        instrument="symbol",
        received_ns=pl.col("ts").dt.timestamp("ns") + DAY_NS,
        close=pl.col("value") / pl.col("quantity"),
    )
    rows = portfolio_rows(
        PortfolioBook(cash=100_000.0), prices=prices, fills=fills
    ).filter(pl.col("received_ns") % DAY_NS == 0)
    both = held.with_columns(received_ns=pl.col("ts").dt.timestamp("ns") + DAY_NS).join(
        rows, on="received_ns", suffix="_found"
    )
    assert both.height > 1_400
    equity = both.select(pl.sum_horizontal(*names, "cash")).to_series()
    error = (both["equity"] - equity).abs() / equity
    assert error.max() < 1e-9

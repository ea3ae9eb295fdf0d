"""Other instruments: benchmark, lead and lag, spread, and a universe as one fold."""

from itertools import combinations

import numpy as np
import polars as pl
import pytest

from reference.market import bars_frame, random_columns
from tradeloop.errors import ArtefactError, InputError
from tradeloop.features import Bank, LiveBank, compute_streams
from tradeloop.features.arithmetic.log_return import log_return
from tradeloop.features.checks import Subject, broken, run_history
from tradeloop.features.cross_asset.aligned import aligned
from tradeloop.features.cross_asset.capture import capture
from tradeloop.features.cross_asset.eigenvalue import largest_eigenvalue
from tradeloop.features.cross_asset.lead_lag import lead_lag
from tradeloop.features.cross_asset.market import (
    LiveUniverse,
    market_rows,
    with_peers,
)
from tradeloop.features.cross_asset.pair_regression import pair_regression, spread
from tradeloop.features.cross_asset.standard import against_the_benchmark, standard
from tradeloop.features.cross_asset.universe import (
    MARKET_COLUMNS,
    PEER_COLUMNS,
    Universe,
)

HOUR_NS = 3_600_000_000_000


def values(bank, columns):
    found = run_history(bank, Subject(bank).rows(columns))
    return dict(zip(bank.names, found, strict=True))


def test_standard_columns_pass_every_law_together():
    assert broken(Subject(Bank(standard())), random_columns(21, 400)) == {}


# A pair


def test_leader_is_found_at_its_lag_and_the_follower_at_minus_that():
    random = np.random.default_rng(1)
    leader = random.normal(0, 1, 400)
    follower = 0.8 * np.roll(leader, 3) + 0.2 * random.normal(0, 1, 400)
    columns = {"a": leader, "b": follower}
    found = values(Bank([lead_lag(60, 5, "b", "a", name="x")]), columns)
    assert (found["x_lag"][100:] == 3).all()
    assert found["x_correlation"][100:].min() > 0.9
    turned = values(Bank([lead_lag(60, 5, "a", "b", name="x")]), columns)
    assert (turned["x_lag"][100:] == -3).all()
    np.testing.assert_allclose(turned["x_correlation"], found["x_correlation"])


def test_pair_that_does_not_move_is_neutral():
    columns = {"a": np.full(200, 3.0), "b": np.arange(200.0) % 7}
    bank = Bank(
        [
            pair_regression("b", "a", 20, name="fit"),
            lead_lag(20, 3, "b", "a", name="lag"),
            capture(20, "a", "b", name="side"),
        ]
    )
    found = {name: column[-1] for name, column in values(bank, columns).items()}
    neutral = ("fit_beta", "fit_correlation", "lag_lag", "lag_correlation")
    assert [found[name] for name in neutral] == [0.0] * 4
    assert found["side_down_capture"] == found["side_down_beta"] == 0.0


def test_line_through_every_pair_leaves_no_spread():
    x = random_columns(3, 120)["close"]
    bank = Bank([pair_regression("y", "x", 30, name="fit")])
    found = values(bank, {"x": x, "y": 2.0 + 0.5 * x})
    assert found["fit_beta"][-1] == pytest.approx(0.5)
    assert found["fit_alpha"][-1] == pytest.approx(2.0)
    assert (found["fit_zscore"][29:] == 0.0).all()


def test_stale_benchmark_stands_still_and_a_too_old_one_skips_both():
    columns = {
        "close": np.array([10.0, 11.0, 12.0, 13.0, 14.0]),
        "benchmark.close": np.array([5.0, 5.0, 5.0, 5.0, 6.0]),
        "day": np.full(5, 18_000.0),
        "ns_of_day": np.arange(5) * float(HOUR_NS),
        "benchmark.day": np.full(5, 18_000.0),
        "benchmark.ns_of_day": np.array([0, 0, 0, 0, 4.0]) * HOUR_NS,
    }
    pair, strict = aligned(), aligned(stale_minutes=90)
    own, other = (log_return(1, strict[s]) for s in ("own", "other"))
    found = values(Bank([log_return(1, pair["other"]), own, other]), columns)
    always, mine, theirs = found.values()
    assert always[1:].tolist() == pytest.approx([0.0, 0.0, 0.0, 1e4 * np.log(6 / 5)])
    # rows 2 and 3 are skipped: the return in row 4 spans rows 1 to 4 on both sides
    np.testing.assert_array_equal(np.isnan(mine), np.isnan(theirs))
    assert mine[4] == pytest.approx(1e4 * np.log(14 / 11))
    assert theirs[4] == pytest.approx(1e4 * np.log(6 / 5))


def test_benchmark_of_another_clock_gives_live_the_bits_of_history():
    bars = bars_frame(31, [90, 70], interval_ns=HOUR_NS)
    other = bars_frame(33, [60], interval_ns=2 * HOUR_NS, latency_ns=HOUR_NS // 2)
    other = other.drop("instrument")
    bank = Bank(against_the_benchmark())
    tables = {"bar": bars, "benchmark": other}
    history = compute_streams(bank, tables)
    live = LiveBank(bank, shared=("benchmark",))
    events = [
        *((row["received_ns"], 0, None, row) for row in other.to_dicts()),
        *((row["received_ns"], 1, row["instrument"], row) for row in bars.to_dicts()),
    ]
    found = {}
    for _, kind, name, row in sorted(events, key=lambda each: each[:2]):
        if kind:
            found[name, row["event_ns"]] = live.update(name, row)
        else:
            live.update(None, row, "benchmark")
    rows = history.select(bank.names).to_numpy()
    keys = history.select("instrument", "event_ns").iter_rows()
    np.testing.assert_array_equal([found[key] for key in keys], rows)
    assert not np.isnan(rows[80:90]).any()
    # half an hour after it happened a close of the benchmark is known: never earlier
    age = history["aligned_age_minutes"].drop_nulls()
    assert age.min() >= 30.0


# A universe


def prices(seed, rows, size, common=1.0):
    random = np.random.default_rng(seed)
    market = random.normal(0, 0.01, (rows, 1))
    own = random.normal(0, 0.01, (rows, size))
    return 100 * np.exp(np.cumsum(common * market + own, axis=0))


def by_hand(window):
    """Mean correlation and eigenvalue share of full windows of prices."""
    returns = np.diff(np.log(window), axis=0)
    matrix = np.corrcoef(returns.T)
    pairs = [matrix[i, j] for i, j in combinations(range(len(matrix)), 2)]
    return np.mean(pairs), np.linalg.eigvalsh(matrix)[-1] / len(matrix)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 17, 40])
def test_largest_eigenvalue_is_that_of_numpy(size):
    random = np.random.default_rng(size)
    for rank in (1, size // 2 + 1, 3 * size):
        rows = random.normal(0, 1, (rank, size))
        matrix = rows.T @ rows
        right = np.linalg.eigh(matrix)[0][-1]
        assert largest_eigenvalue(matrix.copy()) == pytest.approx(right, rel=1e-12)
    assert largest_eigenvalue(np.eye(size)) == pytest.approx(1.0, rel=1e-12)
    assert largest_eigenvalue(np.ones((size, size))) == pytest.approx(size, rel=1e-12)


@pytest.mark.parametrize(("size", "n"), [(2, 10), (6, 20), (20, 60), (30, 12)])
def test_market_is_that_of_the_correlation_matrix(size, n):
    close = prices(size, 150, size)
    universe = Universe(tuple(f"S{k}" for k in range(size)), n)
    market, _ = universe.advance(universe.state(), close)
    assert np.isnan(market[:n, :2]).all()
    for row in range(n, 150):
        mean, share = by_hand(close[row - n : row + 1])
        assert market[row, 0] == pytest.approx(mean, abs=1e-9)
        assert market[row, 1] == pytest.approx(share, abs=1e-9)
        last = 1e4 * np.diff(np.log(close[row - 1 : row + 1]), axis=0)[0]
        assert market[row, 2] == pytest.approx(last.std(), rel=1e-9)


def test_rank_and_zscore_stand_among_all_returns():
    close, n = prices(4, 60, 5), 7
    universe = Universe(("A", "B", "C", "D", "E"), n)
    _, peers = universe.advance(universe.state(), close)
    for row in range(n, 60):
        for column, rows in ((0, 1), (2, n)):
            moves = np.log(close[row] / close[row - rows])
            places = (moves.argsort().argsort() + 0.5) / 5
            np.testing.assert_allclose(peers[row, :, column], places)
            scores = (moves - moves.mean()) / moves.std()
            np.testing.assert_allclose(peers[row, :, column + 1], scores, rtol=1e-9)


def test_missing_instrument_is_left_out_until_its_window_is_full_again():
    close, n = prices(5, 80, 4), 10
    holed = close.copy()
    holed[30, 2] = np.nan
    universe, rest = Universe(("A", "B", "C", "D"), n), Universe(("A", "B", "D"), n)
    market, peers = universe.advance(universe.state(), holed)
    whole, _ = universe.advance(universe.state(), close)
    without, _ = rest.advance(rest.state(), close[:, [0, 1, 3]])
    np.testing.assert_array_equal(market[:30], whole[:30])
    np.testing.assert_allclose(market[30:41, :2], without[30:41, :2], rtol=1e-12)
    np.testing.assert_allclose(market[41:], whole[41:], rtol=1e-12)
    assert np.isnan(peers[30:32, 2, :2]).all()  # the return needs the row before
    assert not np.isnan(peers[32, 2, :2]).any()
    assert np.isnan(peers[30:41, 2, 2:]).all()


def test_instrument_that_stands_still_has_no_correlation():
    close = prices(6, 40, 4)
    close[:, 1] = 50.0
    universe, rest = Universe(("A", "B", "C", "D"), 8), Universe(("A", "C", "D"), 8)
    market, peers = universe.advance(universe.state(), close)
    without, _ = rest.advance(rest.state(), close[:, [0, 2, 3]])
    np.testing.assert_array_equal(market[:, :2], without[:, :2])
    assert not np.isnan(peers[1:, 1, 0]).any()
    still, _ = universe.advance(universe.state(), np.full((40, 4), 9.0))
    assert np.isnan(still[:, :2]).all()
    assert (still[1:, 2] == 0.0).all()


def test_live_and_restart_give_the_bits_of_history():
    close = prices(7, 200, 6)
    close[np.random.default_rng(8).random(close.shape) < 0.02] = np.nan
    universe = Universe(("A", "B", "C", "D", "E", "F"), 20)
    market, peers = universe.advance(universe.state(), close)
    live = LiveUniverse(universe)
    for row, given in enumerate(close):
        if row % 3 == 0:
            live = LiveUniverse(universe, live.state_bytes())
        one, each = live.update(dict(zip(universe.symbols, given, strict=True)))
        np.testing.assert_array_equal(list(one.values()), market[row])
        np.testing.assert_array_equal(
            [list(v.values()) for v in each.values()], peers[row]
        )
    for cut in (1, 21, 100):
        past, _ = universe.advance(universe.state(), close[:cut])
        np.testing.assert_array_equal(past, market[:cut])


def test_state_of_another_universe_and_a_strange_price_are_refused():
    one, other = Universe(("A", "B"), 5), Universe(("A", "B"), 6)
    with pytest.raises(ArtefactError, match="another universe"):
        LiveUniverse(other, one.saved(one.state()))
    with pytest.raises(InputError, match="C: "):
        LiveUniverse(one).update({"A": 1.0, "C": 2.0})
    with pytest.raises(InputError, match="at least two"):
        Universe(("A", "A"), 5)


def frame(close, late):
    """Bars of each hour; those of B come some hours late."""
    rows = [
        {
            "instrument": name,
            "event_ns": (row + 1) * HOUR_NS,
            "received_ns": (row + 1 + (late if name == "B" else 0)) * HOUR_NS,
            "close": price,
        }
        for row, given in enumerate(close)
        for name, price in zip("ABC", given, strict=True)
    ]
    return pl.DataFrame(rows).sort("instrument", "event_ns")


def test_rows_of_a_frame_are_those_of_the_fold_and_wait_for_the_late():
    close = prices(9, 50, 3)
    universe = Universe(("A", "B", "C"), 5)
    wanted, peers = universe.advance(universe.state(), close)
    market, stood = market_rows(universe, frame(close, 2))
    np.testing.assert_array_equal(market.select(MARKET_COLUMNS).to_numpy(), wanted)
    assert (market["received_ns"] - market["event_ns"]).unique().to_list() == [
        2 * HOUR_NS
    ]
    mine = stood.filter(instrument="C").select(PEER_COLUMNS).to_numpy()
    np.testing.assert_array_equal(mine, peers[:, 2])
    joined = with_peers(frame(close, 2), stood)
    seen = joined.filter(instrument="C").select(PEER_COLUMNS).to_numpy()
    np.testing.assert_array_equal(seen[2:], peers[:-2, 2])  # two hours behind
    assert np.isnan(seen[:2]).all()
    prompt = with_peers(frame(close, 0), market_rows(universe, frame(close, 0))[1])
    seen = prompt.filter(instrument="C").select(PEER_COLUMNS).to_numpy()
    np.testing.assert_array_equal(seen, peers[:, 2])


# Real markets


@pytest.mark.realdata
def test_cross_rate_is_hedged_by_its_legs(market_data):
    hours = pl.read_parquet(market_data / "fx" / "bars_1h.parquet")
    legs = ("AUDJPY", "AUDUSD", "USDJPY")
    wide = hours.filter(pl.col("symbol").is_in(legs)).pivot(
        "symbol", index="ts", values="close"
    )
    wide = wide.sort("ts").drop_nulls()
    made = (wide["AUDUSD"] * wide["USDJPY"]).to_numpy()
    columns = {
        "y": wide["AUDJPY"].to_numpy(),
        "x": made,
        "z": wide["AUDUSD"].to_numpy(),
    }
    moves = [log_return(1, name).columns[0] for name in ("y", "x", "z")]
    bank = Bank(
        [
            spread("y", "x", 250, name="spread"),
            pair_regression(moves[0], moves[1], 250, name="made"),
            pair_regression(moves[0], moves[2], 250, name="leg"),
            lead_lag(250, 3, moves[0], moves[1], name="lead"),
        ]
    )
    found = values(bank, columns)
    # the cross is the product of its legs: both slopes 1, and no lag
    assert np.nanmedian(found["spread_beta"]) == pytest.approx(1.0, abs=0.01)
    assert np.nanmedian(found["made_beta"]) == pytest.approx(1.0, abs=0.01)
    assert np.nanmedian(found["made_correlation"]) > 0.99
    assert np.nanmean(found["lead_lag"] == 0.0) > 0.99
    assert 0.3 < np.nanmedian(found["leg_correlation"]) < 0.95


@pytest.mark.realdata
def test_correlation_of_real_stocks_rises_in_each_crisis(market_data):
    closes = pl.read_parquet(market_data / "equity" / "closes_1d_stocks.parquet")
    wide = closes.pivot("symbol", index="ts", values="adj_close").sort("ts")
    names = tuple(name for name in wide.columns if name != "ts")
    universe = Universe(names, 60)
    market, _ = universe.advance(universe.state(), wide.select(names).to_numpy())
    found = wide.select("ts").with_columns(
        pl.Series(name, market[:, k], nan_to_null=True)
        for k, name in enumerate(MARKET_COLUMNS)
    )
    usual = found["mean_correlation"].median()

    def of(month):
        return found.filter(pl.col("ts").dt.strftime("%Y-%m") == month)

    for month in ("2008-11", "2020-04"):
        assert of(month)["mean_correlation"].min() > 1.5 * usual
        assert of(month)["eigenvalue_share"].min() > 0.5
    wide_apart = 1.5 * found["dispersion_bps"].mean()
    for month in ("2008-10", "2020-03"):
        assert of(month)["dispersion_bps"].mean() > wide_apart

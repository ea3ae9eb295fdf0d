"""Barriers, trends and meta-labels on real bars."""

import numpy as np
import polars as pl
import pytest

from reference.label_market import HOUR
from tradeloop.costs import CostModel
from tradeloop.labels import OutcomeRule, bar_path, cusum_events, label, row_volatility

pytestmark = pytest.mark.realdata

COSTS = CostModel(0.5, 0.25, financing_bps_per_year=50.0)
HORIZONS = {"1d": 24 * HOUR, "5d": 120 * HOUR, "6h": 6 * HOUR}


@pytest.fixture(scope="module")
def euro(market_data):
    """Hourly bars of mids; the high of the mid is at most the mean of both highs."""
    raw = pl.read_parquet(market_data / "fx" / "quote_bars_1h_eurusd.parquet")
    open_ns = raw["ts"].cast(pl.Int64)
    mids = {
        name: (pl.col(f"bid_{name}") + pl.col(f"ask_{name}")) / 2
        for name in ("high", "low", "close")
    }
    return raw.select(instrument="symbol", **mids).with_columns(
        open_ns=open_ns, event_ns=open_ns + HOUR, received_ns=open_ns + HOUR
    )


@pytest.fixture(scope="module")
def labels(euro):
    six = euro.filter(pl.col("event_ns") % (6 * HOUR) == 0)
    requests = six.select(
        pl.col("event_ns").cast(pl.String).alias("decision_id"),
        "instrument",
        "received_ns",
        side=pl.when(pl.int_range(pl.len()) % 2 == 0)
        .then(1)
        .otherwise(-1)
        .cast(pl.Int8),
    )
    return label(
        requests,
        euro,
        horizons_ns=list(HORIZONS.values()),
        costs=COSTS,
        rule=OutcomeRule(profit_barrier=1.0, stop_barrier=0.5),
    ).with_columns(side=requests["side"])


@pytest.mark.parametrize("h", HORIZONS)
def test_barriers_are_touched_between_decision_and_due_time_and_known_by_the_end(
    labels, h
):
    known = labels.filter(pl.col(f"barrier_{h}").is_not_null())
    touched = known.filter(pl.col(f"barrier_{h}") != 0)
    assert touched.height > 500
    assert (touched[f"barrier_ns_{h}"] > 0).all()
    assert (touched[f"barrier_ns_{h}"] <= HORIZONS[h]).all()
    ended = touched.filter(pl.col(f"end_ns_{h}").is_not_null())
    assert (ended[f"barrier_end_ns_{h}"] <= ended[f"end_ns_{h}"]).all()
    assert (touched[f"barrier_end_ns_{h}"] > touched["decision_ns"]).all()
    assert (ended[f"barrier_end_ns_{h}"] < ended[f"end_ns_{h}"]).sum() > 300
    still = known.filter(pl.col(f"barrier_{h}") == 0)
    assert still[f"barrier_end_ns_{h}"].equals(
        still[f"end_ns_{h}"].rename(f"barrier_end_ns_{h}")
    )


@pytest.mark.parametrize("h", HORIZONS)
def test_touches_pay_at_least_the_barrier_in_the_direction_they_were_touched(labels, h):
    rows = labels.filter(pl.col(f"barrier_{h}").is_not_null())
    width, result = (
        rows[f"volatility_{h}"].to_numpy(),
        rows[f"barrier_return_{h}"].to_numpy(),
    )
    way = rows[f"barrier_{h}"].to_numpy()
    assert (result[way == 1] >= width[way == 1] * (1 - 1e-9)).all()
    assert (result[way == -1] <= -0.5 * width[way == -1] * (1 - 1e-9)).all()
    assert (way == 1).any()
    # a stop at half the distance of the profit is touched more often
    assert (way == -1).sum() > (way == 1).sum()


@pytest.mark.parametrize("h", HORIZONS)
def test_meta_labels_agree_with_the_sign_of_the_net_return(labels, h):
    rows = labels.filter(pl.col(f"meta_label_{h}").is_not_null())
    # against cash the net outperformance is the net return of the side
    assert ((rows[f"net_bps_{h}"] > 0) == (rows[f"meta_label_{h}"] == 1)).all()
    barriers = labels.filter(pl.col(f"barrier_meta_{h}").is_not_null())
    positive = barriers[f"barrier_net_bps_{h}"] > 0
    assert (positive == (barriers[f"barrier_meta_{h}"] == 1)).all()
    assert 0.2 < rows[f"meta_label_{h}"].mean() < 0.8


@pytest.mark.parametrize("h", HORIZONS)
def test_the_return_lies_between_the_best_and_the_worst_on_the_way(labels, h):
    rows = labels.filter(pl.col(f"max_gain_{h}").is_not_null())
    signed = rows["side"] * rows[f"return_{h}"]
    assert (rows[f"max_gain_{h}"] >= signed).all()
    assert (rows[f"max_loss_{h}"] <= signed).all()
    for what in ("gain", "loss"):
        time = rows[f"time_to_max_{what}_ns_{h}"]
        assert ((time == 0) == (rows[f"max_{what}_{h}"] == 0)).all()
        assert (time <= rows[f"end_ns_{h}"] - rows["decision_ns"]).all()


def test_a_barrier_at_the_profit_is_within_the_best_on_the_way(labels):
    rows = labels.filter(pl.col("barrier_1d") == 1, pl.col("end_ns_1d").is_not_null())
    assert (rows["max_gain_1d"] >= rows["barrier_return_1d"] * (1 - 1e-12)).all()
    assert rows.height > 200


@pytest.mark.parametrize("h", ["1d", "5d"])
def test_trends_go_the_way_of_their_t_value_within_the_horizon(labels, h):
    rows = labels.filter(pl.col(f"trend_{h}").is_not_null())
    assert rows.height > 1_000
    t_value = rows[f"trend_t_{h}"].to_numpy()
    assert (np.sign(t_value) == rows[f"trend_{h}"].to_numpy()).all()
    assert np.isfinite(t_value).all()
    assert (rows[f"trend_ns_{h}"] <= rows[f"end_ns_{h}"] - rows["decision_ns"]).all()


def test_volatility_over_five_days_is_that_of_one_day_times_the_root_of_five(labels):
    rows = labels.filter(pl.col("volatility_1d").is_not_null())
    ratio = (rows["volatility_5d"] / rows["volatility_1d"]).to_numpy()
    np.testing.assert_allclose(ratio, np.sqrt(5), rtol=1e-12)
    yearly = rows["volatility_1d"].median() * np.sqrt(365)
    assert 0.02 < yearly < 0.3  # EURUSD moves some 5 to 15 % a year


def test_events_of_one_daily_volatility_are_rarer_than_hours_and_stay_as_data_grows(
    euro,
):
    path = bar_path(euro)
    rows = np.arange(len(path))
    bound = row_volatility(path, rows, rows=100) * np.sqrt(24)
    events = cusum_events(path, bound)
    assert 0.005 < len(events.row) / len(path) < 0.2
    half = path.known_by(int(path.known_ns[len(path) // 2]))
    part = cusum_events(half, bound[: len(half)])
    np.testing.assert_array_equal(part.row, events.row[: len(part.row)])
    assert len(part.row) > 50

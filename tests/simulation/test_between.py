"""The efficient price between messages: tied to them, and moving as the model says."""

import numpy as np
import polars as pl
import pytest

from tradeloop.errors import InputError
from tradeloop.simulation import between, shipped
from tradeloop.simulation.between import efficient_at

NAME = "EURUSD.SIM"


def told(market, name=NAME):
    return market.truth["prices"].filter(pl.col("instrument") == name)


def drawn(market, times, *, name=NAME, seed=1):
    return efficient_at(market, shipped("fx"), name, times, seed=seed)


def test_at_a_message_it_is_the_price_of_the_truth(fx):
    for name in fx.about["instruments"]:
        # Of messages in one nanosecond the last one counts.
        rows = told(fx, name).unique("event_ns", keep="last", maintain_order=True)
        rows = rows.head(rows.height - 1)
        found = drawn(fx, rows["event_ns"], name=name)
        assert found == pytest.approx(rows["efficient"].to_numpy(), rel=1e-12)


def test_what_the_certain_part_leaves_is_normal_with_the_variance_of_the_clock(fx):
    known = pl.col("instrument") == NAME
    takers = fx.truth["takers"].filter(known)["sequence", "permanent_bps"]
    rows = told(fx).join(takers, on="sequence", how="left", maintain_order="left")
    clocks = between._clocks(shipped("fx"), 0, days=0.5, seed=3, rate=1.0)
    spent, sure = clocks.at(rows["event_ns"].to_numpy())
    moved = np.diff(rows["efficient_bps"].to_numpy()) - np.diff(sure)
    moved -= rows["permanent_bps"].fill_null(0.0).to_numpy()[1:]
    apart = np.diff(spent) > 1e-9
    z = moved[apart] / np.sqrt(np.diff(spent)[apart])
    assert np.mean(z**2) == pytest.approx(1.0, abs=5 * np.sqrt(2 / len(z)))
    assert np.mean(z**4) == pytest.approx(3.0, abs=5 * np.sqrt(96 / len(z)))


def test_between_two_messages_it_varies_as_a_bridge_does(fx):
    rows = told(fx)
    times = rows["event_ns"].to_numpy()
    gap = int(np.diff(times).argmax())
    middle = (times[gap] + times[gap + 1]) // 2
    found = [np.log(drawn(fx, [middle], seed=k)[0]) * 1e4 for k in range(300)]
    clocks = between._clocks(shipped("fx"), 0, days=0.5, seed=3, rate=1.0)
    (a, b, c), _ = clocks.at(np.array([times[gap], middle, times[gap + 1]]))
    bridge = (b - a) * (c - b) / (c - a)
    assert bridge > 0
    assert np.var(found) == pytest.approx(bridge, rel=5 * np.sqrt(2 / 300))


def test_one_moment_has_one_price_in_any_order(fx):
    times = told(fx)["event_ns"].to_numpy()
    middle = (times[100:200] + times[101:201]) // 2
    found = drawn(fx, middle)
    assert drawn(fx, np.r_[middle[::-1], middle]).tolist() == [
        *found[::-1],
        *found,
    ]


def test_outside_of_the_messages_there_is_none(fx):
    times = told(fx)["event_ns"].to_numpy()
    assert np.isnan(drawn(fx, [times[0] - 1, times[-1], times[-1] + 1])).all()


def test_an_unknown_instrument_is_refused_with_the_known_ones(fx):
    with pytest.raises(InputError, match=r"EURUSD\.SIM, GBPUSD\.SIM"):
        drawn(fx, [0], name="EURUSD")

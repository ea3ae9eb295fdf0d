"""Roll, Kyle, Amihud, Corwin and Schultz, VPIN: each finds what was planted."""

import numpy as np
import pytest

from reference.market import random_columns
from reference.one_feature import values
from reference.roll import expected as roll_by_hand
from tradeloop.features.bank import Bank
from tradeloop.features.checks import LAWS, Subject, broken
from tradeloop.features.microstructure import roll as roll_file
from tradeloop.features.microstructure.amihud import amihud
from tradeloop.features.microstructure.corwin_schultz import corwin_schultz
from tradeloop.features.microstructure.kyle import kyle
from tradeloop.features.microstructure.roll import roll
from tradeloop.features.microstructure.vpin import vpin

# Roll: the one family that may be missing after its warm-up.


@pytest.mark.parametrize("arguments", roll_file.FAMILY.examples)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_roll_passes_every_law_but_that_it_is_never_missing(arguments, seed):
    subject = Subject(Bank([roll(*arguments)]))
    columns = random_columns(seed, 260, flat=0.2 * seed)
    assert set(broken(subject, columns)) <= {"warm_up_is_exact"}
    assert len(LAWS) > 1


@pytest.mark.parametrize("arguments", roll_file.FAMILY.examples)
def test_roll_is_missing_exactly_where_it_says_so(arguments):
    columns = random_columns(1, 260)
    found = values(roll(*arguments), columns)
    wanted = roll_by_hand(columns, *arguments)
    for name in found:
        np.testing.assert_allclose(found[name], wanted[name], rtol=1e-9, atol=1e-9)
    warm_up = roll(*arguments)["spread"].warm_up
    assert np.isnan(found["is_defined"][:warm_up]).all()
    assert set(found["is_defined"][warm_up:]) == {0.0, 1.0}
    missing = np.isnan(found["spread"][warm_up:])
    np.testing.assert_array_equal(missing, found["is_defined"][warm_up:] == 0.0)


def test_roll_finds_the_spread_that_prices_bounce_over():
    random = np.random.default_rng(5)
    middle = 100 + np.cumsum(random.normal(0, 0.01, 20_000))
    price = middle + 0.05 * random.choice([-1, 1], 20_000)
    found = values(roll(10_000), {"close": price})["spread"]
    assert found[-1] == pytest.approx(0.10, rel=0.02)


def test_roll_of_a_trend_is_missing_not_0():
    price = 100 + np.cumsum(np.repeat([0.1, 0.5], 50))
    found = values(roll(60), {"close": price})
    assert np.isnan(found["spread"][-1])
    assert found["is_defined"][-1] == 0.0


# Liquidity and impact.


def test_kyle_finds_the_impact_that_was_planted():
    random = np.random.default_rng(2)
    flow = random.normal(0, 100, 5_000)
    move = 0.003 * flow + random.normal(0, 0.5, 5_000)
    columns = {"signed_volume": flow, "close": move}
    found = values(kyle("close", "signed_volume", 4_000), columns)
    assert found["slope"][-1] == pytest.approx(0.003, rel=0.05)
    # The slope times the spread of the flow, against the noise of n rows.
    assert found["t_stat"][-1] == pytest.approx(0.003 * 100 * 4_000**0.5 / 0.5, rel=0.1)


def test_kyle_of_a_line_without_noise_and_of_no_flow_is_neutral():
    line = np.arange(50.0)
    found = values(kyle("close", "volume", 10), {"close": 3 * line, "volume": line})
    assert (found["slope"][-1], found["t_stat"][-1]) == (pytest.approx(3.0), 0.0)
    still = values(kyle("close", "volume", 10), {"close": line, "volume": np.ones(50)})
    assert [still[kind][-1] for kind in still] == [0.0, 0.0, 0.0]


def test_amihud_takes_only_bars_that_traded():
    columns = {"close": [100, 101, 101, 99.99], "volume": [5, 10, 0, 20]}
    found = values(amihud(3), columns)["value"]
    wanted = 1e6 * (0.01 / 1010 + 0.01 / 1999.8) / 2
    assert found[-1] == pytest.approx(wanted, rel=1e-9)
    nothing = values(amihud(3), columns | {"volume": np.zeros(4)})["value"]
    assert nothing[-1] == 0.0


def bars_of_trades(spread, seed, days=500, trades=390):
    """Days of prices that bounce over a spread, on a mid without gaps."""
    random = np.random.default_rng(seed)
    middle = 50 * np.exp(np.cumsum(random.normal(0, 0.0005, days * trades)))
    side = random.choice([-0.5, 0.5], days * trades)
    price = (middle * (1 + spread * side)).reshape(days, trades)
    return {"high": price.max(1), "low": price.min(1), "close": price[:, -1]}


@pytest.mark.parametrize("spread", [0.01, 0.03])
def test_corwin_schultz_finds_the_spread_that_was_planted(spread):
    found = values(corwin_schultz(1), bars_of_trades(spread, 3))
    assert np.nanmean(found["spread_bps"]) == pytest.approx(1e4 * spread, rel=0.15)


def test_corwin_schultz_takes_a_gap_between_days_out():
    columns = bars_of_trades(0.02, 3)
    jumps = np.cumsum(np.where(np.arange(500) % 2, 0.2, -0.2))
    gapped = {name: array * np.exp(jumps) for name, array in columns.items()}
    found = values(corwin_schultz(1), gapped)
    # A gap of 20 % in g would push every estimate far below 0.
    assert np.nanmean(found["negative_share"]) < 0.7
    assert 50 < np.nanmean(found["spread_bps"]) < 200


def test_corwin_schultz_flags_what_it_sets_to_0():
    columns = {
        "high": [10.1, 11.1, 11.2],
        "low": [10.0, 10.2, 11.05],
        "close": [10.05, 11.05, 11.1],
    }
    found = values(corwin_schultz(1), columns)
    assert (found["spread_bps"][1], found["negative_share"][1]) == (0.0, 1.0)
    assert set(found["negative_share"][1:]) <= {0.0, 1.0}


def test_vpin_is_high_when_flow_is_one_sided_and_low_when_it_is_not():
    size = 400
    volume = np.full(size, 100.0)
    up = np.cumsum(np.where(np.arange(size) % 50, 3.0, -2.0))
    both = 100 + 3.0 * (np.arange(size) % 2)
    one_sided = values(vpin(20, 1000.0, 30), {"close": up, "volume": volume})
    balanced = values(vpin(20, 1000.0, 30), {"close": both, "volume": volume})
    assert one_sided["value"][-1] > 0.9
    assert balanced["value"][-1] < 0.05
    assert one_sided["buckets"][-1] == 20


def test_vpin_of_a_trade_of_many_buckets_fills_them_all_alike():
    close = 100 + np.tile([0.0, 1.0], 20)
    volume = np.full(40, 10.0)
    volume[-1] = 1e12
    found = values(vpin(8, 25.0, 5), {"close": close, "volume": volume})
    share = 0.8413447460685429  # one standard deviation, near enough
    assert found["buckets"][-1] == 8
    assert found["value"][-1] == pytest.approx(2 * share - 1, abs=0.05)

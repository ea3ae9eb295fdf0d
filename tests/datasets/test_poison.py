import polars as pl
import pytest

from tradeloop.datasets.poison import poison

FLOATS = ("open", "high", "low", "close", "volume", "bid", "ask", "signed_volume")


@pytest.fixture(scope="module")
def at_ns(world):
    return int(world.bars["received_ns"].median())


def test_what_was_received_by_then_keeps_every_bit(world, at_ns):
    known = pl.col("received_ns") <= at_ns
    spoiled = poison(world.bars, at_ns, seed=1)
    assert spoiled.filter(known).equals(world.bars.filter(known))


def test_every_number_received_later_is_another(world, at_ns):
    later = pl.col("received_ns") > at_ns
    spoiled = poison(world.bars, at_ns, seed=1).filter(later)
    honest = world.bars.filter(later)
    for name in FLOATS:
        assert (spoiled[name] != honest[name]).all(), name


def test_spoiled_bars_are_valid_bars(world, at_ns):
    spoiled = poison(world.bars, at_ns, seed=1)
    inside = spoiled.select(
        low=pl.col("low") <= pl.min_horizontal("open", "close"),
        high=pl.col("high") >= pl.max_horizontal("open", "close"),
    )
    assert inside["low"].all()
    assert inside["high"].all()
    assert (spoiled["bid"] <= spoiled["ask"]).all()
    assert (spoiled["low"] > 0).all()


def test_no_ratio_of_or_within_bars_survives(world, at_ns):
    later = pl.col("received_ns") > at_ns
    spoiled = poison(world.bars, at_ns, seed=1).filter(later)
    honest = world.bars.filter(later)
    for ratio in (
        pl.col("close") / pl.col("close").shift(1),
        pl.col("volume") / pl.col("volume").shift(1),
        pl.col("high") / pl.col("low"),
        pl.col("close") / pl.col("open"),
        pl.col("ask") / pl.col("bid"),
    ):
        change = spoiled.select(ratio) / honest.select(ratio) - 1
        assert (change.to_series().drop_nulls().abs() > 1e-9).all()


def test_the_same_seed_spoils_the_same(world, at_ns):
    first, second, other = (poison(world.bars, at_ns, seed=s) for s in (1, 1, 2))
    assert first.equals(second)
    assert not first.equals(other)

import polars as pl
import pytest

from tradeloop.capture import NO_INSTRUMENT, QUARANTINE, instrument_names, resolve
from tradeloop.events import BAR, DECISION, FILL


def bars(**known_ns):
    rows = [
        {
            "instrument": name,
            "open_ns": at - 10,
            "event_ns": at,
            "received_ns": at,
            "open": 1.0,
            "high": 1.0,
            "low": 1.0,
            "close": 1.0,
        }
        for name, times in known_ns.items()
        for at in times
    ]
    return BAR.conform(pl.DataFrame(rows))


def decisions(*rows):
    return DECISION.conform(
        pl.DataFrame(
            [
                {
                    "decision_id": str(number),
                    "strategy": "s",
                    "instrument": name,
                    "side": side,
                    "event_ns": at,
                    "received_ns": at,
                }
                for number, (name, at, side) in enumerate(rows)
            ]
        )
    )


MARKET = bars(**{"NVDA.US": [100, 200], "X.A1": [100], "X.B1": [100], "PLAIN": [100]})


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("NVDA.US", "NVDA.US"),
        ("NVDA", "NVDA.US"),
        ("PLAIN.NYSE", "PLAIN"),
        ("X", None),
        ("nvda", None),
        ("NVDA.L2", None),
    ],
)
def test_a_symbol_means_the_only_instrument_that_bears_it(name, meant):
    names = instrument_names(pl.Series([name]), MARKET["instrument"])
    assert names["meant"].to_list() == [meant]


def test_a_share_class_is_no_venue():
    names = instrument_names(pl.Series(["BRK"]), pl.Series(["BRK.B"]))
    assert names.row(0) == ("BRK", None, 0)


def test_decisions_go_with_the_name_of_the_bars_and_the_rest_says_why_not():
    given = decisions(
        ("NVDA", 100, 1),
        ("ZZZ", 100, 1),
        ("X", 100, 1),
        ("NVDA", 99, 1),
        ("NVDA", 250, -1),
        ("NVDA", 251, -1),
        (NO_INSTRUMENT, 100, 0),
        (NO_INSTRUMENT, 100, 1),
    )
    known, refused = resolve(given, MARKET, stale_after_ns=50)
    assert known["decision_id"].to_list() == ["0", "4", "6"]
    assert known["instrument"].to_list() == ["NVDA.US", "NVDA.US", NO_INSTRUMENT]
    assert refused.schema == dict(QUARANTINE)
    assert refused.select("key", "reason").rows() == [
        ("1", "unknown_symbol"),
        ("2", "ambiguous_symbol"),
        ("3", "before_first_bar"),
        ("5", "after_last_bar"),
        ("7", "unknown_symbol"),
    ]
    assert refused["row"].to_list() == [1, 2, 3, 5, 7]
    assert known.height + refused.height == given.height


def test_a_fill_belongs_to_the_market_from_the_start_of_the_first_bar_on():
    times = [89, 90, 250, 251]
    fills = FILL.conform(
        pl.DataFrame(
            {
                "fill_id": [f"f{at}" for at in times],
                "instrument": "NVDA",
                "side": 1,
                "event_ns": times,
                "received_ns": times,
                "price": 1.0,
                "quantity": 1.0,
            }
        )
    )
    known, refused = resolve(fills, MARKET, stale_after_ns=50)
    assert known["fill_id"].to_list() == ["f90", "f250"]
    assert known["instrument"].unique().to_list() == ["NVDA.US"]
    assert refused.select("source", "key", "reason").rows() == [
        ("fills", "f89", "before_first_bar"),
        ("fills", "f251", "after_last_bar"),
    ]

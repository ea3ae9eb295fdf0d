import pytest

from tradeloop.errors import InputError
from tradeloop.signals.latest import Asked, Latest

ASKED = Asked("EURUSD", "bank-1", "m v1")


def test_the_same_request_gets_the_same_answer_while_it_holds():
    latest = Latest()
    latest.put(ASKED, (b"row", 5), "buy", until_ns=100)
    assert latest.get(ASKED, (b"row", 5), 99) == "buy"
    assert latest.get(ASKED, (b"row", 5), 100) is None
    assert (latest.found, latest.missed) == (1, 1)


@pytest.mark.parametrize(
    ("asked", "request_"),
    [
        (ASKED, (b"row", 6)),
        (ASKED, (b"other", 5)),
        (Asked("GBPUSD", "bank-1", "m v1"), (b"row", 5)),
        (Asked("EURUSD", "bank-2", "m v1"), (b"row", 5)),
        (Asked("EURUSD", "bank-1", "m v2"), (b"row", 5)),
    ],
    ids=["time", "row", "symbol", "bank", "model"],
)
def test_another_request_gets_none(asked, request_):
    latest = Latest()
    latest.put(ASKED, (b"row", 5), "buy", until_ns=100)
    assert latest.get(asked, request_, 50) is None


def test_only_the_last_answer_is_kept_for_each_and_only_so_many():
    latest = Latest(most=2)
    for place, symbol in enumerate("ABC"):
        latest.put(Asked(symbol, "b", "m"), (place,), symbol, until_ns=9)
    assert len(latest) == 2
    assert latest.get(Asked("A", "b", "m"), (0,), 1) is None
    latest.put(Asked("B", "b", "m"), (7,), "new", until_ns=9)
    assert latest.get(Asked("B", "b", "m"), (1,), 1) is None
    assert latest.get(Asked("B", "b", "m"), (7,), 1) == "new"
    latest.forget("B")
    assert latest.get(Asked("B", "b", "m"), (7,), 1) is None
    with pytest.raises(InputError, match="At least one"):
        Latest(0)

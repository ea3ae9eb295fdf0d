"""The vendor's pages: asked for with the key, again where it stumbles, never beyond."""

import logging
import threading
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from capture.polygon_history_asked import (
    DAY,
    NEXT,
    QUICK,
    history,
    quote,
    trade,
)
from capture.polygon_standin import DROP, KEY, rest_vendor
from tradeloop.capture.polygon import FeedError, Patience
from tradeloop.errors import InputError, OverloadedError


@pytest.fixture
def vendor():
    with rest_vendor() as (standin, url):
        yield standin, url


def test_the_key_goes_in_the_header_to_the_host_that_the_user_named(vendor):
    standin, url = vendor
    standin.results["/v3/trades/AAPL"] = [trade(at) for at in range(7)]
    with history(url) as asked:
        asked.trades("AAPL", DAY, NEXT)
    assert len(standin.asked) == 3  # though the pages name another host
    for path, query, headers in standin.asked:
        assert headers["Authorization"] == f"Bearer {KEY}"
        assert KEY not in path + str(query)
        assert "apikey" not in str(query).lower()


STUMBLES = {
    "slow down": [429, (429, {"Retry-After": "0"})],
    "server errors": [500, 503, (502, {}, b"<html>")],
    "a cut line": [DROP],
    "no JSON": [(200, {}, b'{"results": [{"bid_pri')],
    "NaN": [(200, {}, b'{"results": [{"bid_price": NaN}]}')],
    "no object": [(200, {}, b"[]"), (200, {}, b'{"results": 7}')],
    "fewer than told": [(200, {}, b'{"resultsCount": 2, "results": []}')],
    "not what it says it is": [(200, {"Content-Encoding": "gzip"}, b"plain")],
}


@pytest.mark.parametrize("faults", STUMBLES.values(), ids=list(STUMBLES))
def test_a_vendor_that_stumbles_is_asked_again_and_nothing_is_lost(vendor, faults):
    standin, url = vendor
    standin.results["/v3/quotes/A"] = [quote(at) for at in range(8)]
    standin.faults = list(faults)
    with history(url) as asked:
        intake = asked.quotes("A", DAY, NEXT)
    assert standin.faults == []
    assert (intake.read, intake.rows.height) == (8, 8)
    assert len(standin.asked) == 3 + len(faults)


def test_a_vendor_that_keeps_stumbling_is_given_up_with_the_reason(vendor):
    standin, url = vendor
    standin.faults = [503] * QUICK.tries
    with history(url) as asked, pytest.raises(FeedError, match="4 tries: status 503"):
        asked.quotes("A", DAY, NEXT)
    with (
        history("http://127.0.0.1:1") as asked,
        pytest.raises(FeedError, match="Connect"),
    ):
        asked.quotes("A", DAY, NEXT)


@pytest.mark.parametrize("ahead_s", [30, 3600])
def test_a_wait_that_is_longer_than_the_patience_is_told(vendor, ahead_s):
    standin, url = vendor
    moment = datetime.fromtimestamp(DAY / 1e9 + ahead_s, UTC)
    for told in (str(ahead_s), format_datetime(moment, usegmt=True)):
        standin.faults = [(429, {"Retry-After": told})]
        with history(url) as asked, pytest.raises(OverloadedError) as late:
            asked.quotes("A", DAY, NEXT)
        assert late.value.retry_after_s == ahead_s


def test_a_wait_that_was_asked_for_is_kept(vendor):
    standin, url = vendor
    standin.results["/v3/quotes/A"] = [quote(0)]
    waited = []

    class Stop(threading.Event):
        def wait(self, timeout=None):
            waited.append(timeout)
            return False

    patience = Patience(tries=9, first_s=1, longest_s=4)
    standin.faults = [500, 500, (429, {"Retry-After": "3"}), 500, 500]
    with history(url, stop=Stop(), patience=patience) as asked:
        assert asked.quotes("A", DAY, NEXT).rows.height == 1
    assert waited == [1, 2, 3, 4, 4]


def test_a_stop_ends_a_wait(vendor):
    standin, url = vendor
    stop = threading.Event()
    stop.set()
    standin.faults = [503]
    patience = Patience(first_s=60, longest_s=60)
    with history(url, stop=stop, patience=patience) as asked, pytest.raises(FeedError):
        asked.quotes("A", DAY, NEXT)


def test_a_stop_ends_a_download_between_two_pages(vendor):
    standin, url = vendor
    standin.results["/v3/quotes/A"] = [quote(at) for at in range(8)]
    stop = threading.Event()
    with history(url, stop=stop) as asked:
        pages = asked.pages("/v3/quotes/A", {})
        next(pages)
        stop.set()
        with pytest.raises(FeedError, match="stop"):
            next(pages)
    assert len(standin.asked) == 1


def test_pages_that_go_round_are_no_endless_download(vendor):
    standin, url = vendor
    standin.results["/v3/quotes/A"] = [quote(0)]
    standin.extra = {"next_url": "https://x.invalid/v3/quotes/A?cursor=0"}
    with history(url) as asked, pytest.raises(FeedError, match="circle"):
        asked.quotes("A", DAY, NEXT)


def test_a_page_beyond_all_bounds_is_not_read_to_its_end(vendor, monkeypatch):
    standin, url = vendor
    standin.results["/v3/quotes/A"] = [quote(at) for at in range(3)]
    monkeypatch.setattr("tradeloop.capture.polygon.pages._PAGE_BYTES", 300)
    with history(url) as asked, pytest.raises(FeedError, match="300 bytes"):
        asked.quotes("A", DAY, NEXT)


def test_a_redirect_is_not_followed(vendor):
    standin, url = vendor
    standin.faults = [(302, {"Location": f"{url}/v3/quotes/B"})]
    with history(url) as asked, pytest.raises(InputError, match="302"):
        asked.quotes("A", DAY, NEXT)
    assert len(standin.asked) == 1


def test_the_key_is_in_no_error_log_or_stored_row(vendor, caplog, capfd):
    standin, url = vendor
    caplog.set_level(logging.DEBUG)
    wrong = "another-key-0123456789"
    with history(url, key=wrong) as asked, pytest.raises(InputError) as refused:
        asked.quotes("A", DAY, NEXT)
    assert "Unknown API Key" in str(refused.value)
    standin.faults = [(500, {}, KEY.encode())] * QUICK.tries
    with history(url) as asked, pytest.raises(FeedError) as lost:
        asked.quotes("A", DAY, NEXT)
    standin.faults = [(400, {}, f"bad {KEY}".encode())]
    with history(url) as asked, pytest.raises(InputError) as bad:
        asked.quotes("A", DAY, NEXT)
    standin.results["/v3/quotes/A"] = [quote(0, ask_price=KEY)]
    with history(url) as asked:
        intake = asked.quotes("A", DAY, NEXT)
        said = repr(asked)
    out = "".join(capfd.readouterr())
    written = intake.quarantined.write_json() + str(intake.notes) + said + out
    for text in (
        str(refused.value),
        str(lost.value),
        str(bad.value),
        written,
        caplog.text,
    ):
        assert KEY not in text
        assert wrong not in text
    chain = [refused.value.__cause__, lost.value.__cause__, bad.value.__cause__]
    assert chain == [None, None, None]
    assert len(caplog.records) > 0  # the log was on

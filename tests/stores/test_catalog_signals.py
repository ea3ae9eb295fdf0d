"""What holds, what came of it, and the archive: no signal is lost or there twice."""

from dataclasses import replace

import pytest

from stores.test_catalog import ANN, AUDIT, BOB, CLOCK, NS, SIGNAL
from tradeloop.errors import ConflictError, NotFoundError
from tradeloop.events import AuditEntry
from tradeloop.stores.catalog import open_catalog

THEIRS = AuditEntry(BOB, 5, "add", "signals")
US = 1_000


@pytest.fixture
def catalog(tmp_path):
    with open_catalog(f"sqlite:///{tmp_path / 'catalog.db'}", CLOCK) as opened:
        yield opened


def lasting(key, microseconds, symbol="SPX"):
    ends_ns = NS // US * US + microseconds * US
    return replace(SIGNAL, signal_key=key, symbol=symbol, expires_ns=ends_ns)


def keys(found):
    return [stored.signal.signal_key for stored in found]


def test_a_signal_holds_until_it_expires_and_not_at_that_instant(catalog):
    catalog.add_signals(ANN, [lasting("a", 10), lasting("b", 20)], AUDIT)
    at = NS // US * US
    assert keys(catalog.trading_signals.active(ANN, at)) == ["b", "a"]
    assert keys(catalog.trading_signals.active(ANN, at + 10 * US - 1)) == ["b", "a"]
    assert keys(catalog.trading_signals.active(ANN, at + 10 * US)) == ["b"]


def test_a_signal_does_not_hold_before_it_was_made(catalog):
    catalog.add_signals(ANN, [lasting("a", 10)], AUDIT)
    assert catalog.trading_signals.active(ANN, NS - 10 * US) == []


def test_active_signals_are_those_of_a_symbol_and_of_the_tenant(catalog):
    catalog.add_signals(ANN, [lasting("a", 10), lasting("b", 10, "DAX")], AUDIT)
    catalog.add_signals(BOB, [lasting("c", 10)], THEIRS)
    assert keys(catalog.trading_signals.active(ANN, NS, "DAX")) == ["b"]
    assert keys(catalog.trading_signals.active(BOB, NS)) == ["c"]


def test_what_was_executed_is_no_longer_on_offer(catalog):
    catalog.add_signals(ANN, [lasting("a", 10), lasting("b", 10)], AUDIT)
    book = catalog.trading_signals
    assert book.settle(ANN, {"a": {}}, AUDIT, executed=True) == 1
    assert keys(book.active(ANN, NS)) == ["b"]
    assert book.find(ANN, "a").signal.executed


def test_the_performance_of_a_signal_is_kept_and_a_repetition_changes_nothing(catalog):
    catalog.add_signals(ANN, [lasting("a", 10)], AUDIT)
    book = catalog.trading_signals
    outcome = {"a": {"net_bps": 3.5, "right": True}}
    assert book.settle(ANN, outcome, AUDIT) == 1
    assert book.settle(ANN, outcome, AUDIT) == 0
    assert book.find(ANN, "a").signal.performance == outcome["a"]


def test_expired_signals_move_to_the_archive_whole_and_keep_their_numbers(catalog):
    numbers = catalog.add_signals(ANN, [lasting("a", 10), lasting("b", 99)], AUDIT)
    catalog.add_signals(BOB, [lasting("c", 10)], THEIRS)
    book = catalog.trading_signals
    before = book.find(ANN, "a")
    assert book.archive(ANN, NS // US * US + 10 * US, AUDIT) == 1
    assert book.archive(ANN, NS // US * US + 10 * US, AUDIT) == 0
    assert keys(catalog.signals(ANN)) == ["b"]
    assert keys(book.past(ANN)) == ["a"]
    assert book.find(ANN, "a") == before
    assert book.find(ANN, str(numbers[0])) == before
    assert keys(catalog.signals(BOB)) == ["c"]


def test_an_archived_signal_is_not_there_a_second_time_when_it_is_added_again(catalog):
    signals = [lasting("a", 10), lasting("b", 10)]
    numbers = catalog.add_signals(ANN, signals, AUDIT)
    catalog.trading_signals.settle(ANN, {"a": {"net_bps": 1.0}}, AUDIT, executed=True)
    catalog.trading_signals.archive(ANN, NS + US * 1_000, AUDIT)
    assert catalog.add_signals(ANN, signals, AUDIT) == numbers
    assert catalog.signals(ANN) == []
    with pytest.raises(ConflictError, match="another content"):
        catalog.add_signals(ANN, [replace(signals[0], confidence=0.9)], AUDIT)


def test_a_signal_of_another_tenant_is_not_found(catalog):
    catalog.add_signals(ANN, [lasting("a", 10)], AUDIT)
    with pytest.raises(NotFoundError, match="no signal 'a'"):
        catalog.trading_signals.find(BOB, "a")


def test_it_is_known_when_the_newest_signal_came(catalog):
    book = catalog.trading_signals
    assert book.last_recorded_ns(ANN) == 0
    catalog.add_signals(ANN, [lasting("a", 10)], AUDIT)
    came_ns = CLOCK.now_ns() // US * US
    assert book.last_recorded_ns(ANN) == came_ns
    book.archive(ANN, NS + US * 1_000, AUDIT)
    assert book.last_recorded_ns(ANN) == came_ns
    assert catalog.verify() > 0

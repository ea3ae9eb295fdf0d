from tradeloop.clock import LiveClock, ReplayClock, monotonic_s


def test_a_replay_clock_never_goes_back():
    clock = ReplayClock(10)
    clock.advance(20)
    clock.advance(15)
    assert clock.now_ns() == 20


def test_the_live_clock_tells_nanoseconds_of_this_century():
    assert 946_684_800 * 10**9 < LiveClock().now_ns() < 4_102_444_800 * 10**9


def test_durations_are_taken_from_a_clock_that_never_goes_back():
    times = [monotonic_s() for _ in range(100)]
    assert times == sorted(times)

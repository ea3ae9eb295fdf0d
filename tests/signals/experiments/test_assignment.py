"""Assignment by hash: the same everywhere, and nothing moves that need not."""

import subprocess
import sys
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradeloop.errors import InputError
from tradeloop.signals.experiments import Layout, bucket_of
from tradeloop.signals.experiments.assignment import BUCKETS
from tradeloop.signals.experiments.seen import Seen

UNITS = [f"signal-{k}" for k in range(4000)]
THREE = st.lists(st.integers(0, 100), min_size=3, max_size=3).filter(any)


def shares_of(weights):
    """Shares of a, b and c in whole buckets."""
    widths = [w * BUCKETS // sum(weights) for w in weights]
    widths[0] += BUCKETS - sum(widths)
    return {arm: w / BUCKETS for arm, w in zip("abc", widths, strict=True)}


def test_the_bucket_is_the_hash_and_not_pythons():
    digest = sha256(b"exp\0unit").digest()
    expected = int.from_bytes(digest[:8], "big") * BUCKETS // 2**64
    assert bucket_of("exp", "unit") == expected


def test_another_process_with_another_hash_seed_finds_the_same_arm():
    code = (
        "from tradeloop.signals.experiments import Layout;"
        "l = Layout.of('exp', {'a': 0.3, 'b': 0.7});"
        "print(''.join(l.arm_of(f'signal-{k}') for k in range(50)))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONHASHSEED": "77"},
        capture_output=True,
        text=True,
        check=True,
    )
    layout = Layout.of("exp", {"a": 0.3, "b": 0.7})
    assert found.stdout.strip() == "".join(layout.arm_of(u) for u in UNITS[:50])


def test_each_arm_serves_its_share():
    layout = Layout.of("exp", {"a": 0.2, "b": 0.5, "c": 0.3})
    found = [layout.arm_of(unit) for unit in UNITS]
    for arm, share in layout.shares.items():
        assert found.count(arm) / len(UNITS) == pytest.approx(share, abs=0.03)


def test_experiments_are_drawn_independently_of_one_another():
    one, other = (Layout.of(name, {"a": 0.5, "b": 0.5}) for name in ("x", "y"))
    both = sum(one.arm_of(u) == other.arm_of(u) for u in UNITS)
    assert both / len(UNITS) == pytest.approx(0.5, abs=0.03)


@settings(max_examples=40, deadline=None)
@given(st.lists(THREE, min_size=2, max_size=5))
def test_only_the_units_that_must_move_do(steps):
    layout = Layout.of("exp", shares_of(steps[0]))
    for weights in steps[1:]:
        shares = shares_of(weights)
        moved = layout.with_shares(shares)
        before, after = owners(layout), owners(moved)
        for bucket in range(BUCKETS):
            if before[bucket] != after[bucket]:
                # Only from an arm that shrinks to one that grows.
                old, new = before[bucket], after[bucket]
                assert shares[old] < layout.shares.get(old, 0)
                assert shares[new] > layout.shares.get(new, 0)
        grown = sum(max(0.0, s - layout.shares.get(a, 0)) for a, s in shares.items())
        changed = sum(a != b for a, b in zip(before, after, strict=True))
        assert changed == round(grown * BUCKETS)
        assert {a: s for a, s in shares.items() if s} == moved.shares
        layout = moved


def owners(layout):
    return [arm for arm, width in layout.pieces for _ in range(width)]


def test_a_growing_arm_keeps_every_unit_that_it_had():
    layout = Layout.of("exp", {"champion": 1.0})
    had = set()
    for share in (0.01, 0.05, 0.25, 0.5, 1.0):
        layout = layout.with_shares({"champion": 1 - share, "challenger": share})
        has = {u for u in UNITS if layout.arm_of(u) == "challenger"}
        assert had <= has
        had = has
    assert len(had) == len(UNITS)


def test_a_layout_comes_back_from_its_mapping():
    layout = Layout.of("exp", {"a": 0.2, "b": 0.8}).with_shares({"a": 0.5, "b": 0.5})
    assert Layout.from_mapping(layout.to_mapping()) == layout


@pytest.mark.parametrize(
    "shares",
    [
        {"a": 0.5},
        {"a": 0.6, "b": 0.5},
        {"a": -0.5, "b": 1.5},
        {"a": 0.33333, "b": 0.66667},
        {"": 1.0},
        {},
    ],
)
def test_shares_that_do_not_add_up_are_refused(shares):
    with pytest.raises(InputError, match="that add up to 1"):
        Layout.of("exp", shares)


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_an_experiment_has_a_name(name):
    with pytest.raises(InputError, match="needs a name"):
        Layout.of(name, {"a": 1.0})


def test_pieces_that_leave_a_gap_are_refused():
    with pytest.raises(InputError, match="must fill 10000"):
        Layout("exp", (("a", 9999),))


@given(st.lists(st.text(max_size=3), max_size=60))
def test_what_was_seen_is_a_set(ids):
    seen = Seen()
    for found in ids:
        seen = seen.adding(found)
    assert seen.ids() == frozenset(ids)
    assert len(seen) == len(set(ids))
    assert all(found in seen for found in ids)
    assert Seen.of(ids) == seen
    assert hash(Seen.of(ids)) == hash(seen)
    assert len(seen.layers) <= 7

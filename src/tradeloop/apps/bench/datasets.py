"""Point-in-time joins, the leak certificate and the hash of a dataset's version."""

from collections.abc import Iterator
from hashlib import sha256

import numpy as np
import polars as pl

from tradeloop.apps.bench import simulated
from tradeloop.apps.bench.rows import Area, Row, require_equal
from tradeloop.apps.bench.timing import medians_s, pair_s
from tradeloop.clock import NS_PER_MINUTE, NS_PER_SECOND
from tradeloop.datasets import (
    Dataset,
    DatasetInputs,
    PurgedWalkForward,
    Recipe,
    Sources,
    as_of,
    assemble,
    certify,
    frame_hash,
)
from tradeloop.events import QUOTE
from tradeloop.features import Bank, compute, default_bank
from tradeloop.labels import label

_QUOTES = 10_000_000
_SYMBOLS = 100
_DECISIONS = 100_000
_HASHED = 2_000_000
_BANK_BARS = (10, 5_000)
_BANK_DECISIONS = 5_000


def _quotes(rows: int) -> pl.DataFrame:
    """Quotes as a recording holds them: in the order in which they were received."""
    draw = np.random.default_rng(5)
    at = simulated.START_NS + np.cumsum(draw.integers(1, 2_000_000, rows))
    mid = 100 * np.exp(np.cumsum(draw.normal(0, 1e-6, rows)))
    names = pl.Series([f"S{k:04}.SIM" for k in range(_SYMBOLS)])
    columns = {
        "instrument": names.gather(draw.integers(0, _SYMBOLS, rows)),
        "event_ns": at,
        "received_ns": at + simulated.LATENCY_NS,
        "bid": mid * (1 - 5e-5),
        "ask": mid * (1 + 5e-5),
    }
    return QUOTE.conform(pl.DataFrame(columns))


def _asked(quotes: pl.DataFrame) -> pl.DataFrame:
    """Decisions at random times of the recording, in their order."""
    draw = np.random.default_rng(6)
    received_ns = quotes["received_ns"].to_numpy()
    at = np.sort(draw.integers(received_ns[0], received_ns[-1], _DECISIONS))
    names = quotes["instrument"].head(_DECISIONS)
    ids = [f"d{k:07}" for k in range(_DECISIONS)]
    return pl.DataFrame({"decision_id": ids, "instrument": names, "received_ns": at})


def _join() -> Iterator[Row]:
    quotes = _quotes(_QUOTES)
    asked = _asked(quotes)

    def ours() -> pl.DataFrame:
        return as_of(asked, quotes, columns=["bid", "ask"])

    def theirs() -> pl.DataFrame:
        return asked.join_asof(
            quotes.select("instrument", "received_ns", "bid", "ask"),
            on="received_ns",
            by="instrument",
            check_sortedness=False,
        )

    shared = ["bid", "ask"]
    same = ours().select(shared).equals(theirs().select(shared))
    require_equal(same=same, what="quotes joined")
    took, peer = pair_s(ours, theirs, 5)
    yield Row(
        what=f"as-of join of {_DECISIONS:,} decisions on {_QUOTES:,} quotes, "
        f"{_SYMBOLS} symbols",
        unit="s",
        ours=took,
        peer=peer,
        peer_name="Polars join_asof on quotes already sorted, all cores",
        note="Ours is built on the same join; it also sorts the facts and drops "
        "corrections of older events, which the peer takes for news. The 6x of the "
        "design is for windows of exact sums, which no floor computes yet.",
    )


def _recipe(bank: Bank) -> Recipe:
    splitter = PurgedWalkForward()
    inputs = DatasetInputs(
        dataset_type="SIGNAL_GENERATION",
        slices={},
        feature_fingerprint=bank.fingerprint,
        label_rules={},
        split=splitter.as_mapping(),
        as_of_ns=0,
        seed=0,
    )
    return Recipe(inputs, splitter)


def _certificate() -> Iterator[Row]:
    bars = simulated.bars(*_BANK_BARS)
    decisions = simulated.decisions(bars, _BANK_DECISIONS, room=(100, 100))
    bank = default_bank(NS_PER_MINUTE, has_quotes=True)
    labels = label(decisions, bars, horizons_ns=[15 * NS_PER_MINUTE])
    features = compute(bank, bars)
    recipe = _recipe(bank)
    sources = Sources(decisions, bars, features, labels, NS_PER_MINUTE)
    dataset: Dataset = assemble(sources, recipe)
    splits = list(recipe.splitter.split(dataset.decision_ns, dataset.end_ns))

    def ours() -> bool:
        found = certify(dataset, splits, bars, lambda rows: compute(bank, rows))
        return found.passed

    require_equal(same=ours(), what="leak certificate")
    took = medians_s(ours, repeats=5)[0] or 0.0
    yield Row(
        what=f"leak certificate, 5 checks, {dataset.sample_count:,} rows x "
        f"{dataset.feature_count} features, {bars.height:,} bars",
        unit="s",
        ours=took,
        peer_name="none: no peer certifies",
        note="Computes all features again: once whole, at 8 cuts of history and at 8 "
        "poisoned futures.",
    )


def _hash() -> Iterator[Row]:
    draw = np.random.default_rng(7)
    names = ("bid", "ask", "bid_size", "ask_size")
    columns = {name: draw.normal(size=_HASHED) for name in names}
    times = np.arange(_HASHED, dtype=np.int64) * NS_PER_SECOND
    frame = pl.DataFrame({"event_ns": times, **columns})
    content = times.tobytes() + b"".join(c.tobytes() for c in columns.values())
    took, peer = pair_s(
        lambda: frame_hash(frame), lambda: sha256(content).hexdigest(), 5
    )
    size_gb = len(content) / 1e9
    yield Row(
        what=f"version hash of {_HASHED:,} rows x 5 columns",
        unit="GB/s",
        ours=size_gb / took,
        peer=size_gb / (peer or took),
        peer_name="SHA-256 over the same bytes in one piece",
        better="more",
    )


def _rows() -> Iterator[Row]:
    yield from _join()
    yield from _certificate()
    yield from _hash()


AREA = Area("datasets", _rows)

"""Point-in-time joins, the leak certificate and the hash of a dataset's version."""

from collections.abc import Callable, Iterator
from hashlib import sha256
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl

from tradeloop.apps.bench import assembly, simulated
from tradeloop.apps.bench.rows import Area, Row, require_equal
from tradeloop.apps.bench.timing import medians_s, pair_s, peer_module
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
from tradeloop.datasets.window_rules import Ahead, Before
from tradeloop.datasets.windows import quote_windows
from tradeloop.events import QUOTE
from tradeloop.features import Bank, compute, default_bank
from tradeloop.labels import label

_QUOTES = 10_000_000
_SYMBOLS = 100
_DECISIONS = 100_000
_WINDOW_NS = 10 * NS_PER_SECOND
_LOOKS_NS = tuple(k * NS_PER_SECOND for k in (1, 5, 30))
_BEFORE, _CLOSE = 3, 1e-9
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
        "design is for windows of exact sums: see the rows of windows.",
    )


def _windows() -> Iterator[Row]:
    """Count and two means over 10 s before each decision, and three looks ahead."""
    mid, spread = (pl.col("bid") + pl.col("ask")) / 2, pl.col("ask") - pl.col("bid")
    quotes = _quotes(_QUOTES)
    asked = _asked(quotes)
    quotes = quotes.select("instrument", "received_ns", mid=mid, spread=spread)
    quotes = quotes.sort("instrument", "received_ns")
    wanted: list[Before | Ahead] = [
        Before("mid", "count", _WINDOW_NS),
        *(Before(name, "mean", _WINDOW_NS) for name in ("mid", "spread")),
        *(Ahead("mid", after_ns) for after_ns in _LOOKS_NS),
    ]

    def ours() -> pl.DataFrame:
        return quote_windows(asked, quotes, wanted)

    right = ours()
    for name, peer, repeats in _window_peers(asked, quotes):
        if peer is not None:
            require_equal(same=_alike(right, peer()), what=f"windows of {name}")
        took, other = pair_s(ours, peer, repeats)
        yield Row(
            what=f"windows of 10 s and 3 looks ahead for {asked.height:,} decisions "
            f"on {quotes.height:,} quotes, {_SYMBOLS} symbols",
            unit="s",
            ours=took,
            peer=other,
            peer_name=name if peer is not None else f"{name}: not installed",
            target=6.0 if name.startswith("Polars") else None,
            note="Count and two means before, three values ahead; quotes sorted by "
            "instrument and time. Ours adds each window up by itself, on one core, and "
            "checks the order of the quotes.",
        )


def _alike(ours: pl.DataFrame, theirs: pl.DataFrame) -> bool:
    """Tell whether two results agree; ours has no look past the recording's end."""
    columns = zip(ours.get_columns()[2:], theirs.get_columns(), strict=True)
    for place, (mine, given) in enumerate(columns):
        other, there = given.cast(pl.Float64).fill_nan(None), mine.is_not_null()
        far = (mine - other).filter(there).abs() > _CLOSE * mine.filter(there).abs()
        alone = other.filter(~there).is_not_null()
        if far.fill_null(value=True).any() or (place < _BEFORE and alone.any()):
            return False
    return True


_Peer = tuple[str, Callable[[], pl.DataFrame] | None, int]


def _window_peers(asked: pl.DataFrame, quotes: pl.DataFrame) -> Iterator[_Peer]:
    """Name each peer, its call, and how often it is timed."""
    yield (
        "Polars, running totals joined as of both ends, all cores",
        lambda: _by_polars(asked, quotes),
        5,
    )
    # As codes the names are small: these peers would hold ten million strings.
    codes = pl.col("instrument").cast(pl.Enum(quotes["instrument"].unique()))
    wants, facts = asked.with_columns(codes), quotes.with_columns(codes)
    pandas, duckdb = peer_module("pandas"), peer_module("duckdb")
    name = "pandas, running totals and merge_asof"
    if pandas is None:
        yield name, None, 2
    else:
        sought, there = wants.to_pandas(), facts.sort("received_ns").to_pandas()
        yield name, lambda: _by_pandas(pandas, sought, there), 2
        del there
    name = "DuckDB, range join, exact sums, all cores"
    yield name, (lambda: _by_duckdb(duckdb, wants, facts)) if duckdb else None, 1


def _means(now: Any, before: Any, n: Any) -> dict[str, Any]:
    """Differences of running totals, as means."""
    totals = {name: now[name] - before[name] for name in ("mid_sum", "spread_sum")}
    return {name: total / n for name, total in totals.items()}


def _by_polars(asked: pl.DataFrame, quotes: pl.DataFrame) -> pl.DataFrame:
    of = "instrument"
    running = quotes.with_columns(
        n=pl.int_range(1, pl.len() + 1).over(of),
        mid_sum=pl.col("mid").cum_sum().over(of),
        spread_sum=pl.col("spread").cum_sum().over(of),
    )

    def as_of_shift(shift_ns: int, *columns: str) -> pl.DataFrame:
        at = asked.select(of, at=pl.col("received_ns") + shift_ns)
        facts = running.select(of, "received_ns", *columns)
        joined = at.join_asof(
            facts, left_on="at", right_on="received_ns", by=of, check_sortedness=False
        )
        return joined.select(columns)

    totals = "n", "mid_sum", "spread_sum"
    now, before = (as_of_shift(k, *totals).fill_null(0) for k in (0, -_WINDOW_NS))
    n = now["n"] - before["n"]
    looks = {f"{k}": as_of_shift(k, "mid")["mid"] for k in _LOOKS_NS}
    return pl.DataFrame({"n": n, **_means(now, before, n), **looks})


def _by_pandas(pandas: Any, asked: Any, quotes: Any) -> pl.DataFrame:
    lanes = quotes.groupby("instrument", observed=True)
    totals = lanes[["mid", "spread"]].cumsum().add_suffix("_sum")
    running = quotes.join(totals.assign(n=lanes.cumcount() + 1))

    def as_of_shift(shift_ns: int, *columns: str) -> Any:
        at = asked[["instrument"]].assign(received_ns=asked["received_ns"] + shift_ns)
        facts = running[["instrument", "received_ns", *columns]]
        joined = pandas.merge_asof(at, facts, on="received_ns", by="instrument")
        return joined[list(columns)]

    totals = "n", "mid_sum", "spread_sum"
    now, before = (as_of_shift(k, *totals).fillna(0) for k in (0, -_WINDOW_NS))
    n = now["n"] - before["n"]
    looks = {f"{k}": as_of_shift(k, "mid")["mid"] for k in _LOOKS_NS}
    columns = {"n": n, **_means(now, before, n), **looks}
    return pl.DataFrame({name: column.to_numpy() for name, column in columns.items()})


def _by_duckdb(duckdb: Any, asked: pl.DataFrame, quotes: pl.DataFrame) -> pl.DataFrame:
    looks = "\n".join(
        f"""ASOF LEFT JOIN quotes a{k} ON d.instrument = a{k}.instrument
            AND d.received_ns + {after_ns} >= a{k}.received_ns"""
        for k, after_ns in enumerate(_LOOKS_NS)
    )
    ahead = ", ".join(f"a{k}.mid AS ahead_{k}" for k in range(len(_LOOKS_NS)))
    query = f"""
        WITH before AS (
            SELECT d.decision_id, count(*) AS n, avg(q.mid) AS mid,
                   avg(q.spread) AS spread
            FROM asked d JOIN quotes q ON d.instrument = q.instrument
                AND q.received_ns <= d.received_ns
                AND q.received_ns > d.received_ns - {_WINDOW_NS}
            GROUP BY d.decision_id)
        SELECT coalesce(b.n, 0) AS n, b.mid, b.spread, {ahead}
        FROM asked d LEFT JOIN before b USING (decision_id)
        {looks}
        ORDER BY d.decision_id"""  # noqa: S608 - only whole numbers are put in
    with TemporaryDirectory() as folder, duckdb.connect() as connection:
        connection.execute(f"SET memory_limit = '1GB'; SET temp_directory = '{folder}'")
        connection.register("asked", asked.to_arrow())
        connection.register("quotes", quotes.to_arrow())
        return pl.from_arrow(connection.sql(query).to_arrow_table())  # type: ignore[return-value]


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
        what=f"leak certificate, 7 checks, {dataset.sample_count:,} rows x "
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
    yield from _windows()
    yield from _certificate()
    yield from _hash()
    yield from assembly.end_to_end()
    yield from assembly.by_hand()


AREA = Area("datasets", _rows)

"""The vote, the gate and the live path: from a feature row to a signal.

Members of the usual sizes: gradient boosting of 100 trees and a forest of 100, fitted
on 5,000 rows, and an LSTM over 50 rows. What an LSTM has learned does not change how
long it takes, so it trains for one epoch on 600 rows.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tradeloop.apps.bench.rows import Area, Row, require_equal
from tradeloop.apps.bench.timing import (
    Call,
    each_us,
    pair_s,
    peer_module,
    percentile,
    seconds,
)
from tradeloop.clock import NS_PER_MINUTE, NS_PER_SECOND, monotonic_s
from tradeloop.features import default_bank
from tradeloop.models import (
    Artefact,
    Boosting,
    Columns,
    Forest,
    Meta,
    fit_calibration,
)
from tradeloop.models.artefact import StoredMember
from tradeloop.models.base import Floats
from tradeloop.models.checks import training_rows
from tradeloop.models.deep.lstm import Lstm
from tradeloop.models.meta import input_ranges
from tradeloop.models.onnx_export import export_members
from tradeloop.models.sequences import Sequences, places_of
from tradeloop.models.vote import Member, Vote
from tradeloop.signals import (
    Answer,
    Gate,
    LiveRow,
    LiveSignals,
    Market,
    Policy,
    Scorer,
    Watch,
)

_ROWS, _CALLS, _SYMBOLS = 5_000, 4_000, 1_000
_STEPS, _DEEP_ROWS = 50, 600
_POLICY = Policy(min_confidence=0.0)  # nothing is held back: every row makes a signal
_MARKET = Market(price=100.0, volatility=0.01, cost_bps=1.0)
_VOTE_US, _PURE_US, _FULL_A_SECOND, _TREES_A_SECOND = 250.0, 1_000.0, 1e3, 2e4
_NATIVE = "native XGBoost alone, one thread"
_TREES = "native XGBoost and scikit-learn's forest, scores alone, one thread"
_NO_PEER = "none: no peer makes signals"


@dataclass(frozen=True, slots=True, eq=False)
class _Models:
    """A vote of three, its trees, and the natives of both trees."""

    whole: Scorer
    trees: Scorer
    columns: Columns
    features: Floats
    booster: Any
    forest: Any | None


def _clock() -> int:
    return int(monotonic_s() * NS_PER_SECOND)


def _models() -> _Models:
    bank = default_bank(NS_PER_MINUTE, has_quotes=True)
    columns = Columns(bank.names, bank.fingerprint)
    features, direction = training_rows(4, n_rows=_ROWS, n_columns=len(columns.names))
    places = places_of(np.zeros(_ROWS), np.arange(_ROWS), _STEPS)
    rows = Sequences(features.astype(np.float32), places)
    few = np.arange(_DEEP_ROWS)
    boosting = Boosting().fit(features, direction, columns=columns)
    forest = Forest().fit(features, direction, columns=columns)
    deep = Lstm(epochs=1).fit(rows.take(few), direction[few], columns=columns)
    usual = ((boosting, 0.4), (forest, 0.3), (deep, 0.3))
    vote = Vote(tuple(Member(each.name, weight, each) for each, weight in usual))
    whole = Scorer.of(_artefact(vote, rows.take(few), direction[few]))
    return _Models(
        whole.asking(Watch(_clock, NS_PER_SECOND)),
        Scorer(
            whole.voices[:2],
            whole.calibration,
            whole.meta,
            Watch(_clock, NS_PER_SECOND),
            bounds=whole.bounds,
        ),
        columns,
        training_rows(5, n_rows=_ROWS, n_columns=len(columns.names))[0],
        boosting.booster,
        _native_forest(features, direction),
    )


def _artefact(vote: Vote, rows: Sequences, direction: Any) -> Artefact:
    """Return the vote as it is after its files were read."""
    exports = export_members(vote, rows.take(np.arange(100)))
    meta = Meta(
        name="bench",
        version="v0.1.0",
        columns=vote.columns,
        horizon_ns=15 * NS_PER_MINUTE,
        dataset_version="simulated",
        seed=42,
        parameters={},
        base_rates=(1 / 3,) * 3,
        importance={},
        parity=max(export.parity for export in exports),
        input_ranges=input_ranges(rows.values, vote.columns),
    )
    members = zip(vote.members, exports, strict=True)
    stored = tuple(
        StoredMember(m.name, m.fitted.name, m.weight, m.fitted.steps, b"", each.content)
        for m, each in members
    )
    calibration = fit_calibration(vote.predict_proba(rows), direction)
    return Artefact(meta, calibration, stored)


def _native_forest(features: Floats, direction: Any) -> Any | None:
    ensemble = peer_module("sklearn.ensemble")
    if ensemble is None:
        return None
    forest = ensemble.RandomForestClassifier(
        100, max_depth=10, min_samples_split=5, min_samples_leaf=2, random_state=42
    )
    return forest.fit(features, direction)


def _rows() -> Iterator[Row]:
    models = _models()
    yield from _votes(models)
    yield from _pure(models)
    yield from _throughput(models)


def _votes(models: _Models) -> Iterator[Row]:
    """One row through the members, without and with the gate."""
    steps = np.ascontiguousarray(models.features[None, :_STEPS], dtype=np.float32)
    narrow = steps[0, -1:]
    whole, trees = models.whole, models.trees
    gate = Gate(whole, _POLICY)
    scored = np.isfinite(whole.vote(steps).probabilities).all()
    require_equal(same=bool(scored), what="a vote of all members")
    calls: tuple[tuple[str, Call, float | None], ...] = (
        ("vote of three", partial(whole.vote, steps), _VOTE_US),
        ("vote of the trees", partial(trees.vote, narrow), None),
        (
            "gate and vote of three",
            lambda: gate.judge(steps, models.columns.fingerprint, models.columns.names),
            None,
        ),
    )
    native = partial(models.booster.inplace_predict, narrow, validate_features=False)
    for name, call, target in calls:
        took, peer = each_us((call, native), _CALLS)
        for share in (50, 99):
            yield Row(
                what=f"{name}, one row of {narrow.shape[1]} columns, p{share}",
                unit="us",
                ours=percentile(took, share),
                peer=percentile(peer, share),
                peer_name=_NATIVE,
                target=target if share > 50 else None,  # noqa: PLR2004 - the median
                target_is="ours",
                note="By the wall clock: what else runs on the machine counts too.",
            )


def _pure(models: _Models) -> Iterator[Row]:
    """Make signals with size and levels of rows, and answer one row again."""
    for name, scorer in (("three", models.whole), ("the trees", models.trees)):
        live = _warm(models, scorer)
        answer = _stream(models, live)
        took = each_us((answer,), _CALLS)[0]
        for share in (50, 99):
            yield Row(
                what=f"feature row to signal, vote of {name}, p{share}",
                unit="us",
                ours=percentile(took, share),
                peer_name=_NO_PEER,
                target=_PURE_US if share > 50 else None,  # noqa: PLR2004 - the median
                target_is="ours",
                note="Ring, gate, vote, calibration, size, levels, book; in memory.",
            )
    live = _warm(models, models.whole)
    row = _live_row(models, 0, _STEPS)
    first, again = live.on_row(row), live.on_row(row)
    require_equal(same=again.signal is first.signal, what="a repeated request")
    took, computed = each_us((lambda: live.on_row(row), _stream(models, live)), 2_000)
    yield Row(
        what="repeated request from the cache, vote of three, median",
        unit="us",
        ours=percentile(took, 50),
        peer=percentile(computed, 50),
        peer_name="a new request",
        target=2.0,
    )


def _throughput(models: _Models) -> Iterator[Row]:
    """Symbols a second on one core."""
    cases = (
        ("one by one, vote of three", models.whole, False, _FULL_A_SECOND),
        ("one by one, vote of the trees", models.trees, False, None),
        ("together, vote of three", models.whole, True, _FULL_A_SECOND),
        ("together, vote of the trees", models.trees, True, None),
    )
    for name, scorer, together, target in cases:
        took_s = _round_s(models, scorer, together=together)
        yield Row(
            what=f"signals of {_SYMBOLS:,} symbols {name}",
            unit="symbols/s",
            ours=_SYMBOLS / took_s,
            peer_name=_NO_PEER,
            better="more",
            target=target,
            target_is="ours",
        )
    rows = models.features[:_SYMBOLS]
    narrow = rows.astype(np.float32)
    gate, columns = Gate(models.trees, _POLICY), models.columns

    def native() -> Any:
        forest = models.forest
        said = None if forest is None else forest.predict_proba(rows)
        return models.booster.inplace_predict(narrow, validate_features=False), said

    ours, peer = pair_s(
        lambda: gate.judge(rows, columns.fingerprint, columns.names), native
    )
    yield Row(
        what=f"gate and vote of the trees, {_SYMBOLS:,} symbols in one call",
        unit="symbols/s",
        ours=_SYMBOLS / ours,
        peer=None if peer is None else _SYMBOLS / peer,
        peer_name=_TREES if models.forest is not None else _NATIVE,
        better="more",
        target=_TREES_A_SECOND,
        target_is="ours",
    )


def _warm(models: _Models, scorer: Scorer, symbols: int = 1) -> LiveSignals:
    """Return a live path whose rings are full."""
    live = LiveSignals(Gate(scorer, _POLICY), models.columns)
    times = np.arange(_STEPS, dtype=np.int64) * NS_PER_SECOND
    for symbol in range(symbols):
        live.restore(f"S{symbol}", models.features[:_STEPS], times)
    return live


def _live_row(models: _Models, symbol: int, turn: int) -> LiveRow:
    event_ns = turn * NS_PER_SECOND
    values = models.features[(turn + symbol) % _ROWS]
    return LiveRow(f"S{symbol}", values, event_ns, event_ns, market=_MARKET)


def _stream(models: _Models, live: LiveSignals) -> Callable[[], object]:
    """Return a call that answers the next row of one symbol."""
    turn = _STEPS

    def answer() -> object:
        nonlocal turn
        turn += 1
        return live.on_row(_live_row(models, 0, turn))

    return answer


def _round_s(models: _Models, scorer: Scorer, *, together: bool) -> float:
    """Median seconds of one row for every symbol."""
    live = _warm(models, scorer, _SYMBOLS)
    took = []
    for turn in range(_STEPS, _STEPS + 5):
        rows = [_live_row(models, symbol, turn) for symbol in range(_SYMBOLS)]
        if together:
            took.append(seconds(partial(live.on_rows, rows)))
        else:
            took.append(seconds(partial(_one_by_one, live, rows)))
    return float(np.median(took))


def _one_by_one(live: LiveSignals, rows: list[LiveRow]) -> list[Answer]:
    return [live.on_row(row) for row in rows]


AREA = Area("signals", _rows)

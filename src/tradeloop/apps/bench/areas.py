"""The areas of the benchmark, and what runs them."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from tradeloop.apps.bench import (
    backtest,
    book,
    capture,
    collect,
    datasets,
    feature_cache,
    features,
    forecast,
    gate,
    labels,
    live,
    models,
    over_http,
    retrain,
    signals,
    ticks,
)
from tradeloop.apps.bench.machine import machine
from tradeloop.errors import InputError

ALL = (
    backtest.AREA,
    book.AREA,
    capture.AREA,
    collect.AREA,
    datasets.AREA,
    feature_cache.AREA,
    features.AREA,
    forecast.AREA,
    gate.AREA,
    labels.AREA,
    live.AREA,
    models.AREA,
    over_http.AREA,
    retrain.AREA,
    signals.AREA,
    ticks.AREA,
)
EVERY = "all"
NAMES = (EVERY, *(area.name for area in ALL))
HELP = f"What to measure: {', '.join(NAMES)}."


def measure(area: str) -> Mapping[str, Any]:
    """Measure one area, or all of them one after another.

    Parameters
    ----------
    area : str
        One of `NAMES`.

    Returns
    -------
    mapping
        ``area``; ``machine``, see `tradeloop.apps.bench.machine.machine`; ``rows``, a
        list of mappings, see `tradeloop.apps.bench.rows.Row.as_mapping`.

    Raises
    ------
    InputError
        There is no such area.
    """
    if area not in NAMES:
        near = get_close_matches(area, NAMES, n=1, cutoff=0.0)[0]
        raise InputError(
            f"There is no area {area!r}; did you mean {near!r}?",
            way_out=f"Areas are {', '.join(NAMES)}.",
            source="AREA",
        )
    host = machine()
    chosen = [each for each in ALL if area in (EVERY, each.name)]
    rows = [row for each in chosen for row in each.rows()]
    return {"area": area, "machine": host, "rows": [row.as_mapping() for row in rows]}

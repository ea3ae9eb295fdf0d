"""Everything there is by default, and banks of what the columns at hand allow."""

from collections.abc import Collection, Iterable, Iterator
from importlib import import_module

from tradeloop.clock import NS_PER_MINUTE
from tradeloop.features.bank import Bank, Entry, entry_of
from tradeloop.features.base import CLOCK_INPUTS, Column, Feature
from tradeloop.features.default import default_bank
from tradeloop.features.timeframes import on, stream_of_interval

GROUPS = (
    "trend",
    "momentum",
    "volatility",
    "volume",
    "structure",
    "patterns",
    "microstructure",
    "options",
    "sentiment",
    "risk",
    "temporal",
    "cross_asset",
    "regime",
)
"""Groups that publish columns of their own, in the order of the catalogue."""


def columns_of(items: Iterable[Feature | Column]) -> Iterator[Column]:
    """Every output of features, and columns as they are."""
    for item in items:
        if isinstance(item, Column):
            yield item
        else:
            yield from item.columns


def standard(groups: Collection[str] = GROUPS) -> tuple[Column, ...]:
    """Columns that the catalogue publishes, each once.

    Parameters
    ----------
    groups : collection of str
        Some of `GROUPS`.
    """
    found: dict[str, Column] = {}
    for group in GROUPS:
        if group in groups:
            module = import_module(f"tradeloop.features.{group}.standard")
            found |= {column.name: column for column in columns_of(module.standard())}
    if set(groups) == set(GROUPS):
        found = {c.name: c for c in _default().outputs} | found
    return tuple(found.values())


def _default() -> Bank:
    return default_bank(NS_PER_MINUTE, has_quotes=True)


def raw_inputs(item: Feature | Column) -> frozenset[str]:
    """Raw columns that a feature needs in the end."""
    feature = item.feature if isinstance(item, Column) else item
    found: set[str] = set()
    for source in feature.inputs:
        found |= {source} if isinstance(source, str) else raw_inputs(source)
    return frozenset(found)


def computable(items: Iterable[Column], raw: Collection[str]) -> list[Column]:
    """Keep the columns whose raw inputs are all at hand; times of bars always are."""
    at_hand = {*raw, *CLOCK_INPUTS}
    return [column for column in items if raw_inputs(column) <= at_hand]


def standard_bank(
    raw: Collection[str],
    *,
    groups: Collection[str] = GROUPS,
    timeframes_ns: Collection[int] = (),
) -> Bank:
    """Bank of all that the catalogue can make of some raw columns.

    Parameters
    ----------
    raw : collection of str
        Columns at hand, those of other streams than ``bar`` with their prefix.
    groups : collection of str
        Some of `GROUPS`.
    timeframes_ns : collection of int
        Longer timeframes on which every feature of bars comes once more.
    """
    found = computable(standard(groups), raw)
    streams = [stream_of_interval(length) for length in sorted(timeframes_ns)]
    bars = [c for c in found if all("." not in name for name in raw_inputs(c))]
    again = [on(stream, column) for stream in streams for column in bars]
    return Bank([*found, *again])


def entries(groups: Collection[str] = GROUPS) -> tuple[Entry, ...]:
    """List one entry for each column of these groups."""
    return tuple(entry_of(column) for column in standard(groups))

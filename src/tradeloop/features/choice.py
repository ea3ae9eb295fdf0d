"""Which features a run takes: the default ones or all, the user's own, timeframes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from tradeloop.errors import InputError
from tradeloop.events import duration_text
from tradeloop.features.bank import Bank
from tradeloop.features.base import CLOCK_INPUTS, Column
from tradeloop.features.catalogue import (
    computable,
    raw_inputs,
    standard_bank,
)
from tradeloop.features.default import bank_for
from tradeloop.features.timeframes import on, stream_of_interval

Kind = Literal["default", "all"]


@dataclass(frozen=True, slots=True)
class FeatureChoice:
    """What a run computes of its bars.

    Parameters
    ----------
    kind : str
        ``default``: some fifty scale-free columns; ``all``: the whole catalogue, as
        far as the bars bring its inputs.
    own : tuple of Column
        The user's own features.
    timeframes_ns : tuple of int
        Longer timeframes on which each feature of bars comes once more.
    """

    kind: Kind = "default"
    own: tuple[Column, ...] = ()
    timeframes_ns: tuple[int, ...] = ()

    def as_mapping(self) -> Mapping[str, Any]:
        """Say the choice in plain values."""
        return {
            "kind": self.kind,
            "own": [column.name for column in self.own],
            "timeframes": [duration_text(length) for length in self.timeframes_ns],
        }

    def bank(
        self, bars: pl.DataFrame, interval_ns: int, extra: Sequence[str] = ()
    ) -> Bank:
        """Make the bank for what these bars bring.

        Parameters
        ----------
        bars : polars.DataFrame
            A column without a value is absent.
        interval_ns : int
            Length of a bar.
        extra : sequence of str
            Columns that are no part of a bar, such as series by release time.

        Raises
        ------
        InputError
            An own feature reads what is not there, or a timeframe is no multiple of
            the bars.
        """
        usual = bank_for(bars, interval_ns, extra)
        raw = [n for n in bars.columns if bars[n].null_count() < bars.height]
        found = {column.name: column for column in usual.outputs}
        if self.kind == "all":
            found |= {c.name: c for c in standard_bank(raw).outputs}
        for column in self._own(raw):
            if found.setdefault(column.name, column) != column:
                raise InputError(
                    f"The catalogue has a feature {column.name!r} already.",
                    way_out="Give your own feature another name.",
                    source=column.name,
                )
        again = self._on_timeframes(list(found.values()), interval_ns)
        return Bank([*found.values(), *again])

    def _own(self, raw: Sequence[str]) -> Sequence[Column]:
        for column in self.own:
            if not computable([column], raw):
                absent = sorted(raw_inputs(column) - set(raw))
                raise InputError(
                    f"The feature {column.name!r} reads the column {absent[0]!r}, "
                    "which the bars do not have.",
                    way_out="Join it to the bars, or leave the feature out.",
                    column=absent[0],
                )
        return self.own

    def _on_timeframes(
        self, columns: Sequence[Column], interval_ns: int
    ) -> list[Column]:
        for length in self.timeframes_ns:
            if length <= interval_ns or length % interval_ns:
                raise InputError(
                    f"A timeframe must be a multiple of bars of "
                    f"{duration_text(interval_ns)}, was {duration_text(length)}.",
                    way_out="Leave it out of timeframes.",
                    source="timeframes",
                )
        streams = [stream_of_interval(length) for length in self.timeframes_ns]
        plain = [c for c in columns if raw_inputs(c) <= _OF_BARS]
        return [on(stream, column) for stream in streams for column in plain]


_PRICES = ("open", "high", "low", "close")
_QUOTES = ("bid", "ask", "bid_size", "ask_size")
_OF_BARS = frozenset((*_PRICES, *_QUOTES, "volume", "signed_volume", *CLOCK_INPUTS))

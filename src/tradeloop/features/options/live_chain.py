"""Chains that go on quote by quote: the code of the history, one quote at a time."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from tradeloop.errors import NotFoundError
from tradeloop.features.options.chain import (
    CONTRACT,
    RIGHTS,
    ChainRule,
    empty_slots,
    look,
    numbers_of,
    take,
)
from tradeloop.features.options.snapshot import COLUMNS, SMILE

_FIRST_SLOTS = 64


class LiveChain:
    """What the quotes of all underlyings say so far.

    Parameters
    ----------
    rule : ChainRule, optional
        The same rule as in `chain_state` gives the same rows to the bit.
    """

    def __init__(self, rule: ChainRule | None = None) -> None:
        self.rule = rule or ChainRule()
        self._chains: dict[str, _Slots] = {}

    def take(self, quote: Mapping[str, Any]) -> None:
        """Take in one quote, a row of the record OPTION_QUOTE, when it is received.

        A quote of an earlier time than the last one of its contract changes nothing.
        """
        chain = self._chains.setdefault(quote["underlying"], _Slots())
        slot = chain.slot(quote)
        at_ns, row = int(quote["event_ns"]), numbers_of(quote)
        take(chain.held, chain.stamps, slot, row, at_ns, self.rule.basis)

    def state(self, underlying: str, at_ns: int) -> dict[str, float | None]:
        """Return the columns of `chain_state` at a time; None where it is not known.

        Raises
        ------
        NotFoundError
            No quote of the underlying was taken in.
        """
        row, _ = self._look(underlying, at_ns)
        return {
            name: None if np.isnan(value) else float(value)
            for name, value in zip(COLUMNS, row, strict=True)
        }

    def smiles(self, underlying: str, at_ns: int) -> pl.DataFrame:
        """Describe each expiry, near ones first: `SMILE`, null where not known."""
        _, smiles = self._look(underlying, at_ns)
        return pl.DataFrame(
            {
                name: pl.Series(values, dtype=pl.Float64, nan_to_null=True)
                for name, values in zip(SMILE, smiles.T.copy(), strict=True)
            }
        )

    def _look(self, underlying: str, at_ns: int) -> tuple[Any, Any]:
        chain = self._chains.get(underlying)
        if chain is None:
            raise NotFoundError(f"No option on {underlying!r} was quoted.")
        row, smiles = np.empty(len(COLUMNS)), np.empty((chain.order.size, len(SMILE)))
        age = self.rule.max_age_ns
        n = look(chain.held, chain.stamps, chain.order, at_ns, age, row, smiles)
        return row, smiles[:n]


class _Slots:
    """Contracts of one underlying."""

    def __init__(self) -> None:
        self._places: dict[tuple[Any, ...], int] = {}
        self.held, self.stamps = empty_slots(_FIRST_SLOTS)
        self.order = np.empty(0, np.int64)

    def slot(self, quote: Mapping[str, Any]) -> int:
        """Return the place of a quote's contract; a new one gets a new place."""
        key = tuple(quote[name] for name in CONTRACT)
        place = self._places.get(key)
        if place is not None:
            return place
        self._make_room(int(quote["received_ns"]))
        place = self._places[key] = len(self._places)
        self.held[place, 0] = quote["strike"]
        self.held[place, 1] = RIGHTS[quote["right"]]
        self.stamps[place, 0] = quote["expiry_ns"]
        in_order = sorted(self._places)
        self.order = np.array([self._places[each] for each in in_order], np.int64)
        return place

    def _make_room(self, now_ns: int) -> None:
        """Where the slots are full, drop what has expired and double them."""
        if len(self._places) < len(self.held):
            return
        kept = [key for key in self._places if key[0] > now_ns]
        places = [self._places[key] for key in kept]
        held, stamps = empty_slots(2 * max(len(kept), _FIRST_SLOTS))
        held[: len(kept)], stamps[: len(kept)] = self.held[places], self.stamps[places]
        self.held, self.stamps = held, stamps
        self._places = {key: place for place, key in enumerate(kept)}

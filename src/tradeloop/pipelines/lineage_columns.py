"""What each column is made of: from captured fields to the columns of a dataset.

One rule per column, or per kind of columns; a column without a rule of its own is made
of the prices and of the decision, as labels are.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tradeloop.features import Bank
from tradeloop.features.base import CLOCK_INPUTS, Column, stream_of
from tradeloop.features.regime import NEEDED
from tradeloop.quality import Origin

BAR, QUOTE, SERIES = "lake/bar", "lake/quote", "lake/series"
DECISION, FILL, ORDER = "lake/decision", "lake/fill", "lake/order_event"
FEATURES, LABELS = "features", "labels"
Origins = tuple[Origin, ...]

_OF_FILLS = {
    "execution_quality",
    "attributed_bps",
    "attribution_factors",
    "cost_efficiency",
    "fill_suspect",
    "fill_suspect_reason",
    "end_ns",
}
_RENAMED = {
    "known_ns": "received_ns",
    "decision_timestamp": "event_ns",
    "decision_reasoning": "reasoning",
}
_STATE = {
    "volatility_level": ("close",),
    "liquidity_score": ("close", "volume"),
    "correlation_environment": ("instrument", "event_ns", "close"),
    "order_book_imbalance": ("bid_size", "ask_size"),
    "bid_ask_spread": ("bid", "ask"),
    "market_impact_estimate": ("close", "signed_volume"),
    "venue_liquidity": ("bid_size", "ask_size"),
}
_PRICES = ("received_ns", "open", "high", "low", "close")


def of_table(table: str, *columns: str, how: str = "TRANSFORMATION") -> Origins:
    """Origins in columns of one table."""
    return tuple(Origin(table, column, how) for column in columns)


@dataclass(frozen=True, slots=True)
class Columns:
    """Knows what the columns of one dataset are made of.

    Parameters
    ----------
    tables : mapping of str to collection of str
        Tables of the lake that went in, with their columns.
    """

    tables: Mapping[str, Iterable[str]]

    def features(self, bank: Bank) -> dict[str, Origins]:
        """Of each published feature: captured columns, whatever lies between."""
        raw = _raw_inputs(bank)
        found = {
            name: tuple(o for each in sorted(raw[name]) for o in self._input(each))
            for name in bank.names
        }
        keys = ("instrument", "event_ns", "received_ns")
        return {
            **{name: of_table(BAR, name, how="IDENTITY") for name in keys},
            **{name: origins or self._bar_row() for name, origins in found.items()},
        }

    def _bar_row(self) -> Origins:
        return of_table(BAR, "event_ns", how="JOIN")

    def _input(self, name: str) -> Origins:
        """Name what a raw column of a bank is: of a stream, the clock, or a series."""
        stream, short = stream_of(name), name.rpartition(".")[2]
        table = BAR if stream.startswith("bar") else f"lake/{stream}"
        if short in self.tables.get(table, ()):
            return of_table(table, short, how="AGGREGATION")
        if SERIES in self.tables and name not in CLOCK_INPUTS:
            chosen = of_table(SERIES, "series", how="FILTER")
            known = of_table(SERIES, "received_ns", how="JOIN")
            return (*of_table(SERIES, "value", how="AGGREGATION"), *chosen, *known)
        return of_table(BAR, "event_ns")

    def labels(self, columns: Sequence[str]) -> dict[str, Origins]:
        """Of each column of the labels."""
        return {column: self._label(column) for column in columns}

    def _label(self, column: str) -> Origins:
        if column in ("decision_id", "instrument"):
            return of_table(DECISION, column, how="IDENTITY")
        if column == "decision_ns" or column.startswith("due_ns"):
            return of_table(DECISION, "received_ns")
        asked = of_table(DECISION, "instrument", "side", "received_ns")
        prices = of_table(BAR, *_PRICES, how="AGGREGATION")
        if QUOTE in self.tables:
            columns = ("received_ns", "bid", "ask")
            prices += of_table(QUOTE, *columns, how="AGGREGATION")
        return (*asked, *prices, *(self._execution() if column in _OF_FILLS else ()))

    def _execution(self) -> Origins:
        found: Origins = ()
        if FILL in self.tables:
            columns = ("received_ns", "price", "quantity", "fees")
            found += of_table(FILL, *columns, how="AGGREGATION")
        if ORDER in self.tables:
            columns = ("received_ns", "quantity", "filled_quantity", "status")
            found += of_table(ORDER, *columns, how="AGGREGATION")
        return found

    def dataset(
        self, frames: Mapping[str, Sequence[str]], technical: Sequence[str]
    ) -> dict[str, Origins]:
        """Of each column of a dataset, called ``frame.column``.

        Parameters
        ----------
        frames : mapping of str to sequence of str
            Frame to its columns.
        technical : sequence of str
            Features in the map of technical indicators.
        """
        known = set(self.tables[FEATURES])
        known_at = of_table(FEATURES, "received_ns", how="AGGREGATION")
        maps = {
            "known_ns": known_at,
            "technical_indicators": of_table(FEATURES, *technical),
            "market_regime": of_table(FEATURES, *(n for n in NEEDED if n in known)),
            "economic_indicators": of_table(SERIES, "series", "value")
            if SERIES in self.tables
            else (),
        }
        return {
            f"{frame}.{column}": self._dataset_column(frame, column, maps)
            for frame, columns in frames.items()
            for column in columns
        }

    def _dataset_column(
        self, frame: str, column: str, maps: Mapping[str, Origins]
    ) -> Origins:
        if column == "decision_id":
            return of_table(DECISION, column, how="IDENTITY")
        found: Origins = ()
        given = self.tables[DECISION]
        if column == "fold":
            found = of_table(LABELS, "end_ns", "decision_ns", how="AGGREGATION")
        elif frame == "outcome_labels":
            found = of_table(LABELS, column, how="IDENTITY")
        elif frame == "decision_context":
            known = (n for n in (_RENAMED.get(column, column),) if n in given)
            found = of_table(DECISION, *known, how="IDENTITY")
        elif frame == "feature_vectors" and column != "known_ns":
            found = of_table(FEATURES, column, how="IDENTITY")
        elif column in _STATE:
            found = of_table(BAR, *_STATE[column], how="AGGREGATION")
        # What no source gives is null: only that there is a row comes from anywhere.
        return (
            found or maps.get(column) or of_table(DECISION, "decision_id", how="JOIN")
        )


def _raw_inputs(bank: Bank) -> dict[str, frozenset[str]]:
    """Raw columns behind each column of a bank, hidden ones too."""
    found: dict[str, frozenset[str]] = {}
    for feature in bank.features:  # each comes after its inputs
        raw: set[str] = set()
        for source in feature.inputs:
            raw |= found[source.name] if isinstance(source, Column) else {source}
        for column in feature.columns:
            found[column.name] = frozenset(raw)
    return found


# What the fields of a column map become, where they are not called the same.
_FIELDS = {
    "instrument": ("symbol", "venue"),
    "open_ns": ("open_time", "close_time", "interval"),
    "event_ns": ("event_time", "close_time", "open_time", "received_time", "interval"),
    "received_ns": ("received_time", "event_time", "close_time", "open_time"),
    "quantity": ("quantity", "signed_quantity"),
    "side": ("side", "signed_quantity", "quantity"),
    "bid": ("bid", "bid_close"),
    "ask": ("ask", "ask_close"),
    **{
        side: (side, f"bid_{side}", f"ask_{side}")
        for side in ("open", "high", "low", "close")
    },
}


def of_file(
    taken: Mapping[str, Sequence[str]], columns: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """Say which columns of a file each column of a record is made of.

    Parameters
    ----------
    taken : mapping of str to sequence of str
        Field of the column map to columns of the file.
    columns : sequence of str
        Columns of the record.

    Returns
    -------
    dict of str to tuple of str
        What the file does not say, such as an id that is the hash of the row, comes
        from all that was read of it.
    """
    every = tuple(dict.fromkeys(name for names in taken.values() for name in names))
    found = {}
    for column in columns:
        fields = _FIELDS.get(column, (column,))
        names = dict.fromkeys(n for field in fields for n in taken.get(field, ()))
        found[column] = tuple(names) or every
    return found

"""A bank: features in order of need, one flat state, one table of columns.

1. Walk the wanted features depth first; each one comes once, after its inputs, so
   features share nodes.
2. Give each a place in the state, in the params and among the columns.
3. The plan (addresses and places) belongs to one process and is never stored; the
   fingerprint (steps, params, inputs, layout) is what a saved state or model carries.
4. A feature steps on one stream, its clock. `Bank.plan` steps them all, for rows that
   hold every input at once; `Bank.plans` those of one stream (see `streams`).
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradeloop.errors import InputError
from tradeloop.features.base import Column, Feature, clock_of, name_of
from tradeloop.features.fingerprint import step_fingerprint
from tradeloop.features.panel import address_of, fresh_columns, run_panel
from tradeloop.fold import LINE, Float, Word, live_row

_CACHE_LINE = 8  # floats
_BYTES = 8


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the catalogue: what one published column means.

    Parameters
    ----------
    name, category, formula, unit, reference : str
        See `tradeloop.features.base.Family`.
    group, family : str
        Folder and unit of the catalogue that it belongs to.
    clock : str
        Stream whose events change it.
    inputs : tuple of str
        ``argument=column`` for each input of the step.
    params : tuple of float
        Constants of the step.
    warm_up_rows : int
        Rows at the start without a value.
    look_back_rows : int or None
        Rows before the current one that matter; None: all of them.
    """

    name: str
    group: str
    family: str
    category: str
    clock: str
    formula: str
    unit: str
    reference: str
    inputs: tuple[str, ...]
    params: tuple[float, ...]
    warm_up_rows: int
    look_back_rows: int | None


def entry_of(column: Column) -> Entry:
    """Return the line of the catalogue that says what a column means."""
    feature, family = column.feature, column.feature.family
    pairs = zip(family.kernel.inputs, feature.inputs, strict=True)
    return Entry(
        name=column.name,
        group=feature.group or family.group,
        family=family.name,
        category=feature.category or family.category,
        clock=clock_of(column),
        formula=family.formula,
        unit=family.unit,
        reference=family.reference,
        inputs=tuple(f"{argument}={name_of(source)}" for argument, source in pairs),
        params=tuple(float(value) for value in feature.params),
        warm_up_rows=column.warm_up,
        look_back_rows=column.look_back,
    )


def _in_order(columns: Sequence[Column]) -> list[Feature]:
    """Each feature once, after the features it reads."""
    found: dict[str, Feature] = {}

    def visit(feature: Feature) -> None:
        known = found.get(feature.name)
        if known is not None:
            if known != feature:
                raise InputError(
                    f"Two features are called {feature.name!r}.",
                    way_out="Give one of them another name.",
                )
            return
        for source in feature.inputs:
            if isinstance(source, Column):
                visit(source.feature)
        found[feature.name] = feature

    for column in columns:
        visit(column.feature)
    return list(found.values())


def _unique(names: Sequence[str]) -> None:
    if doubled := sorted(n for n, count in Counter(names).items() if count > 1):
        raise InputError(
            f"A bank cannot hold two columns of one name: {doubled[0]!r}.",
            way_out="Publish each column once.",
        )


class Bank:
    """Many features as one fold.

    Parameters
    ----------
    wanted : sequence of Feature or Column
        What to publish, in this order; what these need is computed beside them.

    Attributes
    ----------
    inputs : tuple of str
        Raw columns that a row must bring, in this order.
    columns : tuple of str
        All columns: inputs, published ones in their order, then the other nodes.
    outputs : tuple of Column
        Published columns, and their names in ``names``.
    features : tuple of Feature
        All features, nodes included, in the order in which they run.
    clocks : tuple of str
        The stream that each feature steps on.
    n_state : int
        Floats of state of one instrument.
    """

    def __init__(self, wanted: Sequence[Feature | Column]) -> None:
        outputs: list[Column] = []
        for item in wanted:
            outputs += item.columns if isinstance(item, Feature) else [item]
        self.outputs = tuple(outputs)
        self.names = tuple(column.name for column in outputs)
        self.features = tuple(_in_order(outputs))
        _unique(self.names)
        raw = {s: None for f in self.features for s in f.inputs if isinstance(s, str)}
        self.inputs: tuple[str, ...] = tuple(raw)
        nodes = [column.name for feature in self.features for column in feature.columns]
        _unique((*self.inputs, *nodes))
        hidden = [name for name in nodes if name not in set(self.names)]
        self.columns = (*self.inputs, *self.names, *hidden)
        self.clocks = tuple(clock_of(feature.columns[0]) for feature in self.features)
        sizes = [f.family.kernel.n_state + f.ring for f in self.features]
        ends = np.cumsum([-(-size // _CACHE_LINE) * _CACHE_LINE for size in sizes])
        self.n_state = int(ends[-1]) if sizes else 0
        self._lock = Lock()
        self._laid_out: tuple[Word, Word, Float] | None = None
        self._homes: Any = np.concatenate([[0], ends[:-1]]).astype(int) if sizes else []

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of steps, params, inputs and published columns."""
        return sha256(json.dumps(self._definition()).encode()).hexdigest()

    @property
    def _lines(self) -> Word:
        """One line of the plan a feature; made once, whoever asks first."""
        with self._lock:
            if self._laid_out is None:
                self._laid_out = self._lay_out()
            return self._laid_out[0]

    def _lay_out(self) -> tuple[Word, Word, Float]:
        """Make the lines and what they point to: now steps are compiled."""
        index = {name: place for place, name in enumerate(self.columns)}
        numbers: list[int] = []
        params: list[float] = []
        places: list[tuple[int, int]] = []
        for feature in self.features:
            places.append((len(params), len(numbers)))
            numbers += [index[name_of(source)] for source in feature.inputs]
            numbers += [index[column.name] for column in feature.columns]
            params += feature.params
        columns, constants = np.array(numbers, np.uintp), np.array([*params, 0.0])
        first, at = address_of(columns), address_of(constants)
        lines = [
            (
                feature.family.kernel.scan.address,
                _BYTES * int(home),
                at + _BYTES * k,
                first + _BYTES * j,
            )
            for feature, home, (k, j) in zip(
                self.features, self._homes, places, strict=True
            )
        ]
        return np.array(lines, np.uintp).reshape(len(lines), LINE), columns, constants

    @cached_property
    def plan(self) -> Word:
        """Lines of all features: a step on rows that hold every input at once."""
        return self._lines.ravel()

    @cached_property
    def plans(self) -> dict[str, Word]:
        """Lines of the features of each clock."""
        return {clock: self.plan_of(clock) for clock in dict.fromkeys(self.clocks)}

    def plan_of(self, clock: str) -> Word:
        """Lines of the features that step on a stream, in their order."""
        return self.part([k for k, each in enumerate(self.clocks) if each == clock])

    def part(self, places: Sequence[int]) -> Word:
        """Lines of the features at these places."""
        return self._lines[list(places)].ravel()

    def _definition(self) -> dict[str, Any]:
        """All that a value depends on, and where it stands in state and row."""
        return {
            "published": self.names,
            "inputs": self.inputs,
            "features": [
                {
                    "name": feature.name,
                    "step": step_fingerprint(feature.family.kernel),
                    "inputs": [name_of(source) for source in feature.inputs],
                    "params": [float(value).hex() for value in feature.params],
                    "ring": feature.ring,
                    "clock": clock,
                }
                for feature, clock in zip(self.features, self.clocks, strict=True)
            ],
        }

    @property
    def warm_up_rows(self) -> int:
        """Rows after which every published column has had its first value."""
        return max((column.warm_up for column in self.outputs), default=0)

    @property
    def published(self) -> slice:
        """Place of the published columns among all."""
        first = len(self.inputs)
        return slice(first, first + len(self.names))

    def catalogue(self) -> tuple[Entry, ...]:
        """One entry for each published column, in their order."""
        return tuple(entry_of(column) for column in self.outputs)

    def state(self, lanes: int = 1) -> Float:
        """Fresh state of shape (n_lanes, n_state): one row of floats a lane."""
        return np.zeros((lanes, self.n_state))

    def live(self, state: Float, table: Float) -> None:
        """Advance every lane by one row.

        Parameters
        ----------
        state : ndarray of shape (n_lanes, n_state)
            Changed in place.
        table : ndarray of shape (n_columns, n_lanes)
            The first ``len(inputs)`` rows are read, the others written.
        """
        lanes = table.shape[1]
        shape = np.array([lanes, 1, _BYTES * self.n_state, _BYTES, 0], np.uintp)
        where = rows_of(table)
        frame = Frame(self, self.plan, state, where, shape)
        live_row(frame.address)

    def history(
        self, state: Float, table: Float, start: int = 0, stop: int = -1
    ) -> None:
        """Run rows [start, stop) of a table of shape (n_lanes, n_columns, n_rows)."""
        stop = table.shape[2] if stop < 0 else stop
        for lane in range(table.shape[0]):
            where = rows_of(table[lane])
            run_panel(self.plan, state[lane : lane + 1], where, [start, stop])

    def panel(
        self,
        state: Float,
        inputs: Float | Sequence[Float],
        bounds: NDArray[np.intp],
    ) -> Float:
        """Run lanes of different lengths that stand one after another.

        Parameters
        ----------
        state : ndarray of shape (n_lanes, n_state)
            Changed in place.
        inputs : ndarray of shape (n_inputs, n_rows), or a list of its rows
            Lane k holds rows ``bounds[k]:bounds[k + 1]``; NaN is missing. Each row
            must be contiguous float64.
        bounds : ndarray of shape (n_lanes + 1,)

        Returns
        -------
        ndarray of shape (n_names, n_rows)
            NaN where a value is not known.

        Raises
        ------
        InputError
            State, inputs and bounds are not of one size: compiled code would not see.
        """
        sizes = {len(row) for row in inputs} | {int(bounds[-1])}
        if len(sizes) > 1 or state.shape != (len(bounds) - 1, self.n_state):
            raise InputError(
                f"A panel of {len(bounds) - 1} lanes and {int(bounds[-1])} rows came "
                f"with a state of {state.shape} and inputs of {sorted(sizes)} rows.",
                way_out="Take bank.state(lanes), and bounds that end at the last row.",
                source="Bank.panel",
            )
        found = fresh_columns(len(self.names), int(bounds[-1]))
        hidden = len(self.columns) - len(self.inputs) - len(self.names)
        given = [np.ascontiguousarray(row, np.float64) for row in inputs]
        where = [*map(address_of, given), *rows_of(found), *range(hidden)]
        run_panel(self.plan, state, np.array(where, np.uintp), bounds, hidden)
        return found


def rows_of(table: Float) -> Word:
    """Address of each row of a table."""
    return np.uintp(address_of(table)) + np.arange(table.shape[0], dtype=np.uintp) * (
        np.uintp(table.strides[0])
    )


class Frame:
    """What one live call needs, as one address; keeps all of it alive.

    The plan points into the bank, so the bank stays, too.
    """

    __slots__ = ("_kept", "address")

    def __init__(
        self, bank: "Bank", plan: Word, state: Float, where: Word, shape: Word
    ) -> None:
        at = [address_of(each) for each in (plan, state, where, shape)]
        words = np.array([at[0], plan.size // LINE, *at[1:]], np.uintp)
        self._kept = (bank, plan, state, where, shape, words)
        self.address = address_of(words)

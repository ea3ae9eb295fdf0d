"""A bank: features in order of need, one flat state, one table of columns.

1. Walk the wanted features depth first; each one comes once, after its inputs, so
   features share nodes.
2. Give each a place in the state, in the params and in the table of columns.
3. The program (addresses and places) belongs to one process and is never stored; the
   fingerprint (steps, params, inputs, layout) is what a saved state or model carries.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradeloop.errors import InputError
from tradeloop.features.base import Column, Feature, name_of
from tradeloop.features.fingerprint import step_fingerprint
from tradeloop.fold import Float, history, live, live_parallel, panel

_LINE = 8  # floats to a cache line
_CHUNK = 1000  # rows; no power of two, so that columns do not share cache sets


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the catalogue: what one published column means.

    Parameters
    ----------
    name, category, formula, unit, reference : str
        See `tradeloop.features.base.Family`.
    family : str
        Unit of the catalogue that it belongs to.
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
    family: str
    category: str
    formula: str
    unit: str
    reference: str
    inputs: tuple[str, ...]
    params: tuple[float, ...]
    warm_up_rows: int
    look_back_rows: int | None


def _entry(column: Column) -> Entry:
    feature, family = column.feature, column.feature.family
    pairs = zip(family.kernel.inputs, feature.inputs, strict=True)
    return Entry(
        name=column.name,
        family=family.name,
        category=feature.category or family.category,
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
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise InputError(
            f"A bank cannot hold two columns of one name: {', '.join(doubled)}.",
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
        All columns of the table: inputs, then outputs of all features.
    outputs : tuple of Column
        Published columns, and their names in ``names``.
    features : tuple of Feature
        All features, nodes included, in the order in which they run.
    n_state : int
        Floats of state of one instrument.
    fingerprint : str
        SHA-256 of steps, params, inputs and published columns.
    """

    def __init__(self, wanted: Sequence[Feature | Column]) -> None:
        outputs: list[Column] = []
        for item in wanted:
            outputs += item.columns if isinstance(item, Feature) else [item]
        self.outputs = tuple(outputs)
        self.names = tuple(column.name for column in outputs)
        features = _in_order(outputs)
        raw = {s: None for f in features for s in f.inputs if isinstance(s, str)}
        self.inputs: tuple[str, ...] = tuple(raw)
        nodes = [column.name for feature in features for column in feature.columns]
        self.columns = (*self.inputs, *nodes)
        _unique(self.columns)
        _unique(self.names)
        self.published = np.array([self.columns.index(n) for n in self.names], np.intp)
        self.features = tuple(features)
        self._lay_out()

    def _lay_out(self) -> None:
        index = {name: place for place, name in enumerate(self.columns)}
        plan: list[tuple[int, ...]] = []
        sources: list[int] = []
        params: list[float] = []
        self.n_state, first = 0, len(self.inputs)
        for feature in self.features:
            kernel = feature.family.kernel
            places = (self.n_state, len(params), len(sources), first)
            plan.append((kernel.scan.address, *places))
            sources += [index[name_of(source)] for source in feature.inputs]
            params += feature.params
            first += len(kernel.outputs)
            self.n_state += -(-(kernel.n_state + feature.ring) // _LINE) * _LINE
        self.program = (
            np.array(plan, np.uintp).reshape(len(plan), 5),
            np.array(sources, np.uintp),
            np.array([*params, 0.0]),
        )
        self.fingerprint = sha256(json.dumps(self._definition()).encode()).hexdigest()

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
                }
                for feature in self.features
            ],
        }

    @property
    def warm_up_rows(self) -> int:
        """Rows after which every published column has had its first value."""
        return max((column.warm_up for column in self.outputs), default=0)

    def catalogue(self) -> tuple[Entry, ...]:
        """One entry for each published column, in their order."""
        return tuple(_entry(column) for column in self.outputs)

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
        live(self.program, state, table)

    def live_parallel(self, state: Float, table: Float, threads: int) -> None:
        """As `live`, for many lanes on several threads."""
        live_parallel(self.program, state, table, threads)

    def history(
        self, state: Float, table: Float, start: int = 0, stop: int = -1
    ) -> None:
        """Run rows [start, stop) of a table of shape (n_lanes, n_columns, n_rows)."""
        stop = table.shape[2] if stop < 0 else stop
        history(self.program, state, table, start, stop, 2048)

    def panel(self, state: Float, inputs: Float, bounds: NDArray[np.intp]) -> Float:
        """Run lanes of different lengths that stand one after another.

        Parameters
        ----------
        state : ndarray of shape (n_lanes, n_state)
            Changed in place.
        inputs : ndarray of shape (n_inputs, n_rows)
            Lane k holds rows ``bounds[k]:bounds[k + 1]``; NaN is missing.
        bounds : ndarray of shape (n_lanes + 1,)

        Returns
        -------
        ndarray of shape (n_names, n_rows)
            NaN where a value is not known.
        """
        found = np.empty((len(self.names), inputs.shape[1]))
        width = len(self.columns)
        bounds = bounds.astype(np.intp)
        panel(self.program, state, inputs, found, bounds, self.published, width, _CHUNK)
        return found

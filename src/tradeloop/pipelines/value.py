"""What each family of features and each source is worth to a model, and what it costs.

Value is what is lost when the columns of a group are shuffled together among the test
rows of their fold, within blocks of time, so that the model reads values that are
usual at the time but not of the row:

- ``log_loss``: growth of ``-ln p`` of the class that came, nats a row;
- ``bps``: fall of the mean net outperformance a decision, in bps, when the decisions
  are taken whose side the model favours: ``side (p(up) - p(down)) > 0``. A decision
  that is not taken earns 0.

Each is a mean over shuffles and test rows with an interval from the stationary block
bootstrap. The models stay as they were trained: of two groups that say the same, each
seems worth less than it is, and none gets credit for what a model without the other
would learn from it.

``keep`` where the interval of ``bps`` lies above 0; ``drop`` where it does not reach
above 0, or lies within 0.1 bps of 0 on both sides; ``not decided`` else. Three kinds of
group are ``not decided`` where they would be ``drop``, since their value may not show
in trades of these rows: what is missing in more than half of the rows, what trees read
but hardly varies within the blocks, and what improves the log loss for sure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradeloop.features import Bank
from tradeloop.features.base import CLOCK_INPUTS
from tradeloop.features.catalogue import raw_inputs
from tradeloop.models.base import Floats, Ints
from tradeloop.models.importance import Resampling, bootstrap_means
from tradeloop.pipelines.lift import (
    block_of,
    classes_of,
    interval_mapping,
    log_losses,
)
from tradeloop.pipelines.subject import Subject
from tradeloop.pipelines.train import Trained
from tradeloop.statistics import Interval

DECISION_FIGURES = "decision figures"
NEGLIGIBLE_BPS = 0.1
"""Half of the width within which an interval around 0 is worth nothing."""
_BLOCKS = 4  # of time, in the test rows of a fold
_SHUFFLES = 10
_LEAST_WITHIN = 0.25  # share of the variance that must lie within the blocks
_LEAST_KNOWN = 0.5  # share of the rows that must have a value
_QUOTES = ("bid", "ask", "bid_size", "ask_size")
_OWN = ("decision_", "strategy_")
_BARS = ("open", "high", "low", "close", "volume", "signed_volume")


@dataclass(frozen=True, slots=True)
class Group:
    """Columns that are judged together.

    Parameters
    ----------
    kind : str
        ``family`` or ``source``.
    name : str
        Such as ``trend`` or ``bars``.
    columns : tuple of int
        Places among the columns of the model.
    """

    kind: str
    name: str
    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Value:
    """What a group is worth.

    Parameters
    ----------
    group : Group
        Its columns.
    log_loss, bps : Interval
        See the module; above 0 the group helps.
    within : float
        Share of the variance of its columns that lies within the blocks, their median.
    known : float
        Share of the values of its columns that are not missing, in all rows.
    used : bool
        Whether shuffling it changed any forecast.
    """

    group: Group
    log_loss: Interval
    bps: Interval
    within: float
    known: float
    used: bool

    @property
    def reason(self) -> str | None:
        """Say why its value may not show here; None where it can."""
        if self.known < _LEAST_KNOWN:
            return f"{1 - self.known:.0%} of its values are missing"
        if self.used and self.within < _LEAST_WITHIN:
            return f"{1 - self.within:.0%} of its variance lies between the blocks"
        if self.log_loss.low > 0 and recommend(self.bps) == "drop":
            return "the forecast needs it, though these trades do not show it"
        return None

    @property
    def recommendation(self) -> str:
        """``keep``, ``drop`` or ``not decided``; see the module."""
        said = recommend(self.bps)
        return "not decided" if self.reason and said == "drop" else said

    def as_mapping(self) -> dict[str, Any]:
        """Give it as JSON."""
        return {
            "kind": self.group.kind,
            "name": self.group.name,
            "columns": len(self.group.columns),
            "bps": interval_mapping(self.bps),
            "log_loss": interval_mapping(self.log_loss),
            "within_blocks": self.within,
            "known": self.known,
            "reason": self.reason,
            "recommendation": self.recommendation,
        }


def recommend(bps: Interval) -> str:
    """Say what to do with what is worth so much; see the module."""
    if bps.low > 0:
        return "keep"
    negligible = bps.low >= -NEGLIGIBLE_BPS and bps.high <= NEGLIGIBLE_BPS
    return "drop" if bps.high <= 0 or negligible else "not decided"


def families(
    names: Sequence[str], definitions: Sequence[Mapping[str, Any]]
) -> tuple[Group, ...]:
    """Group the columns of a model by the group of the catalogue.

    Parameters
    ----------
    names : sequence of str
        Columns of the model: features, then the decision's own figures.
    definitions : sequence of mapping
        ``name`` and ``group`` of each feature.
    """
    known = {each["name"]: str(each["group"]) for each in definitions}
    return _grouped("family", [(known.get(n, DECISION_FIGURES),) for n in names])


def sources(names: Sequence[str], bank: Bank | None) -> tuple[Group, ...]:
    """Group the columns of a model by the sources that they read.

    A column that reads two sources stands in both: it is lost with either.

    Parameters
    ----------
    names : sequence of str
        Columns of the model.
    bank : Bank or None
        What computed the features; without it only the decision's figures are known.
    """
    outputs = bank.outputs if bank else ()
    read = {column.name: _read_by(raw_inputs(column)) for column in outputs}
    own = {name: (DECISION_FIGURES,) for name in names if name.startswith(_OWN)}
    return _grouped("source", [read.get(name, own.get(name, ())) for name in names])


def _read_by(raw: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted({source_of(name) for name in raw} - {""}))


def source_of(raw: str) -> str:
    """Name the source of a raw column; empty for the clock, which costs nothing."""
    if raw in CLOCK_INPUTS:
        return ""
    stream, point, name = raw.rpartition(".")
    if point and not stream.startswith("bar"):
        return stream
    if name in CLOCK_INPUTS:
        return ""
    if name in _QUOTES:
        return "quotes"
    return "bars" if name in _BARS else f"series {name}"


def _grouped(kind: str, named: Sequence[Sequence[str]]) -> tuple[Group, ...]:
    places: dict[str, list[int]] = {}
    for place, names in enumerate(named):
        for name in names:
            places.setdefault(name, []).append(place)
    return tuple(Group(kind, name, tuple(at)) for name, at in places.items())


def values(
    subject: Subject, trained: Trained, groups: Sequence[Group]
) -> tuple[Value, ...]:
    """Measure what groups of columns are worth, the most bps first.

    Parameters
    ----------
    subject : Subject
        The dataset.
    trained : Trained
        What learned from it.
    groups : sequence of Group
        What to judge.
    """
    rows = np.flatnonzero(trained.walk.tested)
    drawn = _resampling(subject, rows)
    loss, bps, within = (
        np.full((len(trained.walk.fold), len(groups)), np.nan) for _ in range(3)
    )
    net = net_bps(subject)
    for fold, model in enumerate(trained.walk.models):
        mine = np.flatnonzero(trained.walk.fold == fold)
        given = trained.features[mine]
        plain = _figures(model.predict_proba(given), mine, (subject, trained, net))
        for at, group in enumerate(groups):
            draw = np.random.default_rng([subject.rule.seed, fold, *group.columns])
            total, columns = np.zeros((len(mine), 2)), list(group.columns)
            for _ in range(_SHUFFLES):
                order = blockwise(len(mine), draw)
                other = given.copy()
                other[:, columns] = given[order][:, columns]
                found = model.predict_proba(other)
                total += _figures(found, mine, (subject, trained, net)) - plain
            loss[mine, at], bps[mine, at] = (total / _SHUFFLES).T * [[1], [-1]]
            within[mine, at] = variance_within(given[:, columns])
    losses = bootstrap_means(loss[rows], drawn)
    paid = rows[np.isfinite(net[rows])]
    earned = bootstrap_means(bps[paid], _resampling(subject, paid))
    made = [
        Value(
            group=group,
            log_loss=losses[at],
            bps=earned[at],
            within=float(within[rows, at].mean()),
            known=float(np.isfinite(trained.features[:, group.columns]).mean()),
            used=bool(loss[rows, at].any()),
        )
        for at, group in enumerate(groups)
    ]
    return tuple(sorted(made, key=lambda each: -each.bps.value))


def followed(subject: Subject, trained: Trained) -> dict[str, Any]:
    """Say what following the model earns a decision, beside taking every decision.

    Returns
    -------
    dict
        ``following`` and ``taking_all``: mean net outperformance in bps a test row,
        with its interval; ``taken``: share of the rows that are taken; ``rows``.
    """
    net = net_bps(subject)
    rows = np.flatnonzero(trained.walk.tested & np.isfinite(net))
    taken = _taken(trained.walk.probabilities[rows], _sides(subject)[rows])
    both = np.column_stack([net[rows] * taken, net[rows]])
    following, everything = bootstrap_means(both, _resampling(subject, rows))
    return {
        "following": interval_mapping(following),
        "taking_all": interval_mapping(everything),
        "taken": float(taken.mean()),
        "rows": len(rows),
    }


def net_bps(subject: Subject) -> Floats:
    """Net outperformance of each decision over the primary horizon, NaN if unknown."""
    column = subject.dataset.outcome_labels[f"net_bps_{subject.horizon}"]
    return np.asarray(column.to_numpy(), np.float64)


def blockwise(count: int, draw: np.random.Generator) -> Ints:
    """Shuffle the numbers below ``count`` within blocks of neighbours."""
    parts = np.array_split(np.arange(count), _BLOCKS)
    return np.concatenate([draw.permutation(part) for part in parts])


def variance_within(given: Floats) -> float:
    """Share of the variance that lies within the blocks, median over the columns.

    Columns that are constant or that miss a value in a whole block do not count; 1
    where none is left.
    """
    known = np.isfinite(given)
    shares = []
    for column, there in zip(given.T, known.T, strict=True):
        parts = np.array_split(np.where(there, column, np.nan), _BLOCKS)
        parts = [part[np.isfinite(part)] for part in parts]
        whole = np.concatenate(parts)
        if len(whole) and whole.var() > 0:
            inside = sum(part.var() * len(part) for part in parts if len(part))
            shares.append(inside / len(whole) / whole.var())
    return float(np.median(shares)) if shares else 1.0


def _figures(
    chances: Floats, rows: Ints, of: tuple[Subject, Trained, Floats]
) -> Floats:
    """Log loss and earned bps of these rows, of shape (n_rows, 2)."""
    subject, trained, net = of
    loss = log_losses(chances, classes_of(trained)[rows])
    return np.column_stack([loss, net[rows] * _taken(chances, _sides(subject)[rows])])


def _taken(chances: Floats, sides: Ints) -> NDArray[np.bool_]:
    return np.asarray(sides * (chances[:, -1] - chances[:, 0]) > 0)


def _sides(subject: Subject) -> Ints:
    return subject.dataset.decision_context["side"].to_numpy().astype(np.int64)


def _resampling(subject: Subject, rows: Ints) -> Resampling:
    return Resampling(
        subject.rule.seed, block_rows=block_of(subject, rows), repeats=1000
    )

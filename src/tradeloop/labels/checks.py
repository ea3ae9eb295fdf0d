"""Laws that every label passes; a law returns the reasons why a label breaks it.

1. A scene is labelled (`label_scene`).
2. Prices are changed, cut off or brought in one by one, and it is labelled again.
3. What may not depend on them must have stayed equal to the bit.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tradeloop.labels.base import MISSING_NS, PricePath, Times
from tradeloop.labels.protocol import Label, Labelled, looks_back, own_end
from tradeloop.labels.scenes import Scene
from tradeloop.labels.span import Span, span
from tradeloop.labels.volatility import first_row_used

Flags = NDArray[np.bool_]
Law = Callable[[Label, Scene], list[str]]

_POISON = 3.0  # a factor that moves every price across all bounds


def label_scene(unit: Label, scene: Scene, *, as_of_ns: int | None = None) -> Labelled:
    """Label the decisions of a scene as of a time.

    Parameters
    ----------
    unit : Label
        The label.
    scene : Scene
        Decisions and prices.
    as_of_ns : int, optional
        Nothing received later is known; None knows all rows.
    """
    return unit.label(_span(scene, as_of_ns))


def _span(scene: Scene, as_of_ns: int | None = None) -> Span:
    return span(
        scene.decision_ns,
        scene.side,
        scene.path,
        horizon_ns=scene.horizon_ns,
        plan=replace(scene.plan, as_of_ns=as_of_ns),
        benchmark=scene.benchmark,
    )


def _one(scene: Scene, k: int) -> Scene:
    pick = slice(k, k + 1)
    return replace(scene, decision_ns=scene.decision_ns[pick], side=scene.side[pick])


def _same(one: Labelled, other: Labelled) -> bool:
    equal = (
        np.array_equal(one.values[stem], other.values[stem], equal_nan=True)
        for stem in one.values
    )
    return all(equal) and np.array_equal(one.end_ns, other.end_ns)


def _poisoned(path: PricePath, rows: Flags, *, prices: Flags) -> PricePath:
    """Multiply highs and lows of ``rows``, and the prices of those in ``prices``."""
    factor = np.where(rows, _POISON, 1.0)
    return replace(
        path,
        price=path.price * np.where(rows & prices, _POISON, 1.0),
        high=path.high * factor,
        low=path.low / factor,
    )


def _past_poisoned(path: PricePath, decision_ns: int, *, kept: int) -> PricePath:
    """Change what came before the decision, other than the last ``kept`` known prices.

    Highs and lows of a bar open at the decision are changed as well: they may come
    from before it. Only its close is sure to be a later fact.
    """
    entry, row = _entry(path, decision_ns), np.arange(len(path))
    used = (row > entry - kept) & (row <= entry)
    prices = (path.time_ns <= decision_ns) & ~used
    return _poisoned(path, path.begin_ns < decision_ns, prices=prices)


def _entry(path: PricePath, decision_ns: int) -> int:
    return int((path.known_ns <= decision_ns).sum()) - 1


def _prices_used(unit: Label, scene: Scene, decision_ns: int) -> int:
    """How many of the last known prices the label may look at."""
    rule = scene.plan.rule
    if not looks_back(unit) and rule.unit == "bps":
        return 1
    entry = _entry(scene.path, decision_ns)
    first = first_row_used(
        scene.path,
        np.array([entry]),
        np.array([decision_ns]),
        horizon_ns=scene.horizon_ns,
        rows=rule.volatility_rows,
    )
    return entry - int(first[0]) + 1


def _future_poisoned(path: PricePath, end_ns: int) -> PricePath:
    later = path.known_ns > end_ns
    return _poisoned(path, later, prices=later)


def _with_paths(scene: Scene, change: Callable[[PricePath], PricePath]) -> Scene:
    other = None if scene.benchmark is None else change(scene.benchmark)
    return replace(scene, path=change(scene.path), benchmark=other)


def ignores_the_past(unit: Label, scene: Scene) -> list[str]:
    """Nothing before the decision counts, other than the price known at it.

    Labels that take the volatility at the decision may look at its prices too, and at
    no others.
    """
    broken = []
    for k, decision_ns in enumerate(scene.decision_ns.tolist()):
        alone = _one(scene, k)
        kept = _prices_used(unit, scene, decision_ns)
        change = partial(_past_poisoned, decision_ns=decision_ns, kept=kept)
        other = _with_paths(alone, change)
        if not _same(label_scene(unit, alone), label_scene(unit, other)):
            broken.append(f"decision {k} changes with prices from before it")
    return broken


def ignores_what_follows_its_end(unit: Label, scene: Scene) -> list[str]:
    """Nothing known after ``end_ns`` counts."""
    broken = []
    for k, end_ns in enumerate(label_scene(unit, scene).end_ns):
        if end_ns == MISSING_NS:
            continue
        alone = _one(scene, k)
        change = partial(_future_poisoned, end_ns=int(end_ns))
        other = _with_paths(alone, change)
        if not _same(label_scene(unit, alone), label_scene(unit, other)):
            broken.append(f"decision {k} changes with prices from after its end")
    return broken


def mirrors_the_side(unit: Label, scene: Scene) -> list[str]:
    """Under the opposite side each output turns into its declared mirror image."""
    cash = replace(scene, benchmark=None)
    here = label_scene(unit, cash).values
    there = label_scene(unit, replace(cash, side=-cash.side)).values
    broken = []
    for output in unit.outputs:
        if output.mirror is None:
            continue
        stem, factor = output.mirror
        found, image = here[output.stem], factor * there[stem]
        same = (found == image) | (np.isnan(found) & np.isnan(image))
        if output.unless:
            same |= here[output.unless] == 1
        if not same.all():
            broken.append(f"{output.stem} is not {factor:+g} x {stem} mirrored")
    return broken


def ends_after_the_due_time(unit: Label, scene: Scene) -> list[str]:
    """``end_ns`` is at or after the due time, so after the decision.

    That of a label with an end of its own is after the decision, and never after the
    price at the due time was known.
    """
    end, known = label_scene(unit, scene).end_ns, _span(scene).leg.end_ns
    due = scene.decision_ns + scene.horizon_ns
    wrong = end < (scene.decision_ns + 1 if own_end(unit) else due)
    if own_end(unit):
        wrong |= (known != MISSING_NS) & (end > known)
    wrong &= end != MISSING_NS
    return [
        f"decision {k} ends at {end[k]}, due {due[k]}" for k in np.flatnonzero(wrong)
    ]


def has_an_end_exactly_where_it_has_values(unit: Label, scene: Scene) -> list[str]:
    """Values and ``end_ns`` are known together."""
    values, end = label_scene(unit, scene)
    return [
        f"{stem} of decision {k} is {found[k]} with end {end[k]}"
        for stem, found in values.items()
        for k in np.flatnonzero(np.isfinite(found) != (end != MISSING_NS))
    ]


def misses_where_the_future_is_missing(unit: Label, scene: Scene) -> list[str]:
    """At the decision itself nothing is known: every value is missing, none is 0."""
    broken = []
    for k, decision_ns in enumerate(scene.decision_ns):
        values, end = label_scene(unit, _one(scene, k), as_of_ns=int(decision_ns))
        known = [stem for stem, found in values.items() if not np.isnan(found[0])]
        if known or end[0] != MISSING_NS:
            broken.append(f"decision {k} has {known or 'an end'} before its future")
    return broken


def grows_into_the_same(unit: Label, scene: Scene) -> list[str]:
    """Made as the future arrives, a label is known from its end on for good."""
    final = label_scene(unit, scene)
    broken = []
    for as_of_ns in _arrivals(scene):
        cut = _with_paths(scene, partial(PricePath.known_by, as_of_ns=int(as_of_ns)))
        for source in (scene, cut):  # rows there but not yet known, and not there
            values, end = label_scene(unit, source, as_of_ns=int(as_of_ns))
            due = (final.end_ns != MISSING_NS) & (final.end_ns <= as_of_ns)
            wrong = (end != MISSING_NS) != due
            wrong[due] |= end[due] != final.end_ns[due]
            for stem, found in values.items():
                wrong[due] |= found[due] != final.values[stem][due]
            broken += [
                f"decision {k} as of {as_of_ns} is not what it became"
                for k in np.flatnonzero(wrong)
            ]
    return broken


def _arrivals(scene: Scene) -> Times:
    """Each time at which something became known, and the instant before it."""
    known = scene.path.known_ns
    if scene.benchmark is not None:
        known = np.concatenate([known, scene.benchmark.known_ns])
    return np.unique(np.concatenate([known, known - 1]))[::5]


def is_the_same_one_by_one(unit: Label, scene: Scene) -> list[str]:
    """Label a decision alone: it does not depend on the others."""
    values, end = label_scene(unit, scene)
    broken = []
    for k in range(len(scene.decision_ns)):
        alone = label_scene(unit, _one(scene, k))
        here = {stem: found[k : k + 1] for stem, found in values.items()}
        if not _same(alone, Labelled(here, end[k : k + 1])):
            broken.append(f"decision {k} alone differs from decision {k} among others")
    return broken


def ignores_the_currency(unit: Label, scene: Scene) -> list[str]:
    """Prices in another unit (x 1024, exact in binary) give the same label."""

    def scaled(path: PricePath) -> PricePath:
        return replace(
            path, price=path.price * 1024, high=path.high * 1024, low=path.low * 1024
        )

    other = label_scene(unit, _with_paths(scene, scaled))
    return [] if _same(label_scene(unit, scene), other) else ["prices x 1024 differ"]


def leaves_its_input_alone(unit: Label, scene: Scene) -> list[str]:
    """Labelling writes to none of the arrays that it is given."""

    def arrays() -> list[NDArray[np.generic]]:
        path = scene.path
        return [scene.decision_ns, scene.side, path.price, path.high, path.low]

    before = [array.copy() for array in arrays()]
    label_scene(unit, scene)
    same = map(np.array_equal, before, arrays())
    return [] if all(same) else ["an input array was changed"]


LAWS: Mapping[str, Law] = {
    law.__name__: law
    for law in (
        ignores_the_past,
        ignores_what_follows_its_end,
        mirrors_the_side,
        ends_after_the_due_time,
        has_an_end_exactly_where_it_has_values,
        misses_where_the_future_is_missing,
        grows_into_the_same,
        is_the_same_one_by_one,
        ignores_the_currency,
        leaves_its_input_alone,
    )
}


@dataclass(frozen=True, slots=True)
class Breach:
    """A law that a label breaks in a scene."""

    law: str
    reason: str


def breaches(unit: Label, scene: Scene) -> list[Breach]:
    """Hold a label to every law in a scene.

    Parameters
    ----------
    unit : Label
        One's own, or one of ``ALL``.
    scene : Scene
        Such as `labels.scenes.random_scene` makes.

    Returns
    -------
    list of Breach
        Empty for a lawful label.
    """
    return [
        Breach(name, reason)
        for name, law in LAWS.items()
        for reason in law(unit, scene)
    ]

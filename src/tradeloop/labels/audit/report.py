"""All audits of a frame of labels in one value, for the data quality report.

1. Maturity: of every decision.
2. Agreement: of the rules that label the same decisions, at each horizon.
3. Drift: of the classes at the primary horizon.
4. Stability: if the prices are given.
5. Noise: if probabilities are given.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from tradeloop.labels.audit.agreement import Agreement, Class, agreement, signs
from tradeloop.labels.audit.drift import Alarms, ClassDrift, drift
from tradeloop.labels.audit.maturity import Maturity, maturity
from tradeloop.labels.audit.noise import NoiseAudit
from tradeloop.labels.audit.overlap import rows_spanned
from tradeloop.labels.audit.stability import Stability
from tradeloop.labels.outcome import WORDS
from tradeloop.labels.rules import LabelPlan

_SIGNS = (-1, 0, 1)
_YES_NO = (0, 1)
_CLASS = "decision_outcome"
_LEAST_ROWS = 24  # labelled rows below which a drift has nothing to compare

# Two rules of one frame, their classes, and whether five classes are reduced to signs.
PAIRS: tuple[tuple[str, str, tuple[Class, ...]], ...] = (
    ("outcome", "net_outcome", WORDS),
    ("outcome", "barrier", _SIGNS),
    ("direction", "trend", _SIGNS),
    ("meta_label", "barrier_meta", _YES_NO),
)


@dataclass(frozen=True, slots=True, eq=False)
class LabelAudit:
    """What is known of the quality of some labels.

    Parameters
    ----------
    maturity : Maturity
        Where each decision stands.
    agreement : dict of str to Agreement
        By the names of the two rules, such as ``outcome_5d ~ net_outcome_5d``.
    drift : ClassDrift or None
        None where there are too few labelled rows.
    stability : Stability or None
        None where it was not asked for.
    noise : NoiseAudit or None
        None where no probabilities were given.
    """

    maturity: Maturity
    agreement: Mapping[str, Agreement]
    drift: ClassDrift | None
    stability: Stability | None = None
    noise: NoiseAudit | None = None
    alarms: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        found = []
        if self.drift is not None and self.drift.alarm:
            found.append(
                f"the balance of classes drifts since {self.drift.began_ns} ns"
            )
        if self.noise is not None and self.noise.alarm:
            share = 100 * self.noise.mislabelled.low
            found.append(f"at least {share:.1f} % of the rows look mislabelled")
        overdue = self.maturity.expected["overdue"]
        if overdue:
            found.append(f"{overdue} labels are overdue")
        object.__setattr__(self, "alarms", tuple(found))

    def as_mapping(self) -> dict[str, Any]:
        """Plain values for JSON: the ``validation_results`` of a dataset."""
        return {
            "alarms": list(self.alarms),
            "maturity": self.maturity.as_mapping(),
            "agreement": {k: found.as_mapping() for k, found in self.agreement.items()},
            "drift": None if self.drift is None else self.drift.as_mapping(),
            "stability": None
            if self.stability is None
            else self.stability.as_mapping(),
            "noise": None if self.noise is None else self.noise.as_mapping(),
        }


def audit(  # noqa: PLR0913 - everything that an audit rests on, by name
    labels: pl.DataFrame,
    *,
    plan: LabelPlan,
    as_of_ns: int,
    other_rules: Mapping[str, pl.DataFrame] | None = None,
    stability: Stability | None = None,
    noise: NoiseAudit | None = None,
    alarms: Alarms = Alarms(),  # noqa: B008 - it is frozen
    repeats: int = 200,
    seed: int = 0,
) -> LabelAudit:
    """Audit a frame of labels.

    Parameters
    ----------
    labels : polars.DataFrame of shape (n_decisions, any)
        As `labels.apply.label` made it.
    plan : LabelPlan
        By which it was made.
    as_of_ns : int
        When, ns UTC.
    other_rules : mapping of str to polars.DataFrame, optional
        Frames of the same decisions under other rules, by their name; their classes are
        compared with those of ``labels``.
    stability : Stability, optional
        Of `labels.audit.stability`, which needs the prices.
    noise : NoiseAudit, optional
        Of `labels.audit.noise`, which needs probabilities.
    alarms : Alarms
        When the balance of classes counts as moved.
    repeats : int
        Resamples of the intervals of agreement; 0 leaves them out.
    seed : int
        Of the resamples.

    Raises
    ------
    InputError
        As in `maturity`, or another rule labelled other decisions.
    """
    first = plan.suffixes[0]
    end = f"end_ns_{first}"
    labelled = labels.filter(pl.col(_CLASS).is_not_null()).sort("decision_ns")
    block = rows_spanned(labelled["decision_ns"], labelled[end])
    asked = {"block_rows": block, "repeats": repeats, "seed": seed}
    found = _pairs(labels.sort("decision_ns"), plan, asked)
    own = labels.select("decision_id", "decision_ns", pl.col(_CLASS))
    for name, frame in (other_rules or {}).items():
        theirs = frame.select("decision_id", pl.col(_CLASS).alias("theirs"))
        both = own.join(theirs, on="decision_id", how="inner").sort("decision_ns")
        names = ("own", name)
        found[f"own ~ {name}"] = agreement(
            both[_CLASS], both["theirs"], classes=WORDS, names=names, **asked
        )
    moved = None
    if labelled.height >= _LEAST_ROWS:
        moved = drift(
            labelled[_CLASS],
            labelled["decision_ns"],
            labelled[end],
            classes=WORDS,
            instrument=labelled["instrument"],
            alarms=alarms,
        )
    grown = maturity(labels, horizon=first, as_of_ns=as_of_ns)
    return LabelAudit(grown, found, moved, stability, noise)


def _pairs(
    labels: pl.DataFrame, plan: LabelPlan, asked: Mapping[str, int]
) -> dict[str, Agreement]:
    found = {}
    for horizon in plan.suffixes:
        for one, other, classes in PAIRS:
            names = (f"{one}_{horizon}", f"{other}_{horizon}")
            if not set(names) <= set(labels.columns):
                continue
            left, right = (labels[name] for name in names)
            if classes == _SIGNS and left.dtype == pl.String:
                left = signs(left, WORDS)
            found[" ~ ".join(names)] = agreement(
                left, right, classes=classes, names=names, **asked
            )
    return found

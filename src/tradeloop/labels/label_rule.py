"""One label rule as a frozen value, with all defaults filled in."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from hashlib import sha256
from typing import Any

from tradeloop.costs import CostModel
from tradeloop.errors import InputError
from tradeloop.events import duration_ns
from tradeloop.labels.execution.rule import ExecutionRule
from tradeloop.labels.rule_kinds import COSTS, KINDS, NAMES, Term
from tradeloop.labels.rule_values import (
    check_names,
    duration,
    refuse,
    text_of,
    texts_of,
    value_of,
    values_of,
)
from tradeloop.labels.rules import LabelPlan, OutcomeRule

CASH = "cash"
_OUTCOME_NAMES = frozenset(part.name for part in fields(OutcomeRule))


@dataclass(frozen=True, slots=True)
class LabelRule:
    """One rule by which decisions are labelled.

    Parameters
    ----------
    name : str
        1 to 100 characters.
    type : str
        outcome, barrier, meta, trend, cusum or execution: a key of `KINDS`.
    thresholds : mapping of str to float
        Numbers of the type; absent ones get their default.
    criteria : mapping of str to number, text or flag
        All else of the type; absent ones get their default.
    horizons : sequence of str
        Such as ``5m``, the primary one first; empty: those of the run.
    benchmark : str or None
        An instrument, or ``cash``; None: that of the run.
    costs : mapping of str to float
        Names of `CostModel` in bps that stand in place of the run's.
    enabled : bool
        Whether it is in force.
    strategies : sequence of str
        Which it applies to; empty: all.

    Raises
    ------
    InputError
        A name is unknown (the nearest known one is given), or a value breaks its rule.
    """

    name: str
    type: str = "outcome"
    thresholds: Mapping[str, float] = field(default_factory=dict)
    criteria: Mapping[str, Any] = field(default_factory=dict)
    horizons: Sequence[str] = ()
    benchmark: str | None = None
    costs: Mapping[str, float] = field(default_factory=dict)
    enabled: bool = True
    strategies: Sequence[str] = ()

    def __post_init__(self) -> None:
        text_of(self.name, ("name",))
        if self.type not in KINDS:
            near = get_close_matches(str(self.type), KINDS, n=1, cutoff=0.0)
            raise refuse(
                f"There is no type {self.type!r}; did you mean {near[0]!r}?",
                f"Types are {', '.join(KINDS)}.",
                ("type",),
            )
        kind = KINDS[self.type]
        price = Term("number", None)
        put = object.__setattr__
        horizons = texts_of(self.horizons, ("horizons",))
        texts = (duration(one, ("horizons", k)) for k, one in enumerate(horizons))
        put(self, "horizons", texts_of(tuple(texts), ("horizons",)))
        put(
            self,
            "strategies",
            tuple(sorted(texts_of(self.strategies, ("strategies",)))),
        )
        put(self, "enabled", value_of(Term("flag", None), self.enabled, ("enabled",)))
        if self.benchmark is not None:
            text_of(self.benchmark, ("benchmark",))
        for name, terms in (
            ("thresholds", kind.thresholds),
            ("criteria", kind.criteria),
            ("costs", dict.fromkeys(COSTS, price)),
        ):
            put(self, name, values_of(terms, getattr(self, name), (name,)))
        self._check_whole()

    def _check_whole(self) -> None:
        """Hold the values to the rules of what they are turned into."""
        costs = CostModel.from_mapping(self.costs)
        if self.type == "execution":
            self.execution()
        elif self.type == "cusum":
            if self.thresholds["threshold"] <= 0:
                raise refuse(
                    f"It must be above 0, was {self.thresholds['threshold']}.",
                    "Give the move that makes an event.",
                    ("thresholds", "threshold"),
                )
        else:
            self.plan(horizons_ns=(1,), costs=costs)

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any]) -> "LabelRule":
        """Make a rule from plain values, as a file holds them.

        Raises
        ------
        InputError
            A name is unknown or absent, or a value breaks its rule.
        """
        check_names(given, NAMES, ())
        for name in ("name", "type"):
            if name not in given:
                raise refuse(f"A rule needs a {name}.", f"Add '{name}: ...'.", (name,))
        return cls(**given)

    def as_mapping(self) -> dict[str, Any]:
        """Plain values with all defaults, as `from_mapping` takes them."""
        return {
            "name": self.name,
            "type": self.type,
            "enabled": self.enabled,
            "strategies": list(self.strategies),
            "horizons": list(self.horizons),
            "benchmark": self.benchmark,
            "criteria": dict(self.criteria),
            "thresholds": dict(self.thresholds),
            "costs": dict(self.costs),
        }

    def as_row(self) -> dict[str, Any]:
        """Columns of ``labeling_rules``; what has no column stands in ``criteria``.

        Returns
        -------
        dict
            rule_name, rule_type, criteria, thresholds, enabled.
        """
        apart = {"name", "type", "enabled", "thresholds", "criteria"}
        rest = {k: part for k, part in self.as_mapping().items() if k not in apart}
        return {
            "rule_name": self.name,
            "rule_type": self.type,
            "criteria": dict(self.criteria) | rest,
            "thresholds": dict(self.thresholds),
            "enabled": self.enabled,
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "LabelRule":
        """Make a rule from the columns of ``labeling_rules``.

        Raises
        ------
        InputError
            As in `from_mapping`.
        """
        criteria = dict(row["criteria"])
        beside = {name: criteria.pop(name) for name in NAMES if name in criteria}
        return cls(
            name=row["rule_name"],
            type=row["rule_type"],
            criteria=criteria,
            thresholds=row["thresholds"],
            enabled=row["enabled"],
            **beside,
        )

    @property
    def canonical(self) -> str:
        """Content as JSON, names sorted; whether it is enabled is no content."""
        content = self.as_mapping()
        del content["enabled"]
        return json.dumps(
            content,
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
            allow_nan=False,
        )

    @property
    def version(self) -> str:
        """SHA-256 of `canonical`, in hex."""
        return sha256(self.canonical.encode()).hexdigest()

    def applies(self, strategy: str | None) -> bool:
        """Whether it is in force for a strategy; None is a decision without one."""
        return self.enabled and (not self.strategies or strategy in self.strategies)

    def outcome(self) -> OutcomeRule:
        """Bounds, unit and barriers; those that the type lacks have their default."""
        every = {**self.thresholds, **self.criteria}
        if self.type == "cusum":  # its unit is another one
            every.pop("unit")
        known = {name: every[name] for name in every if name in _OUTCOME_NAMES}
        return OutcomeRule.from_mapping(known)

    def plan(
        self,
        *,
        horizons_ns: Sequence[int],
        benchmark: str | None = None,
        costs: CostModel | None = None,
        as_of_ns: int | None = None,
    ) -> LabelPlan:
        """Turn the rule into a plan; what it leaves open is the run's.

        Parameters
        ----------
        horizons_ns, benchmark, costs, as_of_ns
            Of the run, as in `LabelPlan`.

        Raises
        ------
        InputError
            As in `LabelPlan`.
        """
        own = tuple(duration_ns(text) for text in self.horizons)
        measured = benchmark if self.benchmark is None else self.benchmark
        wait = self.criteria.get("wait", "5d")
        return LabelPlan(
            horizons_ns=own or tuple(horizons_ns),
            benchmark=None if self.benchmark == CASH else measured,
            rule=self.outcome(),
            costs=replace(costs or CostModel(), **self.costs),
            wait_ns=duration_ns(wait),
            as_of_ns=as_of_ns,
        )

    def execution(self, *, as_of_ns: int | None = None) -> ExecutionRule:
        """Turn a rule of the type execution into what the execution labels take.

        Raises
        ------
        InputError
            It is of another type, or as in `ExecutionRule`.
        """
        if self.type != "execution":
            raise InputError(
                f"The rule {self.name!r} is of the type {self.type!r}.",
                way_out="Take a rule of the type 'execution'.",
                source=self.name,
            )
        after = self.criteria.get("end_after")
        return ExecutionRule(
            end_after_ns=None if after is None else duration_ns(after),
            wait_ns=duration_ns(self.criteria["wait"]),
            clock=self.criteria["clock"],
            own_on_tape=self.criteria["own_on_tape"],
            price_tolerance=self.thresholds["price_tolerance"],
            as_of_ns=as_of_ns,
        )

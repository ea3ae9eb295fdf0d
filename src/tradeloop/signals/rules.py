"""``signals.yaml``: what is asked of a forecast, how large, how far, and who wins."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

from tradeloop.errors import InputError
from tradeloop.events import duration_ns, duration_text
from tradeloop.models.reading import mapping_of, refuse_unknown
from tradeloop.signals.conflicts import ConflictPolicy, ConflictRule
from tradeloop.signals.issuing import Terms
from tradeloop.signals.policy import Policy

FILE = "signals.yaml"
_OF_THE_MODEL = ("min_edge", "position_share")  # they stand in model.yaml
_AGE, _AGE_NS = "max_age", "max_age_ns"


@dataclass(frozen=True, slots=True)
class SignalRules:
    """Everything that turns forecasts into signals.

    Parameters
    ----------
    gate : Policy
        What is asked of a row and of a forecast.
    terms : Terms
        Sizes and levels.
    conflicts : ConflictRule
        Which of several models' signals on one symbol at one time is followed.
    """

    gate: Policy = field(default_factory=Policy)
    terms: Terms = field(default_factory=Terms)
    conflicts: ConflictRule = field(default_factory=ConflictRule)

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any], gate: Policy | None = None) -> Self:
        """Read the parts of the file; what is absent has its default.

        Parameters
        ----------
        given : mapping
            Of the file.
        gate : Policy, optional
            With the figures that stand in ``model.yaml``.

        Raises
        ------
        InputError
            A name is unknown, or a value breaks its rule.
        """
        usual = cls(gate=gate or Policy())
        refuse_unknown(given, ("gate", "sizes", "levels", "conflicts"), FILE)
        asked = dict(mapping_of(given.get("gate"), "gate"))
        if _AGE in asked:
            age = asked.pop(_AGE)
            asked[_AGE_NS] = duration_ns(str(age)) if age else None
        sizes, levels = usual.terms.sizes, usual.terms.levels
        sizes = _changed(
            sizes, mapping_of(given.get("sizes"), "sizes"), "sizes", ("year_ns",)
        )
        levels = _changed(levels, mapping_of(given.get("levels"), "levels"), "levels")
        rule = dict(mapping_of(given.get("conflicts"), "conflicts"))
        if "policy" in rule:
            rule["policy"] = _policy(rule["policy"])
        if isinstance(rule.get("priority"), list):
            rule["priority"] = tuple(rule["priority"])
        return cls(
            gate=_changed(usual.gate, asked, "gate", _OF_THE_MODEL),
            terms=Terms(sizes, levels),
            conflicts=_changed(usual.conflicts, rule, "conflicts"),
        )

    def as_mapping(self) -> dict[str, Any]:
        """Return the parts as the file writes them."""
        gate = _plain(self.gate, _OF_THE_MODEL)
        age_ns = gate.pop(_AGE_NS)
        conflicts = _plain(self.conflicts)
        return {
            "gate": gate | {_AGE: "" if age_ns is None else duration_text(age_ns)},
            "sizes": _plain(self.terms.sizes, ("year_ns",)),
            "levels": _plain(self.terms.levels),
            "conflicts": conflicts
            | {
                "policy": str(self.conflicts.policy),
                "priority": list(self.conflicts.priority),
            },
        }


def _plain(rule: Any, leave: tuple[str, ...] = ()) -> dict[str, Any]:
    return {f.name: getattr(rule, f.name) for f in fields(rule) if f.name not in leave}


def _changed(
    usual: Any, given: Mapping[str, Any], part: str, leave: tuple[str, ...] = ()
) -> Any:
    names = tuple(f.name for f in fields(usual) if f.name not in leave)
    shown = {_AGE if name == _AGE_NS else name: name for name in names}
    known = {_AGE if name == _AGE_NS else name: value for name, value in given.items()}
    refuse_unknown(known, tuple(shown), part)
    try:
        return replace(usual, **given)
    except InputError as error:
        raise InputError(
            error.message, way_out=error.way_out, source=FILE, column=part
        ) from error
    except TypeError as error:
        raise InputError(
            f"A value of {part} is of the wrong kind: {error}.",
            way_out="Numbers without quotes; true or false; lists in brackets.",
            source=FILE,
            column=part,
        ) from error


def _policy(name: Any) -> ConflictPolicy:
    try:
        return ConflictPolicy(name)
    except ValueError as error:
        raise InputError(
            f"There is no conflict policy {name!r}.",
            way_out=f"Known: {', '.join(ConflictPolicy)}.",
            source=FILE,
            column="conflicts",
        ) from error

"""The promotion policy: which figures decide, veto or only report, and who approves."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from difflib import get_close_matches
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Literal, Self, get_args

import yaml

from tradeloop.errors import InputError

Role = Literal["decides", "vetoes", "reports"]
SOURCE = "promotion.yaml"
DECIDING = ("enough", "maximum")
"""Checks that every policy decides by; they are set by ``level`` and ``minimum_*``."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What becomes of one figure.

    Parameters
    ----------
    role : {"vetoes", "reports"}
        Whether a figure beyond the limit forbids the promotion or is only told. A veto
        also falls where there is no such figure: what was not shown is not passed.
    limit : float
        The last value that passes.
    """

    role: Role
    limit: float


DEFAULT_RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "overfitting": Rule("reports", 0.5),
        "deflated": Rule("reports", 0.95),
        "permutation": Rule("reports", 0.05),
        "doubled_costs": Rule("reports", 0.0),
        "calibration": Rule("reports", 0.05),
        "drift": Rule("reports", 0.25),
        "champion": Rule("reports", 0.05),
    }
)
"""Every figure that can veto, with its usual limit; none does unless it is told to."""


@dataclass(frozen=True, slots=True)
class Policy:
    """When a model may be promoted. The test of the maximum always decides.

    Each veto costs power: with the default policy, in which none falls, the gate finds
    a planted edge about as often as the best test of its size; see docs/gate.md.

    Parameters
    ----------
    name : str
        How the policy is called.
    level : float
        Size of the test of the maximum, above 0 and up to 0.05.
    minimum_rows, minimum_days : int
        Rows and whole days of returns below which nothing is promoted.
    block_days : int
        Days of a block of the bootstrap.
    repeats : int
        Resamples of the bootstrap, at least 1,000.
    blocks : int
        Blocks of the combinatorial splits, even, 2 to 20.
    days_a_year : float
        For figures per year: 252 for trading days, 365 for a market that never closes.
    seed : int
        Seed of every draw.
    approver_role : str
        Role that whoever approves must have.
    self_approval : bool
        Whether the author of the model may approve it.
    rules : mapping of str to Rule
        What each other figure does; see `DEFAULT_RULES`.

    Raises
    ------
    InputError
        A setting is outside its range, or a rule is unknown or missing.
    """

    name: str = "default"
    level: float = 0.05
    minimum_rows: int = 250
    minimum_days: int = 250
    block_days: int = 5
    repeats: int = 4000
    blocks: int = 16
    days_a_year: float = 252.0
    seed: int = 42
    approver_role: str = "model_owner"
    self_approval: bool = False
    rules: Mapping[str, Rule] = field(default_factory=lambda: dict(DEFAULT_RULES))

    def __post_init__(self) -> None:
        for name in ("name", "approver_role"):
            value = getattr(self, name)
            if not isinstance(value, str) or not value.strip():
                _refuse(name, "a text that is not empty", value)
        for name, low, high, whole in _BOUNDS:
            _refuse_beyond(name, getattr(self, name), low, high, whole=whole)
        own: Any = self.self_approval
        if not isinstance(own, bool):
            _refuse("self_approval", "true or false", own)
        if self.blocks % 2:
            _refuse("blocks", "even", self.blocks)
        if set(self.rules) != set(DEFAULT_RULES):
            _refuse("rules", f"one for each of {', '.join(DEFAULT_RULES)}", self.rules)
        for name, rule in self.rules.items():
            _refuse_rule(name, rule)
        object.__setattr__(self, "rules", MappingProxyType(dict(self.rules)))

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any]) -> Self:
        """Build the policy of ``promotion.yaml``; what is left out keeps its default.

        ``checks`` maps a name of `DEFAULT_RULES` to ``{role: ..., limit: ...}``, of
        which either may be left out.

        Raises
        ------
        InputError
            A name is unknown, or a value has the wrong type or is outside its range.
        """
        settings = dict(_mapping(given, "the policy"))
        known = [f.name for f in fields(cls) if f.name != "rules"]
        _refuse_unknown(settings, [*known, "checks"], "the policy", "")
        checks = _mapping(settings.pop("checks", None) or {}, "checks")
        for name in DECIDING:
            if name in checks:
                raise InputError(
                    f"The check {name!r} always decides and cannot be set, was "
                    f"{checks[name]!r}.",
                    way_out="Set level, minimum_rows or minimum_days instead.",
                    source=SOURCE,
                    column=f"checks.{name}",
                )
        _refuse_unknown(checks, [*DEFAULT_RULES], "checks", "checks.")
        rules = dict(DEFAULT_RULES)
        for name, value in checks.items():
            rules[name] = _rule(name, value)
        return cls(**settings, rules=rules)

    @classmethod
    def from_yaml(cls, text: str) -> Self:
        """Build the policy from the text of a YAML file; an empty one is the default.

        Raises
        ------
        InputError
            The text is no YAML, or as `from_mapping`.
        """
        try:
            given = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise InputError(
                f"The policy must be YAML: {error}.",
                way_out="Correct the line that it names.",
                source=SOURCE,
            ) from error
        return cls.from_mapping({} if given is None else given)

    def as_mapping(self) -> dict[str, Any]:
        """Return every setting as plain JSON, in the form of `from_mapping`."""
        names = [f.name for f in fields(self) if f.name != "rules"]
        found: dict[str, Any] = {name: getattr(self, name) for name in names}
        # 252 and 252.0 are one setting, so they have one fingerprint.
        found |= {n: float(found[n]) for n, _, _, whole in _BOUNDS if not whole}
        found["checks"] = {name: asdict(rule) for name, rule in self.rules.items()}
        return found

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all settings: what a verdict was given under."""
        text = json.dumps(self.as_mapping(), sort_keys=True, separators=(",", ":"))
        return sha256(text.encode()).hexdigest()


# name, lowest, highest, whole
_BOUNDS: tuple[tuple[str, float, float, bool], ...] = (
    ("level", 1e-6, 0.05, False),
    ("minimum_rows", 20, 10**9, True),
    ("minimum_days", 20, 10**6, True),
    ("block_days", 1, 250, True),
    ("repeats", 1000, 10**6, True),
    ("blocks", 2, 20, True),
    ("days_a_year", 1, 366, False),
    ("seed", 0, 2**31 - 1, True),
)
# name of the check: lowest and highest limit
_LIMITS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "overfitting": (0.0, 1.0),
        "deflated": (0.0, 1.0),
        "permutation": (0.0, 1.0),
        "doubled_costs": (-100.0, 100.0),
        "calibration": (0.0, 1.0),
        "drift": (0.0, 100.0),
        "champion": (0.0, 1.0),
    }
)


def _rule(name: str, value: Any) -> Rule:
    given = _mapping(value, f"checks.{name}")
    _refuse_unknown(given, ["role", "limit"], f"checks.{name}", f"checks.{name}.")
    return replace(DEFAULT_RULES[name], **given)


def _refuse_rule(name: str, rule: Rule) -> None:
    low, high = _LIMITS[name]
    _refuse_beyond(f"checks.{name}.limit", rule.limit, low, high, whole=False)
    if rule.role not in get_args(Role) or rule.role == "decides":
        near = get_close_matches(str(rule.role), ["vetoes", "reports"], n=1, cutoff=0.0)
        raise InputError(
            f"A check vetoes or reports, was {rule.role!r}; did you mean {near[0]!r}?",
            way_out="The test of the maximum alone decides.",
            source=SOURCE,
            column=f"checks.{name}.role",
        )


def _mapping(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InputError(
            f"{name} must be a mapping of names to values, was {value!r}.",
            way_out="Write one 'name: value' per line.",
            source=SOURCE,
        )
    return value


def _refuse_unknown(
    given: Mapping[str, Any], known: list[str], place: str, path: str
) -> None:
    for name in given:
        if name not in known:
            near = get_close_matches(str(name), known, n=1, cutoff=0.0)[0]
            raise InputError(
                f"{place} has no setting {name!r}; did you mean {near!r}?",
                way_out=f"Known: {', '.join(known)}.",
                source=SOURCE,
                column=f"{path}{name}",
            )


def _refuse_beyond(
    name: str, value: Any, low: float, high: float, *, whole: bool
) -> None:
    number = isinstance(value, int if whole else int | float)
    if not number or isinstance(value, bool) or not low <= value <= high:
        kind = "a whole number" if whole else "a number"
        _refuse(name, f"{kind} from {low:g} to {high:g}", value)


def _refuse(name: str, rule: str, value: Any) -> None:
    raise InputError(
        f"{name} must be {rule}, was {value!r}.",
        way_out="Correct it, or leave it out for the default.",
        source=SOURCE,
        column=name,
    )

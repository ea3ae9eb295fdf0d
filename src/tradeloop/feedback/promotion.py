"""The honest gate: evidence and policy in, a verdict with its numbers and reason out.

What decides is the test of the maximum over *all* trials of the family (see
`tradeloop.statistics.maximum_test`) on enough days. Everything else is reported, and
can veto where the policy says so.
"""

from tradeloop.feedback.checks import ALL, Figures, Finding, run
from tradeloop.feedback.evidence import Evidence
from tradeloop.feedback.policy import Policy, Role
from tradeloop.feedback.verdict import Check, Outcome, Verdict

_OUTCOMES: dict[bool | None, Outcome] = {
    True: "passed",
    False: "failed",
    None: "absent",
}


def judge(evidence: Evidence, policy: Policy | None = None) -> Verdict:
    """Judge a candidate; the same evidence and policy give the same verdict.

    A figure that cannot be computed (too few days, a candidate that never traded) is an
    absent check with its reason, not an error: a deciding or vetoing check that is
    absent forbids the promotion.

    Parameters
    ----------
    evidence : Evidence
        The candidate and everything that was tried.
    policy : Policy, optional
        What decides, vetoes and reports. Without it, the default one.

    Returns
    -------
    Verdict
    """
    rules = policy or Policy()
    checks: list[Check] = []
    figures: dict[str, float | int | str | None] = {}
    for name in ALL:
        role, limit = _role_and_limit(name, rules)
        found = run(name, evidence, rules, limit)
        checks.append(_check(name, role, found))
        figures |= _plain(found.figures)
    promoted = not any(each.forbids for each in checks)
    return Verdict(
        model=evidence.model,
        author=evidence.author,
        promoted=promoted,
        reason=_reason(checks),
        checks=tuple(checks),
        figures=figures,
        policy=rules.name,
        policy_fingerprint=rules.fingerprint,
    )


def _role_and_limit(name: str, policy: Policy) -> tuple[Role, float]:
    if name == "enough":
        return "decides", float(policy.minimum_days)
    if name == "maximum":
        return "decides", policy.level
    rule = policy.rules[name]
    return rule.role, rule.limit


def _check(name: str, role: Role, found: Finding) -> Check:
    return Check(
        name=name,
        role=role,
        outcome=_OUTCOMES[found.passed],
        value=None if found.value is None else float(found.value),
        limit=found.limit,
        reason=found.reason,
    )


def _plain(figures: Figures) -> Figures:
    return {
        name: float(value) if isinstance(value, float) else value
        for name, value in figures.items()
    }


def _reason(checks: list[Check]) -> str:
    against = [each for each in checks if each.forbids]
    if not against:
        kept = next(each for each in checks if each.name == "maximum")
        warned = [
            each.name
            for each in checks
            if each.role == "reports" and each.outcome == "failed"
        ]
        tail = f" Beyond their limits, reported only: {', '.join(warned)}."
        return f"Promoted. {kept.reason}{tail if warned else ''}"
    told = " ".join(f"{each.name} {each.role}: {each.reason}" for each in against)
    return f"Not promoted. {told}"

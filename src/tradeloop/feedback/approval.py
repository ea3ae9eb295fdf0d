"""Who may put a verdict into force."""

from dataclasses import dataclass

from tradeloop.errors import InputError
from tradeloop.feedback.policy import Policy
from tradeloop.feedback.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Approver:
    """Who asks for the promotion.

    Parameters
    ----------
    name : str
        Principal, as the registry names authors.
    roles : frozenset of str
        Roles that the principal has.
    """

    name: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Approval:
    """A promotion that the policy allows.

    Parameters
    ----------
    model : str
        The model.
    approver, role : str
        Who approved it, in which role.
    policy_fingerprint : str
        Policy that was enforced.
    reason : str
        Reason of the verdict.
    """

    model: str
    approver: str
    role: str
    policy_fingerprint: str
    reason: str


def enforce(policy: Policy, verdict: Verdict, approver: Approver) -> Approval:
    """Allow a promotion, or refuse it with the rule that it breaks.

    Parameters
    ----------
    policy : Policy
        Policy in force now; the verdict must have been given under it.
    verdict : Verdict
        What the gate said.
    approver : Approver
        Who wants to promote.

    Raises
    ------
    InputError
        The verdict was given under another policy or does not promote, the approver
        lacks the role or has no name, or is the author and may not be.
    """
    if verdict.policy_fingerprint != policy.fingerprint:
        raise InputError(
            f"{verdict.model} must be judged under the policy in force, "
            f"{policy.name!r} ({policy.fingerprint[:12]}), was judged under "
            f"{verdict.policy!r} ({verdict.policy_fingerprint[:12]}).",
            way_out="Judge the model again.",
            source="verdict",
        )
    if not verdict.promoted or any(each.forbids for each in verdict.checks):
        raise InputError(
            f"{verdict.model} may not be promoted. {verdict.reason}",
            way_out="A model that the gate refuses is not promoted by hand.",
            source="verdict",
        )
    _refuse_person(policy, verdict, approver)
    return Approval(
        model=verdict.model,
        approver=approver.name,
        role=policy.approver_role,
        policy_fingerprint=policy.fingerprint,
        reason=verdict.reason,
    )


def _refuse_person(policy: Policy, verdict: Verdict, approver: Approver) -> None:
    if policy.approver_role not in approver.roles:
        have = ", ".join(sorted(approver.roles)) or "none"
        raise InputError(
            f"Whoever promotes {verdict.model} must have the role "
            f"{policy.approver_role!r}; {approver.name!r} has {have}.",
            way_out=f"Ask someone with the role {policy.approver_role!r}.",
            source="approver",
        )
    unknown = not approver.name.strip() or not verdict.author.strip()
    if not policy.self_approval and (unknown or approver.name == verdict.author):
        raise InputError(
            f"{verdict.model} must be approved by someone else than its author "
            f"{verdict.author!r}, was by {approver.name!r}.",
            way_out="Ask another person, or set self_approval in the policy.",
            source="approver",
        )

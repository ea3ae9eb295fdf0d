"""Stages and aliases of a model within one transaction: moved, crowned, rolled back."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from tradeloop.errors import InputError, NotFoundError
from tradeloop.events import Principal
from tradeloop.stores import catalog_models_rows as rows
from tradeloop.stores.catalog_write import Write
from tradeloop.stores.records_models import (
    Alias,
    Deployment,
    DeploymentKind,
    Grounds,
)
from tradeloop.stores.stages import check_move
from tradeloop.stores.tables_models import DEPLOYMENTS, EVALUATIONS, MODELS

GATE = "gate"
"""Kind of the evaluations that carry the verdict of the promotion gate."""
_ALIASES: tuple[Alias, ...] = ("champion", "challenger")
Why = tuple[DeploymentKind, Grounds]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A move of a version to another stage.

    Parameters
    ----------
    to : str
        Stage.
    grounds : Grounds
        Why, and who said so.
    needs_verdict : bool
        Whether the newest verdict of the gate must have passed.
    """

    to: str
    grounds: Grounds
    needs_verdict: bool = True


def row_of(write: Write, name: str, version: str) -> rows.Row:
    """Return the row of the tenant's version, if the principal may write it.

    Raises
    ------
    NotFoundError
        There is none, or it is private to another user.
    """
    found = write.find(MODELS, "id", write.id_of(MODELS, f"{name} {version}"))
    if found is None or found["user_id"] not in {None, write.owner["principal"]}:
        raise NotFoundError(f"The model {name!r} has no version {version!r}.")
    return found


def move(write: Write, principal: Principal, model: rows.Row, asked: Move) -> None:
    """Move a version along `stages.MOVES`, and the aliases with it."""
    name, version = model["name"], model["version"]
    to = check_move(f"{name} {version}", model["status"], asked.to)
    if asked.needs_verdict and to != "archived":
        _check_verdict(write, model)
    promoted: Why = ("promote", asked.grounds)
    if to == "canary":
        _point(write, name, "challenger", version, promoted)
    elif to == "production":
        _replace(write, principal, name, version)
        _point(write, name, "champion", version, promoted)
        _let_go(write, name, "challenger", version, promoted)
    elif to == "archived":
        for alias in _ALIASES:
            _let_go(write, name, alias, version, ("archive", asked.grounds))
    _stage(write, model, to, asked.grounds.reason)


def crown(write: Write, model: rows.Row, grounds: Grounds) -> bool:
    """Name a version the champion without a gate, unless one is in production."""
    name = model["name"]
    if _in_production(write, name) is not None:
        return False
    if _current(write, name, "champion") != model["version"]:
        _point(write, name, "champion", model["version"], ("run", grounds))
    return True


def roll_back(
    write: Write, principal: Principal, name: str, grounds: Grounds
) -> Deployment:
    """Archive what is in production, and put back what was promoted before it."""
    history = _history(write, name, "champion")
    back = earlier(history)
    if back is None:
        raise NotFoundError(
            f"The model {name!r} has no earlier version that was in production. "
            "Promote another one, or archive this one."
        )
    model = row_of(write, name, back)
    _replace(write, principal, name, back)
    _stage(write, model, "production", grounds.reason)
    return _point(write, name, "champion", back, ("rollback", grounds))


def earlier(history: Sequence[Deployment]) -> str | None:
    """Version that the gate had let into production before the one that is there.

    Parameters
    ----------
    history : sequence of Deployment
        Every move of the alias champion, the oldest first.

    Returns
    -------
    str or None
        None where there is none that was not withdrawn since.
    """
    origin: dict[str, str | None] = {}
    version: str | None = None
    for each in history:
        if each.kind == "promote" and each.after is not None:
            origin[each.after] = version
        version = each.after or version
    withdrawn = {each.before for each in history if each.kind == "archive"}
    while version in origin:
        version = origin[version]
        if version in origin and version not in withdrawn:
            return version
    return None


def _check_verdict(write: Write, model: rows.Row) -> None:
    table = EVALUATIONS.c
    query = sa.select(EVALUATIONS).where(table.model_id == model["id"])
    query = query.where(table.kind == GATE, table.tenant == write.owner["tenant"])
    order = (table.evaluated_at.desc(), table.created_at.desc())
    found = write.connection.execute(query.order_by(*order)).mappings().first()
    where = f"{model['name']} {model['version']}"
    if found is None:
        raise InputError(
            f"{where} has no verdict of the gate.",
            way_out="Judge it first, then promote it.",
        )
    if found["verdict"] != "passed":
        raise InputError(
            f"The gate refused {where}: {found['reason']}",
            way_out="Train a better one; a verdict is not overruled.",
        )


def _stage(write: Write, model: rows.Row, to: str, reason: str) -> None:
    # Name and version stay; they are written again for the hash of the audit entry.
    same = {"name": model["name"], "version": model["version"]}
    write.change(MODELS, model, same | {"status": to, "status_reason": reason})


def _in_production(write: Write, name: str) -> rows.Row | None:
    mine = MODELS.c.tenant == write.owner["tenant"]
    query = sa.select(MODELS).where(
        mine, MODELS.c.name == name, MODELS.c.status == "production"
    )
    found = write.connection.execute(query).mappings().first()
    return None if found is None else dict(found)


def _replace(write: Write, principal: Principal, name: str, version: str) -> None:
    """Archive what is in production; one index lets only one version be there."""
    there = _in_production(write, name)
    if there is not None:
        _stage(write, there, "archived", f"replaced by {version} ({principal.name})")


def _history(write: Write, name: str, alias: Alias) -> list[Deployment]:
    table = DEPLOYMENTS.c
    query = sa.select(DEPLOYMENTS).where(
        table.tenant == write.owner["tenant"],
        table.model_name == name,
        table.alias == alias,
    )
    found = write.connection.execute(query.order_by(table.number)).mappings()
    return [rows.deployment(dict(row)) for row in found]


def _current(write: Write, name: str, alias: Alias) -> str | None:
    history = _history(write, name, alias)
    return history[-1].after if history else None


def _let_go(write: Write, name: str, alias: Alias, version: str, why: Why) -> None:
    if _current(write, name, alias) == version:
        _point(write, name, alias, None, why)


def _point(
    write: Write, name: str, alias: Alias, version: str | None, why: Why
) -> Deployment:
    history = _history(write, name, alias)
    moved = Deployment(
        model=name,
        alias=alias,
        number=len(history) + 1,
        kind=why[0],
        before=history[-1].after if history else None,
        after=version,
        grounds=why[1],
        at_ns=write.now_ns,
    )
    write.add(DEPLOYMENTS, f"{name} {alias} {moved.number}", rows.deployment_row(moved))
    return moved

"""The law of versions: a version only grows.

Who reads or writes version 1 today can do so for ever: a field may be added, and must
be optional; no field goes away, changes its type, or becomes required; no value that
was allowed is refused. What breaks this law is version 2.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import Any

_LOWER = ("minimum", "exclusiveMinimum", "minLength")
_UPPER = ("maximum", "maxLength")
_SAME = ("const", "pattern", "format")


def broken_promises(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[str, ...]:
    """Name what ``after`` takes away from those who keep to ``before``.

    Parameters
    ----------
    before, after : mapping
        JSON Schemas as `tradeloop.events.schemas.json_schema` makes them.

    Returns
    -------
    tuple of str
        One sentence for each promise broken; empty where the version only grew.
    """
    return tuple(_broken("message", before, after))


def _broken(
    path: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[str]:
    if _types(before) != _types(after):
        yield f"{path} was {_said(before)} and is {_said(after)}"
    yield from _narrower(path, before, after)
    old, new = before.get("properties", {}), after.get("properties", {})
    wanted, wants = set(before.get("required", ())), set(after.get("required", ()))
    for name in sorted(set(old) - set(new)):
        yield f"{path}.{name} is gone"
    for name in sorted(wants - wanted):
        yield f"{path}.{name} is required now"
    for name in sorted((wanted - wants) & set(new)):
        yield f"{path}.{name} may be absent now"
    for name in sorted(set(old) & set(new)):
        yield from _broken(f"{path}.{name}", old[name], new[name])
    values, value = (
        before.get("additionalProperties"),
        after.get("additionalProperties"),
    )
    if isinstance(values, Mapping) and isinstance(value, Mapping):
        yield from _broken(f"{path}.*", values, value)
    elif values != value:
        yield f"{path} takes other keys than before"
    yield from _conditions(path, before, after)


def _types(schema: Mapping[str, Any]) -> frozenset[str]:
    told = schema.get("type", ())
    return frozenset((told,) if isinstance(told, str) else told)


def _said(schema: Mapping[str, Any]) -> str:
    return " or ".join(sorted(_types(schema))) or "of any type"


def _narrower(
    path: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[str]:
    for name in _LOWER:
        if after.get(name, -inf) > before.get(name, -inf):
            yield f"{path} has a higher {name}"
    for name in _UPPER:
        if after.get(name, inf) < before.get(name, inf):
            yield f"{path} has a lower {name}"
    for name in _SAME:
        if before.get(name) != after.get(name):
            yield f"{path} has another {name}"
    gone = _refused(before.get("enum"), after.get("enum"))
    if gone:
        yield f"{path} refuses values that it took: {gone}"


def _refused(before: Sequence[Any] | None, after: Sequence[Any] | None) -> str:
    """Name the values that were allowed and are not; no list allows all."""
    if after is None:
        return ""
    if before is None:
        return f"all but {after}"
    return ", ".join(repr(value) for value in before if value not in after)


def _conditions(
    path: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[str]:
    """Compare the rules between fields: none may be added to what is there.

    A rule about a value that was not allowed before binds nobody.
    """
    for rule in after.get("allOf", ()):
        if rule in before.get("allOf", ()):
            continue
        ((column, bound),) = rule["if"]["properties"].items()
        allowed = before.get("properties", {}).get(column, {}).get("enum", ())
        if bound["const"] in allowed:
            yield f"{path} has a new rule for {column} = {bound['const']!r}"
    if before.get("anyOf") != after.get("anyOf"):
        yield f"{path} has another choice of fields"

"""Settings out of a file: names that are known, values of the right type."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from difflib import get_close_matches
from typing import Any, TypeVar

from tradeloop.errors import InputError

T = TypeVar("T")
FILE = "model_configs.yaml"


def mapping_of(given: Any, where: str) -> Mapping[str, Any]:
    """Return a mapping as it is; nothing is an empty one.

    Raises
    ------
    InputError
        It is something else.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise InputError(
            f"{where} must be a mapping of names to values, was {given!r}.",
            way_out="Write lines such as 'name: value' below it.",
            source=where,
        )
    return given


def refuse_unknown(given: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    """Raise where a name is not known; the nearest is named.

    Raises
    ------
    InputError
        A name is unknown.
    """
    for name in given:
        if name not in known:
            near = get_close_matches(str(name), known, n=1, cutoff=0.0)[:1]
            hint = f"; did you mean {near[0]!r}?" if near else "."
            raise InputError(
                f"{where} has no {name!r}{hint}",
                way_out=f"Known: {', '.join(known)}.",
                source=where,
                column=str(name),
            )


def typed(usual: T, given: Any, where: str) -> T:
    """Return a dataclass with some other values, each of the type of its default.

    Parameters
    ----------
    usual : dataclass
        The defaults.
    given : mapping or None
        Names to values.
    where : str
        Part of the file, for errors.

    Raises
    ------
    InputError
        A name is unknown, a value is of another type, or breaks a rule of the class.
    """
    asked = mapping_of(given, where)
    found: Any = usual
    refuse_unknown(asked, [each.name for each in fields(found)], where)
    values = {
        name: _cast(value, getattr(found, name), f"{where}.{name}")
        for name, value in asked.items()
    }
    try:
        changed: T = replace(found, **values)
    except InputError as error:
        raise InputError(
            error.message, way_out=error.way_out, source=FILE, column=where
        ) from error
    return changed


def _cast(value: Any, usual: Any, where: str) -> Any:
    """Take a value of the default's type; whole numbers are numbers, lists tuples."""
    if isinstance(usual, float) and isinstance(value, int):
        value = value if isinstance(value, bool) else float(value)
    if isinstance(usual, tuple) and isinstance(value, list):
        value = tuple(value)
    free = usual is None or isinstance(usual, Mapping)
    if free or type(value) is type(usual):
        return value
    raise InputError(
        f"{where} must be {_KINDS.get(type(usual), 'such as')} {usual!r}, was "
        f"{value!r}.",
        way_out="Correct it, or leave it out for the default.",
        source=FILE,
        column=where,
    )


_KINDS: Mapping[type, str] = {
    int: "a whole number such as",
    float: "a number such as",
    str: "a word such as",
    bool: "true or false, such as",
}

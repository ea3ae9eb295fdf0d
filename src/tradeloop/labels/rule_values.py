"""Values of a rule in their canonical form, or what is wrong with them and where."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from tradeloop.errors import InputError
from tradeloop.events import duration_ns, duration_text
from tradeloop.labels.rule_kinds import LONGEST_NAME, Term
from tradeloop.labels.rule_text import Path, written_path

_FORMS = {
    "number": "a number",
    "integer": "a whole number",
    "flag": "true or false",
    "duration": "a duration such as 5m",
}
_TOO_LARGE = 1e300  # NaN and infinity are not below it


def refuse(message: str, way_out: str, path: Path) -> InputError:
    """Make an error about the value at a path."""
    return InputError(message, way_out=way_out, column=written_path(path))


def check_names(given: object, known: Iterable[str], path: Path) -> Mapping[str, Any]:
    """Return a mapping of known names, or say which one is none."""
    if not isinstance(given, Mapping):
        kind = type(given).__name__
        raise refuse(
            f"Names and values are needed here, was {kind}.",
            "Write lines such as 'good_bps: 10'.",
            path,
        )
    names = sorted(known)
    for name in given:
        if name not in names:
            near = get_close_matches(str(name), names, n=1, cutoff=0.0)
            raise refuse(
                f"There is no {name!r} here.",
                f"Did you mean {near[0]!r}?" if near else "Leave it out.",
                (*path, str(name)),
            )
    return given


def value_of(term: Term, given: Any, path: Path) -> Any:
    """Return a value in its canonical form, or say what it must be."""
    number = isinstance(given, int | float) and not isinstance(given, bool)
    number = number and abs(given) < _TOO_LARGE
    if term.form == "duration" and isinstance(given, str):
        return duration(given, path)
    if term.form == "number" and number:
        return float(given) + 0.0  # there is no negative nought
    if term.form == "integer" and number and given == int(given):
        return int(given)
    if term.form == "flag" and isinstance(given, bool):
        return given
    if term.form == "word" and given in term.words:
        return given
    wanted = " or ".join(term.words) or _FORMS[term.form]
    raise refuse(
        f"The value must be {wanted}, was {given!r}.",
        "Correct it, or leave it out for the default.",
        path,
    )


def duration(given: str, path: Path) -> str:
    """Return a duration with the largest unit that divides it."""
    try:
        return duration_text(duration_ns(given))
    except InputError as error:
        raise refuse(error.message, error.way_out, path) from error


def values_of(terms: Mapping[str, Term], given: object, path: Path) -> dict[str, Any]:
    """Return every name with its value or its default; those without one stay away."""
    named = check_names(given, terms, path)
    found = {name: term.default for name, term in terms.items()}
    found |= {name: value_of(terms[name], named[name], (*path, name)) for name in named}
    return {name: value for name, value in sorted(found.items()) if value is not None}


def text_of(given: object, path: Path) -> str:
    """Return a text that may be a name."""
    if not isinstance(given, str) or not 0 < len(given) <= LONGEST_NAME:
        raise refuse(
            f"A text of 1 to {LONGEST_NAME} characters is needed, was {given!r}.",
            "Put it in quotes if it looks like a number.",
            path,
        )
    return given


def texts_of(given: object, path: Path) -> tuple[str, ...]:
    """Return a list of names without repeats."""
    listed = given if isinstance(given, list | tuple) else None
    found = tuple(text_of(one, (*path, k)) for k, one in enumerate(listed or ()))
    if listed is None or len(set(found)) < len(found):
        raise refuse(
            f"A list without repeats is needed, was {given!r}.",
            "Write it like [5m, 1h].",
            path,
        )
    return found

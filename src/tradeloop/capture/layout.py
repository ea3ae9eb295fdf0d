"""Column maps: which column of a file holds which field, as TOML.

A map has one table per kind of row, such as ``[bar]``, ``[quote]`` or ``[decision]``.
In a table each field of that kind (`tradeloop.capture.fields.FIELDS`) gets one of

- ``"column"`` or ``["first choice", "second choice"]``: the first that is there,
- ``{ parts = ["a", "b"], prefix = "x-" }``: the texts of columns, joined by ``-``,
- ``{ value = "EURUSD" }``: the same for all rows,
- ``{ file_name = true }``: the name of the file without its suffix,
- ``[]``: leave the field out, whatever known name is there.

``needs`` lists columns that must be there for the map to apply, ``unless`` columns
that rule it out. The table ``rules`` (`tradeloop.capture.fields.RULES`) says how
values are to be read.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NoReturn

from tradeloop.capture.fields import FIELDS, RULES, TO_NEXT
from tradeloop.capture.nearest import nearest
from tradeloop.capture.plain_kinds import PLAIN, field_of
from tradeloop.errors import InputError
from tradeloop.events import Record, duration_ns

_DURATIONS = {"interval": ("0", "0s", TO_NEXT), "latency": ("0", "0s")}


@dataclass(frozen=True)
class Origin:
    """Where the values of a field come from.

    Parameters
    ----------
    columns : tuple of str
        Columns to choose from; with ``joined`` all of them.
    joined : bool
        Whether the texts of all columns are joined by ``-``.
    prefix : str
        Stands before joined text.
    value : str, optional
        The same for all rows.
    file_name : bool
        Whether the name of the file is the value.
    """

    columns: tuple[str, ...] = ()
    joined: bool = False
    prefix: str = ""
    value: str | None = None
    file_name: bool = False


@dataclass(frozen=True)
class Layout:
    """A column map for one kind of row.

    Parameters
    ----------
    name : str
        File that it stands in, for messages.
    kind : str
        Key of `FIELDS`.
    origins : mapping of str to Origin
        By field.
    rules : mapping
        By name of `RULES`.
    needs, unless : tuple of str
        Columns that must, and that must not, be there.
    named : frozenset of str
        Fields that the user's own map names: they must be found.
    """

    name: str
    kind: str
    origins: Mapping[str, Origin]
    rules: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    named: frozenset[str] = frozenset()

    def overlaid(self, own: "Layout") -> "Layout":
        """Return this layout with what the user's ``own`` map says in its place."""
        return replace(
            self,
            name=f"{own.name} over {self.name}",
            origins={**self.origins, **own.origins},
            rules={**self.rules, **own.rules},
            named=frozenset(own.origins),
        )


@cache
def known_layouts() -> tuple[Layout, ...]:
    """Return the layouts that travel with the package, by file name and kind."""
    folder = files("tradeloop.capture") / "layouts"
    texts = sorted(
        (entry.name, entry.read_text(encoding="utf-8"))
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    )
    usual = [
        layout for name, text in texts for layout in parse_layouts(text, source=name)
    ]
    return (*usual, *(_own_columns(record) for record in PLAIN))


def _own_columns(record: Record) -> Layout:
    """Layout of a file that has the columns of a record."""
    short = {"instrument": ("instrument", "symbol")}
    origins = {
        field_of(column): Origin(
            short.get(column.name, (column.name, column.name.removesuffix("_ns")))
        )
        for column in record.columns
    }
    return Layout(f"the columns of {record.kind}", record.kind, origins)


def own_layouts(path: Path | None) -> tuple[Layout, ...]:
    """Read the user's map; no path gives no layouts.

    Raises
    ------
    InputError
        The file is absent, no TOML, or says something that no map can say.
    """
    if path is None:
        return ()
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"The column map cannot be read ({error}).",
            way_out="Check the path; the map is TOML in UTF-8.",
            source=str(path),
        ) from error
    return parse_layouts(text, source=str(path))


def parse_layouts(text: str, *, source: str) -> tuple[Layout, ...]:
    """Read the text of a map.

    Parameters
    ----------
    text : str
        TOML of the form that stands at the top of this module.
    source : str
        Name for messages.

    Raises
    ------
    InputError
        It is no TOML, or names a kind, field or rule that does not exist, or gives one
        a value of another form.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            f"The column map is no TOML: {error}.",
            way_out='Write it like [bar] and close = "Last".',
            source=source,
        ) from error
    layouts = []
    for kind, body in document.items():
        _known(kind, FIELDS, "kind of row", source)
        if not isinstance(body, dict):
            _refuse(source, kind, body, "a table such as [bar]")
        layouts.append(_layout(kind, body, source))
    return tuple(layouts)


def _layout(kind: str, body: Mapping[str, Any], source: str) -> Layout:
    origins = {}
    for name, value in body.items():
        if name in ("needs", "unless", "rules"):
            continue
        _known(name, FIELDS[kind], f"field of a {kind}", source)
        origins[name] = _origin(name, value, source)
    rules = body.get("rules", {})
    if not isinstance(rules, dict):
        _refuse(source, "rules", rules, "a table")
    for name, value in rules.items():
        _known(name, RULES, "rule", source)
        if not isinstance(value, RULES[name]):
            _refuse(source, name, value, f"a {RULES[name].__name__}")
        if name == "scale":
            _check_scale(value, kind, source)
        if name in _DURATIONS and value not in _DURATIONS[name]:
            _check_duration(name, value, source)
    return Layout(
        name=source,
        kind=kind,
        origins=origins,
        rules=rules,
        needs=_texts("needs", body.get("needs", []), source),
        unless=_texts("unless", body.get("unless", []), source),
    )


def _check_scale(scale: Any, kind: str, source: str) -> None:
    for name, factor in scale.items():
        _known(name, FIELDS[kind], f"field of a {kind}", source)
        if isinstance(factor, bool) or not isinstance(factor, int | float):
            _refuse(source, name, factor, "a number to multiply by")


def _check_duration(name: str, value: object, source: str) -> None:
    try:
        duration_ns(str(value))
    except InputError:
        _refuse(source, name, value, "a duration such as 30s, 5m, 1h or 1d")


def _origin(name: str, value: Any, source: str) -> Origin:
    match value:
        case str():
            return Origin(columns=(value,))
        case list():
            return Origin(columns=_texts(name, value, source))
        case {"parts": list(parts), **rest} if set(rest) <= {"prefix"}:
            prefix = str(rest.get("prefix", ""))
            return Origin(_texts(name, parts, source), joined=True, prefix=prefix)
        case {"value": str(text), **rest} if not rest:
            return Origin(value=text)
        case {"file_name": True, **rest} if not rest:
            return Origin(file_name=True)
        case _:
            form = 'a column, a list of columns, { parts = ["a", "b"] }, '
            form += '{ value = "X" } or { file_name = true }'
            return _refuse(source, name, value, form)


def _texts(name: str, value: Any, source: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        _refuse(source, name, value, "a list of texts")
    return tuple(value)


def _known(name: str, names: Iterable[str], what: str, source: str) -> None:
    if name not in names:
        raise InputError(
            f"The column map names {name!r}, which is no {what}.{nearest(name, names)}",
            way_out=f"Use one of {', '.join(sorted(names))}.",
            source=source,
        )


def _refuse(source: str, name: str, value: Any, form: str) -> NoReturn:
    raise InputError(
        f"The column map gives {name!r} the value {value!r}.",
        way_out=f"Give it {form}.",
        source=source,
    )

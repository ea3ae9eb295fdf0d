"""The contracts: what each kind of event holds, checked at the door.

The check is compiled once for each kind, from the columns of its record, into a
pydantic model; types are strict, so that nothing is changed silently: text is no
number, 1.0 is no integer, only an integer stands where a float is asked for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal

import polars as pl

from tradeloop.errors import InputError
from tradeloop.events.columns import APART, Column, Record, Shape
from tradeloop.events.market import (
    BAR,
    BOOK_DELTA,
    OPTION_QUOTE,
    QUOTE,
    SENTIMENT,
    SERIES,
    TRADE,
)
from tradeloop.events.notices import (
    DATA_QUALITY,
    SIGNAL,
    TRAINING_DATASET_GENERATED,
)
from tradeloop.events.reference import (
    CORPORATE_ACTION,
    FUTURES_ROLL,
    FX_RATE,
    INSTRUMENT_TERMS,
)
from tradeloop.events.strict_json import shown
from tradeloop.events.trading import (
    DECISION,
    FILL,
    ORDER_EVENT,
    PORTFOLIO_STATE,
    SKIP,
)

if TYPE_CHECKING:
    from pydantic import BaseModel

ALL: tuple[Record, ...] = (
    BAR,
    BOOK_DELTA,
    CORPORATE_ACTION,
    DATA_QUALITY,
    DECISION,
    FILL,
    FUTURES_ROLL,
    FX_RATE,
    INSTRUMENT_TERMS,
    OPTION_QUOTE,
    ORDER_EVENT,
    PORTFOLIO_STATE,
    QUOTE,
    SENTIMENT,
    SERIES,
    SIGNAL,
    SKIP,
    TRADE,
    TRAINING_DATASET_GENERATED,
)
"""Every record, by kind."""
SENT = (DATA_QUALITY, SIGNAL, TRAINING_DATASET_GENERATED)
"""Records that Tradeloop tells others; it takes all the rest in."""


@dataclass(frozen=True)
class Contract:
    """One version of what a kind of event holds.

    Parameters
    ----------
    record : Record
        Its columns.
    version : int
        A version only grows: fields are added, none is removed, retyped or made
        required (`tradeloop.events.evolution`).
    """

    record: Record
    version: int = 1
    direction: Literal["in", "out"] = field(init=False)

    def __post_init__(self) -> None:
        way: Literal["in", "out"] = "out" if self.record in SENT else "in"
        object.__setattr__(self, "direction", way)

    @property
    def kind(self) -> str:
        """Name of the kind, such as ``decision``."""
        return self.record.kind

    @cached_property
    def type(self) -> str:
        """CloudEvents type, such as ``tradeloop.decision.v1``."""
        return f"tradeloop.{self.kind}.v{self.version}"

    @cached_property
    def dataschema(self) -> str:
        """Name of the JSON Schema of the message: a URN, no address."""
        return f"urn:tradeloop:schema:{self.kind}:v{self.version}"

    @cached_property
    def identity(self) -> str | None:
        """Field that repeats the id of the message, if there is one."""
        key = self.record.key
        return key[0] if len(key) == 1 else None

    @cached_property
    def fields(self) -> tuple[Column, ...]:
        """Columns of the body: all but the two times."""
        return tuple(c for c in self.record.columns if c.name not in APART)

    def checked(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of a body without nulls, in column order.

        Raises
        ------
        InputError
            A field is absent, unknown, of another type or outside its bounds.
        """
        from pydantic import ValidationError  # noqa: PLC0415  # not at start

        try:
            found = self._validate(fields)
        except ValidationError as error:
            raise _refused(self, error.errors(include_url=False)[0]) from None
        body = _plain(found)
        for need in self.record.needs:
            if body.get(need.column) == need.value and need.wants not in body:
                raise InputError(
                    f"It must be there where {need.column} is {need.value!r}.",
                    way_out=_way_out(self, (need.wants,)),
                    column=f"data.{need.wants}",
                )
        return body

    @cached_property
    def _validate(self) -> "Callable[[Mapping[str, Any]], BaseModel]":
        model = _model(self.kind, self.fields)
        return model.__pydantic_validator__.validate_python


def _plain(found: "BaseModel") -> dict[str, Any]:
    body = {}
    for name, value in found.__dict__.items():
        if value is not None:
            nested = hasattr(value, "__pydantic_validator__")
            body[name] = _plain(value) if nested else value
    return body


def _model(name: str, columns: tuple[Column, ...]) -> "type[BaseModel]":
    from pydantic import ConfigDict, create_model  # noqa: PLC0415  # not at start

    config = ConfigDict(
        extra="forbid", strict=True, allow_inf_nan=False, protected_namespaces=()
    )
    fields: dict[str, Any] = {
        c.name: (_type(c) | None, None) if c.nullable else (_type(c), ...)
        for c in columns
    }
    return create_model(name, __config__=config, **fields)


def _type(column: Column) -> Any:
    """Type of a value that is there."""
    from pydantic import AfterValidator, Field  # noqa: PLC0415  # not at start

    if column.shape is not None:
        return _object(column.name, column.shape)
    if column.dtype == pl.Boolean:
        return bool
    if column.dtype == pl.String:
        return _text(column)
    if column.dtype == pl.Float64:
        bounds = Field(ge=column.least, gt=column.above, le=column.most)
        return Annotated[float, bounds]
    if column.allowed:
        return Annotated[int, AfterValidator(_member(column.allowed))]
    least = -(2**63) if column.least is None else column.least
    most = 2**63 - 1 if column.most is None else column.most
    return Annotated[int, Field(ge=least, le=most)]


def _object(name: str, shape: Shape) -> Any:
    from pydantic import Field  # noqa: PLC0415  # not at start

    if shape.members:
        return _model(name, shape.members)
    if shape.values is None:
        return dict[str, Any]
    key = Annotated[str, Field(min_length=1, max_length=200)]
    return dict[key, _type(shape.values)]  # type: ignore[misc]


def _text(column: Column) -> Any:
    from pydantic import AfterValidator, Field  # noqa: PLC0415  # not at start

    if column.allowed:
        return Literal[column.allowed]
    if column.form == "date":
        return Annotated[str, AfterValidator(_date)]
    return Annotated[str, Field(min_length=column.shortest, max_length=column.longest)]


def _member(allowed: tuple[str | int, ...]) -> Callable[[int], int]:
    def check(value: int) -> int:
        if value not in allowed:
            raise ValueError
        return value

    return check


def _date(text: str) -> str:
    from datetime import date  # noqa: PLC0415  # rare

    if date.fromisoformat(text).isoformat() != text:
        raise ValueError
    return text


def _refused(contract: Contract, fault: Mapping[str, Any]) -> InputError:
    path = tuple(str(part) for part in fault["loc"])
    column = "data." + ".".join(path)
    if fault["type"] == "extra_forbidden":
        message = f"A {contract.kind} has no such field"
    elif fault["type"] == "missing":
        message = f"A {contract.kind} must have it"
    else:
        message = f"It must be {_rule(_column(contract, path))}"
        message += f", was {shown(fault['input'])}"
    return InputError(f"{message}.", way_out=_way_out(contract, path), column=column)


def _column(contract: Contract, path: tuple[str, ...]) -> Column | None:
    """Find the column that a path of names leads to."""
    found, columns = None, contract.fields
    for name in path:
        found = next((c for c in columns if c.name == name), None)
        if found is None:
            return None
        if found.shape is None:
            return found
        if found.shape.values is not None:
            return found.shape.values if len(path) > 1 else found
        columns = found.shape.members
    return found


def _rule(column: Column | None) -> str:
    """Say in words what a value must be."""
    if column is None or column.shape is not None:
        return "an object"
    if column.allowed:
        return " or ".join(repr(value) for value in column.allowed)
    if column.form:
        return "a date such as 2026-01-31"
    if column.dtype == pl.String:
        return f"text of {column.shortest} to {column.longest} characters"
    return "true or false" if column.dtype == pl.Boolean else _number_rule(column)


def _number_rule(column: Column) -> str:
    bounds = (
        ("at least", column.least),
        ("above", column.above),
        ("at most", column.most),
    )
    told = " and ".join(
        f"{word} {bound:g}" for word, bound in bounds if bound is not None
    )
    what = "a finite number" if column.dtype == pl.Float64 else "an integer"
    return f"{what} {told}".rstrip()


def _way_out(contract: Contract, path: tuple[str, ...]) -> str:
    column = _column(contract, path)
    if column is not None:
        return f"{path[-1]} is: {column.meaning}."
    names = ", ".join(c.name for c in contract.fields)
    return f"Fields of a {contract.kind}: {names}, event_ns, received_ns."


CONTRACTS: Mapping[str, Contract] = {
    contract.type: contract for contract in map(Contract, ALL)
}
"""Every contract, by CloudEvents type."""
BY_KIND: Mapping[str, Contract] = {c.kind: c for c in CONTRACTS.values()}
"""The newest version of each kind."""

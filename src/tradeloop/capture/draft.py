"""A file on its way to a record: columns that are read, faults that are found.

A draft has one row per row of the file. Each field becomes a column; each value that
cannot be read marks its row with a reason. Nothing is dropped here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from tradeloop.capture.choosing import Plan
from tradeloop.capture.nearest import nearest
from tradeloop.capture.time_base import FIRST_YEAR, Times, rules_from
from tradeloop.capture.times import to_ns
from tradeloop.errors import InputError

ROW = "_row"
SIDES: Mapping[str, int] = {
    "buy": 1,
    "long": 1,
    "b": 1,
    "bought": 1,
    "1": 1,
    "+1": 1,
    "1.0": 1,
    "sell": -1,
    "short": -1,
    "s": -1,
    "sold": -1,
    "-1": -1,
    "-1.0": -1,
    "hold": 0,
    "no_trade": 0,
    "none": 0,
    "flat": 0,
    "0": 0,
    "0.0": 0,
}
"""What the words for a side mean, in lower case: +1 buys, -1 sells, 0 neither."""


_TRUTHS = {"true": True, "1": True, "false": False, "0": False}


def draft_of(
    table: pl.DataFrame, plan: Plan, numbers: pl.Series | None = None
) -> "Draft":
    """Begin a draft of the rows that the plan's rule ``only`` lets through.

    Parameters
    ----------
    table : polars.DataFrame of shape (n_rows, any)
        The rows as read.
    plan : Plan
        Which column holds which field.
    numbers : polars.Series of Int64, shape (n_rows,), optional
        Their numbers in the file, rising; absent: 0, 1, 2 and so on.

    Raises
    ------
    InputError
        The rule names a column that is not there.
    """
    if numbers is None:
        numbers = pl.int_range(table.height, dtype=pl.Int64, eager=True)
    chosen = table.with_columns(numbers.alias(ROW))
    notes = []
    for column, words in (plan.rule("only") or {}).items():
        if column not in table.columns:
            raise InputError(
                "The column map selects rows by a column that is not there."
                f"{nearest(column, table.columns)}",
                way_out=f"Correct [{plan.kind}.rules.only] in the map.",
                source=plan.source,
                column=column,
            )
        chosen = chosen.filter(pl.col(column).cast(pl.String).is_in(words))
        notes.append(
            f"{table.height - chosen.height} of {table.height} rows are no "
            f"{plan.kind}: their {column} is not one of {', '.join(words)}"
        )
    return Draft(plan, chosen.drop(ROW), chosen[ROW], notes=notes)


@dataclass
class Draft:
    """The columns of a file as they are being read.

    Parameters
    ----------
    plan : Plan
        Which column holds which field.
    table : polars.DataFrame of shape (n_rows, any)
        The rows as read.
    rows : polars.Series of Int64, shape (n_rows,)
        Their numbers in the file, from 0.
    columns : dict of str to polars.Series of shape (n_rows,)
        What has been read, by name in the record.
    faults : list of (str, polars.Series of Boolean, shape (n_rows,))
        Reason and the rows that it refuses; the first reason of a row counts.
    notes : list of str
        What a reader should know.
    clock_cut : int
        Rows whose event time was cut to the received time.
    clocks : tuple of polars.Series of Int64, shape (n_rows,), optional
        Event and received time as read, where the file has both.
    """

    plan: Plan
    table: pl.DataFrame
    rows: pl.Series
    columns: dict[str, pl.Series] = field(default_factory=dict)
    faults: list[tuple[str, pl.Series]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    clock_cut: int = 0
    clocks: tuple[pl.Series, pl.Series] | None = None

    @property
    def frame(self) -> pl.DataFrame:
        """What has been read, with the row number of the file as the last column."""
        named = [series.alias(name) for name, series in self.columns.items()]
        return pl.DataFrame([*named, self.rows.alias(ROW)])

    def has(self, name: str) -> bool:
        """Tell whether the file holds this field."""
        return name in self.plan.fields

    def refuse(self, reason: str, rows: pl.Series) -> None:
        """Mark rows as refused; rows where the mark is null are not."""
        self.faults.append((reason, rows.fill_null(value=False)))

    def raw(self, name: str) -> pl.Series:
        """Return the values of a field as they were read."""
        origin = self.plan.fields[name]
        if origin.file_name:
            return self.file_name()
        if origin.value is not None:
            constant = pl.Series(name, [origin.value], dtype=pl.String)
            return constant.new_from_index(0, self.table.height)
        if origin.joined:
            parts = [pl.col(c).cast(pl.String) for c in origin.columns]
            joined = pl.concat_str(
                pl.lit(origin.prefix), pl.concat_str(parts, separator="-")
            )
            return self.table.select(joined.alias(name)).to_series()
        return self.table[origin.columns[0]]

    def file_name(self) -> pl.Series:
        """Return the name of the file, without its suffix, for all rows."""
        name = pl.Series("file_name", [_stem(self.plan.source)], dtype=pl.String)
        return name.new_from_index(0, self.table.height)

    def text(self, name: str) -> pl.Series:
        """Return a field as text without outer blanks; empty text is null."""
        values = self.raw(name).cast(pl.String).str.strip_chars()
        return values.set(values == "", None)

    def nothing(self, name: str, dtype: pl.DataType) -> pl.Series:
        """Return nulls for all rows."""
        return pl.Series(name, [None], dtype=dtype).new_from_index(0, self.table.height)

    def whole(self, name: str, *, required: bool = True) -> pl.Series:
        """Read a field as whole numbers; where it is absent, all are null.

        Marks ``NAME_missing`` and ``NAME_not_a_number``.
        """
        if not self.has(name):
            return self.nothing(name, pl.Int64())
        raw = self.raw(name)
        if not raw.dtype.is_integer():
            raw = self.text(name).str.strip_suffix(".0")
        whole = raw.cast(pl.Int64, strict=False)
        self.refuse(f"{name}_not_a_number", raw.is_not_null() & whole.is_null())
        if required:
            self.refuse(f"{name}_missing", raw.is_null())
        return whole

    def truth(self, name: str) -> pl.Series:
        """Read a field as true and false.

        Marks ``NAME_missing`` and ``NAME_not_true_or_false``.
        """
        words = self.text(name).str.to_lowercase()
        told = words.replace_strict(
            list(_TRUTHS), list(_TRUTHS.values()), default=None, return_dtype=pl.Boolean
        )
        self.refuse(f"{name}_missing", words.is_null())
        self.refuse(f"{name}_not_true_or_false", words.is_not_null() & told.is_null())
        return told

    def number(self, name: str, *, required: bool = True) -> pl.Series:
        """Read a field of finite numbers; where it is absent, all are null.

        Marks ``NAME_missing`` (required fields: null; NaN is not a number there and is
        ``NAME_not_finite``), ``NAME_not_a_number`` (text) and ``NAME_not_finite``
        (infinities). In a field that may be missing NaN becomes null.
        """
        if not self.has(name):
            return self.nothing(name, pl.Float64())
        raw = self.raw(name)
        raw = self.text(name) if raw.dtype == pl.String else raw
        values = self._as_float(name, raw)
        finite = values.is_finite()
        wild = ~finite if required else values.is_infinite()
        self.refuse(f"{name}_not_a_number", raw.is_not_null() & values.is_null())
        self.refuse(f"{name}_not_finite", wild)
        if required:
            self.refuse(f"{name}_missing", values.is_null())
        elif (gone := int(values.is_nan().sum())) > 0:
            self.notes.append(f"{gone} NaN in {name} read as missing")
        known = values.set(~finite.fill_null(value=True), None)
        scale = (self.plan.rule("scale") or {}).get(name)
        return known if scale is None else known * scale

    def _as_float(self, name: str, raw: pl.Series) -> pl.Series:
        if raw.dtype == pl.String:
            return raw.cast(pl.Float64, strict=False)
        if raw.dtype.is_numeric():
            return raw.cast(pl.Float64)
        if raw.dtype == pl.Null:
            return raw.cast(pl.Float64)
        raise InputError(
            f"The column is to hold numbers, but its type is {raw.dtype}.",
            way_out="Map another column, or export it as numbers.",
            source=self.plan.source,
            column=self.plan.column(name),
        )

    def time(self, name: str, *, first_year: int = FIRST_YEAR) -> pl.Series:
        """Read a field of times as nanoseconds since 1970 UTC.

        Marks the reasons of `tradeloop.capture.times.to_ns`.
        """
        raw = self.raw(name)
        if raw.dtype == pl.Null:
            raw = raw.cast(pl.Datetime("ns", "UTC"))
        rules = rules_from(self.plan.layout.rules, source=self.plan.layout.name)
        rules = replace(rules, first_year=first_year)
        times: Times = to_ns(raw, rules, source=self.plan.source)
        for reason, rows in times.faults.items():
            self.refuse(reason, rows)
        return times.ns

    def side(self, name: str) -> pl.Series:
        """Read sides as +1, -1 and 0.

        Marks ``side_missing``, ``side_not_understood``, and for words which the map
        gives a text instead of a number that text, such as ``bookkeeping``.
        """
        words = self.text(name).str.to_lowercase()
        meaning: dict[str, object] = dict(SIDES)
        for word, value in (self.plan.rule("sides") or {}).items():
            self._check_side(word, value)
            meaning[word.lower()] = value
        number = {w: v for w, v in meaning.items() if isinstance(v, int)}
        reasons = {w: v for w, v in meaning.items() if isinstance(v, str)}
        sides = words.replace_strict(
            list(number), list(number.values()), default=None, return_dtype=pl.Int8
        )
        for word, reason in reasons.items():
            self.refuse(reason, words == word)
        self.refuse("side_not_understood", words.is_not_null() & sides.is_null())
        return sides

    def _check_side(self, word: str, value: object) -> None:
        if isinstance(value, bool) or not (
            isinstance(value, str) or value in (-1, 0, 1)
        ):
            raise InputError(
                f"The column map gives the side {word!r} the value {value!r}.",
                way_out="Give it 1, -1, 0, or a reason to refuse the row as text.",
                source=self.plan.layout.name,
            )


def _stem(source: str) -> str:
    name = source.replace("\\", "/").rsplit("/", 1)[-1]
    return name.rsplit(".", 1)[0]

"""Results of many pages to one account: each is a row, or in quarantine."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from tradeloop.capture.checks import RULES, broken_rules, repeated
from tradeloop.capture.cleaning import flag_counts, quality_flags
from tradeloop.capture.intake import QUARANTINE, Intake, quarantine
from tradeloop.capture.plain import bounds_of
from tradeloop.capture.polygon.shapes import Message, Row, UnfitError
from tradeloop.events import Record

_ROW, _REASON = "_row", "_reason"
_MOST_CODES = 12


class Gathering:
    """Reads results, page after page.

    Parameters
    ----------
    record : Record
        What they become.
    source : str
        Where they come from.
    read : callable
        Makes a row of a result, or raises `UnfitError`.
    """

    def __init__(
        self,
        record: Record,
        source: str,
        read: Callable[[Message], Row],
    ) -> None:
        self._record, self._source, self._read = record, source, read
        self._rules = RULES.get(record.kind) or bounds_of(record)
        self._frames: list[pl.DataFrame] = []
        self._refused: list[tuple[str, int, str | None, str, str]] = []
        self._count, self._codes = 0, Counter[int]()

    def add(self, results: Sequence[Any]) -> None:
        """Read the results of a page."""
        rows = []
        for at, result in enumerate(results, self._count):
            try:
                if not isinstance(result, dict):
                    raise UnfitError("not_an_object")  # noqa: TRY301  # one way out
                rows.append((*self._read(result), at))
                self._codes.update(_codes(result))
            except UnfitError as fault:
                self._refuse(at, None, str(fault), result)
        schema = {**self._record.schema, _ROW: pl.Int64()}
        frame = pl.DataFrame(rows, schema=schema, orient="row")
        reasons = broken_rules(frame, [], self._rules)
        broken = frame.with_columns(reasons.alias(_REASON)).drop_nulls(_REASON)
        for row in broken.iter_rows(named=True):
            result = results[row[_ROW] - self._count]
            self._refuse(row[_ROW], self._key(row), row[_REASON], result)
        self._frames.append(frame.filter(reasons.is_null()))
        self._count += len(results)

    def intake(self, notes: Sequence[str]) -> Intake:
        """Return the account of all pages.

        Returns
        -------
        Intake
            Rows sorted by instrument and time; what came twice stands in quarantine as
            ``duplicate_row``, what came again and otherwise as ``key_conflict``.
        """
        record = self._record
        empty = pl.DataFrame(schema={**record.schema, _ROW: pl.Int64()})
        kept = pl.concat([empty, *self._frames])
        bits = quality_flags(kept, record)
        again = repeated(kept, record, order=_ROW)
        copies = kept.with_columns(again.alias(_REASON)).drop_nulls(_REASON)
        order = ["instrument", "event_ns", _ROW]
        whole = kept.with_columns(bits).filter(again.is_null()).sort(order)
        aside = pl.concat([self._aside(), self._copies(copies)]).sort("row")
        return Intake(
            record=record,
            rows=whole.select(record.schema.keys()),
            quarantined=aside,
            read=self._count,
            notes=(*notes, *self._told()),
            source=self._source,
            places=whole.select(source=pl.lit(self._source), row=_ROW),
            quality=whole[bits.name],
            flags=flag_counts(bits),
        )

    def _refuse(self, at: int, key: str | None, reason: str, result: Any) -> None:
        body = json.dumps(result, sort_keys=True, ensure_ascii=False)
        self._refused.append((self._source, at, key, reason, body))

    def _key(self, row: dict[str, Any]) -> str:
        told = (row[name] for name in self._record.key)
        return "|".join(str(part) for part in told if part is not None)

    def _aside(self) -> pl.DataFrame:
        return pl.DataFrame(self._refused, schema=QUARANTINE, orient="row")

    def _copies(self, copies: pl.DataFrame) -> pl.DataFrame:
        keys = [self._key(row) for row in copies.iter_rows(named=True)]
        return quarantine(
            copies.select(self._record.schema.keys()),
            source=self._source,
            row=copies[_ROW],
            key=pl.Series(keys, dtype=pl.String),
            reason=copies[_REASON],
        )

    def _told(self) -> list[str]:
        """Say how often each condition was told: a record has no place for them."""
        if not self._codes:
            return []
        most = self._codes.most_common(_MOST_CODES)
        told = ", ".join(f"{code} x {rows}" for code, rows in most)
        rest = " and others" if len(self._codes) > _MOST_CODES else ""
        return [f"conditions of the vendor, not kept by row: {told}{rest}"]


def _codes(result: Message) -> list[int]:
    codes = result.get("conditions")
    if not isinstance(codes, list):
        return []
    return [code for code in codes if isinstance(code, int)]

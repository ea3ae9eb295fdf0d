"""The last answer for each symbol, bank and model: a repeated request costs a look-up.

An answer is given again only to the same request: the same feature row to the bit, of
the same time, at a time when it still holds.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

from tradeloop.errors import InputError

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, without the row that it is about.

    Parameters
    ----------
    symbol : str
        Instrument.
    fingerprint : str
        Fingerprint of the bank.
    model_version : str
        Model and version.
    """

    symbol: str
    fingerprint: str
    model_version: str


@dataclass(frozen=True, slots=True)
class _Kept(Generic[Answer]):
    request: tuple[object, ...]
    answer: Answer
    until_ns: int


class Latest(Generic[Answer]):
    """The last answers, up to a number of them.

    Parameters
    ----------
    most : int
        Most answers, at least 1; where one more comes, the one that was stored longest
        ago is forgotten.

    Raises
    ------
    InputError
        The number is below 1.
    """

    __slots__ = ("_kept", "_most", "found", "missed")

    def __init__(self, most: int = 10_000) -> None:
        if most < 1:
            raise InputError(
                f"At least one answer is kept, was {most}.",
                way_out="Take a larger number.",
                source="Latest.most",
            )
        self._most = most
        self._kept: dict[Asked, _Kept[Answer]] = {}
        self.found = self.missed = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(
        self, asked: Asked, request: tuple[object, ...], now_ns: int
    ) -> Answer | None:
        """Return the answer to the same request; None where there is none that holds.

        Parameters
        ----------
        asked : Asked
            Symbol, bank and model.
        request : tuple
            What else makes a request the same: the bytes of the row, its time, quality.
        now_ns : int
            Time, ns UTC.
        """
        kept = self._kept.get(asked)
        if kept is None or now_ns >= kept.until_ns or kept.request != request:
            self.missed += 1
            return None
        self.found += 1
        return kept.answer

    def put(
        self, asked: Asked, request: tuple[object, ...], answer: Answer, until_ns: int
    ) -> None:
        """Keep an answer that holds before ``until_ns``."""
        self._kept.pop(asked, None)
        self._kept[asked] = _Kept(request, answer, until_ns)
        if len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]

    def forget(self, symbol: str) -> None:
        """Drop the answers of a symbol."""
        for asked in [asked for asked in self._kept if asked.symbol == symbol]:
            del self._kept[asked]

"""Errors that name the thing, the rule, the value and the way out."""


class TradeloopError(Exception):
    """Base of every error that Tradeloop raises on purpose."""


class InputError(TradeloopError, ValueError):
    """The user's data or arguments break a rule.

    Parameters
    ----------
    message : str
        What broke which rule, with the value.
    way_out : str
        What the user can do about it.
    source : str, optional
        File or argument that holds the value.
    column : str, optional
        Column that holds the value.
    row : int, optional
        Row of the value, counted from 0.
    """

    def __init__(
        self,
        message: str,
        *,
        way_out: str,
        source: str = "",
        column: str = "",
        row: int | None = None,
    ) -> None:
        self.message, self.way_out = message, way_out
        self.source, self.column, self.row = source, column, row
        place = [source] if source else []
        place += [f"column {column!r}"] if column else []
        place += [f"row {row}"] if row is not None else []
        where = ", ".join(place)
        super().__init__(f"{where + ': ' if where else ''}{message} {way_out}")


class NotFoundError(TradeloopError, LookupError):
    """Something was asked for by a name that nothing has."""


class OverloadedError(TradeloopError):
    """More was sent than can be stored now; nothing of it was taken.

    Parameters
    ----------
    message : str
        What is full.
    retry_after_s : float
        When to send it again, seconds from now.
    """

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(f"{message} Send it again in {retry_after_s:g} s.")


class FullError(TradeloopError):
    """No space is left; nothing of the write was stored, reading goes on."""


class ConflictError(TradeloopError):
    """A key exists already with another content; the first content was kept."""


class BusyError(TradeloopError):
    """Another process holds what this one needs to write."""


class DamagedError(TradeloopError):
    """A stored file does not match the hash under which it was written."""


class ArtefactError(TradeloopError):
    """A model artefact is refused: unknown format, changed bytes or another bank."""


class MissingExtraError(TradeloopError, ImportError):
    """An optional dependency is not installed.

    Parameters
    ----------
    package : str
        Import name that was not found.
    extra : str
        Extra of the distribution that brings it.
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"{package} is not installed; run: pip install 'tradeloop[{extra}]'"
        )

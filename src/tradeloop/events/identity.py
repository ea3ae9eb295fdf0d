"""Who acts, for whom, and what was written down about it."""

import re
from dataclasses import dataclass

from tradeloop.errors import InputError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class Principal:
    """A person or a process of one tenant: part of every key and every audit entry.

    Parameters
    ----------
    tenant : str
        Letters, digits, ``_`` and ``-``; it becomes a folder of the lake.
    name : str
        Name within the tenant, of the same characters.
    """

    tenant: str
    name: str

    def __post_init__(self) -> None:
        for field, value in (("tenant", self.tenant), ("name", self.name)):
            if not _NAME.fullmatch(value):
                raise InputError(
                    f"Principal.{field} must match {_NAME.pattern}, was {value!r}.",
                    way_out="Use letters, digits, '_' and '-'.",
                )


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the audit log; it is committed with the write that it describes.

    Parameters
    ----------
    principal : Principal
        Who did it.
    at_ns : int
        When, ns UTC.
    action : str
        Verb and kind, such as ``record decision``.
    subject : str
        What it was done to.
    detail : str
        Figures, as JSON.
    """

    principal: Principal
    at_ns: int
    action: str
    subject: str
    detail: str = "{}"

"""Names that become paths: they stay inside their root."""

import re
from pathlib import Path

from tradeloop.errors import InputError

# Portable: no separators, no leading dot or dash, no Windows device with an extension.
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.=+-]{0,199}")
_DEVICES = {
    "aux",
    "con",
    "nul",
    "prn",
    *(f"{d}{n}" for d in ("com", "lpt") for n in "123456789"),
}


def checked_parts(name: str, what: str) -> tuple[str, ...]:
    """Split a relative path of plain names.

    Parameters
    ----------
    name : str
        Such as ``training_datasets/SIGNAL_GENERATION/version=1f3a``.
    what : str
        What it names, for the message.

    Raises
    ------
    InputError
        A part is empty, hidden, a device, or has other characters than letters, digits
        and ``_ . = + -``; ``..`` and absolute paths are such.
    """
    parts = tuple(name.split("/"))
    for part in parts:
        device = part.split(".")[0].lower() in _DEVICES
        if device or ".." in part or part.endswith(".") or not _PART.fullmatch(part):
            raise InputError(
                f"{what} must be names of letters, digits and _ . = + - with / between "
                f"them, was {name!r:.120}.",
                way_out="Rename it.",
            )
    return parts


def inside(root: Path, *parts: str) -> Path:
    """Join checked parts to ``root``, and refuse a link that leads out of it.

    Raises
    ------
    InputError
        A folder on the way is a link to a place outside ``root``.
    """
    path = root.joinpath(*parts)
    if not path.resolve().is_relative_to(root.resolve()):
        raise InputError(
            f"{path} leads out of {root}.", way_out="Remove the link on the way."
        )
    return path

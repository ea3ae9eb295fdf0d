"""The name that was probably meant."""

import difflib
from collections.abc import Iterable


def normal(name: str) -> str:
    """Fold a name for comparison: case, blanks and hyphens do not count."""
    return name.strip().strip("\ufeff").lower().replace(" ", "_").replace("-", "_")


def nearest(name: str, names: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` for the name nearest to ``name``, else nothing."""
    by_normal = {normal(other): other for other in names}
    found = difflib.get_close_matches(normal(name), by_normal, n=1, cutoff=0.6)
    return f" Did you mean {by_normal[found[0]]!r}?" if found else ""

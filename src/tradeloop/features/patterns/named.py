"""Columns of patterns are called after the pattern, whichever file it stands in."""

COUNTS = ("bullish", "bearish")
"""Outputs of every family of patterns: how many of its patterns are there, by sign."""


def titles(name: str, outputs: tuple[str, ...]) -> tuple[str, ...]:
    """Names such as ``pattern_hammer``; a count keeps the family's name."""
    return tuple(
        f"{name}_{output}" if output in COUNTS else f"pattern_{output}"
        for output in outputs
    )

"""Numbers and foreign words as they are written on a page."""

import math

from tradeloop.reports.report import Form, Measure

_NOTHING = "\u2013"


def written(value: float | None, form: Form = "number", digits: int = 2) -> str:
    """Write a number for a reader.

    Parameters
    ----------
    value : float, optional
        None and NaN become a dash.
    form : str
        ``number``, ``share`` (in percent), ``bps`` or ``count``.
    digits : int
        Digits after the point; counts have none.

    Returns
    -------
    str
        With separated thousands and a true minus sign.
    """
    if value is None or not math.isfinite(value):
        return _NOTHING
    unit = {"share": "\u00a0%", "bps": "\u00a0bps"}.get(form, "")
    scaled = 100.0 * value if form == "share" else value
    text = f"{scaled:,.{0 if form == 'count' else digits}f}"
    if float(text.replace(",", "")) == 0.0:
        text = text.lstrip("-")
    return text.replace("-", "\u2212") + unit


def ends_text(measure: Measure) -> str:
    """Write the ends of a figure's interval, or nothing.

    Parameters
    ----------
    measure : Measure
        The figure.
    """
    if measure.low is None or measure.high is None:
        return ""
    ends = (measure.low, measure.high)
    return " to ".join(written(end, measure.form, measure.digits) for end in ends)


def level_text(measure: Measure) -> str:
    """Write the coverage of a figure's interval, for the head of a column.

    Parameters
    ----------
    measure : Measure
        The figure.
    """
    if measure.level is None:
        return "Interval"
    return f"{written(measure.level, 'share', 0)} interval"


def interval_text(measure: Measure) -> str:
    """Write the interval of a figure with its coverage, or nothing.

    Parameters
    ----------
    measure : Measure
        The figure.
    """
    ends = ends_text(measure)
    known = ends and measure.level is not None
    return f"{written(measure.level, 'share', 0)}: {ends}" if known else ends


def standing(measure: Measure) -> str:
    """Say how a figure stands to its baseline, as far as the interval allows.

    Parameters
    ----------
    measure : Measure
        The figure.

    Returns
    -------
    str
        ``better``, ``worse`` or ``unclear``; empty without an interval, a
        baseline or a direction.
    """
    if None in (measure.low, measure.high, measure.baseline) or not measure.better:
        return ""
    low, high, baseline = measure.low, measure.high, measure.baseline
    above = low > baseline  # type: ignore[operator]
    below = high < baseline  # type: ignore[operator]
    if not (above or below):
        return "unclear"
    return "better" if above == (measure.better == "higher") else "worse"


def one_line(text: str, most: int) -> str:
    """Make foreign text fit for a picture: one line, no control characters, cut.

    Parameters
    ----------
    text : str
        Anything.
    most : int
        Characters to keep, the mark of a cut included.
    """
    clean = "".join(c if c.isprintable() else " " for c in text)
    clean = " ".join(clean.split())
    return clean if len(clean) <= most else clean[: most - 1] + "\u2026"

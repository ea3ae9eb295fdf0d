"""What the flags found in a file, row by row of a table."""

import polars as pl

from tradeloop.capture.cleaning.flags import ALL
from tradeloop.capture.intake import Intake


def flag_report(intake: Intake) -> pl.DataFrame:
    """Count what each flag marked in a file.

    Parameters
    ----------
    intake : Intake

    Returns
    -------
    polars.DataFrame of shape (n_flags, 6)
        ``flag``, ``bit``, ``rows`` (0 where it marks none), ``share`` of the rows that
        broke no rule (0 where there are none), ``meaning``, ``rule``; the flags that
        judge this kind of rows, in the order of their bits. Copies in quarantine are
        counted, too.
    """
    copies = intake.quarantined.filter(
        pl.col("reason").is_in(["duplicate_row", "key_conflict"])
    ).height
    judged = max(1, intake.rows.height + copies)
    return pl.DataFrame(
        [
            {
                "flag": flag.name,
                "bit": flag.bit,
                "rows": (rows := intake.flags.get(flag.name, 0)),
                "share": rows / judged,
                "meaning": flag.meaning,
                "rule": flag.rule,
            }
            for flag in ALL
            if flag.judges(intake.record.kind)
        ]
    )

"""Texts become events of sentiment."""

from hashlib import sha256

import polars as pl

from tradeloop.errors import InputError
from tradeloop.events import SENTIMENT
from tradeloop.features.sentiment.lexicon import Lexicon, own_lexicon
from tradeloop.features.sentiment.score import score_text

_NEEDED = ("instrument", "event_ns", "text")


def scored(
    texts: pl.DataFrame,
    *,
    text_source: str = "text",
    latency_ns: int = 0,
    lexicon: Lexicon | None = None,
) -> pl.DataFrame:
    """Score texts.

    Parameters
    ----------
    texts : polars.DataFrame of shape (n_rows, any)
        ``instrument`` (null: the market), ``event_ns`` and ``text``. Where there are
        ``received_ns``, ``text_source`` and ``sentiment_id``, they are kept.
    text_source : str
        Where the texts come from, for rows that do not say.
    latency_ns : int
        From writing a text to receiving it, for rows that do not say.
    lexicon : Lexicon, optional
        Absent: that of the package.

    Returns
    -------
    polars.DataFrame of shape (n_rows, n_columns)
        Rows of the record SENTIMENT. An id that is not given is made of instrument,
        time, text and its number among equal ones: the same texts get the same ids.

    Raises
    ------
    InputError
        A column is absent, or a row has no text.
    """
    lexicon = lexicon or own_lexicon()
    _check(texts)
    known = {text: score_text(text, lexicon) for text in texts["text"].unique()}
    found = texts.with_columns(
        score=pl.Series([known[t].score for t in texts["text"]], dtype=pl.Float64),
        confidence_score=pl.Series(
            [known[t].confidence for t in texts["text"]], dtype=pl.Float64
        ),
        model_id=pl.lit(f"lexicon-{lexicon.version}"),
    )
    known_by = {
        "received_ns": pl.col("event_ns") + latency_ns,
        "text_source": pl.lit(text_source),
        "sentiment_id": pl.col("_id"),
    }
    found = found.with_columns(pl.Series("_id", _ids(texts), pl.String))
    return SENTIMENT.conform(
        found.with_columns(
            (pl.coalesce(name, way) if name in texts.columns else way).alias(name)
            for name, way in known_by.items()
        )
    )


def _check(texts: pl.DataFrame) -> None:
    for name in _NEEDED:
        if name not in texts.columns:
            raise InputError(
                f"Texts must have the columns {', '.join(_NEEDED)}.",
                way_out="Rename or add it.",
                column=name,
            )
        if name != "instrument" and texts[name].null_count():
            raise InputError(
                "A text must be there, with its time.",
                way_out="Drop the rows without one.",
                column=name,
                row=texts[name].is_null().arg_max(),
            )


def _ids(texts: pl.DataFrame) -> list[str]:
    number = pl.int_range(pl.len()).over(*_NEEDED)
    rows = texts.select(*_NEEDED, number=number).iter_rows()
    return [sha256(repr(row).encode()).hexdigest()[:32] for row in rows]

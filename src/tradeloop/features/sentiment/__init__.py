"""What texts say."""

from tradeloop.features.base import Family
from tradeloop.features.sentiment import (
    sentiment_level,
    sentiment_now,
    sentiment_window,
)
from tradeloop.features.sentiment.lexicon import Lexicon, own_lexicon
from tradeloop.features.sentiment.score import Sentiment, score_text
from tradeloop.features.sentiment.scored import scored

ALL: tuple[Family, ...] = (
    sentiment_level.FAMILY,
    sentiment_now.FAMILY,
    sentiment_window.FAMILY,
)

__all__ = ["ALL", "Lexicon", "Sentiment", "own_lexicon", "score_text", "scored"]

"""Sentiment of a short text by the rules of VADER (Hutto and Gilbert 2014).

A word of the lexicon brings its valence. Of the three words before it, those without a
valence may strengthen, weaken or turn it; capitals and punctuation add to it; what
comes after "but" counts for more than what comes before. The sum s of all words is
brought to -1 ... +1 as s / sqrt(s^2 + 15).
"""

import re
from dataclasses import dataclass
from functools import cache
from math import sqrt
from string import punctuation

from tradeloop.features.sentiment.lexicon import Lexicon, own_lexicon

_TURN = -0.74  # a negation before the word
_CAPITALS = 0.733
_FADE = (1.0, 0.95, 0.9)  # of a degree word one, two and three words before
_LIFT = 1.25  # "never so good"
_BEFORE_BUT, _AFTER_BUT = 0.5, 1.5
_EXCLAMATION, _MOST_EXCLAMATIONS = 0.292, 4
_QUESTION, _MOST_QUESTIONS, _MANY_QUESTIONS = 0.18, 3, 0.96
_ALPHA = 15.0
_SHORT = 2  # letters: what is left of a sign such as :) when it is stripped
_LIFTING = ("so", "this")


@dataclass(frozen=True, slots=True)
class Sentiment:
    """What a text says.

    Parameters
    ----------
    score : float
        -1 bad to +1 good; 0 where no word has a valence.
    confidence : float
        n / (n + 1) for n words with a valence: how much there was to go by, and not the
        chance of being right.
    positive, negative : int
        Words that count for and against.
    """

    score: float
    confidence: float
    positive: int
    negative: int


_SILENT = Sentiment(0.0, 0.0, 0, 0)


@dataclass(frozen=True, slots=True)
class _Text:
    """The words of a text, as they stand and in lower case."""

    words: list[str]
    lower: list[str]
    lexicon: Lexicon
    has_emphasis: bool

    def says(self, place: int, *words: str) -> bool:
        return place >= 0 and self.lower[place] in words

    def turns(self, place: int) -> bool:
        word = self.lower[place]
        return word in self.lexicon.negations or "n't" in word

    def shouts(self, place: int) -> bool:
        return self.has_emphasis and self.words[place].isupper()


def score_text(text: str, lexicon: Lexicon | None = None) -> Sentiment:
    """Score a text with the lexicon of the package, or another."""
    lexicon = lexicon or own_lexicon()
    if not text.isascii():
        text = _signs(lexicon).sub(r" \g<0> ", text)
    words = [_bare(word) for word in text.split()]
    lower = [word.lower() for word in words]
    valued = [i for i, word in enumerate(lower) if word in lexicon.valence]
    if not valued:
        return _SILENT
    capitals = sum(word.isupper() for word in words)
    read = _Text(words, lower, lexicon, has_emphasis=0 < capitals < len(words))
    values = _shifted(lower, [(i, _valence(read, i)) for i in valued])
    total = sum(values)
    if total:
        total += _emphasis(text) * (1.0 if total > 0.0 else -1.0)
    good, bad = sum(v > 0.0 for v in values), sum(v < 0.0 for v in values)
    told = good + bad
    score = total / sqrt(total * total + _ALPHA)
    return Sentiment(score, told / (told + 1.0), good, bad)


@cache
def _pattern(signs: str) -> re.Pattern[str]:
    return re.compile(f"[{re.escape(signs)}]" if signs else "(?!)")


def _signs(lexicon: Lexicon) -> re.Pattern[str]:
    """Match the pictures of a lexicon: each is a word wherever it stands."""
    single = (w for w in lexicon.valence if len(w) == 1 and not w.isascii())
    return _pattern("".join(single))


def _bare(word: str) -> str:
    bare = word.strip(punctuation)
    return bare if len(bare) > _SHORT else word


def _valence(text: _Text, at: int) -> float:
    """Return the valence of a word between the words before it."""
    known, word = text.lexicon.valence, text.lower[at]
    value = known[word]
    follows = at + 1 < len(text.lower) and text.lower[at + 1] in known
    if word == "no" and follows:
        value = 0.0
    if _is_denied(text, at):
        value = known[word] * _TURN
    if text.shouts(at):
        value += _CAPITALS if value > 0.0 else -_CAPITALS
    for back in range(min(3, at)):
        if text.lower[at - back - 1] not in known:
            value = _changed(text, at, back, value)
    if text.says(at - 1, "least") and not text.says(at - 2, "at", "very"):
        value *= _TURN
    return value


def _is_denied(text: _Text, at: int) -> bool:
    """Tell whether "no" stands before: "no gain", "no real gain", "no x or gain"."""
    if text.says(at - 1, "no") or text.says(at - 2, "no"):
        return True
    return text.says(at - 3, "no") and text.says(at - 1, "or", "nor")


def _changed(text: _Text, at: int, back: int, value: float) -> float:
    """Return what the word ``back + 1`` words before makes of a valence."""
    place = at - back - 1
    degree = text.lexicon.degree.get(text.lower[place])
    if degree is not None:
        if value < 0.0:
            degree = -degree
        if text.shouts(place):
            degree += _CAPITALS if value > 0.0 else -_CAPITALS
        value += degree * _FADE[back]
    between = range(place + 1, at)
    if text.says(place, "never") and back and text.says(place + 1, *_LIFTING):
        return value * _LIFT
    if back == 2 and text.says(at - 1, *_LIFTING):  # noqa: PLR2004 - as in the reference code
        return value * _LIFT
    if text.says(place, "without") and any(text.says(j, "doubt") for j in between):
        return value
    return value * _TURN if text.turns(place) else value


def _shifted(lower: list[str], values: list[tuple[int, float]]) -> list[float]:
    """Let what comes after the first "but" count for more."""
    if "but" not in lower:
        return [value for _, value in values]
    but = lower.index("but")
    return [v * (_BEFORE_BUT if at < but else _AFTER_BUT) for at, v in values]


def _emphasis(text: str) -> float:
    found = min(text.count("!"), _MOST_EXCLAMATIONS) * _EXCLAMATION
    questions = text.count("?")
    if questions > _MOST_QUESTIONS:
        return found + _MANY_QUESTIONS
    return found + questions * _QUESTION if questions > 1 else found

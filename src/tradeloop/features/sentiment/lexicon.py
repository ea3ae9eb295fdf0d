"""Words that carry sentiment, and words that change it: authored here, free to use.

``lexicon.csv`` (word, valence from -4 bad to +4 good) and ``modifiers.csv`` (word and
kind: booster, dampener or negation) are this project's own and dedicated to the public
domain (CC0 1.0). They are made for texts about listed companies and markets.
"""

import csv
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files

from tradeloop.errors import InputError

BOOSTER, DAMPENER, NEGATION = "booster", "dampener", "negation"
_WEIGHT = {BOOSTER: 0.293, DAMPENER: -0.293}
_MOST = 4.0


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words with a meaning for the rules of `score_text`.

    Parameters
    ----------
    valence : dict of str to float
        Lower case words and signs, -4 to +4.
    degree : dict of str to float
        What a word before adds to a valence, with its sign.
    negations : frozenset of str
        Words that turn what follows.
    version : str
        Start of the SHA-256 of the content; part of a score's ``model_id``.
    """

    valence: dict[str, float]
    degree: dict[str, float]
    negations: frozenset[str]
    version: str

    def __post_init__(self) -> None:
        wrong = [w for w, v in self.valence.items() if not abs(v) <= _MOST]
        if wrong:
            raise InputError(
                f"A valence must be -4 to 4, was {self.valence[wrong[0]]}.",
                way_out="Scale the lexicon.",
                source=wrong[0],
            )
        both = self.valence.keys() & (self.degree.keys() | self.negations)
        if both:
            raise InputError(
                "A word must have a valence or change one, not both.",
                way_out="Take it out of one of the lists.",
                source=min(both),
            )


@cache
def own_lexicon() -> Lexicon:
    """Return the lexicon that comes with the package."""
    words, modifiers = _text("lexicon.csv"), _text("modifiers.csv")
    kinds = {row["word"]: row["kind"] for row in csv.DictReader(modifiers.splitlines())}
    return Lexicon(
        valence={
            row["word"]: float(row["valence"])
            for row in csv.DictReader(words.splitlines())
        },
        degree={w: _WEIGHT[kind] for w, kind in kinds.items() if kind in _WEIGHT},
        negations=frozenset(w for w, kind in kinds.items() if kind == NEGATION),
        version=sha256((words + modifiers).encode()).hexdigest()[:12],
    )


def _text(name: str) -> str:
    return files("tradeloop.features.sentiment").joinpath(name).read_text("utf-8")

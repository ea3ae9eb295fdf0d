"""Members that misbehave, and what they do to a vote."""

from dataclasses import replace

import numpy as np

from tradeloop.errors import ArtefactError


class Raising:
    def predict_proba(self, *_):
        raise ArtefactError("The weights are gone.")


class Saying:
    """Gives the same probabilities for every row."""

    def __init__(self, *told):
        self.told = told

    def predict_proba(self, features, *_):
        return np.tile(np.array(self.told, dtype=float), (len(features), 1))


class Slow:
    """A member by whose work a clock goes on."""

    def __init__(self, scores, clock, takes_ns):
        self.scores, self.clock, self.takes_ns = scores, clock, takes_ns

    def predict_proba(self, features, *_):
        self.clock.at[0] += self.takes_ns
        return self.scores.predict_proba(features)


class Hanging:
    """A member that answers when it is let go."""

    def __init__(self, scores, gate):
        self.scores, self.gate = scores, gate

    def predict_proba(self, features, *_):
        self.gate.wait(20)
        return self.scores.predict_proba(features)


class Clock:
    """A clock that only the members move."""

    def __init__(self):
        self.at = [0]

    def __call__(self):
        return self.at[0]


def changed(scorer, **scores):
    """Return the scorer with other insides for the named members."""
    return replace(
        scorer,
        voices=tuple(
            replace(v, scores=scores[v.name]) if v.name in scores else v
            for v in scorer.voices
        ),
    )


def only(scorer, *names):
    """Return the scorer with the named members alone."""
    kept = tuple(v for v in scorer.voices if v.name in names)
    return replace(scorer, voices=kept)

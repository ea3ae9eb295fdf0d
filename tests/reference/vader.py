"""The published analyser with our words instead of its own."""

import vaderSentiment.vaderSentiment

from tradeloop.features.sentiment.lexicon import own_lexicon

PUBLISHED = vaderSentiment.vaderSentiment


class Analyser(PUBLISHED.SentimentIntensityAnalyzer):
    """The published rules; with ``repaired`` the one of "but" counts each word once.

    The published one looks a value up by its first place in the list while it changes
    the list: a value that equals half, or one and a half times, of an earlier one moves
    that one again and itself not at all.
    """

    def __init__(self, *, repaired=False):
        lexicon = own_lexicon()
        self.lexicon = dict(lexicon.valence)
        pictures = [w for w in lexicon.valence if len(w) == 1 and not w.isascii()]
        self.emojis = {picture: f"{picture} " for picture in pictures}
        self.repaired = repaired

    def _but_check(self, words, sentiments):
        if not self.repaired:
            return super()._but_check(words, sentiments)
        lower = [word.lower() for word in words]
        if "but" not in lower:
            return sentiments
        at = lower.index("but")
        scale = [0.5] * at + [1.0] + [1.5] * (len(lower) - at - 1)
        return [v * s for v, s in zip(sentiments, scale, strict=True)]


def give_our_words(monkeypatch):
    """Let the published code know our boosters and negations, and no set phrases."""
    lexicon = own_lexicon()
    monkeypatch.setattr(PUBLISHED, "BOOSTER_DICT", dict(lexicon.degree))
    monkeypatch.setattr(PUBLISHED, "NEGATE", sorted(lexicon.negations))
    monkeypatch.setattr(PUBLISHED, "SPECIAL_CASES", {})

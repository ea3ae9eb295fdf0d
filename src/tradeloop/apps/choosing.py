"""The rules of a run: its rule files, and the features that its settings choose."""

from dataclasses import replace
from pathlib import Path

from tradeloop.apps.rules import load_rules, located
from tradeloop.apps.settings import FILE, Settings
from tradeloop.events import duration_ns
from tradeloop.features import FeatureChoice, load_features
from tradeloop.pipelines.rules import Rules


def rules_of(settings: Settings, folder: Path) -> Rules:
    """Read the rule files and the features of the user's own.

    Raises
    ------
    InputError
        A file or a setting breaks its rule.
    """
    rules = load_rules(folder / settings.rules)
    return replace(rules, features=feature_choice(settings, folder))


def feature_choice(settings: Settings, folder: Path) -> FeatureChoice:
    """Return what the settings say about features; files are relative to ``folder``.

    Raises
    ------
    InputError
        A file holds no feature, or a timeframe is no duration.
    """
    own = [c for name in settings.feature_files for c in load_features(folder / name)]
    with located(f"timeframes of {FILE}"):
        # 60m and 1h are one timeframe.
        lengths = tuple(sorted({duration_ns(text) for text in settings.timeframes}))
    return FeatureChoice(settings.features, tuple(own), lengths)

"""What is new in a version of a model, by what it and its parent say of themselves."""

from tradeloop.models import Meta
from tradeloop.stores import VersionChange


def change_between(old: Meta, new: Meta) -> VersionChange:
    """Say which number of the version counts up.

    Parameters
    ----------
    old, new : Meta
        What the parent is, and what the new model is.

    Returns
    -------
    {"architecture", "features", "retrained"}
        ``architecture`` (MAJOR): other estimators, or another number of rows that one
        looks at. ``features`` (MINOR): other columns, another order, or another
        fingerprint of the bank. ``retrained`` (PATCH): anything else, such as other
        rows, weights or parameters.
    """
    if architecture(old) != architecture(new):
        return "architecture"
    if old.columns != new.columns:
        return "features"
    return "retrained"


def architecture(meta: Meta) -> tuple[tuple[str, int], ...]:
    """Estimator and steps of each member, by name; weights are no architecture."""
    return tuple(sorted((each.estimator, each.steps) for each in meta.members))


def estimator_of(meta: Meta) -> str:
    """Names of the estimators, joined by ``+``, as the registry lists them."""
    return "+".join(name for name, _ in architecture(meta)) or meta.estimator

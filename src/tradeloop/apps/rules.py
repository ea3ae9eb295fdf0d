"""Rule files: labels, costs, model, model_configs, signals (.yaml); each optional."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tradeloop.costs import CostModel
from tradeloop.errors import InputError
from tradeloop.events import duration_ns
from tradeloop.labels import OutcomeRule
from tradeloop.models import ALL
from tradeloop.models.configs import ModelConfigs
from tradeloop.pipelines.live_open import policy_of
from tradeloop.pipelines.rules import ModelRule, Rules
from tradeloop.signals.rules import SignalRules

FILES = (
    "labels.yaml",
    "costs.yaml",
    "model.yaml",
    "model_configs.yaml",
    "signals.yaml",
)


def load_rules(folder: Path) -> Rules:
    """Read the rule files of ``folder``; what is absent has its default.

    Raises
    ------
    InputError
        A file is no YAML mapping, or a name or value breaks its rule.
    """
    labels = _read(folder / "labels.yaml")
    wait = labels.pop("wait", None)
    with located(folder / "labels.yaml"):
        outcome = OutcomeRule.from_mapping(labels)
        wait_ns = Rules().wait_ns if wait is None else duration_ns(str(wait))
    with located(folder / "costs.yaml"):
        costs = CostModel.from_mapping(_read(folder / "costs.yaml"))
    with located(folder / "model.yaml"):
        model = ModelRule.from_mapping(_read(folder / "model.yaml"))
    return Rules(outcome=outcome, costs=costs, model=model, wait_ns=wait_ns)


def load_model_configs(folder: Path) -> ModelConfigs:
    """Read ``model_configs.yaml`` of ``folder``; what is absent has its default.

    Raises
    ------
    InputError
        It is no YAML mapping, or a name or value breaks its rule.
    """
    file = folder / "model_configs.yaml"
    with located(file):
        return ModelConfigs.from_mapping(_read(file), ALL)


def load_signal_rules(folder: Path, rules: Rules) -> SignalRules:
    """Read ``signals.yaml`` of ``folder``; what is absent has its default.

    Raises
    ------
    InputError
        It is no YAML mapping, or a name or value breaks its rule.
    """
    file = folder / "signals.yaml"
    with located(file):
        return SignalRules.from_mapping(_read(file), policy_of(rules))


def copy_rules(source: Path, target: Path) -> None:
    """Make the rule files of ``target`` those of ``source``, absent ones too."""
    if source.resolve() == target.resolve():
        return
    for name in FILES:
        (target / name).unlink(missing_ok=True)
        if (source / name).is_file():
            target.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes((source / name).read_bytes())


@contextmanager
def located(source: Path | str) -> Iterator[None]:
    """Let an `InputError` from inside name the file or argument that it is about."""
    try:
        yield
    except InputError as error:
        raise InputError(
            error.message,
            way_out=error.way_out,
            source=str(source),
            column=error.column,
            row=error.row,
        ) from error


def _read(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    try:
        given = yaml.safe_load(file.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(
            f"This is no YAML: {error}.",
            way_out="Run 'tradeloop init DIR' for files that work.",
            source=str(file),
        ) from error
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise InputError(
            f"A mapping of names to values is needed, was {type(given).__name__}.",
            way_out="Write lines such as 'good_bps: 10'.",
            source=str(file),
        )
    return given

"""Small models that can be kept, and a tracking store that remembers or is away."""

from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np

from tradeloop.feedback import Check, Policy, Verdict
from tradeloop.models import (
    Boosting,
    Columns,
    Meta,
    export_onnx,
    fit_calibration,
    write_artefact,
)
from tradeloop.models.checks import training_rows
from tradeloop.stores import ModelVersion, TrackingAwayError

POLICY = Policy(self_approval=True)


@cache
def made(seed: int, trees: int, names: str):
    """Fit a little model; return what its files are written from."""
    columns = Columns(tuple(names), f"bank-{names}")
    features, direction = training_rows(seed, n_rows=120)
    features = features[:, : len(names)]
    fitted = Boosting(n_estimators=trees, max_depth=2, random_state=seed).fit(
        features, direction, columns=columns
    )
    calibration = fit_calibration(fitted.predict_proba(features), direction)
    export = export_onnx(fitted, features)
    rates = tuple(float((direction == side).mean()) for side in (-1, 0, 1))
    meta = Meta(
        name="",
        version="",
        columns=columns,
        horizon_ns=1,
        dataset_version=f"data-{seed}",
        seed=seed,
        parameters={"n_estimators": trees},
        base_rates=rates,
        importance=fitted.importance(),
        parity=export.parity,
    )
    return fitted, calibration, export, meta


def packed(name="boost", *, seed=1, trees=2, names="abcdef"):
    """Files of a little model for any version."""

    def files(version):
        fitted, calibration, export, meta = made(seed, trees, names)
        about = replace(meta, name=name, version=version)
        return write_artefact(fitted, calibration, export, about)

    return files


def verdict(model="boost v1.0.0", *, promoted=True, author="tester", policy=POLICY):
    """What the gate would say, without its work."""
    check = Check(
        name="maximum",
        role="decides",
        outcome="passed" if promoted else "failed",
        value=0.01 if promoted else 0.4,
        limit=0.05,
        reason="p is 0.01." if promoted else "p is 0.4, above 0.05.",
    )
    return Verdict(
        model=model,
        author=author,
        promoted=promoted,
        reason="Promoted. p is 0.01." if promoted else "Not promoted. p is 0.4.",
        checks=(check,),
        figures={"p": check.value},
        policy=policy.name,
        policy_fingerprint=policy.fingerprint,
    )


@dataclass
class Remembering:
    """A tracking store in memory; ``away`` makes every contact fail."""

    away: bool = False
    versions_: list = field(default_factory=list)
    runs: list = field(default_factory=list)
    aliases: dict = field(default_factory=dict)
    stages: dict = field(default_factory=dict)

    def open(self, url, _root):
        if self.away:
            raise TrackingAwayError(f"Tracking at {url} cannot be used.")
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def versions(self, _principal, model):
        return [each for each in self.versions_ if each.model == model]

    def log_run(self, _principal, _experiment, **said):
        self.runs.append(said)
        return f"run-{len(self.runs)}"

    def register(self, principal, model, *, run_id, source, tags):
        number = len(self.versions(principal, model)) + 1
        version = ModelVersion(model, number, str(source), run_id, dict(tags))
        self.versions_.append(version)
        return version

    def tag(self, _principal, version, *, stage):
        self.stages[version.tags["artefact_version"]] = stage

    def point(self, _principal, _model, aliases):
        self.aliases |= aliases


def rows_of(seed, count=200, shift=0.0, start=0):
    """Log losses of decisions, row by row."""
    import polars as pl  # noqa: PLC0415 - only some tests compare

    losses = np.random.default_rng(seed).normal(1.0, 0.1, count) + shift
    names = [f"d{k}" for k in range(start, start + count)]
    return pl.DataFrame({"decision_id": names, "log_loss": losses})

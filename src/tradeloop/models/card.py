"""The model card: what a model is, what it was trained on and how good it was.

Plain Markdown, made from the artefact's description and its evaluation alone, so that
the same model has the same card.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tradeloop.models.meta import Meta

_COLUMNS_SHOWN = 20
_NS = 1_000_000_000
_FORECASTS = ("model", "no_skill", "majority")
_SPANS = ((86_400 * _NS, "d"), (3_600 * _NS, "h"), (60 * _NS, "min"), (_NS, "s"))
LIMITS = (
    "It knows the instruments and the period that it was trained on, no others.",
    "Markets change: an edge of the past may be gone.",
    "Outside the ranges of its inputs it extrapolates: abstain from such rows.",
    "Its figures are means over the test rows; single forecasts are often wrong.",
    "It is no investment advice.",
)


def model_card(
    meta: Meta,
    evaluation: Mapping[str, Any] | None = None,
    *,
    licence: str = "",
) -> str:
    """Write the card of a model.

    Parameters
    ----------
    meta : Meta
        What the model is, with its members (as it is read back, or as written).
    evaluation : mapping, optional
        `tradeloop.models.Evaluation.as_mapping`: figures with intervals for ``model``,
        ``no_skill`` and ``majority``. Figures of ``meta.metrics`` where there is none.
    licence : str
        Licence of the weights; "not stated" if empty.

    Returns
    -------
    str
        Markdown that begins with a heading of the first order and ends with a newline.
    """
    parts = (
        (f"# {_plain(meta.name)} {_plain(meta.version)}", _what(meta)),
        ("## Trained on", _trained_on(meta)),
        ("## Columns", _columns(meta)),
        ("## Figures", _figures(meta, evaluation or {})),
        ("## Calibration", _calibration(meta, evaluation or {})),
        ("## Limits", [f"- {limit}" for limit in LIMITS]),
        ("## Licence", [_plain(licence) or "Not stated."]),
        ("## How to load it", _loading(meta)),
    )
    return "\n\n".join("\n".join([title, "", *lines]) for title, lines in parts) + "\n"


def _what(meta: Meta) -> list[str]:
    classes = ", ".join(f"{name:+d}" if name else "0" for name in meta.classes)
    rows = [
        (m.name, m.estimator, f"{m.weight:g}", str(m.steps), f"{m.parity:.1e}")
        for m in meta.members
    ]
    heads = ("member", "estimator", "weight", "steps", "ONNX differs by at most")
    return [
        (
            f"Probabilities of the directions {classes} over the next "
            f"{_span(meta.horizon_ns)}, by "
            f"{'a vote' if len(meta.members) > 1 else 'one model'}."
        ),
        "",
        *_table(heads, rows),
    ]


def _trained_on(meta: Meta) -> list[str]:
    period = meta.training_period_ns
    span = "not recorded" if period is None else " to ".join(map(_day, period))
    rows = [
        ("dataset", meta.dataset_version),
        ("rows", f"{meta.training_rows:,}" if meta.training_rows else "not recorded"),
        ("decisions", span),
        ("shares of down, flat, up", ", ".join(f"{r:.3f}" for r in meta.base_rates)),
        ("seed", str(meta.seed)),
        ("parent", meta.parent or "none"),
        ("Tradeloop", meta.code_version or "not recorded"),
        ("libraries", ", ".join(f"{k} {v}" for k, v in sorted(meta.libraries.items()))),
        ("environment", ", ".join(v for _, v in sorted(meta.environment.items()))),
    ]
    return _table(("what", "value"), rows)


def _columns(meta: Meta) -> list[str]:
    names = sorted(meta.columns.names, key=lambda name: -meta.importance.get(name, 0))
    rows = [
        (name, f"{meta.importance.get(name, 0):.3f}", _range(meta, name))
        for name in names[:_COLUMNS_SHOWN]
    ]
    left = len(names) - len(rows)
    more = ["", f"And {left} more, in model.json."] if left else []
    bank = meta.columns.fingerprint or "none"
    first = f"{len(names)} columns of the feature bank `{_plain(bank)}`; those with"
    return [
        f"{first} the most weight in the model first.",
        "",
        *_table(("column", "share of the weight", "range in training"), rows),
        *more,
    ]


def _range(meta: Meta, name: str) -> str:
    found = meta.input_ranges.get(name)
    return "not recorded" if found is None else f"{found[0]:.6g} to {found[1]:.6g}"


def _figures(meta: Meta, evaluation: Mapping[str, Any]) -> list[str]:
    own = evaluation.get("model")
    if not isinstance(own, Mapping):
        if not meta.metrics:
            return ["Not evaluated."]
        rows = [(name, f"{value:.6g}") for name, value in sorted(meta.metrics.items())]
        return _table(("figure", "value"), rows)
    there = [name for name in _FORECASTS if isinstance(evaluation.get(name), Mapping)]
    figures = [
        (name, *(_figure(evaluation[forecast].get(name)) for forecast in there))
        for name in own
    ]
    heads = ("figure", *(name.replace("_", " ") for name in there))
    return [*_table(heads, figures), *_verdict(evaluation)]


def _verdict(evaluation: Mapping[str, Any]) -> Iterator[str]:
    level = evaluation["model"].get("log_loss")
    share = level.get("level") if isinstance(level, Mapping) else None
    yield ""
    yield (
        f"On {evaluation.get('rows', 0):,} rows that no part of the model was fitted "
        f"on; in brackets the {f'{share:.0%} ' if share else ''}interval of a block "
        "bootstrap."
    )
    gain = evaluation.get("log_loss_gain")
    if isinstance(gain, Mapping):
        above = gain.get("low", 0) > 0
        yield (
            f"Log loss gained over no skill: {_figure(gain)} nats a row, "
            f"{'more than' if above else 'not told apart from'} 0."
        )
    if evaluation.get("leak_alarm"):
        yield "**Too good to be true: the leak alarm rang. Look for a leak first.**"


def _calibration(meta: Meta, evaluation: Mapping[str, Any]) -> list[str]:
    own = evaluation.get("model")
    found = own.get("calibration_error") if isinstance(own, Mapping) else None
    told = f" Expected calibration error {_figure(found)}." if found else ""
    return [f"Kind: {meta.calibration or 'not recorded'}.{told}"]


def _loading(meta: Meta) -> list[str]:
    called = "runtimes()" if len(meta.members) > 1 else "runtime()"
    return [
        "```python",
        "from pathlib import Path",
        "from tradeloop.models import read_artefact",
        "",
        'files = {path.name: path.read_bytes() for path in Path("FOLDER").iterdir()}',
        "artefact = read_artefact(files)  # hashes are checked, nothing is unpickled",
        f"scores = artefact.{called}",
        "```",
    ]


def _figure(found: Any) -> str:
    if isinstance(found, Mapping) and {"value", "low", "high"} <= set(found):
        return f"{found['value']:.4f} [{found['low']:.4f}, {found['high']:.4f}]"
    return f"{found:.4f}" if isinstance(found, int | float) else "-"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [tuple(heads), ("---",) * len(heads), *(tuple(row) for row in rows)]
    return ["| " + " | ".join(_plain(cell) for cell in line) + " |" for line in lines]


def _plain(text: str) -> str:
    """Text of others, so that it cannot break out of its cell."""
    return " ".join(str(text).split()).replace("|", "\\|").replace("<", "&lt;")


def _day(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // _NS, UTC).strftime("%Y-%m-%d")


def _span(span_ns: int) -> str:
    for unit_ns, name in _SPANS:
        if span_ns >= unit_ns:
            return f"{span_ns / unit_ns:g} {name}"
    return f"{span_ns} ns"

"""How signals are shown in the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.markup import escape

from tradeloop.apps.terminal import answers, table

Answer = Mapping[str, Any]
_MOST = 20


def show_listed(answer: Answer) -> None:
    """Print one line a signal."""
    rows = [
        (
            str(each["number"]),
            each["created"][5:16],
            escape(each["symbol"]),
            each["signal_type"],
            _number(each["confidence"]),
            each["state"],
            _number((each["performance"] or {}).get("net_bps"), 1),
            escape(each["model_version"]),
        )
        for each in answer["signals"]
    ]
    head = ("number", "UTC", "symbol", "", "chance", "state", "net bps")
    answers.print(table(f"{len(rows)} signals", (*head, "model"), rows))


def show_scored(answer: Answer) -> None:
    """Print one line an answer."""
    rows = []
    for each in answer["signals"]:
        signal = each["signal"]
        rows.append(
            (
                escape(signal["symbol"]),
                escape(f"{each['model']} {each['version']}"),
                signal["signal_type"],
                _number(signal["confidence"]),
                signal["status"],
                escape(signal["abstain_reason"]),
                each["stored"] or "no",
            )
        )
    head = ("symbol", "model", "", "confidence", "status", "why none", "stored")
    answers.print(table("", head, rows))
    for each in answer["signals"]:
        answers.print(each["signal"]["reasoning"], markup=False, soft_wrap=True)
    for name, why in answer["left_out"].items():
        answers.print(f"{name}: {why}", markup=False, soft_wrap=True)


def show_explained(answer: Answer) -> None:
    """Print a signal: fields, model, cause, outcome, features with what they said."""
    fields = [
        (name, escape(str(value)))
        for name, value in answer["fields"].items()
        if name != "features"
    ]
    model, cause = answer["model"], answer["cause"]
    serves = f"{model['champion'] or 'none'} serves now"
    fields += [
        ("stage of the model", f"{model['stage'] or 'not registered'}, {serves}")
    ]
    if cause is not None:
        fields += [("answers", escape(f"{cause['kind']} {cause['event_id']}"))]
    came = (answer["signal"] or {}).get("performance") or {}
    fields += [(f"outcome: {name}", str(value)) for name, value in came.items()]
    answers.print(table("", ("field", "value"), fields))
    _show_reasons(answer)
    if answer["note"]:
        answers.print(f"no reasons: {answer['note']}", markup=False, soft_wrap=True)


def _show_reasons(answer: Answer) -> None:
    occlusion, shapley = answer["occlusion"], answer["shapley"]
    rows = [
        (
            escape(name),
            _number(answer["features"].get(name), 6),
            _signed(occlusion.get(name)),
            _signed(shapley.get(name)),
        )
        for name in list({**occlusion, **shapley})[:_MOST]
    ]
    head = ("feature", "value", "lead lost without it", "Shapley value, logit")
    of = f"{len(rows)} of {len(answer['features'])} features that spoke most"
    answers.print(table(of, head, rows))


def show_figures(answer: Answer) -> None:
    """Print one line a group: how often it was right, and what that was worth."""
    names = [name.replace("_", " ") for name in answer["by"]]
    hits, worth = [], []
    for each in answer["groups"]:
        group = [escape(str(each[name])) for name in answer["by"]]
        counts = [f"{each[name]:,}" for name in ("signals", "pending", "trades")]
        right = _between(each, "hit_rate", "hit_low", "hit_high")
        hits.append((*group, *counts, right, _number(each["no_skill_hit_rate"])))
        made = _between(each, "net_bps", "net_low", "net_high")
        brier = [_number(each[name], 4) for name in ("brier", "no_skill_brier")]
        worth.append((*group, made, _number(each["no_skill_net_bps"]), *brier))
    head = (*names, "signals", "pending", "trades", "hit rate", "no skill")
    answers.print(table("how often it was right", head, hits))
    head = (*names, "net bps", "no skill", "Brier", "no skill")
    answers.print(table("what a trade made after costs, and the score", head, worth))


def show_settled(answer: Answer) -> None:
    """Print the counts."""
    answers.print(
        f"settled {answer['settled']:,}, earlier {answer['before']:,}, "
        f"pending {answer['pending']:,}"
    )
    for name, count in answer["observed"].items():
        answers.print(f"{name}: told of {count:,} signals", markup=False)


def show_experiment(answer: Answer) -> None:
    """Print where an experiment stands."""
    show_experiments({"experiments": [answer]})


def show_experiments(answer: Answer) -> None:
    """Print where each experiment stands."""
    rows = [
        (
            escape(each["name"]),
            each["kind"],
            f"{each['champion']} / {each['challenger']}",
            each["status"],
            escape(each["verdict"] or _said(each["figures"])),
        )
        for each in answer["experiments"]
    ]
    head = ("experiment", "kind", "champion / challenger", "status", "stands")
    answers.print(table(f"{len(rows)} experiments", head, rows))


def _said(figures: Answer) -> str:
    parts: Sequence[str] = [
        f"{name.replace('_', ' ')} {value:.4g}"
        if isinstance(value, float)
        else f"{name.replace('_', ' ')} {value}"
        for name, value in figures.items()
        if value is not None
    ]
    return ", ".join(parts)


def _between(each: Answer, value: str, low: str, high: str) -> str:
    if each[value] is None or each[low] is None or each[high] is None:
        return _number(each[value])
    return f"{each[value]:.3f} ({each[low]:.3f} to {each[high]:.3f})"


def _number(value: float | None, places: int = 3) -> str:
    return "" if value is None else f"{value:.{places}f}"


def _signed(value: float | None) -> str:
    return "" if value is None else f"{value:+.4f}"

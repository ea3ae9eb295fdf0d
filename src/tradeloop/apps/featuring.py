"""``tradeloop features``: what there is, what it gives, what keeps the laws."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl
from rich.markup import escape

from tradeloop.apps.settings import load
from tradeloop.apps.terminal import answers, table
from tradeloop.capture import read_events, read_market
from tradeloop.clock import LiveClock, monotonic_s
from tradeloop.errors import InputError
from tradeloop.features import Bank, FeatureChoice, compute, entries, load_features
from tradeloop.features.catalogue import GROUPS
from tradeloop.features.examine import MEANS, examine
from tradeloop.fold import Float
from tradeloop.pipelines.importance import newest_importance
from tradeloop.pipelines.keep_features import keep_features
from tradeloop.pipelines.workspace import open_workspace

_MOST_PARAMS = 8
_NO_MARKET: dict[str, Float] = {}


def listed(
    groups: Sequence[str], words: Sequence[str], files: Sequence[Path]
) -> Mapping[str, Any]:
    """Return the catalogue, one entry for each column.

    Parameters
    ----------
    groups : sequence of str
        Some of the groups; empty: all.
    words : sequence of str
        Parts of names that are looked for; empty: all.
    files : sequence of Path
        Files of the user's own features, listed too.

    Raises
    ------
    InputError
        A group is unknown, or a file holds no feature.
    """
    for group in groups:
        if group not in GROUPS:
            raise InputError(
                f"There is no group {group!r}.",
                way_out=f"Take one of {', '.join(GROUPS)}.",
                source="--group",
            )
    found = [asdict(entry) for entry in entries(groups or GROUPS)]
    for file in files:
        found += [asdict(entry) for entry in Bank(load_features(file)).catalogue()]
    kept = [e for e in found if all(word in e["name"] for word in words)]
    counts = Counter(entry["group"] for entry in kept)
    return {"count": len(kept), "groups": dict(counts), "features": kept}


def show_listed(answer: Mapping[str, Any]) -> None:
    """Print three lines a column, and the counts."""
    for each in answer["features"]:
        head = f"[bold]{escape(each['name'])}[/]  {each['group']}, {each['category']}"
        answers.print(f"{head}; {escape(each['unit'])}", soft_wrap=True)
        answers.print(f"    {escape(each['formula'])}", soft_wrap=True)
        answers.print(f"    [dim]{escape(_details(each))}[/]", soft_wrap=True)
    told = ", ".join(f"{n} {group}" for group, n in sorted(answer["groups"].items()))
    answers.print(f"{answer['count']} columns: {told}", markup=False)


def _details(entry: Mapping[str, Any]) -> str:
    params = _params(entry)
    parts = [
        f"of {', '.join(entry['inputs'])}",
        f"parameters {params}" if params else "no parameters",
        f"warm-up {entry['warm_up_rows']} rows of {entry['clock']}",
        entry["reference"],
    ]
    return "; ".join(parts)


def _params(entry: Mapping[str, Any]) -> str:
    shown = [f"{value:g}" for value in entry["params"][:_MOST_PARAMS]]
    return " ".join([*shown, *(["..."] if len(entry["params"]) > len(shown) else [])])


def markdown(answer: Mapping[str, Any]) -> str:
    """Write the catalogue as a page, one table a group."""
    lines = [
        "# Catalogue of features",
        "",
        f"{answer['count']} columns, written by `tradeloop features list --markdown`.",
        "Periods are run-time parameters: another one compiles nothing new.",
    ]
    for group in answer["groups"]:
        held = [each for each in answer["features"] if each["group"] == group]
        lines += ["", f"## {group} ({len(held)})", ""]
        lines += ["| name | formula | parameters | unit | of | warm-up | source |"]
        lines += ["|---|---|---|---|---|---|---|"]
        lines += [_line(each) for each in held]
    return "\n".join(lines) + "\n"


def _line(entry: Mapping[str, Any]) -> str:
    warm_up = f"{entry['warm_up_rows']} {entry['clock']}"
    cells = (
        f"`{entry['name']}`",
        entry["formula"],
        _params(entry),
        entry["unit"],
        ", ".join(entry["inputs"]),
        warm_up,
        entry["reference"],
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def computed(
    paths: Sequence[Path],
    choice: FeatureChoice,
    *,
    columns: Path | None,
    bar: str | None,
    out: Path,
    keep: Path | None = None,
) -> Mapping[str, Any]:
    """Compute features of market files into a Parquet file, or a feature store.

    Parameters
    ----------
    paths : sequence of Path
        Bars, or ticks that make them.
    choice : FeatureChoice
        What to compute.
    columns : Path, optional
        Column map of the user's own.
    bar : str, optional
        Bar to build from ticks.
    out : Path
        File to write.
    keep : Path, optional
        Folder of a workspace whose lake keeps them instead.

    Raises
    ------
    InputError
        A file breaks a rule or brings no bars, or ``out`` cannot be a file.
    """
    if keep is None:
        _require_place(out)
    market = read_market(list(paths), columns=columns, bar=bar)
    bank = choice.bank(market.bars, market.interval_ns)
    began_s = monotonic_s()
    found = compute(bank, market.bars)
    took_s = monotonic_s() - began_s
    if keep is None:
        found.write_parquet(out)
    else:
        out = _kept(keep, bank, found)
    known = found.select(bank.names).null_count().row(0)
    return {
        "out": str(out),
        "bars": found.height,
        "columns": len(bank.names),
        "fingerprint": bank.fingerprint,
        "warm_up_rows": bank.warm_up_rows,
        "seconds": round(took_s, 3),
        "missing_share": sum(known) / max(1, found.height * len(bank.names)),
    }


def _require_place(out: Path) -> None:
    """Make the folder of a file that is to be written, before any work."""
    wrong = "This is a folder." if out.is_dir() else ""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        wrong = f"Its folder cannot be made: {error.strerror}."
    if wrong:
        raise InputError(
            wrong,
            way_out="Give a file to write, such as features.parquet.",
            source=f"--out {out}",
        )


def _kept(folder: Path, bank: Bank, found: pl.DataFrame) -> Path:
    """Write into the feature store of a workspace; return where it lies."""
    settings = load(folder)
    places, principal = settings.places(folder), settings.acting()
    with open_workspace(places, principal, LiveClock()) as workspace:
        keep_features(workspace, bank, found)
    return places.lake / principal.tenant / "features"


def weighed(folder: Path) -> Mapping[str, Any]:
    """Return what the newest dataset of a workspace says about its features.

    Raises
    ------
    NotFoundError
        No dataset there was learned from.
    """
    settings = load(folder)
    return newest_importance(settings.places(folder), settings.acting(), LiveClock())


def show_weighed(answer: Mapping[str, Any]) -> None:
    """Print the features by importance, and those that would be dropped."""
    found, scores = answer["importance"]["columns"], answer["scores"]
    rows = [
        (
            escape(name),
            f"{each['value']:.4f}",
            f"[{each['low']:.4f}, {each['high']:.4f}]",
            f"{scores.get(name, {}).get('mutual_information', float('nan')):.4f}",
            escape(answer["dropped"].get(name, {}).get("detail", "")),
        )
        for name, each in sorted(found.items(), key=lambda pair: -pair[1]["value"])
    ]
    level = f"{answer['importance']['level']:.0%}"
    head = ("feature", "mean |SHAP|", level, "mutual information", "would be dropped")
    answers.print(table(escape(answer["dataset_id"]), head, rows))
    answers.print(
        f"{len(answer['selected'])} features say something of their own, judged on the "
        f"{answer['training_rows']:,} training rows of the first fold; recorded, not "
        "applied.",
        markup=False,
        soft_wrap=True,
    )


def show_computed(answer: Mapping[str, Any]) -> None:
    """Print what was written, and where."""
    answers.print(
        f"{answer['columns']} columns of {answer['bars']:,} bars in "
        f"{answer['seconds']:.2f} s; {answer['missing_share']:.1%} missing, warm-up "
        f"included ({answer['warm_up_rows']} rows)\n{answer['out']}",
        markup=False,
        soft_wrap=True,
    )


def checked(file: Path, market: Path | None, columns: Path | None) -> Mapping[str, Any]:
    """Try the laws on every feature of a file, on simulated and on real columns.

    Raises
    ------
    InputError
        The file holds no feature, or the market cannot be read.
    """
    raw = _NO_MARKET if market is None else _raw(market, columns)
    found = examine(load_features(file), raw)
    return {
        "file": str(file),
        "kept": all(not each.broken for each in found),
        "laws": dict(MEANS),
        "features": [asdict(each) for each in found],
    }


def _raw(market: Path, columns: Path | None) -> dict[str, Float]:
    """Return the columns of the instrument with most rows."""
    rows = read_events(market, columns=columns)[0].rows
    name = rows["instrument"].value_counts(sort=True)["instrument"][0]
    mine = rows.filter(pl.col("instrument") == name)
    return {
        column.name: column.cast(pl.Float64).to_numpy()
        for column in mine
        if column.dtype.is_numeric() and not column.null_count()
    }


def show_checked(answer: Mapping[str, Any]) -> None:
    """Print one line a feature, and each law that does not hold."""
    rows = [
        (
            escape(each["name"]),
            "[bold red]no[/]" if each["broken"] else "yes",
            f"{each['history_ns']:.1f}",
            f"{each['live_ns']:.0f}",
        )
        for each in answer["features"]
    ]
    head = ("feature", "laws hold", "history, ns a row", "live, ns an event")
    answers.print(table(escape(answer["file"]), head, rows))
    for each in answer["features"]:
        for law, wrong in each["broken"].items():
            told = f"{each['name']}: {answer['laws'][law]}\n    {wrong}"
            answers.print(told, markup=False, soft_wrap=True)

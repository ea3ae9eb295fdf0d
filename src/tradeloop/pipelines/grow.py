"""A dataset grown from an earlier version: its rows stay, new decisions are added.

Features, labels and contexts of a decision rest on what was known by the end of its
label, and a label once made does not change. So where nothing that the earlier version
rests on was corrected, its rows are those that a full build would make. Whether that is
so is not assumed: the market is read once more as the earlier version saw it, and must
be the beginning of the present one. Only the folds are cut anew, since they depend on
the number of rows.

What cannot be grown is built in full, and the reason is told.
"""

from dataclasses import replace

import polars as pl

from tradeloop.datasets import FRAMES, Dataset, Splitter, Undivided, fold_of
from tradeloop.datasets.assemble import rows_of, with_fold
from tradeloop.errors import NotFoundError, TradeloopError
from tradeloop.events import DECISION, FILL, ORDER_EVENT, DatasetType
from tradeloop.pipelines.assemble import (
    Material,
    inputs_of,
    part_of,
    recipe_with,
    sources_of,
)
from tradeloop.pipelines.browse import listed, root, stored
from tradeloop.pipelines.gather import Gathered, gather_again
from tradeloop.pipelines.keep_dataset import Earlier
from tradeloop.pipelines.recipe import Recipe, read_recipe
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.workspace import Workspace

_GROWING = (
    DatasetType.SIGNAL_GENERATION,
    DatasetType.RISK_PREDICTION,
    DatasetType.EXECUTION_OPTIMIZATION,
)


def base_for(
    workspace: Workspace, gathered: Gathered, wanted: Recipe
) -> tuple[Earlier | None, str]:
    """Find the newest version that the present inputs grow from.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    gathered : Gathered
        Present inputs.
    wanted : Recipe
        What is to be made.

    Returns
    -------
    base : Earlier or None
        None where there is no version of the same rules, or it cannot be grown.
    reason : str
        Why not.
    """
    kind = DatasetType(wanted.dataset_type)
    if kind not in _GROWING:
        return None, f"{kind} is never grown"
    for record in listed(workspace, kind):
        place = root(workspace, record)
        try:
            recipe = read_recipe(workspace, place)
        except NotFoundError:
            continue
        if _rules_of(recipe) != _rules_of(wanted):
            continue
        try:
            then = gather_again(workspace, recipe, place)
        except TradeloopError as error:
            return None, str(error)
        reason = _changed(then, gathered)
        if reason:
            return None, f"{record.dataset_id}: {reason}"
        name = record.dataset_id
        return Earlier(stored(workspace, name), name, place), ""
    return None, "no earlier version has these rules"


def _rules_of(recipe: Recipe) -> tuple[object, ...]:
    """All of a recipe but the data and the split, which is cut anew."""
    rules = {name: said for name, said in recipe.rules.items() if name != "model"}
    same = (recipe.dataset_type, recipe.horizons_ns, recipe.benchmark)
    return (*same, recipe.interval_ns, rules, recipe.features, recipe.fingerprint)


def _changed(then: Gathered, now: Gathered) -> str:
    """Say what of the earlier inputs is another now; empty where nothing is."""
    return _market_changed(then, now) or _events_changed(then, now)


def _market_changed(then: Gathered, now: Gathered) -> str:
    pairs = {
        "bars": (then.market.bars, now.market.bars, ["instrument"]),
        "quotes": (then.market.quotes, now.market.quotes, ["instrument"]),
        "series": (then.series, now.series, ["series"]),
    }
    for name, (old, new, keys) in pairs.items():
        if old is None or new is None:
            if old is not new:
                return f"there were no {name} before, or there are none now"
        elif not _begins(old, new, keys):
            return f"{name} were corrected, or came late"
    return ""


def _events_changed(then: Gathered, now: Gathered) -> str:
    mine = {DECISION: (then.decisions, now.decisions), FILL: (then.fills, now.fills)}
    for record, (old, new) in mine.items():
        kept = old.select(record.key).join(new, on=record.key, maintain_order="left")
        if not kept.select(old.columns).equals(old):
            return f"a {record.kind} of it is another one now"
    told = {FILL: (then.fills, now.fills), ORDER_EVENT: (then.orders, now.orders)}
    for record, (old, new) in told.items():
        late = new.join(old, on=record.key, how="anti")
        if late.join(then.decisions, on="decision_id", how="semi").height:
            return f"a {record.kind} of its decisions came later"
    return ""


def _begins(old: pl.DataFrame, new: pl.DataFrame, keys: list[str]) -> bool:
    """Whether ``new`` is ``old`` with rows after its last one, for each key."""
    last = old.group_by(keys).agg(last_ns=pl.col("event_ns").max())
    early = new.join(last, on=keys, how="left", maintain_order="left").filter(
        pl.col("event_ns") <= pl.col("last_ns")
    )
    return early.select(old.columns).equals(old)


def new_decisions(gathered: Gathered, base: Earlier | None) -> pl.DataFrame:
    """Return the decisions that are no rows of the base yet."""
    if base is None:
        return gathered.decisions
    known = base.dataset.decision_context.select("decision_id")
    return gathered.decisions.join(
        known, on="decision_id", how="anti", maintain_order="left"
    )


def grown(
    base: Earlier, gathered: Gathered, fresh: Material, rules: Rules, splitter: Splitter
) -> Dataset:
    """Add the rows of new decisions to those of the base, and cut the folds.

    Parameters
    ----------
    base : Earlier
        Earlier version.
    gathered : Gathered
        Present inputs.
    fresh : Material
        Features of all bars; decisions and labels of the new decisions only.
    rules : Rules
        As elsewhere.
    splitter : Splitter
        Cuts all rows.

    Returns
    -------
    Dataset
        Equal, bit by bit, to what a full build gives.

    Raises
    ------
    InputError
        A fold keeps too few rows.
    """
    whole = replace(fresh, decisions=gathered.decisions)
    inputs = inputs_of(gathered.market, whole, splitter, rules)
    frames = dict(base.dataset.frames)
    # None of the new decisions need be a row: those of before may still wait.
    alone = inputs_of(gathered.market, fresh, Undivided(), rules)
    added = rows_of(
        part_of(sources_of(gathered.market, fresh, rules)),
        recipe_with(alone, Undivided(), fresh),
    )
    frames["outcome_labels"] = frames["outcome_labels"].drop("fold")
    if added.frames:
        frames = {
            name: pl.concat([frame, added.frames[name]])
            for name, frame in frames.items()
        }
    times = frames["outcome_labels"].select("decision_ns", "decision_id")
    order = times.with_row_index().sort("decision_ns", "decision_id")["index"]
    frames = {name: frames[name][order] for name in FRAMES}
    outcomes = frames["outcome_labels"]
    splits = list(splitter.split(outcomes["decision_ns"], outcomes["end_ns"]))
    frames["outcome_labels"] = with_fold(outcomes, fold_of(outcomes.height, splits))
    return Dataset(
        dataset_type=inputs.dataset_type,
        version=inputs.version,
        manifest=inputs.manifest,
        left_out=dict(added.left_out),
        **frames,
    )

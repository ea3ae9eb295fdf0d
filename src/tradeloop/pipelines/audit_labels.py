"""How good the labels of a workspace are, and what they say beyond luck."""

from typing import Any

import polars as pl

from tradeloop.events import duration_text
from tradeloop.labels.audit import audit, stability
from tradeloop.labels.significance import significance
from tradeloop.pipelines.gather import gather
from tradeloop.pipelines.grade import Grading, by_rules, plan_of
from tradeloop.pipelines.label import label_by
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.workspace import Workspace


def audited(workspace: Workspace, asked: Grading, rules: Rules) -> dict[str, Any]:
    """Audit the labels that the rules of the workspace give; nothing is written.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    asked : Grading
        Horizons, benchmark, time.
    rules : Rules
        Bounds, costs, waits; the seed of the resamples.

    Returns
    -------
    dict
        Plain values of `tradeloop.labels.audit.LabelAudit`, and the share of labels
        that claim certainty under ``certain``.

    Raises
    ------
    NotFoundError
        No bars, or no decisions, were captured.
    """
    gathered = gather(workspace, rules, as_of_ns=asked.as_of_ns)
    market, plan = gathered.market, plan_of(None, gathered, asked, rules)
    ticks = market.quotes if market.quotes.height else None
    labels = label_by(gathered.decisions, market.bars, market.quotes, plan)
    found = audit(
        labels,
        plan=plan,
        as_of_ns=plan.known_until_ns,
        stability=stability(gathered.decisions, market.bars, ticks, plan=plan),
        seed=rules.model.seed,
    )
    inside = labels[f"inside_noise_{plan.suffixes[0]}"].drop_nulls()
    certain = (~inside).sum() / inside.len() if inside.len() else None
    return {**found.as_mapping(), "certain": certain, "horizon": plan.suffixes[0]}


def told_apart(
    workspace: Workspace, asked: Grading, rules: Rules, *, by: tuple[str, ...]
) -> dict[str, Any]:
    """Test the mean outperformance of groups of labels against 0.

    Parameters
    ----------
    workspace, asked, rules
        As in `audited`.
    by : tuple of str
        Columns that make the groups: strategy, instrument, label_rule.

    Returns
    -------
    dict
        ``groups``, ``family_p_value``, ``slices``, ``horizon``; see
        `tradeloop.labels.significance`.
    """
    gathered = gather(workspace, rules, as_of_ns=asked.as_of_ns)
    horizon = duration_text(asked.horizons(gathered)[0])
    labels = by_rules(workspace, gathered, asked, rules, settled=False)
    rows = labels.join(
        gathered.decisions.select("decision_id", "strategy"), on="decision_id"
    ).select(
        "instrument",
        "decision_ns",
        "strategy",
        "label_rule",
        end_ns=f"end_ns_{horizon}",
        outperformance_bps=f"outperformance_bps_{horizon}",
        net_bps=f"net_bps_{horizon}",
    )
    found = significance(rows, by=by, seed=rules.model.seed)
    plain = found.groups.with_columns(
        pl.selectors.float().map_batches(lambda s: s.fill_nan(None))
    )
    return {
        "horizon": horizon,
        "groups": plain.to_dicts(),
        "family_p_value": found.family_p_value,
        "slices": found.slices,
    }

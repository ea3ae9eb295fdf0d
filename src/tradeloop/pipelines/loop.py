"""The whole loop, from market data and decisions to signals, a back-test and a report.

1. `look`: features of all bars; decisions, given or made by rule strategies; labels.
   Nothing is written yet, so that bad input leaves nothing half-written.
2. `keep`: market data to the lake, decisions and fills to the journal, states settled.
3. `learn`: quality, dataset, a model per fold, the leak certificate over all of it.
4. `use`: artefacts, registry, signals, back-test.
5. `review`: the report.

A part that cannot be real is absent and says why (``left_out``); it is never pretended.
"""

from pathlib import Path
from typing import Any

from tradeloop.clock import Clock
from tradeloop.events import Principal
from tradeloop.pipelines.job import Job, Result
from tradeloop.pipelines.keep import keep
from tradeloop.pipelines.label import set_aside
from tradeloop.pipelines.learn import learn
from tradeloop.pipelines.look import look
from tradeloop.pipelines.progress import Progress, stage
from tradeloop.pipelines.review import write_report
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.summary import summary
from tradeloop.pipelines.use import use
from tradeloop.pipelines.workspace import Places, open_workspace


def run_loop(
    job: Job,
    rules: Rules,
    places: Places,
    principal: Principal,
    clock: Clock,
    *,
    out: Path,
    progress: Progress,
) -> dict[str, Any]:
    """Run the loop once.

    Parameters
    ----------
    job : Job
        Market, decisions, horizons.
    rules : Rules
        What is graded, paid and trained.
    places : Places
        Where the stores lie; absent ones are made.
    principal : Principal
        For whom, and who.
    clock : Clock
        Tells when things were recorded; no result depends on it.
    out : Path
        Folder of the report.
    progress : Progress
        Hears how far it is.

    Returns
    -------
    dict
        The summary, as plain JSON data.

    Raises
    ------
    InputError
        The input breaks a rule; nothing was written.
    BusyError
        Another process writes the journal.
    """
    looked = look(job, rules, progress)
    with open_workspace(places, principal, clock) as workspace:
        kept, looked = keep(job, looked, workspace, progress)
        learned = learn(job, looked, kept, workspace, rules, progress)
        used = use(job, learned, workspace, rules, progress)
        ledger = workspace.journal.ledger(principal)
        reasons = set_aside(workspace)
    result = Result(job, rules, looked, kept, learned, used, ledger, reasons)
    with stage(progress, "report") as told:
        report = write_report(result, out)
        told.text = str(report)
    return summary(result, folder=out, report=report)

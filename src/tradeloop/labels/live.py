"""Labels as the future arrives: the same as afterwards, each as soon as it is sure.

1. `LiveLabeller.receive` takes decisions, bars and quotes in any order and any batches.
2. `LiveLabeller.advance` says that all that was received up to a time has been handed
   in. It gives out the rows that nothing later can change any more.
3. What has no row yet is `LiveLabeller.pending`; its prices are kept, older ones go.

The law: a row given out at ``advance(t)`` equals, to the bit, the row that
`labels.apply.label` makes of everything received up to ``t``, and of everything
received later too. A row is sure when, at every horizon, the instrument's price at the
due time is known or can never be known, and the class there no longer waits. The frames
of prices are meant in the order of receipt, which decides between two bars of one
interval that become known at one instant.
"""

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.errors import InputError
from tradeloop.events import DecisionState
from tradeloop.labels.apply import label, label_schema
from tradeloop.labels.base import PENDING
from tradeloop.labels.groups import groups
from tradeloop.labels.live_state import Counts, LiveState, plan_mapping
from tradeloop.labels.live_tapes import Tapes, offered
from tradeloop.labels.live_waiting import COLUMNS, Waiting, WaitingRoom, asked
from tradeloop.labels.rules import LabelPlan
from tradeloop.labels.span import VERDICTS, Span

_BEGINNING_NS = int(np.iinfo(np.int64).min)


class LiveLabeller:
    """Labels decisions as their future arrives.

    Memory is bounded by what is pending: of each instrument the prices from its oldest
    pending decision on are kept (of the benchmark, from the oldest of all), the rows
    before it that the volatility looks back on, and the last price. A decision whose
    instrument falls silent stays pending, as it does afterwards; `pending` shows it.

    An instrument that gets its first quote after bars is read by its quotes from then
    on, as `label` does with all that is known by then; rows given out before stay.
    While the benchmark has no price at all, every decision is pending.

    Parameters
    ----------
    plan : LabelPlan
        Horizons, benchmark, bounds, costs and wait; without an as-of time.

    Raises
    ------
    InputError
        The plan has an as-of time.
    """

    def __init__(self, plan: LabelPlan) -> None:
        if plan.as_of_ns is not None:
            raise InputError(
                f"A live plan must have no as_of_ns, was {plan.as_of_ns}.",
                way_out="Leave it out: advance says how far time has come.",
                source="plan",
                column="as_of_ns",
            )
        self._plan = plan
        self._as_of_ns = self._latest_ns = _BEGINNING_NS
        self._tapes = Tapes()
        self._room = WaitingRoom(plan)
        self._received = 0
        self._given: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()

    @property
    def as_of_ns(self) -> int:
        """Until when everything is in, ns UTC; the least int64 before `advance`."""
        return self._as_of_ns

    @property
    def price_rows(self) -> int:
        """Price rows in memory."""
        return len(self._tapes)

    @property
    def counts(self) -> Counts:
        """Where all decisions stand."""
        return Counts(
            received=self._received,
            labelled=self._given[DecisionState.LABELLED.value],
            pending=len(self._room),
            censored=self._given[DecisionState.CENSORED.value],
            reasons=dict(self._reasons.most_common()),
        )

    def receive(
        self,
        *,
        decisions: pl.DataFrame | None = None,
        bars: pl.DataFrame | None = None,
        quotes: pl.DataFrame | None = None,
    ) -> None:
        """Take what was received after `as_of_ns`, in any order and any batches.

        Rows of equal times keep the order in which they are handed in. All of a call is
        taken or nothing. An id whose row was given out is not remembered: the journal
        keeps a decision from coming twice.

        Parameters
        ----------
        decisions, bars, quotes : polars.DataFrame, optional
            As in `labels.apply.label`.

        Raises
        ------
        InputError
            A column is absent or holds a null, a row was received at or before
            `as_of_ns`, a price is not finite or not above 0, a side is not +1, -1 or 0,
            or a decision of this id is pending already.
        """
        new = asked(decisions, self._room, self._as_of_ns)
        prices = offered(bars, quotes, self._as_of_ns)
        for kind, rows in prices.items():
            self._tapes.receive(kind, rows)
        for row in new.iter_rows():
            self._room.enter(Waiting(self._received, *row))
            self._received += 1
        for rows in (*prices.values(), new):
            if rows.height:
                self._latest_ns = max(
                    self._latest_ns, int(rows["received_ns"].to_numpy().max())
                )

    def advance(self, as_of_ns: int) -> pl.DataFrame:
        """Give out the rows that are sure once everything up to a time is in.

        Parameters
        ----------
        as_of_ns : int
            Nothing received at or before it will be handed in any more, ns UTC.

        Returns
        -------
        polars.DataFrame of shape (n_sure, n_columns)
            Columns of `label_schema`, in the order in which decisions were handed in;
            each decision once. Its state is labelled or censored.

        Raises
        ------
        InputError
            The time is before the one it has come to.
        """
        if as_of_ns < self._as_of_ns:
            raise InputError(
                f"Time must not go back from {self._as_of_ns}, was {as_of_ns}.",
                way_out="Advance to the same time or a later one.",
                source="as_of_ns",
            )
        self._as_of_ns = as_of_ns
        touched, turned = self._tapes.admit(as_of_ns)
        if turned:
            self._room.ask_all_again()
        found = pl.DataFrame(schema=label_schema(self._plan))
        if self._plan.benchmark is None or self._plan.benchmark in self._tapes:
            found = self._sure(
                self._room.candidates(as_of_ns, touched, self._tapes.latest_ns)
            )
        self._tapes.forget(self._room.needed_ns, as_of_ns, self._plan)
        return found

    def take(
        self,
        *,
        decisions: pl.DataFrame | None = None,
        bars: pl.DataFrame | None = None,
        quotes: pl.DataFrame | None = None,
    ) -> pl.DataFrame:
        """Receive, and advance to just before the last receipt.

        For one feed in the order of receipt. Rows of the same instant may still follow
        in the next call, so that what rests on them comes with a later one.

        Parameters
        ----------
        decisions, bars, quotes
            As in `receive`.

        Returns
        -------
        polars.DataFrame
            As `advance` returns it.

        Raises
        ------
        InputError
            As in `receive`.
        """
        self.receive(decisions=decisions, bars=bars, quotes=quotes)
        before_ns = max(self._latest_ns, _BEGINNING_NS + 1) - 1
        return self.advance(max(self._as_of_ns, before_ns))

    def pending(self) -> pl.DataFrame:
        """Tell which decisions wait, and for when.

        Returns
        -------
        polars.DataFrame of shape (n_pending, 7)
            decision_id, instrument, side, decision_ns; ``due_ns`` of the primary
            horizon; ``last_due_ns`` of the longest, after which the row is given out;
            ``overdue``: that time has passed, so it waits for a price.
        """
        decided = pl.col("received_ns")
        last_due_ns = decided + max(self._plan.horizons_ns)
        return self._room.frame().select(
            "decision_id",
            "instrument",
            "side",
            decision_ns=decided,
            due_ns=decided + self._plan.horizons_ns[0],
            last_due_ns=last_due_ns,
            overdue=last_due_ns <= self._as_of_ns,
        )

    def so_far(self) -> pl.DataFrame:
        """Label the pending decisions by what is known now; short horizons come first.

        Raises
        ------
        InputError
            The benchmark has no prices yet.
        """
        return self._label(self._room.frame())

    def state(self) -> LiveState:
        """Return all that is remembered; `restored` goes on from it."""
        about: dict[str, Any] = {
            "plan": plan_mapping(self._plan),
            "as_of_ns": self._as_of_ns,
            "latest_ns": self._latest_ns,
            "received": self._received,
            "given": dict(self._given),
            "reasons": dict(self._reasons),
        }
        return LiveState(about, self._room.frame(), *self._tapes.state())

    @classmethod
    def restored(cls, plan: LabelPlan, state: LiveState) -> "LiveLabeller":
        """Make a labeller that goes on where another one stood.

        Raises
        ------
        InputError
            The state was made under another plan.
        """
        about = state.about
        if about["plan"] != plan_mapping(plan):
            raise InputError(
                f"The state was made under another plan: {about['plan']}.",
                way_out="Give that plan, or start anew with the journal's decisions.",
                source="plan",
            )
        made = cls(plan)
        made._as_of_ns, made._latest_ns = about["as_of_ns"], about["latest_ns"]
        made._received = about["received"]
        made._given, made._reasons = Counter(about["given"]), Counter(about["reasons"])
        made._tapes = Tapes.restored(
            {"bar": state.bars, "tick": state.quotes}, state.marks, made._as_of_ns
        )
        for row in state.decisions.select("number", *COLUMNS).iter_rows():
            made._room.enter(Waiting(*row))
        return made

    def _sure(self, candidates: list[Waiting]) -> pl.DataFrame:
        """Give out the rows of those candidates that nothing can change any more."""
        rows = self._room.frame(candidates)
        sure = np.zeros(rows.height + 1, dtype=np.bool_)  # the last one is the spare
        if rows.height:
            scene = self._scene(rows)
            for group in groups(*scene, self._now):
                sure[group.rows] = np.all([_is_sure(s) for s in group.spans], axis=0)
        found = self._label(rows.filter(sure[:-1]))
        self._room.leave(found["decision_id"])
        self._given.update(found["state"])
        self._reasons.update(found["reason"].drop_nulls())
        return found

    @property
    def _now(self) -> LabelPlan:
        return replace(self._plan, as_of_ns=self._as_of_ns)

    def _label(self, decisions: pl.DataFrame) -> pl.DataFrame:
        plan = self._now
        if not decisions.height:
            return pl.DataFrame(schema=label_schema(plan))
        found = label(
            *self._scene(decisions),
            horizons_ns=plan.horizons_ns,
            benchmark=plan.benchmark,
            rule=plan.rule,
            costs=plan.costs,
            wait_ns=plan.wait_ns,
            as_of_ns=plan.as_of_ns,
        )
        return found.head(decisions.height)

    def _scene(
        self, decisions: pl.DataFrame
    ) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        """Return decisions with a spare one at their end, and the prices they need.

        `label` refuses a benchmark that is the instrument of every decision. Of all
        decisions it may be that of a few, hence the spare one on another instrument.
        """
        names = {*decisions["instrument"], self._plan.benchmark} - {None}
        longest = max(decisions["decision_id"], key=len)
        spare = pl.DataFrame(
            [(longest + "~", max(names, key=len) + "~", 0, self._as_of_ns)],
            schema=decisions.select(COLUMNS).schema,
            orient="row",
        )
        both = pl.concat([decisions.select(COLUMNS), spare])
        return (both, *self._tapes.frames(names))


def _is_sure(span: Span) -> NDArray[np.bool_]:
    """Whether nothing later can change the values at this horizon."""
    waits = np.array([each.state is DecisionState.PENDING for each in VERDICTS])
    return np.asarray((span.leg.state != PENDING) & ~waits[span.verdict])

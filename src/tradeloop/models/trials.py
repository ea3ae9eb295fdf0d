"""The trials of a search, as its journal keeps them: all that were begun."""

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tradeloop.errors import MissingExtraError, NotFoundError
from tradeloop.models.base import Floats
from tradeloop.models.spaces import Value

State = Literal["complete", "pruned", "failed", "abandoned"]
SCORES, RETURNS, REASON = "fold_scores", "returns", "reason"
"""What a trial is given on its way, beside its parameters."""


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One trial, whatever became of it.

    Parameters
    ----------
    number : int
        From 0; 0 is the defaults.
    state : {"complete", "pruned", "failed", "abandoned"}
        ``abandoned``: nobody said what became of it.
    parameters : mapping
        What was tried; part of it where the trial broke off.
    scores : tuple of float
        Mean log loss after each inner fold, nats.
    score : float or None
        That of all folds; None unless complete.
    returns_bps : ndarray of float32 of shape (n_tested,) or None
        What following it would have made, by decision; see `Payoff`.
    reason : str
        Why it failed.
    """

    number: int
    state: State
    parameters: Mapping[str, Value]
    scores: tuple[float, ...]
    score: float | None
    returns_bps: Floats | None = None
    reason: str = ""

    def as_mapping(self) -> dict[str, Any]:
        """Give it as JSON, without its returns."""
        return {
            "number": self.number,
            "state": self.state,
            "parameters": dict(self.parameters),
            "scores": list(self.scores),
            "score": self.score,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """What a search found, and all that it tried.

    Parameters
    ----------
    study : str
        Its name in the journal.
    trials : tuple of Trial
        All of them, by number.
    """

    study: str
    trials: tuple[Trial, ...]

    @property
    def best(self) -> Trial:
        """Complete trial of the lowest score; the first of equals.

        Raises
        ------
        NotFoundError
            No trial is complete.
        """
        complete = [trial for trial in self.trials if trial.score is not None]
        if not complete:
            said = next((t.reason for t in self.trials if t.reason), "none was begun")
            raise NotFoundError(
                f"No trial of {self.study!r} is complete: {said} Try more trials."
            )
        return min(complete, key=lambda trial: (trial.score, trial.number))

    @property
    def counts(self) -> Mapping[str, int]:
        """How many trials ended in each state; all of them count for the gate."""
        states: tuple[State, ...] = ("complete", "pruned", "failed", "abandoned")
        told = [trial.state for trial in self.trials]
        return {state: told.count(state) for state in states}

    def returns_bps(self) -> Floats:
        """Return what complete trials made, of shape (n_tested, n_complete)."""
        found = [t.returns_bps for t in self.trials if t.returns_bps is not None]
        return np.column_stack(found) if found else np.empty((0, 0))


def read_search(journal: Path, study: str) -> Search:
    """Read what a search tried.

    Parameters
    ----------
    journal : Path
        File of the journal.
    study : str
        Name in it.

    Raises
    ------
    NotFoundError
        There is no such journal, or no such study in it.
    """
    optuna = optuna_library()
    if not journal.is_file():
        raise NotFoundError(f"There is no journal of a search at {journal.name}.")
    try:
        found = optuna.load_study(study_name=study, storage=storage_of(journal))
    except KeyError as error:
        raise NotFoundError(
            f"There is no search {study!r} in {journal.name}."
        ) from error
    trials = found.get_trials(deepcopy=False)
    waiting = optuna.trial.TrialState.WAITING
    return Search(study, tuple(_told(each) for each in trials if each.state != waiting))


def packed(values: Floats) -> str:
    """Write returns as text, in float32."""
    return base64.b64encode(values.astype("<f4").tobytes()).decode()


def _told(trial: Any) -> Trial:
    states = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}
    state: Any = states.get(trial.state.name, "abandoned")
    text = trial.user_attrs.get(RETURNS) if state == "complete" else None
    return Trial(
        number=trial.number,
        state=state,
        parameters=dict(trial.params),
        scores=tuple(trial.user_attrs.get(SCORES, ())),
        score=float(trial.value) if state == "complete" else None,
        returns_bps=None
        if text is None
        else np.frombuffer(base64.b64decode(text), "<f4"),
        reason=str(trial.user_attrs.get(REASON, "")),
    )


def storage_of(journal: Path) -> Any:
    """Open a journal as storage of Optuna; made where it is absent."""
    storages = optuna_library().storages
    lock = storages.journal.JournalFileOpenLock(str(journal))
    _mend(journal, lock)
    backend = storages.journal.JournalFileBackend(str(journal), lock_obj=lock)
    return storages.JournalStorage(backend)


def _mend(journal: Path, lock: Any) -> None:
    """Cut off a last line that a killed process left without its end."""
    if not journal.is_file():
        return
    lock.acquire()
    try:
        content = journal.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(journal, whole)
    finally:
        lock.release()


def optuna_library() -> Any:
    """Return Optuna, which is told to be quiet.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    try:
        import optuna  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError("optuna", "models") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna

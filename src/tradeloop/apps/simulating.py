"""``tradeloop simulate``: a market with known truth, or the fit behind one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tradeloop.apps.terminal import answers
from tradeloop.clock import monotonic_s
from tradeloop.pipelines.simulate import fit_market, write_market
from tradeloop.simulation import NONE, USUAL


def simulate(
    out: Path,
    *,
    preset: str = "fx",
    days: float = 5.0,
    seed: int = 7,
    rate: float = 1.0,
    faults: bool = False,
) -> Mapping[str, Any]:
    """Write a simulated market to ``out``.

    Parameters
    ----------
    out : Path
        A new or empty folder, or one of an earlier simulation.
    preset : str
        ``fx`` or ``crypto``.
    days : float
        Length.
    seed : int
        The same seed gives the same files.
    rate : float
        Factor of the message rates.
    faults : bool
        Whether to plant duplicates, disorder, late rows, crossed quotes and gaps.

    Raises
    ------
    InputError
        A figure is out of range, or the folder is not for this.
    """
    began_s = monotonic_s()
    planted = USUAL if faults else NONE
    answer = write_market(preset, out, days=days, seed=seed, rate=rate, faults=planted)
    return {**answer, "seconds": round(monotonic_s() - began_s, 3)}


def fit(
    files: tuple[Path, ...], out: Path, *, preset: str, instrument: str | None = None
) -> Mapping[str, Any]:
    """Fit a preset to recorded files; write parameters, table and picture to ``out``.

    Raises
    ------
    InputError
        The files hold too few quotes.
    """
    command = " ".join(
        ["tradeloop simulate --preset", preset, *(f"--fit {f.name}" for f in files)]
    )
    if instrument:
        command += f" --instrument {instrument}"
    return fit_market(files, out, preset=preset, instrument=instrument, command=command)


def show(answer: Mapping[str, Any]) -> None:
    """Print what was made, and how to run the loop on it."""
    if "facts" in answer:
        _show_fit(answer)
        return
    rows = answer["rows"]
    answers.print(f"SIMULATED, not real: {answer['source']}", markup=False)
    for name in rows:
        answers.print(f"{name:<12} {rows[name]:>12,} rows", markup=False)
    best = answer["optimal_accuracy"]
    edge = answer["alpha"]
    answers.print(
        f"planted edge {edge['bps']:g} bps over {edge['horizon_s']:g} s: the best "
        f"forecast of the sign is right in {best:.2%}",
        markup=False,
        soft_wrap=True,
    )
    paths, horizon = answer["paths"], f"{edge['horizon_s']:g}s"
    words = [
        f"tradeloop run --market {paths['quotes']} --decisions {paths['decisions']}",
        f"--fills {paths['fills']} --horizons {horizon}",
    ]
    answers.print(" ".join(words), markup=False, soft_wrap=True)


def _show_fit(answer: Mapping[str, Any]) -> None:
    facts = answer["facts"]
    inside = sum(fact["inside"] for fact in facts)
    answers.print(f"{answer['instrument']}: {inside} of {len(facts)} facts inside")
    for fact in facts:
        mark = " " if fact["inside"] else "*"
        answers.print(
            f"{mark} {fact['name']:<58} {fact['real']:>10.4g}"
            f" {fact['simulated']:>10.4g}",
            markup=False,
            soft_wrap=True,
        )
    for name, path in answer["paths"].items():
        answers.print(f"{name:<10} {path}", markup=False, soft_wrap=True)

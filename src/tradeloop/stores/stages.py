"""Stages of a model's life, and which moves between them there are.

=============  ===========================================
from           to
=============  ===========================================
draft          testing, archived
testing        staging, archived
staging        canary, archived
canary         production, archived
production     archived (replaced, rolled back or withdrawn)
archived       production, by roll-back alone
=============  ===========================================
"""

from typing import Literal, get_args

from tradeloop.errors import InputError

Stage = Literal["draft", "testing", "staging", "canary", "production", "archived"]
STAGES: tuple[Stage, ...] = get_args(Stage)
MOVES: dict[Stage, tuple[Stage, ...]] = {
    "draft": ("testing", "archived"),
    "testing": ("staging", "archived"),
    "staging": ("canary", "archived"),
    "canary": ("production", "archived"),
    "production": ("archived",),
    "archived": (),
}


def check_move(model: str, before: Stage, to: str) -> Stage:
    """Refuse a move that is not in `MOVES`.

    Parameters
    ----------
    model : str
        Name and version, for the message.
    before : Stage
        Where it stands.
    to : str
        Where it is to go.

    Returns
    -------
    Stage
        ``to``.

    Raises
    ------
    InputError
        There is no such stage, or no such move.
    """
    for allowed in MOVES[before]:
        if allowed == to:
            return allowed
    if to not in STAGES:
        said = f"There is no stage {to!r}."
        raise InputError(said, way_out=f"Known: {', '.join(STAGES)}.", source="stage")
    where = f"{model} is in {before}"
    said = f"{where} already." if before == to else f"{where} and cannot go to {to}."
    ways = " or ".join(MOVES[before]) or "production again, by roll-back alone"
    raise InputError(said, way_out=f"From there it can go to {ways}.", source="stage")

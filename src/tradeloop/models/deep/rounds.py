"""How a network is trained: parameters that all of them have, and what bounds them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from tradeloop.errors import InputError
from tradeloop.models.training_rows import refuse_out_of_range

BOUNDED_ABOVE_ROWS = 20_000
_BOUNDS = {"epochs": 20, "epochs_without_held": 10, "patience": 3}
_BOUNDED_BATCH, _BOUNDED_ROWS = 64, 65_536
_HELD_SHARE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """Parameters of training.

    Parameters
    ----------
    learning_rate : float
        Of Adam; above 0.
    batch : int
        Rows of one step.
    epochs : int
        Passes at most, where held rows decide when to stop.
    epochs_without_held : int
        Passes where no rows were held back: exactly so many, at most ``epochs``. No
        rows are held back silently, for only the caller knows whose labels overlap.
    patience : int
        Passes without a lower held loss after which training stops.
    max_rows_per_epoch : int
        Rows of one pass. Where there are more, the next pass goes on with others: no
        row is seen twice before all were seen once. Of held rows a quarter as many are
        used, evenly spaced.
    dropout : float
        Share of hidden values dropped in training; at least 0, below 1.
    weight_decay : float
        Of AdamW; at least 0. A step takes ``learning_rate * weight_decay`` of a weight.
    clip : float
        Longest gradient; above 0.
    random_state : int
        Seed of first weights, order of rows and dropout.

    Raises
    ------
    InputError
        A parameter is outside its range.

    References
    ----------
    Loshchilov and Hutter, Decoupled weight decay regularization (2019); Srivastava et
    al., Dropout (2014).
    """

    learning_rate: float = 0.001
    batch: int = 32
    epochs: int = 100
    epochs_without_held: int = 20
    patience: int = 10
    max_rows_per_epoch: int = 1_000_000
    dropout: float = 0.2
    weight_decay: float = 0.01
    clip: float = 1.0
    random_state: int = 42

    def __post_init__(self) -> None:
        refuse_out_of_range(
            self,
            counts=(
                "batch",
                "epochs",
                "epochs_without_held",
                "patience",
                "max_rows_per_epoch",
            ),
            positive=("learning_rate", "clip"),
            zero_or_more=("weight_decay", "dropout", "random_state"),
        )
        if self.dropout >= 1:
            raise InputError(
                f"{type(self).__name__}.dropout must be below 1, was {self.dropout}.",
                way_out="Correct the parameter.",
            )

    @property
    def max_held_rows(self) -> int:
        """Held rows that are used, at most."""
        return -(-self.max_rows_per_epoch // _HELD_SHARE)

    def get_params(self) -> Mapping[str, Any]:
        """Return the parameters by name."""
        return asdict(self)

    def bounded(self, n_rows: int) -> Self:
        """Return the same model with a bounded effort for many rows.

        Above 20,000 rows: batches of at least 64, at most 65,536 rows a pass, at most
        20 passes (10 without held rows) and a patience of at most 3. What is smaller
        already stays. At or below 20,000 rows nothing changes.

        Parameters
        ----------
        n_rows : int
            Rows to train on.
        """
        if n_rows <= BOUNDED_ABOVE_ROWS:
            return self
        lower = {name: min(getattr(self, name), most) for name, most in _BOUNDS.items()}
        return replace(
            self,
            batch=max(self.batch, _BOUNDED_BATCH),
            max_rows_per_epoch=min(self.max_rows_per_epoch, _BOUNDED_ROWS),
            **lower,
        )

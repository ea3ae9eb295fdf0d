"""A support vector machine with a radial kernel, and its approximation for many rows.

Up to ``exact_rows`` rows, scikit-learn's SVC: three machines, one per pair of classes.
Their decision values become logits by a multinomial logistic regression (the coupling),
fitted on values of machines that had not seen the row: each class is cut into three
runs in the order of the rows, and each run is judged by machines of the other two. This
is Platt's idea, for all classes at once and without chance.

Above, the time of SVC would grow with the square of the rows. So ``n_components`` rows
are drawn as centres, nearness to them is made a scaled feature (Nystroem), and a
multinomial logistic regression is fitted on these features by L-BFGS.

References
----------
Cortes and Vapnik, Support-vector networks, 1995. Platt, Probabilistic outputs for
support vector machines, 1999. Williams and Seeger, Using the Nystroem method to speed
up kernel machines, 2001.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from tradeloop.errors import ArtefactError, InputError, MissingExtraError
from tradeloop.models.base import CLASSES, Columns, Fitted, Floats, Given, Held, Ints
from tradeloop.models.exact import scaled, softmax, write_softmax
from tradeloop.models.graph import INPUT_NAME, Graph
from tradeloop.models.kernel import ARRAYS, Kernel, nearness
from tradeloop.models.matrix import as_float32
from tradeloop.models.scaling import Scaling, fit_scaling
from tradeloop.models.softmax_regression import fit_linear
from tradeloop.models.tensors import pack, unpack
from tradeloop.models.training_rows import (
    TrainingRows,
    refuse_out_of_range,
    refuse_start,
)

_RUNS = 3
_COUPLING_STEPS = 200
_CACHE_MB = 500
_PAIRS = ((0, 1), (0, 2), (1, 2))
_SMALLEST_EIGENVALUE = 1e-6
_ROWS_AT_ONCE = 8_192
_SLOPES_AT = 200


@dataclass(frozen=True, slots=True, eq=False)
class FittedSupportVectors:
    """A fitted machine, or its approximation.

    Parameters
    ----------
    kernel : Kernel
        Centres and what each adds to the logits.
    columns : Columns
        Columns that it was fitted on.
    """

    name: ClassVar[str] = "support_vectors"
    steps: ClassVar[int] = 1

    kernel: Kernel
    columns: Columns

    def predict_proba(self, features: Given, columns: Columns | None = None) -> Floats:
        """Probability of each class; see `tradeloop.models.base.Fitted`.

        Parameters
        ----------
        features : array of shape (n_rows, n_columns), or Sequences
            A missing value counts as the median of its column; infinities are refused.
        columns : Columns, optional
            Refused if they are not those of the model.

        Returns
        -------
        ndarray of shape (n_rows, 3)
        """
        if columns is not None:
            self.columns.refuse_other(columns)
        return softmax(self.kernel.logits(as_float32(features, self.columns)))

    def to_bytes(self) -> bytes:
        """Return the arrays as safetensors."""
        return pack(self.name, self.kernel.arrays(), gamma=self.kernel.gamma)

    def to_onnx(self) -> bytes:
        """Return the model for ONNX Runtime; equal models give equal bytes."""
        graph = Graph(type(self).__name__)
        found = write_softmax(graph, self.kernel.write(graph, INPUT_NAME))
        return graph.build(found, columns=len(self.columns.names))

    def importance(self) -> Mapping[str, float]:
        """Share of the slope of the logits along each column.

        Mean size over the classes and over at most 200 of the centres, evenly taken; on
        scaled columns, so that their units do not matter.
        """
        every = max(len(self.kernel.centres) // _SLOPES_AT, 1)
        sizes = self.kernel.slopes(self.kernel.centres[::every])
        whole = float(sizes.sum()) or 1.0
        return {
            name: float(size) / whole
            for name, size in zip(self.columns.names, sizes, strict=True)
        }


@dataclass(frozen=True, slots=True)
class SupportVectors:
    """Support vector machine; parameters as in scikit-learn, where it has them.

    Parameters
    ----------
    C : float
        Inverse strength of the penalty.
    gamma : float
        Of the kernel exp(-gamma |x - y|^2) on scaled columns; 0: one over the number of
        columns and their mean variance, which is ``scale`` in scikit-learn.
    exact_rows : int
        Up to so many rows the machine itself is fitted, above it the approximation.
    n_components : int
        Centres of the approximation, at most.
    max_iter : int
        Steps of the regression of the approximation, at most.
    random_state : int
        Seed that draws the centres; the exact machine has nothing random.

    Raises
    ------
    InputError
        A parameter is outside its range.
    """

    name: ClassVar[str] = "support_vectors"
    steps: ClassVar[int] = 1

    C: float = 1.0
    gamma: float = 0.0
    exact_rows: int = 20_000
    n_components: int = 300
    max_iter: int = 200
    random_state: int = 42

    def __post_init__(self) -> None:
        refuse_out_of_range(
            self,
            counts=("n_components", "max_iter"),
            positive=("C",),
            zero_or_more=("gamma", "exact_rows", "random_state"),
        )

    def get_params(self) -> Mapping[str, Any]:
        """Return the parameters by name."""
        return asdict(self)

    def fit(
        self,
        features: Given,
        direction: ArrayLike,
        weight: ArrayLike | None = None,
        *,
        columns: Columns | None = None,
        held: Held | None = None,
        start: Fitted | None = None,
    ) -> FittedSupportVectors:
        """Fit the machine or its approximation; see `tradeloop.models.base.Model`.

        Parameters
        ----------
        features : array of shape (n_rows, n_columns), or Sequences
            A missing value counts as the median of its column.
        direction : array of int of shape (n_rows,)
            -1, 0 or +1; each at least three times.
        weight : array of shape (n_rows,), optional
            Weight of each row.
        columns : Columns, optional
            Names and bank of the columns.
        held : Held, optional
            Left unread: the minimum is exact, there is no round to stop at.
        start : Fitted, optional
            Refused: other rows would need other centres.
        """
        del held
        refuse_start(start, self.name, "new rows need centres of their own")
        rows = TrainingRows.of(features, direction, weight, columns)
        if rows.counts.min() < _RUNS:
            raise InputError(
                f"A {self.name} needs at least {_RUNS} rows of each direction, had "
                f"{dict(zip(CLASSES, rows.counts.tolist(), strict=True))}.",
                way_out="Take more rows, or another model.",
                column="direction",
            )
        scaling = fit_scaling(rows.values)
        values = scaled(scaling, rows.values)
        gamma = self.gamma or _scale(values)
        exact = len(values) <= self.exact_rows
        fit = self._machine if exact else self._approximation
        return FittedSupportVectors(fit(scaling, values, rows, gamma), rows.columns)

    def _machine(
        self, scaling: Scaling, values: Floats, rows: TrainingRows, gamma: float
    ) -> Kernel:
        classes, weight = rows.classes, rows.weight
        unseen = np.empty((len(values), len(_PAIRS)))
        run = _runs(classes)
        for number in range(_RUNS):
            judged = run == number
            machine = self._svc(
                values[~judged], classes[~judged], weight[~judged], gamma
            )
            unseen[judged] = machine.decision_function(values[judged])
        whole = self._svc(values, classes, weight, gamma)
        coupling = fit_linear(
            unseen, classes, weight, strength=1.0, most_steps=_COUPLING_STEPS
        )
        slopes = coupling.coefficients.T
        return Kernel(
            scaling,
            centres=values[whole.support_],
            gamma=gamma,
            weights=_by_pair(whole) @ slopes,
            intercept=whole.intercept_ @ slopes + coupling.intercept,
        )

    def _svc(self, values: Floats, classes: Ints, weight: Floats, gamma: float) -> Any:
        machine = _sklearn_svc()(
            C=self.C,
            gamma=gamma,
            cache_size=_CACHE_MB,
            decision_function_shape="ovo",
        )
        return machine.fit(values, classes, weight)

    def _approximation(
        self, scaling: Scaling, values: Floats, rows: TrainingRows, gamma: float
    ) -> Kernel:
        draw = np.random.default_rng(self.random_state)
        count = min(self.n_components, len(values))
        centres = values[np.sort(draw.choice(len(values), count, replace=False))]
        whitening = _whitening(nearness(centres, centres, gamma))
        told = np.empty((len(values), whitening.shape[1]), dtype=np.float32)
        for begin in range(0, len(values), _ROWS_AT_ONCE):
            some = slice(begin, begin + _ROWS_AT_ONCE)
            told[some] = nearness(values[some], centres, gamma) @ whitening
        linear = fit_linear(
            told,
            rows.classes,
            rows.weight,
            strength=self.C,
            most_steps=self.max_iter,
        )
        return Kernel(
            scaling,
            centres=centres,
            gamma=gamma,
            weights=whitening @ linear.coefficients.T,
            intercept=linear.intercept,
        )

    @classmethod
    def load(cls, content: bytes, columns: Columns) -> FittedSupportVectors:
        """Return the fitted model of ``content``.

        Raises
        ------
        ArtefactError
            No support vectors in safetensors, or of another width.
        """
        arrays, header = unpack(cls.name, content, ARRAYS)
        scaling = Scaling(arrays.pop("centre"), arrays.pop("spread"))
        gamma = header.get("gamma")
        if not isinstance(gamma, float):
            raise ArtefactError(f"The model's gamma is {gamma!r}. Train again.")
        centres = arrays.pop("centres").astype(np.float64)
        kernel = Kernel(scaling, centres, gamma, **arrays)
        kernel.refuse_broken(len(columns.names))
        return FittedSupportVectors(kernel, columns)


def _scale(values: Floats) -> float:
    """One over the number of columns and the variance of all values, as in SVC."""
    variance = float(values.var()) or 1.0
    return 1.0 / (len(values[0]) * variance)


def _runs(classes: Ints) -> Ints:
    """Cut the rows of each class into runs in their order, of shape (n_rows,)."""
    run = np.empty(len(classes), dtype=np.int64)
    for one in range(len(CLASSES)):
        mine = np.flatnonzero(classes == one)
        run[mine] = np.arange(len(mine)) * _RUNS // len(mine)
    return run


def _by_pair(machine: Any) -> Floats:
    """Weight of each support vector in the decision of each pair of classes.

    SVC keeps for each vector of class i the weights against the other classes in their
    order, so that against class j stands in row j, less one where j > i.
    """
    of_class = np.repeat(np.arange(len(CLASSES)), machine.n_support_)
    found = np.zeros((len(of_class), len(_PAIRS)))
    for pair, (one, other) in enumerate(_PAIRS):
        for mine, against in ((one, other), (other, one)):
            row = against - (against > mine)
            vectors = of_class == mine
            found[vectors, pair] = machine.dual_coef_[row, vectors]
    return found


def _whitening(near: Floats) -> Floats:
    """Matrix that makes features of unit covariance out of nearness to the centres."""
    values, vectors = np.linalg.eigh(near)
    kept = values > _SMALLEST_EIGENVALUE * values[-1]
    return np.asarray(vectors[:, kept] / np.sqrt(values[kept]))


def _sklearn_svc() -> Any:
    try:
        from sklearn.svm import SVC  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError("scikit-learn", "models") from error
    return SVC

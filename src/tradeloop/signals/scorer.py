"""One scorer for live and back-test: feature rows in, calibrated probabilities out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from numpy.typing import ArrayLike

from tradeloop.models.artefact import Artefact, Meta
from tradeloop.models.base import Columns, Floats
from tradeloop.models.calibration import Calibration
from tradeloop.models.runtime import Runtime


@dataclass(frozen=True, slots=True, eq=False)
class Scorer:
    """A model that is ready to score.

    Parameters
    ----------
    runtime : Runtime
        The weights, in ONNX Runtime.
    calibration : Calibration
        From raw to calibrated probabilities.
    meta : Meta
        What the model is.
    """

    runtime: Runtime
    calibration: Calibration
    meta: Meta

    @classmethod
    def of(cls, artefact: Artefact) -> Self:
        """Return the scorer of a model that was read and checked."""
        return cls(artefact.runtime(), artefact.calibration, artefact.meta)

    def score(
        self, features: ArrayLike, fingerprint: str, names: Sequence[str]
    ) -> Floats:
        """Calibrated probability of down, flat and up for each row.

        Many rows at once give the same bits as one at a time.

        Parameters
        ----------
        features : array of float64 of shape (n_rows, n_columns)
            NaN means missing; infinities are refused.
        fingerprint : str
            Fingerprint of the bank that computed the row.
        names : sequence of str
            Names of the columns, in order.

        Returns
        -------
        ndarray of shape (n_rows, 3)

        Raises
        ------
        ArtefactError
            Another fingerprint or other columns than those of the model.
        InputError
            Wrong shape, or an infinite value.
        """
        fitted, given = self.meta.columns, tuple(names)
        if fingerprint != fitted.fingerprint or given != fitted.names:
            fitted.refuse_other(Columns(given, fingerprint))
        return self.calibration.apply(self.runtime.predict_proba(features))

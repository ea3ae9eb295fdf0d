"""Files of networks: exports that say the same, and what is refused."""

import numpy as np
import pytest

from models.deep.histories import STEPS, echo, sequences
from tradeloop.errors import ArtefactError
from tradeloop.models.base import Columns
from tradeloop.models.deep import (
    Autoencoder,
    FittedLstm,
    FittedTransformer,
    Lstm,
    Perceptron,
    Transformer,
)
from tradeloop.models.deep.lstm import LstmNetwork
from tradeloop.models.deep.training import Progress
from tradeloop.models.deep.transformer import TransformerNetwork
from tradeloop.models.runtime import Runtime
from tradeloop.models.scaling import fit_scaling
from tradeloop.models.tensors import pack, unpack


@pytest.fixture(scope="module")
def fitted():
    values, direction = echo(1)
    return Lstm(sequence=STEPS, hidden=8, learning_rate=0.01, epochs=1).fit(
        sequences(values), direction
    )


def tampered(fitted, arrays=None, **header):
    """The same file with another array or figure."""
    names = {"centre", "spread", *fitted.kind.names()}
    found, told = unpack("lstm", fitted.to_bytes(), dict.fromkeys(names, np.float32))
    told = {k: v for k, v in told.items() if k not in ("estimator", "format")}
    return pack("lstm", {**found, **(arrays or {})}, **{**told, **header})


@pytest.mark.parametrize(
    ("arrays", "header"),
    [
        ({}, {"hidden": 9}),
        ({}, {"columns": 4}),
        ({}, {"steps": -5}),
        ({}, {"steps": 5.0}),
        ({}, {"dropout": "much"}),
        ({"recurrent": np.zeros((8, 31), np.float32)}, {}),
        ({"spread": np.zeros(6, np.float32)}, {}),
        ({"centre": np.zeros(4, np.float32)}, {}),
        ({"out": np.full((8, 3), np.nan, np.float32)}, {}),
        ({"more": np.zeros(1, np.float32)}, {}),
    ],
    ids=lambda given: "-".join(given) or "as is",
)
def test_a_file_with_something_else_in_it_is_refused(fitted, arrays, header):
    with pytest.raises(ArtefactError):
        Lstm.load(tampered(fitted, arrays, **header), fitted.columns)


def test_an_untouched_file_passes_the_same_way(fitted):
    assert Lstm.load(tampered(fitted), fitted.columns).to_bytes() == fitted.to_bytes()


@pytest.mark.parametrize("kind", [Perceptron, Transformer, Autoencoder])
def test_the_file_of_another_network_is_refused(fitted, kind):
    with pytest.raises(ArtefactError):
        kind.load(fitted.to_bytes(), fitted.columns)


@pytest.mark.parametrize(
    ("kind", "network"),
    [
        (FittedLstm, LstmNetwork(150, 50, 1, 0.2, 64)),
        (FittedTransformer, TransformerNetwork(150, 50, 1, 0.2, 32, 4, 2)),
    ],
    ids=["lstm", "transformer"],
)
def test_exports_of_the_usual_size_say_the_same(kind, network):
    """Weights of three times the usual size: steep, as after long training."""
    draw = np.random.default_rng(0)
    values = draw.standard_t(3, size=(300, 150)).astype(np.float32)
    weights = {k: np.float32(3) * v for k, v in network.start(draw).items()}
    columns = Columns.unnamed(150)
    made = kind(network, weights, fit_scaling(values), columns, Progress(1, 1))
    rows = sequences(values, 50)
    off = Runtime(made.to_onnx(), columns, 50).predict_proba(rows)
    assert np.abs(off - made.predict_proba(rows)).max() <= 1e-6

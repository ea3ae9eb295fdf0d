"""Networks in JAX: perceptron, LSTM, Transformer, and an autoencoder for patterns."""

from tradeloop.models.deep.autoencoder import (
    EMBEDDING_NAME,
    Autoencoder,
    FittedAutoencoder,
)
from tradeloop.models.deep.lstm import FittedLstm, Lstm
from tradeloop.models.deep.perceptron import FittedPerceptron, Perceptron
from tradeloop.models.deep.transformer import FittedTransformer, Transformer

__all__ = [
    "EMBEDDING_NAME",
    "Autoencoder",
    "FittedAutoencoder",
    "FittedLstm",
    "FittedPerceptron",
    "FittedTransformer",
    "Lstm",
    "Perceptron",
    "Transformer",
]

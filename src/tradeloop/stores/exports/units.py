"""Every format that a dataset can be written in, one line each."""

from collections.abc import Mapping
from types import MappingProxyType

from tradeloop.stores.exports.base import Writer
from tradeloop.stores.exports.duckdb_file import DUCKDB
from tradeloop.stores.exports.huggingface import HUGGING_FACE
from tradeloop.stores.exports.libsvm import LIBSVM
from tradeloop.stores.exports.numpy_files import ARRAYS, NUMPY
from tradeloop.stores.exports.tabular import ARROW, CSV, PARQUET

EXPORTS: Mapping[str, Writer] = MappingProxyType(
    {
        "parquet": PARQUET,
        "arrow": ARROW,
        "csv": CSV,
        "numpy": NUMPY,
        "arrays": ARRAYS,
        "libsvm": LIBSVM,
        "huggingface": HUGGING_FACE,
        "duckdb": DUCKDB,
    }
)

import json

import numpy as np
import pytest

from tradeloop.errors import InputError
from tradeloop.models import Columns, Meta
from tradeloop.models.meta import code_version, environment, input_ranges

NAMES = ("wide", "flag", "still", "empty", "holed")


@pytest.fixture
def values():
    draw = np.random.default_rng(1)
    found = np.column_stack(
        [
            draw.normal(size=1_000),
            (np.arange(1_000) < 5).astype(float),
            np.full(1_000, 7.0),
            np.full(1_000, np.nan),
            np.where(np.arange(1_000) % 2, np.nan, np.arange(1_000.0)),
        ]
    )
    return found


def test_a_range_is_the_middle_98_percent_and_half_as_much_again_on_either_side(values):
    low, high = input_ranges(values, Columns(NAMES))["wide"]
    narrow = values[:, 0].astype(np.float32).astype(float)
    first, last = np.quantile(narrow, [0.01, 0.99])
    assert (low, high) == (
        first - 0.5 * (last - first),
        last + 0.5 * (last - first),
    )


def test_a_flag_that_is_rarely_set_is_in_range_when_it_is_set(values):
    found = input_ranges(values, Columns(NAMES))
    assert found["flag"] == (0.0, 1.0)
    assert found["still"] == (7.0, 7.0)


def test_missing_values_have_no_say_and_empty_columns_no_range(values):
    found = input_ranges(values, Columns(NAMES))
    assert "empty" not in found
    assert found["holed"][0] < 0
    assert found["holed"][1] > 998
    with pytest.raises(InputError):
        input_ranges(values[:, :2], Columns(NAMES))


def test_the_environment_names_neither_host_nor_path():
    assert set(environment()) == {"python", "machine", "system"}
    assert all("/" not in value for value in environment().values())
    assert code_version()


def test_a_description_survives_its_json(meta):
    again = Meta.from_mapping(json.loads(json.dumps(meta.as_mapping())))
    assert again == meta

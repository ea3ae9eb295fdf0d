import polars as pl
import pytest

from tradeloop.errors import InputError
from tradeloop.events import ALL, BAR, DECISION, Principal


@pytest.mark.parametrize("record", ALL, ids=lambda record: record.kind)
def test_every_record_has_both_times_and_a_key_of_its_own_columns(record):
    assert {"event_ns", "received_ns"} <= set(record.schema)
    assert set(record.key) <= set(record.schema)
    assert record.empty().schema == pl.Schema(record.schema)
    assert all(column.meaning for column in record.columns)


def test_conforming_orders_casts_fills_and_drops():
    rows = pl.DataFrame(
        {
            "strange": [1],
            "side": [1],
            "decision_id": ["a"],
            "strategy": ["s"],
            "instrument": ["X"],
            "event_ns": [1],
            "received_ns": [2],
        }
    )
    found = DECISION.conform(rows)
    assert found.columns == list(DECISION.schema)
    assert found["side"].dtype == pl.Int8
    assert found["confidence_score"][0] is None


def test_conforming_without_a_required_column_gives_null_and_no_invented_value():
    assert BAR.conform(pl.DataFrame({"instrument": ["X"]}))["close"][0] is None


@pytest.mark.parametrize("name", ["", "../up", "a/b", "a.b", "ü", "a" * 65, "-x"])
def test_a_tenant_that_could_leave_its_folder_is_refused(name):
    with pytest.raises(InputError, match=r"Principal\.tenant"):
        Principal(name, "me")

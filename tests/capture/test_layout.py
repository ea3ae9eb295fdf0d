import pytest

from tradeloop.capture.choosing import choose
from tradeloop.capture.fields import FIELDS, REQUIRED, RULES
from tradeloop.capture.layout import (
    Origin,
    known_layouts,
    own_layouts,
    parse_layouts,
)
from tradeloop.capture.records import RECORDS
from tradeloop.errors import InputError

MARKET = ("bar", "quote", "trade")
BAR_COLUMNS = ["ts", "symbol", "open", "high", "low", "close"]


def plan(columns, kinds=MARKET, text=""):
    own = parse_layouts(text, source="map.toml")
    return choose(columns, kinds, source="f.csv", own=own)


def taken(columns, kinds=MARKET, text=""):
    fields = plan(columns, kinds, text).fields
    return {field: origin.columns for field, origin in fields.items()}


def complaint(columns, kinds=MARKET, text=""):
    with pytest.raises(InputError) as caught:
        plan(columns, kinds, text)
    assert caught.value.source == "f.csv"
    assert all(name in caught.value.message for name in columns)
    return caught.value


def bad_map(text):
    with pytest.raises(InputError) as caught:
        parse_layouts(text, source="map.toml")
    assert caught.value.source == "map.toml"
    return caught.value


def test_every_known_layout_can_give_all_that_its_kind_requires():
    layouts = known_layouts()
    assert {layout.kind for layout in layouts} == set(FIELDS)
    for layout in layouts:
        for group in REQUIRED[layout.kind]:
            assert any(set(choice) <= set(layout.origins) for choice in group), layout


def test_every_kind_has_a_record_and_every_required_field_exists():
    assert set(FIELDS) == set(REQUIRED) == set(RECORDS)
    for kind, groups in REQUIRED.items():
        assert {f for group in groups for choice in group for f in choice} <= set(
            FIELDS[kind]
        )


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        (BAR_COLUMNS, "bar"),
        (["Date", "Ticker", "Open", "High", "Low", "Close", "Volume"], "bar"),
        ([*BAR_COLUMNS, "bid", "ask"], "bar"),
        (["ts", "symbol", "bid", "ask"], "quote"),
        (["timestamp", "symbol", "Bid Price", "Ask-Price"], "quote"),
        (["time", "symbol", "price", "qty", "side"], "trade"),
    ],
)
def test_the_columns_tell_the_kind_of_row(columns, kind):
    assert plan(columns).kind == kind


def test_the_note_says_what_was_taken_for_what_and_what_was_left():
    note = plan([*BAR_COLUMNS, "colour"]).note([*BAR_COLUMNS, "colour"])
    assert "open_time = ts" in note
    assert note.endswith("left unread: colour")


def test_an_exact_name_goes_before_one_in_another_case():
    columns = ["ts", "symbol", "OPEN", "open", "high", "low", "close"]
    assert taken(columns)["open"] == ("open",)


def test_a_missing_column_is_named_with_its_nearest_and_all_that_was_found():
    error = complaint(["ts", "symbol", "open", "high", "low", "clse"])
    assert error.column == "close"
    assert "a bar lacks close" in error.message
    assert "Did you mean 'clse'?" in error.message
    assert "[bar]" in error.way_out


def test_a_missing_symbol_is_told_how_to_be_given():
    error = complaint(["ts", "open", "high", "low", "close"])
    assert 'symbol = { value = "SPY" }' in error.way_out
    assert "file_name = true" in error.way_out


def test_book_updates_are_not_taken_for_trades():
    error = complaint(["ts", "symbol", "price", "size", "side", "is_snapshot"])
    assert "a trade is ruled out" in error.message
    assert "is_snapshot" in error.message


def test_columns_that_make_nothing_say_what_each_kind_lacks():
    message = complaint(["ts", "symbol", "text"]).message
    assert "a bar lacks open, high, low and close" in message
    assert "a quote lacks bid and ask" in message
    assert "a trade lacks price and size" in message


def test_the_users_map_stands_over_the_known_names():
    columns = [*BAR_COLUMNS, "Last"]
    assert taken(columns, text='[bar]\nclose = "Last"')["close"] == ("Last",)
    assert taken(columns, text='[bar]\nclose = "Last"')["open"] == ("open",)


def test_a_column_that_the_user_names_is_not_taken_for_something_else_too():
    found = taken(BAR_COLUMNS, text='[bar]\nclose_time = "ts"')
    assert found["close_time"] == ("ts",)
    assert "open_time" not in found


def test_the_user_may_leave_a_field_out():
    columns = [*BAR_COLUMNS, "venue"]
    assert "venue" in taken(columns)
    assert "venue" not in taken(columns, text="[bar]\nvenue = []")


def test_a_column_of_the_users_map_that_is_not_there_is_named():
    error = complaint(BAR_COLUMNS, text='[bar]\nclose = "Close_"')
    assert error.column == "Close_"
    assert "Did you mean 'close'?" in error.message
    assert "[bar] close" in error.way_out


def test_only_the_kinds_of_the_users_map_count():
    columns = ["ts", "symbol", "bid", "ask", "price", "size"]
    assert plan(columns, text="[trade]").kind == "trade"
    assert plan(columns, text="[quote]").kind == "quote"


def test_a_map_of_one_kind_does_not_disturb_the_reading_of_another():
    text = '[fill]\nprice = "Px"\n[bar]\nclose = "Last"'
    assert plan(["ts", "symbol", "action"], ("decision",), text).kind == "decision"


def test_the_users_map_may_describe_what_the_known_layouts_rule_out():
    columns = ["ts", "symbol", "price", "size", "is_snapshot"]
    text = '[trade]\nsymbol="symbol"\nevent_time="ts"\nprice="price"\nsize="size"'
    assert plan(columns, text=text).kind == "trade"


@pytest.mark.parametrize(
    ("value", "origin"),
    [
        ('"a"', Origin(("a",))),
        ('["a", "b"]', Origin(("a", "b"))),
        ('{ parts = ["a", "b"] }', Origin(("a", "b"), joined=True)),
        ('{ parts = ["a"], prefix = "p-" }', Origin(("a",), joined=True, prefix="p-")),
        ('{ value = "X" }', Origin(value="X")),
        ("{ file_name = true }", Origin(file_name=True)),
    ],
)
def test_forms_that_a_field_can_take(value, origin):
    (layout,) = parse_layouts(f"[bar]\nsymbol = {value}", source="m")
    assert layout.origins == {"symbol": origin}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[bar", "no TOML"),
        ("[bars]", "Did you mean 'bar'?"),
        ("bar = 1", "'bar' the value 1"),
        ('[bar]\nclos = "x"', "Did you mean 'close'?"),
        ("[bar]\nclose = 3", "'close' the value 3"),
        ("[bar]\nclose = [3]", "'close' the value [3]"),
        ('[bar]\nclose = { part = ["a"] }', "'close' the value"),
        ('[bar.rules]\ntimezon = "UTC"', "Did you mean 'timezone'?"),
        ("[bar.rules]\ntimezone = 1", "'timezone' the value 1"),
        ('[bar.rules]\ninterval = "1x"', "'interval' the value '1x'"),
        ('[bar]\nrules = "UTC"', "'rules' the value 'UTC'"),
        ('[bar]\nneeds = "ts"', "'needs' the value 'ts'"),
    ],
)
def test_a_map_that_says_something_else_is_one_clear_error(text, says):
    assert says in bad_map(text).message


def test_a_map_that_cannot_be_read_is_one_clear_error(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        own_layouts(tmp_path / "none.toml")
    assert own_layouts(None) == ()


def test_every_rule_that_a_map_can_state_is_described():
    text = "\n".join(
        f"{name} = {'{}' if form is dict else chr(34) + '1h' + chr(34)}"
        for name, form in RULES.items()
    )
    (layout,) = parse_layouts("[bar.rules]\n" + text, source="m")
    assert set(layout.rules) == set(RULES)

"""JSON with one meaning: what `json.loads` guesses at is refused."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeloop.errors import InputError
from tradeloop.events.strict_json import DEPTH, TEXT_BYTES, check, loads

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
    ),
    max_leaves=12,
)


def nested(levels, opening="[", closing="]"):
    return opening * levels + closing * levels


POISON = {
    "NaN": b"[NaN]",
    "infinity": b'{"a": Infinity}',
    "minus infinity": b"-Infinity",
    "1e999": b"[1e999]",
    "-1e999": b"-1e999",
    "a float of 400 digits": b"9" * 400 + b".0",
    "2^63": b'{"n": 9223372036854775808}',
    "below -2^63": b"-9223372036854775809",
    "an integer of 5000 digits": b"9" * 5000,
    "minus 5000 digits": b"[-" + b"1" * 5000 + b"]",
    "a key twice": b'{"a": 1, "b": 2, "a": 1}',
    "a key twice, one of them escaped": b'{"a": 1, "\\u0061": 1}',
    "a key twice, deep": b'[{"x": {"y": [{"a": 1, "a": 2}]}}]',
    "wrong UTF-8": b'"\xff"',
    "overlong UTF-8": b'"\xc0\x80"',
    "a surrogate in UTF-8": b'"\xed\xa0\x80"',
    "latin-1": "é".encode("latin-1"),
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "UTF-32": '{"a": 1}'.encode("utf-32-le"),
    "a byte order mark": '\ufeff{"a": 1}'.encode(),
    "a byte order mark in text": '\ufeff{"a": 1}',
    "NUL, escaped": b'"a\\u0000b"',
    "NUL, raw": b'"a\0b"',
    "NUL in a key": b'{"\\u0000": 1}',
    "NUL after the end": b"1\0",
    "a lone surrogate": b'"\\ud800"',
    "a lone low surrogate in a key": b'{"\\uDFFF": 1}',
    "surrogates the wrong way round": b'"\\ude00\\ud83d"',
    "a lone surrogate in text": '"\ud800"',
    "100k nesting of arrays": nested(100_000),
    "100k nesting of objects": nested(100_000, '{"a":', "}").replace(":}", ":1}", 1),
    "one level too deep": nested(DEPTH + 1),
    "one level too deep, wide": "[" + "[1]," * 100 + nested(DEPTH) + "]",
    "a text of 10 MB": b'"' + b"x" * 10_000_000 + b'"',
    "a key of 2 MB": b'{"' + b"k" * 2_000_000 + b'": 1}',
    "a text one byte too long": '"' + "é" * (TEXT_BYTES // 2) + 'x"',
    "nothing": b"",
    "two documents": b"1 2",
    "a comma too many": b"[1,]",
    "single quotes": b"{'a': 1}",
    "a comment": b"1 // one",
    "a control character": b'"a\nb"',
    "a leading zero": b"01",
    "a plus": b"+1",
    "hexadecimal": b"0x10",
    "no digit after the point": b"1.",
    "cut off": b'{"a": 1',
    "digits of another script": "٣".encode(),
}


@pytest.mark.parametrize("document", POISON.values(), ids=POISON)
def test_poison_is_refused_with_the_way_out(document):
    with pytest.raises(InputError) as caught:
        loads(document)
    assert caught.value.way_out
    assert len(str(caught.value)) < 400


SOUND = {
    "1e308": (b"1e308", 1e308),
    "-1e308": (b"-1e308", -1e308),
    "1e-999 is 0": (b"1e-999", 0.0),
    "the largest int64": (b"9223372036854775807", 2**63 - 1),
    "the least int64": (b"-9223372036854775808", -(2**63)),
    "the deepest": (nested(DEPTH), None),
    "a pair of surrogates": (b'"\\ud83d\\ude00"', "😀"),
    "brackets in a text": (json.dumps("[{" * 100), "[{" * 100),
    "equal keys in two objects": (b'[{"a": 1}, {"a": 1}]', [{"a": 1}, {"a": 1}]),
    "the longest text": ('"' + "x" * TEXT_BYTES + '"', "x" * TEXT_BYTES),
    "an escaped backslash": (b'"\\\\u0000"', "\\u0000"),
    "right to left and zero width": ('"\u202eabc\u200b"', "\u202eabc\u200b"),
}


@pytest.mark.parametrize(("document", "value"), SOUND.values(), ids=SOUND)
def test_what_is_odd_but_sound_is_read(document, value):
    assert loads(document) == (json.loads(document) if value is None else value)


def test_minus_zero_keeps_its_sign():
    assert math.copysign(1, loads(b"-0.0")) == -1


@given(VALUES, st.booleans())
def test_every_sound_document_reads_as_the_standard_library_reads_it(value, escaped):
    text = json.dumps(value, ensure_ascii=escaped)
    found = loads(text)
    assert repr(found) == repr(json.loads(text))
    assert repr(loads(text.encode())) == repr(found)
    check(found)


@given(st.binary(max_size=40) | st.text(max_size=40))
def test_no_bytes_raise_anything_but_an_input_error(data):
    try:
        value = loads(data)
    except InputError:
        return
    check(value)


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        {"a": [math.inf]},
        2**63,
        pytest.param(10**5000, id="5001 digits"),
        {1: 2},
        {"\0": 1},
        ["\ud800"],
        b"bytes",
        {1, 2},
        object(),
    ],
)
def test_a_value_that_came_another_way_is_held_to_the_same_rules(value):
    with pytest.raises(InputError):
        check(value)

"""The engine: skipped rows, lanes, threads, and a cache that knows the code."""

import subprocess
import sys
from math import nan

import numpy as np
import pytest

from tradeloop.features.fingerprint import step_fingerprint
from tradeloop.fold import Kernel, compiled, inline, kernel, live_row, panel, reached
from tradeloop.fold.code import digest

SCALE = 2.0


@inline
def add(state, x):
    """Add ``x`` to the sum."""
    state[0] += x
    return state[0]


@kernel("total", "last", state=1, params=1)
def running(state, ring, params, x, y):
    """Sum of x, y at the row before."""
    old = ring[0]
    ring[0] = y
    return add(state, x * params[0]) * SCALE, old


def address(array):
    return array.__array_interface__["data"][0]


class Program:
    """A plan of one line for ``running``: inputs in columns 0 and 1, outputs after."""

    def __init__(self, step: Kernel):
        self.params, self.numbers = np.array([3.0]), np.arange(4, dtype=np.uintp)
        line = [step.scan.address, 0, address(self.params), address(self.numbers)]
        self.plan = np.array(line, np.uintp)


PROGRAM = Program(running)


def rows_of(table):
    return np.array([address(row) for row in table], np.uintp)


def history(state, table, start, stop, chunk):
    """Run rows of a table (columns, rows)."""
    bounds = np.array([start, stop])
    panel(PROGRAM.plan, state, rows_of(table), bounds, 0, 1, 0, chunk)


def table_of(rows, seed=0):
    table = np.full((4, rows), -1.0)
    table[:2] = np.random.default_rng(seed).random((2, rows))
    return table


def test_scan_gives_what_the_step_says():
    table, state = table_of(50), np.zeros((1, 8))
    history(state, table, 0, 50, 16)
    x, y = table[:2]
    np.testing.assert_allclose(table[2], np.cumsum(x * 3.0) * SCALE)
    np.testing.assert_array_equal(table[3], [0.0, *y[:-1]])
    assert state[0, 1] == y[-1]


def test_row_with_a_missing_input_is_nan_and_leaves_the_state():
    table = table_of(6)
    table[0, 2], table[1, 4] = nan, nan
    history(np.zeros((1, 8)), table, 0, 6, 4)
    kept = [0, 1, 3, 5]
    alone = np.ascontiguousarray(table_of(6)[:, kept])
    history(np.zeros((1, 8)), alone, 0, 4, 4)
    np.testing.assert_array_equal(table[2:, kept], alone[2:])
    assert np.isnan(table[2:, [2, 4]]).all()


def test_panel_of_lanes_of_different_lengths_equals_each_lane_alone():
    lengths = [5, 0, 1, 23]
    bounds = np.array([0, *np.cumsum(lengths)])
    table = table_of(bounds[-1], seed=1)
    state = np.zeros((4, 8))
    # The first output is not kept: its place is that of a scratch.
    where = rows_of(table)
    where[2] = 0
    panel(PROGRAM.plan, state, where, bounds, 0, 4, 1, 7)
    assert (table[2] == -1.0).all()
    for lane, rows in enumerate(lengths):
        alone = np.ascontiguousarray(table[:, bounds[lane] : bounds[lane + 1]])
        memory = np.zeros((1, 8))
        history(memory, alone, 0, rows, 7)
        np.testing.assert_array_equal(
            table[3, bounds[lane] : bounds[lane + 1]], alone[3]
        )
        np.testing.assert_array_equal(state[lane], memory[0])


@pytest.mark.parametrize("lanes", [1, 2, 9])
def test_one_live_call_for_many_lanes_equals_history_of_each(lanes):
    table = np.stack([table_of(5, seed=k) for k in range(lanes)], axis=2)
    state = np.zeros((lanes, 8))
    shape = np.array([lanes, 1, 64, 8, 0], np.uintp)
    for row in range(5):
        now = np.ascontiguousarray(table[:, row])
        where = rows_of(now)
        words = [address(PROGRAM.plan), 1, *map(address, (state, where, shape))]
        live_row(address(np.array(words, np.uintp)))
        table[:, row] = now
    for lane in range(lanes):
        alone, memory = table_of(5, seed=lane), np.zeros((1, 8))
        history(memory, alone, 0, 5, 2)
        np.testing.assert_array_equal(table[:, :, lane], alone)
        np.testing.assert_array_equal(state[lane], memory[0])


def test_reached_finds_functions_and_constants_of_a_step():
    functions, constants = reached(running.step)
    assert [f.__name__ for f in functions] == ["running", "add"]
    assert SCALE in constants


def module_of(folder, name, text):
    path = folder / f"{name}.py"
    path.write_text(text)
    scope = {"__name__": name}
    exec(compile(text, str(path), "exec"), scope)  # noqa: S102
    return scope


STEP = """
from tradeloop.fold import kernel, inline
FACTOR = {factor}
@inline
def shared(x):
    return x {sign} FACTOR
@kernel("value")
def step(x):
    return shared(x)
"""


def test_cache_key_follows_functions_and_constants_that_a_step_reaches(tmp_path):
    variants = [(1.0, "+"), (2.0, "+"), (1.0, "-")]
    keys = {
        digest(module_of(tmp_path, "m", STEP.format(factor=f, sign=s))["step"].step)
        for f, s in variants
    }
    assert len(keys) == len(variants)


USE = """
import numpy as np
from cached_step import step
from tradeloop.fold import panel
at = lambda array: array.__array_interface__["data"][0]
table, numbers = np.array([[1.0, 2.0], [0.0, 0.0]]), np.arange(2, dtype=np.uintp)
plan = np.array([step.scan.address, 0, at(numbers), at(numbers)], np.uintp)
where = np.array([at(row) for row in table], np.uintp)
panel(plan, np.zeros((1, 8)), where, np.array([0, 2]), 0, 1, 0, 8)
print(table[1].tolist(), step.scan.cache_hits)
"""


def test_second_process_loads_the_machine_code_of_the_first(tmp_path):
    (tmp_path / "cached_step.py").write_text(STEP.format(factor=1.0, sign="+"))
    printed = [
        subprocess.run(
            [sys.executable, "-c", USE],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for _ in range(2)
    ]
    assert printed == ["[2.0, 3.0] 0", "[2.0, 3.0] 1"]


def test_step_typed_at_a_prompt_compiles_without_a_file():
    scope = {}
    text = STEP.format(factor=1.0, sign="+")
    exec(compile(text, "<prompt>", "exec"), scope)  # noqa: S102
    assert scope["step"].scan.address


@compiled
def harmonic(n):
    total = 0.0
    for k in range(1, n + 1):
        total += 1.0 / k
    return total


def test_compiled_loop_equals_its_python_source():
    assert harmonic(1000) == harmonic.py_func(1000)


CALLEE = """
from typing import NamedTuple
import numpy as np
from tradeloop.fold import compiled
class Rules(NamedTuple):
    up: float
    down: float
TABLE = np.array([10.0, 20.0])
@compiled
def deepest(x):
    return x + 1.0
"""
BETWEEN = """
from tradeloop.fold import inline
import deep
@inline
def between(x):
    return deep.deepest(x)
"""
CALLER = """
import deep
from between import between
from deep import TABLE, Rules
from tradeloop.fold import compiled
@compiled
def outermost(x, rules):
    return between(x) + TABLE[1] + rules.up
print(outermost(1.0, Rules(100.0, 200.0)), len(outermost.stats.cache_hits))
"""
EDITS = [
    (None, "122.0 1"),
    (("x + 1.0", "x + 2.0"), "123.0 0"),
    (("20.0", "30.0"), "133.0 0"),
    (("up: float\n    down", "down: float\n    up"), "233.0 0"),
    (None, "233.0 1"),
]


def test_machine_code_of_a_caller_is_new_when_what_it_calls_is_edited(tmp_path):
    for name, text in {"deep": CALLEE, "between": BETWEEN, "caller": CALLER}.items():
        (tmp_path / f"{name}.py").write_text(text)
    callee, printed = tmp_path / "deep.py", [_run(tmp_path)]
    for edit, _ in EDITS:
        if edit is not None:
            callee.write_text(callee.read_text().replace(*edit))
        printed.append(_run(tmp_path))
    assert printed == ["122.0 0", *(expected for _, expected in EDITS)]


def _run(folder):
    # -B: Python's own cache takes an edit within one second for the same file.
    return subprocess.run(
        [sys.executable, "-B", "caller.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


@kernel("root", "twice", state=1)
def choosy(state, x, y):
    """Raise where x is negative."""
    state[0] += 1.0
    if x < 0.0:
        raise ValueError
    return x**0.5 + y, 2.0 * state[0]


def test_row_in_which_a_step_raises_is_nan_and_the_next_ones_go_on():
    table = np.full((4, 6), -1.0)
    table[0], table[1] = [1.0, 4.0, -1.0, 9.0, -2.0, 16.0], 1.0
    line = [choosy.scan.address, 0, 0, address(PROGRAM.numbers)]
    plan, bounds = np.array(line, np.uintp), np.array([0, 6])
    panel(plan, np.zeros((1, 8)), rows_of(table), bounds, 0, 1, 0, 4)
    np.testing.assert_array_equal(table[2], [2.0, 3.0, nan, 4.0, nan, 5.0])
    np.testing.assert_array_equal(table[3], [2.0, 4.0, nan, 8.0, nan, 12.0])


DEEP = """
from enum import Enum
from types import ModuleType
from typing import NamedTuple
import numpy as np
from tradeloop.fold import inline, kernel
class Kind(Enum):
    FIRST = {enum}
class Tables(NamedTuple):
    far: np.ndarray
outer = ModuleType("outer")
outer.inner = ModuleType("inner")
outer.inner.CONST = {module}
LONG = np.zeros(5_000)
LONG[2_500] = {array}
tables = Tables(LONG)
BY = {default}
@inline
def scaled(x, by=BY):
    return x * by
@kernel("value")
def step(x):
    return x + outer.inner.CONST
@kernel("value")
def kind(x):
    return x + Kind.FIRST.value
@kernel("value")
def held(x):
    return x + tables.far[0]
@kernel("value")
def default(x):
    return scaled(x)
"""
DEEP_STEPS = {"step": "module", "kind": "enum", "held": "array", "default": "default"}


@pytest.mark.parametrize(("name", "part"), DEEP_STEPS.items())
def test_hash_follows_attributes_of_attributes_and_what_tuples_hold(
    tmp_path, name, part
):
    plain = dict.fromkeys(DEEP_STEPS.values(), 1.0)

    def keys(given):
        made = module_of(tmp_path, "deep", DEEP.format(**given))[name]
        return digest(made.step), step_fingerprint(made)

    before, again, after = keys(plain), keys(plain), keys(plain | {part: 2.0})
    assert before == again
    assert before[0] != after[0]
    assert before[1] != after[1]

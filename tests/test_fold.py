"""The engine: skipped rows, lanes, threads, and a cache that knows the code."""

import subprocess
import sys
from math import nan

import numpy as np
import pytest

from tradeloop.fold import (
    Kernel,
    _digest,
    compiled,
    history,
    inline,
    kernel,
    live,
    live_parallel,
    panel,
    reached,
)

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


def program_of(step: Kernel):
    plan = np.array([[step.scan.address, 0, 0, 0, 2]], np.uintp)
    return plan, np.array([0, 1], np.uintp), np.array([3.0, 0.0])


def table_of(lanes, rows, seed=0):
    table = np.full((lanes, 4, rows), -1.0)
    table[:, :2] = np.random.default_rng(seed).random((lanes, 2, rows))
    return table


def test_scan_gives_what_the_step_says():
    table, state = table_of(1, 50), np.zeros((1, 8))
    history(program_of(running), state, table, 0, 50, 16)
    x, y = table[0, :2]
    np.testing.assert_allclose(table[0, 2], np.cumsum(x * 3.0) * SCALE)
    np.testing.assert_array_equal(table[0, 3], [0.0, *y[:-1]])
    assert state[0, 1] == y[-1]


def test_row_with_a_missing_input_is_nan_and_leaves_the_state():
    table = table_of(1, 6)
    table[0, 0, 2], table[0, 1, 4] = nan, nan
    history(program_of(running), np.zeros((1, 8)), table, 0, 6, 4)
    kept = [0, 1, 3, 5]
    alone = np.ascontiguousarray(table_of(1, 6)[:, :, kept])
    history(program_of(running), np.zeros((1, 8)), alone, 0, 4, 4)
    np.testing.assert_array_equal(table[0, 2:, kept], alone[0, 2:].T)
    assert np.isnan(table[0, 2:, [2, 4]]).all()


def test_panel_of_lanes_of_different_lengths_equals_each_lane_alone():
    lengths = [5, 0, 1, 23]
    bounds = np.array([0, *np.cumsum(lengths)])
    given = np.random.default_rng(1).random((2, bounds[-1]))
    found, state = np.empty((2, bounds[-1])), np.zeros((4, 8))
    published = np.array([3, 2])
    program = program_of(running)
    panel(program, state, given, found, bounds, published, 4, 7)
    for lane, rows in enumerate(lengths):
        alone = np.empty((1, 4, rows))
        alone[0, :2] = given[:, bounds[lane] : bounds[lane + 1]]
        memory = np.zeros((1, 8))
        history(program, memory, alone, 0, rows, 7)
        np.testing.assert_array_equal(
            found[:, bounds[lane] : bounds[lane + 1]], alone[0, [3, 2]]
        )
        np.testing.assert_array_equal(state[lane], memory[0])


@pytest.mark.parametrize("parts", [1, 2, 3, 9])
def test_live_on_threads_equals_live(parts):
    rows = np.random.default_rng(2).random((5, 4, 7))
    one, many = np.zeros((7, 8)), np.zeros((7, 8))
    program = program_of(running)
    for row in rows:
        left, right = row.copy(), row.copy()
        live(program, one, left)
        live_parallel(program, many, right, parts)
        np.testing.assert_array_equal(left, right)
    np.testing.assert_array_equal(one, many)


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
        _digest(module_of(tmp_path, "m", STEP.format(factor=f, sign=s))["step"].step)
        for f, s in variants
    }
    assert len(keys) == len(variants)


USE = """
import numpy as np
from cached_step import step
from tradeloop.fold import history
table = np.array([[[1.0, 2.0], [0.0, 0.0]]])
plan = np.array([[step.scan.address, 0, 0, 0, 1]], np.uintp)
program = (plan, np.array([0], np.uintp), np.zeros(1))
history(program, np.zeros((1, 8)), table, 0, 2, 8)
print(table[0, 1].tolist(), step.scan.cache_hits)
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

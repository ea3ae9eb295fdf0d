"""Compile a step once; run it over history, a panel or one live row.

A step is a plain function ``step([state,] [ring,] [params,] *inputs) -> outputs``. It
reads one row, changes ``state`` and ``ring``, and returns what is known after the row.

1. `kernel` names a step's outputs; `Kernel.scan` wraps it in one loop, which keeps
   ``state`` in registers down the rows of a lane (an instrument).
2. A row with a missing (NaN) input is skipped: NaN out, state as it was. So no gap
   poisons what comes later, and a feature of a feature waits for its input's warm-up.
3. The drivers `live`, `live_parallel`, `history` and `panel` walk a program and call
   scans by address, so they never recompile. The parallel ones keep Python's lock: no
   two threads enter Numba's threading layer at once.
"""

from collections.abc import Callable
from functools import cached_property
from hashlib import sha256
from inspect import signature
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.core import caching as _caching
from numba.core import cgutils as _cgutils
from numpy.typing import NDArray

Float = NDArray[np.float64]
Index = NDArray[np.uintp]
Program = tuple[Index, Index, Float]

# Numba's own types do not pass the strict checker: it is untyped from here on.
_numba: Any = numba
cgutils: Any = _cgutils
caching: Any = _caching
carray, njit, prange = _numba.carray, _numba.njit, _numba.prange
types = _numba.types
Step = Callable[..., Any]
Decorator = Callable[[Step], Any]
intrinsic: Decorator = _numba.extending.intrinsic

_LEAD = ("state", "ring", "params")
_WORD, _ZERO, _ONE = np.uint64(8), np.uint64(0), np.uint64(1)
_U, _D = types.uintp, types.CPointer(types.float64)
_SCAN = types.void(_U, _U, _D, _U, _D, _D, types.CPointer(_U), _U, _U, _U, _U)
_ROOT = (numba.__version__ + Path(__file__).read_text(encoding="utf-8")).encode()

_SOURCE = """\
def scan(lanes, rows, state_at, state_step, params_at, table_at, columns_at, first,
         column_step, lane_step, row_step):
    states, table = carray(state_at, 1 << 40), carray(table_at, 1 << 40)
    constants, columns = carray(params_at, 1 << 40), carray(columns_at, 1 << 40)
    params = ({params})
    state = carray(stack(SIZE), SIZE)
    for lane in range(lanes):
        home = lane * state_step
        ring = states[home + U[{size}]:]
        for k in range(U[{size}]):
            state[k] = states[home + k]
        to = lane * lane_step + first * column_step
{bases}
        for row in range(rows):
            at = row * row_step
{reads}
            if {known}:
                {results} = step({arguments})
            else:
                {results} = {missing}
{stores}
        for k in range(U[{size}]):
            states[home + k] = state[k]
"""

# For functions that steps share; arguments known at compile time are folded in.
inline: Decorator = njit(forceinline=True, error_model="numpy")


@intrinsic
def stack(_context: Any, size: Any) -> Any:
    """Reserve ``size`` floats, a literal, on the stack: they become registers."""
    if not isinstance(size, types.IntegerLiteral):
        return None  # Numba asks again with the literal

    def build(_context: Any, builder: Any, _signature: Any, _arguments: Any) -> Any:
        return cgutils.alloca_once(builder, ir.DoubleType(), max(1, size.literal_value))

    return _D(size), build


def _codes(code: CodeType) -> list[CodeType]:
    """List a function's code and the codes of the comprehensions in it."""
    inner = [part for part in code.co_consts if isinstance(part, CodeType)]
    return [code, *(found for part in inner for found in _codes(part))]


def _read(function: FunctionType) -> list[Any]:
    """List the values that a function finds by name, or that it was closed over."""
    names = [n for code in _codes(function.__code__) for n in code.co_names]
    found = [function.__globals__.get(name) for name in names]
    modules = [value for value in found if isinstance(value, ModuleType)]
    found += [getattr(m, name, None) for m in modules for name in names]
    return found + [cell.cell_contents for cell in function.__closure__ or ()]


def reached(step: Step) -> tuple[list[FunctionType], list[Any]]:
    """List the functions that ``step`` runs, itself first, and the constants read."""
    functions: list[FunctionType] = []
    constants: list[Any] = []
    todo: list[Any] = [step]
    while todo:
        function = todo.pop()
        function = getattr(function, "py_func", function)
        if function in functions:
            continue
        functions.append(function)
        for value in _read(function):
            if isinstance(value, FunctionType) or hasattr(value, "py_func"):
                todo.append(value)
            elif isinstance(value, int | float | tuple):
                constants.append(value)
    return functions, constants


def _digest(step: Step) -> str:
    """Hash all the code that a step runs: Numba's cache only watches one file."""
    functions, constants = reached(step)
    read: list[Any] = [constants]
    for function in functions:
        for code in _codes(function.__code__):
            plain = [part for part in code.co_consts if not isinstance(part, CodeType)]
            read.append((code.co_code, plain, code.co_names, code.co_varnames))
        values = _read(function)
        read += [function.__defaults__, *(v for v in values if isinstance(v, str))]
        arrays = [v for v in values if isinstance(v, np.ndarray | np.generic)]
        read += [(a.dtype.descr, a.shape, sha256(a.tobytes()).digest()) for a in arrays]
    return sha256(_ROOT + repr(read).encode()).hexdigest()[:12]


class Kernel:
    """A step, its shape, and the address of its scan.

    Parameters
    ----------
    step : callable
        ``step([state,] [ring,] [params,] *inputs)``; it must not raise, and ``state``
        takes constant indices only.
    outputs : tuple of str
        Names of what the step returns.
    state, params : int
        Counts of floats.
    """

    def __init__(
        self, step: Step, outputs: tuple[str, ...], state: int, params: int
    ) -> None:
        names = tuple(signature(step).parameters)
        self.step, self.name, self.outputs = step, step.__name__, outputs
        self.n_state, self.n_params = state, params
        self.lead = tuple(name for name in names if name in _LEAD)
        self.inputs = names[len(self.lead) :]

    def _source(self) -> str:
        reads, writes = range(len(self.inputs)), range(len(self.outputs))
        base = "        from{0} = lane * lane_step + columns[U[{0}]] * column_step"
        store = "            table[to + U[{0}] * column_step + at] = y{0}"
        return _SOURCE.format(
            size=self.n_state,
            params="".join(f"constants[{j}], " for j in range(self.n_params)),
            bases="\n".join(base.format(j) for j in reads),
            reads="\n".join(f"            x{j} = table[from{j} + at]" for j in reads),
            known=" and ".join(f"x{j} == x{j}" for j in reads),
            arguments=", ".join([*self.lead, *(f"x{j}" for j in reads)]),
            missing=", ".join("NAN" for _ in writes),
            results=", ".join(f"y{j}" for j in writes),
            stores="\n".join(store.format(j) for j in writes),
        )

    @cached_property
    def scan(self) -> Any:
        """Compile, or load from Numba's cache, under the step's own file."""
        wrappers = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
        step = njit(forceinline=True, error_model="numpy", **wrappers)(self.step)
        width = 1 + max(self.n_state, len(self.inputs), len(self.outputs))
        words = tuple(np.uint64(j) for j in range(width))
        scope: dict[str, Any] = {"stack": stack, "carray": carray, "NAN": np.nan}
        scope |= {"step": step, "SIZE": self.n_state, "U": words}
        scope["__name__"] = self.step.__module__
        source = compile(self._source(), self.step.__code__.co_filename, "exec")
        exec(source, scope)  # noqa: S102
        scan = scope["scan"]
        scan.__qualname__ = f"{self.name}_{_digest(self.step)}"
        # A step typed at a prompt has no file to cache beside.
        saved = Path(source.co_filename).is_file()
        return _numba.cfunc(_SCAN, cache=saved, error_model="numpy")(scan)


def kernel(*outputs: str, state: int = 0, params: int = 0) -> Callable[[Step], Kernel]:
    """Make a kernel of a step with these outputs and counts of state and params."""
    return lambda step: Kernel(step, outputs, state, params)


@intrinsic
def _call(_context: Any, address: Any, arguments: Any) -> Any:
    """Call the scan at ``address`` with a tuple of eleven unsigned integers."""

    def build(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        kinds = [context.get_value_type(kind) for kind in _SCAN.args]
        target = ir.FunctionType(ir.VoidType(), kinds).as_pointer()
        ready = cgutils.unpack_tuple(builder, values[1])
        for k, kind in enumerate(kinds):
            if isinstance(kind, ir.PointerType):
                ready[k] = builder.inttoptr(ready[k], kind)
        builder.call(builder.inttoptr(values[0], target), ready)
        return context.get_dummy_value()

    return types.void(address, arguments), build


_PROGRAM = types.Tuple((_U[:, ::1], _U[::1], types.float64[::1]))
_N, _F2, _F3 = types.intp, types.float64[:, ::1], types.float64[:, :, ::1]


def _driver(*arguments: Any, **options: bool) -> Decorator:
    """Compile at import, or load from the cache, for these types of arguments."""
    return njit(types.void(_PROGRAM, _F2, *arguments), cache=True, **options)  # type: ignore[no-any-return]


@inline
def _walk(
    program: Program, state: int, n_state: int, table: int, shape: Any, steps: Any
) -> None:
    """Run each scan once; ``shape`` is lanes, rows; ``steps`` column, lane, row."""
    plan, columns, params = program
    constants, sources = np.uint64(params.ctypes.data), np.uint64(columns.ctypes.data)
    for k in range(plan.shape[0]):
        home, given = state + _WORD * plan[k, 1], constants + _WORD * plan[k, 2]
        index = sources + _WORD * plan[k, 3]
        where = (home, n_state, given, table, index, plan[k, 4])
        _call(plan[k, 0], shape + where + steps)


@inline
def _advance(program: Program, state: Float, table: Float, first: int, n: int) -> None:
    lanes, n_state = np.uint64(table.shape[1]), np.uint64(state.shape[1])
    at = np.uint64(table.ctypes.data) + _WORD * np.uint64(first)
    home = np.uint64(state.ctypes.data) + _WORD * n_state * np.uint64(first)
    _walk(program, home, n_state, at, (np.uint64(n), _ONE), (lanes, _ONE, _ZERO))


@_driver(_F2, nogil=True)
def live(program: Program, state: Float, table: Float) -> None:
    """Advance every lane by one row; ``table`` is (columns, lanes)."""
    _advance(program, state, table, 0, table.shape[1])


@_driver(_F2, _N, parallel=True)
def live_parallel(program: Program, state: Float, table: Float, parts: int) -> None:
    """`live` with the lanes shared out over threads."""
    for part in prange(parts):
        begin = table.shape[1] * part // parts
        end = table.shape[1] * (part + 1) // parts
        _advance(program, state, table, begin, end - begin)


@_driver(_F3, _N, _N, _N, parallel=True)
def history(
    program: Program, state: Float, table: Float, start: int, stop: int, chunk: int
) -> None:
    """Run rows [start, stop) of ``table`` (lanes, columns, rows), lanes in parallel."""
    for lane in prange(table.shape[0]):
        n_state, column = np.uint64(state.shape[1]), np.uint64(table.shape[2])
        base = _WORD * np.uint64(lane * table.shape[1]) * column
        base += np.uint64(table.ctypes.data)
        home = np.uint64(state.ctypes.data) + _WORD * n_state * np.uint64(lane)
        for first in range(start, stop, chunk):
            rows = np.uint64(min(chunk, stop - first))
            at = base + _WORD * np.uint64(first)
            _walk(program, home, n_state, at, (_ONE, rows), (column, _ZERO, _ONE))


@_driver(_F2, _F2, _N[::1], _N[::1], _N, _N, parallel=True)
def panel(
    program: Program,
    state: Float,
    given: Float,
    found: Float,
    bounds: Any,
    published: Any,
    width: int,
    chunk: int,
) -> None:
    """Run lanes of different lengths, lanes in parallel, nodes in a small scratch.

    ``given`` (inputs, rows) and ``found`` (published, rows) hold lane ``k`` in rows
    ``bounds[k]:bounds[k + 1]``. ``width`` counts the columns of the program,
    ``published`` says which of them go to ``found``.
    """
    for lane in prange(state.shape[0]):
        n_state, column = np.uint64(state.shape[1]), np.uint64(chunk)
        home = np.uint64(state.ctypes.data) + _WORD * n_state * np.uint64(lane)
        scratch = np.empty((width, chunk))
        at, steps = np.uint64(scratch.ctypes.data), (column, _ZERO, _ONE)
        for first in range(bounds[lane], bounds[lane + 1], chunk):
            n = min(chunk, bounds[lane + 1] - first)
            for k in range(given.shape[0]):
                scratch[k, :n] = given[k, first : first + n]
            _walk(program, home, n_state, at, (_ONE, np.uint64(n)), steps)
            for k in range(published.shape[0]):
                found[k, first : first + n] = scratch[published[k], :n]


class _Cache(caching.FunctionCache):  # type: ignore[misc]  # Numba is untyped
    """Machine code of a function, thrown away when any code that it runs changes.

    The hash is of what this process runs, not of the files, which may be newer; and it
    is taken at the first call, when all that the function calls is there.
    """

    _followed = False

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Load what the same code was compiled to before, or None."""
        if not self._followed:
            file = self._cache_file
            stamp = (file._source_stamp, _digest(self._py_func))  # noqa: SLF001
            file._source_stamp, self._followed = stamp, True  # noqa: SLF001
        return super().load_overload(sig, target_context)

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        """Tell named tuples by their fields too: Numba names only their class."""
        kinds = [getattr(k, "instance_class", None) for k in getattr(sig, "args", sig)]
        fields = tuple(getattr(kind, "_fields", ()) for kind in kinds)
        return *super()._index_key(sig, codegen), fields


def compiled(function: Step) -> Any:
    """Compile a loop that is no feature: windows, barriers, matching.

    Fast maths and contraction stay off; machine code is cached on disk, and compiled
    anew when a function or constant that it uses, in any module, is another; the
    function must not raise. Its Python source stays at ``.py_func``.
    """
    loop = njit(nogil=True, error_model="numpy")(function)
    loop._cache = _Cache(function)  # noqa: SLF001 - Numba has no other way in
    return loop

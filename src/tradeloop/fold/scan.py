"""The loop around a step, written as machine code's own language.

Numba's front end would take longer for this loop than for most steps, and the loop is
the same for all; so it is emitted directly, and only the step goes through Numba.

A scan takes four addresses:

- ``line`` of the plan: address of the scan, bytes to its state, address of its params,
  address of the numbers of its columns (inputs, then outputs);
- ``state`` of the first lane;
- ``where``: the address of each column's first value;
- ``shape``: lanes, rows, and the bytes from lane to lane of the state, from lane to
  lane of a column and from row to row.
"""

from collections.abc import Callable
from math import nan
from typing import Any

import numba
from llvmlite import ir
from numba.core import cgutils as _cgutils
from numba.np import arrayobj as _arrayobj

from tradeloop.errors import InputError

# Numba's own types do not pass the strict checker: it is untyped from here on.
_numba: Any = numba
cgutils: Any = _cgutils
arrayobj: Any = _arrayobj
types = _numba.types
intrinsic: Callable[[Callable[..., Any]], Any] = _numba.extending.intrinsic

WORD = types.uintp
SCAN = types.void(WORD, WORD, WORD, WORD)
_FLOATS = types.Array(types.float64, 1, "C")
_DOUBLE, _INT = ir.DoubleType(), ir.IntType(64)
_CHARS = ir.IntType(8).as_pointer()
_BYTES = 8


class _Writer:
    """Short names for what the loop is made of."""

    def __init__(self, context: Any, builder: Any) -> None:
        self.context, self.builder = context, builder

    def word(self, address: Any, place: int = 0) -> Any:
        at = self.builder.add(address, _INT(_BYTES * place)) if place else address
        return self.builder.load(self.builder.inttoptr(at, _INT.as_pointer()))

    def floats(self, address: Any) -> Any:
        return self.builder.inttoptr(address, _DOUBLE.as_pointer())

    def further(self, pointer: Any, count: Any, step: Any) -> Any:
        """Move a pointer by ``count`` times ``step`` bytes."""
        plain = self.builder.bitcast(pointer, _CHARS)
        moved = self.builder.gep(plain, [self.builder.mul(count, step)])
        return self.builder.bitcast(moved, _DOUBLE.as_pointer())

    def array(self, data: Any) -> Any:
        """Make a Numba array without a known end at ``data``."""
        made = arrayobj.make_array(_FLOATS)(self.context, self.builder)
        size, item = _INT(1 << 40), _INT(_BYTES)
        arrayobj.populate_array(made, data, [size], [item], item, None)
        return made._getvalue()  # noqa: SLF001 - Numba's own way

    def copy(self, source: Any, target: Any, count: int) -> None:
        for k in range(count):
            place = [_INT(k)]
            value = self.builder.load(self.builder.gep(source, place))
            self.builder.store(value, self.builder.gep(target, place))


def emit(kernel: Any, step: Any) -> Any:
    """Make the intrinsic ``run(line, state, where, shape)`` of a kernel."""
    reads, writes = len(kernel.inputs), len(kernel.outputs)
    lead = {
        "state": _FLOATS,
        "ring": _FLOATS,
        "params": types.UniTuple(types.float64, kernel.n_params),
    }
    given = [lead[name] for name in kernel.lead] + [types.float64] * reads

    @intrinsic
    def run(typing: Any, _line: Any, _state: Any, _where: Any, _shape: Any) -> Any:
        callee = types.Dispatcher(step)
        signature = typing.resolve_function_type(callee, tuple(given), {})
        _require_floats(kernel, signature.return_type)

        def build(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
            write = _Writer(context, builder)
            call = _caller(write, step.get_compile_result(signature))
            _loops(write, kernel, call, args, (reads, writes))
            return context.get_dummy_value()

        return SCAN, build

    return run


def _require_floats(kernel: Any, kind: Any) -> None:
    """Refuse a step that returns something else than its outputs: memory stays unset.

    Raises
    ------
    InputError
        It may return None, another count of values, or no numbers.
    """
    kinds = list(kind) if isinstance(kind, types.BaseTuple) else [kind]
    numbers = all(isinstance(k, types.Number | types.Boolean) for k in kinds)
    if not numbers or len(kinds) != len(kernel.outputs):
        raise InputError(
            f"The step {kernel.name!r} must return {len(kernel.outputs)} numbers in "
            f"every case, returns {kind}.",
            way_out="Return a number for each output on every path; NaN is missing.",
            source=kernel.name,
        )


def _caller(write: _Writer, compiled: Any) -> Callable[..., list[Any]]:
    """Return a call of the step that gives its outputs as doubles, NaN if it raises."""
    context, builder, kind = write.context, write.builder, compiled.fndesc.restype
    context.add_linking_libs([compiled.library])
    function = context.declare_function(builder.module, compiled.fndesc)

    def call(arguments: list[Any]) -> list[Any]:
        # Numba's own call would leave the loop, and the rows after it unset.
        status, result = context.call_conv.call_function(
            builder, function, kind, compiled.fndesc.argtypes, arguments
        )
        if not isinstance(kind, types.BaseTuple):
            parts = [(result, kind)]
        else:
            values = cgutils.unpack_tuple(builder, result)
            parts = list(zip(values, kind, strict=True))
        return [
            builder.select(
                status.is_error,
                _DOUBLE(nan),
                context.cast(builder, value, each, types.float64),
            )
            for value, each in parts
        ]

    return call


def _loops(
    write: _Writer, kernel: Any, call: Any, args: Any, counts: tuple[int, int]
) -> None:
    builder, (line, state, where, shape) = write.builder, args
    home = write.floats(builder.add(state, write.word(line, 1)))
    params, numbers = write.floats(write.word(line, 2)), write.word(line, 3)
    lanes, rows, state_step, lane_step, row_step = (
        write.word(shape, k) for k in range(5)
    )
    columns = [
        write.floats(_column(write, where, numbers, j)) for j in range(sum(counts))
    ]
    constants = [
        builder.load(builder.gep(params, [_INT(j)])) for j in range(kernel.n_params)
    ]
    size = kernel.n_state
    memory = cgutils.alloca_once(builder, _DOUBLE, max(1, size))
    with cgutils.for_range(builder, lanes) as lane:
        kept = write.further(home, lane.index, state_step)
        write.copy(kept, memory, size)
        ring = builder.gep(kept, [_INT(size)])
        lead = {"state": write.array(memory), "ring": write.array(ring)}
        if kernel.n_params:
            lead["params"] = cgutils.pack_array(builder, constants)
        first = [write.further(c, lane.index, lane_step) for c in columns]
        with cgutils.for_range(builder, rows) as row:
            at = [write.further(c, row.index, row_step) for c in first]
            _row(write, [lead[n] for n in kernel.lead], call, at, counts)
        write.copy(memory, kept, size)


def _column(write: _Writer, where: Any, numbers: Any, place: int) -> Any:
    """Address of a column of the kernel, by its number in the bank."""
    number = write.builder.mul(write.word(numbers, place), _INT(_BYTES))
    return write.word(write.builder.add(where, number))


def _row(write: _Writer, lead: list[Any], call: Any, at: Any, counts: Any) -> None:
    """Run the step where all its inputs are there; else every output is NaN.

    As where it raises; what it wrote to its memory until then stays.
    """
    builder, (reads, writes) = write.builder, counts
    values = [builder.load(each) for each in at[:reads]]
    known = ir.Constant(ir.IntType(1), 1)
    for left, right in zip(values[::2], values[1::2] + values[-1:], strict=False):
        known = builder.and_(known, builder.fcmp_ordered("ord", left, right))
    with builder.if_else(known) as (there, missing):
        with there:
            found, block = call([*lead, *values]), builder.basic_block
        with missing:
            other = builder.basic_block
    merged = [builder.phi(_DOUBLE) for _ in range(writes)]
    for k, value in enumerate(merged):
        value.add_incoming(found[k], block)
        value.add_incoming(_DOUBLE(nan), other)
    for k, value in enumerate(merged):
        builder.store(value, at[reads + k])


@intrinsic
def call_scan(_typing: Any, _line: Any, _state: Any, _where: Any, _shape: Any) -> Any:
    """Call the scan that a line of the plan names."""

    def build(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        target = ir.FunctionType(ir.VoidType(), [_INT] * 4).as_pointer()
        address = _Writer(context, builder).word(args[0])
        builder.call(builder.inttoptr(address, target), args)
        return context.get_dummy_value()

    return SCAN, build


@intrinsic
def word_at(_typing: Any, _address: Any) -> Any:
    """Read the unsigned integer at an address."""

    def build(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return _Writer(context, builder).word(args[0])

    return WORD(WORD), build

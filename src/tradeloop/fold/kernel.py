"""A kernel: a step, its shape, and the address of its scan."""

from collections.abc import Callable
from functools import cached_property
from inspect import signature
from pathlib import Path
from typing import Any

from tradeloop.errors import InputError
from tradeloop.fold.code import Step, digest
from tradeloop.fold.scan import SCAN, emit
from tradeloop.fold.scan import _numba as numba

_LEAD = ("state", "ring", "params")
_WRAPPERS = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
_SOURCE = """\
def scan(line, state, where, shape):
    run(line, state, where, shape)
"""

# For functions that steps share; arguments known at compile time are folded in.
inline: Callable[[Step], Any] = numba.njit(forceinline=True, error_model="numpy")


class Kernel:
    """A step, its shape, and the address of its scan.

    Parameters
    ----------
    step : callable
        ``step([state,] [ring,] [params,] *inputs)``; ``state`` takes constant indices
        only. In a row in which it raises all its outputs are NaN; it should not, as
        what it wrote to its memory until then stays.
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
        if set(self.inputs) & set(_LEAD):
            raise InputError(
                f"The step {self.name!r} must take {', '.join(_LEAD)} before its "
                f"inputs, takes {', '.join(names)}.",
                way_out="Put them first, in any order.",
                source=self.name,
            )

    @cached_property
    def scan(self) -> Any:
        """Compile, or load from Numba's cache, under the step's own file."""
        step = numba.njit(forceinline=True, error_model="numpy", **_WRAPPERS)(self.step)
        scope: dict[str, Any] = {"run": emit(self, step)}
        scope["__name__"] = self.step.__module__
        source = compile(_SOURCE, self.step.__code__.co_filename, "exec")
        exec(source, scope)  # noqa: S102
        scan = scope["scan"]
        scan.__qualname__ = f"{self.name}_{digest(self.step)}"
        # A step typed at a prompt has no file to cache beside.
        saved = Path(source.co_filename).is_file()
        return numba.cfunc(SCAN, cache=saved, error_model="numpy")(scan)


def kernel(*outputs: str, state: int = 0, params: int = 0) -> Callable[[Step], Kernel]:
    """Make a kernel of a step with these outputs and counts of state and params."""
    return lambda step: Kernel(step, outputs, state, params)

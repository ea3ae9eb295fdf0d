"""Compiled loops that are no feature: windows, barriers, matching."""

from typing import Any

from numba.core import caching as _caching

from tradeloop.fold.code import Step, digest
from tradeloop.fold.scan import _numba as numba

caching: Any = _caching


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
            stamp = (file._source_stamp, digest(self._py_func))  # noqa: SLF001
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
    loop = numba.njit(nogil=True, error_model="numpy")(function)
    loop._cache = _Cache(function)  # noqa: SLF001 - Numba has no other way in
    return loop

"""The code that a step runs: what it reaches, and a hash of it for the cache."""

from collections.abc import Callable
from enum import Enum, EnumType
from hashlib import sha256
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numba
import numpy as np

Step = Callable[..., Any]

_OWN = ("scan.py", "kernel.py")
_TEXTS = [(Path(__file__).parent / name).read_text(encoding="utf-8") for name in _OWN]
ROOT = sha256("".join([numba.__version__, *_TEXTS]).encode()).hexdigest()[:12]
"""What all machine code here depends on: Numba, and how this package writes loops."""


def _codes(code: CodeType) -> list[CodeType]:
    """List a function's code and the codes of the comprehensions in it."""
    inner = [part for part in code.co_consts if isinstance(part, CodeType)]
    return [code, *(found for part in inner for found in _codes(part))]


def _read(function: FunctionType) -> list[Any]:
    """List the values that a function finds by name, was closed over, or defaults to.

    Bytecode keeps the names of ``module.part.NAME`` apart, so each name is looked up in
    each module and enumeration that was found, however deep: rather a value too many.
    """
    names = [n for code in _codes(function.__code__) for n in code.co_names]
    found = [function.__globals__.get(name) for name in names]
    found += [cell.cell_contents for cell in function.__closure__ or ()]
    found += [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    seen: set[int] = set()
    for value in found:  # which grows meanwhile
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, ModuleType | EnumType):
            found += [getattr(value, name, None) for name in names]
        elif isinstance(value, tuple):
            found += value
    return found


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
            elif isinstance(value, int | float | complex | tuple | Enum):
                constants.append(value)
    return functions, constants


def arrays_of(function: FunctionType) -> list[str]:
    """Name the arrays that a function reads by what they hold."""
    held = [v for v in _read(function) if isinstance(v, np.ndarray | np.generic)]
    return [
        f"{a.dtype.str}{a.shape}{sha256(np.ascontiguousarray(a).tobytes()).hexdigest()}"
        for a in held
    ]


def digest(step: Step) -> str:
    """Hash all the code that a step runs: Numba's cache only watches one file."""
    functions, constants = reached(step)
    read: list[Any] = [constants]
    for function in functions:
        for code in _codes(function.__code__):
            plain = [part for part in code.co_consts if not isinstance(part, CodeType)]
            read.append((code.co_code, plain, code.co_names, code.co_varnames))
        values = _read(function)
        read += [function.__defaults__, *(v for v in values if isinstance(v, str))]
        read += arrays_of(function)
    return sha256((ROOT + repr(read)).encode()).hexdigest()[:12]

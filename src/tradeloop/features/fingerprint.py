"""Fingerprint of a step: the same on every machine while its code says the same."""

import ast
from functools import cache
from hashlib import sha256
from inspect import getsource
from textwrap import dedent
from types import FunctionType

from tradeloop.fold import Kernel, arrays_of, reached


def _text(function: FunctionType) -> str:
    """Source without decorators, types and documentation: they change no value."""
    try:
        tree = ast.parse(dedent(getsource(function)))
    except (OSError, SyntaxError):  # typed at a prompt, or part of a longer line
        code = function.__code__
        return repr((code.co_code, code.co_consts, code.co_names))
    found = tree.body[0]
    if not isinstance(found, ast.FunctionDef):
        return ast.unparse(tree)
    found.decorator_list, found.returns = [], None
    for argument in found.args.args:
        argument.annotation = None
    if ast.get_docstring(found) is not None:
        found.body = found.body[1:]
    return ast.unparse(found)


@cache
def step_fingerprint(kernel: Kernel) -> str:
    """SHA-256 of a step, of all functions and constants it reaches, and of its shape.

    Numba's cache has its own key, of bytecode. This one is made of source, so that a
    state or a model saved under one Python is known under another.
    """
    functions, constants = reached(kernel.step)
    shape = (kernel.inputs, kernel.outputs, kernel.n_state, kernel.n_params)
    texts = [_text(function) for function in functions]
    arrays = [held for function in functions for held in arrays_of(function)]
    read = (shape, texts, constants, *([arrays] if arrays else []))
    return sha256(repr(read).encode()).hexdigest()

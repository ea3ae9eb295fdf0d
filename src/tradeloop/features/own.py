"""A user's own features: a few lines in a file of the user's.

from tradeloop.features import feature
from tradeloop.features.momentum.rsi import rsi
from tradeloop.features.arithmetic.difference import difference

@feature(state=1, warm_up=1, unit="bps")
def gap(state, open, close):          # inputs are columns, by their names
before, state[0] = state[0], close
return 1e4 * (open / before - 1) if before else nan

rsi_gap = difference(rsi(14), rsi(30), name="rsi_gap")    # composed: no step
"""

import sys
from collections.abc import Callable, Sequence
from hashlib import sha256
from importlib.util import module_from_spec, spec_from_file_location
from inspect import getdoc
from pathlib import Path
from typing import Any

from tradeloop.errors import InputError
from tradeloop.features.base import Category, Column, Family, Feature, Source
from tradeloop.features.catalogue import columns_of
from tradeloop.features.frames import KEY
from tradeloop.fold import kernel

_PREFIX = "tradeloop_own_"


def feature(
    *outputs: str,
    inputs: Sequence[Source] = (),
    params: Sequence[float] = (),
    state: int = 0,
    ring: int = 0,
    warm_up: int = 0,
    unit: str = "",
    category: Category = "technical",
    clock: str = "",
) -> Callable[[Callable[..., Any]], Feature]:
    """Make a feature of a step.

    Parameters
    ----------
    *outputs : str
        Names of what the step returns; none: one value.
    inputs : sequence of str or Column
        Raw columns or other features, in the order of the step's arguments; absent:
        its arguments are names of raw columns.
    params : sequence of float
        Constants that the step finds in ``params``.
    state, ring : int
        Floats of memory; ``state`` takes constant indices, ``ring`` any.
    warm_up : int
        Rows without a value at the start (the step returns NaN there).
    unit, category : str
        For the catalogue; the formula is the first line of the docstring.
    clock : str
        Stream that it steps on, where the inputs are of several.

    Returns
    -------
    decorator
        Turns the step into a `Feature` of its name. The step is plain Python that
        Numba can compile; a row with a missing input never reaches it, and in a row in
        which it raises it has no value.

    Raises
    ------
    InputError
        Inputs and arguments of the step do not match.
    """

    def made(step: Callable[..., Any]) -> Feature:
        names = outputs or ("value",)
        unit_of = kernel(*names, state=state, params=len(params))(step)
        sources = tuple(inputs) or unit_of.inputs
        first = (getdoc(step) or "").partition("\n")[0]

        def build() -> Feature:
            return own

        family = Family(
            name=step.__name__,
            category=category,
            kernel=unit_of,
            formula=first or "see the step",
            unit=unit or "not stated",
            reference=Path(step.__code__.co_filename).name,
            build=build,
            examples=((),),
        )
        own = Feature(
            step.__name__,
            family,
            sources,
            tuple(params),
            ring=ring,
            warm_up=(warm_up,) * len(names),
            look_back=0 if not state and not ring else None,
            group="own",
            clock=clock,
        )
        return own

    return made


def _require_name(column: Column, known: Column, path: Path) -> None:
    if column.name in KEY or column != known:
        taken = "a key of every row" if column.name in KEY else "two features of it"
        raise InputError(
            f"The name {column.name!r} is {taken}.",
            way_out="Give the feature another name.",
            source=str(path),
        )


def load_features(path: Path) -> tuple[Column, ...]:
    """Run a user's file and return every feature that it holds by a public name.

    Parameters
    ----------
    path : Path
        Python that the user trusts: it is run.

    Raises
    ------
    InputError
        The file cannot be run, or holds no feature.
    """
    place = sha256(str(path.resolve()).encode()).hexdigest()[:8]
    spec = spec_from_file_location(f"{_PREFIX}{path.stem}_{place}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise InputError(
            "A file of features must be a Python file that is there.",
            way_out="Give a path such as my_features.py.",
            source=str(path),
        )
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # cached machine code is loaded by this name
    try:
        spec.loader.exec_module(module)
    except InputError:
        raise
    except Exception as error:
        raise InputError(
            f"The file of features ended in {type(error).__name__}: {error}.",
            way_out="Run it with Python to see where.",
            source=str(path),
        ) from error
    held = [v for n, v in vars(module).items() if not n.startswith("_")]
    found: dict[str, Column] = {}
    for value in held:
        if isinstance(value, Feature | Column):
            for column in columns_of([value]):
                _require_name(column, found.get(column.name, column), path)
                found[column.name] = column
    if not found:
        raise InputError(
            "The file holds no feature by a public name.",
            way_out="Decorate a step with @feature, or compose one: name = ratio(...).",
            source=str(path),
        )
    return tuple(found.values())

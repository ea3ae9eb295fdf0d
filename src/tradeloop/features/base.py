"""What a feature is: a kernel with run-time periods, its inputs and what it means."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeGuard

from tradeloop.errors import InputError
from tradeloop.fold import Kernel

Category = Literal[
    "technical",
    "microstructure",
    "options",
    "risk",
    "temporal",
    "cross_asset",
    "sentiment",
]
BAR_CLOCK = "bar"
"""Stream of a raw column whose name has no prefix."""
CLOCK_INPUTS = ("day", "ns_of_day")
"""Inputs made of ``event_ns``: days since 1970-01-01 UTC, nanoseconds of that day.

A time in nanoseconds does not fit a float64; these two do, exactly.
"""


@dataclass(frozen=True, slots=True)
class Family:
    """A unit of the catalogue: one step, whatever its periods.

    Parameters
    ----------
    name : str
        Name of the file, too.
    category : str
        One of the categories of the contract.
    kernel : Kernel
        The step.
    formula : str
        In the names of the step's inputs; ``n`` and other arguments are run-time.
    unit : str
        Unit of the outputs.
    reference : str
        Who defined it, and where a library differs on purpose.
    build : callable
        Returns a feature for given arguments.
    examples : tuple of tuple
        Arguments of ``build`` that the laws are tried on; inputs are raw columns.
    price_degree : tuple of int or None, or callable
        Power with which each output grows when all its inputs are prices and grow;
        None: it follows no power, as a logarithm. Empty: no output grows. A function
        gives that of the only output, of those of the inputs.
    undefined_where : str
        Output that is 0 in rows where the definition gives no value and the other
        outputs are missing; empty: there are none after the warm-up.
    """

    name: str
    category: Category
    kernel: Kernel
    formula: str
    unit: str
    reference: str
    build: Callable[..., "Feature"]
    examples: tuple[tuple[object, ...], ...]
    price_degree: tuple[int | None, ...] | Callable[..., int] = ()
    undefined_where: str = ""

    @property
    def group(self) -> str:
        """Folder of the family, such as ``trend``."""
        return self.kernel.step.__module__.rpartition(".")[0].rpartition(".")[2]


@dataclass(frozen=True, slots=True, repr=False)
class Feature:
    """A family with its periods and inputs.

    Parameters
    ----------
    name : str
        Unique in a bank.
    family : Family
        Step and meaning.
    inputs : tuple of str or Column
        Raw columns, or outputs of other features, in the step's order; a feature of
        one output stands for it.
    params : tuple of float
        Constants that the step reads.
    ring : int
        Floats of memory beside the step's state.
    warm_up : tuple of int
        Rows, for each output, that are NaN once the inputs are there.
    look_back : int or None
        Rows before the current one that still matter; None: all of them.
    category, group : str, optional
        Where they differ from the family's. Two features that differ in these alone
        are the same.
    titles : tuple of str, optional
        Names of the outputs' columns, where they are not the feature's and the
        output's together.
    clock : str, optional
        Stream whose events it steps on. Absent: that of its inputs, which then must be
        one. Inputs of other streams are read as they were last known.
    """

    name: str
    family: Family
    inputs: "tuple[str | Column, ...]"
    params: tuple[float, ...] = ()
    ring: int = 0
    warm_up: tuple[int, ...] = ()
    look_back: int | None = 0
    category: Category | None = field(default=None, compare=False)
    group: str = field(default="", compare=False)
    clock: str = ""
    titles: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        kernel = self.family.kernel
        # A feature of one output stands for that output.
        inputs = tuple(s.columns[0] if _is_single(s) else s for s in self.inputs)
        object.__setattr__(self, "inputs", inputs)
        wanted = {
            "inputs": (len(self.inputs), len(kernel.inputs)),
            "params": (len(self.params), kernel.n_params),
            "warm_up": (len(self.warm_up), len(kernel.outputs)),
            "titles": (len(self.titles or kernel.outputs), len(kernel.outputs)),
        }
        for part, (given, needed) in wanted.items():
            if given != needed:
                raise InputError(
                    f"Feature.{part} must have {needed} entries, had {given}.",
                    way_out=f"See the step of {self.family.name}.",
                    source=self.name,
                )

    def __getitem__(self, output: str) -> "Column":
        """One output, to be published or to be another feature's input."""
        if output not in self.family.kernel.outputs:
            raise InputError(
                f"A feature has the outputs {self.family.kernel.outputs}, "
                f"not {output!r}.",
                way_out="Take one of these.",
                source=self.name,
            )
        return Column(self, output)

    def __repr__(self) -> str:
        return f"Feature({self.name})"

    @property
    def columns(self) -> "tuple[Column, ...]":
        """All outputs, in the step's order."""
        return tuple(Column(self, output) for output in self.family.kernel.outputs)


def _is_single(source: object) -> TypeGuard[Feature]:
    if isinstance(source, Feature) and len(source.columns) > 1:
        raise InputError(
            f"An input must be one column; {source.name!r} has "
            f"{', '.join(source.family.kernel.outputs)}.",
            way_out="Take one of them: feature['output'].",
            source=source.name,
        )
    return isinstance(source, Feature)


@dataclass(frozen=True, slots=True, repr=False)
class Column:
    """An output of a feature."""

    feature: Feature
    output: str

    def __repr__(self) -> str:
        return f"Column({self.name})"

    @property
    def name(self) -> str:
        """The feature's name, and the output's where the feature has several."""
        if self.feature.titles:
            outputs = self.feature.family.kernel.outputs
            return self.feature.titles[outputs.index(self.output)]
        if len(self.feature.family.kernel.outputs) == 1:
            return self.feature.name
        return f"{self.feature.name}_{self.output}"

    @property
    def warm_up(self) -> int:
        """Rows without a value at the start, those of the inputs included."""
        place = self.feature.family.kernel.outputs.index(self.output)
        inputs = [c.warm_up for c in self.feature.inputs if isinstance(c, Column)]
        return max(inputs, default=0) + self.feature.warm_up[place]

    @property
    def look_back(self) -> int | None:
        """Rows before the current one that matter, those of the inputs included."""
        total = 0
        for source in self.feature.inputs:
            deep = source.look_back if isinstance(source, Column) else 0
            if deep is None:
                return None
            total = max(total, deep)
        own = self.feature.look_back
        return None if own is None else total + own


Source = str | Column


def stream_of(raw: str) -> str:
    """Stream of a raw column: what stands before the point, ``bar`` without one."""
    stream, point, _ = raw.partition(".")
    return stream if point else BAR_CLOCK


def clock_of(source: Source) -> str:
    """Stream whose events change a raw column or a feature's output.

    Raises
    ------
    InputError
        A feature reads several streams and does not say which one it steps on.
    """
    if isinstance(source, str):
        return stream_of(source)
    feature = source.feature
    if feature.clock:
        return feature.clock
    clocks = {clock_of(each) for each in feature.inputs}
    if len(clocks) != 1:
        raise InputError(
            f"A feature that reads the streams {', '.join(sorted(clocks))} must say "
            "which one it steps on.",
            way_out="Give Feature(clock=...).",
            source=feature.name,
        )
    return clocks.pop()


def name_of(source: Source) -> str:
    """Name of a raw column or of a feature's output."""
    return source if isinstance(source, str) else source.name


def suffix(source: Source, usual: str) -> str:
    """Return the ending of a feature's name: empty for the usual input."""
    name = name_of(source)
    return "" if name == usual else f"_{name}"


def positive_rows(value: int, name: str, least: int = 1) -> int:
    """Return ``value`` if it is a count of rows of at least ``least``.

    Raises
    ------
    InputError
        It is smaller, or no whole number.
    """
    if int(value) != value or value < least:
        raise InputError(
            f"{name} must be a whole number of at least {least} rows, was {value}.",
            way_out="Give a longer period.",
            source=name,
        )
    return int(value)

"""Which layout fits the columns of a file, and what is missing when none does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tradeloop.capture.fields import REQUIRED
from tradeloop.capture.layout import Layout, Origin, known_layouts
from tradeloop.capture.nearest import nearest, normal
from tradeloop.errors import InputError

_NAMED = 3  # kinds that the message of a file that fits nothing goes through


@dataclass(frozen=True)
class Plan:
    """A layout whose fields have found their columns.

    Parameters
    ----------
    layout : Layout
        The layout that fits.
    fields : mapping of str to Origin
        By field; the columns are those of the file. Fields without a column are absent.
    source : str
        The file.
    """

    layout: Layout
    fields: Mapping[str, Origin]
    source: str

    @property
    def kind(self) -> str:
        """Kind of the rows."""
        return self.layout.kind

    def rule(self, name: str) -> Any:
        """Value of a rule of the layout, or None."""
        return self.layout.rules.get(name)

    def column(self, field: str) -> str:
        """Name of the column for messages; the name of the field if there is none."""
        origin = self.fields.get(field)
        return origin.columns[0] if origin and origin.columns else field

    def note(self, columns: Sequence[str]) -> str:
        """Say which column was taken for what, and which were left unread."""
        taken = [f"{field} = {_spelled(o)}" for field, o in self.fields.items()]
        used = {name for origin in self.fields.values() for name in origin.columns}
        used |= set(self.layout.rules.get("only", {}))
        unread = [name for name in columns if name not in used]
        tail = f"; columns left unread: {', '.join(unread)}" if unread else ""
        return f"read as {self.kind} by {self.layout.name}: {', '.join(taken)}{tail}"


def _spelled(origin: Origin) -> str:
    if origin.file_name:
        return "name of the file"
    if origin.value is not None:
        return repr(origin.value)
    return origin.prefix + "-".join(origin.columns)


def choose(
    columns: Sequence[str],
    kinds: Sequence[str],
    *,
    source: str,
    own: Sequence[Layout] = (),
) -> Plan:
    """Pick the layout that fits the columns of a file best.

    A layout fits if all that its kind requires is there. Of several, one that names
    columns which must be there comes first, then the one that finds most fields, then
    the kind that ``kinds`` names first. The user's own map stands over each layout of
    its kind; what it does not name is looked up by the known names, among the columns
    that it does not name. Where it has tables for some of ``kinds``, only these count.

    Parameters
    ----------
    columns : sequence of str
        Names in the file.
    kinds : sequence of str
        Kinds that may be read, keys of `tradeloop.capture.fields.FIELDS`.
    source : str
        The file, for messages.
    own : sequence of Layout
        The user's map.

    Raises
    ------
    InputError
        A column that the user's map names is not there, or no layout fits.
    """
    candidates = _candidates(kinds, own)
    plans = [_plan(layout, columns, source) for layout in candidates]
    fitting = [plan for plan in plans if not _gaps(plan) and not _barred(plan, columns)]
    if fitting:
        best = max(fitting, key=lambda plan: (*_rank(plan), -kinds.index(plan.kind)))
        # Rows that are decisions and fills at once are decisions with fills beside.
        twins = [p for p in fitting if p.layout.name == best.layout.name]
        decided = [p for p in twins if (p.kind, best.kind) == ("decision", "fill")]
        return decided[0] if decided else best
    raise no_layout(plans, columns, source)


def fills_beside(
    plan: Plan, columns: Sequence[str], own: Sequence[Layout]
) -> Plan | None:
    """Return the plan for fills in the rows of a file of decisions, if there is one.

    The map that the decisions were read by must describe both: a known layout with a
    table for each, or a map of the user's own whose ``[decision]`` and ``[fill]`` both
    find their columns.

    Parameters
    ----------
    plan : Plan
        The plan by which the decisions were read.
    columns : sequence of str
        Names in the file.
    own : sequence of Layout
        The user's map.
    """
    names = set(plan.layout.name.split(" over "))
    both = {layout.kind for layout in own} >= {"decision", "fill"}
    maps = [layout for layout in own if both and layout.kind == "fill"]
    maps += [layout for layout in known_layouts() if layout.kind == "fill"]
    for layout in maps:
        if layout.name in names:
            fills = _plan(layout, columns, plan.source)
            if not _gaps(fills) and not _barred(fills, columns):
                return fills
    return None


def _candidates(kinds: Sequence[str], own: Sequence[Layout]) -> list[Layout]:
    by_kind = {layout.kind: layout for layout in own if layout.kind in kinds}
    wanted = list(by_kind) or kinds
    known = [layout for layout in known_layouts() if layout.kind in wanted]
    over = [
        layout.overlaid(by_kind[layout.kind]) if layout.kind in by_kind else layout
        for layout in known
    ]
    # What all known layouts rule out, a map of the user's own may still describe.
    alone = [replace(own_, named=frozenset(own_.origins)) for own_ in by_kind.values()]
    return over + alone


def _plan(layout: Layout, columns: Sequence[str], source: str) -> Plan:
    """Find the columns of the fields: first those that the user names."""
    fields: dict[str, Origin] = {}
    taken: set[str] = set()
    free = list(columns)
    for field, origin in sorted(
        layout.origins.items(), key=lambda item: item[0] not in layout.named
    ):
        found = _found(origin, columns if field in layout.named else free)
        if found is not None:
            fields[field] = found
        if field in layout.named and found is not None:
            taken |= set(found.columns)
            free = [name for name in columns if name not in taken]
    ordered = {field: fields[field] for field in layout.origins if field in fields}
    return Plan(layout, ordered, source)


def _found(origin: Origin, columns: Sequence[str]) -> Origin | None:
    """Return the origin with the columns that are there, None where it has none."""
    if origin.value is not None or origin.file_name:
        return origin
    by_normal = {normal(name): name for name in reversed(columns)}
    present = [
        name if name in columns else by_normal[normal(name)]
        for name in origin.columns
        if name in columns or normal(name) in by_normal
    ]
    if origin.joined and len(present) < len(origin.columns):
        return None
    chosen = present if origin.joined else present[:1]
    return replace(origin, columns=tuple(chosen)) if chosen else None


def _gaps(plan: Plan) -> list[str]:
    """List the fields that a plan lacks: those that the user named come first."""
    named = plan.layout.named
    gaps = [
        field
        for field in named
        if field not in plan.fields and plan.layout.origins[field].columns
    ]
    for group in REQUIRED[plan.kind]:
        lacking = [
            [field for field in choice if field not in plan.fields] for choice in group
        ]
        gaps += [field for field in min(lacking, key=len) if field not in gaps]
    return gaps


def _barred(plan: Plan, columns: Sequence[str]) -> str:
    """Say which column, there or not there, rules a layout out; empty if none."""
    present = {normal(name) for name in columns}
    for name in plan.layout.needs:
        if normal(name) not in present:
            return f"{plan.layout.name} needs a column {name!r}"
    for name in plan.layout.unless:
        if normal(name) in present:
            return f"a column {name!r} is not of {plan.layout.name}"
    return ""


def _rank(plan: Plan) -> tuple[bool, int]:
    return bool(plan.layout.needs), len(plan.fields)


def no_layout(plans: Sequence[Plan], columns: Sequence[str], source: str) -> InputError:
    """Build the error that says what each kind of row lacks, and the nearest names.

    Parameters
    ----------
    plans : sequence of Plan
        The plans that were tried, at least one.
    columns : sequence of str
        Names in the file.
    source : str
        The file.
    """
    closest = sorted(plans, key=lambda p: (len(_gaps(p)), -len(p.fields)))
    usable = [plan for plan in closest if not _barred(plan, columns)] or closest
    by_kind = {plan.kind: plan for plan in reversed(usable)}
    kinds = sorted({plan.kind for plan in plans})
    nearest_kinds = list(dict.fromkeys(plan.kind for plan in usable))[:_NAMED]
    if len(kinds) > _NAMED + 1:
        by_kind = {kind: by_kind[kind] for kind in nearest_kinds}
    lacks = [
        f"a {kind} lacks {_and(_gaps(plan))}"
        if _gaps(plan)
        else f"a {kind} is ruled out ({_barred(plan, columns)})"
        for kind, plan in by_kind.items()
    ]
    best = usable[0]
    barred = {
        plan.kind: _barred(plan, columns)
        for plan in closest
        if plan.kind not in by_kind and not _gaps(plan)
    }
    rest = len(kinds) - len(by_kind) - len(barred)
    lacks += [f"a {kind} is ruled out ({why})" for kind, why in barred.items()]
    lacks += [f"{rest} other kinds lack more"] if rest > 0 else []
    gap = next(iter(_gaps(best)), "symbol")
    names = best.layout.origins[gap].columns if gap in best.layout.origins else ()
    found = f"Columns found: {', '.join(columns)}."
    if gap in best.layout.named:
        return InputError(
            f"The column map takes {gap} from {_and(names)}, which the file does not "
            f"have.{_guess(best, (*names, gap), columns)} {found}",
            way_out=f"Correct [{best.kind}] {gap} in the map.",
            source=source,
            column=names[0],
        )
    return InputError(
        f"The columns make no {_or(kinds if rest <= 0 else nearest_kinds)}: "
        f"{'; '.join(lacks)}. Known names of {gap}: {', '.join(names or (gap,))}."
        f"{_guess(best, (gap, *names), columns)} {found}",
        way_out=f"Rename the column, or pass --columns MAP.toml with [{best.kind}] and "
        f"{_line(gap)}.",
        source=source,
        column=gap,
    )


def _guess(plan: Plan, names: Sequence[str], columns: Sequence[str]) -> str:
    used = {name for origin in plan.fields.values() for name in origin.columns}
    unread = [name for name in columns if name not in used]
    return next((hint for name in names if (hint := nearest(name, unread))), "")


def _and(names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _line(gap: str) -> str:
    line = f'{gap} = "NAME OF THE COLUMN"'
    if gap == "symbol":
        line += ', symbol = { value = "SPY" } or symbol = { file_name = true }'
    return line


def _or(kinds: Sequence[str]) -> str:
    return " or ".join([", ".join(kinds[:-1]), kinds[-1]] if len(kinds) > 1 else kinds)

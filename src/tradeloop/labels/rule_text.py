"""YAML as plain values, with the line on which each of them stands.

Only what JSON can hold is taken: no anchors, no tags of one's own, no name twice. A
file that means something else than it seems to say is refused, with the line.
"""

import re
from typing import Any, NamedTuple, NoReturn, TypeAlias

import yaml

from tradeloop.errors import InputError

Path: TypeAlias = tuple[str | int, ...]

_DEEPEST = 8
_MERGE = "tag:yaml.org,2002:merge"
_PLAIN = (str, int, float, bool, type(None))


class Text(NamedTuple):
    """A file as plain values.

    Parameters
    ----------
    value : object
        Mappings, lists, text, numbers, flags, None.
    lines : dict of path to int
        Line of each value, counted from 1, by the names and places that lead to it.
    """

    value: Any
    lines: dict[Path, int]

    def line(self, path: Path) -> int:
        """Line of a value; of what holds it where it is absent."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def written_path(path: Path) -> str:
    """Write a path as ``rules[1].thresholds.good_bps``."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".")


def path_of(written: str) -> Path:
    """Read a path that `written_path` wrote."""
    parts = re.findall(r"\[(\d+)\]|([^.\[\]]+)", written)
    return tuple(int(place) if place else name for place, name in parts)


def _refuse(message: str, way_out: str, source: str, line: int) -> NoReturn:
    raise InputError(message, way_out=way_out, source=f"{source}, line {line}")


class _Reader:
    """Turns nodes into values and remembers their lines."""

    def __init__(self, loader: yaml.SafeLoader, source: str) -> None:
        self._loader, self._source = loader, source
        self._seen: set[int] = set()
        self.lines: dict[Path, int] = {}

    def value(self, node: yaml.Node, path: Path) -> Any:
        line = self.lines.setdefault(path, node.start_mark.line + 1)
        if id(node) in self._seen or len(path) > _DEEPEST:
            _refuse(
                f"{written_path(path)} is an alias, or nested too deeply.",
                "Write every value where it belongs.",
                self._source,
                line,
            )
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            parts = enumerate(node.value)
            return [self.value(part, (*path, k)) for k, part in parts]
        found = self._loader.construct_object(node)
        if not isinstance(found, _PLAIN):
            _refuse(
                f"{written_path(path)} must be a text, number or flag, was {found!r}.",
                "Put it in quotes if it is text.",
                self._source,
                line,
            )
        return found

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, part in node.value:
            name, line = key.value, key.start_mark.line + 1
            text = isinstance(key, yaml.ScalarNode) and isinstance(name, str)
            if not text or key.tag == _MERGE or name in found:
                _refuse(
                    f"The name {name!r} comes twice, or is none.",
                    "Give each name once.",
                    self._source,
                    line,
                )
            self.lines[(*path, name)] = line
            found[name] = self.value(part, (*path, name))
        return found


def read(text: str, source: str) -> Text:
    """Read YAML.

    Parameters
    ----------
    text : str
        One document; an empty one is None.
    source : str
        What it is called in errors.

    Raises
    ------
    InputError
        It is no YAML, holds more than JSON can, or a name comes twice.
    """
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        reader = _Reader(loader, source)
        value = None if node is None else reader.value(node, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        _refuse(
            f"This is no YAML: {error.problem or error.context}.",
            "Indent with spaces and write lines such as 'good_bps: 10'.",
            source,
            1 if mark is None else mark.line + 1,
        )
    except (yaml.YAMLError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        _refuse(f"This is no YAML: {error}.", "Write it as UTF-8 text.", source, 1)
    finally:
        loader.dispose()
    return Text(value, reader.lines)

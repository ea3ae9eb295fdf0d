"""Small files become large ones; what is read no more is removed."""

from collections.abc import Iterator

import polars as pl

from tradeloop.stores.canonical import digest
from tradeloop.stores.ticks_entry import Entry, Span, TickFile
from tradeloop.stores.ticks_files import (
    COMMIT,
    ordered,
    provisional,
    require,
    write_groups,
)
from tradeloop.stores.ticks_log import LOG, State, TableLog

_Run = list[tuple[TickFile, Span]]


def compact_table(log: TableLog, rows_per_file: int) -> int:
    """Join the files of a table; see `Ticks.compact`."""
    replaced = 0
    # First the files of many instruments: what becomes of them is joined after.
    for mixed in (True, False):
        with log.lock:
            runs = list(_runs(log.state(), rows_per_file, mixed=mixed))
        replaced += sum(_join(log, run) for run in runs)
    return replaced


def vacuum_table(log: TableLog, older_than_ns: int) -> int:
    """Remove files that no reader needs; see `Ticks.vacuum`."""
    if not (log.folder / LOG).is_dir():
        return 0
    removed = 0
    with log.sweeping() as state:
        old = {
            path
            for path, version in state.replaced.items()
            if log.written_ns(version) >= older_than_ns
        }
        # Files right in the folder are of the earlier form, and not the table's.
        for path in log.folder.glob("*/**/*.parquet"):
            name = path.relative_to(log.folder).as_posix()
            if name not in state.live and name not in old:
                path.unlink()
                removed += 1
    return removed


def _runs(state: State, rows_per_file: int, *, mixed: bool) -> Iterator[_Run]:
    """Neighbours in the order of versions that make one file together."""
    alike: dict[object, _Run] = {}
    for file, span in ordered(list(state.live.values())):
        if (file.period is None) == mixed:
            members = None if mixed else file.instruments
            place = (file.grain, file.period, members)
            alike.setdefault(place, []).append((file, span))
    for files in alike.values():
        run: _Run = []
        for file, span in files:
            full = sum(f.rows for f, _ in run) + file.rows > rows_per_file
            if full or 2 * file.rows > rows_per_file:
                yield from [run] * (len(run) > 1)
                run = []
            if 2 * file.rows <= rows_per_file:
                run.append((file, span))
        yield from [run] * (len(run) > 1)


def _join(log: TableLog, run: _Run) -> int:
    """Write the rows of files into one, unless another has replaced one of them."""
    require(log.folder, [file for file, _ in run])
    rows = pl.concat([_read(log, file, span) for file, span in run], how="diagonal")
    paths = tuple(file.path for file, _ in run)
    grain = run[0][0].grain
    with log.writing(), provisional(log) as files:
        # Rows of one version stand together, in their order, before the sort by time.
        in_order = rows.sort(COMMIT, maintain_order=True)
        stem = digest("\n".join(paths))[:16]
        write_groups(log, files, stem, in_order, grain)

        def next_entry(state: State) -> Entry | None:
            if any(path not in state.live for path in paths):
                return None
            place, new = (state.version + 1, state.sha256), tuple(files)
            return Entry(*place, "compact", {}, state.schema, new, paths)

        return len(paths) if log.commit(next_entry) is not None else 0


def _read(log: TableLog, file: TickFile, span: Span) -> pl.DataFrame:
    path = log.folder / file.path
    rows = pl.read_parquet(path, hive_partitioning=False, glob=False)
    if file.commits is not None:
        return rows
    return rows.with_columns(pl.lit(span[0], pl.Int64).alias(COMMIT))

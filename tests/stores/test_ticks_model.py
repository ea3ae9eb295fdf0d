"""A table against a list in memory: appends, retries, conflicts, tidying, versions."""

from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from stores.ticked import ANN, KIND, files_of, quotes, slow_read
from tradeloop.errors import ConflictError
from tradeloop.stores import ticks_files, ticks_log
from tradeloop.stores.ticks import Ticks

ROWS = st.lists(
    st.tuples(
        st.sampled_from("ABCD"), st.sampled_from([0, 1, 23, 24, 50]), st.integers(0, 99)
    ),
    min_size=1,
    max_size=6,
)
FOREVER = 2**62


class Table(RuleBasedStateMachine):
    """Two objects stand for two processes; the model is what each version holds."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.before = (ticks_log.BUNDLE, ticks_files._FEW_GROUPS)
        ticks_log.BUNDLE, ticks_files._FEW_GROUPS = 4, 2
        self.two = [Ticks(Path(self.folder.name) / "lake") for _ in range(2)]
        self.appends: dict[str, tuple[int, pl.DataFrame]] = {}

    def teardown(self) -> None:
        ticks_log.BUNDLE, ticks_files._FEW_GROUPS = self.before
        self.folder.cleanup()

    def rows_at(self, version: int) -> list[tuple]:
        return slow_read([f for v, f in self.appends.values() if v <= version])

    @rule(who=st.integers(0, 1), rows=ROWS)
    def append(self, who, rows):
        key, frame = f"k{len(self.appends)}", quotes(rows)
        commit = self.two[who].append(ANN, KIND, frame, key=key)
        assert commit.new
        self.appends[key] = (commit.version, frame)

    @precondition(lambda self: self.appends)
    @rule(who=st.integers(0, 1), data=st.data())
    def append_again(self, who, data):
        key = data.draw(st.sampled_from(sorted(self.appends)))
        version, frame = self.appends[key]
        again = self.two[who].append(ANN, KIND, frame, key=key)
        assert (again.version, again.new) == (version, False)
        other = frame.with_columns(bid=pl.col("bid") + 1)
        try:
            self.two[who].append(ANN, KIND, other, key=key)
        except ConflictError:
            return
        raise AssertionError(key)

    @rule(who=st.integers(0, 1), limit=st.sampled_from([4, 20, 1000]))
    def compact(self, who, limit):
        self.two[who].compact(ANN, KIND, rows_per_file=limit)

    @rule(who=st.integers(0, 1))
    def vacuum(self, who):
        self.two[who].vacuum(ANN, KIND, older_than_ns=FOREVER)
        if self.appends:
            live = {file.path for file in self.two[who].files(ANN, KIND)}
            assert files_of(self.two[who]) == live

    @precondition(lambda self: self.appends)
    @rule(who=st.integers(0, 1), data=st.data())
    def read_as_of_a_version(self, who, data):
        last = self.two[who].head(ANN, KIND)[0]
        version = data.draw(st.integers(1, last))
        found = self.two[who].read(ANN, KIND, version=version)
        assert found.rows() == self.rows_at(version)

    @precondition(lambda self: self.appends)
    @rule(who=st.integers(0, 1), name=st.sampled_from("ABCD"), since=st.integers(0, 60))
    def read_some(self, who, name, since):
        found = self.two[who].read(
            ANN, KIND, instruments=[name], from_ns=since * 3_600_000_000_000
        )
        expected = [
            row
            for row in self.rows_at(FOREVER)
            if row[0] == name and row[1] >= since * 3_600_000_000_000
        ]
        assert found.rows() == expected

    @invariant()
    def says_what_was_appended(self):
        if self.appends:
            for ticks in self.two:
                assert ticks.read(ANN, KIND).rows() == self.rows_at(FOREVER)
            self.two[0].verify(ANN, KIND)


Table.TestCase.settings = settings(
    max_examples=20, stateful_step_count=20, deadline=None
)
test_a_table_says_what_a_list_says = Table.TestCase

import subprocess
import sys
import textwrap

import numpy as np
import pytest

from tradeloop.errors import ArtefactError, InputError
from tradeloop.models import Columns, Runtime


@pytest.fixture(scope="module")
def runtime(export, columns):
    return Runtime(export.content, columns)


def test_one_row_equals_many_rows_to_the_bit(runtime, rows):
    many = runtime.predict_proba(rows[0])
    single = [runtime.predict_proba(row[None])[0] for row in rows[0]]
    assert np.array_equal(many, np.array(single))
    assert runtime.predict_proba(rows[0][:0]).shape == (0, 3)


def test_float64_is_cast_once_the_same_way_for_original_and_export(runtime, model):
    draw = np.random.default_rng(1)
    wide = draw.normal(size=(500, 6)) * 10.0 ** draw.integers(-9, 9, (500, 6))
    ours, original = runtime.predict_proba(wide), model.fitted.predict_proba(wide)
    assert np.abs(ours - original).max() <= 1e-6
    assert np.array_equal(ours, runtime.predict_proba(wide.astype(np.float32)))


def test_strange_rows_are_refused(runtime, columns, rows):
    with pytest.raises(ArtefactError, match="bank 'bank-1'"):
        runtime.predict_proba(rows[0], Columns(columns.names, "another"))
    with pytest.raises(InputError, match=r"shape \(n_rows, 6\)"):
        runtime.predict_proba(rows[0][:, :5])
    with pytest.raises(InputError, match="finite in float32"):
        runtime.predict_proba(np.full((1, 6), np.inf))


def test_foreign_bytes_are_refused(export, columns):
    for foreign in (b"", b"no model", export.content[:1000]):
        with pytest.raises(ArtefactError, match="no model that ONNX Runtime can load"):
            Runtime(foreign, columns)
    with pytest.raises(ArtefactError, match="expected are features of 2 columns"):
        Runtime(export.content, Columns(("a", "b")))


def test_scoring_loads_no_trainer(files, rows, tmp_path):
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    code = """
        import sys
        from pathlib import Path
        import numpy as np
        from tradeloop.models.artefact import read_artefact
        from tradeloop.models.runtime import Runtime
        from tradeloop.signals import Gate, Policy, Scorer

        found = {path.name: path.read_bytes() for path in Path(sys.argv[1]).iterdir()}
        scorer = Scorer.of(read_artefact(found))
        names = scorer.meta.columns.names
        Gate(scorer, Policy()).judge(np.zeros((3, 6)), "bank-1", names)
        row = scorer.score(np.zeros((1, 6)), "bank-1", names)
        trainers = {"xgboost", "sklearn", "onnx", "onnxmltools", "skl2onnx", "arch"}
        assert "onnxruntime" in sys.modules
        print(row.sum(), sorted(trainers & set(sys.modules)))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    total, trainers = done.stdout.split(maxsplit=1)
    assert float(total) == pytest.approx(1)
    assert trainers.strip() == "[]"

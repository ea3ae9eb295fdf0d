"""The autoencoder: rows that are alike have embeddings that are near."""

from dataclasses import replace

import numpy as np
import onnxruntime
import pytest

from models.deep.histories import sequences
from tradeloop.errors import ArtefactError, InputError
from tradeloop.models.base import Columns
from tradeloop.models.deep import EMBEDDING_NAME, Autoencoder

FAST = {"learning_rate": 0.01, "epochs_without_held": 20}
ROWS = Autoencoder(step_width=16, hidden=16, dimensions=4, **FAST)
SEQUENCES = Autoencoder(sequence=4, step_width=8, hidden=16, dimensions=4, **FAST)


def patterns(seed, n_rows=400, width=8):
    """Rows of four patterns, and which one each is of."""
    centres = np.random.default_rng(0).normal(size=(4, width)) * 2
    draw = np.random.default_rng(seed)
    which = draw.integers(0, 4, n_rows)
    return centres[which] + draw.normal(size=(n_rows, width)) * 0.4, which


@pytest.fixture(scope="module")
def fitted():
    return ROWS.fit(patterns(1)[0])


@pytest.fixture(scope="module")
def of_sequences():
    return SEQUENCES.fit(sequences(patterns(1)[0], 4))


def test_embeddings_are_unit_vectors(fitted):
    found = fitted.embed(patterns(2)[0])
    assert found.shape == (400, 4)
    np.testing.assert_allclose((found * found).sum(axis=1), 1, atol=1e-9)


def test_rows_that_are_alike_are_nearer_than_others(fitted):
    rows, which = patterns(2)
    found = fitted.embed(rows)
    cosine = found @ found.T
    np.fill_diagonal(cosine, -1)
    assert (which[cosine.argmax(axis=1)] == which).mean() > 0.98
    alike = which[:, None] == which
    np.fill_diagonal(alike, val=False)
    assert cosine[alike].mean() > 0.9
    assert cosine[which[:, None] != which].mean() < 0.4


def test_sequences_that_are_alike_are_nearer_than_others(of_sequences):
    rows, which = patterns(2)
    given = sequences(rows, 4).take(np.arange(3, 400))
    found = of_sequences.embed(given)
    names = (which[given.places] * 4 ** np.arange(4)).sum(axis=1)
    cosine = found @ found.T
    np.fill_diagonal(cosine, -1)
    near = cosine[names[:, None] == names]
    assert near[near > -1].mean() > cosine[names[:, None] != names].mean() + 0.4


def test_odd_rows_are_told_badly(fitted):
    rows, _ = patterns(2)
    usual = fitted.error(rows)
    odd = fitted.error(-3 * rows[:50])
    assert usual.shape == (400,)
    assert np.median(odd) > 5 * np.median(usual)


def test_the_error_is_the_distance_from_what_is_told(fitted):
    """Oracle: the formula on all rows at once, in float64."""
    rows, _ = patterns(2)
    w = {name: found.astype(float) for name, found in fitted.weights.items()}
    z = fitted.scaling.apply(rows.astype(np.float32)).astype(float)
    shown = np.maximum(z @ w["entrance"] + w["entrance_bias"], 0)
    shown = np.maximum(shown @ w["squeeze"] + w["squeeze_bias"], 0)
    shown = shown @ w["embed"] + w["embed_bias"]
    shown /= np.linalg.norm(shown, axis=1, keepdims=True)
    np.testing.assert_allclose(fitted.embed(rows), shown, atol=1e-9)
    shown = np.maximum(shown @ w["expand"] + w["expand_bias"], 0)
    shown = np.maximum(shown @ w["unfold"] + w["unfold_bias"], 0)
    told = shown @ w["leave"] + w["leave_bias"]
    np.testing.assert_allclose(fitted.error(rows), ((told - z) ** 2).mean(axis=1))


def test_a_row_alone_has_the_same_bits(fitted, of_sequences):
    rows, _ = patterns(2, 50)
    given = sequences(rows, 4)
    for made, many in ((fitted, rows), (of_sequences, given)):
        alone = [many[[at]] if many is rows else many.take([at]) for at in range(20)]
        for what in (made.embed, made.error):
            each = np.concatenate([what(one) for one in alone])
            np.testing.assert_array_equal(each, what(many)[:20])
    assert fitted.embed(rows[:0]).shape == (0, 4)
    assert fitted.error(rows[:0]).shape == (0,)


def test_onnx_gives_the_same_embedding(fitted, of_sequences):
    rows, _ = patterns(2, 50)
    rows[3] = np.nan
    given = sequences(rows, 4)
    for made, many, told in (
        (fitted, rows, rows),
        (of_sequences, given, given.gather()),
    ):
        session = onnxruntime.InferenceSession(made.to_onnx())
        features = told.astype(np.float32)
        found = session.run([EMBEDDING_NAME], {"features": features})[0]
        assert np.abs(found - made.embed(many)).max() <= 1e-6
        assert made.to_onnx() == made.to_onnx()


def test_the_same_seed_gives_the_same_bytes_and_the_file_the_same_model(fitted):
    rows, _ = patterns(1)
    again = ROWS.fit(rows)
    assert again.to_bytes() == fitted.to_bytes()
    loaded = ROWS.load(fitted.to_bytes(), fitted.columns)
    np.testing.assert_array_equal(loaded.embed(rows), fitted.embed(rows))
    with pytest.raises(ArtefactError):
        ROWS.load(fitted.to_bytes(), Columns.unnamed(9))


def test_held_rows_stop_it(fitted):
    model = replace(ROWS, epochs=3)
    stopped = model.fit(patterns(1)[0], held=patterns(3)[0])
    loss = stopped.error(patterns(3)[0]).mean()
    assert stopped.progress.held_loss == pytest.approx(loss, rel=1e-5)


def test_it_goes_on_from_a_fitted_one(fitted):
    model = replace(ROWS, epochs=1)
    rows, _ = patterns(1)
    further, anew = model.fit(rows, start=fitted), model.fit(rows)
    assert further.error(rows).mean() < anew.error(rows).mean()


@pytest.mark.parametrize(
    "rows",
    [np.empty((0, 3)), np.ones((40, 3)), np.full((40, 3), np.nan), np.ones(3)],
    ids=["none", "constant", "missing", "one axis"],
)
def test_rows_that_teach_nothing_are_refused(rows):
    with pytest.raises(InputError):
        ROWS.fit(rows)


def test_a_single_dimension_is_refused():
    with pytest.raises(InputError, match="dimensions must be at least 2"):
        Autoencoder(dimensions=1)

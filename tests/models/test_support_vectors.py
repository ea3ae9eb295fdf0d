import numpy as np
import pytest
from sklearn.svm import SVC

from tradeloop.errors import ArtefactError, InputError
from tradeloop.models import Runtime, SupportVectors
from tradeloop.models.base import Columns, Held
from tradeloop.models.check_forecasts import extreme_rows
from tradeloop.models.checks import training_rows
from tradeloop.models.exact import scaled
from tradeloop.models.kernel import nearness
from tradeloop.models.matrix import as_float32
from tradeloop.models.support_vectors import _by_pair, _runs
from tradeloop.models.tensors import pack

KINDS = {
    "exact": SupportVectors(),
    "approximate": SupportVectors(exact_rows=100, n_components=150),
}


@pytest.fixture(scope="module")
def rows():
    return training_rows(1, n_rows=900, n_columns=8)


@pytest.fixture(scope="module", params=KINDS)
def fitted(request, rows):
    return KINDS[request.param].fit(*rows)


@pytest.fixture(scope="module")
def exact(rows):
    return KINDS["exact"].fit(*rows)


def log_loss(model, seed=9):
    features, direction = training_rows(seed, n_rows=3_000, n_columns=8)
    told = model.predict_proba(features)[np.arange(3_000), direction + 1]
    return -np.log(told).mean()


def machine(fitted, rows, strength=1.0):
    """SVC itself, on the scaled rows."""
    values = scaled(fitted.kernel.scaling, as_float32(rows[0]))
    svc = SVC(C=strength, gamma=fitted.kernel.gamma, decision_function_shape="ovo")
    return values, svc.fit(values, rows[1])


def test_the_decision_of_each_pair_is_that_of_scikit_learn(exact, rows):
    values, svc = machine(exact, rows)
    near = nearness(values, values[svc.support_], exact.kernel.gamma)
    found = near @ _by_pair(svc) + svc.intercept_
    assert np.abs(found - svc.decision_function(values)).max() < 1e-5


def test_logits_are_linear_in_the_decisions_of_scikit_learn(exact, rows):
    values, svc = machine(exact, rows)
    logits = exact.kernel.logits(as_float32(rows[0]))
    told = np.column_stack([svc.decision_function(values), np.ones(len(values))])
    answer = np.linalg.lstsq(told, logits, rcond=None)[0]
    assert np.abs(told @ answer - logits).max() < 1e-4


def test_gamma_is_scale_unless_it_is_given(exact, rows):
    values, _ = machine(exact, rows)
    theirs = SVC(gamma="scale").fit(values, rows[1])
    assert exact.kernel.gamma == pytest.approx(theirs._gamma)
    assert SupportVectors(gamma=0.3).fit(*rows).kernel.gamma == 0.3


def test_each_class_is_cut_into_three_runs_in_the_order_of_the_rows():
    classes = np.array([0, 1, 0, 2, 0, 1, 1, 0, 2, 2, 0, 0])
    run = _runs(classes)
    assert run[classes == 0].tolist() == [0, 0, 1, 1, 2, 2]
    assert run[classes == 2].tolist() == [0, 1, 2]


def test_noise_that_is_learned_by_heart_is_not_told_with_certainty():
    """The coupling is fitted on rows that its machines had not seen."""
    draw = np.random.default_rng(3)
    features, fresh = draw.normal(size=(2, 300, 8))
    direction, truth = draw.integers(-1, 2, (2, 300))
    fitted = SupportVectors(C=100.0, gamma=0.3).fit(features, direction)
    values, svc = machine(fitted, (features, direction), strength=100.0)
    assert svc.score(values, direction) == 1
    told = fitted.predict_proba(fresh)[np.arange(300), truth + 1]
    assert -np.log(told).mean() < np.log(3) + 0.05


def test_nearness_is_the_radial_basis_function_and_that_of_a_row_to_itself_is_1():
    draw = np.random.default_rng(4)
    one, other = (np.rint(draw.normal(size=(20, 8)) * 2**16) / 2**16 for _ in range(2))
    apart = ((one[:, None] - other) ** 2).sum(axis=2)
    assert np.abs(nearness(one, other, 0.1) - np.exp(-0.1 * apart)).max() <= 2**-25
    assert (np.diag(nearness(one, one, 5.0)) == 1).all()


def test_the_export_is_equal_on_more_than_10_000_rows(fitted):
    fresh = extreme_rows(training_rows(2, n_rows=4_000, n_columns=8)[0])
    found = fitted.predict_proba(fresh)
    session = Runtime(fitted.to_onnx(), fitted.columns)._session
    at_once = session.run(None, {"features": as_float32(fresh)})[0]
    assert len(fresh) > 10_000
    assert np.abs(at_once - found).max() <= 1e-7
    alone = session.run(None, {"features": as_float32(fresh[5:6])})[0]
    assert np.array_equal(alone[0], at_once[5])


def test_the_approximation_is_nearly_as_good(rows, exact):
    approximate = KINDS["approximate"].fit(*rows)
    assert len(approximate.kernel.centres) == 150
    assert log_loss(approximate) < log_loss(exact) + 0.05
    assert log_loss(exact) < 0.85


def test_as_many_centres_as_rows_are_enough():
    rows = training_rows(5, n_rows=120, n_columns=8)
    fitted = SupportVectors(exact_rows=0, n_components=300).fit(*rows)
    assert len(fitted.kernel.centres) == 120


def test_importance_finds_the_column_that_tells(fitted):
    importance = fitted.importance()
    assert max(importance, key=importance.get) == "f0"


def test_slopes_are_those_of_the_logits(exact):
    kernel = exact.kernel
    at = kernel.centres[:5]
    step = 2.0**-10
    expected = np.zeros(8)
    for column in range(8):
        shift = np.zeros(8)
        shift[column] = step
        up, down = (
            nearness(at + way * shift, kernel.centres, kernel.gamma) @ kernel.weights
            for way in (1, -1)
        )
        expected[column] = np.abs((up - down) / (2 * step)).mean(axis=0).sum()
    assert kernel.slopes(at) == pytest.approx(expected, rel=1e-3)


def test_too_few_rows_of_a_direction_are_counted_in_the_refusal():
    features, direction = training_rows(6, n_rows=60, n_columns=8)
    direction[:] = 0
    direction[:4] = -1
    direction[4:6] = 1
    with pytest.raises(InputError, match=r"at least 3 rows of each .*-1: 4.* 1: 2"):
        SupportVectors().fit(features, direction)


def test_a_start_is_refused_with_the_reason(rows, exact):
    with pytest.raises(InputError, match="new rows need centres of their own"):
        SupportVectors().fit(*rows, start=exact)


def test_held_rows_are_left_unread(rows, exact):
    held = Held(np.full((3, 1), np.inf), np.array([5]))
    found = KINDS["exact"].fit(*rows, held=held)
    assert found.to_bytes() == exact.to_bytes()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("C", 0.0),
        ("gamma", -1.0),
        ("gamma", np.nan),
        ("exact_rows", -1),
        ("n_components", 0),
        ("max_iter", 0),
        ("random_state", -1),
    ],
)
def test_a_parameter_out_of_range_is_named(name, value):
    rule = f"SupportVectors.{name} must be .* was {value}"
    with pytest.raises(InputError, match=rule):
        SupportVectors(**{name: value})


@pytest.mark.parametrize("gamma", [-1.0, 0.0, "wide"])
def test_a_file_with_another_gamma_is_refused(exact, gamma):
    content = pack("support_vectors", exact.kernel.arrays(), gamma=gamma)
    with pytest.raises(ArtefactError, match="gamma"):
        SupportVectors.load(content, Columns.unnamed(8))

import numpy as np
import pytest
from scipy.optimize import minimize

from tradeloop.errors import ArtefactError, InputError
from tradeloop.models import Boosting, Columns
from tradeloop.models.checks import training_rows
from tradeloop.models.sequences import Sequences
from tradeloop.models.vote import Member, Vote, blend, learned_weights


def drawn(seed, members=3, rows=200, sharp=1.0):
    """Forecasts of shape (members, rows, 3) and directions that the first one knows."""
    draw = np.random.default_rng(seed)
    logits = draw.normal(size=(members, rows, 3)) * sharp
    raised = np.exp(logits)
    told = raised / raised.sum(axis=2, keepdims=True)
    truth = (draw.random((rows, 1)) > told[0].cumsum(axis=1)).sum(axis=1) - 1
    return told, np.clip(truth, -1, 1)


def log_loss(probabilities, direction, weight=None):
    chosen = probabilities[np.arange(len(direction)), direction + 1]
    return np.average(-np.log(chosen), weights=weight)


class Still:
    """A fitted model that always says the same."""

    name = "still"

    def __init__(self, told, columns, steps=1, importance=None):
        self.told, self.columns, self.steps = told, columns, steps
        self.said = importance or {}

    def predict_proba(self, features, columns=None):
        if columns is not None:
            self.columns.refuse_other(columns)
        return np.tile(self.told, (len(features), 1))

    def to_bytes(self):
        return np.asarray(self.told).tobytes()

    def importance(self):
        return self.said


COLUMNS = Columns(("a", "b"))


def still(*shares, steps=1):
    told = ([0.5, 0.3, 0.2], [0.1, 0.1, 0.8], [0.2, 0.6, 0.2])
    return tuple(
        Member(f"m{at}", share, Still(told[at], COLUMNS, steps if at == 1 else 1))
        for at, share in enumerate(shares)
    )


def vote(*shares, steps=1):
    return Vote(still(*shares, steps=steps))


def test_a_blend_is_the_weighted_mean():
    told, _ = drawn(1)
    expected = np.average(told, axis=0, weights=[0.4, 0.3, 0.3])
    assert np.abs(blend(told, [0.4, 0.3, 0.3]) - expected).max() < 1e-15
    assert np.abs(blend(told, [4, 3, 3]) - expected).max() < 1e-15


@pytest.mark.parametrize("weight", [0.3, 1 / 3, 0.1, 1e-9, 7.7])
def test_a_blend_of_one_member_is_that_member_to_the_bit(weight):
    told, _ = drawn(2, members=1)
    assert np.array_equal(blend(told, [weight]), told[0])


@pytest.mark.parametrize("at", [0, 1, 3])
def test_a_member_of_weight_0_changes_nothing_to_the_bit(at):
    told, _ = drawn(3)
    more = np.insert(told, at, np.nan if at == 1 else 0.99, axis=0)
    weights = np.insert([0.4, 0.3, 0.3], at, 0.0)
    assert np.array_equal(blend(more, weights), blend(told, [0.4, 0.3, 0.3]))


def test_the_order_of_the_members_does_not_matter():
    told, _ = drawn(4, members=6)
    weights = np.random.default_rng(4).random(6)
    for seed in range(20):
        order = np.random.default_rng(seed).permutation(6)
        other = blend(told[order], weights[order])
        assert np.abs(other - blend(told, weights)).max() <= 1e-15


def test_the_weight_of_an_absent_member_goes_to_the_others():
    told, _ = drawn(5)
    there = np.random.default_rng(5).random((3, 200)) > 0.4
    found = blend(told, [0.4, 0.3, 0.3], there)
    for row in range(200):
        here = np.flatnonzero(there[:, row])
        if not len(here):
            assert np.isnan(found[row]).all()
            continue
        alone = blend(told[here, row : row + 1], np.array([0.4, 0.3, 0.3])[here])[0]
        assert np.array_equal(found[row], alone)
    assert np.isnan(found).any()


def test_a_forecast_of_nan_counts_as_absent():
    told, _ = drawn(6)
    holed = told.copy()
    holed[1, :50, 2] = np.nan
    there = np.ones((3, 200), bool)
    there[1, :50] = False
    expected = blend(told, [0.4, 0.3, 0.3], there)
    assert np.array_equal(blend(holed, [0.4, 0.3, 0.3]), expected)


def test_one_row_equals_many_rows_to_the_bit():
    told, _ = drawn(7)
    many = blend(told, [0.4, 0.3, 0.3])
    single = [blend(told[:, at : at + 1], [0.4, 0.3, 0.3])[0] for at in range(200)]
    assert np.array_equal(many, np.array(single))


def test_one_row_equals_many_rows_whoever_is_there():
    told, _ = drawn(17, members=4)
    draw = np.random.default_rng(17)
    told[draw.random(told.shape) < 0.1] = np.nan
    there = draw.random((4, 200)) < 0.6
    weights = [0.4, 0.0, 0.3, 1 / 3]
    for given in (None, there):
        many = blend(told, weights, given)
        assert np.isnan(many).any()
        for at in range(200):
            own = None if given is None else given[:, at : at + 1]
            single = blend(told[:, at : at + 1], weights, own)[0]
            assert np.array_equal(many[at], single, equal_nan=True)


def test_a_blend_is_a_distribution():
    told, _ = drawn(8, sharp=10)
    assert np.abs(blend(told, [0.4, 0.3, 0.3]).sum(axis=1) - 1).max() < 1e-15 * 3


@pytest.mark.parametrize(
    ("weights", "there"),
    [([1, 2], None), ([1, 1, -1], None), ([1, 1, np.nan], None), ([1, 1, 1], (2, 200))],
)
def test_a_blend_of_strange_shapes_or_weights_is_refused(weights, there):
    told, _ = drawn(9)
    with pytest.raises(InputError):
        blend(told, weights, None if there is None else np.ones(there, bool))
    with pytest.raises(InputError, match="shape"):
        blend(told[0], weights)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("weighted", [False, True])
def test_learned_weights_are_never_worse_than_the_best_member(seed, weighted):
    told, direction = drawn(seed, members=4)
    weight = np.random.default_rng(seed).random(200) if weighted else None
    weights = learned_weights(told, direction, weight)
    ours = log_loss(blend(told, weights), direction, weight)
    best = min(log_loss(own, direction, weight) for own in told)
    assert ours <= best
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_learned_weights_reach_the_optimum_that_another_solver_finds(seed):
    told, direction = drawn(seed)
    mixed = 0.5 * told + 0.5 * np.roll(told, 1, axis=0)
    weights = learned_weights(mixed, direction)
    other = minimize(
        lambda w: log_loss(np.tensordot(w, mixed, 1), direction),
        np.full(3, 1 / 3),
        method="SLSQP",
        bounds=[(0, 1)] * 3,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        options={"ftol": 1e-14, "maxiter": 500},
    )
    assert log_loss(blend(mixed, weights), direction) <= other.fun + 1e-8
    assert np.abs(weights - other.x).max() < 1e-3


def test_the_truth_among_members_gets_most_of_the_weight():
    told, direction = drawn(11, rows=5_000)
    assert learned_weights(told, direction)[0] > 0.95


def test_a_perfect_member_gets_all_the_weight():
    told, direction = drawn(12)
    told[1] = np.eye(3)[direction + 1]
    assert learned_weights(told, direction).tolist() == [0, 1, 0]


def test_weights_are_learned_of_one_member_and_of_hopeless_ones():
    told, direction = drawn(13, members=1)
    assert learned_weights(told, direction).tolist() == [1]
    hopeless = np.tile(np.eye(3)[np.roll(direction, 1) + 1], (2, 1, 1))
    assert learned_weights(hopeless, direction).sum() == 1


def test_weights_are_not_learned_from_holes():
    told, direction = drawn(14)
    with pytest.raises(InputError, match="no forecast"):
        learned_weights(np.where(told > 0.9, np.nan, told), direction)
    with pytest.raises(InputError):
        learned_weights(told[:, :0], direction[:0])
    with pytest.raises(InputError, match="direction"):
        learned_weights(told, direction + 1)


def test_a_vote_blends_what_its_members_say():
    found = vote(0.4, 0.3, 0.3).predict_proba(np.zeros((5, 2)))
    expected = 0.4 * np.array([0.5, 0.3, 0.2]) + 0.3 * np.array([0.3, 0.7, 1.0])
    assert np.abs(found - expected).max() < 1e-15


def test_a_vote_of_one_member_is_that_member(rows):
    fitted = Boosting(n_estimators=3).fit(*rows)
    alone = Vote((Member("only", 0.3, fitted),))
    expected = fitted.predict_proba(rows[0])
    assert np.array_equal(alone.predict_proba(rows[0]), expected)
    assert alone.importance() == pytest.approx(fitted.importance())
    assert alone.columns == fitted.columns
    assert alone.steps == 1


def test_a_member_of_weight_0_is_not_asked():
    silent = Member("silent", 0.0, Still([np.nan] * 3, COLUMNS, steps=9))
    found = Vote((*vote(0.4, 0.6).members, silent))
    assert found.steps == 1
    expected = vote(0.4, 0.6).predict_proba(np.zeros((2, 2)))
    assert np.array_equal(found.predict_proba(np.zeros((2, 2))), expected)


def test_a_vote_with_a_member_of_several_steps_needs_the_past():
    deep = vote(0.4, 0.3, 0.3, steps=4)
    assert deep.steps == 4
    with pytest.raises(InputError, match="looks at 4 rows"):
        deep.predict_proba(np.zeros((5, 2)))
    array = np.zeros((5, 4, 2))
    found = deep.predict_proba(array)
    assert np.array_equal(found, deep.predict_proba(Sequences.of(array)))


def test_a_vote_refuses_other_columns():
    with pytest.raises(ArtefactError, match="Column 1"):
        vote(0.4, 0.6).predict_proba(np.zeros((1, 2)), Columns(("a", "x")))
    stranger = Member("x", 1.0, Still([1, 0, 0], Columns(("a", "x"))))
    with pytest.raises(ArtefactError, match="Column 1"):
        Vote((*vote(1.0).members, stranger))


def test_a_vote_without_weight_or_with_a_name_twice_is_refused():
    for members in ((), still(0.5) * 2, still(0.0, 0.0), still(1.0, -1.0)):
        with pytest.raises(InputError, match="A vote needs members"):
            Vote(members)


def test_importance_is_the_weighted_mean_of_those_who_have_one():
    members = (
        Member("m0", 0.6, Still([1, 0, 0], COLUMNS, importance={"a": 0.5, "b": 0.5})),
        Member("m1", 0.2, Still([1, 0, 0], COLUMNS, importance={"a": 1.0, "b": 0.0})),
        Member("m2", 0.2, Still([1, 0, 0], COLUMNS)),
    )
    assert Vote(members).importance() == pytest.approx({"a": 0.625, "b": 0.375})


def test_votes_of_the_same_members_are_the_same_bytes():
    assert vote(0.4, 0.6).to_bytes() == vote(0.4, 0.6).to_bytes()
    assert vote(0.4, 0.6).to_bytes() != vote(0.6, 0.4).to_bytes()
    with pytest.raises(ArtefactError, match="export_members"):
        vote(0.4, 0.6).to_onnx()


def test_a_vote_is_no_worse_than_its_members_on_average():
    features, direction = training_rows(1, n_rows=400)
    fresh, truth = training_rows(2, n_rows=400)
    kinds = (Boosting(n_estimators=30), Boosting(n_estimators=1, max_depth=1))
    fitted = [kind.fit(features, direction) for kind in kinds]
    found = Vote(tuple(Member(f"m{at}", 0.5, own) for at, own in enumerate(fitted)))
    losses = [log_loss(own.predict_proba(fresh), truth) for own in fitted]
    assert log_loss(found.predict_proba(fresh), truth) < np.mean(losses)

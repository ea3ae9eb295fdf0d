"""Noise: planted flips are found, clean labels raise no alarm, leaks are refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.agreement import confident_joint_oracle, meets_oracle, uniqueness_oracle
from tradeloop.errors import InputError
from tradeloop.labels.audit import check_out_of_fold, noise, rows_spanned, uniqueness
from tradeloop.labels.audit.noise import confident_joint
from tradeloop.labels.audit.overlap import meets_any

CLASSES = ("down", "flat", "up")
spans = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 12)).map(
        lambda s: (s[0], s[0] + s[1])
    ),
    min_size=1,
    max_size=25,
)


def purged_folds(start, end, count):
    """Blocks in time; whatever meets the tested block does not train."""
    folds = []
    for test in np.array_split(np.arange(len(start)), count):
        low, high = start[test].min(), end[test].max()
        train = np.flatnonzero((end < low) | (start > high))
        folds.append((train, test))
    return folds


def out_of_fold(features, given_labels, folds, classes):
    """A softmax over distances from the mean of each class, trained per fold."""
    found = np.full((len(features), classes), np.nan)
    for train, test in folds:
        means = np.array(
            [
                features[train][given_labels[train] == j].mean(axis=0)
                for j in range(classes)
            ]
        )
        gap = ((features[test][:, None] - means) ** 2).sum(axis=2)
        weights = np.exp(-(gap - gap.min(axis=1, keepdims=True)))
        found[test] = weights / weights.sum(axis=1, keepdims=True)
    return found


def case(seed, flipped_share, *, apart=5.0, rows=3000, span=10):
    generator = np.random.default_rng(seed)
    true = generator.integers(0, 3, rows)
    centres = apart * np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    features = centres[true] + generator.normal(size=(rows, 2))
    flipped = generator.random(rows) < flipped_share
    given_labels = np.where(flipped, (true + generator.integers(1, 3, rows)) % 3, true)
    start = np.arange(rows) * 10
    end = start + span * 10
    folds = purged_folds(start, end, 5)
    probabilities = out_of_fold(features, given_labels, folds, 3)
    terms = {
        "classes": CLASSES,
        "folds": folds,
        "decision_ns": start,
        "end_ns": end,
    }
    return given_labels, probabilities, terms, flipped


@pytest.mark.parametrize(
    ("share", "precision"), [(0.03, 0.85), (0.1, 0.95), (0.2, 0.97)]
)
def test_planted_flips_are_found_with_their_share(share, precision):
    labels, probabilities, terms, flipped = case(1, share)
    found = noise(labels, probabilities, **terms)
    suspects = found.suspects["row"].to_numpy()
    assert flipped[suspects].mean() > precision  # some points do lie across a border
    assert np.isin(np.flatnonzero(flipped), suspects).mean() > 0.95  # recall
    assert found.mislabelled.value == pytest.approx(flipped.mean(), abs=0.01)


def test_many_flips_raise_an_alarm_and_clean_labels_none_in_fifty_markets():
    assert all(
        noise(*case(seed, 0.2)[:2], **case(seed, 0.2)[2]).alarm for seed in range(5)
    )
    clean = [case(seed, 0.0) for seed in range(50)]
    found = [noise(*each[:2], **each[2]) for each in clean]
    assert not any(each.alarm for each in found)
    assert max(each.suspects.height for each in found) < 0.01 * 3000


def test_where_nothing_can_be_known_there_is_doubt_and_no_alarm():
    labels, probabilities, terms, _ = case(2, 0.0, apart=0.05)
    found = noise(labels, probabilities, **terms)
    assert found.mislabelled.value > 0.3
    assert not found.telling
    assert not found.alarm


def test_the_worst_suspect_comes_first():
    labels, probabilities, terms, _ = case(3, 0.1)
    found = noise(labels, probabilities, **terms)
    margins = found.suspects["margin"].to_numpy()
    assert (np.diff(margins) >= 0).all()
    row = found.suspects.row(0, named=True)
    assert row["given"] == CLASSES[labels[row["row"]]]
    own = probabilities[row["row"]]
    believed = CLASSES.index(row["believed"])
    assert row["margin"] == own[labels[row["row"]]] - own[believed]
    assert found.as_mapping()["worst"][0] == row


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.tuples(*[st.integers(1, 9)] * 3)), min_size=1
    )
)
@settings(max_examples=100)
def test_the_confident_joint_is_that_of_the_definition(rows):
    labels = np.array([label for label, _ in rows])
    weights = np.array([parts for _, parts in rows], dtype=np.float64)
    # Eighths: sums and means of them are the same in any order.
    weights = np.round(weights) / 8
    _, joint, believed = confident_joint(labels, weights)
    wanted, wanted_belief = confident_joint_oracle(labels.tolist(), weights.tolist())
    assert joint.tolist() == wanted
    assert believed.tolist() == wanted_belief


def test_the_joint_sums_to_one_with_the_shares_of_the_given_classes():
    labels, probabilities, terms, _ = case(4, 0.1)
    joint = np.array(noise(labels, probabilities, **terms).joint)
    assert joint.sum() == pytest.approx(1)
    np.testing.assert_allclose(joint.sum(axis=1), np.bincount(labels) / len(labels))


def test_probabilities_that_were_not_out_of_fold_are_refused():
    labels, probabilities, terms, _ = case(5, 0.0, rows=300)
    (train, test), *rest = terms["folds"]
    leaks = {
        "is tested in more than one fold": [(train, test), (train, test)],
        "is in both parts of a fold": [(np.append(train, test[0]), test), *rest],
        "meets that of a tested row": [(np.append(train, test[-1] + 1), test), *rest],
    }
    for match, folds in leaks.items():
        with pytest.raises(InputError, match=match):
            noise(labels, probabilities, **(terms | {"folds": folds}))


def test_plain_folds_in_time_leak_at_their_borders_and_are_refused():
    _, _, terms, _ = case(6, 0.0, rows=300)
    every = np.arange(300)
    plain = [(np.setdiff1d(every, test), test) for test in np.array_split(every, 5)]
    with pytest.raises(InputError, match="trains while its label interval meets"):
        check_out_of_fold(plain, terms["decision_ns"], terms["end_ns"])


def test_rows_that_only_train_count_as_left_out_and_may_have_no_probability():
    labels, probabilities, terms, _ = case(7, 0.0, rows=300)
    probabilities[terms["folds"][0][1]] = np.nan
    labels[terms["folds"][0][1]] = -1
    found = noise(labels, probabilities, **(terms | {"folds": terms["folds"][1:]}))
    assert (found.rows, found.left_out) == (240, 60)


def test_probabilities_that_are_none_are_refused():
    labels, probabilities, terms, _ = case(8, 0.0, rows=300)
    probabilities[17] = [0.5, 0.4, 0.2]
    with pytest.raises(InputError, match="row 17"):
        noise(labels, probabilities, **terms)
    with pytest.raises(InputError, match="shape 300 x 3"):
        noise(labels, probabilities[:, :2], **terms)


@given(spans)
@settings(max_examples=100)
def test_uniqueness_is_the_mean_share_of_each_instant(given_spans):
    start, end = np.array(given_spans).T
    wanted = uniqueness_oracle(given_spans)
    np.testing.assert_allclose(uniqueness(start, end), wanted, rtol=1e-12)


@given(spans, spans)
@settings(max_examples=100)
def test_intervals_meet_where_they_share_an_instant_their_ends_included(one, other):
    found = meets_any(*np.array(one).T, *np.array(other).T)
    assert found.tolist() == meets_oracle(one, other)


def test_labels_of_two_instruments_do_not_overlap():
    start, end = np.array([0, 0, 0]), np.array([9, 9, 9])
    assert uniqueness(start, end).tolist() == pytest.approx([1 / 3] * 3)
    assert uniqueness(start, end, ["a", "a", "b"]).tolist() == [0.5, 0.5, 1.0]
    assert rows_spanned(np.arange(100) * 10, np.arange(100) * 10 + 200) == 18

"""Error bars of labels: they hold, they know nothing of later, they say when unsure."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import t as student

from tradeloop.costs import CostModel
from tradeloop.errors import InputError
from tradeloop.events import BAR
from tradeloop.labels import LabelPlan, OutcomeRule, label
from tradeloop.labels.certainty import CertaintyRule, certainty, certainty_schema
from tradeloop.labels.certainty.classes import (
    Error,
    class_probabilities,
    combined,
    covariance,
)
from tradeloop.labels.certainty.error_bars import correlation_at
from tradeloop.labels.certainty.experiment import certainty_experiment
from tradeloop.labels.certainty.observations import of_quotes
from tradeloop.labels.certainty.standing import (
    Fits,
    Standing,
    adjustment,
    standing,
)

S = 10**9
RULE = CertaintyRule()
BOUNDS = OutcomeRule(
    excellent_bps=6, good_bps=3, poor_bps=-3, bad_bps=-6, neutral_bps=3
)
PLAN = LabelPlan((60 * S, 600 * S), rule=BOUNDS)


def quotes(level_bps, times_ns, *, name="X", spread_bps=0.2):
    mid = 100 * np.exp(np.asarray(level_bps) * 1e-4)
    half = mid * spread_bps * 0.5e-4
    return pl.DataFrame(
        {
            "instrument": name,
            "event_ns": times_ns,
            "received_ns": times_ns,
            "bid": mid - half,
            "ask": mid + half,
        }
    )


def walk(seed, *, n=40_000, step_ns=S // 4, gap=8):
    """A Brownian path of 0.5 bps a quarter second, and quotes of it at random."""
    rng = np.random.default_rng(seed)
    times = np.arange(n, dtype=np.int64) * step_ns
    path = np.cumsum(0.5 * rng.standard_normal(n))
    seen = np.sort(rng.choice(n, n // gap, replace=False))
    return path, times, seen


def decide(times_ns, side, *, name="X"):
    n = len(times_ns)
    return pl.DataFrame(
        {
            "decision_id": [f"d{k}" for k in range(n)],
            "instrument": name,
            "side": np.broadcast_to(np.asarray(side, dtype=np.int8), n),
            "received_ns": times_ns,
        }
    )


@pytest.fixture(scope="module")
def world():
    path, times, seen = walk(1)
    at = np.arange(4_000, 36_000, 40)
    side = np.where(np.arange(len(at)) % 2, 1, -1)
    return path, quotes(path[seen], times[seen]), decide(times[at], side), at


@pytest.fixture(scope="module")
def bars_of_world(world):
    _, ticks, decisions, _ = world
    return certainty(decisions, BAR.empty(), ticks, plan=PLAN)


def test_on_a_brownian_path_with_sound_quotes_the_interval_is_no_narrower_than_it_says(
    world, bars_of_world
):
    path, _, decisions, at = world
    for steps, suffix in ((240, "1m"), (2400, "10m")):
        truth = np.exp((path[at + steps] - path[at]) * 1e-4) - 1
        truth *= 1e4 * decisions["side"].to_numpy()
        low, high = (bars_of_world[f"{end}_bps_{suffix}"] for end in ("low", "high"))
        covered = (low.to_numpy() <= truth) & (truth <= high.to_numpy())
        # The volatility never changes here, so that the bars are wider than they need.
        assert 0.94 < covered.mean() < 0.995


def test_the_simulated_markets_are_covered_with_their_faults():
    minute = 60 * S
    found = certainty_experiment(
        "fx",
        days=1.0,
        seeds=(41, 42),
        horizons_ns=(15 * minute, 60 * minute),
        decisions=2000,
    )
    assert found.height == 4
    assert found["labels"].min() > 1000
    # A day of two seeds is a small sample: its own error is about a percent.
    assert found["coverage"].is_between(0.925, 0.975).all()
    assert (found["accuracy_claims"] > 0.98).all()
    assert (found["accuracy_likely"] > found["accuracy"]).all()
    assert found["claims"].is_between(0.4, 0.95).all()
    assert found["neutral"].is_between(0.2, 0.6).all()  # not all of one class


def test_bars_are_covered_with_less_certainty_than_quotes():
    given = {"days": 1.0, "seeds": (43,), "horizons_ns": (3600 * S,)}
    bars = certainty_experiment("fx", prices="bars", decisions=1500, **given)
    ticks = certainty_experiment("fx", prices="quotes", decisions=1500, **given)
    assert bars["coverage"].is_between(0.9, 0.98).all()
    assert (bars["error_bps"] > 1.5 * ticks["error_bps"]).all()
    assert (bars["claims"] < ticks["claims"]).all()


def test_a_later_quote_changes_nothing_of_an_error_bar_once_known(world, bars_of_world):
    _, ticks, decisions, _ = world
    first = decisions.head(200)
    known = bars_of_world.head(200)
    last = max(known["certain_ns_1m"].max(), known["certain_ns_10m"].max())
    cut = ticks.filter(pl.col("received_ns") <= last)
    assert cut.height < ticks.height
    assert certainty(first, BAR.empty(), cut, plan=PLAN).equals(known)


def test_it_is_known_with_its_label_or_a_settled_time_after(world):
    _, ticks, decisions, _ = world
    labels = label(decisions, BAR.empty(), ticks, horizons_ns=PLAN.horizons_ns)
    at_once = certainty(decisions, BAR.empty(), ticks, plan=PLAN)
    assert at_once["certain_ns_1m"].equals(labels["end_ns_1m"].alias("certain_ns_1m"))
    later = CertaintyRule(settle_ns=30 * S)
    settled = certainty(decisions, BAR.empty(), ticks, plan=PLAN, rule=later)
    assert (settled["certain_ns_1m"] - labels["end_ns_1m"]).unique().to_list() == [
        30 * S
    ]
    # With quotes on both sides of the exit the error is smaller.
    assert settled["error_bps_1m"].mean() < at_once["error_bps_1m"].mean()
    as_of = int(labels["end_ns_1m"][0])
    plan = LabelPlan(PLAN.horizons_ns, rule=BOUNDS, as_of_ns=as_of)
    pending = certainty(decisions.head(1), BAR.empty(), ticks, plan=plan, rule=later)
    assert pending["error_bps_1m"][0] is None
    assert pending["certain_ns_1m"][0] is None


def test_chances_sum_to_one_and_the_mark_follows_from_them(bars_of_world):
    words = ("bad", "poor", "neutral", "good", "excellent")
    for suffix in PLAN.suffixes:
        chances = bars_of_world.select(f"probability_{w}_{suffix}" for w in words)
        table = chances.to_numpy()
        assert table.sum(axis=1) == pytest.approx(1.0)
        likely = [words[k].upper() for k in table.argmax(axis=1)]
        assert bars_of_world[f"true_class_{suffix}"].to_list() == likely
        inside = bars_of_world[f"class_probability_{suffix}"] < 0.95
        assert bars_of_world[f"inside_noise_{suffix}"].to_list() == inside.to_list()
        assert inside.any()
        assert not inside.all()


def test_labels_are_right_as_often_as_their_probability_says(world, bars_of_world):
    _, ticks, decisions, _ = world
    path, at = world[0], world[3]
    labels = label(
        decisions, BAR.empty(), ticks, horizons_ns=PLAN.horizons_ns, rule=BOUNDS
    )
    truth = 1e4 * (np.exp((path[at + 240] - path[at]) * 1e-4) - 1)
    truth *= decisions["side"].to_numpy()
    words = np.array(["BAD", "POOR", "NEUTRAL", "GOOD", "EXCELLENT"])
    actual = words[np.searchsorted([-6, -3, 3, 6], truth)]
    right = labels["outcome_1m"].to_numpy() == actual
    said = bars_of_world["class_probability_1m"].to_numpy()
    assert right.mean() == pytest.approx(said.mean(), abs=0.04)
    assert right[said > 0.95].mean() > 0.95
    assert right[said < 0.5].mean() < 0.5


def test_the_other_side_has_the_mirrored_error_bar(world, bars_of_world):
    _, ticks, decisions, _ = world
    turned = decisions.with_columns(side=-pl.col("side"))
    found = certainty(turned, BAR.empty(), ticks, plan=PLAN)
    usual = bars_of_world
    for one, other, sign in (
        ("best_bps", "best_bps", -1),
        ("low_bps", "high_bps", -1),
        ("error_bps", "error_bps", 1),
        ("probability_bad", "probability_excellent", 1),
        ("probability_poor", "probability_good", 1),
    ):
        expected = (sign * usual[f"{other}_1m"]).to_numpy()
        assert found[f"{one}_1m"].to_numpy() == pytest.approx(expected, abs=1e-6)


def test_without_a_label_or_with_few_prices_there_is_no_error_bar(world):
    _, ticks, _, _ = world
    last = int(ticks["received_ns"].max())
    soon = int(ticks["received_ns"][50])
    late = decide([soon, last - 30 * S, last - 300 * S, last - 300 * S], [1, 1, 1, 0])
    found = certainty(late, BAR.empty(), ticks, plan=PLAN)
    given = found["error_bps_1m"].is_not_null().to_list()
    assert given == [False, False, True, False]
    assert found["inside_noise_1m"].is_not_null().to_list() == given
    assert found["error_bps_10m"].null_count() == 3  # only the first one is over
    assert found.schema == certainty_schema(PLAN)
    assert found["decision_id"].to_list() == late["decision_id"].to_list()


def test_no_decision_gives_no_row(world):
    _, ticks, decisions, _ = world
    found = certainty(decisions.clear(), BAR.empty(), ticks, plan=PLAN)
    assert found.shape == (0, len(certainty_schema(PLAN)))
    assert found.schema == certainty_schema(PLAN)


def test_net_labels_are_graded_after_their_costs(world, bars_of_world):
    _, ticks, decisions, _ = world
    net = OutcomeRule(6, 3, -3, -6, 3, graded="net")
    plan = LabelPlan(PLAN.horizons_ns, rule=net, costs=CostModel(2.0, 1.0))
    found = certainty(decisions, BAR.empty(), ticks, plan=plan)
    assert found["best_bps_1m"].equals(bars_of_world["best_bps_1m"])
    assert found["probability_excellent_1m"].mean() < (
        bars_of_world["probability_excellent_1m"].mean() - 0.05
    )
    # 6 bps of costs: what was above +3 must now be above +9 before them.
    shifted = OutcomeRule(12, 9, 3, 0, 3)
    same = certainty(
        decisions, BAR.empty(), ticks, plan=LabelPlan(PLAN.horizons_ns, rule=shifted)
    )
    for name in ("probability_good_1m", "probability_bad_1m"):
        assert found[name].to_numpy() == pytest.approx(same[name].to_numpy())


def test_a_wider_spread_of_bars_without_quotes_makes_labels_less_certain():
    path, times, _ = walk(3)
    closes = 100 * np.exp(path[239::240] * 1e-4)
    end = times[239::240] + S // 4
    bars = pl.DataFrame(
        {
            "instrument": "X",
            "open_ns": end - 60 * S,
            "event_ns": end,
            "received_ns": end,
            "open": closes,
            "high": closes,
            "low": closes,
            "close": closes,
        }
    )
    few = CertaintyRule(least_rows=60, window_rows=20)
    errors = []
    for half in (0.0, 2.0, 8.0):
        plan = LabelPlan((600 * S,), rule=BOUNDS, costs=CostModel(half))
        found = certainty(decide(end[100:150] + S, 1), bars, None, plan=plan, rule=few)
        errors.append(found["error_bps_10m"].mean())
    assert errors[0] < errors[1] < errors[2]
    assert errors[2] > 2**0.5 * 8.0 * 0.7  # entry and exit, each at bid or ask


def test_how_far_quotes_go_at_each_change_is_read_off_them():
    rng = np.random.default_rng(2)
    due = np.cumsum(rng.standard_normal(20_000))
    assert adjustment(due, lag_rows=20) == pytest.approx(1.0, abs=0.1)
    for share in (0.3, 0.6):
        shown = np.zeros(len(due))
        for k in range(1, len(due)):
            shown[k] = shown[k - 1] + share * (due[k] - shown[k - 1])
        assert adjustment(shown, lag_rows=20) == pytest.approx(share, rel=0.1)
    assert adjustment(np.zeros(100), lag_rows=20) == 1.0


def test_repeated_crossed_and_stale_quotes_are_no_news():
    path, times, seen = walk(4, n=4000)
    sound = quotes(path[seen], times[seen])
    again = sound.with_columns(received_ns=pl.col("received_ns") + 1)
    stale = sound.head(50).with_columns(received_ns=pl.lit(10**15))
    crossed = sound.with_columns(bid="ask", ask="bid")
    for given in (pl.concat([sound, again, stale]), crossed):
        found, usual = of_quotes(given), of_quotes(sound)
        assert found.stood_ns.tolist() == usual.stood_ns.tolist()
        assert found.level_bps.tolist() == usual.level_bps.tolist()


def test_an_estimate_lies_between_its_two_quotes_and_is_least_sure_in_the_middle():
    path, times, _ = walk(5, n=4000)
    grid = np.arange(0, 4000, 4)  # one quote a second
    price = Fits(of_quotes(quotes(path[grid], times[grid])), RULE)
    moments = 700 * S + np.array([1, S // 4, S // 2, 3 * S // 4, S - 1])
    known = np.full(5, 900 * S)
    found = standing(price, moments, known)
    variance = found.variance
    assert variance[2] > variance[1] > variance[0]
    assert variance[2] > variance[3] > variance[4]
    assert variance[:2] == pytest.approx(variance[:2:-1], rel=0.02)
    # One side only: the error grows with the age of the quote.
    alone = standing(price, moments, np.full(5, 700 * S)).variance
    assert (np.diff(alone) > 0).all()
    assert alone[-1] > 2 * variance[2]


def brute_covariance(one, two, *, steps=200_000):
    """Integral of the product of both weight functions, on a fine grid."""
    low = min(one.before_ns[0], two.before_ns[0])
    high = max(one.after_ns[0], two.after_ns[0])
    grid = low + (np.arange(steps) + 0.5) * (high - low) / steps

    def weights(s):
        early = (grid > s.before_ns[0]) & (grid < s.at_ns[0])
        late = (grid > s.at_ns[0]) & (grid < s.after_ns[0])
        return -(1 - s.weight[0]) * early + s.weight[0] * late

    area = (weights(one) * weights(two)).mean() * (high - low) / S
    return area * (one.rate[0] * two.rate[0]) ** 0.5


def stood(before, at, after, *, weight, rate, span=5):
    times = (np.array([int(x * S)]) for x in (before, at, after))
    floats = (np.array([x]) for x in (0.0, rate, weight, 0.0))
    window = (np.array([int(x * S)]) for x in (at - span, at + span))
    return Standing(*floats, *times, *window)


@pytest.mark.parametrize("shift", [-9.0, -3.0, -0.5, 0.0, 1.0, 2.5, 7.0])
def test_errors_go_together_where_their_quotes_overlap(shift):
    one = stood(0, 4, 10, weight=0.3, rate=2.0)
    two = stood(1 + shift, 3 + shift, 8 + shift, weight=0.6, rate=0.5)
    expected = brute_covariance(one, two)
    assert covariance(one, two)[0] == pytest.approx(expected, abs=1e-3)
    assert covariance(one, one)[0] == pytest.approx(one.variance[0])


def test_independent_errors_add_up_and_their_degrees_by_welch_and_satterthwaite():
    ages = ((0, 4), (50, 62))
    parts = [stood(a, b, b, weight=0.0, rate=1.0) for a, b in ages]
    factors = [np.array([-1.0]), np.array([1.0])]
    table = [[np.ones(1)] * 2] * 2
    variance, degrees = combined(factors, parts, table, degrees=4.0)
    assert variance[0] == pytest.approx(4.0 + 12.0)
    assert degrees[0] == pytest.approx(4.0 * 16**2 / (4**2 + 12**2))  # GUM, G.2b
    # With the volatility of both from one window they are no surer than one of them.
    parts = [stood(a, b, b, weight=0.0, rate=1.0, span=10**6) for a, b in ages]
    assert combined(factors, parts, table, degrees=4.0)[1] == pytest.approx(4, rel=1e-3)


def test_probabilities_are_those_of_the_t_distribution():
    error = Error(np.array([4.0]), np.array([4.0]), np.array([7.0]))
    found = class_probabilities(error, BOUNDS, unit_bps=1.0, paid_bps=0.0)[0]
    below = [student.cdf((b - 4.0) / 2.0, 7.0) for b in (-6, -3, 3, 6)]
    assert found == pytest.approx(np.diff([0, *below, 1]))
    doubled = class_probabilities(error, BOUNDS, unit_bps=2.0, paid_bps=0.0)[0]
    assert doubled[2] == pytest.approx(
        student.cdf(1.0, 7.0) - student.cdf(-5.0, 7.0)
    )  # bounds at -6 and 6


def test_correlation_is_found_from_quotes_that_never_come_together():
    rng = np.random.default_rng(8)
    n = 200_000
    both = rng.standard_normal(n)
    times = np.arange(n, dtype=np.int64) * S // 4
    fits = []
    for _ in range(2):
        own = rng.standard_normal(n)
        path = np.cumsum(0.6**0.5 * both + 0.4**0.5 * own)
        seen = np.sort(rng.choice(n, n // 4, replace=False))
        fits.append(Fits(of_quotes(quotes(path[seen], times[seen])), RULE))
    found = correlation_at(*fits, np.array([0, times[n // 10], times[-1]]))
    assert found[0] == 0.0
    assert found[2] == pytest.approx(0.6, abs=0.12)
    assert 0 < found[1] < found[2] + 0.2


def test_a_benchmark_that_moves_with_the_instrument_leaves_less_to_be_unsure_of(world):
    path, ticks, decisions, _ = world
    own = decisions.filter(pl.col("side") == 1)
    seen = (ticks["event_ns"] // (S // 4)).to_numpy()
    twin = quotes(path[seen] + 50.0, ticks["event_ns"].to_numpy(), name="Y")
    rng = np.random.default_rng(6)
    other = np.cumsum(0.5 * rng.standard_normal(len(path)))
    far = quotes(other[seen], ticks["event_ns"].to_numpy(), name="Y")
    plan = LabelPlan((60 * S,), benchmark="Y", rule=BOUNDS)
    errors = [
        certainty(own, BAR.empty(), pl.concat([ticks, second]), plan=plan)[
            "error_bps_1m"
        ].mean()
        for second in (twin, far)
    ]
    alone = certainty(own, BAR.empty(), ticks, plan=LabelPlan((60 * S,), rule=BOUNDS))
    assert errors[0] < 0.8 * errors[1]
    assert errors[1] > alone["error_bps_1m"].mean()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("level", 1.0),
        ("degrees", 2.0),
        ("quote_share", -0.1),
        ("between_share", 0.0),
        ("window_rows", 5),
        ("least_rows", 10),
        ("settle_ns", -1),
    ],
)
def test_a_constant_out_of_range_is_refused_by_name(name, value):
    with pytest.raises(InputError, match=name):
        CertaintyRule(**{name: value})

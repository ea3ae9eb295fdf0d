import re
from dataclasses import replace

import numpy as np
import pytest

from tradeloop.models import Columns, evaluate, read_artefact, write_artefact
from tradeloop.models.card import LIMITS, model_card


@pytest.fixture(scope="module")
def described(files):
    found = read_artefact(files).meta
    return replace(
        found,
        input_ranges={"a": (-1.5, 2.25)},
        training_rows=12_345,
        training_period_ns=(0, 10 * 86_400 * 10**9),
        parent="v0.0.9",
    )


@pytest.fixture(scope="module")
def judged(model, rows):
    told = model.predict_proba(rows[0])
    rates = np.tile(model.base_rates, (len(told), 1))
    return evaluate(told, rates, rows[1], block_rows=2, seed=1).as_mapping()


def test_a_card_says_what_trained_on_what_and_how_good(described, judged):
    card = model_card(described, judged, licence="Apache-2.0")
    assert card.startswith("# direction-5d v0.1.0\n\n")
    assert "directions -1, 0, +1 over the next 5 d, by one model" in card
    assert "| boosting | boosting | 1 | 1 |" in card
    assert "| rows | 12,345 |" in card
    assert "| decisions | 1970-01-01 to 1970-01-11 |" in card
    assert "| parent | v0.0.9 |" in card
    assert "-1.5 to 2.25" in card
    assert "Kind: shrunk. Expected calibration error" in card
    assert "Apache-2.0" in card
    assert "artefact.runtime()" in card
    assert all(limit in card for limit in LIMITS)


def test_each_figure_stands_beside_its_baselines_with_intervals(described, judged):
    card = model_card(described, judged)
    found = judged["model"]["log_loss"]
    figure = f"{found['value']:.4f} [{found['low']:.4f}, {found['high']:.4f}]"
    line = next(line for line in card.splitlines() if line.startswith("| log_loss |"))
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[1] == figure
    assert re.fullmatch(r"\d\.\d{4} \[.*\]", cells[2])
    assert cells[3] == "-"
    assert "| figure | model | no skill | majority |" in card


def test_a_leak_alarm_is_told_and_no_gain_is_called_none(described, judged):
    gain = {"value": 0.01, "low": -0.01, "high": 0.03}
    odd = judged | {"leak_alarm": True, "log_loss_gain": gain}
    card = model_card(described, odd)
    assert "the leak alarm rang" in card
    assert "0.0100 [-0.0100, 0.0300] nats a row, not told apart from 0" in card
    assert "leak alarm" not in model_card(described, judged | {"leak_alarm": False})


def test_a_card_without_an_evaluation_shows_the_metrics_or_says_so(described):
    assert "Not evaluated." in model_card(described)
    told = replace(described, metrics={"log_loss": 0.75})
    assert "| log_loss | 0.75 |" in model_card(told)


def test_names_cannot_break_out_of_their_cells(described):
    names = tuple(f"c{at}" for at in range(25))
    odd = ("x|y", "a\nb", "<script>")
    columns = Columns((*odd, *names), "bank")
    card = model_card(replace(described, columns=columns, name="one\n# two"))
    assert "x\\|y" in card
    assert "<script>" not in card
    assert "\n# two" not in card
    assert "And 8 more, in model.json." in card


def test_a_card_travels_with_the_model(model, export, meta, described, judged):
    card = model_card(described, judged)
    files = write_artefact(model.fitted, model.calibration, export, meta, card=card)
    assert read_artefact(files).card == card
    assert model_card(described, judged) == card

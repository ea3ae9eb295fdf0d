import re
import xml.etree.ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest

from reports.specimen import full
from tradeloop.reports import (
    DARK,
    LIGHT,
    EquityCurves,
    Importance,
    LabelCounts,
    Reliability,
    Span,
    as_file,
    as_png,
    as_svg,
    equity_picture,
    importance_picture,
    loop_picture,
    outcomes_picture,
    reliability_picture,
    split_picture,
)
from tradeloop.reports.drawing import _reader_fonts
from tradeloop.reports.palette import ROLES, SENTINELS

REPORT = full()
PICTURES = {
    "equity": equity_picture(REPORT.equity),
    "reliability": reliability_picture(REPORT.reliability),
    "outcomes": outcomes_picture(REPORT.labels),
    "importance": importance_picture(REPORT.importance),
    "split": split_picture(REPORT.split),
}
every_picture = pytest.mark.parametrize("name", sorted(PICTURES))
SVG = "{http://www.w3.org/2000/svg}"


@every_picture
def test_every_axis_says_what_it_shows_and_in_which_unit(name):
    axes = PICTURES[name].draw(LIGHT).axes
    assert axes
    assert all(panel.get_ylabel() for panel in axes)
    assert axes[-1].get_xlabel()
    scales = [axes[-1].get_xlabel(), *(panel.get_ylabel() for panel in axes)]
    counted = ("Strategy", "Feature", "Fold", "Forecasts")  # names and counts: no unit
    assert all(re.search(r"\(.+\)$", said) or said in counted for said in scales)


@every_picture
def test_every_colour_of_a_picture_follows_the_reader(name):
    svg = as_svg(PICTURES[name])
    assert not re.findall(r"#[0-9a-fA-F]{6}\b", svg)
    assert not [value for value in vars_of(SENTINELS) if value in svg]
    assert set(re.findall(r"var\(--(\w+)\)", svg)) <= set(ROLES)
    assert "var(--muted)" in svg


def vars_of(palette):
    return [getattr(palette, role) for role in ROLES]


@every_picture
def test_every_picture_has_a_title_a_description_and_text_as_text(name):
    picture = PICTURES[name]
    root = ET.fromstring(as_file(picture))  # noqa: S314
    assert root.find(f"{SVG}title").text == picture.title
    assert root.find(f"{SVG}desc").text == picture.description
    assert re.search(r"\d", picture.title)
    texts = [element.text for element in root.iter(f"{SVG}text")]
    axes = PICTURES[name].draw(LIGHT).axes
    assert axes[-1].get_xlabel() in texts
    assert not re.search("DejaVu", as_file(picture))


@every_picture
def test_a_picture_is_the_same_at_each_drawing_whatever_the_users_settings(name):
    first = as_svg(PICTURES[name])
    with mpl.rc_context({"lines.linewidth": 9, "font.size": 30, "axes.grid": True}):
        before = dict(mpl.rcParams)
        assert as_svg(PICTURES[name]) == first
        assert dict(mpl.rcParams) == before


@pytest.mark.parametrize(
    "style",
    [
        "font: 700 9px 'DejaVu Sans', 'Arial'; fill: red",  # Matplotlib 3.10
        "font-weight: 700; font-size: 9px; font-family: 'DejaVu Sans'; fill: red",
    ],
)
def test_a_text_keeps_size_and_weight_and_leaves_the_font_to_the_reader(style):
    assert _reader_fonts(style) == "font-weight: 700; font-size: 9px; fill: red"


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_a_picture_can_be_had_as_png_in_light_and_dark(palette):
    png = as_png(PICTURES["split"], palette, dots_per_inch=50)
    assert png.startswith(b"\x89PNG")
    assert png == as_png(PICTURES["split"], palette, dots_per_inch=50)


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_text_can_be_read_on_both_grounds(palette):
    for ground in (palette.paper, palette.panel):
        for role in ("ink", "muted", "accent", "second", "good", "bad"):
            assert contrast(getattr(palette, role), ground) >= 4.5, role
    # Figures written inside the bars.
    for bar, text in (
        (palette.excellent, palette.paper),
        (palette.fine, palette.ink),
        (palette.neutral, palette.ink),
        (palette.poor, palette.ink),
        (palette.awful, palette.paper),
        (palette.accent, palette.paper),
    ):
        assert contrast(bar, text) >= 3.0, bar


def test_a_long_curve_is_thinned_but_keeps_its_extremes():
    time_ns = np.arange(200_000) * 60 * 10**9
    line = np.ones(200_000)
    line[123_457], line[77_777] = 0.5, 2.0
    picture = equity_picture(EquityCurves(time_ns, line, np.ones(200_000)))
    drawn = picture.draw(LIGHT).axes[0].get_lines()
    heights = np.concatenate([np.asarray(found.get_ydata()) for found in drawn])
    assert heights.min() == 0.5
    assert heights.max() == 2.0
    assert max(len(found.get_ydata()) for found in drawn) < 5000
    assert "75 %" in picture.title


def test_the_drawdown_in_the_title_counts_from_the_capital():
    time_ns = np.arange(3) * 10**15
    down, up = np.array([0.9, 0.8, 0.95]), np.array([1.0, 1.5, 1.2])
    title = equity_picture(EquityCurves(time_ns, down, up)).title
    assert "0.95" in title
    assert "1.20" in title
    assert "20 % and 20 %" in title


@pytest.mark.parametrize(
    "picture",
    [
        equity_picture(EquityCurves(np.array([10**18]), np.ones(1), np.ones(1))),
        equity_picture(
            EquityCurves(np.arange(5) * 10**9, np.full(5, -0.2), np.ones(5))
        ),
        reliability_picture(
            Reliability(np.array([0.5]), np.array([1.0]), np.array([1]), 0.5)
        ),
        outcomes_picture(LabelCounts(("a", "b"), np.array([[0] * 5, [0, 0, 1, 0, 0]]))),
        importance_picture(Importance(("only",), np.zeros(1))),
        split_picture((Span("fold", "test", 5, 5, 1),)),
    ],
    ids=["point", "ruin", "one bin", "no labels", "no gain", "no time"],
)
def test_the_smallest_data_can_be_drawn(picture):
    ET.fromstring(as_file(picture))  # noqa: S314


def test_only_the_fifteen_most_important_features_are_drawn_best_first():
    names = tuple(f"feature_{k:02d}" for k in range(40))
    value = np.arange(40.0)
    axes = importance_picture(Importance(names, value)).draw(LIGHT).axes[0]
    shown = [label.get_text() for label in axes.get_yticklabels()]
    assert shown == [f"feature_{k:02d}" for k in range(39, 24, -1)]


def test_a_purge_of_days_among_years_can_be_seen():
    year, day = 365 * 86_400 * 10**9, 86_400 * 10**9
    spans = (
        Span("fold 1", "train", 0, 10 * year, 900),
        Span("fold 1", "purged", 10 * year, 10 * year + day, 2),
        Span("fold 1", "test", 10 * year + day, 12 * year, 200),
    )
    axes = split_picture(spans).draw(LIGHT).axes[0]
    widths = [patch.get_width() for patch in axes.patches]
    low, high = axes.get_xlim()
    assert min(widths) >= 0.003 * (high - low)


def test_a_split_that_learns_from_later_days_is_not_called_forward():
    forward = (Span("f", "train", 0, 10, 5), Span("f", "test", 10, 20, 5))
    crossed = (Span("f", "train", 0, 30, 5), Span("f", "test", 10, 20, 5))
    assert "only what came before" in split_picture(forward).title
    assert "also saw what came later" in split_picture(crossed).title


def test_the_reliability_picture_counts_every_forecast():
    data = Reliability(
        np.array([0.4, 0.55, 0.7]),
        np.array([0.41, 0.5, 0.8]),
        np.array([1200, 300, 20]),
        0.031,
    )
    picture = reliability_picture(data)
    assert "1,520" in picture.title
    assert "3.1" in picture.title
    upper, lower = picture.draw(LIGHT).axes
    assert [patch.get_height() for patch in lower.patches] == [1200, 300, 20]
    diagonal = upper.get_lines()[0]
    assert list(diagonal.get_xdata()) == list(diagonal.get_ydata()) == [0, 1]


def test_the_loop_is_one_well_formed_file_for_light_and_dark():
    svg = loop_picture()
    root = ET.fromstring(svg)  # noqa: S314
    assert root.find(f"{SVG}title").text
    assert svg == loop_picture()
    assert "prefers-color-scheme:dark" in svg
    assert svg.count("://") == 1  # the name of the SVG language itself
    assert len(list(root.iter(f"{SVG}rect"))) == 9

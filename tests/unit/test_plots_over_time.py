"""Plots over time: lines and curves, their gaps, names and intervals, and heat maps where there are too many lines."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import salesmetrics as sm
from salesmetrics.plots import draw, draw_curves

matplotlib = pytest.importorskip("matplotlib", minversion="3.9")
matplotlib.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")

QUARTERS = sm.FiscalCalendar().quarters("2026-01-01", "2026-10-01")


@pytest.fixture
def ax() -> Iterator[Any]:
    figure, axes = plt.subplots(layout="constrained")
    yield axes
    figure.canvas.draw()  # whatever was drawn can be rendered, without a warning
    plt.close(figure)


def deals_of(reps: list[Any], outcomes: list[str], days: list[str | None]) -> sm.DealBook:
    return sm.read_deals(
        {"rep": reps, "outcome": outcomes, "created": ["2026-01-01"] * len(reps), "closed": days}, as_of="2026-12-31"
    )


@pytest.fixture
def deals() -> sm.DealBook:
    return deals_of(
        ["Ana", "Ana", "Ana", "Ben", "Ben", "Cy"],
        ["won", "lost", "won", "lost", "won", "open"],
        ["2026-01-10", "2026-02-10", "2026-05-01", "2026-01-20", "2026-08-01", None],
    )


def ticks(axis: Any) -> list[str]:
    return [label.get_text() for label in axis.get_ticklabels()]


def lines_of(axes: Any) -> dict[str, Any]:
    """Return the lines that have a name."""
    return {line.get_label(): line for line in axes.get_lines() if not line.get_label().startswith("_")}


def named(axes: Any) -> list[str]:
    """Return the names that stand at the ends of lines or in the legend."""
    legend = axes.get_legend()
    return [text.get_text().strip() for text in (axes.texts if legend is None else legend.get_texts())]


# --- lines -----------------------------------------------------------------------------------------------------------


def test_periods_are_lines(ax: Any, deals: sm.DealBook) -> None:
    """With "period" among the labels there is a line for each group over the periods in their order; NaN leaves a gap."""
    draw(sm.win_rate(deals, by="rep", period=QUARTERS), ax)
    lines = lines_of(ax)
    assert list(lines) == [" Ana", " Ben"]
    np.testing.assert_array_equal(lines[" Ana"].get_ydata(), [0.5, 1.0, np.nan])
    np.testing.assert_array_equal(lines[" Ben"].get_ydata(), [0.0, np.nan, 1.0])
    assert ticks(ax.xaxis) == ["FY2026 Q1", "FY2026 Q2", "FY2026 Q3"]
    assert ax.get_ylabel() == "win rate [%]"
    assert ax.get_xlabel().splitlines() == ["period", "hollow: n below 5; gaps: no rows"]
    assert ax.get_ylim()[0] <= 0.0


def test_lines_differ_in_more_than_their_colour(ax: Any) -> None:
    """Colours, dashes and markers: no two lines have the same, in grey or on a bad projector."""
    names = [f"rep {at}" for at in range(7)]
    draw(sm.win_rate(deals_of(names, ["won"] * 7, ["2026-03-10"] * 7), by="rep", period=QUARTERS), ax)
    found = lines_of(ax).values()
    assert len({line.get_color() for line in found}) == 7
    assert len({line.get_marker() for line in found}) == 7
    assert len({(line.get_linestyle(), line.get_marker()) for line in found}) == 7


def test_every_line_has_its_name_at_its_end_or_in_a_legend(deals: sm.DealBook) -> None:
    """Ends that are apart are named there, in the colour of the line; lines that end together have a legend."""
    company = sm.datasets.sample_company(deals=2_000, rng=7)
    quarters = company.calendar.quarters("2025-02-01", "2026-11-01")
    apart, together = (
        sm.win_rate_curve(company.deals, by="segment").at([30, 90, 180]),
        sm.linearity_curve(company.deals, period=quarters, as_of="2026-10-31", by="segment"),
    )
    for table, legend in ((apart, False), (together, True)):
        axes = table.plot()
        axes.figure.canvas.draw()
        assert (axes.get_legend() is not None) is legend
        groups = [str(group) for group in dict.fromkeys(table.labels.column("segment"))]
        assert set(groups) <= set(named(axes))
        if not legend:
            colours = {label.strip(): line.get_color() for label, line in lines_of(axes).items()}
            texts = [text for text in axes.texts if text.get_text() in groups]
            assert all(text.get_color() == colours[text.get_text()] for text in texts)
            boxes = sorted((text.get_window_extent() for text in texts), key=lambda box: box.y0)
            assert all(low.y1 <= high.y0 + 1 for low, high in itertools.pairwise(boxes))
            assert all(box.x1 <= axes.bbox.x1 + 1 for box in boxes)
        plt.close(axes.figure)


def test_whiskers_of_few_lines_end_where_their_intervals_end(ax: Any, deals: sm.DealBook) -> None:
    """Up to four lines have them; with more the note says that they are left out."""
    table = sm.win_rate(deals, by="rep", period=QUARTERS)
    draw(table, ax)
    ends = [segment[:, 1] for lines in ax.collections for segment in lines.get_segments()]
    known = ~table.undefined
    assert table.low is not None
    assert table.high is not None
    np.testing.assert_allclose(ends, np.column_stack([table.low, table.high])[known])
    names = [f"rep {at}" for at in range(6)]
    _, other = plt.subplots()
    draw(sm.win_rate(deals_of(names, ["won"] * 6, ["2026-03-10"] * 6), by="rep", period=QUARTERS), other)
    assert len(other.collections) == 0
    assert "intervals are left out" in other.get_xlabel()
    plt.close(other.figure)


def test_periods_alone_are_one_line_with_its_numbers(ax: Any, deals: sm.DealBook) -> None:
    """One group needs no name, and has room for the number of each period."""
    table = sm.win_rate(deals, period=QUARTERS, confidence_level=None)
    draw(table, ax)
    (line,) = lines_of(ax).values()
    np.testing.assert_array_equal(line.get_ydata(), table.value)
    assert line.get_xdata().tolist() == [0, 1, 2]
    assert ax.get_legend() is None
    assert named(ax) == ["33 %", "100 %", "100 %"]


def test_points_on_few_rows_are_hollow(ax: Any) -> None:
    """The month of tenure that only three reps have reached does not look like the one of fifty."""
    company = sm.datasets.sample_company(deals=2_000, rng=7)
    curve = sm.ramp_curve(company.deals, company.quotas, company.reps)
    draw(curve, ax)
    thin = next(line for line in ax.get_lines() if line.get_label() == "_thin")
    few = (curve.n < 5) & ~curve.undefined
    assert few.any()
    np.testing.assert_array_equal(thin.get_xdata(), np.array(curve.labels.column("tenure_month"))[few])
    np.testing.assert_array_equal(thin.get_ydata(), curve.value[few])
    assert "hollow: n below 5" in ax.get_xlabel()
    assert "dashed: 100 % of quota" in ax.get_xlabel()


def test_days_and_ages_are_as_far_apart_as_they_are(ax: Any) -> None:
    """Three days that are not evenly spaced are not drawn as if they were."""
    company = sm.datasets.sample_company(deals=300, rng=1)
    days = ["2025-03-31", "2025-04-30", "2025-09-30"]
    table = sm.pipeline_trend(company.deals, company.history, at=days, by="segment")
    draw(table, ax)
    line = next(iter(lines_of(ax).values()))
    assert np.diff(line.get_xdata()).tolist() == [30.0, 153.0]
    assert ticks(ax.xaxis) == days
    values = [line.get_ydata() for line in lines_of(ax).values()]
    np.testing.assert_array_equal(np.concatenate(values), table.value)
    assert ax.get_ylabel() == "pipeline trend [USD]"


def test_linearity_is_drawn_beside_an_even_pace(ax: Any) -> None:
    """How far the bookings of a quarter hang through is seen against the straight line."""
    company = sm.datasets.sample_company(deals=300, rng=1)
    curve = sm.linearity_curve(company.deals, period=company.calendar.quarters("2024-02-01", "2026-02-01"))
    draw(curve, ax)
    lines = lines_of(ax)
    assert lines[" even pace"].get_xydata().tolist() == [[0, 0], [1, 1]]
    np.testing.assert_array_equal(lines[" all"].get_ydata(), curve.value)
    assert ax.xaxis.get_major_formatter()(0.5) == "50 %"


def test_many_periods_have_few_ticks_and_many_groups_few_lines(ax: Any) -> None:
    """Every period is drawn and about a dozen are named; the first seven groups are drawn, with a note."""
    names = [f"rep {at:02}" for at in range(14)]
    weeks = sm.FiscalCalendar().weeks("2026-01-01", "2026-12-31")
    table = sm.win_rate(deals_of(names, ["won"] * 14, ["2026-03-10"] * 14), by="rep", period=weeks)
    draw(table, ax)
    lines = list(lines_of(ax).values())
    assert len(lines) == 7
    assert len(lines[0].get_xdata()) == len(weeks)
    assert len(ticks(ax.xaxis)) <= 13
    assert "first 7 of 14 lines" in ax.get_xlabel()


def test_a_mark_in_lines_is_a_dotted_line_or_diamonds(ax: Any, deals: sm.DealBook) -> None:
    """One number for all, or one for each point."""
    table = sm.win_rate(deals, by="rep", period=QUARTERS, confidence_level=None)
    draw(table, ax, mark=0.4)
    (line,) = [line for line in ax.get_lines() if line.get_linestyle() == ":"]
    assert line.get_ydata() == [0.4, 0.4]
    assert "dotted: 40 %" in ax.get_xlabel()
    _, other = plt.subplots()
    every = sm.win_rate(deals, period=QUARTERS)
    draw(table, other, mark=every)
    (diamonds,) = [line for line in other.get_lines() if line.get_marker() == "D" and line.get_linestyle() == "None"]
    np.testing.assert_array_equal(diamonds.get_ydata(), np.tile(every.value, 2))
    plt.close(other.figure)


# --- many groups over few periods -----------------------------------------------------------------------------------


def test_many_groups_over_few_periods_are_a_heat_map(ax: Any) -> None:
    """Fifty lines cannot be read: a cell for each, its number in it, rows by the last period, undefined cells grey."""
    names = [f"rep {at:02}" for at in range(12)]
    outcomes = ["won" if at % 3 else "lost" for at in range(12)]
    days = ["2026-08-10" if at % 2 else "2026-02-10" for at in range(12)]
    table = sm.win_rate(deals_of(names, outcomes, days), by="rep", period=QUARTERS)
    draw(table, ax)
    (image,) = ax.images
    shown = np.ma.filled(image.get_array(), np.nan)
    assert shown.shape == (12, 3)
    order = [names.index(name) for name in ticks(ax.yaxis)]
    np.testing.assert_array_equal(shown, table.value.reshape(12, 3)[order])
    last = shown[:, -1]
    assert np.isnan(last).tolist() == sorted(np.isnan(last).tolist())
    assert [text.get_text() for text in ax.texts].count("–") == int(np.isnan(shown).sum())
    assert ax.get_xlabel().splitlines() == ["period", "win rate [%]", "–: no rows"]


def test_attainment_over_quarters_is_blue_above_the_quota_and_orange_below(ax: Any) -> None:
    """The colours part at 100 %, which the note says, and the numbers stand in the cells."""
    company = sm.datasets.sample_company(deals=8_000, rng=7)
    quarters = company.calendar.quarters("2026-02-01", "2026-11-01")
    table = sm.attainment(company.deals, company.quotas, period=quarters, by="rep")
    draw(table, ax)
    (image,) = ax.images
    assert image.norm(1.0) == pytest.approx(0.5)
    red, _, blue, _ = image.cmap(0.95)
    assert blue > red
    red, _, blue, _ = image.cmap(0.05)
    assert red > blue
    assert "blue: above 100 % of quota, orange: below" in " ".join(ax.get_xlabel().split())


# --- curves ----------------------------------------------------------------------------------------------------------


def test_a_curve_is_steps_to_the_end_of_its_follow_up(ax: Any, deals: sm.DealBook) -> None:
    """Each curve has one value for each day on which deals were still watched, and a band where intervals were asked for."""
    curves = sm.cycle_curve(deals, by="rep")
    assert draw_curves(curves, ax) is ax
    lines = lines_of(ax)
    assert list(lines) == [" Ana (n = 3)", " Ben (n = 2)", " Cy (n = 1)"]
    for at, line in enumerate(lines.values()):
        followed = int(np.count_nonzero(curves.curve.at_risk[at]))
        assert line.get_drawstyle() == "steps-post"
        np.testing.assert_array_equal(line.get_ydata(), curves.curve.survival[at][:followed])
    assert len(ax.collections) == 3
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("age [days]", "share still open [%]")
    assert ax.yaxis.get_major_formatter()(0.5) == "50 %"
    assert ax.get_ylim() == (-0.02, 1.02)
    assert {"Ana (n = 3)", "Ben (n = 2)", "Cy (n = 1)"} <= set(named(ax))


def test_a_win_rate_curve_shows_the_share_won(ax: Any, deals: sm.DealBook) -> None:
    """Of the ends that compete, the win is drawn; without a level there are no bands."""
    curves = sm.win_rate_curve(deals, confidence_level=None)
    draw_curves(curves, ax)
    (line,) = lines_of(ax).values()
    assert line.get_ydata()[-1] == curves.at(len(line.get_ydata()) - 1)["all"].value
    assert ax.get_ylabel() == "share won [%]"
    assert len(ax.collections) == 0


def test_bands_are_those_of_the_curve_at_each_age(ax: Any, deals: sm.DealBook) -> None:
    """The band at an age is the interval that `at` gives."""
    curves = sm.win_rate_curve(deals)
    draw_curves(curves, ax)
    (band,) = ax.collections
    edge = band.get_paths()[0].vertices
    at = curves.at(130)
    assert at.low is not None
    assert at.high is not None
    here = edge[np.isclose(edge[:, 0], 130)][:, 1]
    assert here.min() == pytest.approx(at.low[0])
    assert here.max() == pytest.approx(at.high[0])


def test_many_curves_have_no_bands_and_a_note(ax: Any) -> None:
    """Beyond five bands cover one another, and beyond seven curves the first are drawn."""
    names = [f"rep {at:02}" for at in range(9)]
    curves = sm.cycle_curve(deals_of(names, ["won"] * 9, ["2026-03-10"] * 9), by="rep")
    draw_curves(curves, ax)
    assert len(lines_of(ax)) == 7
    assert len(ax.collections) == 0
    assert "first 7 of 9 curves; bands are left out" in " ".join(ax.get_xlabel().split())
    _, other = plt.subplots()
    assert len(lines_of(curves.plot(other, most=3))) == 3
    assert len(other.collections) == 3
    plt.close(other.figure)


def test_curves_of_nothing_are_drawn_as_such(ax: Any, deals: sm.DealBook) -> None:
    """No deals, no curve, no refusal."""
    draw_curves(sm.cycle_curve(deals.filter({"rep": []}), by="rep"), ax)
    assert [text.get_text() for text in ax.texts] == ["no curves"]

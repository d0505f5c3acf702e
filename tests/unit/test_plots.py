"""Plots of rows: what the artists hold is what the result holds, in a good order, and nothing else is touched."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np
import pytest

import salesmetrics as sm
from salesmetrics.labels import Labels, Levels
from salesmetrics.plots import draw, draw_flags
from salesmetrics.results import REASONS, MetricTable

matplotlib = pytest.importorskip("matplotlib", minversion="3.9")
matplotlib.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")


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


def table(value: list[float], name: str = "attainment", unit: str = "fraction", **more: Any) -> MetricTable:
    """Return a table of as many reps as values, in the order of their names."""
    numbers = np.array(value, dtype=np.float64)
    names = tuple(f"rep {at:03}" for at in range(len(value)))
    given: dict[str, Any] = {
        "labels": Labels((Levels("rep", names),), np.arange(len(value))[:, None]),
        "n": np.full(len(value), 9),
        "reason_code": np.where(np.isnan(numbers), REASONS.index("no_quota"), 0),
    }
    return MetricTable(name=name, unit=unit, value=numbers, **(given | more))


def widths(axes: Any) -> list[float]:
    return [patch.get_width() for patch in axes.patches]


def ticks(axis: Any) -> list[str]:
    return [label.get_text() for label in axis.get_ticklabels()]


def words(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.texts]


def dots(axes: Any, label: str = "_dots") -> Any:
    return next(line for line in axes.get_lines() if line.get_label() == label)


def spans(axes: Any) -> list[np.ndarray]:
    """Return the two ends of every line of an interval."""
    return [s for lines in axes.collections if lines.get_label() == "_interval" for s in lines.get_segments()]


# --- order ---------------------------------------------------------------------------------------------------------


def test_rows_without_an_order_are_drawn_largest_first(ax: Any) -> None:
    """Reps stand in no order of their own: the best is at the top, and what is undefined at the bottom."""
    draw(table([0.5, np.nan, 1.5, 0.9]), ax)
    assert ax.yaxis_inverted()
    assert ticks(ax.yaxis) == [f"rep 00{at} (n = 9)" for at in (2, 3, 0, 1)]
    np.testing.assert_array_equal(widths(ax), [1.5, 0.9, 0.5, np.nan])


def test_a_table_that_was_sorted_stays_as_it_was_sorted(ax: Any) -> None:
    """The order that the user made is the order of the picture."""
    draw(table([0.5, 0.1, 1.5, 0.9]).sort(descending=False), ax)
    assert widths(ax) == [0.1, 0.5, 0.9, 1.5]


def test_stages_stay_in_their_order(ax: Any) -> None:
    """A funnel is read from its first stage, whatever is in it."""
    deals = sm.read_deals(
        {"stage": ["Demo", "Bid", "Bid"], "amount": [100, 250, 10], "outcome": ["open"] * 3}, as_of="2026-01-31"
    )
    stages = Levels("stage", ("Demo", "Bid"), ordered=True)
    answer = attrs.evolve(
        sm.open_pipeline(deals, by="stage"), labels=Labels((stages,), np.array([[0], [1]])), value=[100.0, 260.0]
    )
    draw(answer, ax)
    assert [name.split(" ")[0] for name in ticks(ax.yaxis)] == ["Demo", "Bid"]


def test_of_a_hundred_rows_both_ends_are_drawn_and_the_others_counted(ax: Any) -> None:
    """As many as can be read: the largest and the smallest, with a gap between them, a count in it and a note below."""
    value = np.linspace(2.0, 0.01, 100)
    value[50:60] = np.nan
    draw(table(value.tolist()), ax, most=10)
    assert widths(ax) == pytest.approx([*value[:5], *value[-5:]])
    assert "… 90 more" in words(ax)
    assert ax.get_xlabel() == "attainment [%]\nlargest 5 and smallest 5 of 100 rows, 10 undefined"
    places = [round(patch.get_y() + patch.get_height() / 2, 6) for patch in ax.patches]
    assert places == [0, 1, 2, 3, 4, 6, 7, 8, 9, 10]


def test_of_many_rows_in_an_order_the_first_are_drawn(ax: Any) -> None:
    """A table that was sorted is cut at its end, and the note says so."""
    draw(table(np.linspace(0.1, 2.0, 45).tolist()).sort(descending=True), ax, most=20)
    assert len(widths(ax)) == 20
    assert "first 20 of 45 rows" in ax.get_xlabel()


@pytest.mark.parametrize(("high", "least", "most"), [(2.0, 4, 12), (4.8, 15, 24), (20.0, 30, 30)])
def test_no_more_rows_are_drawn_than_can_be_read(high: float, least: int, most: int) -> None:
    """Small axes get fewer rows, and the largest thirty."""
    figure, axes = plt.subplots(figsize=(6.4, high))
    draw(table(np.linspace(2.0, 0.01, 100).tolist()), axes)
    assert least <= len(widths(axes)) <= most
    plt.close(figure)


def test_new_axes_have_room_for_their_rows() -> None:
    """Without axes of the user's the figure grows with the rows."""
    few, many = table([0.5] * 3).plot(), table([0.5] * 29).plot()
    assert few.figure.get_figheight() < many.figure.get_figheight()
    assert len(widths(many)) == 29
    for axes in (few, many):
        plt.close(axes.figure)


# --- bars ----------------------------------------------------------------------------------------------------------


def test_bars_have_their_numbers_and_the_unit_is_on_the_axis(ax: Any) -> None:
    """Percent for the eye, on the axis and at the bars, while the bars hold fractions."""
    draw(table([0.342, 0.5], "hygiene_share"), ax)
    assert widths(ax) == [0.5, 0.342]
    assert words(ax) == ["50 %", "34 %"]
    assert ax.get_xlabel() == "hygiene share [%]"
    write = ax.xaxis.get_major_formatter()
    assert [write(value) for value in (0.25, 1.0)] == ["25 %", "100 %"]


def test_money_has_its_currency_and_no_row_of_zeros(ax: Any) -> None:
    """1,500,000 is 1.5M, and the axis says of what."""
    draw(table([1_500_000.0, -250.5, 0.0], "credited_bookings", "money", currency="EUR"), ax)
    assert words(ax) == ["1.5M", "0", "−250"]
    assert ax.get_xlabel() == "credited bookings [EUR]"
    assert ax.xaxis.get_major_formatter()(1_500_000.0) == "1.5M"


def test_a_bar_below_zero_is_hatched_and_read_from_the_left(ax: Any) -> None:
    """Its sign is seen without colours, and its number stands at its end."""
    draw(table([2.0, -3.0], "pipeline_growth"), ax)
    assert [patch.get_hatch() for patch in ax.patches] == [None, "///"]
    text = next(text for text in ax.texts if text.get_text() == "−300 %")
    assert (text.xy[0], text.get_ha()) == (-3.0, "right")
    assert ax.get_xlim()[0] < -3.0


def test_attainment_has_a_line_at_the_number(ax: Any) -> None:
    """A dashed line shows where the quota is met; bars short of it have another colour than those that reach it."""
    draw(table([1.5, 1.0, 0.99]), ax)
    assert [line.get_xdata()[0] for line in ax.get_lines() if line.get_linestyle() == "--"] == [1.0]
    assert "100 % of quota" in words(ax)
    colours = [patch.get_facecolor() for patch in ax.patches]
    assert colours[0] == colours[1] != colours[2]


def test_pace_is_marked_beside_attainment(ax: Any) -> None:
    """A diamond on each row that has a pace, and its number in brackets; the legend names it."""
    pace = table([np.nan, 1.2, 0.6], "pace_attainment")
    draw(table([0.5, 0.8, 0.4]), ax, mark=pace)
    (diamonds,) = [line for line in ax.get_lines() if line.get_marker() == "D"]
    np.testing.assert_array_equal(diamonds.get_xdata(), [1.2, np.nan, 0.6])
    assert words(ax)[1:] == ["80 % (120 %)", "50 %", "40 % (60 %)"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [" pace attainment, in brackets"]
    assert ax.get_xlim()[1] > 1.2


def test_coverage_is_measured_by_what_is_required(ax: Any) -> None:
    """One number is a line, and a number for each row a diamond; what is short of it has another colour."""
    coverage = table([3.5, 2.0, np.nan], "pipeline_coverage", reason_code=[0, 0, REASONS.index("target_met")])
    draw(coverage, ax, mark=3.0)
    assert [line.get_xdata()[0] for line in ax.get_lines() if line.get_linestyle() == "--"] == [3.0]
    assert words(ax) == ["3.0x required", "target met", "3.5x", "2.0x"]
    met, short = (patch.get_facecolor() for patch in ax.patches[:2])
    assert met != short
    figure, other = plt.subplots()
    draw(coverage, other, mark=table([4.0, 1.5, 3.0], "required_coverage"))
    assert [patch.get_facecolor() for patch in other.patches[:2]] == [short, met]
    plt.close(figure)


def test_a_mark_for_all_rows_is_a_dotted_line_beside_the_goal(ax: Any) -> None:
    """The share of the quarter that is over, beside what is attained."""
    draw(table([0.5, 0.8]), ax, mark=0.66)
    styles = {line.get_linestyle(): line.get_xdata()[0] for line in ax.get_lines() if line.get_label() != "_child0"}
    assert (styles["--"], styles[":"]) == (1.0, 0.66)
    assert "66 %" in words(ax)


def test_a_mark_may_know_fewer_labels_than_the_table(deals: sm.DealBook, ax: Any) -> None:
    """The rate of all reps together marks the row of each."""
    every = sm.win_rate(deals)
    draw(sm.win_rate(deals, by="rep"), ax, mark=every)
    assert [line.get_xdata()[0] for line in ax.get_lines() if line.get_linestyle() == ":"] == [every["all"].value]


@pytest.mark.parametrize(
    ("mark", "message"),
    [
        ("3x", "`mark` must be a MetricTable or a number; got '3x'."),
        (
            table([1.0], "open_pipeline", "money"),
            "`mark` must have the unit of the table and labels of its rows, fraction by rep; got open_pipeline [money] by rep.",
        ),
    ],
)
def test_a_mark_that_does_not_fit_is_refused(mark: Any, message: str) -> None:
    """Another unit or another kind of thing is no mark."""
    with pytest.raises((sm.InvalidArgumentError, sm.InvalidTypeError)) as caught:
        table([0.5]).plot(mark=mark)
    assert caught.value.message == message


def test_a_picture_without_a_place_for_a_mark_refuses_it() -> None:
    """An argument that is not read is refused, never ignored."""
    company = sm.datasets.sample_company(deals=300, rng=1)
    walk = sm.pipeline_walk(company.deals, company.history, period=company.calendar.quarter(2026, 2))
    with pytest.raises(sm.InvalidArgumentError) as caught:
        walk.plot(mark=1.0)
    assert (
        caught.value.message
        == "`mark` must not be given to the picture of pipeline_walk, which has no place for it; got 1.0."
    )


@pytest.mark.parametrize("wrong", [0, -1, 2.5, True])
def test_the_number_of_rows_is_a_whole_number(wrong: Any) -> None:
    """At least one."""
    with pytest.raises(sm.InvalidArgumentError, match="`most` must be a whole number >= 1"):
        table([0.5]).plot(most=wrong)


# --- dots ----------------------------------------------------------------------------------------------------------


def test_a_rate_is_a_dot_with_its_interval(ax: Any, deals: sm.DealBook) -> None:
    """The dot is at the value, and the line runs from low to high of its row."""
    rates = sm.win_rate(deals, by="rep")
    draw(rates, ax, min_n=1)
    assert widths(ax) == []
    assert dots(ax).get_xdata().tolist() == rates.sort().value.tolist()
    ends = [(segment[0][0], segment[1][0]) for segment in spans(ax)]
    assert rates.low is not None
    assert rates.high is not None
    assert np.array(ends) == pytest.approx(np.column_stack([rates.sort().low, rates.sort().high]))


def test_thin_rows_are_hollow_and_pale(ax: Any) -> None:
    """An estimate from two deals does not look like one from two hundred; the note says where the border is."""
    rates = table([0.5, 0.4, 0.3], "win_rate", n=[200, 2, 5], low=np.zeros(3), high=np.ones(3))
    draw(rates, ax)
    assert dots(ax).get_xdata().tolist() == [0.5, 0.3]
    thin = dots(ax, "_thin")
    assert thin.get_xdata().tolist() == [0.4]
    assert thin.get_markerfacecolor() == "#ffffff"
    assert "pale: n below 5" in ax.get_xlabel()
    figure, other = plt.subplots()
    draw(rates, other, min_n=2)
    assert "pale" not in other.get_xlabel()
    assert len(dots(other).get_xdata()) == 3
    plt.close(figure)


def test_what_is_counted_is_never_pale(ax: Any) -> None:
    """One large deal can be a whole quarter: attainment is what it is, and no estimate."""
    draw(table([0.5, 0.4], n=[1, 200]), ax)
    assert [patch.get_alpha() for patch in ax.patches] == [None, None]
    assert "pale" not in ax.get_xlabel()


def test_an_interval_without_an_end_has_an_arrow_at_the_edge(ax: Any) -> None:
    """A median whose interval is open above runs on to an arrow, which the note explains; the dot stays in sight."""
    days = ["2026-01-11", "2026-01-21", "2026-01-31", None, None]
    book = deals_of(["Ana"] * 5, ["won", "won", "lost", "open", "open"], days)
    median = sm.cycle_curve(book).median
    assert median.high is not None
    assert np.isinf(median.high).tolist() == [True]
    draw(median, ax)
    (arrow,) = [line for line in ax.get_lines() if line.get_marker() == ">"]
    assert arrow.get_xdata()[0] > median.value[0]
    assert dots(ax).get_xdata().tolist() == median.value.tolist()
    assert "arrow: the interval has no end there" in ax.get_xlabel()
    assert np.isfinite(ax.get_xlim()).all()


def test_a_mean_without_an_interval_is_pale_where_it_is_thin(ax: Any) -> None:
    """A bar of an estimate keeps two fifths of its colour."""
    draw(table([0.5, 0.4], "ramp_curve", n=[2, 200]), ax)
    assert [patch.get_alpha() for patch in ax.patches] == [0.4, None]


# --- nothing, and one -----------------------------------------------------------------------------------------------


def test_an_undefined_row_has_its_reason_in_words_and_no_bar(ax: Any) -> None:
    """NaN is no bar of height 0: the reason stands in its place."""
    book = sm.read_deals({"rep": ["Ana"], "amount": [10], "outcome": ["won"], "closed": ["2026-01-10"]})
    quotas = sm.read_quotas({"rep": ["Ben"], "start": ["2026-01-01"], "end": ["2026-04-01"], "amount": [100]})
    answer = sm.attainment(book, quotas, period=quotas.periods()[0], by="rep")
    draw(answer, ax)
    assert ticks(ax.yaxis) == ["Ben (n = 0)", "Ana (n = 1)"]
    assert widths(ax)[0] == 0.0
    assert np.isnan(widths(ax)[1])
    assert words(ax) == ["100 % of quota", "no quota", "0 %"]


@pytest.mark.parametrize("name", ["attainment", "win_rate", "velocity", "forecast_accuracy", "deal_size", "stage_age"])
def test_a_table_without_rows_is_drawn_as_such(ax: Any, name: str) -> None:
    """Nothing to show is said, not refused."""
    labels = ("stage", "age") if name == "stage_age" else ("rep",)
    none = Labels(tuple(Levels(label, ()) for label in labels), np.zeros((0, len(labels)), dtype=np.int64))
    draw(table([], name, labels=none), ax)
    assert words(ax) == ["no rows"]
    assert widths(ax) == []


@pytest.mark.parametrize("name", ["attainment", "win_rate", "attainment_gap", "cycle_length"])
@pytest.mark.parametrize("value", [[0.4], [np.nan], [0.0, 0.0], [np.nan, np.nan], [-1.0, -2.0]])
def test_one_row_and_no_number_at_all_can_be_drawn(ax: Any, name: str, value: list[float]) -> None:
    """Limits are finite and apart, and every row has its number or its reason."""
    draw(table(value, name), ax)
    low, high = ax.get_xlim()
    assert np.isfinite([low, high]).all()
    assert low < high
    said = [text for text in words(ax) if text != "100 % of quota"]
    assert len(said) == len(value)
    assert said.count("no quota") == int(np.isnan(value).sum())


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("A$1$ B", r"A\$1\$ B"),
        (r"$\frac{1}{0}$ _x_ {", r"\$\frac{1}{0}\$ _x_ {"),
        ("line\nbreak\x1b", r"line\nbreak\x1b"),
        ("\u202eevil", r"\u202eevil"),
        ("_hidden", "_hidden"),
        ("Northern Europe, Strategic Accounts East", "Northern E…ounts East"),
        (None, "(missing)"),
    ],
)
def test_a_label_prints_as_it_is(ax: Any, label: str | None, shown: str) -> None:
    """Dollars start no formula, control characters are escaped, an underscore hides nothing, long names keep both ends."""
    book = deals_of([label, "Zoe"], ["won", "won"], ["2026-01-10", "2026-05-10"])
    draw(sm.win_rate(book, by="rep"), ax)
    names = [name.removesuffix(" (n = 1)") for name in ticks(ax.yaxis)]
    assert shown in names
    assert "Zoe" in names


# --- flags, and manners ---------------------------------------------------------------------------------------------


def test_flags_are_bars_of_what_is_known_and_what_is_not(ax: Any) -> None:
    """A flag that could not be told is hatched beside those that are flagged, not taken for clear."""
    flags = sm.flags(sm.datasets.sample_company(deals=400, rng=3).deals)
    assert draw_flags(flags, ax) is ax
    counts = flags.counts()
    assert widths(ax) == [each[word] for word in ("flagged", "unknown") for each in counts.values()]
    assert ticks(ax.yaxis) == [name.replace("_", " ") for name in counts]
    assert words(ax)[list(counts).index("no_next_step")] == f"0; {len(flags):,} not known"
    assert ax.get_xlabel() == f"open deals, of {len(flags):,}"


def test_results_hand_themselves_to_the_plots(deals: sm.DealBook) -> None:
    """`.plot()` makes its own axes and returns them, or draws on the user's; settings and other figures stay as they were."""
    before = dict(matplotlib.rcParams)
    results = (sm.win_rate(deals, by="rep"), sm.cycle_curve(deals), sm.flags(deals))
    for result in results:
        axes = result.plot()
        assert isinstance(axes, matplotlib.axes.Axes)
        plt.close(axes.figure)
        figure = matplotlib.figure.Figure()
        own = figure.add_subplot()
        assert result.plot(own) is own
        figure.canvas.draw()
    assert dict(matplotlib.rcParams) == before
    assert plt.get_fignums() == []


def test_drawing_changes_no_result(deals: sm.DealBook) -> None:
    """The table is bit for bit what it was."""
    answer, again = sm.win_rate(deals, by="rep"), sm.win_rate(deals, by="rep")
    plt.close(answer.plot().figure)
    assert answer.equals(again)


def test_matplotlib_is_not_imported_until_something_is_drawn() -> None:
    """Neither the package nor its plots import matplotlib."""
    code = "import sys, salesmetrics.plots; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_metric_has_a_picture_and_every_picture_a_metric() -> None:
    """The table of pictures names metrics that there are."""
    from salesmetrics.plots.choosing import PICTURES

    assert set(PICTURES) <= set(sm.__all__)

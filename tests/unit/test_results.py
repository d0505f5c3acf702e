"""The answer: rows by name, columns out, and how it reads."""

from __future__ import annotations

import html.parser
import math
import pickle
from typing import Any

import attrs
import numpy as np
import pytest

import salesmetrics as sm
from salesmetrics.labels import Labels, Levels
from salesmetrics.results import REASONS, MetricRow, MetricTable

Q1, Q2 = sm.Period("2026-01-01", "2026-04-01", "FY2026 Q1"), sm.Period("2026-04-01", "2026-07-01", "FY2026 Q2")


def table(names: tuple[Any, ...] = ("Ana", "Ben", None), **changed: Any) -> MetricTable:
    """Return a table of three reps: a rate, an undefined one, and that of deals without a rep."""
    given: dict[str, Any] = {
        "name": "win_rate",
        "unit": "fraction",
        "labels": Labels((Levels("rep", tuple(n for n in names if n is not None)),), np.arange(len(names))[:, None]),
        "value": [0.25, np.nan, 0.5],
        "n": [8, 0, 4],
        "reason_code": [0, 1, 0],
        "low": [0.1, np.nan, 0.15],
        "high": [0.5, np.nan, 0.85],
        "parts": {"won": np.array([2, 0, 2]), "lost": np.array([6, 0, 2])},
        "part_units": {"won": "count", "lost": "count"},
        "left_out": {"no amount": 3, "undated": 0},
        "definition": "won / (won + lost), by count; all days",
        "notes": ("2 deals are still open.",),
    }
    return MetricTable(**(given | changed))


def deals() -> sm.DealBook:
    """Return five won deals of two reps and two segments in two quarters."""
    return sm.read_deals(
        {
            "rep": ["Ana", "Ben", "Ana", None, "Ana"],
            "segment": ["SMB", "Mid", "Mid", "SMB", "Mid"],
            "amount": ["100.1255", "8500", "0.0001", "5", "7"],
            "outcome": ["won"] * 5,
            "closed": ["2026-01-20", "2026-03-31", "2026-05-01", "2026-05-02", "2026-02-02"],
        }
        | {"amount": [100.1255, 8500, 0.0001, 5, 7]},
        scale=4,
    )


# --- rows by name ----------------------------------------------------------------------------------------------


def test_a_row_has_everything_about_one_label() -> None:
    """Value, n, interval, reason and parts."""
    row = table()["Ana"]
    assert (row.label, row.value, row.n, row.low, row.high, row.reason) == ("Ana", 0.25, 8, 0.1, 0.5, "")
    assert dict(row.parts) == {"won": 2, "lost": 6}
    assert float(row) == 0.25
    assert isinstance(row.parts["won"], int)
    assert table()["Ben"].reason == "no_rows"
    assert math.isnan(table()["Ben"].value)
    assert table()[None].n == 4


def test_a_row_reads_in_one_line() -> None:
    """What is there and nothing else."""
    assert repr(table()["Ana"]) == "MetricRow('Ana', value=0.25, n=8, low=0.1, high=0.5, won=2, lost=6)"
    bare = MetricRow(label="\x1b", value=1.0, n=1, low=None, high=None, reason="no_quota", parts={})
    assert repr(bare) == "MetricRow('\\x1b', value=1.0, n=1, reason='no_quota')"


def test_rows_of_periods_are_named_by_the_period_or_its_name() -> None:
    """A period itself, or the text that it prints as; several labels as a tuple."""
    answer = sm.credited_bookings(deals(), by=("rep", "segment"), period=[Q1, Q2])
    assert answer["Ana", "Mid", Q1].value == answer["Ana", "Mid", "FY2026 Q1"].value == 7.0
    assert answer["Ana", "Mid", sm.Period("2026-04-01", "2026-07-01")].value == 0.0001
    assert answer[None, "SMB", Q2].value == 5.0
    single = sm.credited_bookings(deals(), period=[Q1, Q2])
    assert single[Q1].n == single["FY2026 Q1"].n == 3
    assert sm.credited_bookings(deals())["all"].n == sm.credited_bookings(deals())[()].n == 5


@pytest.mark.parametrize("label", ["ana", 0, ("Ana", "SMB"), "None", 1.5, (), np.array([1, 2])])
def test_unknown_rows_are_refused_with_the_nearest(label: Any) -> None:
    """The error names what rows are named by, and those there are."""
    with pytest.raises(sm.InvalidArgumentError) as caught:
        table()[label]
    assert caught.value.code == "SM-ROW-01"
    assert "'Ana', 'Ben', None" in str(caught.value.hint)


def test_an_iteration_is_refused() -> None:
    """A table is not a sequence of anything in particular; the error says how it is read."""
    with pytest.raises(sm.InvalidTypeError, match="read by name") as caught:
        list(table())
    assert "table.to_dict()" in str(caught.value.hint)
    assert len(table()) == 3


# --- arrays ------------------------------------------------------------------------------------------------------


def test_arrays_cannot_be_changed() -> None:
    """Values, counts, intervals and parts are read-only, in a copy from another process too."""
    for some in (table(), pickle.loads(pickle.dumps(table()))):
        for array in (some.value, some.n, some.low, some.high, some.reason_code, some.reason, *some.parts.values()):
            assert not array.flags.writeable
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            some.unit = "money"
        with pytest.raises(TypeError):
            some.parts["won"] = some.n
    assert table().undefined.tolist() == [False, True, False]
    assert table().reason.tolist() == ["", "no_rows", ""]


def test_given_arrays_are_copied() -> None:
    """What a table was made of may be changed afterwards."""
    value, won = np.array([0.25, np.nan, 0.5]), np.array([2, 0, 2])
    answer = table(value=value, parts={"won": won})
    value[:] = 9
    won[:] = 9
    assert answer["Ana"].value == 0.25
    assert answer["Ana"].parts["won"] == 2


def test_minus_zero_does_not_leak() -> None:
    """A negative zero reads as zero."""
    assert math.copysign(1, table(value=[-0.0, np.nan, 0.5])["Ana"].value) == 1


def test_minor_units_of_observed_sums_only() -> None:
    """An exact sum of money gives its whole minor units, as a copy; a rate has none."""
    sums = sm.credited_bookings(deals(), by="segment")
    minor = sums.to_minor()
    assert minor.tolist() == [85070001, 1051255]
    minor[0] = 0
    assert sums.to_minor()[0] == 85070001
    with pytest.raises(sm.InvalidTypeError, match="observed sum of money; got win_rate"):
        table().to_minor()


# --- rearranging -------------------------------------------------------------------------------------------------


def test_sort_puts_undefined_rows_last() -> None:
    """By value, n, an end of the interval or a part; ties as they stood."""
    answer = table()
    assert list(answer.sort().labels) == [None, "Ana", "Ben"]
    assert list(answer.sort(descending=False).labels) == ["Ana", None, "Ben"]
    assert list(answer.sort("win_rate").labels) == list(answer.sort("value").labels)
    assert list(answer.sort("won", descending=False).labels) == ["Ben", "Ana", None]
    assert list(answer.sort("won").labels) == ["Ana", None, "Ben"]
    assert list(answer.sort("high").labels) == [None, "Ana", "Ben"]
    assert answer.sort()["Ana"].parts["lost"] == 6


def test_an_unknown_column_to_sort_by() -> None:
    """The nearest is named; an interval that was not asked for is not there."""
    with pytest.raises(sm.InvalidArgumentError, match="got 'valu'") as caught:
        table().sort("valu")
    assert str(caught.value.hint).startswith("did you mean 'value'?")
    with pytest.raises(sm.InvalidArgumentError):
        table(low=None, high=None).sort("low")


def test_top_takes_the_largest() -> None:
    """At most as many as there are."""
    assert list(table().top(1).labels) == [None]
    assert len(table().top()) == 3
    assert len(table().top(0)) == 0
    for wrong in (-1, 2.5, "x", True):
        with pytest.raises(sm.InvalidArgumentError, match="`n` must be a whole number >= 0"):
            table().top(wrong)  # type: ignore[arg-type]


def test_sums_keep_their_minor_units_when_sorted() -> None:
    """Rows move with everything that belongs to them."""
    sums = sm.credited_bookings(deals(), by="segment").sort(descending=False)
    assert sums.to_minor().tolist() == [1051255, 85070001]


# --- out -----------------------------------------------------------------------------------------------------------


def test_to_dict_has_plain_lists() -> None:
    """Labels, the value under the metric's name, n, interval, reason and parts."""
    found = table().to_dict()
    assert list(found) == ["rep", "win_rate", "n", "low", "high", "reason", "won", "lost"]
    assert found["rep"] == ["Ana", "Ben", None]
    assert found["n"] == [8, 0, 4]
    assert all(type(value) in (int, float, str, type(None)) for values in found.values() for value in values)
    assert list(table(low=None, high=None).to_dict()) == ["rep", "win_rate", "n", "reason", "won", "lost"]


def test_a_part_that_is_called_like_a_column() -> None:
    """It keeps its place under a name of its own."""
    assert list(table(parts={"n": np.arange(3)}).to_dict())[-1] == "n_part"


@pytest.mark.parametrize(("way", "module"), [("to_pandas", "pandas"), ("to_polars", "polars"), ("to_arrow", "pyarrow")])
def test_frames(way: str, module: str) -> None:
    """The same columns in a frame, periods as texts; `to_frame` follows the kind of another frame."""
    library = pytest.importorskip(module)
    answer = sm.credited_bookings(deals(), by="rep", period=[Q1, Q2])
    frame = getattr(answer, way)()
    names = list(frame.columns) if module != "pyarrow" else frame.column_names
    assert names == ["rep", "period", "credited_bookings", "n", "reason"]
    period = frame["period"].to_pylist() if module == "pyarrow" else list(frame["period"])
    assert period[:2] == ["FY2026 Q1", "FY2026 Q2"]
    maker = library.DataFrame if module != "pyarrow" else library.table
    assert type(answer.to_frame(maker({"a": [1]}))) is type(frame)
    assert len(getattr(table(), way)()) == 3


def test_to_frame_refuses_other_kinds() -> None:
    """Only the three that are known."""
    with pytest.raises(sm.InvalidTypeError, match="`like` must be a pandas, polars or pyarrow frame; got 'list'"):
        table().to_frame([1])


# --- equality and copies -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changed",
    [
        {"value": [0.25, np.nan, np.nextafter(0.5, 1)]},
        {"n": [8, 0, 5]},
        {"reason_code": [0, 2, 0]},
        {"low": [0.1, np.nan, 0.16]},
        {"low": None, "high": None},
        {"parts": {"won": np.array([2, 0, 2])}},
        {"parts": {"won": np.array([2, 0, 1]), "lost": np.array([6, 0, 2])}},
        {"parts": {"won": np.array([2.0, 0, 2]), "lost": np.array([6, 0, 2])}},
        {"name": "loss_rate"},
        {"unit": "money"},
        {"names": ("Ana", "Cy", None)},
    ],
)
def test_equality_is_of_every_bit(changed: dict[str, Any]) -> None:
    """One ulp, one count, one reason or one label makes another answer."""
    assert table().equals(table())
    assert not table().equals(table(**changed))
    assert not table(**changed).equals(table())
    assert not table().equals(5)


def test_tables_and_rows_travel_between_processes() -> None:
    """A pickled answer is the same answer."""
    for answer in (table(), sm.credited_bookings(deals(), by="rep", period=[Q1, Q2])):
        again = pickle.loads(pickle.dumps(answer))
        assert again.equals(answer)
        assert repr(again) == repr(answer)
    assert repr(pickle.loads(pickle.dumps(table()["Ana"]))) == repr(table()["Ana"])


def test_reasons_fit_their_names() -> None:
    """No reason is cut when it is shown."""
    codes = np.arange(len(REASONS))
    names = tuple(f"g{i}" for i in codes)
    value = np.where(codes == 0, 1.0, np.nan)
    every = table(names, value=value, n=codes, reason_code=codes, low=None, high=None, parts={}, part_units={})
    assert every.reason.tolist() == list(REASONS)


# --- showing -------------------------------------------------------------------------------------------------------


def test_a_table_reads_as_a_table() -> None:
    """Aligned columns, the definition, what was left out and what to know."""
    assert repr(table()).splitlines() == [
        "win_rate [fraction, shown as %]",
        "rep        win_rate  n     low    high  won  lost   reason",
        "Ana          25.0 %  8  10.0 %  50.0 %    2     6",
        "Ben             NaN  0     NaN     NaN    0     0  no_rows",
        "(missing)    50.0 %  4  15.0 %  85.0 %    2     2",
        "won / (won + lost), by count; all days",
        "left out: no amount 3",
        "2 deals are still open.",
    ]


def test_exact_sums_read_with_all_their_decimals() -> None:
    """A book of scale 4 shows four decimals, one of yen none."""
    assert "8,507.0001" in repr(sm.credited_bookings(deals(), by="segment"))
    yen = sm.read_deals({"amount": [1200], "outcome": ["won"], "closed": ["2026-01-01"]}, currency="JPY")
    assert "1,200 " in repr(sm.credited_bookings(yen))


def test_long_tables_are_cut() -> None:
    """Thirty rows, and how many more there are."""
    many = sm.read_deals(
        {"rep": [f"R{i:02}" for i in range(45)], "outcome": ["won"] * 45, "closed": ["2026-01-01"] * 45}
    )
    text = repr(sm.win_rate(many, by="rep"))
    assert "R29" in text
    assert "R30" not in text
    assert "… 15 more rows" in text


def test_a_table_stays_within_a_screen() -> None:
    """Parts that do not fit are named below; the value, n, the interval and the reason are always there."""
    parts = {f"some_part_{at}": np.arange(3) for at in range(12)}
    lines = repr(table(parts=parts, part_units={})).splitlines()
    assert lines[1].split()[:5] == ["rep", "win_rate", "n", "low", "high"]
    assert lines[1].split()[-1] == "reason"
    assert "some_part_4" in lines[1]
    assert max(map(len, lines[:5])) <= 120
    unseen = next(line for line in lines if line.startswith("… parts that are not shown: "))
    shown = lines[1].split()[5:-1]
    assert [*shown, *unseen.removeprefix("… parts that are not shown: ").split(", ")] == list(parts)


def test_an_interval_that_nobody_has_takes_no_room() -> None:
    """Columns of low and high are shown where one of them says something."""
    none = np.full(3, np.nan)
    assert "low" not in repr(table(low=none, high=none))
    assert "low" not in repr(table(low=None, high=None))
    assert "inf" in repr(table(low=none, high=np.array([np.inf, np.nan, np.nan])))


def test_money_names_its_currency() -> None:
    """It stands above the table where the book named one; a frame and the value are plain numbers."""
    euros = sm.read_deals(
        {"amount": [1200.5], "outcome": ["won"], "created": ["2025-12-01"], "closed": ["2026-01-01"]}, currency="EUR"
    )
    assert repr(sm.credited_bookings(euros)).splitlines()[0] == "credited_bookings [money, EUR]"
    assert repr(sm.deal_size(euros)).splitlines()[0] == "deal_size [money, EUR]"
    assert repr(sm.credited_bookings(deals())).splitlines()[0] == "credited_bookings [money]"
    assert sm.credited_bookings(euros).to_dict()["credited_bookings"] == [1200.5]


def test_percent_is_for_the_eye_only() -> None:
    """The text says 25.0 %, and every number that can be taken out is 0.25."""
    answer = table()
    assert "25.0 %" in repr(answer)
    assert "25.0 %" in answer._repr_html_()
    assert answer.value[0] == answer["Ana"].value == answer.to_dict()["win_rate"][0] == 0.25
    assert "value=0.25" in repr(answer["Ana"])


def test_names_of_two_columns_wide_letters_keep_a_table_aligned() -> None:
    """Columns end where they end in every line, as a terminal shows them."""
    lines = repr(table(("名前", "Ben", None))).splitlines()
    assert lines[2].startswith("名前       ")
    assert lines[2].index("25.0 %") + 2 == lines[4].index("50.0 %")


class Tags(html.parser.HTMLParser):
    """Collect the tags and the text of a document."""

    def __init__(self) -> None:
        """Start with nothing."""
        super().__init__()
        self.tags: set[str] = set()
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        """Take a tag."""
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        """Take text."""
        self.text.append(data)


NASTY = "<script>alert('x')</script>\x1b[31m\u202e&\"'"


def test_html_has_no_tags_from_data() -> None:
    """Labels, names, definitions and notes are escaped in every place."""
    answer = table(
        (NASTY, "Ben", None),
        name=NASTY,
        parts={NASTY: np.arange(3)},
        part_units={},
        definition=NASTY,
        notes=(NASTY,),
        left_out={NASTY: 1},
    )
    reader = Tags()
    text = answer._repr_html_()
    reader.feed(text)
    assert reader.tags <= {"div", "table", "caption", "thead", "tbody", "tr", "th", "td", "p"}
    assert sum("<script>" in piece for piece in reader.text) == 7
    assert "\u202e" not in repr(answer)
    assert "\x1b" not in repr(answer)
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_long_labels_are_cut() -> None:
    """A label of a thousand characters does not fill the screen."""
    assert len(max(repr(table(("x" * 1000, "Ben", None))).splitlines(), key=len)) < 200

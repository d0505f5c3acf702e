"""A review in one call: its tables are those of the metrics, and it says what is missing, as text and as a page."""

from __future__ import annotations

import copy
import html.parser
import itertools
import pickle
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

import salesmetrics as sm
from salesmetrics.reviewing import neighbours, reviews

Q1 = sm.Period("2026-01-01", "2026-04-01")
MARKUP = "<script>alert('1')</script> & \"Co\" $x$"
HOSTILE = f"{MARKUP} \x1b[31m\u202e"
VOID = {"meta", "img", "br", "hr", "link", "input"}


@pytest.fixture(scope="module")
def company() -> sm.datasets.Company:
    return sm.datasets.sample_company(deals=3_000, rng=7, as_of="2026-09-30")


@pytest.fixture(scope="module")
def review(company: sm.datasets.Company) -> sm.Review:
    return sm.review(
        *(company.deals, company.quotas),
        period=company.calendar.quarter(2026, 3),
        reps=company.reps,
        forecasts=company.forecasts,
        history=company.history,
        calendar=company.calendar,
        by="segment",
    )


class Page(html.parser.HTMLParser):
    """What a page is made of: its tags, which must be closed in order, its text, and the addresses in it."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(markup)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        """The words of the page, without its style."""
        return " ".join("".join(self.words).split())

    def having(self, tag: str) -> list[dict[str, str | None]]:
        """Return what the tags of a kind say of themselves."""
        return [held for name, held in self.tags if name == tag]


def hostile_books(count: int = 40) -> dict[str, Any]:
    """Return books in which every label is out to do harm."""
    ids = [f"<b>{at}</b>" for at in range(count)]
    open_ones = count // 4
    outcome = ["won"] * (count // 2) + ["lost"] * (count - count // 2 - open_ones) + ["open"] * open_ones
    closed = [None if ends == "open" else "2026-02-01" for ends in outcome]
    deals = sm.read_deals(
        {
            "id": ids,
            "rep": [f"{MARKUP} {at % 3}" for at in range(count)],
            "outcome": outcome,
            "closed": closed,
            "amount": list(range(1, count + 1)),
            "created": ["2025-12-01"] * count,
            "stage": [HOSTILE] * count,
            "expected_close": ["2026-03-20"] * count,
            HOSTILE: [f"{HOSTILE}{at % 2}" for at in range(count)],
        },
        as_of="2026-03-01",
    )
    reps = [f"{MARKUP} {at}" for at in range(3)]  # ids hold no control characters
    spans = {"rep": reps, "start": [Q1.start] * 3, "end": [Q1.end] * 3}
    quotas = sm.read_quotas({**spans, "amount": [1000] * 3})
    people = sm.read_reps({"id": reps, "team": [HOSTILE] * 3, "hired": ["2025-01-01"] * 3})
    return {"deals": deals, "quotas": quotas, "reps": people}


# --- tables ----------------------------------------------------------------------------------------------------------


def test_the_tables_are_those_of_the_metrics(company: sm.datasets.Company, review: sm.Review) -> None:
    """Each table of the review is, bit for bit, what the metric answers when it is asked the same."""
    deals, quotas, reps, history = company.deals, company.quotas, company.reps, company.history
    q3, q2 = company.calendar.quarter(2026, 3), company.calendar.quarter(2026, 2)
    year = sm.Period("2025-08-01", "2026-08-01")
    number = {"period": q3, "reps": reps, "history": history}
    past = company.calendar.quarters("2024-08-01", "2026-08-01")
    expected = {
        "attainment": sm.attainment(deals, quotas, **number),
        "attainment_by_team": sm.attainment(deals, quotas, by="team", **number),
        "attainment_by_rep": sm.attainment(deals, quotas, by="rep", **number),
        "pace_attainment_by_rep": sm.pace_attainment(deals, quotas, by="rep", clock="curve", past=past, **number),
        "pace": sm.pace(deals, **number),
        "coverage_by_team": sm.pipeline_coverage(deals, quotas, by="team", basis="remaining", period=q3, reps=reps),
        "required_coverage": sm.required_coverage(
            sm.win_rate(deals, basis="open_at", weight="amount", period=q2, as_of="2026-09-30")
        ),
        "win_rate_by_group": sm.win_rate(deals, by="segment", period=q3),
        "win_rate_before": sm.win_rate(deals, period=year),
        "deal_size_median_by_group": sm.deal_size(deals, by="segment", period=q3, stat="median"),
        "velocity_before": sm.velocity(deals, period=year, as_of="2026-07-31"),
        "pipeline_walk": sm.pipeline_walk(deals, history, period=q3),
        "slip_rate": sm.slip_rate(deals, history, period=q2),
        "stage_dwell_before": sm.stage_dwell(deals, history, basis="time_to_event", period=year),
        "at_risk": sm.at_risk(deals, history=history),
        "ramp_time": sm.ramp_time(deals, quotas, reps, threshold=1.0, sustained=2),
        "bias_by_rep": sm.bias(deals, company.forecasts, by="rep", period=year),
    }
    for name, table in expected.items():
        assert getattr(review, name).equals(table), name
    assert review.coverage is not None
    assert review.coverage.labels.column("period") == [q3, company.calendar.quarter(2026, 4)]


def test_every_table_is_there_or_says_why_not(review: sm.Review) -> None:
    """A table is either held or in ``left_out``, and never both."""
    names = {field.name for field in attrs.fields(sm.Review) if "Table" in str(field.type)}
    assert set(review.tables) | set(review.left_out) == names
    assert not set(review.tables) & set(review.left_out)
    assert review.left_out == {}


def test_books_that_are_missing_cost_their_tables_only(company: sm.datasets.Company) -> None:
    """With deals alone everything that deals tell is there; the rest names the book that it needs."""
    alone = sm.review(company.deals, period=company.calendar.quarter(2026, 3))
    assert alone.win_rate is not None
    assert alone.velocity is not None
    needs = {"attainment": "quotas", "pipeline_walk": "history", "ramp_curve": "quotas", "bias": "forecasts"}
    for name, book in needs.items():
        assert getattr(alone, name) is None
        assert f"give `{book}`." in alone.left_out[name]
    assert alone.left_out["win_rate_by_group"] == "no groups were asked for: give `by`."
    assert "not shown: it needs the forecast calls: give `forecasts`." in str(alone)


def test_a_column_that_is_missing_costs_what_needs_it() -> None:
    """Orders without a creation day have attainment and no cycle; the sentence names the column."""
    deals = sm.read_deals(
        {"rep": ["Ana"], "amount": [50], "outcome": ["won"], "closed": ["2026-02-01"]}, as_of="2026-03-31"
    )
    quotas = sm.read_quotas({"rep": ["Ana"], "start": ["2026-01-01"], "end": ["2026-04-01"], "amount": [100]})
    review = sm.review(deals, quotas, period=Q1)
    assert review.attainment is not None
    assert review.attainment["all"].value == 0.5
    assert review.velocity is None
    assert review.left_out["velocity"].startswith("`created` must be a column of the deals for velocity")
    assert review.left_out["open_pipeline_by_stage"] == "it needs the column `stage` of the deals."
    assert "lost deal" in str(review)


def test_credits_cost_no_table() -> None:
    """A negative amount is left out where a metric refuses it, and counted by the table."""
    deals = sm.read_deals(
        {
            "id": [1, 2, 3],
            "rep": ["Ana"] * 3,
            "amount": [100, -20, -5],
            "outcome": ["won", "won", "open"],
            "created": ["2026-01-01"] * 3,
            "closed": ["2026-02-01", "2026-02-02", None],
            "expected_close": ["2026-02-01", "2026-02-02", "2026-04-20"],
        },
        as_of="2026-03-31",
        allow_negative=True,
    )
    review = sm.review(deals, period=Q1)
    for name in ("deal_size", "open_pipeline", "at_risk", "required_coverage", "flags", "concentration"):
        assert getattr(review, name) is not None, review.left_out[name]
    assert review.deal_size is not None
    assert review.deal_size["all"].value == 100.0


def test_a_period_that_is_over_is_reviewed_as_of_its_last_day(company: sm.datasets.Company) -> None:
    """The day is the book's own or the last one of the period; a later one can be asked for."""
    q2 = company.calendar.quarter(2026, 2)
    over = sm.review(company.deals, company.quotas, period=q2, calendar=company.calendar)
    assert (str(over.as_of), over.running) == ("2026-07-31", False)
    assert over.pace is None
    assert over.left_out["pace"] == "the period is over."
    assert "needed a day" not in str(over)
    assert "not shown: the period is over" not in str(over)
    assert str(sm.review(company.deals, period=q2, as_of="2026-09-30").as_of) == "2026-09-30"


def test_groups_may_be_lent_by_reps(company: sm.datasets.Company) -> None:
    """``by`` takes labels of the deals and of the reps, one or several."""
    q3 = company.calendar.quarter(2026, 3)
    review = sm.review(company.deals, period=q3, reps=company.reps, by=("team", "segment"))
    expected = sm.win_rate(company.deals, period=q3, reps=company.reps, by=("team", "segment"))
    assert review.win_rate_by_group is not None
    assert review.win_rate_by_group.equals(expected)
    assert "team / segment" in str(review)


# --- small, large, empty ---------------------------------------------------------------------------------------------


def test_an_empty_book_has_a_review() -> None:
    """Nothing is undefined by accident: no deal gives counts of 0, rates that say so, and no note."""
    review = sm.review(sm.DealBook.empty(["rep", "segment"]), period=Q1, as_of="2026-02-15", by="segment")
    assert review.notes == ()
    assert review.open_pipeline is not None
    assert review.open_pipeline["all"].value == 0.0
    assert "Needs attention: nothing by these rules" in repr(review)
    assert "no rows" in Page(review._repr_html_()).text


def test_a_book_without_columns_has_a_review() -> None:
    """Where no table can be had, each section says why."""
    review = sm.review(sm.read_deals({"id": [1]}), period=Q1, as_of="2026-02-15")
    assert review.notes == ()
    assert set(review.tables) == set()
    assert str(review).count("not shown: ") >= 12


def test_one_deal_has_a_review() -> None:
    """One deal is enough to read, and too little for any rule about deals."""
    deals = sm.read_deals(
        {
            "rep": ["Ana"],
            "amount": [5],
            "outcome": ["open"],
            "created": ["2026-01-01"],
            "expected_close": ["2026-03-01"],
        },
        as_of="2026-02-15",
    )
    review = sm.review(deals, period=Q1)
    assert review.notes == ()
    assert "100.0 % of what is open and due in the period (n = 1)" in str(review)


def test_a_hundred_reps_fit_on_a_screen(tmp_path: Path) -> None:
    """Both ends of the list are shown, the notes are the first of each rule, and all are in ``notes``."""
    reps = [f"rep {at:03}" for at in range(100)]
    deals = sm.read_deals(
        {"rep": reps, "amount": list(range(100)), "outcome": ["won"] * 100, "closed": ["2026-02-01"] * 100},
        as_of="2026-03-31",
    )
    quotas = sm.read_quotas({"rep": reps, "start": [Q1.start] * 100, "end": [Q1.end] * 100, "amount": [200] * 100})
    review = sm.review(deals, quotas, period=Q1)
    assert len(review.notes) == 101
    assert "... 94 more reps" in str(review)
    assert "... and 98 more by the rule 'pace': review.notes has them all." in repr(review)
    assert max(map(len, str(review).splitlines())) <= 100
    review.to_html(tmp_path / "page.html")
    assert "... 84 more reps" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_the_text_of_a_review_is_aligned_and_narrow(review: sm.Review) -> None:
    """No line is longer than a hundred columns, and the numbers of a column end below one another."""
    lines = str(review).splitlines()
    assert max(map(len, lines)) <= 100
    first = lines.index("Velocity: what does the pipeline yield a day?") + 1
    rows = lines[first : first + 7]
    assert len({len(row) for row in rows}) == 1


def test_a_review_in_short_is_a_screen_or_two(review: sm.Review, company: sm.datasets.Company) -> None:
    """A prompt shows what needs attention and the headline; printing shows every section."""
    lines = repr(review).splitlines()
    assert max(map(len, lines)) <= 100
    assert 20 < len(lines) <= 70
    assert set(lines[:-1]) <= {*str(review).splitlines()}
    assert lines[-1] == "print(review) shows every section, review.to_html(path) writes them as a page."
    alone = sm.review(company.deals, period=company.calendar.quarter(2026, 3))
    assert re.search(r"\n\d\d of 56 tables cannot be had: review.left_out says why.\n", repr(alone))


# --- what came from data is only text --------------------------------------------------------------------------------


def test_labels_cannot_write_on_the_terminal() -> None:
    """A label with control characters is shown escaped, in the rows and in the notes."""
    books = hostile_books()
    review = sm.review(books["deals"], books["quotas"], reps=books["reps"], period=Q1, by=HOSTILE)
    text = repr(review) + str(review) + "".join(note.sentence for note in review.notes)
    assert text.replace("\n", "").isprintable()
    assert "\\x1b" in text
    assert review.notes


@pytest.mark.parametrize("drawing", [False, True])
def test_labels_cannot_write_on_a_page(drawing: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Markup in a label is text of the page and of what it says of its pictures, and makes no tag."""
    if drawing:
        pytest.importorskip("matplotlib")
    else:
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    books = hostile_books()
    review = sm.review(books["deals"], books["quotas"], reps=books["reps"], period=Q1, by=HOSTILE)
    review.to_html(tmp_path / "page.html")
    for markup in ((tmp_path / "page.html").read_text(encoding="utf-8"), review._repr_html_()):
        page = Page(markup)
        assert not page.having("script")
        assert "<script>alert" in page.text
        assert not {"\x1b", "\u202e"} & set(markup)
        assert not [name for _, held in page.tags for name in held if name.startswith("on")]


# --- the page --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def markup(review: sm.Review, tmp_path_factory: pytest.TempPathFactory) -> str:
    pytest.importorskip("matplotlib")
    path = tmp_path_factory.mktemp("page") / "review.html"
    review.to_html(path)
    return path.read_text(encoding="utf-8")


def test_a_page_fetches_nothing(markup: str) -> None:
    """Pictures are inside, links stay on the page, and a browser is told to fetch nothing."""
    page = Page(markup)
    addresses = [
        value or "" for _, held in page.tags for name, value in held.items() if name in ("src", "href", "srcset")
    ]
    assert addresses
    assert all(address.startswith(("#", "data:image/svg+xml;base64,")) for address in addresses)
    assert not re.search(r"url\(|@import|https?://", markup.replace("http-equiv", ""))
    assert not {"script", "link", "iframe", "object", "embed", "form"} & {name for name, _ in page.tags}
    (policy,) = [held["content"] for held in page.having("meta") if held.get("http-equiv")]
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def test_a_page_can_be_read_without_seeing_it(markup: str) -> None:
    """It has a language, a title, headings in order, scopes, captions and words for each picture."""
    page = Page(markup)
    assert page.having("html") == [{"lang": "en"}]
    assert page.having("title") == [{}]
    headings = [int(name[1]) for name, _ in page.tags if re.fullmatch("h[1-6]", name)]
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(headings))
    assert all(held.get("scope") in ("row", "col") for held in page.having("th"))
    assert len(page.having("caption")) == len(page.having("table")) > 10
    pictures = page.having("img")
    assert len(pictures) >= 8
    assert all(len(held["alt"] or "") > 20 for held in pictures)
    ids = Counter(held["id"] for _, held in page.tags if "id" in held)
    assert max(ids.values()) == 1
    assert {held["href"] for held in page.having("a")} <= {f"#{name}" for name in ids}


def test_a_page_says_what_the_text_says(markup: str, review: sm.Review) -> None:
    """Notes, numbers, definitions and thresholds stand on the page."""
    text = Page(markup).text
    assert review.notes
    assert review.notes[0].sentence in text
    assert review.win_rate is not None
    assert review.win_rate.definition in text
    assert f"{review.win_rate.n[0]:,}" in text
    assert "ReviewRules(pace=0.9" in text


def test_the_same_review_gives_the_same_bytes(
    company: sm.datasets.Company, review: sm.Review, markup: str, tmp_path: Path
) -> None:
    """Two reviews of the same books are the same page: no clock, no random name."""
    again = sm.review(
        *(company.deals.take(np.arange(len(company.deals))), company.quotas),
        period=company.calendar.quarter(2026, 3),
        reps=company.reps,
        forecasts=company.forecasts,
        history=company.history,
        calendar=company.calendar,
        by="segment",
    )
    again.to_html(tmp_path / "again.html")
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == markup
    assert str(again) == str(review)


def test_a_page_is_drawn_beside_the_users_own_pictures(review: sm.Review, markup: str, tmp_path: Path) -> None:
    """The user's style does not change the page, the page does not change the style, and no figure is left open."""
    plt = pytest.importorskip("matplotlib.pyplot")
    with plt.rc_context({"axes.facecolor": "black", "font.size": 4.0, "svg.hashsalt": None}):
        before = dict(plt.rcParams)
        review.to_html(tmp_path / "page.html")
        assert dict(plt.rcParams) == before
    assert plt.get_fignums() == []
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == markup


def test_a_page_without_matplotlib_says_which_extra_draws(
    review: sm.Review, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without matplotlib the page has its tables and no picture."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    review.to_html(tmp_path / "page.html")
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert page.having("img") == []
    assert 'Pictures need the extra `plot`: pip install "salesmetrics[plot]".' in page.text
    assert len(page.having("table")) > 10


def test_a_notebook_shows_the_tables(review: sm.Review) -> None:
    """A notebook gets the notes and the tables as one piece, without pictures and without ids that may clash."""
    page = Page(review._repr_html_())
    assert page.having("img") == []
    assert not [held for _, held in page.tags if "id" in held]
    assert review.notes[0].sentence in page.text


def test_a_page_never_replaces_a_file_unasked(
    review: sm.Review, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is there stays unless it may be replaced, and a page is whole or not there."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    path = tmp_path / "page.html"
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(sm.InvalidArgumentError) as caught:
        review.to_html(path)
    assert caught.value.message.startswith("`target` must be a new file; got ")
    assert path.read_text(encoding="utf-8") == "mine"
    review.to_html(str(path), overwrite=True)
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert [file.name for file in tmp_path.iterdir()] == ["page.html"]
    with pytest.raises(sm.InvalidTypeError) as refused:
        review.to_html(3)  # type: ignore[arg-type]
    assert refused.value.message == "`path` must be a path; got 3."


# --- arguments -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "kind", "sentence"),
    [
        ({"deals": {"rep": []}}, sm.InvalidTypeError, "`deals` must be a DealBook; got 'dict'."),
        ({"deals": None}, sm.InvalidTypeError, "`deals` must be a DealBook; got None."),
        ({"quotas": 3}, sm.InvalidTypeError, "`quotas` must be a QuotaBook or None; got 'int'."),
        ({"reps": []}, sm.InvalidTypeError, "`reps` must be a RepBook; got 'list'."),
        ({"forecasts": "f"}, sm.InvalidTypeError, "`forecasts` must be a ForecastBook or None; got 'str'."),
        ({"splits": {}}, sm.InvalidTypeError, "`splits` must be a SplitBook or None; got 'dict'."),
        ({"calendar": 2}, sm.InvalidTypeError, "`calendar` must be a FiscalCalendar or None; got 'int'."),
        ({"rules": {}}, sm.InvalidTypeError, "`rules` must be ReviewRules; got {}."),
        ({"period": "2026Q1"}, sm.InvalidTypeError, "`period` must be a Period; got '2026Q1'."),
        ({"as_of": "soon"}, sm.InvalidArgumentError, "`as_of` must be a day; got 'soon'."),
        (
            {"as_of": "2025-12-31"},
            sm.InvalidArgumentError,
            "`period` must have begun by 2025-12-31, the last known day; got Period('2026-01-01', '2026-04-01').",
        ),
        ({"by": "colour"}, sm.InvalidArgumentError, "`by` must name columns of the book; got 'colour'."),
    ],
)
def test_a_wrong_argument_is_refused(change: dict[str, Any], kind: type[sm.SalesMetricsError], sentence: str) -> None:
    """What is not what it must be is refused at once, by its name, and not left out."""
    asked: dict[str, Any] = {
        "deals": sm.DealBook.empty(),
        "quotas": None,
        "period": Q1,
        "as_of": "2026-02-15",
        **change,
    }
    deals, quotas = asked.pop("deals"), asked.pop("quotas")
    with pytest.raises(kind) as caught:
        sm.review(deals, quotas, **asked)
    assert caught.value.message == sentence


def test_books_in_two_currencies_are_refused() -> None:
    """Money of two currencies is not set beside one another."""
    quotas = sm.read_quotas({"rep": ["Ana"], "start": [Q1.start], "end": [Q1.end], "amount": [1]}, currency="EUR")
    with pytest.raises(sm.InvalidDataError) as caught:
        sm.review(sm.DealBook.empty(currency="USD"), quotas, period=Q1, as_of="2026-02-15")
    assert caught.value.message == "`quotas` must be in the currency of the deals; got EUR beside USD."


def test_reps_that_are_missing_from_their_book_are_refused() -> None:
    """A rep of the deals that the rep book does not know is an error of the books, not of one table."""
    deals = sm.read_deals({"rep": ["Zoe"], "outcome": ["won"], "closed": ["2026-02-01"]}, as_of="2026-02-15")
    with pytest.raises(sm.InvalidDataError) as caught:
        sm.review(deals, period=Q1, reps=sm.read_reps({"id": ["Ana"]}))
    assert caught.value.message.startswith(
        "`reps` must know every rep of the deals and quotas; got 1 of 1 unknown: 'Zoe'"
    )


def test_a_day_is_needed() -> None:
    """Nothing reads the clock: a book without a day of its own is reviewed as of a day that is given."""
    with pytest.raises(sm.InvalidArgumentError) as caught:
        sm.review(sm.DealBook.empty(), period=Q1)
    assert caught.value.message.startswith("`as_of` must be given for a review")


def test_a_misspelt_argument_gets_the_nearest() -> None:
    """A name that the call does not have is answered with the one that was meant."""
    with pytest.raises(sm.InvalidTypeError) as caught:
        sm.review(sm.DealBook.empty(), period=Q1, forecast=None)  # type: ignore[call-arg]
    assert caught.value.message == "`review` must be called with arguments that it has; got 'forecast'."
    assert str(caught.value.hint).startswith("did you mean 'forecasts'?")


def test_a_review_is_frozen_and_can_be_copied(review: sm.Review) -> None:
    """A review cannot be changed; a copy, and one that was pickled, says the same."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        review.notes = ()  # type: ignore[misc]
    with pytest.raises(TypeError):
        review.left_out["pace"] = ""  # type: ignore[index]
    assert str(copy.deepcopy(review)) == str(review)
    assert str(pickle.loads(pickle.dumps(review))) == str(review)


def test_a_misspelt_table_gets_the_nearest(review: sm.Review) -> None:
    """A table that there is not is answered with the one that was meant."""
    with pytest.raises(AttributeError, match=r"did you mean \.attainment"):
        review.atainment  # type: ignore[attr-defined]  # noqa: B018


def test_the_docstring_names_every_table() -> None:
    """What the class holds is told in its docstring, groups by the rule for their names."""
    told = sm.Review.__doc__ or ""
    for name in reviews._TABLES:
        plain = re.sub(r"_(by_team|by_rep|by_stage|by_group|before)", "", name)
        assert plain in told, name


# --- the periods beside ----------------------------------------------------------------------------------------------

FISCAL = sm.FiscalCalendar(start_month=2)
RETAIL = sm.FiscalCalendar(start_month=2, pattern="4-4-5")


@pytest.mark.parametrize(
    ("period", "calendar", "before", "after"),
    [
        (FISCAL.quarter(2026, 1), FISCAL, FISCAL.quarter(2025, 4), FISCAL.quarter(2026, 2)),
        (RETAIL.quarter(2025, 1), RETAIL, RETAIL.quarter(2024, 4), RETAIL.quarter(2025, 2)),
        (FISCAL.month(2026, 1), FISCAL, FISCAL.month(2025, 12), FISCAL.month(2026, 2)),
        (FISCAL.year(2026), FISCAL, FISCAL.year(2025), FISCAL.year(2027)),
        (Q1, None, sm.Period("2025-10-01", "2026-01-01"), sm.Period("2026-04-01", "2026-07-01")),
        (Q1, FISCAL, sm.Period("2025-10-01", "2026-01-01"), sm.Period("2026-04-01", "2026-07-01")),
        (
            sm.Period("2026-01-15", "2026-02-15"),
            None,
            sm.Period("2025-12-15", "2026-01-15"),
            sm.Period("2026-02-15", "2026-03-15"),
        ),
        (
            sm.Period("2026-01-05", "2026-01-12"),
            None,
            sm.Period("2025-12-29", "2026-01-05"),
            sm.Period("2026-01-12", "2026-01-19"),
        ),
    ],
)
def test_the_periods_beside_a_period(
    period: sm.Period, calendar: sm.FiscalCalendar | None, before: sm.Period, after: sm.Period
) -> None:
    """A part of a fiscal year has that calendar's neighbours, by name; any other as many months, or days."""
    found = neighbours.preceding(period, calendar), neighbours.following(period, calendar)
    assert found == (before, after)
    assert [one.name for one in found] == [before.name, after.name]


def test_the_year_before_holds_whole_quarters() -> None:
    """The year before begins with a quarter, also in calendars of whole weeks and after a year of 53."""
    for calendar in (FISCAL, RETAIL, sm.FiscalCalendar(start_month=2, pattern="4-5-4", year_end="nearest")):
        for year in (2023, 2024, 2025, 2026):
            for quarter in (1, 2, 3, 4):
                end = calendar.quarter(year, quarter).start
                past = neighbours.year_before(end, calendar)
                quarters = calendar.quarters(past.start, past.end)
                assert (quarters[0].start, quarters[3].end, len(quarters)) == (past.start, end, 4)
    assert neighbours.year_before(Q1.start, None) == sm.Period("2025-01-01", "2026-01-01")

"""Days that a file writes in more than one way."""

import pytest

import salesmetrics as sm


def test_a_form_for_a_field() -> None:
    """One column is written day first, the other as ISO says; only the first needs to be told."""
    source = {"created": ["2026-01-05"], "closed": ["07/02/2026"], "outcome": ["won"]}
    book = sm.read_deals(source, date_format={"closed": "%d/%m/%Y"})
    assert [str(book[name][0]) for name in ("created", "closed")] == ["2026-01-05", "2026-02-07"]


def test_the_form_is_named_after_our_field() -> None:
    """A column of the source goes by the name that its map gives it."""
    book = sm.read_deals({"Made": ["05.01.2026"]}, {"created": "Made"}, date_format={"created": "%d.%m.%Y"})
    assert str(book["created"][0]) == "2026-01-05"


@pytest.mark.parametrize(
    ("read", "columns"),
    [
        (sm.read_deals, {"closed": ["01/02/2026"], "outcome": ["won"]}),
        (sm.read_quotas, {"rep": ["Ana"], "start": ["2026-01-01"], "end": ["2026-04-01"], "amount": [1]}),
        (sm.read_reps, {"id": ["Ana"], "hired": ["2026-01-01"]}),
        (sm.read_history, {"deal": ["d"], "date": ["2026-01-01"], "stage": ["Bid"]}),
        (
            sm.read_forecasts,
            {"rep": ["Ana"], "start": ["2026-01-01"], "end": ["2026-04-01"], "given": ["2026-01-02"], "amount": [1]},
        ),
    ],
)
def test_a_form_for_nothing(read: object, columns: dict[str, list[object]]) -> None:
    """A field that the source does not have is refused, with the nearest ones: it may be misspelt."""
    with pytest.raises(sm.InvalidArgumentError) as caught:
        read(columns, date_format={"closd": "%d/%m/%Y"})
    assert caught.value.code == "SM-DAY-19"
    assert caught.value.field == "date_format"
    if "closed" in columns:
        assert "did you mean 'closed'" in caught.value.hint


def test_each_form_is_checked() -> None:
    """A form that is none is refused, as one for all columns is."""
    with pytest.raises(sm.InvalidArgumentError) as caught:
        sm.read_deals({"created": ["2026-01-05"]}, date_format={"created": "day"})
    assert caught.value.code == "SM-DAY-15"

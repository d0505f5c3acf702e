"""What is listed where a user presses the tabulator, and what a wrong name is answered with."""

from __future__ import annotations

import copy
import importlib
import inspect
import pickle
from typing import Any

import pytest

import salesmetrics as sm


@pytest.fixture(scope="module")
def company() -> sm.datasets.Company:
    return sm.datasets.sample_company(deals=300, rng=1)


@pytest.fixture(scope="module")
def offered(company: sm.datasets.Company) -> dict[str, Any]:
    """Return one object of each kind that a user holds."""
    q3 = company.calendar.quarter(2026, 3)
    attained = sm.attainment(company.deals, company.quotas, period=q3, by="rep")
    return {
        "company": company,
        "deals": company.deals,
        "history": company.history,
        "quotas": company.quotas,
        "reps": company.reps,
        "forecasts": company.forecasts,
        "table": attained,
        "row": attained[next(iter(attained.labels))],
        "flags": sm.flags(company.deals, history=company.history),
        "curve": sm.cycle_curve(company.deals),
        "tally": sm.OutcomeTally.from_book(company.deals),
        "map": sm.maps.SALESFORCE,
    }


def listed(thing: object) -> set[str]:
    return {name for name in dir(thing) if not name.startswith("_")}


# --- what is listed ----------------------------------------------------------------------------------------------


def test_the_front_door_lists_its_names_and_no_rooms() -> None:
    """`sm.<TAB>` shows what is public: no module of the library, and no name that was imported for its own use."""
    importlib.import_module("salesmetrics.tallies.outcomes")
    assert dir(sm) == sorted(sm.__all__)
    assert not {"tallies", "importlib", "TYPE_CHECKING", "books"} & set(dir(sm))


@pytest.mark.parametrize("room", ["datasets", "formulas", "maps"])
def test_the_rooms_behind_it_do_the_same(room: str) -> None:
    """The modules of the front door list what is public in them."""
    module = getattr(sm, room)
    assert dir(module) == sorted(module.__all__)
    assert all(hasattr(module, name) for name in dir(module))


def test_a_deal_book_lists_little(company: sm.datasets.Company) -> None:
    """A deal book lists what a user does with it, and nothing that other rooms of the library need."""
    exported = {"to_arrow", "to_csv", "to_dict", "to_frame", "to_pandas", "to_polars"}
    told = {"as_of", "currency", "label_names", "names", "notes", "process", "rejects", "rows", "scale"}
    done = {"concat", "empty", "equals", "filter", "take", "with_reps"}
    assert listed(company.deals) >= exported | told | done
    assert not listed(company.deals) & {"columns", "column", "kept", "kind", "mask", "open_rows", "as_of_day"}


def test_a_table_lists_little(offered: dict[str, Any]) -> None:
    """A table lists the answer and what can be done with it, not how its reasons and its money are held."""
    assert {"value", "n", "low", "high", "reason", "parts", "labels", "plot", "sort", "top"} <= listed(offered["table"])
    assert not listed(offered["table"]) & {"minor", "reason_code", "scale"}


def test_what_is_not_listed_is_there_all_the_same(offered: dict[str, Any]) -> None:
    """A name that is not listed is hidden from the eye and from nothing else."""
    for thing in offered.values():
        hidden = {name for kind in type(thing).__mro__ for name in vars(kind).get("_unlisted", ())}
        assert not hidden & set(dir(thing))
        assert all(hasattr(thing, name) for name in hidden & set(object.__dir__(thing)))


def test_every_name_that_is_not_listed_exists() -> None:
    """A class hides no name that it does not have."""
    for name in sm.__all__:
        kind = getattr(sm, name)
        if isinstance(kind, type):
            assert all(hasattr(kind, hidden) for hidden in vars(kind).get("_unlisted", ())), name


def test_every_name_that_is_listed_can_be_had(offered: dict[str, Any]) -> None:
    """What the tabulator offers is there."""
    for name, thing in offered.items():
        if name != "curve":  # the mean of a curve without a horizon is refused, in its own words
            assert all(hasattr(thing, attribute) for attribute in dir(thing)), name


def test_a_map_lists_the_other_tables_of_its_system() -> None:
    """`sm.maps.SALESFORCE.<TAB>` shows the maps of Salesforce's other tables."""
    assert set(sm.maps.SALESFORCE.tables) <= listed(sm.maps.SALESFORCE)
    assert sm.maps.SALESFORCE.tables


# --- between brackets --------------------------------------------------------------------------------------------


def test_a_notebook_completes_columns_labels_and_flags(company: sm.datasets.Company, offered: dict[str, Any]) -> None:
    """Between brackets a notebook offers columns of books, labels of tables and flags, and each of them is accepted."""
    assert company.deals._ipython_key_completions_() == list(company.deals.names)
    quarters = company.calendar.quarters("2026-02-01", "2026-08-01")
    crossed = sm.win_rate(company.deals, by=("segment", "region"), period=quarters)
    for thing in (company.deals, company.reps, offered["table"], crossed, offered["flags"]):
        keys = thing._ipython_key_completions_()
        assert keys
        for key in keys:
            assert thing[key] is not None
    assert all(type(part) is str for key in crossed._ipython_key_completions_() for part in key)


def test_a_missing_label_is_not_completed() -> None:
    """The group of deals without a label has no key that could be typed as text."""
    deals = sm.read_deals({"rep": ["Ana", None], "outcome": ["won", "won"], "closed": ["2026-01-15"] * 2})
    table = sm.win_rate(deals, by="rep")
    assert table._ipython_key_completions_() == ["Ana"]
    assert len(table) == 2


# --- wrong names -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("winrate", "did you mean 'win_rate'?"),
        ("Dealbook", "did you mean 'DealBook'?"),
        ("sales_velocity", "did you mean 'velocity'?"),
        ("coverage", "did you mean 'required_coverage' or 'pipeline_coverage'?"),
        ("xyzzy", "dir(salesmetrics) lists what there is."),
    ],
)
def test_the_front_door_answers_a_wrong_name(name: str, said: str) -> None:
    """A name that is not there is answered with the nearest, and with no list of a hundred others."""
    with pytest.raises(AttributeError) as caught:
        getattr(sm, name)
    assert str(caught.value) == f"salesmetrics has no {name!r}: {said}"


@pytest.mark.parametrize(
    ("thing", "name", "said"),
    [
        ("deals", "amount", "did you mean book['amount']?"),
        ("deals", "amuont", "did you mean book['amount']?"),
        ("deals", "Rep", "did you mean book['rep']?"),
        ("deals", "to_panda", "did you mean .to_pandas?"),
        ("deals", "win_rate", "a metric is a function: sm.win_rate(deals)."),
        ("table", "attainment", "did you mean table.value?"),
        ("table", "booked", "did you mean table.parts['booked']?"),
        ("table", "rep", "did you mean table.labels.column('rep')?"),
        ("table", "values", "did you mean .value?"),
        ("table", "iloc", "table.to_dict() or table.to_pandas()."),
        ("row", "quota", "did you mean row.parts['quota']?"),
        ("flags", "stale", "did you mean flags['stale']?"),
        ("curve", "xyzzy", "a share is read as curve.at(90)"),
    ],
)
def test_an_object_answers_a_wrong_name(offered: dict[str, Any], thing: str, name: str, said: str) -> None:
    """An attribute that is not there is answered with the way to what was meant."""
    with pytest.raises(AttributeError) as caught:
        getattr(offered[thing], name)
    assert str(caught.value).startswith(f"{type(offered[thing]).__name__!r} object has no attribute {name!r}: ")
    assert said in str(caught.value)


def test_a_label_as_attribute_leads_to_the_row() -> None:
    """`table.Ana` is answered with table['Ana']."""
    deals = sm.read_deals({"rep": ["Ana", "Bo"], "outcome": ["won", "lost"], "closed": ["2026-01-15"] * 2})
    with pytest.raises(AttributeError, match=r"did you mean table\['Ana'\]\?"):
        sm.win_rate(deals, by="rep").Ana  # type: ignore[attr-defined]  # noqa: B018


def test_names_from_data_are_escaped() -> None:
    """A column of somebody else's naming cannot write on the terminal through an error."""
    deals = sm.read_deals({"outcome": ["open"], "\x1b[31mrep_code": ["x"]})
    with pytest.raises(AttributeError) as caught:
        deals.rep_code  # type: ignore[attr-defined]  # noqa: B018
    assert str(caught.value).isprintable()
    assert "rep_code" in str(caught.value).partition(": ")[2]


# --- and nothing else is changed ---------------------------------------------------------------------------------


def test_objects_are_asked_and_copied_as_before(offered: dict[str, Any]) -> None:
    """hasattr, getattr with a default, copies, pickles and inspection find what they look for, and miss what is not there."""
    for name, thing in offered.items():
        assert not hasattr(thing, "xyzzy"), name
        assert not hasattr(thing, "__array__"), name
        assert not hasattr(thing, "_repr_png_"), name
        assert getattr(thing, "xyzzy", 5) == 5
        assert inspect.unwrap(thing) is thing
        if name != "curve":  # its mean is refused without a horizon, by an error that inspect does not expect
            assert dict(inspect.getmembers(thing))
        for twin in (copy.copy(thing), copy.deepcopy(thing), pickle.loads(pickle.dumps(thing))):
            assert type(twin) is type(thing)
            assert not hasattr(thing, "equals") or thing.equals(twin)


def test_a_book_that_is_not_made_yet_answers_too() -> None:
    """An object without its fields refuses a name instead of asking itself without end."""
    unmade = sm.DealBook.__new__(sm.DealBook)
    with pytest.raises(AttributeError, match="columns"):
        unmade.columns  # noqa: B018
    with pytest.raises(AttributeError, match="'DealBook' object has no attribute 'amount'"):
        unmade.amount  # type: ignore[attr-defined]  # noqa: B018


def test_an_error_inside_a_property_is_told_as_it_is() -> None:
    """An AttributeError from inside a property is not taken for a name that is missing."""

    class Half(sm.MetricRow):
        @property
        def half(self) -> float:
            return self.value.halved  # type: ignore[attr-defined]

    row = Half("all", 1.0, 1, None, None, "", {})
    with pytest.raises(AttributeError, match="'float' object has no attribute 'halved'"):
        row.half  # noqa: B018

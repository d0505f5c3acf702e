"""What is known to go wrong with exports of CRMs, one test for each."""

from __future__ import annotations

import io
from typing import Any

import pytest

import salesmetrics as sm

SALESFORCE: dict[str, Any] = {
    "Id": ["0060X00000AbCdE", "0060X00000AbCdF"],
    "OwnerId": ["0050X000001AbCd", "0050X000001AbCd"],
    "Amount": [1000.0, 250.5],
    "CreatedDate": ["2024-05-01T12:00:00.000+0000", "2024-05-02T12:00:00.000+0000"],
    "CloseDate": ["2024-06-30", "2024-07-31"],
    "StageName": ["Signed", "Proposal"],
    "Probability": [100, 40],
    "ForecastCategory": ["Closed", "Forecast"],
    "IsClosed": [True, False],
    "IsWon": [True, False],
    "IsDeleted": [False, False],
}
NEW_YORK = {"zone": "America/New_York"}


def salesforce(**changed: Any) -> sm.DealBook:
    """Return two opportunities, read by the map."""
    return sm.read_deals(SALESFORCE | changed, sm.maps.SALESFORCE, **NEW_YORK)


def test_1_the_scale_of_probabilities_is_stated_and_never_guessed() -> None:
    """0.9 is nine tenths of a percent in Salesforce and nine tenths in HubSpot; what lies outside of the scale is refused."""
    assert salesforce(Probability=[100, 0.9])["probability"].tolist() == [1.0, 0.009]
    with pytest.raises(
        sm.InvalidDataError, match=r"`probability` must lie in \[0, 100\] in every row; got 1 of 2 rows"
    ):
        salesforce(Probability=[1000, 40])
    hubspot = {"hs_object_id": [1], "hs_deal_stage_probability": ["0.9"]}
    assert sm.read_deals(hubspot, sm.maps.HUBSPOT)["probability"].tolist() == [0.9]
    with pytest.raises(sm.InvalidDataError, match=r"`probability` must lie in \[0, 1\]"):
        sm.read_deals(hubspot | {"hs_deal_stage_probability": ["90"]}, sm.maps.HUBSPOT)


def test_2_a_deal_keeps_its_own_probability() -> None:
    """The default of a stage that was changed later does not touch the deals that stand in it."""
    ends = [sm.Stage("Signed", 2, 1.0, outcome="won"), sm.Stage("Lost", 3, 0.0, outcome="lost")]
    process = sm.SalesProcess([sm.Stage("Proposal", 1, 0.75), *ends])
    book = sm.read_deals(SALESFORCE, sm.maps.SALESFORCE, process=process, **NEW_YORK)
    assert book["probability"].tolist() == [1.0, 0.4]


def test_3_the_category_is_the_value_and_not_its_label() -> None:
    """The label can be renamed in each account; the value Forecast is what is labelled Commit."""
    both = SALESFORCE | {"ForecastCategoryName": ["Geschlossen", "Zugesagt"]}
    book = sm.read_deals(both, sm.maps.SALESFORCE, **NEW_YORK)
    assert book["forecast_category"].tolist() == ["Closed", "Forecast"]


def test_4_won_follows_from_flags_and_from_no_text() -> None:
    """A stage called Signed is won where the flag says so; one called Closed Won is not where it does not."""
    assert salesforce()["outcome"].tolist() == ["won", "open"]
    named = salesforce(StageName=["Closed Won", "Closed Won"], IsWon=[False, False], Probability=[0, 40])
    assert named["outcome"].tolist() == ["lost", "open"]
    with pytest.raises(sm.InvalidDataError, match="`outcome` must be closed where it is won; got 1 of 2 rows"):
        salesforce(IsWon=[True, True])


def test_5_a_date_is_never_shifted_and_an_instant_always_has_a_zone() -> None:
    """A deal won on the evening of the last day of a quarter in New York is won in that quarter, as date and as instant."""
    assert str(salesforce()["closed"][0]) == "2024-06-30"
    hubspot = {
        "hs_object_id": ["1"],
        "createdate": ["2024-05-01T12:00:00Z"],
        "closedate": ["2024-07-01T03:30:00Z"],
        "hs_is_closed": ["true"],
        "hs_is_closed_won": ["true"],
    }
    assert str(sm.read_deals(hubspot, sm.maps.HUBSPOT, **NEW_YORK)["closed"][0]) == "2024-06-30"
    assert str(sm.read_deals(hubspot, sm.maps.HUBSPOT, zone="UTC")["closed"][0]) == "2024-07-01"
    with pytest.raises(sm.InvalidDataError, match="must be a day and not an instant, where no `zone` is given"):
        sm.read_deals(hubspot, sm.maps.HUBSPOT)


@pytest.mark.parametrize(
    "day", ["2024-06-30T00:00:00Z", "2024-06-30 00:00:00", "2024-06-30T00:00:00.000+0000", "2024-06-30"]
)
def test_5_midnights_of_days_stay_where_they_are(day: str) -> None:
    """A column that holds days may write them as midnights of UTC; no zone moves them."""
    assert str(salesforce(CloseDate=[day, None])["closed"][0]) == "2024-06-30"


def test_5_a_time_of_day_in_a_column_of_days_is_refused() -> None:
    """What is said to be a day and has a time is not cut in silence."""
    with pytest.raises(
        sm.InvalidDataError, match="`close_date` must be a day and not an instant; got 1 of 2 rows"
    ) as caught:
        salesforce(CloseDate=["2024-06-30T10:00:00Z", None])
    assert "each must be midnight, of UTC" in str(caught.value.hint)


def test_5_days_in_a_column_of_instants_stay_days() -> None:
    """An export that gives creation as a bare date is not moved to the day before."""
    book = salesforce(CreatedDate=["2024-05-01", "2024-05-02"])
    assert book["created"].astype(str).tolist() == ["2024-05-01", "2024-05-02"]


def test_6_an_offset_counts() -> None:
    """An offset is not cut off: half past eleven in the evening in New York is that day there, and the next in UTC."""
    written = ["2024-06-30T23:30:00-0400", "2024-06-30T23:30:00-04:00"]
    assert (
        salesforce(CreatedDate=written, CloseDate=["2024-07-30", None])["created"].astype(str).tolist()
        == ["2024-06-30"] * 2
    )
    book = sm.read_deals(
        SALESFORCE | {"CreatedDate": written, "CloseDate": ["2024-07-30", None]}, sm.maps.SALESFORCE, zone="UTC"
    )
    assert book["created"].astype(str).tolist() == ["2024-07-01"] * 2


def test_7_milliseconds_are_read_where_it_is_said() -> None:
    """HubSpot's older interface counts milliseconds; read as seconds they would lie in January 1970, which is refused."""
    deals = {"hs_object_id": ["1"], "createdate": ["1714564800000"], "closedate": ["1719804600000"]}
    book = sm.read_deals(deals, sm.maps.HUBSPOT, date_format="unix_ms", **NEW_YORK)
    assert (str(book["created"][0]), str(book["expected_close"][0])) == ("2024-05-01", "2024-06-30")
    with pytest.raises(sm.InvalidDataError, match="`created` must not lie before 1990-01-01") as caught:
        sm.read_deals(deals | {"createdate": ["1714564800"]}, sm.maps.HUBSPOT, date_format="unix_ms", **NEW_YORK)
    assert "they look like Unix seconds" in str(caught.value.hint)
    with pytest.raises(
        sm.InvalidDataError, match="`created` must not lie before 1990-01-01 where a column holds instants"
    ):
        sm.read_deals(
            deals | {"createdate": ["1970-01-20T20:16:04Z"], "closedate": [None]}, sm.maps.HUBSPOT, **NEW_YORK
        )


def test_8_an_open_end_is_missing_where_it_is_said() -> None:
    """A sentinel is refused, or missing where it is named; the end of the calendar does not overflow."""
    with pytest.raises(sm.InvalidDataError, match="`close_date` must be no sentinel"):
        salesforce(CloseDate=["2024-06-30", "9999-12-31"])
    book = sm.read_deals(
        SALESFORCE | {"CloseDate": ["2024-06-30", "9999-12-31"]},
        sm.maps.SALESFORCE,
        sentinels=["9999-12-31"],
        **NEW_YORK,
    )
    assert book["expected_close"].astype(str).tolist() == ["NaT", "NaT"]


PIPEDRIVE: dict[str, Any] = {
    "id": [1, 2, 3, 4],
    "user_id": [7, 7, 8, 8],
    "value": [10, 20, 30, 40],
    "add_time": ["2026-01-01 03:00:00"] * 4,
    "expected_close_date": ["2026-02-01", "2026-04-01", None, None],
    "won_time": ["2026-02-02 03:00:00", None, None, None],
    "lost_time": [None, None, "2026-02-05 12:00:00", None],
    "stage_id": [3, 2, 2, 2],
    "status": ["won", "open", "lost", "deleted"],
    "deleted": [0, 0, 0, 0],
}


def test_13_the_first_version_of_pipedrive() -> None:
    """Times are UTC without saying so, flags are 0 and 1, a deleted deal has a status; days of won and lost deals."""
    book = sm.read_deals(PIPEDRIVE, sm.maps.PIPEDRIVE_V1, **NEW_YORK)
    assert book["rep"].tolist() == ["7", "7", "8"]
    assert book["created"].astype(str).tolist() == ["2025-12-31"] * 3
    assert book["closed"].astype(str).tolist() == ["2026-02-01", "NaT", "2026-02-05"]
    assert book["expected_close"].astype(str).tolist() == ["2026-02-01", "2026-04-01", "NaT"]
    assert [(r["code"], r["key"]) for r in book.rejects] == [("SM-DEL-01", "4")]
    flat = {("user_id.id" if name == "user_id" else name): column for name, column in PIPEDRIVE.items()}
    assert sm.read_deals(flat, sm.maps.PIPEDRIVE_V1, **NEW_YORK).equals(book)


def test_13_the_list_export_of_pipedrive() -> None:
    """Labels with or without their prefix; times are those of whoever made the export, and no zone moves them."""
    table = {
        "Deal - ID": ["1", "2"],
        "Deal - Owner": ["Ana", "Bo"],
        "Deal - Value": ["10", "20"],
        "Deal - Deal created": ["2026-01-01 23:30:00", "2026-01-02 08:00:00"],
        "Deal - Won time": ["2026-02-01 23:30:00", ""],
        "Deal - Expected close date": ["", "2026-04-01"],
        "Deal - Status": ["Won", "Open"],
    }
    book = sm.read_deals(table, sm.maps.PIPEDRIVE_EXPORT)
    assert book["created"].astype(str).tolist() == ["2026-01-01", "2026-01-02"]
    assert book["closed"].astype(str).tolist() == ["2026-02-01", "NaT"]
    bare = {name.removeprefix("Deal - "): column for name, column in table.items()}
    assert sm.read_deals(bare, sm.maps.PIPEDRIVE_EXPORT).equals(book)


QUOTAS: dict[str, Any] = {
    "QuotaOwnerId": ["005A", "005A", "005B"],
    "StartDate": ["2026-01-15", "2026-04-01", "2026-02-28"],
    "QuotaAmount": [100.0, 120.0, 90.0],
    "IsAmount": [True, True, True],
    "ForecastingTypeId": ["0Db1", "0Db1", "0Db1"],
}


def test_15_a_quota_is_for_the_period_that_holds_its_start() -> None:
    """A start may be any day of its period; pieces are no money; two types for one rep and period are not added."""
    quarters = sm.FiscalCalendar().quarters("2026-01-01", "2027-01-01")
    book = sm.read_quotas(QUOTAS, sm.maps.SALESFORCE, ends=quarters)
    assert book["start"].astype(str).tolist() == ["2026-01-01", "2026-04-01", "2026-01-01"]
    assert book["end"].astype(str).tolist() == ["2026-04-01", "2026-07-01", "2026-04-01"]
    pieces = sm.read_quotas(QUOTAS | {"IsAmount": [True, False, True]}, sm.maps.SALESFORCE, ends=quarters)
    assert (len(pieces), len(pieces.rejects)) == (2, 1)
    twice = QUOTAS | {
        "StartDate": ["2026-01-15", "2026-01-01", "2026-01-01"],
        "ForecastingTypeId": ["0Db1", "0Db2", "0Db1"],
    }
    with pytest.raises(sm.InvalidDataError, match="rep"):
        sm.read_quotas(twice, sm.maps.SALESFORCE, ends=quarters)
    with pytest.raises(sm.InvalidArgumentError, match="`ends` must hold every start"):
        sm.read_quotas(QUOTAS | {"StartDate": ["2028-01-15"] * 3}, sm.maps.SALESFORCE, ends=quarters)


def test_16_the_end_of_a_goal_is_inside() -> None:
    """HubSpot ends a goal with the last moment of its last day: the book's end is the day after."""
    goals = {
        "properties.hubspot_owner_id": ["77"],
        "properties.hs_start_datetime": ["2026-01-01T00:00:00Z"],
        "properties.hs_end_datetime": ["2026-03-31T23:59:59.999Z"],
        "properties.hs_target_amount": ["9000.50"],
        "properties.hs_created_by_user_id": ["1"],
    }
    book = sm.read_quotas(goals, sm.maps.HUBSPOT)
    assert book["rep"].tolist() == ["77"]
    assert (str(book["start"][0]), str(book["end"][0]), book["amount"][0]) == ("2026-01-01", "2026-04-01", 9000.5)


def test_17_percent_of_a_split_is_stated() -> None:
    """Salesforce splits in percent, HubSpot in fractions: the map says which."""
    table = {"OpportunityId": ["006A", "006A"], "SplitOwnerId": ["005A", "005B"], "SplitPercentage": [60.0, 40.0]}
    assert sm.read_splits(table, sm.maps.SALESFORCE)["share"].tolist() == [0.6, 0.4]


def test_18_ids_of_fifteen_and_eighteen_characters_are_one_id() -> None:
    """A report gives 15 characters and the API 18: with_ids() makes them one, never by folding case."""
    long, short = sm.maps.SALESFORCE.with_ids(18), sm.maps.SALESFORCE.with_ids(15)
    book = sm.read_deals(SALESFORCE, long, **NEW_YORK)
    assert book["id"].tolist() == ["0060X00000AbCdEQAV", "0060X00000AbCdFQAV"]
    assert book["rep"].tolist() == ["0050X000001AbCdQAK"] * 2
    back = SALESFORCE | {"Id": book["id"].tolist(), "OwnerId": book["rep"].tolist()}
    assert sm.read_deals(back, short, **NEW_YORK).equals(salesforce())
    assert sm.read_deals(back, long, **NEW_YORK).equals(book)
    users = sm.read_reps({"Id": ["0050X000001AbCd"], "Name": ["Ana"], "ManagerId": [None]}, long)
    assert users["id"].tolist() == ["0050X000001AbCdQAK"]


@pytest.mark.parametrize("wrong", ["0060X00000AbCdEQAA", "0060X00000", "0060X00000AbC-E"])
def test_18_what_is_no_id_is_refused_where_ids_are_asked_for(wrong: str) -> None:
    """A checksum that does not fit tells that somebody changed the case."""
    with pytest.raises(
        sm.InvalidDataError, match="`id` must be an id of Salesforce in every row; got 1 of 2 rows"
    ) as caught:
        sm.read_deals(SALESFORCE | {"Id": [wrong, "0060X00000AbCdF"]}, sm.maps.SALESFORCE.with_ids(18), **NEW_YORK)
    assert (caught.value.code, caught.value.value) == ("SM-KEY-10", wrong)
    with pytest.raises(sm.InvalidDataError, match="`rep` must be an id of Salesforce"):
        sm.read_deals(SALESFORCE | {"OwnerId": ["Ana", None]}, sm.maps.SALESFORCE.with_ids(18), **NEW_YORK)


def test_18_ids_that_differ_by_case_are_two_and_told() -> None:
    """Case is kept, with a warning; a checksum that does not fit is a warning too."""
    with pytest.warns(sm.SalesMetricsWarning, match="`id` must not differ by case only; got 2 of 2 rows"):
        book = salesforce(Id=["0060X00000AbCdE", "0060X00000AbCde"])
    assert len(book) == 2
    with pytest.warns(sm.SalesMetricsWarning, match="`id` must end in the checksum of its first 15 characters"):
        salesforce(Id=["0060X00000AbCdEQAA", "0060X00000AbCdFQAV"])


def test_18_whole_numbers_are_ids_as_a_file_writes_them() -> None:
    """Ids of HubSpot are one id as a number, as a float with holes, and as text."""
    raws: list[list[Any]] = [[12, 13], ["12", "13"]]
    books = [sm.read_deals({"deal_id": ids, "owner_id": [7.0, None]}, sm.maps.FIVETRAN_HUBSPOT) for ids in raws]
    assert books[0].equals(books[1])
    assert books[0]["id"].tolist() == ["12", "13"]
    assert books[0]["rep"].tolist() == ["7", None]


def test_19_an_account_s_creation_is_no_day_of_hiring() -> None:
    """Ramp needs a day of hiring from elsewhere: the day on which a user was made is not read as one."""
    users = {"Id": ["005A"], "Name": ["Ana"], "ManagerId": [None], "CreatedDate": ["2020-01-01T00:00:00Z"]}
    assert sm.read_reps(users, sm.maps.SALESFORCE).names == ("id", "name", "manager")


def test_20_amounts_may_be_missing_zero_or_credits() -> None:
    """No amount and zero are different; a credit has to be asked for."""
    book = salesforce(Amount=[None, 0])
    assert str(book["amount"].tolist()) == "[nan, 0.0]"
    with pytest.raises(sm.InvalidDataError, match="`amount`"):
        salesforce(Amount=[-5.0, 1.0])


def test_21_merged_and_archived_deals_do_not_count_twice() -> None:
    """Deals that went into others are left out and counted, by the survivors or by a table; under every mode."""
    deals = {
        "hs_object_id": [1, 2, 3, 4],
        "amount": ["10", "20", "30", "40"],
        "hs_merged_object_ids": ["2;9", None, None, None],
        "archived": [False, False, True, False],
    }
    book = sm.read_deals(deals, sm.maps.HUBSPOT, merged=[4])
    assert book["id"].tolist() == ["1"]
    assert sorted((r["code"], r["key"]) for r in book.rejects) == [
        ("SM-DEL-01", "3"),
        ("SM-DEL-02", "2"),
        ("SM-DEL-02", "4"),
    ]
    assert "left out on reading: 1 x SM-DEL-01, 2 x SM-DEL-02" in repr(book)
    table = {"deal_id": [1], "merged_deal_id": [4]}
    assert sm.read_deals(deals, sm.maps.HUBSPOT, merged=table).equals(book)
    with pytest.raises(sm.MissingColumnError, match="`merged` must have the column 'merged_deal_id'; got 'deal_id'"):
        sm.read_deals(deals, sm.maps.HUBSPOT, merged={"deal_id": [1]})
    with pytest.raises(sm.InvalidTypeError, match="`merged` must be ids, or the table of merged deals; got 5"):
        sm.read_deals(deals, sm.maps.HUBSPOT, merged=5)
    with pytest.raises(sm.MissingColumnError, match="`merged` must go with a column of ids"):
        sm.read_deals({"amount": [1]}, merged=[4])
    plain = sm.read_deals({"id": [1, 2], "amount": [1, 2]}, merged=[2])
    assert plain["id"].tolist() == [1]


def test_22_records_of_an_api_client() -> None:
    """What a client adds, and objects inside of records, are no columns of labels; a list of records is told what to do."""
    rows = {
        **SALESFORCE,
        "attributes": [{"type": "Opportunity"}, {"type": "Opportunity"}],
        "Owner": [{"attributes": {}, "Name": "Ana"}] * 2,
    }
    book = sm.read_deals(rows, sm.maps.SALESFORCE, **NEW_YORK)
    assert not {"attributes", "Owner"} & set(book.names)
    texts = {name: [str(value) for value in column] for name, column in SALESFORCE.items()}
    assert sm.read_deals(texts, sm.maps.SALESFORCE, **NEW_YORK).equals(salesforce())
    with pytest.raises(sm.InvalidTypeError, match="`source` must be columns, not rows"):
        sm.read_deals([{"Id": "006A"}], sm.maps.SALESFORCE)


def test_24_a_day_that_is_due_is_no_day_of_completion() -> None:
    """A task counts on the day it was done; a row for each invitee is one meeting."""
    task = {
        "Id": ["00T1"],
        "CompletedDateTime": ["2026-01-02T12:00:00Z"],
        "ActivityDate": ["2026-03-31"],
        "IsClosed": [True],
    }
    assert str(sm.read_activities(task, sm.maps.SALESFORCE, zone="UTC")["date"][0]) == "2026-01-02"
    event = {"Id": ["00U1", "00U2"], "ActivityDateTime": ["2026-01-02T12:00:00Z"] * 2, "IsChild": [False, True]}
    assert len(sm.read_activities(event, sm.maps.SALESFORCE.events, zone="UTC")) == 1


def test_25_fractions_of_a_cent_are_not_rounded_in_silence() -> None:
    """An amount finer than the minor unit is refused, or rounded where it is asked for."""
    with pytest.raises(sm.InvalidDataError, match="`amount`"):
        salesforce(Amount=[10.1234, 1])
    fine = SALESFORCE | {"Amount": [10.1234, 1]}
    assert sm.read_deals(fine, sm.maps.SALESFORCE, scale=4, **NEW_YORK)["amount"].tolist() == [10.1234, 1.0]


def test_labels_of_a_salesforce_report() -> None:
    """A report has names for ids, flags of 0 and 1, percent, days of whoever ran it, and a column Closed that is no day."""
    text = (
        "Opportunity ID,Opportunity Owner,Account Name,Stage,Amount,Created Date,Close Date,Closed,Won,Probability (%)\n"
        "0060X00000AbCdE,Ana,Acme,Signed,1000,05/01/2024,06/30/2024,1,1,100\n"
        "0060X00000AbCdF,Bo,Acme,Proposal,250.5,05/02/2024,07/31/2024,0,0,40\n"
    )
    book = sm.read_deals(io.StringIO(text), sm.maps.SALESFORCE_REPORT, date_format="%m/%d/%Y")
    assert book["outcome"].tolist() == ["won", "open"]
    assert book["closed"].astype(str).tolist() == ["2024-06-30", "NaT"]
    assert book["rep"].tolist() == ["Ana", "Bo"]
    with pytest.raises(sm.InvalidDataError, match="`created` must be a day YYYY-MM-DD in every row") as caught:
        sm.read_deals(io.StringIO(text), sm.maps.SALESFORCE_REPORT)
    assert "every row fits '%d/%m/%Y' and '%m/%d/%Y'" in str(caught.value.hint)
    without = "\n".join(line.partition(",")[2] for line in text.splitlines())
    assert "id" not in sm.read_deals(io.StringIO(without), sm.maps.SALESFORCE_REPORT, date_format="%m/%d/%Y").names


def test_labels_of_a_hubspot_export() -> None:
    """A view gives won and lost as two flags, and times of the account, which no zone moves; labels are told by any case."""
    table = {
        "Record ID": [1, 2, 3],
        "Deal Owner": ["Ana", "Bo", None],
        "Amount": [10, 20, None],
        "Create Date": ["2026-01-01 23:30", "2026-01-02 00:10", "2026-01-03 08:00"],
        "Close Date": ["2026-02-28 23:30", "2026-03-31 23:30", "2026-03-01 12:00"],
        "Deal Stage": ["Closed won", "Offer", "Closed lost"],
        "Is Closed Won": ["Yes", "No", "No"],
        "Is closed lost": ["No", "No", "Yes"],
    }
    book = sm.read_deals(table, sm.maps.HUBSPOT_EXPORT, zone="America/New_York")
    assert book["outcome"].tolist() == ["won", "open", "lost"]
    assert book["created"].astype(str).tolist() == ["2026-01-01", "2026-01-02", "2026-01-03"]
    assert book["closed"].astype(str).tolist() == ["2026-02-28", "NaT", "2026-03-01"]
    assert book["rep"].tolist() == ["Ana", "Bo", None]
    with pytest.raises(sm.InvalidDataError, match="`outcome` must not be won and lost at once"):
        sm.read_deals(table | {"Is closed lost": ["Yes", "No", "Yes"]}, sm.maps.HUBSPOT_EXPORT)
    with pytest.raises(sm.InvalidDataError, match="`outcome` must be given in every row"):
        sm.read_deals(table | {"Is Closed Won": ["Yes", None, "No"]}, sm.maps.HUBSPOT_EXPORT)


def test_nested_properties_of_hubspot() -> None:
    """What a client flattens to ``properties.amount`` is the property ``amount``."""
    flat = {"id": ["1"], "properties.amount": ["10.50"], "properties.dealstage": ["closedwon"], "archived": [False]}
    flat |= {
        "properties.hs_is_closed": ["true"],
        "properties.hs_is_closed_won": ["true"],
        "properties.hubspot_owner_id": ["7"],
    }
    flat |= {"properties.createdate": ["2026-01-01T12:00:00Z"], "properties.closedate": ["2026-02-01T12:00:00Z"]}
    book = sm.read_deals(flat, sm.maps.HUBSPOT, zone="UTC")
    assert (book["amount"][0], book["outcome"][0], book["rep"][0]) == (10.5, "won", "7")


def test_columns_that_no_map_names() -> None:
    """Under a map of a system words become labels; numbers, days and flags do where the map is told of them, and are noted."""
    more = SALESFORCE | {
        "Segment__c": ["SMB", "12"],
        "Tier__c": [1, 2],
        "Since__c": ["2020-01-01", ""],
        "Ok__c": ["true", "no"],
    }
    book = sm.read_deals(more, sm.maps.SALESFORCE, **NEW_YORK)
    assert book["Segment__c"].tolist() == ["SMB", "12"]
    assert not {"Tier__c", "Since__c", "Ok__c"} & set(book.names)
    assert any("'Tier__c'" in note and "name one in the map" in note for note in book.notes)
    told = sm.read_deals(more, sm.maps.SALESFORCE | {"tier": "Tier__c", "since": "Since__c"}, **NEW_YORK)
    assert told["tier"].tolist() == ["1", "2"]
    assert told["since"].tolist() == ["2020-01-01", None]


def test_outcomes_of_the_call_come_before_flags() -> None:
    """What the call says of stages is never ignored."""
    said = {"outcomes": {"Signed": "lost", "Proposal": "open"}, **NEW_YORK}
    book = sm.read_deals({**SALESFORCE, "Probability": [0, 40]}, sm.maps.SALESFORCE, **said)
    assert book["outcome"].tolist() == ["lost", "open"]
    numbered = {"id": [1], "status": ["won"], "stage_id": [5], "close_time": ["2026-01-05 10:00:00"]}
    shape = sm.maps.PIPEDRIVE.without("outcome")
    assert sm.read_deals(numbered, shape, outcomes={5: "won"}, zone="UTC")["outcome"].tolist() == ["won"]


def test_23_copies_of_one_sample_differ() -> None:
    """Dates of the Maven sample circulate in two forms: the second is told; names that differ are never made one."""
    text = (
        "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value\n"
        "A1,Moses Frase,GTXPro,,Won,10/20/2016,03/01/2017,1054\n"
        "A2,Moses Frase,GTX Pro,Isdom,Engaging,10/25/2016,,\n"
    )
    book = sm.read_deals(io.StringIO(text), sm.maps.MAVEN, date_format="%m/%d/%Y")
    assert book["created"].astype(str).tolist() == ["2016-10-20", "2016-10-25"]
    assert book.column("product").levels == ("GTX Pro", "GTXPro")
    with pytest.raises(sm.InvalidDataError, match="`created` must be a day YYYY-MM-DD") as caught:
        sm.read_deals(io.StringIO(text), sm.maps.MAVEN)
    assert str(caught.value.hint) == "every row fits '%m/%d/%Y': state which is meant by date_format=."

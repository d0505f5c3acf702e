"""Saved tallies: what comes back is what went in, and a file that was changed is refused by name."""

from __future__ import annotations

import hashlib
import io
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import salesmetrics as sm
from salesmetrics import saving, tallies
from salesmetrics.tally import Tally

COMPANY = sm.datasets.sample_company(deals=300, rng=5)
PERIODS = COMPANY.quotas.periods()
HALVES = COMPANY.deals.take(range(150)), COMPANY.deals.take(range(150, 300))

MAKERS: dict[str, Callable[[], Tally]] = {
    "bookings": lambda: tallies.BookingTally.from_book(COMPANY.deals, by="rep", period=PERIODS),
    "calls": lambda: tallies.CallTally.from_book(COMPANY.forecasts, by="rep", period=PERIODS),
    "chances": lambda: tallies.ChanceTally.from_book(
        COMPANY.deals, by="segment", period=PERIODS, as_of="2026-07-31", missing_p="exclude"
    ),
    "creations": lambda: tallies.CreationTally.from_book(COMPANY.deals, by="segment", period=PERIODS),
    "cohorts": lambda: tallies.DurationTally.from_book(COMPANY.deals, by="rep", basis="created"),
    "durations": lambda: tallies.DurationTally.from_book(COMPANY.deals),
    "outcomes": lambda: tallies.OutcomeTally.from_book(COMPANY.deals, by=("rep", "segment"), period=PERIODS[2]),
    "pipeline": lambda: tallies.PipelineTally.from_book(COMPANY.deals, by="rep"),
    "quotas": lambda: tallies.QuotaTally.from_book(COMPANY.quotas, by="rep", period=PERIODS),
    "quotas of people": lambda: tallies.QuotaTally.from_book(
        COMPANY.quotas, period=PERIODS, reps=COMPANY.reps, unit="business_day", busday=np.busdaycalendar()
    ),
    "sizes": lambda: tallies.SizeTally.from_book(COMPANY.deals, by="segment"),
    "tenures": lambda: tallies.TenureTally.from_book(COMPANY.deals, COMPANY.reps, COMPANY.quotas, by="team"),
    "velocities": lambda: tallies.VelocityTally.from_book(COMPANY.deals, by="segment", period=PERIODS),
    "exposures": lambda: tallies.ExposureTally.from_book(COMPANY.deals, by="segment"),
    "dwells": lambda: tallies.DwellTally.from_book(COMPANY.deals, COMPANY.history, by="segment"),
    "flags": lambda: tallies.HygieneTally.from_book(
        COMPANY.deals, COMPANY.history, by="rep", flags=("stale", "over_age", "concentrated")
    ),
    "moves": lambda: tallies.MoveTally.from_book(COMPANY.deals, COMPANY.history),
    "stages": lambda: tallies.StageTally.from_book(COMPANY.deals, COMPANY.history, by="segment"),
    "pushes": lambda: tallies.PushTally.from_book(COMPANY.deals, COMPANY.history, by="rep"),
    "slips": lambda: tallies.SlipTally.from_book(COMPANY.deals, COMPANY.history, by="rep", period=PERIODS[2]),
    "turns": lambda: tallies.TurnTally.from_book(COMPANY.deals, by="rep", period=PERIODS),
    "walks": lambda: tallies.WalkTally.from_book(COMPANY.deals, COMPANY.history, by="rep", period=PERIODS[2]),
}
every_kind = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


def saved(tally: Tally) -> bytes:
    """Return a tally as the bytes of its file."""
    stream = io.BytesIO()
    sm.save_tally(tally, stream)
    return stream.getvalue()


def resealed(content: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    """Return a file whose description was changed by somebody who knows the format."""
    mark, version, text, blob = struct.unpack_from("<8sHQQ", content)
    described = json.loads(content[26 : 26 + text])
    change(described)
    plain = json.dumps(described).encode()
    body = struct.pack("<8sHQQ", mark, version, len(plain), blob) + plain + content[26 + text : 26 + text + blob]
    return body + hashlib.sha256(body).digest()


def test_every_kind_of_tally_is_tried() -> None:
    """No kind of tally is left out of these tests."""
    assert {type(make()).__name__ for make in MAKERS.values()} == set(tallies.__all__)


@every_kind
def test_what_comes_back_is_what_went_in(make: Callable[[], Tally]) -> None:
    """A tally that was saved is equal to the first bit for bit, and is as frozen."""
    tally = make()
    back = sm.load_tally(io.BytesIO(saved(tally)))
    assert type(back) is type(tally)
    assert back.equals(tally)
    assert saved(back) == saved(tally)
    assert all(not table.flags.writeable for table in back.tables().values())


def test_yesterday_is_merged_with_today(tmp_path: Path) -> None:
    """Parts that were saved and merged are the whole, and the metric of both is one."""
    parts = [tallies.OutcomeTally.from_book(half, by="rep", period=PERIODS) for half in HALVES]
    for number, part in enumerate(parts):
        sm.save_tally(part, tmp_path / f"{number}.tally")
    both = sm.load_tally(tmp_path / "0.tally") + sm.load_tally(str(tmp_path / "1.tally"))
    whole = tallies.OutcomeTally.from_book(COMPANY.deals, by="rep", period=PERIODS)
    assert both.equals(whole)
    assert sm.win_rate(both).equals(sm.win_rate(whole))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.tally", "1.tally"]


def test_another_currency_or_scale_is_not_merged() -> None:
    """What does not belong together is refused when it is added, and the field is named."""
    euros = sm.read_deals({"amount": [1.0], "outcome": ["won"], "closed": ["2026-01-05"]}, currency="EUR")
    yen = sm.read_deals({"amount": [1], "outcome": ["won"], "closed": ["2026-01-05"]}, currency="JPY")
    kept = sm.load_tally(io.BytesIO(saved(tallies.OutcomeTally.from_book(euros))))
    with pytest.raises(sm.MergeError, match="`currency` must be the same") as caught:
        kept + tallies.OutcomeTally.from_book(yen)
    assert caught.value.field == "currency"


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    """A file is replaced at one's word only."""
    path = tmp_path / "kept.tally"
    first, second = MAKERS["sizes"](), MAKERS["moves"]()
    sm.save_tally(first, path)
    with pytest.raises(sm.InvalidArgumentError, match="must be a new file"):
        sm.save_tally(second, path)
    assert sm.load_tally(path).equals(first)
    sm.save_tally(second, path, overwrite=True)
    assert sm.load_tally(path).equals(second)


# --- files that are not what they seem -------------------------------------------------------------------------------


def test_every_byte_counts() -> None:
    """One byte changed anywhere in the file is found."""
    content = saved(tallies.OutcomeTally.from_book(HALVES[0], measures=("count",)))
    for at in range(len(content)):
        broken = bytearray(content)
        broken[at] ^= 0x10
        with pytest.raises(sm.MergeError):
            sm.load_tally(io.BytesIO(bytes(broken)))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda c: c[:-1], "SM-SAV-06"),
        (lambda c: c + b"\0", "SM-SAV-06"),
        (lambda c: c[:8] + struct.pack("<H", 2) + c[10:], "SM-SAV-05"),
        (lambda c: b"PK\x03\x04" + c, "SM-SAV-04"),
        (lambda c: b"", "SM-SAV-04"),
        (lambda c: c[:-1] + bytes([c[-1] ^ 1]), "SM-SAV-07"),
    ],
    ids=["short", "long", "version", "mark", "empty", "checksum"],
)
def test_a_broken_file_says_how(change: Callable[[bytes], bytes], code: str) -> None:
    """What is wrong with a file is told by a code of its own."""
    with pytest.raises(sm.MergeError) as caught:
        sm.load_tally(io.BytesIO(change(saved(MAKERS["pipeline"]()))))
    assert caught.value.code == code


def test_lengths_are_believed_no_further_than_the_file() -> None:
    """A head that announces more than there is costs no memory."""
    head = struct.pack("<8sHQQ", saving.MARK, saving.VERSION, 2**62, 2**62)
    with pytest.raises(sm.MergeError, match="bytes that it announces"):
        sm.load_tally(io.BytesIO(head + b"x" * 100))


def _set(path: list[Any], value: object) -> Callable[[dict[str, Any]], object]:
    def change(described: dict[str, Any]) -> None:
        at: Any = described
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        _set(["kind"], "DealBook"),
        _set(["kind"], "__class__"),
        _set(["kind"], 7),
        _set(["fields", "scale"], {"o": ["Popen", {}]}),
        _set(["fields", "labels"], None),
        _set(["fields", "surprise"], 1),
        _set(["fields", "window"], {"t": []}),
        _set(["arrays", 0, 0], "|O"),
        _set(["arrays", 0, 0], "<U9"),
        _set(["arrays", 0, 1], [2**40]),
        _set(["arrays", 0, 1], [-1]),
        _set(["arrays", 0, 2], 2**40),
        _set(["arrays"], []),
        _set(["fields", "by"], {"o": ["Labels", {"levels": 1}]}),
        _set(["fields", "count"], {"a": 99}),
        _set(["fields", "count"], {"f": "0x1p0"}),
        _set(["fields", "by"], {"x": 1}),
        _set(["fields", "by"], {}),
        lambda d: d.clear(),
        lambda d: d["fields"].pop("count"),
    ],
    ids=[f"forgery {i}" for i in range(20)],
)
def test_a_forged_description_is_refused(change: Callable[[dict[str, Any]], object]) -> None:
    """A file with a right checksum and a wrong description gives our error and no other."""
    content = saved(tallies.OutcomeTally.from_book(HALVES[0], by="rep", measures=("count",)))
    with pytest.raises(sm.MergeError) as caught:
        sm.load_tally(io.BytesIO(resealed(content, change)))
    assert caught.value.code == "SM-SAV-08"


def test_a_deep_description_is_refused() -> None:
    """Nesting without end is cut off."""
    deep: Any = 1
    for _ in range(400):
        deep = {"t": [deep]}
    with pytest.raises(sm.MergeError, match="too deep"):
        sm.load_tally(io.BytesIO(resealed(saved(MAKERS["pipeline"]()), _set(["fields", "by"], deep))))


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(content: bytes) -> None:
    """Bytes that nobody saved are refused, with or without our mark before them."""
    for start in (b"", saving.MARK, saving.MARK + struct.pack("<HQQ", 1, 4, 8)):
        with pytest.raises(sm.MergeError):
            sm.load_tally(io.BytesIO(start + content))


def test_what_is_no_tally_or_no_file_is_refused(tmp_path: Path) -> None:
    """The arguments of both functions are checked."""
    with pytest.raises(sm.InvalidTypeError, match="`tally` must be a tally"):
        sm.save_tally(COMPANY.deals, io.BytesIO())  # type: ignore[arg-type]
    with pytest.raises(sm.InvalidTypeError, match="`target` must be a path"):
        sm.save_tally(MAKERS["moves"](), 7)  # type: ignore[arg-type]
    with pytest.raises(sm.InvalidTypeError, match="`source` must be a path"):
        sm.load_tally(7)  # type: ignore[arg-type]
    with pytest.raises(sm.InvalidTypeError, match="binary stream"):
        sm.load_tally(io.StringIO("text"))  # type: ignore[arg-type]
    with pytest.raises(sm.InvalidArgumentError, match="can be read"):
        sm.load_tally(tmp_path / "nowhere.tally")

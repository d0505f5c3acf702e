"""What is fuzzed: bytes into each parser of the library, and what must hold where they are taken."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

import attrs
import numpy as np

import salesmetrics as sm
from salesmetrics import convert
from salesmetrics.convert import Coded, Instants, Raw, Scaled, Texts
from salesmetrics.money import LIMIT
from salesmetrics.saving import _CHECKSUM, _HEAD, MARK, VERSION

__all__ = ["TARGETS", "Target"]

MODES = ("raise", "collect", "drop")
ZONES = (None, "America/New_York", "UTC", "Pacific/Apia")
_NUMBER = re.compile("[-+]?(?:[0-9]{1,30}|[0-9]{1,20}[.][0-9]{0,20}(?:e[-+]?[0-9]{1,3})?|inf|nan)")
FORMATS = (None, "%d/%m/%Y", "%d.%m.%y %H:%M", "excel", "unix_s", "unix_ms")


@attrs.frozen
class Target:
    """A parser: what runs on the bytes, bytes to begin with, and words of its language."""

    name: str
    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...]


def _said(data: bytes) -> tuple[int, bytes]:
    """Return the choice that the first byte makes, and the rest."""
    return (data[0], data[1:]) if data else (0, b"")


def _lines(data: bytes) -> list[str]:
    return data.decode("utf-8", "surrogateescape").split("\n")


def _column(choice: int, data: bytes) -> Raw:
    """Return the bytes as a column in one of the forms that a column can have."""
    form = choice % 8
    if form in (0, 1):
        texts = np.array(_lines(data), dtype=object)
        return Texts(texts) if form == 0 else np.array([text or None for text in texts], dtype=object)
    if form == 2:
        return np.array([_number(text) for text in _lines(data)], dtype=object)
    if form == 3:
        labels = np.array(_lines(data[1:]), dtype=object)
        return Coded(np.frombuffer(data[:64], dtype=np.int8).astype(np.int32), labels)
    whole = np.frombuffer(data[: len(data) // 8 * 8], dtype="<i8").astype(np.int64)
    if form == 4:
        return whole.view(np.float64)
    if form == 5:
        units = ("D", "s", "ms", "us", "ns", "W", "h", "Y", "as", "ps")
        stamps = whole.view(f"datetime64[{units[choice // 8 % len(units)]}]")
        return Instants(stamps) if choice // 8 % 2 and choice // 8 % len(units) in range(1, 5) else stamps
    if form == 6:
        return Scaled(whole, choice // 8 % 40)
    kinds = ("int64", "uint64", "int8", "bool", "float32", "U", "longdouble", "complex128")
    with np.errstate(all="ignore"):
        return whole.astype(kinds[choice // 8 % len(kinds)])


def _number(text: str) -> object:
    """Return a text as a number of some kind where it is one, None where it is empty."""
    if not text:
        return None
    if text[:1] == "d":
        try:
            return Decimal(text[1:60])
        except (InvalidOperation, ValueError):
            return text
    if _NUMBER.fullmatch(text) is None:
        return text
    return float(text) if set(text) & set(".en") else int(text)


# --- files -----------------------------------------------------------------------------------------------------------


def _deals(data: bytes) -> None:
    """Read a file of deals; what is taken comes back the same from its own file."""
    choice, text = _said(data)
    asked: dict[str, Any] = {"on_error": MODES[choice % 3], "allow_negative": bool(choice & 4)}
    if choice & 8:
        asked |= {"zone": ZONES[choice >> 4 & 3], "as_of": "2026-06-30", "money_format": "1,234.56"}
    if choice & 16:
        asked |= {"outcomes": {"Closed Won": "won", "Lost": "lost", "Bid": "open"}, "sentinels": ["9999-12-31"]}
    if choice & 128:
        asked |= {"repair": "blank_created", "rounding": "half_even", "date_format": FORMATS[choice >> 4 & 3]}
    book = sm.read_deals(io.BytesIO(text), **asked)
    _shown(book)
    kept = io.StringIO(newline="")
    book.to_csv(kept)
    kept.seek(0)
    again = sm.read_deals(kept, scale=book.scale, as_of=book.as_of, allow_negative=True)
    assert again.rows == book.rows
    assert not again.rejects
    for name in ("id", "amount", "created", "closed", "rep", "outcome"):
        if name in book.names:
            assert again.column(name).equals(book.column(name)), name


def _shown(book: Any) -> None:
    """What is printed of a book holds nothing that does not print, and no markup of the source."""
    text = repr(book)
    assert all(c.isprintable() or c == "\n" for c in text)
    assert "<script" not in book._repr_html_()


def _history(data: bytes) -> None:
    choice, text = _said(data)
    asked: dict[str, Any] = {"on_error": MODES[choice % 3], "zone": ZONES[choice >> 3 & 3]}
    if choice & 4:
        asked |= {"deals": _known_deals(), "repair": "trust_to"}
    if choice & 32:
        asked |= {"properties": {"StageName": "stage", "Amount": "amount", "CloseDate": "expected_close", "s": "stage"}}
    if choice & 64:
        asked |= {"process": _process(), "casefold": bool(choice & 128)}
    history = sm.read_history(io.BytesIO(text), **asked)
    _shown(history)
    keys = list(zip(history["deal"].tolist(), history["date"].tolist(), strict=True))
    assert keys == sorted(keys)


def _known_deals() -> Any:
    return sm.read_deals(
        {"id": ["D1", "D2"], "created": ["2026-01-01", "2026-01-05"], "amount": [5, 7], "rep": ["Ana", "Ben"]}
        | {"stage": ["Bid", "Lead"], "outcome": ["open", "open"]}
    )


def _process() -> sm.SalesProcess:
    ends = [sm.Stage("Won", 3, outcome="won"), sm.Stage("Lost", 4, outcome="lost")]
    return sm.SalesProcess([sm.Stage("Lead", 1, 0.1), sm.Stage("Bid", 2, 0.4), *ends])


def _rates(data: bytes) -> None:
    choice, text = _said(data)
    asked: dict[str, Any] = {"on_error": MODES[choice % 3], "base": ("USD", "EUR", "JPY")[choice >> 2 & 1]}
    if choice & 8:
        asked |= {"fill": "previous", "currencies": "upper"}
    if choice & 16:
        asked |= {"until": "2027-01-01"}
    table = sm.read_rates(io.BytesIO(text), **asked)
    assert repr(table).replace("\n", "").isprintable()


def _people(data: bytes) -> None:
    choice, text = _said(data)
    mode: Any = MODES[choice % 3]
    readers: tuple[Callable[[Any], Any], ...] = (
        lambda source: sm.read_reps(source, on_error=mode, unknown="other" if choice & 64 else None),
        lambda source: sm.read_quotas(source, on_error=mode),
        lambda source: sm.read_forecasts(source, on_error=mode),
        lambda source: sm.read_splits(source, on_error=mode),
        lambda source: sm.read_activities(source, on_error=mode, as_of="2026-06-30"),
        lambda source: sm.read_stages(source, on_error=mode),
    )
    _shown(readers[choice // 8 % len(readers)](io.BytesIO(text)))


# --- columns ---------------------------------------------------------------------------------------------------------


def _dates(data: bytes) -> None:
    choice, rest = _said(data)
    more, rest = _said(rest)
    asked: dict[str, Any] = {"zone": ZONES[more & 3], "date_format": FORMATS[(more >> 2) % len(FORMATS)]}
    if more & 64:
        asked |= {"sentinels": ["9999-12-31", "1900-01-01"], "as_of": "2026-06-30"}
    if more & 128:
        asked |= {"instant": (True, False, "clock")[more % 3], "earliest": 7305}
    if more == 255 and rest:
        first, _, rest = rest.partition(b"\n")
        asked |= {"date_format": first.decode("utf-8", "replace")}
    column, problems = convert.day(_column(choice, rest), "day", **asked)
    assert ((column.days >= -1) & (column.days <= 4_000_000)).all()
    _told(problems, len(column))


def _money(data: bytes) -> None:
    choice, rest = _said(data)
    more, rest = _said(rest)
    formats = (None, "1,234.56", "1.234,56", "1 234,56", "1'234.56", "12,34,567.89", "1234.56", "1234,56")
    scale = (2, 0, 3, 4, 8)[more >> 3 & 7 if more >> 3 & 7 < 5 else 0]
    raw = _column(choice, rest)
    column, problems = convert.money(
        raw,
        "amount",
        scale,
        money_format=formats[more & 7],
        rounding="half_even" if more & 64 else None,
        allow_negative=bool(more & 128),
        currency=("USD", None)[choice >> 7],
    )
    assert (np.abs(column.minor) <= LIMIT).all()
    assert more & 128 or (column.minor >= 0).all()
    _told(problems, len(column))


def _words(data: bytes) -> None:
    choice, rest = _said(data)
    more, rest = _said(rest)
    raw = _column(choice, rest)
    if more & 3 == 0:
        column, problems = convert.probability(raw, "probability", scale=(1, 100)[more >> 2 & 1])
        assert ((column.ppm >= -1) & (column.ppm <= 1_000_000)).all()
    elif more & 3 == 1:
        words = {"Closed Won": "won", "Lost": "lost", 3: "no_decision"} if more & 4 else None
        codes, problems = convert.outcome(raw, "outcome", words)
        assert ((codes.codes >= -1) & (codes.codes <= 3)).all()
    elif more & 3 == 2:
        flags, problems = convert.flag(raw, "won")
        assert np.isin(flags, (-1, 0, 1)).all()
    elif more & 4 and isinstance(raw, np.ndarray):
        problems, raw = [], raw[: 1 << 17]  # with the deals and reps beside it a megabyte
        book = sm.read_splits({"deal": [*range(len(raw))], "rep": ["A"] * len(raw), "share": raw}, on_error="drop")
        assert (np.asarray(book["share"]) >= 0).all()
    else:
        labels, problems = convert.label(raw, "rep")
        assert ((labels.codes >= -1) & (labels.codes < max(len(labels.levels), 1))).all()
    _told(problems, len(raw))


def _ids(data: bytes) -> None:
    choice, rest = _said(data)
    more, rest = _said(rest)
    raw = _column(choice, rest)
    if more & 2:
        raw = convert.record_ids(raw, (15, 18)[more >> 2 & 1])
    if more & 8:
        raw = convert.as_texts(raw)
    if more & 16:
        raw = convert.beginning(raw, "006")
    column, problems = convert.key(raw, "id", unique=bool(more & 1))
    _told(problems, len(column))
    if column.are_texts:
        values = column.user()
        _told(convert.wrong_records(values, "id", (None, 15, 18)[more >> 5 & 1]), len(values))
    good = np.ones(len(column), dtype=bool)
    for problem in problems:
        good[problem.rows] &= problem.warning
    if more & 1 and not any(problem.whole for problem in problems):
        kept = column.values[good].tolist()
        assert len(set(kept)) == len(kept)


def _told(problems: list[convert.Problem], rows: int) -> None:
    """A problem names rows that there are, each once and in order, and their values."""
    for problem in problems:
        held = problem.rows
        assert (held[1:] > held[:-1]).all()
        assert not len(held) or (held[0] >= 0 and held[-1] < rows)
        assert problem.whole or len(problem.values) == len(held)


def _guess(data: bytes) -> None:
    choice, rest = _said(data)
    names = _lines(rest)
    found = sm.maps.guess(names, (None, "deals", "history", "quotas")[choice & 3])
    assert repr(found).replace("\n", "").isprintable()
    if found.map is not None and choice & 4:
        values: Mapping[str, list[Any]] = {name: ["1", "", "2026-01-01"] for name in names}
        sm.read_deals(values, found.map, on_error=MODES[choice % 3])


# --- saved tallies ---------------------------------------------------------------------------------------------------


def _saved(data: bytes) -> None:
    choice, content = _said(data)
    if (
        choice & 1 and len(content) >= _HEAD.size
    ):  # lengths and checksum that fit, so that what lies behind them is reached
        body = content[:-_CHECKSUM] if len(content) > _HEAD.size + _CHECKSUM else content
        held = body[_HEAD.size :]
        size = min(_HEAD.unpack_from(body)[2], len(held)) if choice & 2 else held.rfind(b"}") + 1
        body = _HEAD.pack(MARK, VERSION, size, len(held) - size) + held
        content = body + hashlib.sha256(body).digest()
    tally = sm.load_tally(io.BytesIO(content))
    kept = io.BytesIO()
    sm.save_tally(tally, kept)
    kept.seek(0)
    assert sm.load_tally(kept).equals(tally)


def _tallies() -> tuple[bytes, ...]:
    """Return saved tallies of a few kinds."""
    company = sm.datasets.sample_company(deals=40, rng=1)
    deals = company.deals
    made = (
        sm.OutcomeTally.from_book(deals, by="rep"),
        sm.SizeTally.from_book(deals),
        sm.DurationTally.from_book(deals, as_of=deals.as_of),
    )
    saved = []
    for tally in made:
        kept = io.BytesIO()
        sm.save_tally(tally, kept)
        saved += [b"\1" + kept.getvalue(), b"\0" + kept.getvalue()]
    return tuple(saved)


# --- what to begin with ----------------------------------------------------------------------------------------------

_DEALS = (
    b"\0id,rep,amount,created,closed,outcome,probability\nD1,Ana,100.50,2026-01-01,2026-02-01,won,1\nD2,Ben,7,2026-01-05,,open,0.4\n",
    b'\x0bid;rep;amount;stage;close_date\nD1;Ana;"1,234.50";Closed Won;2026-02-01\nD2;Ben;(7);Bid;2026-03-01\n',
    b"\x12id\tamount\tcurrency\tclose_date\noutcome\n",
    b"\1sep=;\r\nid;amount;outcome\r\n1;5;open\r\n2;-6;won\r\n",
    b'\2id,rep,amount\nD1,"Ana\nBanana",5\nD2,"Ben ""x""",6\nD2,,x\n\n',
    b"\x8bid,amount,created,closed,outcome\nD1,1.005,01/02/2026,31/12/2025,won\n",
    b"\0\xef\xbb\xbfid,Amount,outcome,won_date,lost_date\nD1,1,lost,,2026-01-01\n",
)
_LOGS = (
    b"\0deal,date,stage,amount\nD1,2026-01-05,Lead,100\nD1,2026-02-01,Bid,250\nD2,2026-01-06,Bid,3\n",
    b"\x24deal,date,field,old,new\nD1,2026-01-05,StageName,Lead,Bid\nD1,2026-02-01,Amount,5,250.5\nD2,2026-02-02,CloseDate,,2026-04-01\n",
    b"\x48deal,date,stage,from_stage,seq,outcome\nD1,2026-01-05T10:00:00Z,Lead,,1,open\nD1,2026-01-05T12:00:00Z,Bid,Lead,2,won\n",
    b"\xc4deal,date,stage,from_stage\nD1,2026-01-05,lead,\nD1,2026-01-05,BID,Lead\nD2,2026-01-06,Won,Bid\n",
)
_FX = (
    b"\0currency,start,per_base\nEUR,2026-01-01,0.92\nEUR,2026-04-01,0.9\nAUD,2026-01-01,1.39\n",
    b"\x08currency,day,in_base\neur,2026-01-01,1.087\nJPY,2026-01-01,0.0066\n",
    b"\x10currency,start,end,per_base,in_base\nEUR,2026-01-01,9999-12-31,0.92,1.087\n",
)
_TABLES = (
    b"\0id,name,team,manager,hired,left,absences,ramp\n"
    b"a,Ana,East,b,2025-01-01,,2026-01-05/2026-02-01,0 0.5 1\nb,Ben,East,,2024-01-01,2026-01-01,,\n",
    b"\0id,team,since,manager\na,East,2025-01-01,\na,West,2026-01-01,b\nb,West,2025-01-01,\n",
    b"\x08rep,start,end,amount,effective_from\nAna,2026-01-01,2026-04-01,1000,\nAna,2026-01-01,2026-04-01,900,2026-02-01\n",
    b"\x10rep,start,end,given,amount,category\nAna,2026-01-01,2026-04-01,2026-02-01,1000,commit\n",
    b"\x18deal,rep,share,kind\nD1,Ana,0.6,revenue\nD1,Ben,0.4,revenue\nD1,Cy,0.5,overlay\n",
    b"\x20id,rep,deal,date,kind,status,due\n1,Ana,D1,2026-01-01,call,done,\n2,Ben,,,meeting,planned,2026-07-01\n",
    b"\x28stage,name,pipeline,order,probability,outcome\ns1,Lead,p,0,0.1,open\ns2,Won,p,1,1,won\n",
)
_DAYS = (
    b"\0\0" + b"2026-01-01\n2026-02-28T10:00:00\n\n2024-02-29 23:59:59.123456+02:00\n2024-02-29T05:00Z",
    b"\1\5" + b"31/12/2026\n01/02/2026",
    b"\1\xff%d.%m.%Y\n31.12.2026",
    b"\2\x0c45322\n46000.5",
    b"\0\x1445322\n46000",
    b"\2\x141706659200\n1706659200000",
    b"\5\0" + np.array([20000, 20001, -(2**63)], dtype="<i8").tobytes(),
    b"\x0d\1" + np.array([1706659200, 1806659200], dtype="<i8").tobytes(),
    b"\4\0" + np.array([45322.0, np.nan], dtype="<f8").tobytes(),
)
_AMOUNTS = (
    b"\0\0" + b"1234.50\n-3\n\n.5\n1.\n+7\n99999999999999.99",
    b"\0\1" + "$1,234.50\n(1,234.50)\n1,234.50- USD\n\u20ac12\n#N/A".encode(),
    b"\1\2" + "1.234,50 \u20ac\n-1.234,50".encode(),
    b"\1\3" + "1\u202f234,50\n1\u00a0234 567,5".encode(),
    b"\1\5" + b"12,34,567.89",
    b"\2\0" + b"d1234.50\nd1E+2000000\n5\n1.5\ndNaN\ndsNaN\nd-Infinity\n1e300",
    b"\4\0" + np.array([19.9, 0.1 + 0.2, np.nan, np.inf, 1e300], dtype="<f8").tobytes(),
    b"\x16\0" + np.array([12345, -5, 2**62], dtype="<i8").tobytes(),
    b"\3\1\0\1\2,$5\n6\n7.25",
    b"\7\0" + np.array([5, 7, -1], dtype="<i8").tobytes(),
)
_WORDS = (
    b"\0\0" + b"0.5\n1\n0\n.25\n\n1.2\n-0.1\n50%",
    b"\0\4" + b"50\n100\n12.5",
    b"\1\1" + b"won\nlost\nopen\nno_decision\nWon",
    b"\1\5" + b"Closed Won\nLost\n3",
    b"\0\2" + b"true\nfalse\nYES\nno\n1\n0\n",
    b"\1\3" + "Jose\u0301\nJos\u00e9\nANA\nana".encode(),
    b"\2\0" + b"0.5\nd0.25\n1",
    b"\3\1\0\1\2won\nlost\nopen",
    b"\4\0" + np.array([0.5, 1.0, np.nan, 1.0000001], dtype="<f8").tobytes(),
    b"\x0e\0" + np.array([5, 25, 100], dtype="<i8").tobytes(),
)
_KEYS = (
    b"\0\1" + b"D1\nD2\nd1\n D3\nD1\n\n00123",
    b"\1\7" + b"0060X00000AbCdEQAV\n0060X00000AbCdE\n0060x00000abcdeQAV",
    b"\2\1" + b"1\n2\n2\n9007199254740993\n9223372036854775808\n1.5",
    b"\4\1" + np.array([1.0, 2.0, 2.0**53 + 2, np.nan], dtype="<f8").tobytes(),
    b"\3\1\0\1\0a\nb",
    b"\x0f\1" + np.array([1, -1, 2**62], dtype="<i8").tobytes(),
)
_HEADERS = tuple(
    bytes([choice]) + "\n".join(shape.values()).encode()
    for choice, shape in ((4, sm.maps.SALESFORCE), (0, sm.maps.HUBSPOT), (5, sm.maps.PIPEDRIVE), (4, sm.maps.MAVEN))
)
_FIELDS = tuple(
    word.encode()
    for word in (
        *(
            "id",
            "rep",
            "amount",
            "created",
            "closed",
            "expected_close",
            "close_date",
            "stage",
            "outcome",
            "probability",
        ),
        *("currency", "won", "open", "lost"),
    )
)
_TIMES = (b"2026-01-31", b"9999-12-31", b"1900-01-01", b"T23:59:60Z", b"+14:00", b"%Y", b"%d", b"%", b"24:00", b" UTC")
_MONEY = (
    "$",
    "\u20ac",
    "kr",
    "USD",
    "(",
    ")",
    "-",
    "\u2212",
    "1,234.56",
    "1.234,56",
    "'",
    "\u2019",
    "\u202f",
    "d",
    "E+9",
)

TARGETS: Mapping[str, Target] = MappingProxyType(
    {
        target.name: target
        for target in (
            Target("csv", _deals, _DEALS, _FIELDS),
            Target("dates", _dates, _DAYS, _TIMES),
            Target("money", _money, _AMOUNTS, tuple(sign.encode() for sign in _MONEY)),
            Target("words", _words, _WORDS, (b"won", b"lost", b"%", b"true", b"no")),
            Target("ids", _ids, _KEYS, (b"006", b"AbCdE", b"QAV")),
            Target("saved", _saved, _tallies(), tuple(b'"%c"' % letter for letter in b"atopPdbf")),
            Target("history", _history, _LOGS, (*_FIELDS, b"field", b"old", b"new", b"StageName", b"from_stage", b"seq")),
            Target("rates", _rates, _FX, (b"currency", b"start", b"end", b"day", b"per_base", b"in_base", b"EUR", b"1e-9")),
            Target("people", _people, _TABLES, (*_FIELDS, b"since", b"manager", b"absences", b"ramp", b"share", b"kind", b"/")),
            Target("guess", _guess, _HEADERS, (b"Opportunity", b"Amount", b"amount", b"properties_")),
        )
    }
)  # fmt: skip

"""The history of properties as HubSpot's API gives it: for each deal, lists of values under the names of properties."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from salesmetrics.errors import InvalidArgumentError, InvalidDataError, show
from salesmetrics.readers.csv import MAX_BYTES
from salesmetrics.readers.log_values import counted_days
from salesmetrics.readers.maps.histories import HUBSPOT_HISTORY
from salesmetrics.readers.source import objects_array

__all__ = ["unnested"]

_HISTORY = ("propertiesWithHistory", "properties_with_history")
_ACTOR = ("updatedByUserId", "updated_by_user_id")
_MARK = b"\xef\xbb\xbf"
_START = 64


def unnested(source: Any, columns: Any) -> tuple[Any, Any]:
    """Return deals with the history of their properties as rows of a log, with the map of such a log unless one is given.

    Parameters
    ----------
    source : Any
        Records of deals with ``propertiesWithHistory``, an answer that holds them under ``results``, several of either, or the
        path of a JSON file with one of these. Everything else comes back as it is.
    columns : Any
        The map that was given.

    Returns
    -------
    tuple
        The source and the map.

    Raises
    ------
    InvalidDataError
        If a record, a property or a value of one is not what the API gives.

    Examples
    --------
    >>> deal = {"id": "11", "propertiesWithHistory": {"amount": [{"value": "10", "timestamp": "2026-01-05T12:00:00Z"}]}}
    >>> log, _ = unnested([deal], None)
    >>> log["deal_id"].tolist(), log["name"].tolist(), log["value"].tolist()
    (['11'], ['amount'], ['10'])
    """
    told = _parsed(source) if isinstance(source, (str, os.PathLike)) else source
    records = _records(told)
    if records is None:
        if told is not source:
            raise InvalidDataError(
                f"a JSON file must hold deals with {show(_HISTORY[0])}; got {show(told)}.",
                code="SM-HIS-06",
                field="source",
                hint="the answer of HubSpot's API to propertiesWithHistory=dealstage,amount; other rows go in as columns.",
            )
        return source, columns
    return _log(records), HUBSPOT_HISTORY if columns is None else columns


def _records(told: object) -> list[Mapping[str, Any]] | None:
    """Return records of deals with histories, None for anything else."""
    if isinstance(told, Mapping):
        results = told.get("results")
        if isinstance(results, (list, tuple)) and (results or set(told) <= {"results", "paging"}):
            return _records(results) if results else []
        return [told] if any(name in told for name in _HISTORY) else None
    if not isinstance(told, (list, tuple)) or not told or not all(isinstance(each, Mapping) for each in told):
        return None
    if all("results" in each for each in told):
        pages = [_records(each) for each in told]
        return None if any(page is None for page in pages) else [record for page in pages for record in page or []]
    return list(told) if any(name in each for each in told for name in _HISTORY) else None


def _log(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return one row for each value that a property of a deal was given."""
    names = ("deal_id", "name", "value", "timestamp", "updatedByUserId", "archived")
    log: dict[str, list[Any]] = {name: [] for name in names}
    for at, record in enumerate(records):
        history = next((record[name] for name in _HISTORY if name in record), None)
        if "id" not in record or not isinstance(history, Mapping):
            raise _unlike(f"be a deal with 'id' and {show(_HISTORY[0])}", at, record)
        for name, values in history.items():
            if not isinstance(values, (list, tuple)) or not all(isinstance(each, Mapping) for each in values):
                raise _unlike(f"have a list of values under {show(name)}", at, values)
            for each in values:
                actor = next((each[key] for key in _ACTOR if key in each), None)
                row = (record["id"], name, each.get("value"), each.get("timestamp"), actor, record.get("archived"))
                for column, cell in zip(log.values(), row, strict=True):
                    column.append(_text(cell, at))
    columns: dict[str, Any] = {name: objects_array(cells) for name, cells in log.items()}
    columns["timestamp"] = counted_days(columns["timestamp"])
    return columns


def _text(cell: object, at: int) -> str | bool | None:
    """Return a value as the API writes it: a text, or nothing."""
    if cell is None or isinstance(cell, (str, bool)):
        return cell
    if isinstance(cell, dt.datetime):
        return cell.isoformat()
    if isinstance(cell, (int, float)):
        return repr(cell)
    raise _unlike("hold texts and numbers", at, cell)


def _unlike(rule: str, at: int, value: object) -> InvalidDataError:
    return InvalidDataError(
        f"a record of deals must {rule}; got {show(value)} in record {at}.",
        code="SM-HIS-06",
        field="source",
        row=at,
        values=[value],
        hint="{'id': '11', 'propertiesWithHistory': {'dealstage': [{'value': ..., 'timestamp': ...}]}} is what the API gives.",
    )


# --- files -----------------------------------------------------------------------------------------------------------


def _parsed(path: str | os.PathLike[str]) -> Any:
    """Return what a JSON file holds, the path itself where it is another kind of file, which its first bytes tell."""
    try:
        with open(path, "rb") as file:
            if not _is_json(file.read(_START)):
                return path
            file.seek(0)
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError):  # who reads files says what is wrong with this one
        return path
    if len(content) > MAX_BYTES:
        raise InvalidArgumentError(
            f"`source` must hold at most {MAX_BYTES} bytes of JSON; got more.", code="SM-TXT-22", field="source"
        )
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InvalidDataError(
            f"the text must be JSON, as its first character says; got {show(str(error)[:200])}.",
            code="SM-HIS-07",
            field="source",
            hint="was the file cut off? A file of rows is CSV or Parquet.",
        ) from error


def _is_json(start: bytes) -> bool:
    """Return whether a file begins as a list or an object of JSON does."""
    text = start.removeprefix(_MARK).split()
    head = b"".join(text)[:2]
    return head in (b"[{", b"[]", b'{"', b"{}")

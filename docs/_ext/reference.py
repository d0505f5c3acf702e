"""What the reference says otherwise than autodoc would: column maps as they print themselves, no calls that nobody writes."""

from __future__ import annotations

import inspect
import re
from typing import Any

BEFORE_NUMPYDOC = 400


def show_map(app: Any, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """Put a column map's own words in place of its docstring, which is that of every map."""
    from salesmetrics.readers.maps import ColumnMap

    if not isinstance(value, ColumnMap):
        return
    short = name.rpartition(".")[2]
    printed = (line for line in repr(value).splitlines() if not line.startswith("  other tables:"))
    lines[:] = [
        f"{value.title}.",
        "",
        ".. code-block:: text",
        "",
        *(f"   {line}" for line in printed),
        "",
    ]
    if value.tables:
        others = ", ".join(f"``{short}.{table}``" for table in value.tables)
        lines += [f"The maps of its other tables: {others}.", ""]


def sign(
    app: Any,
    what: str,
    name: str,
    value: Any,
    options: Any,
    given: str | None,
    returned: str | None,
) -> Any:
    """Leave out the call of a class that readers and metrics make: its docstring has no section of parameters."""
    is_made_by_others = given and not re.search(r"^\s*Parameters\n\s*-+$", value.__doc__ or "", re.MULTILINE)
    if what in {"class", "exception"} and is_made_by_others:
        return "", None
    return None


def unlisted(names: dict[str, Any]) -> dict[str, str]:
    """Return what the page of each class leaves out: members for other rooms of the library, and plain class constants."""
    return {name: ", ".join(sorted(_left_out(value))) for name, value in names.items() if inspect.isclass(value)}


def _left_out(kind: type) -> set[str]:
    hidden = {name for part in kind.__mro__ for name in vars(part).get("_unlisted", ())}
    plain = {name for name in dir(kind) if isinstance(inspect.getattr_static(kind, name, None), bool | int | str)}
    return {name for name in hidden | plain if not name.startswith("_")}


def setup(app: Any) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("autodoc-process-docstring", show_map, priority=BEFORE_NUMPYDOC)
    app.connect("autodoc-process-signature", sign, priority=BEFORE_NUMPYDOC)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

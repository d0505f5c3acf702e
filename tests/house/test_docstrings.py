"""Docstrings of the public names keep the rules of numpydoc that apply here."""

from __future__ import annotations

import inspect

import pytest

import salesmetrics as sm
from docs._ext.docstrings import FOR_FUNCTIONS, UNWANTED

ROOMS = {"salesmetrics": sm, "salesmetrics.formulas": sm.formulas, "salesmetrics.readers.maps": sm.maps}
PUBLIC = sorted(
    f"{room}.{name}" for room, module in ROOMS.items() for name in module.__all__ if callable(getattr(module, name))
)


@pytest.mark.parametrize("name", PUBLIC)
def test_a_docstring_is_well_formed(name: str) -> None:
    """Sections, their order and layout are right; a function says what it takes and gives, with an example."""
    validate = pytest.importorskip("numpydoc.validate").validate
    room, _, last = name.rpartition(".")
    value = getattr(ROOMS[room], last)
    if not inspect.isfunction(value) and not inspect.isclass(value):
        pytest.skip("a value: its docstring is that of its class")
    left_out = set(UNWANTED) - (FOR_FUNCTIONS if inspect.isfunction(value) else set())
    assert not [error for error in validate(name)["errors"] if error[0] not in left_out]


def test_every_check_left_out_has_its_reason() -> None:
    """A check that is not asked for says why, and what functions are asked for is among those."""
    assert all(UNWANTED.values())
    assert set(UNWANTED) >= FOR_FUNCTIONS

"""Which names an object lists, and what it answers to a name that it does not have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from salesmetrics.errors import closest

__all__ = ["Listed", "meant"]


def meant(name: str, ways: Mapping[str, str]) -> str | None:
    """Return the question that leads from a wrong name to the nearest right ones, or None where none is near.

    Parameters
    ----------
    name : str
        The name that was asked for.
    ways : mapping of str to str
        Each name that there is, and how it is written.

    Returns
    -------
    str or None
        The question.

    Examples
    --------
    >>> meant("amuont", {"amount": "book['amount']", "rep": "book['rep']"})
    "did you mean book['amount']?"
    """
    found = [name] if name in ways else closest(name, ways)
    return f"did you mean {' or '.join(ways[near] for near in found)}?" if found else None


class Listed:
    """An object that lists what its users are meant to use, and answers a wrong name with the nearest.

    Names in ``_unlisted`` of the class, or of one that it is built on, are there for the other rooms of the library.
    """

    __slots__ = ()
    _unlisted: ClassVar[tuple[str, ...]] = ()
    _otherwise: ClassVar[str] = ""

    def __dir__(self) -> list[str]:
        """Return the names, without those for other rooms."""
        hidden = {name for kind in type(self).__mro__ for name in vars(kind).get("_unlisted", ())}
        return sorted(name for name in object.__dir__(self) if name not in hidden)

    def _ways(self) -> Mapping[str, str]:
        """Return what else the object holds by name, and how it is written: ``book['amount']``."""
        return {}

    if not TYPE_CHECKING:  # a type checker that saw this would let every name pass

        def __getattr__(self, name: str) -> object:
            """Refuse, naming what was meant."""
            refusal = f"{type(self).__name__!r} object has no attribute {name!r}"
            if name.startswith("_"):
                raise AttributeError(refusal, name=name, obj=self)
            if hasattr(type(self), name):  # a property, or a field not yet set, that failed: for a reason of its own
                return object.__getattribute__(self, name)
            own = {attribute: f".{attribute}" for attribute in dir(self) if not attribute.startswith("_")}
            hint = meant(name, own | dict(self._ways())) or self._otherwise
            raise AttributeError(f"{refusal}: {hint}" if hint else refusal, name=name)

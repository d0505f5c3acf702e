"""Calls that name an argument which is not there: refused with the nearest that is."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType
from typing import Any, ParamSpec, TypeVar

from salesmetrics.errors import InvalidTypeError, nearest, show

__all__ = ["handed_over", "names_keywords", "names_keywords_of"]

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C", bound=type)


def names_keywords(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function, which refuses arguments that it does not have in our own words.

    Parameters
    ----------
    function : callable
        A public function.

    Returns
    -------
    callable
        The same, to all who look at its signature.

    Examples
    --------
    >>> @names_keywords
    ... def twice(amount: int) -> int:
    ...     return 2 * amount
    >>> twice(amuont=5)
    Traceback (most recent call last):
        ...
    salesmetrics.errors.InvalidTypeError: [SM-ARG-71] `twice` must be called with arguments that it has; got 'amuont'.
      Hint: did you mean 'amount'? There is: 'amount'.
    """
    return _named(function, function.__name__)


def names_keywords_of(kind: C) -> C:
    """Return the class, whose constructor refuses arguments that it does not have in our own words.

    Parameters
    ----------
    kind : type
        A public class.

    Returns
    -------
    type
        The same class.
    """
    kind.__init__ = _named(kind.__init__, kind.__name__)  # type: ignore[misc]
    return kind


def handed_over(
    function: Callable[P, R], to: Callable[[Callable[..., R], tuple[Any, ...], dict[str, Any]], R]
) -> Callable[P, R]:
    """Return the function, whose calls are handed to another, which may answer them in its place.

    Parameters
    ----------
    function : callable
        A function of any arguments.
    to : callable
        Called with the function, what was given by position and what was given by name.

    Returns
    -------
    callable
        The same, to all who look at its signature.

    Examples
    --------
    >>> handed_over(max, lambda function, given, named: (given, named))(3, 5)
    ((3, 5), {})
    """

    @functools.wraps(function)
    def call(*given: P.args, **named: P.kwargs) -> R:
        return to(function, given, named)

    return call


def _named(function: Callable[P, R], name: str) -> Callable[P, R]:
    refusal, kind = _refusal, InvalidTypeError

    def call(*given: P.args, **named: P.kwargs) -> R:
        try:
            return function(*given, **named)
        except TypeError as error:
            bound = error.__traceback__ is None or error.__traceback__.tb_next is not None
            if bound or isinstance(error, kind):
                raise  # the call was in order, and something inside it was not
            raise refusal(function, name, given, named, error) from error

    # the globals of the function itself, by which the examples in its docstring are found to be its module's
    own = FunctionType(call.__code__, getattr(function, "__globals__", {}), name, None, call.__closure__)
    return functools.wraps(function)(own)


def _refusal(
    function: Callable[..., object],
    name: str,
    given: Sequence[object],
    named: Mapping[str, object],
    error: TypeError,
) -> InvalidTypeError:
    """Return the error of a call that does not fit the signature."""
    signature = inspect.signature(function)
    known = [argument for argument in signature.parameters if argument != "self"]
    unknown = [argument for argument in named if argument not in known]
    if unknown:
        return InvalidTypeError(
            f"`{name}` must be called with arguments that it has; got {', '.join(map(show, unknown[:5]))}.",
            code="SM-ARG-71",
            field=unknown[0],
            values=unknown,
            hint=nearest(unknown[0], known),
        )
    try:
        signature.bind(*given, **named)
        reason = str(error)
    except TypeError as told:
        reason = str(told)
    named_only = next((at for at, argument in enumerate(known) if _by_name(signature.parameters[argument])), len(known))
    shown = [*known[:named_only], *(["*"] if named_only < len(known) else []), *known[named_only:]]
    return InvalidTypeError(
        f"`{name}` must be called with the arguments of {name}({', '.join(shown)}); got {reason}.",
        code="SM-ARG-72",
        field=name,
        hint=f"what stands behind the * is given by name, such as {known[named_only]}=."
        if len(given) > named_only and named_only < len(known)
        else None,
    )


def _by_name(parameter: inspect.Parameter) -> bool:
    """Return whether an argument can be given by name only."""
    return parameter.kind is inspect.Parameter.KEYWORD_ONLY

"""Several questions of the same deals: each tally is made once, and those of a scan in one pass."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import attrs

from salesmetrics.books import DealBook
from salesmetrics.errors import InvalidArgumentError, InvalidTypeError, escape, nearest, show
from salesmetrics.keywords import names_keywords
from salesmetrics.scans import DealScan
from salesmetrics.scans.requests import Memory, Request, remembered
from salesmetrics.scans.scan import Sampled, sampled

__all__ = ["Measured", "measure"]

_MOST_PASSES = 8


def _frozen(answers: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(answers))


@attrs.frozen(eq=False, repr=False)
class Measured(Mapping[str, Any]):
    """The answers to several questions, by the names that were given to them; made by `measure`.

    Attributes
    ----------
    passes : int
        How often the parts of a scan were read; 0 for a book in memory.
    """

    _answers: Mapping[str, Any] = attrs.field(converter=_frozen)
    passes: int = 0

    def __getitem__(self, name: str) -> Any:
        """Return the answer to a question, or raise naming the nearest."""
        if name not in self._answers:
            raise InvalidArgumentError(
                f"an answer must be asked for by the name of its question; got {show(name)}.",
                code="SM-SCN-12",
                field="name",
                values=[name],
                hint=nearest(name, self._answers),
            )
        return self._answers[name]

    def __contains__(self, name: object) -> bool:
        return name in self._answers

    def __iter__(self) -> Iterator[str]:
        return iter(self._answers)

    def __len__(self) -> int:
        return len(self._answers)

    def __repr__(self) -> str:
        """Return the questions and what answers them, a line each."""
        lines = [f"  {escape(name)}: {type(answer).__name__}" for name, answer in self._answers.items()]
        return "\n".join([f"<Measured, {len(self)} answers", *lines]) + ">"

    def _ipython_key_completions_(self) -> list[str]:
        """Return what a notebook completes between the brackets."""
        return list(self._answers)


@names_keywords
def measure(deals: DealBook | DealScan, questions: Mapping[str, Callable[[Any], Any]], /) -> Measured:
    """Several metrics of the same deals in one pass: what does the whole report say?

    Parameters
    ----------
    deals : DealBook or DealScan
        The deals.
    questions : mapping of str to callable
        What is asked, by name: each is called with deals and gives a result, ``lambda deals: sm.win_rate(deals, by="rep")``.

    Returns
    -------
    Measured
        The answers, by name: ``found["win rate"]``. They are those of each question by itself, bit for bit.

    Raises
    ------
    InvalidTypeError
        The deals are neither a book nor a scan, or a question cannot be called.

    Notes
    -----
    Questions that need the same tally share it. Of a scan, each question is first tried on the first rows, which tells
    what it needs and finds a misspelt column before anything else is read; then all tallies are made in one pass over the
    parts, and the questions are asked again and answered from them. What goes to an executor are the kinds of tallies with
    their arguments, never the questions themselves, so that a lambda will do. A question that needs more once it has seen an
    answer gets another pass; it is called several times and should do nothing but ask.

    Examples
    --------
    >>> import salesmetrics as sm
    >>> deals = sm.datasets.sample_company(deals=500, rng=1).deals
    >>> found = sm.measure(deals, {"wins": lambda d: sm.win_rate(d, by="segment"), "size": lambda d: sm.deal_size(d)})
    >>> found["wins"].equals(sm.win_rate(deals, by="segment"))
    True
    """
    if not isinstance(deals, (DealBook, DealScan)):
        raise InvalidTypeError(
            f"`deals` must be a DealBook or a DealScan; got {show(type(deals).__name__)}.",
            code="SM-BOK-10",
            field="deals",
            hint="sm.read_deals(frame) makes a book, sm.scan_parquet(path) a scan.",
        )
    asked = _checked(questions)
    return _of_book(deals, asked) if isinstance(deals, DealBook) else _of_scan(deals, asked)


def _checked(questions: Any) -> dict[str, Callable[[Any], Any]]:
    """Return the questions, each of which must be a callable under a text."""
    if not isinstance(questions, Mapping) or not all(isinstance(name, str) for name in questions):
        raise InvalidTypeError(
            f"`questions` must be a mapping of names to callables; got {show(questions)}.",
            code="SM-SCN-13",
            field="questions",
            hint='{"win rate": lambda deals: sm.win_rate(deals, by="rep")}.',
        )
    for name, question in questions.items():
        if not callable(question):
            raise InvalidTypeError(
                f"`questions` must be callables, which are asked with the deals; got {show(type(question).__name__)} under "
                f"{show(name)}.",
                code="SM-SCN-13",
                field="questions",
                values=[question],
                hint=f"{{{name!r}: lambda deals: ...}}.",
            )
    return dict(questions)


def _of_book(deals: DealBook, questions: Mapping[str, Callable[[Any], Any]]) -> Measured:
    """Return the answers of a book; equal tallies are made once."""
    before = remembered.set(Memory(deals))
    try:
        return Measured({name: question(deals) for name, question in questions.items()})
    finally:
        remembered.reset(before)


# --- scans -----------------------------------------------------------------------------------------------------------


class _Unfinished(Exception):
    """A question cannot go on before a pass."""


@attrs.define(eq=False)
class _Desk:
    """Answers requests from what is finished, else from the first rows, and keeps in mind what has to be made.

    Once it is closed there is no later pass in which a guess is made good: who still asks gets a pass of its own.
    """

    scan: DealScan
    finished: dict[Hashable, tuple[Request, Any]] = attrs.field(factory=dict)
    wanted: dict[Hashable, Sampled] = attrs.field(factory=dict)
    asked: bool = False
    guessed: bool = False
    closed: bool = False

    def ask(self, request: Request) -> Any:
        """Return a tally: that of all deals, or for the time being that of the first rows."""
        self.asked = True
        key = self._known(request)
        if self.closed and key not in self.finished:
            self.wanted[key] = sampled(request, self.scan.first)
            self.finish()
        if key in self.finished:
            answer = self.finished[key][1]
            if isinstance(answer, Exception):
                raise answer
            return answer
        if key not in self.wanted:
            self.wanted[key] = sampled(request, self.scan.first)
        self.guessed = True
        return self.wanted[key].answer.total

    def know(self, request: Request) -> Any:
        """Return a tally that what follows depends on, or raise until it is finished."""
        answer = self.ask(request)
        if self._known(request) not in self.finished:
            raise _Unfinished
        return answer

    def _known(self, request: Request) -> Hashable:
        """Return the key of a request, or of one that asks the same with books that were made again."""
        key = request.key
        if key not in self.finished and key not in self.wanted:
            for other, (held, _) in self.finished.items():
                if held.same(request):
                    return other
        return key

    def finish(self) -> None:
        """Make what is wanted, in one pass."""
        asked = self.wanted
        self.wanted = {}
        answers = self.scan.answers(list(asked.values()))
        self.finished |= {key: (one.request, answer) for (key, one), answer in zip(asked.items(), answers, strict=True)}


def _of_scan(scan: DealScan, questions: Mapping[str, Callable[[Any], Any]]) -> Measured:
    """Return the answers of a scan."""
    desk = _Desk(scan)
    try:
        return _answered(desk, questions)
    finally:
        desk.wanted = {}
        desk.closed = True


def _answered(desk: _Desk, questions: Mapping[str, Callable[[Any], Any]]) -> Measured:
    """Return the answers of the first round in which nothing was guessed."""
    guessers: dict[str, None] = {}
    for passes in range(_MOST_PASSES):
        # a new scan for each round: what a question has put by for the last one was worked out from a guess
        asked = attrs.evolve(desk.scan, desk=desk)
        answers: dict[str, Any] = {}
        for name, question in questions.items():
            desk.asked = desk.guessed = False
            try:
                answers[name] = question(asked)
            except Exception:
                # what goes wrong after a first guess may come of the guess: the question is asked again with the tally
                if not desk.guessed:
                    raise
            if desk.guessed:
                guessers[name] = None
            elif name in guessers and not desk.asked:
                raise _remembering(name)
        if not desk.wanted:
            return Measured(answers, passes)
        desk.finish()
    raise InvalidArgumentError(
        f"`questions` must come to an end; got {show(next(iter(guessers)))}, which asks for something new in each of "
        f"{_MOST_PASSES} passes.",
        code="SM-SCN-14",
        field="questions",
        values=list(guessers),
        hint="a question must ask the same when it is called again: no random numbers inside.",
    )


def _remembering(name: str) -> InvalidArgumentError:
    """Return the refusal of a question that keeps its first answer, which was a guess."""
    return InvalidArgumentError(
        f"`questions` must ask again each time they are called; got {show(name)}, which answers from what it has kept.",
        code="SM-SCN-19",
        field="questions",
        values=[name],
        hint="no cache inside a question: equal tallies are made once anyway.",
    )

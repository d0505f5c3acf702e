"""Slow copies of section 4: who is credited with what, and attainment by rep, with splits, owners and rep shares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

from salesmetrics.calendars import Period
from salesmetrics.domain import Deal, Quota, Rep, Split
from tests.oracle_quota import NEAR, PLAIN_QUOTA, QuotaSum, QuotaTerms, active_share, rep_of, rep_quota
from tests.oracle_rows import (
    Answer,
    Asked,
    By,
    Key,
    Result,
    Seen,
    deal_labels,
    exact,
    grid,
    inside,
    names_of,
    rep_labels,
    seen,
    total,
    windows_of,
)


class OwnerChange(NamedTuple):
    """One row of an owner history: who has the deal after it; `closing` marks the row of the closing event."""

    deal: Any
    day: date
    rep: Any
    seq: int = 0
    closing: bool = False


class CreditTerms(NamedTuple):
    """The arguments of `credited_bookings`; `booked` holds (deal id, day) where `date="booked"`."""

    credit: str = "revenue"
    owner: str = "at_close"
    returns: str = "net"
    measure: str = "amount"
    splits: tuple[Split, ...] = ()
    changes: tuple[OwnerChange, ...] = ()
    booked: tuple[tuple[Any, date], ...] | None = None
    scale: int = 2


PLAIN_CREDIT = CreditTerms()


class Credit(NamedTuple):
    """What one deal counts for one rep; None where its amount is missing."""

    deal: Seen
    rep: Any
    amount: Fraction | None


def label_order(label: Any) -> tuple[bool, Any]:
    """Return what labels are sorted by: whole numbers, then texts."""
    return isinstance(label, str), label


def largest_remainder(units: int, shares: Mapping[Any, Fraction]) -> dict[Any, int]:
    """Divide whole units into shares that add up, ties to the smaller label (C9).

    Doubt: shares that miss 1 by less than 1e-9. Chosen: scaled, since the parts of a large amount must still add up.
    Doubt: a negative amount. Chosen: the division of its opposite, negated, so that a deal and its reversal cancel (C11
    of the laws) for every rep.
    """
    if not shares or not total(shares.values()):
        raise ValueError("shares must add up to more than 0")
    ideal = {label: abs(units) * share / total(shares.values()) for label, share in shares.items()}
    parts = {label: int(part) for label, part in ideal.items()}
    order = sorted(shares, key=lambda label: (parts[label] - ideal[label], label_order(label)))
    for label in order[: abs(units) - sum(parts.values())]:
        parts[label] += 1
    return {label: part if units >= 0 else -part for label, part in parts.items()}


def owner_of(deal: Seen, terms: CreditTerms, as_of: date | None) -> Any:
    """Return the owner that counts (E11).

    Doubt: a history that begins after the closed day. Chosen: the column `rep`.
    Doubt: "actor" of a deal without a closing row. Chosen: nobody (a missing rep); without any history it is refused.
    """
    rows = sorted((c for c in terms.changes if c.deal == deal.id), key=lambda c: (c.day, c.seq))
    if terms.owner == "actor":
        if not terms.changes:
            raise ValueError("actor needs a history")
        closing = [c for c in rows if c.closing and (as_of is None or c.day <= as_of)]
        return closing[-1].rep if closing else None
    last = deal.closed if terms.owner == "at_close" else as_of
    known = [c for c in rows if last is None or c.day <= last]
    return known[-1].rep if known else deal.rep


def shares_of(deal: Seen, terms: CreditTerms, as_of: date | None) -> dict[Any, Fraction]:
    """Return each rep's share of a deal; the owner's is 1 without revenue rows, nobody's without overlay rows.

    Doubt: one rep in two rows of a deal and kind. Chosen: the shares are added first. A share of 0 credits nothing.
    """
    rows = [s for s in terms.splits if s.deal == deal.id and s.kind == terms.credit]
    if not rows:
        return {owner_of(deal, terms, as_of): Fraction(1)} if terms.credit == "revenue" else {}
    shares = {rep: total(exact(s.share) for s in rows if s.rep == rep) for rep in {s.rep for s in rows}}
    if terms.credit == "revenue" and abs(total(shares.values()) - 1) > NEAR:
        raise ValueError("revenue shares of a deal must add up to 1 (E14)")
    return {rep: share for rep, share in shares.items() if share}


def measured(deal: Seen, measure: str) -> Fraction | None:
    """Return what a deal is worth in the measure asked for; a quantity is a label of the deal."""
    if measure == "deals":
        return Fraction(1)
    if measure == "quantity":
        quantity = deal.labels.get("quantity")
        return None if quantity is None else exact(quantity)
    return deal.amount


def credits_of(deal: Seen, terms: CreditTerms, as_of: date | None) -> list[Credit]:
    """Return what a won deal counts for each rep.

    Doubt: rounding of counts and quantities. Chosen: none, only money has a minor unit.
    """
    shares, worth = shares_of(deal, terms, as_of), measured(deal, terms.measure)
    if worth is None:
        return [Credit(deal, rep, None) for rep in shares]
    if terms.measure != "amount":
        return [Credit(deal, rep, worth * share) for rep, share in shares.items()]
    if terms.credit == "revenue" and len(shares) == 1:
        return [Credit(deal, rep, worth) for rep in shares]
    unit = Fraction(1, 10**terms.scale)
    minor = worth / unit
    if minor.denominator != 1:
        raise ValueError("an amount that is not whole in minor units")
    if terms.credit == "overlay":
        return [Credit(deal, rep, round(minor * share) * unit) for rep, share in shares.items()]
    return [Credit(deal, rep, part * unit) for rep, part in largest_remainder(int(minor), shares).items()]


def credits_in(
    deals: Iterable[Deal], window: Period | None, as_of: date | None, terms: CreditTerms = PLAIN_CREDIT
) -> list[Credit]:
    """Return the credits of deals won, dated in the window and by the day.

    Doubt: `date="booked"` with a day after `as_of`. Chosen: not yet a row; a deal without such a day is in no period.
    """
    answer = []
    for deal in seen(deals, as_of):
        day = deal.closed if terms.booked is None else dict(terms.booked).get(deal.id)
        late = as_of is not None and day is not None and day > as_of
        if not deal.is_won or late or not inside(day, window):
            continue
        if terms.returns == "gross" and deal.amount is not None and deal.amount < 0:
            continue
        answer.extend(credits_of(deal, terms, as_of))
    return answer


def counted(credits: Iterable[Credit]) -> tuple[int, int]:
    """Return how many deals are credited, and how many have nothing to credit because a number is missing."""
    credits = list(credits)
    missing = {c.deal.id for c in credits if c.amount is None}
    return len({c.deal.id for c in credits} - missing), len(missing)


def summed(credits: Iterable[Credit]) -> Fraction:
    """Return the money credited."""
    return total(c.amount for c in credits if c.amount is not None)


def credit_cells(
    deals: Sequence[Deal], by: By, periods: Asked, as_of: date | None, terms: CreditTerms, reps: Iterable[Rep]
) -> dict[Key, list[Credit]]:
    """Return the credits that every row of a result reads; `rep` is the rep credited."""
    names, reps = names_of(by), list(reps)
    windows, listed = windows_of(periods)
    read = [credits_in(deals, window, as_of, terms) for window in windows]

    def labels(credit: Credit) -> Key:
        return deal_labels(credit.deal._replace(rep=credit.rep), names, reps)

    return {
        key: [c for c in read[position] if labels(c) == wanted]
        for key, wanted, position in grid([[labels(c) for c in some] for some in read], names, listed)
    }


def credited_bookings(
    deals: Sequence[Deal],
    *,
    by: By = (),
    periods: Asked = None,
    as_of: date | None = None,
    terms: CreditTerms = PLAIN_CREDIT,
    reps: Iterable[Rep] = (),
) -> Result:
    """Return the money credited; n counts deals, each once in a row, however many of its reps are in it.

    Doubt: overlay asked for something coarser than a rep. Chosen: the sum of the overlay credits, as asked; it is the
    revenue credit that they stay out of.
    """
    answer = {}
    for key, credits in credit_cells(deals, by, periods, as_of, terms, reps).items():
        n, missing = counted(credits)
        answer[key] = Answer(summed(credits), n, "", {"missing_amount": missing})
    return answer


class Ledger(NamedTuple):
    """One rep in one period: what is credited, the quota, and the share of the period's days that the rep is there."""

    rep: Any
    booked: Fraction
    credited: int
    missing: int
    quota: QuotaSum
    active_share: Fraction

    @property
    def has_quota(self) -> bool:
        """Whether attainment is defined: a quota above 0."""
        return self.quota.covered > 0 and self.quota.amount > 0

    @property
    def attainment(self) -> Fraction | None:
        """Booked over quota, None without a quota above 0."""
        return self.booked / self.quota.amount if self.has_quota else None


class Terms(NamedTuple):
    """All arguments that attainment and what is made of it share."""

    credit: CreditTerms = PLAIN_CREDIT
    quota: QuotaTerms = PLAIN_QUOTA


PLAIN = Terms()


def ledgers(
    deals: Sequence[Deal],
    quotas: Sequence[Quota],
    period: Period,
    as_of: date | None,
    terms: Terms = PLAIN,
    reps: Iterable[Rep] = (),
) -> list[Ledger]:
    """Return every rep with a credit in the period, even one without amount, or a quota row in force in it."""
    reps, credits = list(reps), credits_in(deals, period, as_of, terms.credit)
    answer = []
    for rep in {c.rep for c in credits} | {q.rep for q in quotas if q.rep is not None}:
        own = [c for c in credits if c.rep == rep]
        quota = rep_quota(quotas, rep, period, terms.quota, reps)
        share = active_share(rep_of(reps, rep), period, terms.quota.ramp_from)
        if own or quota.covered:
            answer.append(Ledger(rep, summed(own), *counted(own), quota, share))
    return answer


def ledger_cells(
    deals: Sequence[Deal],
    quotas: Sequence[Quota],
    by: By,
    periods: Asked,
    as_of: date | None,
    terms: Terms = PLAIN,
    reps: Iterable[Rep] = (),
) -> dict[Key, list[Ledger]]:
    """Return the reps that every row of an attainment reads. Quotas need stated periods."""
    windows, listed = windows_of(periods)
    names, reps = names_of(by), list(reps)
    read = [ledgers(deals, quotas, w, as_of, terms, reps) for w in windows if w is not None]
    if len(read) < len(windows):
        raise ValueError("quotas need a period")
    labels = [[rep_labels(x.rep, names, reps) for x in some] for some in read]
    return {
        key: [x for x in read[position] if rep_labels(x.rep, names, reps) == wanted]
        for key, wanted, position in grid(labels, names, listed)
    }


def due(own: Iterable[Ledger]) -> Fraction | None:
    """Return the quotas of reps added up, None where no day of any is covered."""
    found = [x.quota.amount for x in own if x.quota.covered]
    return total(found) if found else None


def attainment(
    deals: Sequence[Deal],
    quotas: Sequence[Quota],
    *,
    by: By = "rep",
    periods: Asked = None,
    as_of: date | None = None,
    terms: Terms = PLAIN,
    reps: Iterable[Rep] = (),
) -> Result:
    """Credited bookings over quota, by rep (and more); n counts credited deals. Coarser: `team_attainment`."""
    if "rep" not in names_of(by):
        raise ValueError("attainment of anything coarser than a rep is team_attainment")
    answer = {}
    for key, own in ledger_cells(deals, quotas, by, periods, as_of, terms, reps).items():
        booked, n, quota = total(x.booked for x in own), sum(x.credited for x in own), due(own)
        parts = {
            "booked": booked,
            "quota": quota,
            "gap": None if quota is None else booked - quota,
            "missing_amount": sum(x.missing for x in own),
        }
        if quota is None or quota <= 0:
            answer[key] = Answer(None, n, "no_quota", parts)
        else:
            answer[key] = Answer(booked / quota, n, "", parts)
    return answer


def attainment_gap(
    deals: Sequence[Deal],
    quotas: Sequence[Quota],
    *,
    by: By = "rep",
    periods: Asked = None,
    as_of: date | None = None,
    terms: Terms = PLAIN,
    reps: Iterable[Rep] = (),
) -> Result:
    """Bookings less quota, negative being short; with a quota of 0 the bookings.

    Doubt: which reps a coarser gap takes. Chosen: those with a row in force, even of 0, so that gaps add up (A14);
    n counts credited deals by rep, else those reps.
    """
    answer = {}
    fine = "rep" in names_of(by)
    for key, own in ledger_cells(deals, quotas, by, periods, as_of, terms, reps).items():
        rows = [x for x in own if x.quota.covered]
        n = sum(x.credited for x in own) if fine else len(rows)
        booked, quota = total(x.booked for x in (own if fine else rows)), due(rows)
        parts = {"booked": booked, "quota": quota}
        value = None if quota is None else booked - quota
        answer[key] = Answer(value, n, "" if quota is not None else "no_quota", parts)
    return answer

"""The funnel and the absorbing chain, as arrays."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from salesmetrics import formulas
from salesmetrics.errors import InvalidArgumentError

CHAINS = st.integers(1, 4).flatmap(lambda k: arrays(np.int64, (k, k + 2), elements=st.integers(0, 5)))
R18 = [[0, 2, 2, 0, 1], [0, 0, 1, 0, 1], [0, 0, 0, 2, 1]]


def fractions_of(moves: np.ndarray) -> list[Fraction | None]:
    """Return the chance of the first end by elimination in fractions; None where nobody left."""
    stages = len(moves)
    ending = {s for s in range(stages) if moves[s, stages:].any()}
    for _ in range(stages):
        ending |= {s for s in range(stages) if any(moves[s, t] for t in ending)}
    order = sorted(ending)
    table = []
    for s in order:
        whole = int(moves[s].sum())
        table.append(
            [Fraction(int(s == t)) - Fraction(int(moves[s, t]), whole) for t in order]
            + [Fraction(int(moves[s, stages]), whole)]
        )
    for at in range(len(order)):
        pick = next(r for r in range(at, len(order)) if table[r][at])
        table[at], table[pick] = table[pick], table[at]
        table[at] = [x / table[at][at] for x in table[at]]
        for other in range(len(order)):
            if other != at:
                table[other] = [x - table[other][at] * y for x, y in zip(table[other], table[at], strict=True)]
    found = {s: row[-1] for s, row in zip(order, table, strict=True)}
    return [found.get(s, Fraction(0)) if moves[s].any() else None for s in range(stages)]


@settings(max_examples=200)
@given(CHAINS)
def test_the_chain_is_that_of_fractions(moves) -> None:
    """I4: chances of ends are those of an elimination in fractions; they add up to 1 where every stage can reach an end."""
    chances = formulas.absorption(moves)
    for got, exact in zip(chances[:, 0], fractions_of(moves), strict=True):
        assert np.isnan(got) if exact is None else abs(got - float(exact)) <= 1e-12
    if moves[:, len(moves) :].any(axis=1).all():
        assert np.allclose(chances.sum(axis=1), 1, rtol=0, atol=1e-12)


@settings(max_examples=60)
@given(CHAINS, st.data())
def test_many_groups_are_each_alone(moves, data) -> None:
    """A13: chains solved together are each bit for bit what it is alone."""
    entries = data.draw(arrays(np.int64, len(moves), elements=st.integers(0, 9)))
    both = np.stack([moves, moves[:, ::-1]])
    for at in range(2):
        assert formulas.absorption(both)[at].tobytes() == formulas.absorption(both[at]).tobytes()
        assert formulas.visits(both, entries)[at].tobytes() == formulas.visits(both[at], entries).tobytes()


def test_i8_powers_of_the_matrix() -> None:
    """I8: P to the m + n is P to the m times P to the n, and its limit is where deals end."""
    inner = np.nan_to_num(formulas.transition_share(R18))
    whole = np.vstack([inner, np.eye(5)[3:]])
    power = np.linalg.matrix_power
    assert np.allclose(power(whole, 7), power(whole, 3) @ power(whole, 4), rtol=0, atol=1e-12)
    assert np.allclose(power(whole, 64)[:3, 3:], formulas.absorption(R18), rtol=0, atol=1e-12)


def test_a_stage_that_nobody_left_is_a_dead_end() -> None:
    """Its own chance is not known; those that lead to it keep what they win elsewhere, and the rest is missing from 1."""
    chances = formulas.absorption([[0, 1, 1, 0], [0, 0, 0, 0]])
    assert chances[0].tolist() == [0.5, 0.0]
    assert np.isnan(chances[1]).all()
    circle = formulas.absorption([[0, 2, 0, 0], [2, 0, 0, 0]])
    assert circle.tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert np.isnan(formulas.visits([[0, 2, 0, 0], [2, 0, 0, 0]], [1, 0])).all()


def test_visits_of_a_stage_that_is_entered_again() -> None:
    """Three deals, a quarter of the exits of the second stage leading back: four visits each."""
    assert np.allclose(formulas.visits([[0, 4, 0, 0], [1, 0, 1, 2]], [3, 0]), [4, 4], rtol=1e-14)


def test_gain_of_a_stage_without_forward_moves_counts_the_next_place() -> None:
    """Where nothing went forward, the what-if sends deals to the next place; where all did, nothing is to be gained."""
    gain = formulas.throughput_gain([[0, 0, 0, 4], [0, 0, 3, 0]], [4, 3])
    assert gain.gain.tolist() == [4.0, 0.0]
    assert gain.wins == 3.0


def test_w12_and_w13() -> None:
    """W12: reached 4, 3, 2 and conversions 3/4, 2/3. W13: one advance, one loss: 1/2. R19: 1, 1, 0."""
    assert formulas.stage_reached([1, 1, 2]).tolist() == [4, 3, 2]
    assert formulas.stage_conversion([4, 3], [3, 2]).tolist() == [3 / 4, 2 / 3]
    assert formulas.stage_conversion(4, 3) == 0.75
    assert formulas.forward_rate([[0, 1, 0, 1], [0, 0, 0, 0]])[0] == 0.5
    r19 = [[0, 0, 1, 0, 0], [0, 0, 1, 0, 0], [0, 1, 0, 0, 1]]
    assert formulas.forward_rate(r19).tolist() == [1.0, 1.0, 0.0]


def test_the_narrowest_place() -> None:
    """Ties go to the first, NaN and small n stay out, and nobody is -1."""
    values = [0.5, 0.5 * (1 + 1e-12), np.nan, 0.4]
    assert formulas.narrowest(values, [5, 5, 5, 1], min_n=2) == 0
    assert formulas.narrowest(values, [5, 5, 5, 1]) == 3
    assert formulas.narrowest(values, [5, 5, 5, 1], least=False) == 0
    assert formulas.narrowest([np.nan], [3]) == -1
    assert formulas.narrowest(np.zeros((2, 0)), np.zeros((2, 0))).tolist() == [-1, -1]


@pytest.mark.parametrize("name", ["absorption", "forward_rate"])
def test_moves_without_a_place_for_a_win_are_refused(name) -> None:
    """A square table has no end behind its stages."""
    with pytest.raises(InvalidArgumentError, match="at least one end"):
        getattr(formulas, name)([[0, 1], [1, 0]])

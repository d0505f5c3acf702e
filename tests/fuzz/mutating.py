"""Bytes made of other bytes: small changes at random places, and now and then a large one."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

__all__ = ["LARGEST", "blown_up", "mutated"]

LARGEST = 1 << 20
"""Bytes of the largest input."""
_USUAL = 1 << 12
_WORDS = (
    *(
        b"",
        b"\n",
        b"\r",
        b"\r\n",
        b"\r\r\n",
        b'"',
        b'""',
        b"'",
        b",",
        b";",
        b"\t",
        b"\0",
        b"\x1b[31m",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
    ),
    *(
        b"=",
        b"+",
        b"-",
        b"@",
        b"'=1+1",
        b"-0",
        b"0",
        b"1",
        b"9" * 20,
        b"1e5",
        b"1E+2000000",
        b"nan",
        b"inf",
        b"-inf",
        b"NaN",
    ),
    *(
        text.encode()
        for text in (
            "e\u0301",
            "\u00e9",
            "\u202e",
            "\u200b",
            "\uff11",
            "\u0660",
            "\U0001f600",
            "\u2028",
            "\x85",
            "\xa0",
        )
    ),
    *(b"\xed\xa0\x80", b"\x80", b"\xc3", b"\x7f", b" ", b"  ", b"#N/A", b"NULL", b"None", b"true", b"sep=;"),
)
"""What upsets readers of text."""


def mutated(data: bytes, others: Sequence[bytes], words: Sequence[bytes], rng: Random) -> bytes:
    """Return data with one to eight changes, no longer than the usual size."""
    changed = bytearray(data)
    for _ in range(1 << rng.randrange(4)):
        _CHANGES[rng.randrange(len(_CHANGES))](changed, others, words, rng)
    return bytes(changed[:_USUAL])


def blown_up(data: bytes, rng: Random) -> bytes:
    """Return data with one piece of it repeated until the largest size is reached."""
    start = rng.randrange(len(data) + 1)
    piece = data[start : start + rng.choice((1, 1, 2, 8, 64, 4096))] or bytes([rng.randrange(256)])
    room = rng.choice((1 << 16, 1 << 17, LARGEST)) - len(data)
    return data[:start] + piece * max(0, room // len(piece)) + data[start:]


def _place(data: bytearray, rng: Random) -> int:
    return rng.randrange(len(data) + 1)


def _flip(data: bytearray, others: Sequence[bytes], words: Sequence[bytes], rng: Random) -> None:
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _set(data: bytearray, others: Sequence[bytes], words: Sequence[bytes], rng: Random) -> None:
    if data:
        data[rng.randrange(len(data))] = rng.randrange(256)


def _cut(data: bytearray, others: Sequence[bytes], words: Sequence[bytes], rng: Random) -> None:
    start = _place(data, rng)
    del data[start : start + rng.choice((1, 1, 2, 4, 16, 64))]


def _repeat(data: bytearray, others: Sequence[bytes], words: Sequence[bytes], rng: Random) -> None:
    start = _place(data, rng)
    piece = data[start : start + rng.choice((1, 2, 8, 32, 128))]
    data[start:start] = piece * rng.choice((1, 1, 2, 8))


def _move(data: bytearray, others: Sequence[bytes], words: Sequence[bytes], rng: Random) -> None:
    start = _place(data, rng)
    piece = data[start : start + rng.choice((1, 4, 16, 64))]
    del data[start : start + len(piece)]
    at = _place(data, rng)
    data[at:at] = piece


def _word(data: bytearray, others: Sequence[bytes], words: Sequence[bytes], rng: Random) -> None:
    word = rng.choice(words) if words and rng.random() < 0.6 else rng.choice(_WORDS)
    at = _place(data, rng)
    data[at : at + (len(word) if rng.random() < 0.5 else 0)] = word


def _splice(data: bytearray, others: Sequence[bytes], words: Sequence[bytes], rng: Random) -> None:
    other = rng.choice(others)
    start, at = rng.randrange(len(other) + 1), _place(data, rng)
    data[at : at + rng.choice((0, 4, 64))] = other[start : start + rng.choice((1, 8, 64, 256))]


def _number(data: bytearray, others: Sequence[bytes], words: Sequence[bytes], rng: Random) -> None:
    digits = [at for at, byte in enumerate(data) if 0x30 <= byte <= 0x39]
    if digits:
        data[rng.choice(digits)] = rng.choice(b"0123456789.-")


_CHANGES = (_flip, _set, _cut, _repeat, _move, _word, _word, _splice, _number)

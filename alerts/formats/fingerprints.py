"""Alertmanager's identity of a set of labels: FNV-1a 64 (prometheus/common model/signature.go).

Byte by byte in Python it would be half of what a new alert costs to read. So those of a batch are
computed side by side, in the lanes of one large integer; and what is repeated is remembered.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import cast

_OFFSET, _PRIME, _MASK = 0xCBF29CE484222325, 0x100000001B3, 0xFFFFFFFFFFFFFFFF
# Bytes of a lane: a step makes 64 bits and 41 more of the 64 that are there.
_LANE = 16
# Lanes pay from so many on; more than so many no longer fit the processor's caches.
_FEWEST, _MOST = 12, 256
# A text that is longer is computed by itself, so that none has the others wait.
_LONGEST = 1024
_MOST_KNOWN = 65_536
# The text of a label set that was seen lately -> its fingerprint.
_known: dict[bytes, str] = {}


def fingerprint(labels: Mapping[str, str]) -> str:
    """Of one set of labels: 16 hexadecimal digits."""
    return fingerprints([labels])[0]


def fingerprints(many: Sequence[Mapping[str, str]]) -> list[str]:
    """Of each; no name or value holds NUL."""
    texts = [_text(labels) for labels in many]
    # Another thread may forget all meanwhile.
    found = list(map(_known.get, texts))
    if None in found:
        new = _compute([text for text, seen in zip(texts, found, strict=True) if seen is None])
        if len(_known) + len(new) > _MOST_KNOWN:
            _known.clear()
        _known.update(new)
        return [seen or new[text] for text, seen in zip(texts, found, strict=True)]
    return cast("list[str]", found)


def _text(labels: Mapping[str, str]) -> bytes:
    """What is hashed: names in order, each name and value followed by 0xFF, which no UTF-8 has."""
    joined = "\0".join(chain.from_iterable(sorted(labels.items())))
    return joined.encode().replace(b"\0", b"\xff") + b"\xff"


def _compute(given: Sequence[bytes]) -> dict[bytes, str]:
    texts = list(dict.fromkeys(given))
    short = [text for text in texts if len(text) <= _LONGEST]
    if len(short) < _FEWEST:
        return {text: _one(text) for text in texts}
    found = {text: _one(text) for text in texts if len(text) > _LONGEST}
    for first in range(0, len(short), _MOST):
        some = short[first : first + _MOST]
        found |= zip(some, _side_by_side(some), strict=True)
    return found


def _one(text: bytes) -> str:
    hashed = _OFFSET
    for byte in text:
        hashed = ((hashed ^ byte) * _PRIME) & _MASK
    return f"{hashed:016x}"


def _side_by_side(texts: Sequence[bytes]) -> list[str]:
    """All at once: lane by lane the same as `_one`; each is read when its text has ended."""
    count, length = len(texts), max(map(len, texts))
    ends: dict[int, list[int]] = {}
    for lane, text in enumerate(texts):
        ends.setdefault(len(text), []).append(lane)
    padded = b"".join([text.ljust(length, b"\0") for text in texts])
    ones = int.from_bytes((b"\1" + bytes(_LANE - 1)) * count, "little")
    hashed, mask = _OFFSET * ones, _MASK * ones
    column, found = bytearray(_LANE * count), [""] * count
    for step in range(length):
        column[::_LANE] = padded[step::length]
        hashed = ((hashed ^ int.from_bytes(column, "little")) * _PRIME) & mask
        if lanes := ends.get(step + 1):
            values = hashed.to_bytes(_LANE * count, "little")
            for lane in lanes:
                found[lane] = values[_LANE * lane : _LANE * lane + 8][::-1].hex()
    return found

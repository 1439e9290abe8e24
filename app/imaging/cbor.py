"""Values as CBOR (RFC 8949), as far as content credentials need it: written, never read.

Keys keep their order and lengths are the shortest, so equal values are equal bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tagged:
    """A value under a tag (RFC 8949, 3.4)."""

    tag: int
    value: object


def encode(value: object) -> bytes:
    """One data item: whole number, text, bytes, list, mapping, ``None`` or ``Tagged``.

    Raises:
        TypeError: another kind of value.
    """
    match value:
        case None:
            encoded = b"\xf6"
        case int():
            encoded = _head(0, value) if value >= 0 else _head(1, -1 - value)
        case bytes():
            encoded = _head(2, len(value)) + value
        case str():
            encoded = _head(3, len(value.encode())) + value.encode()
        case Mapping():
            encoded = _head(5, len(value)) + b"".join(encode(key) + encode(one) for key, one in value.items())
        case Sequence():
            encoded = _head(4, len(value)) + b"".join(map(encode, value))
        case Tagged(tag, inner):
            encoded = _head(6, tag) + encode(inner)
        case _:
            raise TypeError(f"no CBOR for {type(value).__name__}")
    return encoded


def _head(major: int, argument: int) -> bytes:
    if argument < 24:
        return bytes([major << 5 | argument])
    power = next(power for power in range(4) if argument < 256 ** (1 << power))
    return bytes([major << 5 | 24 + power]) + argument.to_bytes(1 << power, "big")

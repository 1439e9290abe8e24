"""Values of DICOM elements from their bytes, exactly as pydicom gives them, or not at all.

One function a value representation (PS3.5 6.2); each raises ``Odd`` where it is not sure to agree with pydicom.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import calcsize, unpack
from typing import Any

Decoder = Callable[[bytes, str], Any]
"""Bytes of a value and the encoding of the file's texts to the value."""


class Odd(Exception):
    """Not plainly readable: pydicom is to be asked."""


class Decimal(float):
    """A DS value: a number that prints as it was written."""

    __slots__ = ("written",)
    written: str

    def __str__(self) -> str:
        return self.written


class Integer(int):
    """An IS value that prints as it was written, such as 007."""

    written: str

    def __str__(self) -> str:
        return self.written


def decimals(raw: bytes, _encoding: str) -> Any:
    """DS."""
    parts = raw.decode("latin-1").strip().rstrip(" \0").split("\\")
    return _decimal(parts[0]) if len(parts) == 1 else [_decimal(part) for part in parts]


def _decimal(part: str) -> Decimal:
    try:
        value = Decimal(part)
    except ValueError as fault:
        raise Odd from fault
    value.written = part.strip()
    return value


def integers(raw: bytes, _encoding: str) -> Any:
    """IS."""
    parts = raw.decode("latin-1").rstrip(" \0").split("\\")
    return _integer(parts[0]) if len(parts) == 1 else [_integer(part) for part in parts]


def _integer(part: str) -> int:
    written = part.strip()
    digits = written[1:] if written[:1] in ("+", "-") else written
    if not digits.isdecimal() or not digits.isascii() or len(digits) > 18:
        raise Odd
    plain = int(written)
    if str(plain) == written:
        return plain
    value = Integer(plain)
    value.written = written
    return value


def code(raw: bytes, _encoding: str) -> Any:
    """AS, CS, DA, DT and TM: text in the default character set, several values between backslashes."""
    parts = raw.decode("latin-1").rstrip(" \0").split("\\")
    return parts[0] if len(parts) == 1 else parts


def identifier(raw: bytes, _encoding: str) -> str:
    """UI of a single value."""
    text = raw.decode("latin-1").rstrip("\0 ")
    if "\\" in text:
        raise Odd
    return text.strip()


def text(raw: bytes, encoding: str) -> Any:
    """LO and SH: text in the character set of the file, several values between backslashes."""
    parts = _decoded(raw, encoding).split("\\")
    return parts[0].rstrip("\0 ") if len(parts) == 1 else [part.rstrip("\0 ") for part in parts]


def long_text(raw: bytes, encoding: str) -> str:
    """LT, ST and UT: one text."""
    return _decoded(raw, encoding).rstrip("\0 ")


def name(raw: bytes, _encoding: str) -> str:
    """PN of a single name in a single alphabet."""
    said = _decoded(raw.rstrip(b"\0 "), "ascii")
    if "=" in said or "\\" in said:
        raise Odd
    return said


def _decoded(raw: bytes, encoding: str) -> str:
    if b"\x1b" in raw:
        raise Odd
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as fault:
        raise Odd from fault


def binary(letter: str) -> Decoder:
    """US, SS, UL, SL, FL and FD, by their letter for ``struct``."""
    size = calcsize(f"<{letter}")

    def decode(raw: bytes, _encoding: str) -> Any:
        if len(raw) % size:
            raise Odd
        values = unpack(f"<{len(raw) // size}{letter}", raw)
        return values[0] if len(values) == 1 else list(values)

    return decode


def closed(_raw: bytes, _encoding: str) -> Any:
    """SQ with items, and what is not unpacked here."""
    raise Odd


DECODERS: dict[str, tuple[Decoder, Any]] = {
    **dict.fromkeys(("AS", "CS", "DA", "DT", "TM"), (code, "")),
    "DS": (decimals, None),
    "IS": (integers, None),
    "UI": (identifier, ""),
    **dict.fromkeys(("LO", "SH"), (text, "")),
    **dict.fromkeys(("LT", "ST", "UT"), (long_text, "")),
    "PN": (name, ""),
    **{vr: (binary(letter), None) for vr, letter in zip(("US", "SS", "UL", "SL", "FL", "FD"), "HhIifd", strict=True)},
    "SQ": (closed, []),
}
"""By representation: its decoder, and what pydicom gives for an empty value."""

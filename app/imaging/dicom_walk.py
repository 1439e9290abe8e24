"""The walk from element to element of a DICOM file in explicit little-endian representation, and where it gives up.

It knows lengths and delimiters (PS3.5 7.1.2 and 7.5, PS3.10 7.1) and no attribute but the few that steer it. Where it
is not sure to go where pydicom would go, it raises ``Odd``; where the bytes end too early, ``struct.error``.
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

from app.imaging.dicom_values import Odd

UNDEFINED = 0xFFFFFFFF
_DEEPEST = 12
_META_AT = 132


def vr_code(name: str) -> int:
    """The two letters of a representation, read as one number."""
    return int.from_bytes(name.encode(), "little")


def swapped(tag: int) -> int:
    """The tag as its four bytes read in one go: element first."""
    return (tag & 0xFFFF) << 16 | tag >> 16


_TEXTS = ("AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UI")
SHORT = frozenset(map(vr_code, (*_TEXTS, "AT", "FD", "FL", "SL", "SS", "UL", "US")))
"""Representations with a length of two bytes."""
_LONG = frozenset(map(vr_code, ("OB", "OD", "OF", "OL", "OV", "OW", "SV", "UC", "UN", "UR", "UT", "UV")))
"""Representations with a length of four bytes, after two that mean nothing; SQ, the last one, stands alone."""
SQ = vr_code("SQ")
_PIXELS = frozenset(map(swapped, (0x7FE00008, 0x7FE00009, 0x7FE00010)))
_ITEM, _ITEM_END, _SEQUENCE_END = (swapped(tag) for tag in (0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD))
CHARACTER_SET = swapped(0x00080005)
SYNTAX = swapped(0x00020010)
_META_LENGTH = swapped(0x00020000)

element = Struct("<IHH").unpack_from
"""Tag (swapped), representation and short length of the element at an offset."""
long_length = Struct("<I").unpack_from
"""The length that stands 8 bytes after the beginning of an element whose representation is not ``SHORT``."""
_item = Struct("<II").unpack_from


class Meta(NamedTuple):
    """The file meta information: transfer syntax as written, where the elements and the dataset begin."""

    syntax: bytes
    places: dict[int, int]
    end: int


class Walked(NamedTuple):
    """Where the elements of a dataset begin, by swapped tag, and its pixels as ``Header`` has them."""

    places: dict[int, int]
    """Where each element begins, by swapped tag; the last one of a tag counts, as with pydicom."""
    pixels_at: int
    pixels: int


def meta(head: bytes) -> Meta:
    """The file meta information."""
    if head[128:132] != b"DICM":
        raise Odd("no prefix")
    places: dict[int, int] = {}
    at = _META_AT
    while True:
        tag, vr, length = element(head, at)
        if tag & 0xFFFF != 2:
            break
        places[tag] = at
        if vr in SHORT:
            at += 8 + length
        elif vr in _LONG:
            at += 12 + _defined(head, at)
        else:
            raise Odd("file meta")
    if places.get(_META_LENGTH) != _META_AT or head[136:140] != b"UL\x04\x00" or not tag & 0xFFFF:
        raise Odd("file meta")
    begin = places[SYNTAX]
    _, vr, length = element(head, begin)
    if vr != vr_code("UI"):
        raise Odd("syntax")
    return Meta(head[begin + 8 : begin + 8 + length], places, at)


def walk(head: bytes, at: int, whole: bool) -> Walked:
    """All elements of the dataset up to its pixels."""
    places: dict[int, int] = {}
    element_at, short = element, SHORT  # found faster than globals
    end = len(head)
    while at < end or not whole:
        tag, vr, length = element_at(head, at)
        if vr in short:
            places[tag] = at
            at += length + 8
            continue
        if tag in _PIXELS and vr in _LONG:
            return _checked(Walked(places, at + 12, long_length(head, at + 8)[0]))
        places[tag] = at
        if vr == SQ:
            at = _after_sequence(head, at, 0)
        elif vr in _LONG:
            at += 12 + _defined(head, at)
        else:
            raise Odd("representation")
    if at != end:
        raise Odd("cut short")
    return _checked(Walked(places, 0, 0))


def _checked(walked: Walked) -> Walked:
    if _ITEM_END in walked.places or not _PIXELS.isdisjoint(walked.places):
        raise Odd("out of place")
    return walked


def _defined(head: bytes, at: int) -> int:
    """Length of a value with a long length."""
    length: int = long_length(head, at + 8)[0]
    if length == UNDEFINED:
        raise Odd("undefined length")
    return length


def _after_sequence(head: bytes, at: int, depth: int) -> int:
    """Where the sequence element at ``at`` ends; one of undefined length is walked through, as its end is inside."""
    length: int = long_length(head, at + 8)[0]
    at += 12
    if length != UNDEFINED:
        return at + length
    while True:
        tag, length = _item(head, at)
        at += 8
        if tag == _SEQUENCE_END and not length:
            return at
        if tag != _ITEM or depth > _DEEPEST:
            raise Odd("sequence")
        at = _after_item(head, at, length, depth)


def _after_item(head: bytes, at: int, length: int, depth: int) -> int:
    end = at + length
    while length == UNDEFINED or at < end:
        tag, vr, size = element(head, at)
        if tag == _ITEM_END and length == UNDEFINED and not vr and not size:
            return at + 8
        if tag & 0xFFFF == 0xFFFE or tag == CHARACTER_SET:
            raise Odd("item")
        if vr in SHORT:
            at += size + 8
        elif vr == SQ:
            at = _after_sequence(head, at, depth + 1)
        elif vr in _LONG:
            at += 12 + _defined(head, at)
        else:
            raise Odd("representation")
    if at != end:
        raise Odd("item")
    return at

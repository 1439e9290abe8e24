"""DICOM headers at the speed of a file list: a walk over well-formed explicit little-endian elements, no more.

pydicom stays the truth. Whatever this walk is not sure to read as pydicom does (implicit VR, big endian, unknown or
unexpected representations, undefined lengths of values, rarer character sets, anything cut short) it hands back:
``parse`` answers ``None``, a later look at a value raises ``Odd``. It must not know what the attributes are good for.

The encoding is that of PS3.5 7.1.2 (elements), 7.5 (sequences) and PS3.10 7.1 (file meta group).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from io import FileIO
from pathlib import Path
from struct import Struct, error
from typing import Any, NamedTuple, Protocol

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.uid import UID

from app.imaging.dicom_values import DECODERS, Decoder, Odd, closed

__all__ = ["UNDEFINED", "Attributes", "Header", "Incomplete", "Odd", "after_meta", "of", "parse", "read"]

FIRST_READ = 16 * 1024
"""Bytes of a file that are read at first; most headers end in them, and no file system reads less at a time."""
LONGEST = 64 * 1024 * 1024
"""A header that goes on beyond this many bytes is left to pydicom."""
UNDEFINED = 0xFFFFFFFF
_DEEPEST = 12
_META_AT = 132


def _vr(name: str) -> int:
    return int.from_bytes(name.encode(), "little")


def _swapped(tag: int) -> int:
    """The tag as its four bytes read in one go: element first."""
    return (tag & 0xFFFF) << 16 | tag >> 16


_TEXTS = ("AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UI")
_SHORT = frozenset(map(_vr, (*_TEXTS, "AT", "FD", "FL", "SL", "SS", "UL", "US")))
"""Representations with a length of two bytes."""
_LONG = frozenset(map(_vr, ("OB", "OD", "OF", "OL", "OV", "OW", "SV", "UC", "UN", "UR", "UT", "UV")))
"""Representations with a length of four bytes, after two that mean nothing; SQ, the last one, stands alone."""
_SQ = _vr("SQ")
_PIXELS = frozenset(map(_swapped, (0x7FE00008, 0x7FE00009, 0x7FE00010)))
_ITEM, _ITEM_END, _SEQUENCE_END = (_swapped(tag) for tag in (0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD))
_CHARACTER_SET, _SYNTAX, _META_LENGTH = (_swapped(tag) for tag in (0x00080005, 0x00020010, 0x00020000))
_ENCODINGS = {
    **dict.fromkeys(("", "ISO_IR 6", "ISO_IR 100"), "latin-1"),
    "ISO_IR 192": "utf-8",
    **dict.fromkeys((f"ISO_IR {n}" for n in (101, 109, 110, 126, 127, 138, 144, 148, 166)), "ascii"),
    **dict.fromkeys(("GB18030", "GBK"), "ascii"),
}
"""Character sets that agree with ASCII; "ascii" where the rest of the set is left to pydicom."""

_element = Struct("<IHH").unpack_from
_length = Struct("<I").unpack_from
_item = Struct("<II").unpack_from


class Attributes(Protocol):
    """A parsed header; pydicom's ``Dataset`` is one."""

    def get(self, key: str, default: Any = None, /) -> Any:
        """Value of the attribute with this keyword, typed as pydicom does; ``default`` where the header lacks it."""


class Incomplete(Exception):
    """The header goes on beyond the bytes given."""


class _Walked(NamedTuple):
    places: dict[int, int]
    """Where each element begins, by swapped tag; the last one of a tag counts, as with pydicom."""
    pixels_at: int
    pixels: int


class Header:
    """The attributes of one file up to its pixel data.

    Attributes:
        syntax: transfer syntax UID.
        pixels_at: offset of the pixel data's value in the file; 0 where there is none.
        pixels: its length in bytes, ``UNDEFINED`` for compressed ones, 0 where there are none.
    """

    __slots__ = ("_encoding", "_head", "_places", "pixels", "pixels_at", "syntax")

    def __init__(self, head: bytes, walked: _Walked, syntax: str) -> None:
        self._head, self._places = head, walked.places
        self.syntax, self.pixels_at, self.pixels = syntax, walked.pixels_at, walked.pixels
        self._encoding = "latin-1"
        at = walked.places.get(_CHARACTER_SET)
        if at is not None:
            self._encoding = _ENCODINGS[str(self.get("SpecificCharacterSet") or "").strip(" \x00")]

    def get(self, key: str, default: Any = None, /) -> Any:
        """Value of the attribute with this keyword, as pydicom's ``Dataset.get`` gives it.

        Numbers that were written as text (DS, IS) print as they were written. Sequences are never unpacked.

        Raises:
            Odd: pydicom is to be asked.
        """
        tag, decoders = _asked[key]
        at = self._places.get(tag)
        if at is None:
            return default
        _, vr, length = _element(self._head, at)
        if vr not in decoders:
            raise Odd(key)
        if vr not in _SHORT:
            length, at = _length(self._head, at + 8)[0], at + 4
        decode, empty = decoders[vr]
        return decode(self._head[at + 8 : at + 8 + length], self._encoding) if length else empty

    def has(self, key: str) -> bool:
        """Whether the attribute is there, be it empty."""
        return _asked[key].tag in self._places

    def raw(self, keys: Sequence[str]) -> list[bytes | None]:
        """Representation, length and value of each attribute as they stand in the file; ``None`` for absent ones."""
        head, places = self._head, self._places
        found: list[bytes | None] = []
        for key in keys:
            at = places.get(_asked[key].tag)
            if at is None:
                found.append(None)
                continue
            _, vr, length = _element(head, at)
            end = at + 8 + length if vr in _SHORT else at + 12 + _length(head, at + 8)[0]
            found.append(head[at + 4 : end])
        return found


class _Asked(NamedTuple):
    """How the value of a keyword is found: its swapped tag; by representation, a decoder and the value where empty."""

    tag: int
    decoders: dict[int, tuple[Decoder, Any]]


class _AskedBefore(dict[str, _Asked]):
    """Keywords are looked up in pydicom's dictionary when they are first asked for."""

    def __missing__(self, key: str) -> _Asked:
        tag = tag_for_keyword(key)
        if tag is None:
            raise ValueError(f"{key} is no keyword")
        names = dictionary_VR(tag).split(" or ")
        self[key] = _Asked(_swapped(tag), {_vr(name): DECODERS.get(name, (closed, None)) for name in names})
        return self[key]


_asked = _AskedBefore()


def read(path: Path) -> Header | None:
    """The header of a file, of which no more is read than its head; ``None`` where pydicom is to read it.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb", buffering=0) as stream:
        return of(stream)


def of(stream: FileIO) -> Header | None:
    """The header that begins where ``stream`` stands; ``None`` where pydicom is to read it.

    Raises:
        OSError: the file cannot be read.
    """
    head, asked = stream.read(FIRST_READ), FIRST_READ
    while True:
        try:
            return parse(head, whole=len(head) < asked)
        except Incomplete:
            more = stream.read(asked)
        if len(head) > LONGEST:
            return None
        head, asked = head + more, len(head) + asked


def parse(head: bytes, *, whole: bool) -> Header | None:
    """The header that ``head``, the first bytes of a file, begins with; ``None`` where pydicom is to read it.

    Raises:
        Incomplete: more of the file is needed; never where ``head`` is the ``whole`` file.
    """
    try:
        raw, at = _meta(head)
        syntax = _plain_syntax(raw)
        return Header(head, _walk(head, at, whole), syntax) if syntax else None
    except (Odd, KeyError):
        return None
    except error:
        if whole:
            return None
        raise Incomplete from None


def after_meta(head: bytes, syntax: str) -> int | None:
    """Where the dataset begins, if ``head`` is that of a file in this transfer syntax and its meta group is plain."""
    try:
        raw, at = _meta(head)
    except (Odd, KeyError, error):
        return None
    return at if raw.rstrip(b"\0 ") == syntax.encode() else None


def _meta(head: bytes) -> tuple[bytes, int]:
    """Transfer syntax as written, and where the dataset begins."""
    if head[128:132] != b"DICM":
        raise Odd("no prefix")
    places, at = {}, _META_AT
    while True:
        tag, vr, length = _element(head, at)
        if tag & 0xFFFF != 2:
            break
        places[tag] = at
        if vr in _SHORT:
            at += 8 + length
        elif vr in _LONG:
            at += 12 + _defined(head, at)
        else:
            raise Odd("file meta")
    if places.get(_META_LENGTH) != _META_AT or head[136:140] != b"UL\x04\x00" or not tag & 0xFFFF:
        raise Odd("file meta")
    begin = places[_SYNTAX]
    _, vr, length = _element(head, begin)
    if vr != _vr("UI"):
        raise Odd("syntax")
    return head[begin + 8 : begin + 8 + length], at


@lru_cache(maxsize=200)
def _plain_syntax(raw: bytes) -> str | None:
    """The transfer syntax, if the standard has it and datasets in it are written in explicit little-endian elements."""
    uid = UID(raw.rstrip(b"\0 ").decode("latin-1"))
    plain = uid.is_transfer_syntax and not uid.is_private and uid.is_little_endian
    return str(uid) if plain and not uid.is_implicit_VR and not uid.is_deflated else None


def _walk(head: bytes, at: int, whole: bool) -> _Walked:
    """All elements of the dataset up to its pixels."""
    places: dict[int, int] = {}
    element, short = _element, _SHORT
    end = len(head)
    while at < end or not whole:
        tag, vr, length = element(head, at)
        places[tag] = at
        if vr in short:
            at += length + 8
        elif tag in _PIXELS and vr in _LONG:
            del places[tag]
            return _checked(_Walked(places, at + 12, _length(head, at + 8)[0]))
        elif vr == _SQ:
            at = _after_sequence(head, at, 0)
        elif vr in _LONG:
            at += 12 + _defined(head, at)
        else:
            raise Odd("representation")
    if at != end:
        raise Odd("cut short")
    return _checked(_Walked(places, 0, 0))


def _checked(walked: _Walked) -> _Walked:
    if _ITEM_END in walked.places or not _PIXELS.isdisjoint(walked.places):
        raise Odd("out of place")
    return walked


def _defined(head: bytes, at: int) -> int:
    """Length of a value with a long length."""
    length: int = _length(head, at + 8)[0]
    if length == UNDEFINED:
        raise Odd("undefined length")
    return length


def _after_sequence(head: bytes, at: int, depth: int) -> int:
    """Where the sequence element at ``at`` ends; one of undefined length is walked through, as its end is inside."""
    length: int = _length(head, at + 8)[0]
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
        tag, vr, size = _element(head, at)
        if tag == _ITEM_END and length == UNDEFINED and not vr and not size:
            return at + 8
        if tag & 0xFFFF == 0xFFFE or tag == _CHARACTER_SET:
            raise Odd("item")
        if vr in _SHORT:
            at += size + 8
        elif vr == _SQ:
            at = _after_sequence(head, at, depth + 1)
        elif vr in _LONG:
            at += 12 + _defined(head, at)
        else:
            raise Odd("representation")
    if at != end:
        raise Odd("item")
    return at

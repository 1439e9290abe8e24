"""DICOM headers at the speed of a file list: a walk over well-formed explicit little-endian elements, no more.

pydicom stays the truth. Whatever this walk is not sure to read as pydicom does (implicit VR, big endian, unknown or
unexpected representations, undefined lengths of values, rarer character sets, anything cut short) it hands back:
``parse`` answers ``None``, a later look at a value raises ``Odd``. It must not know what the attributes are good for.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from io import FileIO
from pathlib import Path
from struct import error
from typing import Any, NamedTuple, Protocol

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.uid import UID

from app.imaging import dicom_walk
from app.imaging.dicom_shapes import Shapes
from app.imaging.dicom_values import DECODERS, Decoder, Odd, closed
from app.imaging.dicom_walk import SHORT, UNDEFINED, element, long_length, swapped, vr_code

__all__ = ["UNDEFINED", "Attributes", "Header", "Incomplete", "Odd", "after_meta", "of", "parse", "read"]

FIRST_READ = 16 * 1024
"""Bytes of a file that are read at first; most headers end in them, and no file system reads less at a time."""
LONGEST = 64 * 1024 * 1024
"""A header that goes on beyond this many bytes is left to pydicom."""
_ENCODINGS = {
    **dict.fromkeys(("", "ISO_IR 6", "ISO_IR 100"), "latin-1"),
    "ISO_IR 192": "utf-8",
    **dict.fromkeys((f"ISO_IR {n}" for n in (101, 109, 110, 126, 127, 138, 144, 148, 166)), "ascii"),
    **dict.fromkeys(("GB18030", "GBK"), "ascii"),
}
"""Character sets that agree with ASCII; "ascii" where the rest of the set is left to pydicom."""


_shapes = Shapes()


class Attributes(Protocol):
    """A parsed header; pydicom's ``Dataset`` is one."""

    def get(self, key: str, default: Any = None, /) -> Any:
        """Value of the attribute with this keyword, typed as pydicom does; ``default`` where the header lacks it."""


class Incomplete(Exception):
    """The header goes on beyond the bytes given."""


class Header:
    """The attributes of one file up to its pixel data.

    Attributes:
        syntax: transfer syntax UID.
        pixels_at: offset of the pixel data's value in the file; 0 where there is none.
        pixels: its length in bytes, ``UNDEFINED`` for compressed ones, 0 where there are none.
    """

    __slots__ = ("_encoding", "_head", "_places", "pixels", "pixels_at", "syntax")

    def __init__(self, head: bytes, walked: dicom_walk.Walked, syntax: str) -> None:
        self._head, self._places = head, walked.places
        self.syntax, self.pixels_at, self.pixels = syntax, walked.pixels_at, walked.pixels
        self._encoding = "latin-1"
        at = walked.places.get(dicom_walk.CHARACTER_SET)
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
        _, vr, length = element(self._head, at)
        if vr not in decoders:
            raise Odd(key)
        if vr not in SHORT:
            length, at = long_length(self._head, at + 8)[0], at + 4
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
            _, vr, length = element(head, at)
            end = at + 8 + length if vr in SHORT else at + 12 + long_length(head, at + 8)[0]
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
        self[key] = _Asked(swapped(tag), {vr_code(name): DECODERS.get(name, (closed, None)) for name in names})
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
        if shape := _shapes.find(head):
            return Header(head, shape.walked, shape.syntax)
        meta = dicom_walk.meta(head)
        syntax = _plain_syntax(meta.syntax)
        if syntax is None:
            return None
        walked = dicom_walk.walk(head, meta.end, whole)
        _shapes.learn(head, syntax, meta, walked)
        return Header(head, walked, syntax)
    except (Odd, KeyError):
        return None
    except error:
        if whole:
            return None
        raise Incomplete from None


def after_meta(head: bytes, syntax: str) -> int | None:
    """Where the dataset begins, if ``head`` is that of a file in this transfer syntax and its meta group is plain."""
    try:
        meta = dicom_walk.meta(head)
    except (Odd, KeyError, error):
        return None
    return meta.end if meta.syntax.rstrip(b"\0 ") == syntax.encode() else None


@lru_cache(maxsize=200)
def _plain_syntax(raw: bytes) -> str | None:
    """The transfer syntax, if the standard has it and datasets in it are written in explicit little-endian elements."""
    uid = UID(raw.rstrip(b"\0 ").decode("latin-1"))
    plain = uid.is_transfer_syntax and not uid.is_private and uid.is_little_endian
    return str(uid) if plain and not uid.is_implicit_VR and not uid.is_deflated else None

"""Where a content credential is kept in a PNG or TIFF file (C2PA 2.2, A.3.2 and A.3.3).

A place is the file around a hole whose size is not known yet. It must not know what a credential says.
"""

from __future__ import annotations

import struct
import zlib
from contextlib import suppress
from dataclasses import dataclass

from app.imaging.jumbf import box

_PNG = b"\x89PNG\r\n\x1a\n"
_CHUNK = b"caBX"
_HEADER_END = 33
"""End of a PNG's signature and its IHDR chunk, which is always first and always 13 bytes."""

_TIFF = b"II*\0"
_TAG, _UNDEFINED = 0xCD41, 7
"""TIFF tag and field type of a credential."""

_ENTRY = 12
"""Bytes of an entry in a TIFF directory: tag, type, count, and where the value lies."""


@dataclass(frozen=True, slots=True)
class Place:
    """A hole in a file.

    Attributes:
        ahead, after: the file around it, without a word of how long the credential is.
        length_at: where in ``ahead`` the credential's length stands as four bytes, or -1 where a chunk around the
            credential tells it.
    """

    ahead: bytes
    after: bytes
    length_at: int = -1

    def before(self, length: int) -> bytes:
        """The file up to a credential of this length."""
        if self.length_at < 0:
            return self.ahead
        return self.ahead[: self.length_at] + struct.pack("<I", length) + self.ahead[self.length_at + 4 :]

    def wrapped(self, credential: bytes) -> bytes:
        """The credential as it stands in the file: a PNG puts it into a chunk, with its length and check sum."""
        if self.length_at >= 0:
            return credential
        framed = box(_CHUNK, credential)[4:]
        return len(credential).to_bytes(4, "big") + framed + zlib.crc32(framed).to_bytes(4, "big")

    def excluded(self, length: int) -> tuple[int, int]:
        """(start, length) of what the hash over the file leaves out: the credential and its chunk."""
        return len(self.ahead), len(self.wrapped(bytes(length)))


def place_in(content: bytes) -> Place:
    """The place for a credential: that of the one it has, to be replaced, or a new one.

    A PNG gets a chunk after its header. A TIFF gets a copy of its directory with one more tag, and the credential,
    both at the end: values that tags refer to stay where they are, and the former directory is left as unused bytes.

    Raises:
        ValueError: neither PNG nor little-endian TIFF.
    """
    with suppress(ValueError):
        return parted(content)[0]
    if content.startswith(_PNG):
        return Place(content[:_HEADER_END], content[_HEADER_END:])
    if not content.startswith(_TIFF):
        raise ValueError("a content credential goes into PNG and TIFF only")
    even = content + b"\0" * (len(content) % 2)
    entries, following = _directory(even)
    data = len(even) + 2 + _ENTRY * (len(entries) + 1) + len(following)
    entries = sorted([*entries, struct.pack("<HHII", _TAG, _UNDEFINED, 0, data)], key=_tag)
    head = even[:4] + struct.pack("<I", len(even)) + even[8:] + struct.pack("<H", len(entries))
    length_at = len(head) + _ENTRY * [_tag(entry) for entry in entries].index(_TAG) + 4
    return Place(head + b"".join(entries) + following, b"", length_at)


def parted(content: bytes) -> tuple[Place, bytes]:
    """A file that has a credential, as its place and the credential.

    Raises:
        ValueError: the file has none where ``place_in`` would have put it.
    """
    if content.startswith(_PNG) and content[_HEADER_END + 4 : _HEADER_END + 8] == _CHUNK:
        length = int.from_bytes(content[_HEADER_END : _HEADER_END + 4], "big")
        start = _HEADER_END + 8
        return Place(content[:_HEADER_END], content[start + length + 4 :]), content[start : start + length]
    if content.startswith(_TIFF):
        entries, _ = _directory(content)
        tags = [_tag(entry) for entry in entries]
        if _TAG in tags:
            at = struct.unpack_from("<I", content, 4)[0] + 2 + _ENTRY * tags.index(_TAG) + 4
            (start,) = struct.unpack_from("<I", content, at + 4)
            return Place(content[:at] + bytes(4) + content[at + 4 : start], b"", at), content[start:]
    raise ValueError("no content credential")


def _directory(content: bytes) -> tuple[list[bytes], bytes]:
    """Entries of a TIFF's first directory, and the four bytes that say where the next one is."""
    (start,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, start)
    end = start + 2 + _ENTRY * count
    return [content[at : at + _ENTRY] for at in range(start + 2, end, _ENTRY)], content[end : end + 4]


def _tag(entry: bytes) -> int:
    tag: int = struct.unpack_from("<H", entry)[0]
    return tag

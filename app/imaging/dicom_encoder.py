"""Attributes to the bytes of a DICOM file, explicit VR little endian (PS3.5 7.1.2, PS3.10 7.1).

It writes what this program says of a picture, many times faster than a general library, which has to be ready for
anything that a file may hold. Which VR an attribute has it asks of pydicom's dictionary. It must not know pictures.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from pydicom.datadict import dictionary_VR, tag_for_keyword

LONG = frozenset({"OB", "OW", "SQ"})
"""VRs with a length of four bytes, of those that are written."""

NUMBERS = {"US": "<H", "UL": "<I", "FD": "<d"}
"""VRs of binary numbers."""

TEXTS = frozenset({"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UI"})

ITEM = (0xFFFE, 0xE000)


def file_of(meta: Mapping[str, Any], attributes: Mapping[str, Any]) -> bytes:
    """A file: an empty preamble, the file meta information with its length and version, and the data set."""
    said = encode({"FileMetaInformationVersion": b"\0\1", **meta})
    length = encode({"FileMetaInformationGroupLength": len(said)})
    return b"\0" * 128 + b"DICM" + length + said + encode(attributes)


def encode(attributes: Mapping[str, Any]) -> bytes:
    """A data set in the order of its tags.

    Args:
        attributes: keyword to value: text (UTF-8), number or bytes; a list of them where there are several values; a
            list of mappings for a sequence; ``None`` or "" for an attribute without a value.

    Raises:
        KeyError: an unknown keyword, or a VR that this program does not write.
    """
    known = sorted((*_known(keyword), keyword) for keyword in attributes)
    pixels = "OB" if attributes.get("BitsAllocated") == 8 else "OW"
    return b"".join(_element(tag, pixels if vr == "OB or OW" else vr, attributes[key]) for tag, vr, key in known)


@cache
def _known(keyword: str) -> tuple[int, str]:
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise KeyError(keyword)
    return tag, dictionary_VR(tag)


def _element(tag: int, vr: str, value: Any) -> bytes:
    content = _content(vr, value)
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr.encode())
    return head + struct.pack("<HI" if vr in LONG else "<H", *((0,) if vr in LONG else ()), len(content)) + content


def _content(vr: str, value: Any) -> bytes:
    """The value with an even number of bytes."""
    if value is None:
        return b""
    if vr == "SQ":
        return b"".join(_item(encode(one)) for one in value)
    values = [value] if isinstance(value, str | bytes | int | float) else list(value)
    if vr in NUMBERS:
        return b"".join(struct.pack(NUMBERS[vr], one) for one in values)
    content = _texts(values) if vr in TEXTS else _octets(vr, values)
    return content + (b"\0" if vr in ("UI", "OB") else b" ") * (len(content) % 2)


def _item(content: bytes) -> bytes:
    return struct.pack("<HHI", *ITEM, len(content)) + content


def _texts(values: Iterable[Any]) -> bytes:
    return "\\".join(map(str, values)).encode()


def _octets(vr: str, values: list[Any]) -> bytes:
    if vr not in LONG:
        raise KeyError(vr)
    return b"".join(values)

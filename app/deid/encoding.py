"""Elements and data sets as the bytes of a file (PS3.5, 7; PS3.10, 7), without decoding what was never decoded.

It must not know what may stay; it writes what it is given.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.tag import BaseTag
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

from app.deid.elements import UNDEFINED, Element, loaded, raw, vr_of

PREAMBLE = b"\0" * 128 + b"DICM"
IMPLEMENTATION_UID = "2.25.292471029471982374615209384756102938475"
IMPLEMENTATION_NAME = "UNDERSTUDY"
_LONG = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"})
"""Representations whose length has four bytes in explicit VR (PS3.5, 7.1.2)."""


def encoded(elements: Mapping[BaseTag, Element], like: tuple[bool, bool], within: Dataset) -> list[bytes]:
    """Elements in the order of their tags, as parts to be put one after another.

    Args:
        elements: raw ones must have the encoding ``like``.
        like: whether implicit VR, whether little endian.
        within: the data set they are of, which says what a representation means where several are possible.
    """
    parts: list[bytes] = []
    for tag in sorted(elements):
        element = elements[tag]
        if isinstance(element, DataElement) and element.VR == "SQ":
            value = b"".join(_item(item, like) for item in element.value)
            parts += [_head(tag, "SQ", len(value), like), value]
            continue
        plain = loaded(within, element, like)
        value = plain.value or b""
        open_ended = plain.length == UNDEFINED
        if len(value) % 2:
            value += b"\0"
        vr = _short(plain.VR or vr_of(tag), encapsulated=open_ended)
        parts += [_head(tag, vr, UNDEFINED if open_ended else len(value), like), value]
        if open_ended:
            parts.append(struct.pack("<HHL" if like[1] else ">HHL", 0xFFFE, 0xE0DD, 0))
    return parts


def raw_sequence(tag: BaseTag, items: list[Dataset], like: tuple[bool, bool]) -> RawDataElement:
    """A sequence as bytes, to be used in many data sets."""
    return raw(tag, "SQ", b"".join(_item(item, like) for item in items), like)


def file_of(dataset: Dataset, sop_class: str, sop_instance: str, syntax: UID) -> list[bytes]:
    """A whole file: an empty preamble, a file header that names this program only, the data set, and nothing after it.

    Args:
        dataset: with its ``original_encoding`` set to that of its raw elements.
        sop_class, sop_instance: what the header names.
        syntax: transfer syntax, which the pixels already have.
    """
    like = (syntax.is_implicit_VR, syntax.is_little_endian)
    if dataset.original_encoding in (like, (None, None)):
        body = encoded({element.tag: element for element in dataset.values()}, like, dataset)
    else:
        body = [_recoded(dataset, like)]
    if syntax == DeflatedExplicitVRLittleEndian:
        deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        deflated = deflater.compress(b"".join(body)) + deflater.flush()
        body = [deflated, b"\0" * (len(deflated) % 2)]
    return [PREAMBLE, _meta(sop_class, sop_instance, syntax), *body]


def _item(item: Dataset, like: tuple[bool, bool]) -> bytes:
    value = b"".join(encoded({element.tag: element for element in item.values()}, like, item))
    return struct.pack("<HHL" if like[1] else ">HHL", 0xFFFE, 0xE000, len(value)) + value


def _head(tag: int, vr: str, length: int, like: tuple[bool, bool]) -> bytes:
    order = "<" if like[1] else ">"
    if like[0]:
        return struct.pack(order + "HHL", tag >> 16, tag & 0xFFFF, length)
    if vr in _LONG or length > 0xFFFF:
        vr = vr if vr in _LONG else "UN"
        return struct.pack(order + "HH2sHL", tag >> 16, tag & 0xFFFF, vr.encode(), 0, length)
    return struct.pack(order + "HH2sH", tag >> 16, tag & 0xFFFF, vr.encode(), length)


def _short(vr: str, *, encapsulated: bool) -> str:
    """One representation where the dictionary names several: encapsulated pixels are OB, others OW (PS3.5, A.4)."""
    return vr if len(vr) == 2 else "OB" if encapsulated else "OW" if vr.endswith("OW") else vr[:2]


def _meta(sop_class: str, sop_instance: str, syntax: UID) -> bytes:
    like = (False, True)
    values = {
        0x00020001: ("OB", b"\0\1"),
        0x00020002: ("UI", sop_class.encode()),
        0x00020003: ("UI", sop_instance.encode()),
        0x00020010: ("UI", str(syntax).encode()),
        0x00020012: ("UI", IMPLEMENTATION_UID.encode()),
        0x00020013: ("SH", IMPLEMENTATION_NAME.encode()),
    }
    elements: dict[BaseTag, Element] = {BaseTag(tag): raw(tag, *value, like) for tag, value in values.items()}
    body = b"".join(encoded(elements, like, Dataset()))
    return _head(0x00020000, "UL", 4, like) + struct.pack("<L", len(body)) + body


def _recoded(dataset: Dataset, like: tuple[bool, bool]) -> bytes:
    """A data set in another encoding than its elements came in, by way of pydicom's decoding."""
    for _ in dataset.iterall():
        pass
    buffer = DicomBytesIO()
    buffer.is_implicit_VR, buffer.is_little_endian = like
    write_dataset(buffer, dataset)
    return buffer.getvalue()

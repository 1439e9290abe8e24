"""Elements of a data set as bytes: what pydicom has not decoded stays undecoded, as most of it is removed anyway.

It knows the encodings of PS3.5 and nothing of what may stay.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cache
from io import BytesIO
from struct import error as StructError
from typing import Any, cast

from pydicom._uid_dict import UID_dictionary
from pydicom.charset import convert_encodings, decode_bytes
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_sequence
from pydicom.filewriter import correct_ambiguous_vr_element, write_data_element
from pydicom.tag import BaseTag

UNREADABLE = (ArithmeticError, AttributeError, LookupError, NotImplementedError, StructError, TypeError, ValueError)
"""What pydicom raises for a value that does not fit its representation."""

TEXTS = frozenset(
    {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT"}
)
"""Value representations that are read as characters."""

REGISTERED = frozenset(UID_dictionary)
"""UIDs of the standard itself (PS3.6, annex A), which name nobody."""

SIZES = {
    **{"US": 2, "SS": 2, "OW": 2, "UL": 4, "SL": 4, "FL": 4, "OF": 4, "OL": 4, "AT": 4},
    **{"FD": 8, "OD": 8, "OV": 8, "SV": 8, "UV": 8},
}
"""Bytes of one number of a binary representation (PS3.5, 6.2)."""

PIXELS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
"""Float, double float and integer pixel data."""

UNDEFINED = 0xFFFFFFFF
DEEPEST = 16
"""Sequences nested deeper than this are not followed."""

Element = RawDataElement | DataElement
Opened = dict[int, tuple[Element, list[Dataset]]]
"""Sequences that were opened, with their items, by ``id``: opening them takes time."""


@cache
def vr_of(tag: int) -> str:
    """The value representation of the dictionary, the first where it names several; "" for an unknown tag."""
    try:
        return dictionary_VR(tag)[:2]
    except KeyError:
        return ""


def raw(tag: int, vr: str, value: bytes, like: tuple[bool, bool]) -> RawDataElement:
    """An element of our own, padded to an even length.

    Args:
        tag, vr: of the element.
        value: encoded as ``like`` says.
        like: whether the data set has implicit VR, and whether it is little endian.
    """
    if len(value) % 2:
        value += b" " if vr in TEXTS and vr != "UI" else b"\0"
    return RawDataElement(BaseTag(tag), vr, len(value), value, 0, like[0], like[1])


def found(source: Dataset, tag: int) -> Element | None:
    """An element as it is, ``None`` where there is none."""
    return cast("Element | None", source.get_item(BaseTag(tag), keep_deferred=True))


def loaded(source: Dataset, element: Element, like: tuple[bool, bool]) -> RawDataElement:
    """An element that is no sequence as bytes; reads it if reading was put off, encodes it if it was changed.

    Raises:
        ValueError, TypeError, and others of ``UNREADABLE``: the value does not fit its representation.
    """
    if isinstance(element, RawDataElement):
        if element.value is not None or not element.length:
            return element if element.value is not None else element._replace(value=b"")
        element = source[element.tag]
    value: Any = element.value
    if isinstance(value, bytes):
        made = raw(element.tag, element.VR[:2], value, like)
        return made._replace(length=UNDEFINED) if element.is_undefined_length else made
    element = correct_ambiguous_vr_element(element, source, like[1])
    buffer = DicomBytesIO()
    buffer.is_implicit_VR, buffer.is_little_endian = True, like[1]
    write_data_element(buffer, element, ["utf8"])
    return raw(element.tag, str(element.VR), buffer.getvalue()[8:], like)


def spoken_in(element: Element, encodings: Sequence[str]) -> Sequence[str]:
    """Character sets of the bytes that ``loaded`` gives: UTF-8 where a text had been decoded before."""
    return encodings if isinstance(element, RawDataElement) else ("utf8",)


def items_of(element: Element, encodings: Sequence[str], opened: Opened) -> list[Dataset]:
    """The items of a sequence; one that came with VR UN is implicit little endian (PS3.5, 6.2.2).

    Args:
        element: of VR SQ.
        encodings: character sets around it.
        opened: what was opened before, to be looked at again.

    Raises:
        OSError, EOFError, and others of ``UNREADABLE``: the bytes are no sequence.
    """
    if isinstance(element, DataElement):
        return list(element.value or ())
    before = opened.get(id(element))
    if before is not None:
        return before[1]
    implicit = element.is_implicit_VR or element.VR == "UN"
    little = element.is_little_endian or element.VR == "UN"
    value = element.value or b""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        items = list(read_sequence(BytesIO(value), implicit, little, len(value), list(encodings)))
    opened[id(element)] = (element, items)
    return items


def text_of(value: bytes, encodings: Sequence[str]) -> str | None:
    """Characters of a value, its padding left out; ``None`` where its character set does not read it."""
    value = value.rstrip(b"\0 ")
    if value.isascii() and b"\x1b" not in value:
        return value.decode("ascii")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return decode_bytes(value, encodings, {ord(sign) for sign in "\\^="})
    except (Warning, *UNREADABLE):
        return None


def encodings_of(dataset: Dataset, otherwise: Sequence[str]) -> Sequence[str]:
    """Python names of the character sets that a data set or an item names itself."""
    element = found(dataset, 0x00080005)
    if element is None:
        return otherwise
    value = element.value
    names = value.decode("ascii", "ignore").rstrip("\0 ") if isinstance(value, bytes) else value
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return convert_encodings(names.split("\\") if isinstance(names, str) else names)
    except UNREADABLE:
        return otherwise

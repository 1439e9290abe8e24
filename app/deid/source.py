"""What a source says it is: transfer syntax, encoding, class and instance.

It reads single attributes of a data set and must not know what may stay.
"""

from __future__ import annotations

import hashlib
import re

from pydicom.dataset import Dataset
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from app.deid.elements import UNREADABLE, encodings_of, found, loaded, spoken_in, text_of
from app.domain.errors import Failed

DEFAULT_CHARSET = ("iso8859",)
SOP_CLASS, SOP_INSTANCE = 0x00080016, 0x00080018
_UID = re.compile(r"[0-9.]{1,64}")


def syntax_of(dataset: Dataset) -> UID:
    """The transfer syntax of a data set; by how it was read, where it names none."""
    meta = getattr(dataset, "file_meta", None)
    named = meta.get("TransferSyntaxUID") if meta is not None else None
    if named:
        return UID(named)
    implicit, little = dataset.original_encoding
    if implicit is None:
        return ExplicitVRLittleEndian
    return ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian if little else ExplicitVRBigEndian


def encoding_of(dataset: Dataset, syntax: UID) -> tuple[bool, bool]:
    """Whether a data set has implicit VR, and whether it is little endian: as it was read, else by its syntax.

    Raises:
        Failed: ``deid-unreadable``: the transfer syntax is not known.
    """
    implicit, little = dataset.original_encoding
    try:
        return (
            syntax.is_implicit_VR if implicit is None else implicit,
            syntax.is_little_endian if little is None else little,
        )
    except ValueError as error:
        raise Failed("deid-unreadable", detail="its transfer syntax is not known") from error


def names_of(dataset: Dataset, like: tuple[bool, bool]) -> dict[int, str]:
    """Class and instance, from the file header where the data set lacks them.

    An image without an identifier gets one from its bytes, so that the same image has the same.

    Raises:
        Failed: ``deid-unreadable``: nothing names the class, or a name is none.
    """
    meta = getattr(dataset, "file_meta", None) or {}
    names = {
        SOP_CLASS: text_at(dataset, SOP_CLASS, like) or str(meta.get("MediaStorageSOPClassUID") or ""),
        SOP_INSTANCE: text_at(dataset, SOP_INSTANCE, like) or str(meta.get("MediaStorageSOPInstanceUID") or ""),
    }
    if not names[SOP_INSTANCE]:
        names[SOP_INSTANCE] = f"2.25.{_digest(dataset, like)}"
    if not all(_UID.fullmatch(name) for name in names.values()):
        raise Failed("deid-unreadable", detail="it does not say what it is")
    return names


def text_at(dataset: Dataset, tag: int, like: tuple[bool, bool]) -> str:
    """The text of an attribute; "" where it is missing or cannot be read."""
    element = found(dataset, tag)
    if element is None:
        return ""
    try:
        value = loaded(dataset, element, like).value or b""
    except UNREADABLE:
        return ""
    return (text_of(value, spoken_in(element, encodings_of(dataset, DEFAULT_CHARSET))) or "").strip()


def _digest(dataset: Dataset, like: tuple[bool, bool]) -> int:
    pixels = found(dataset, 0x7FE00010)
    content = b"" if pixels is None else loaded(dataset, pixels, like).value or b""
    return int.from_bytes(hashlib.sha256(content).digest()[:16], "big")

"""The bytes of an image's pixels: kept as they are, without what lies behind the last of them.

It must not know what the pixels show.
"""

from __future__ import annotations

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag
from pydicom.uid import UID

from app.deid.elements import UNDEFINED, UNREADABLE, Element, found, loaded

PIXEL_DATA = BaseTag(0x7FE00010)
SAMPLES, PHOTOMETRIC, FRAMES, ROWS, COLUMNS, ALLOCATED = (
    *(0x00280002, 0x00280004, 0x00280008),
    *(0x00280010, 0x00280011, 0x00280100),
)


def trimmed(source: Dataset, element: Element, syntax: UID, like: tuple[bool, bool]) -> tuple[RawDataElement, bool]:
    """Pixel data without bytes that belong to no pixel, and whether there were any but padding.

    Native pixels have a length that follows from rows, columns, samples and frames (PS3.5, 8.1.1); bytes beyond it
    are shown by no viewer, so something could hide in them. Encapsulated ones are left to their decoder.
    """
    plain = loaded(source, element, like)
    if syntax.is_encapsulated:
        return plain._replace(length=UNDEFINED), False
    value = plain.value or b""
    try:
        needed = _needed(source, like)
    except UNREADABLE:
        return plain, False
    if not needed or len(value) <= needed:
        return plain, False
    return plain._replace(value=value[:needed], length=needed), any(value[needed:])


def _needed(source: Dataset, like: tuple[bool, bool]) -> int:
    """Bytes of all frames, made even; 0 where the header does not say."""

    def number(tag: int) -> int:
        element = found(source, tag)
        value = b"" if element is None else loaded(source, element, like).value or b""
        return int.from_bytes(value[:2], "little" if like[1] else "big")

    frames = found(source, FRAMES)
    count = int((loaded(source, frames, like).value or b"1").strip(b"\0 ") or 1) if frames is not None else 1
    samples, bits = number(SAMPLES), number(ALLOCATED)
    photometric = found(source, PHOTOMETRIC)
    if photometric is not None and b"422" in (loaded(source, photometric, like).value or b""):
        samples = 2
    whole = -(-number(ROWS) * number(COLUMNS) * samples * max(count, 1) * bits // 8)
    return whole + whole % 2

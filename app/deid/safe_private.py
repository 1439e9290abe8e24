"""Private attributes that the standard calls safe (PS3.15, table E.3.10-1), with values that are what they claim.

A private attribute belongs to the creator who reserved its block (PS3.5, 7.8.1), so the creator is looked up in the
same data set. It must not know plans.
"""

from __future__ import annotations

from pydicom.datadict import private_dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from app.deid import tables
from app.deid.elements import SIZES, UNREADABLE, Element, found, loaded, raw, text_of
from app.deid.plan import Do, Step
from app.deid.values import Values

LONGEST = 256
"""Bytes of the longest value: the safe ones are numbers and short texts."""


def private_part(source: Dataset, element: Element, like: tuple[bool, bool], values: Values) -> RawDataElement | None:
    """The element if it is on the safe list and its value may stay; ``None`` otherwise."""
    group, number = element.tag >> 16, element.tag & 0xFFFF
    owner = found(source, Tag(group, number >> 8)) if number > 0xFF else None
    if owner is None or (isinstance(element, DataElement) and element.VR == "SQ"):
        return None
    try:
        creator = text_of(loaded(source, owner, like).value or b"", ()) or ""
        if (creator, group, number & 0xFF) not in tables.safe_private():
            return None
        vr = private_dictionary_VR(element.tag, creator)
        value = loaded(source, element, like).value or b""
    except (KeyError, *UNREADABLE):
        return None
    return _checked(element, vr, value, like, values)


def _checked(element: Element, vr: str, value: bytes, like: tuple[bool, bool], values: Values) -> RawDataElement | None:
    if len(value) > LONGEST or element.VR not in (None, "UN", vr) or (element.VR == "UN" and not like[1]):
        return None
    if vr in SIZES:
        return raw(element.tag, vr, value, like) if not len(value) % SIZES[vr] else None
    do = {"DS": Do.NUMBER, "IS": Do.NUMBER, "CS": Do.CODE, "LO": Do.CODE, "SH": Do.CODE}.get(vr)
    new = None if do is None else values.change(value, Step(do, Do.REMOVE, vr), ())
    return None if new is None else raw(element.tag, vr, new, like)

"""What a de-identified data set says of itself: exactly what was done, and no more (PS3.15 E.3; PS3.3 C.7.1.1, C.12.1).

Files that leave as themselves and slices that are written anew say it in the same words. It must not know what the
source held, but for the few statements that only the source can make.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.tag import BaseTag

from app.deid import tables
from app.deid.elements import Element, found, raw
from app.deid.encoding import raw_sequence
from app.domain.deid import BASIC_CODE, Option, PixelCheck, Profile, Protection
from app.versions import versions

EQUIPMENT = ("109104", "De-identifying Equipment")
PROGRAM = "Understudy"
FLAGS = {"BurnedInAnnotation": "text", "RecognizableVisualFeatures": "faces"}
"""Attributes that are NO where a check was made, and the field of ``PixelCheck`` that tells."""
UNCHECKED = {"text": "Pixels NOT checked for burned-in text", "faces": "Pixels NOT checked for recognisable faces"}
"""What De-identification Method says where a check was not made (64 characters a value)."""


def _tag(keyword: str) -> BaseTag:
    tag = tag_for_keyword(keyword)
    assert tag is not None
    return BaseTag(tag)


_EQUIPMENTS = _tag("ContributingEquipmentSequence")


def state(
    made: dict[BaseTag, Element], source: Dataset, protection: Protection, check: PixelCheck, like: tuple[bool, bool]
) -> None:
    """Write the statements among the elements of a cleaned data set.

    Source equipment stays only outside maximum protection, and then only as far as the options let it. A flag of
    pixels that were not checked is the source's.
    """
    others = made.get(_EQUIPMENTS) if protection.profile is not Profile.MAXIMUM else None
    for keyword in FLAGS:
        made.pop(_tag(keyword), None)
        if stated := _flag(source, _tag(keyword)):
            made[_tag(keyword)] = raw(_tag(keyword), "CS", stated.encode(), like)
    made.update(_elements(protection, check, like))
    if others is not None and not isinstance(others, RawDataElement):
        made[_EQUIPMENTS] = raw_sequence(_EQUIPMENTS, [*others.value, _item(_equipment())], like)


@lru_cache(maxsize=64)
def statements(protection: Protection, check: PixelCheck) -> Mapping[str, Any]:
    """What is said of every real image, keyword to value; items of sequences are mappings. Not to be changed.

    Patient Identity Removed is YES only where the pixels were checked for text and faces too (PS3.15 E.1.1).
    """
    unchecked = [text for of, text in UNCHECKED.items() if not _checked(check, of)]
    standard = f"PS3.15 {tables.edition()} {protection.profile}"
    return {
        "PatientIdentityRemoved": "YES" if check.complete else "NO",
        "DeidentificationMethod": [f"{PROGRAM} {versions()['understudy']}", standard, *unchecked],
        "DeidentificationMethodCodeSequence": [_code(*code) for code in codes(protection, check)],
        "LongitudinalTemporalInformationModified": _temporal(protection),
        "ContributingEquipmentSequence": [_equipment()],
        **{keyword: "NO" for keyword, of in FLAGS.items() if _checked(check, of)},
    }


def codes(protection: Protection, check: PixelCheck) -> Sequence[tuple[str, str]]:
    """The codes of CID 7050 for what was done, by number."""
    done = protection.options | check.options
    return [BASIC_CODE, *(option.code for option in Option if option in done)]


@lru_cache(maxsize=64)
def _elements(protection: Protection, check: PixelCheck, like: tuple[bool, bool]) -> dict[BaseTag, Element]:
    """The statements in a data set's encoding."""
    made: dict[BaseTag, Element] = {}
    for keyword, value in statements(protection, check).items():
        tag, vr = _tag(keyword), dictionary_VR(_tag(keyword))
        if vr == "SQ":
            made[tag] = raw_sequence(tag, [_item(one) for one in value], like)
        else:
            text = value if isinstance(value, str) else "\\".join(value)
            made[tag] = raw(tag, vr, text.encode(), like)
    return made


def _temporal(protection: Protection) -> str:
    if Option.FULL_DATES in protection.options:
        return "UNMODIFIED"
    return "MODIFIED" if Option.MODIFIED_DATES in protection.options else "REMOVED"


def _checked(check: PixelCheck, of: str) -> bool:
    return bool(getattr(check, of) != "not-checked")


def _flag(source: Dataset, tag: BaseTag) -> str:
    """What the source says: a YES stays, and a NO only where a value must be there."""
    element = found(source, tag)
    value = b"" if element is None else element.value
    stated = (value.decode("ascii", "ignore") if isinstance(value, bytes) else str(value or "")).strip("\0 ")
    return stated if stated == "YES" or (stated == "NO" and _needed(source, int(tag))) else ""


def _needed(source: Dataset, tag: int) -> bool:
    """Whether the source's kind of image asks for a value."""
    return (tables.attributes(str(source.get("SOPClassUID", ""))) or {}).get(tag) == "1"


def _item(said: Mapping[str, Any]) -> Dataset:
    item = Dataset()
    for keyword, value in said.items():
        setattr(item, keyword, Items([_item(one) for one in value]) if isinstance(value, list) else value)
    return item


def _code(value: str, meaning: str) -> dict[str, str]:
    return {"CodeValue": value, "CodingSchemeDesignator": "DCM", "CodeMeaning": meaning}


def _equipment() -> dict[str, Any]:
    return {
        "PurposeOfReferenceCodeSequence": [_code(*EQUIPMENT)],
        "Manufacturer": PROGRAM,
        "ManufacturerModelName": PROGRAM,
        "SoftwareVersions": versions()["understudy"],
    }

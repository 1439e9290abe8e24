"""What of a real image's header may leave, and what must not be found outside.

It asks the allow-list about every attribute and removes by default: a value that cannot be read is removed too. It
reads headers only; pixels are never looked at here, so nothing may be claimed about them.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pydicom
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from app.deid.rules import AllowList
from app.domain.errors import Failed

UNREADABLE = (ArithmeticError, AttributeError, LookupError, NotImplementedError, TypeError, ValueError)
"""What pydicom raises for a value that does not fit its representation."""

IDENTIFYING = ("PN", "UI")
"""Value representations whose every value identifies somebody or something."""

IDENTIFYING_KEYWORDS = (
    "PatientID",
    "IssuerOfPatientID",
    "PatientAddress",
    "PatientTelephoneNumbers",
    "OtherPatientIDs",
    "AccessionNumber",
    "StudyID",
    "InstitutionName",
    "InstitutionAddress",
    "StationName",
    "DeviceSerialNumber",
)

SHORTEST = 4
"""A shorter value is found everywhere by chance."""

PLACEHOLDERS = frozenset({"anonymous", "anonymized", "anonymised", "none", "unknown", "removed", "null", "phantom"})


@dataclass(frozen=True, slots=True)
class Screened:
    """A header after the allow-list.

    Attributes:
        kept: keyword to value, of the attributes that may leave.
        removed: how many attributes were left behind, inside sequences too.
        identities: values of the header that name somebody or something; never stored, only looked for.
    """

    kept: dict[str, Any]
    removed: int
    identities: frozenset[str] = field(default=frozenset(), repr=False)


def read_header(path: Path) -> Dataset:
    """The header of a DICOM source, without its pixels.

    Raises:
        Failed: ``source-missing``, ``source-damaged``.
    """
    try:
        return pydicom.dcmread(path, stop_before_pixels=True, force=True)
    except FileNotFoundError as error:
        raise Failed("source-missing", path=str(path)) from error
    except (OSError, EOFError, InvalidDicomError, *UNREADABLE) as error:
        raise Failed("source-damaged", path=str(path), detail=str(error)) from error


def screen(header: Dataset, allowed: AllowList) -> Screened:
    """Keep what the list allows on the top level; count the rest, and remember who it names."""
    kept: dict[str, Any] = {}
    total = 0
    identities: set[str] = set()
    for element in _elements(header):
        total += 1
        identities.update(_identities(element))
    for keyword, rule in allowed.rules.items():
        value = _value(header, keyword)
        if value is not None and rule.allows(value):
            kept[keyword] = value
    return Screened(kept, total - len(kept), frozenset(identities))


def _elements(dataset: Dataset) -> Iterator[DataElement]:
    """Every element that can be read, sequences' items included; one that cannot identifies nobody to a reader."""
    for tag in sorted(dataset.keys()):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                element = dataset[tag]
        except UNREADABLE:
            continue
        yield element
        if element.VR == "SQ":
            for item in element.value:
                yield from _elements(item)


def _value(header: Dataset, keyword: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return header.get(keyword)
    except UNREADABLE:
        return None


def _identities(element: DataElement) -> Iterator[str]:
    if element.VR not in IDENTIFYING and element.keyword not in IDENTIFYING_KEYWORDS:
        return
    if element.keyword.endswith(("ClassUID", "SyntaxUID")):
        return
    for part in element.value if element.VM > 1 else [element.value]:
        for text in {str(part), *_name_parts(element.VR, str(part))}:
            if len(text) >= SHORTEST and text.lower() not in PLACEHOLDERS:
                yield text


def _name_parts(representation: str, text: str) -> list[str]:
    return re.split(r"[\^=, ]+", text) if representation == "PN" else []

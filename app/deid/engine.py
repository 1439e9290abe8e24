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
from pydicom.multival import MultiValue

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

SHORTEST, SHORTEST_NUMBER = 4, 6
"""Shorter texts, and shorter numbers, are found everywhere by chance."""

PLACEHOLDERS = frozenset({"anonymous", "anonymized", "anonymised", "none", "unknown", "removed", "null", "phantom"})


@dataclass(frozen=True, slots=True)
class Screened:
    """A header after the allow-list.

    Attributes:
        kept: keyword to value, of the attributes that may leave.
        removed: how many attributes were left behind, inside sequences too.
        identities: values of the header that name somebody or something; never stored, only looked for.
        names: the single words of persons' names. Many are common words too, so they are only looked for where a
            person chose the words (class names).
    """

    kept: dict[str, Any]
    removed: int
    identities: frozenset[str] = field(default=frozenset(), repr=False)
    names: frozenset[str] = field(default=frozenset(), repr=False)


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
    names: set[str] = set()
    for element in _elements(header):
        total += 1
        for value in _identifying(element):
            identities.update(_spellings(value) if element.VR == "PN" else {value})
            names.update(_words(value) if element.VR == "PN" else ())
    for keyword, rule in allowed.rules.items():
        value = _value(header, keyword)
        if value is not None and rule.allows(value):
            kept[keyword] = _rewritten(value)
    return Screened(kept, total - len(kept), _telling(identities), _telling(names))


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


def _rewritten(value: Any) -> Any:
    """A value in our own spelling: numbers to six digits, since their text may be too long or tell more."""
    if isinstance(value, MultiValue):
        return [_rewritten(part) for part in value]
    if isinstance(value, str):
        return str(value)
    number = float(f"{float(value):.6g}")
    return int(number) if number.is_integer() else number


def _identifying(element: DataElement) -> list[str]:
    """Values of an element that names somebody or something."""
    if element.VR not in IDENTIFYING and element.keyword not in IDENTIFYING_KEYWORDS:
        return []
    if element.keyword.endswith(("ClassUID", "SyntaxUID")) or element.value is None:
        return []
    return [str(part) for part in (element.value if element.VM > 1 else [element.value])]


def _words(name: str) -> list[str]:
    return [word for word in re.split(r"[\^=, ]+", name) if word]


def _spellings(name: str) -> set[str]:
    """A person's name as it stands, and with its words in the two usual orders."""
    words = _words(name)
    orders = (words, words[::-1])
    return {name, *(between.join(order) for order in orders for between in ("^", " ", ", ", "_", "-"))}


def _telling(texts: set[str]) -> frozenset[str]:
    """Without what is empty of meaning, or so short that it is found by chance."""
    return frozenset(
        text
        for text in texts
        if len(text) >= (SHORTEST_NUMBER if text.isdigit() else SHORTEST) and text.lower() not in PLACEHOLDERS
    )

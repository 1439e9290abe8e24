"""Who a header names: texts that must not be found outside, words of names, and what texts are cleaned of.

One gathering for every way that something leaves: it follows all sequences, also those that are removed. It must not
know what may stay.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from pydicom.datadict import keyword_dict, tag_for_keyword
from pydicom.dataset import Dataset

from app.deid.elements import (
    DEEPEST,
    REGISTERED,
    UNREADABLE,
    Element,
    Opened,
    encodings_of,
    items_of,
    loaded,
    spoken_in,
    text_of,
    vr_of,
)

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
"""Attributes whose every value identifies somebody or something, persons' names and UIDs aside."""

TELLING_KEYWORDS = (
    "AdmissionID",
    "CassetteID",
    "ClinicalTrialSiteName",
    "ClinicalTrialSubjectID",
    "DetectorID",
    "FillerOrderNumberImagingServiceRequest",
    "GantryID",
    "InstitutionalDepartmentName",
    "MedicalRecordLocator",
    "MilitaryRank",
    "Occupation",
    "PatientReligiousPreference",
    "PerformedLocation",
    "PerformedProcedureStepID",
    "PerformedStationName",
    "PlacerOrderNumberImagingServiceRequest",
    "ReferringPhysicianAddress",
    "ReferringPhysicianTelephoneNumbers",
    "RequestedProcedureID",
    "RequestingService",
    "ScheduledProcedureStepID",
    "ScheduledStationName",
)
"""Further attributes that texts are cleaned of; too often a common word to be looked for in whole files."""

SHORTEST, SHORTEST_NUMBER = 4, 6
"""Shorter texts, and shorter numbers, are found everywhere by chance."""

PLACEHOLDERS = frozenset({"anonymous", "anonymized", "anonymised", "none", "unknown", "removed", "null", "phantom"})

_IDENTIFYING = frozenset(tag for word in IDENTIFYING_KEYWORDS if (tag := tag_for_keyword(word)) is not None)
_TELLING = _IDENTIFYING | {tag for word in TELLING_KEYWORDS if (tag := tag_for_keyword(word)) is not None}
_CLASSES = frozenset(tag for word, tag in keyword_dict.items() if word.endswith(("ClassUID", "SyntaxUID")))
_INSTITUTION = frozenset(map(tag_for_keyword, ("InstitutionName", "InstitutionAddress")))
_ADDRESSES = frozenset(map(tag_for_keyword, ("PatientAddress", "InstitutionAddress", "ReferringPhysicianAddress")))
"""Their parts between commas (street, town) are written alone as well."""
_DEVICE = frozenset(map(tag_for_keyword, ("StationName", "DeviceSerialNumber")))


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a header tells of persons and places.

    Attributes:
        identities: values that name somebody or something; never stored, only looked for.
        names: the single words of persons' names. Many are common words too.
        telling: values, whole, that texts are cleaned of: identifiers, institutions, addresses.
        uids: identifiers of the study, which are among ``identities`` too.
        institution, device: those of ``identities`` that stay where the option for them is on.
        elements: how many elements there are, in sequences too.
    """

    identities: frozenset[str] = field(repr=False)
    names: frozenset[str] = field(repr=False)
    telling: frozenset[str] = field(repr=False)
    uids: frozenset[str] = field(repr=False)
    institution: frozenset[str] = field(repr=False)
    device: frozenset[str] = field(repr=False)
    elements: int


def gather(header: Dataset, opened: Opened | None = None) -> Gathered:
    """Look at every element that can be read; one that cannot identifies nobody to a reader.

    Args:
        header: it is not changed.
        opened: takes in the sequences that were opened on the way.
    """
    found = _Finds({} if opened is None else opened)
    found.look(header, ["iso8859"], 0)
    return Gathered(
        _telling(found.values),
        _telling(found.words),
        frozenset(found.telling),
        _telling(found.uids),
        frozenset(found.institution),
        frozenset(found.device),
        found.elements,
    )


class _Finds:
    """The sets that a walk over a header fills."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self.values: set[str] = set()
        self.words: set[str] = set()
        self.telling: set[str] = set()
        self.uids: set[str] = set()
        self.institution: set[str] = set()
        self.device: set[str] = set()
        self.elements = 0

    def look(self, dataset: Dataset, encodings: Sequence[str], depth: int) -> None:
        encodings = encodings_of(dataset, encodings)
        for element in dataset.values():
            self.elements += 1
            vr = element.VR
            if vr is None or vr == "UN":
                vr = vr_of(element.tag)
            if vr == "SQ":
                self._look_into(element, encodings, depth)
            elif vr in ("PN", "UI") or element.tag in _TELLING:
                self._take(dataset, element, vr, encodings)

    def _look_into(self, element: Element, encodings: Sequence[str], depth: int) -> None:
        if depth >= DEEPEST:
            return
        try:
            items = items_of(element, encodings, self._opened)
        except (OSError, EOFError, *UNREADABLE):
            return
        for item in items:
            self.look(item, encodings, depth + 1)

    def _take(self, dataset: Dataset, element: Element, vr: str, encodings: Sequence[str]) -> None:
        try:
            value = loaded(dataset, element, (True, True)).value
        except UNREADABLE:
            return
        text = text_of(value or b"", spoken_in(element, encodings))
        for part in text.split("\\") if text else ():
            self._sort(int(element.tag), vr, part.strip())

    def _sort(self, tag: int, vr: str, part: str) -> None:
        if vr == "PN":
            self.values |= _spellings(part)
            self.words.update(_words(part))
        elif vr == "UI":
            if part not in REGISTERED and tag not in _CLASSES:
                self.values.add(part)
                self.uids.add(part)
        elif part:
            self.telling.add(part)
            if tag in _ADDRESSES:
                self.telling.update(piece.strip() for piece in part.split(","))
            if tag in _IDENTIFYING:
                self.values.add(part)
            if tag in _INSTITUTION:
                self.institution.add(part)
            if tag in _DEVICE:
                self.device.add(part)


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

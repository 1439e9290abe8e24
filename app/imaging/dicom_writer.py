"""Pictures as DICOM files that validators accept and that say what they are.

It writes what a ``Page`` holds; it must not read sources, and it never invents a reference to one.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

from pydicom import FileDataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian

from app.deid.statement import EQUIPMENT, statements
from app.domain.deid import Profile, Protection
from app.imaging import dicom_encoder, dicom_samples, marking
from app.imaging.dicom_classes import kind_of
from app.imaging.dicom_text import ST, code, line, paragraph
from app.imaging.picture import Origin, Page

IMPLEMENTATION = "2.25.226711053160183366341286233408811027049"
"""Implementation class UID: one UUID, made once for Understudy."""

SYNTHESIZING = ("109100", "Synthesizing Equipment")
"""Purpose of contributing equipment (PS3.16, CID 7005); that of real images is ``statement.EQUIPMENT``."""

RESAMPLING = ("113085", "Spatial resampling")
"""Derivation of a prepared real slice (PS3.16, CID 7203). The list has no code for a picture that a model drew."""

PAIRED = frozenset({"BREAST", "EXTREMITY", "FOOT", "HAND", "HIP", "KIDNEY", "KNEE", "SHOULDER"})
"""Body parts of the allow-list that a person has two of."""

PROTECTION = Protection.of(Profile.MAXIMUM)
"""How the header of a prepared real slice is protected whatever was asked for: nothing is retained."""

REWRITTEN = "Header written anew from an allow-list"
"""What De-identification Method says beyond ``statements``."""


def storage_class(page: Page) -> str:
    """SOP Class UID that a page is written as."""
    return str(kind_of(page).uid)


def write(path: Path, page: Page) -> None:
    """Write one single-frame DICOM file (explicit VR little endian, no preamble text).

    Raises:
        OSError: the file cannot be written.
    """
    path.write_bytes(_encoded(page))


def build(page: Page) -> FileDataset:
    """The same file as a data set."""
    return dcmread(BytesIO(_encoded(page)))


def _encoded(page: Page) -> bytes:
    """Patient to pixels, marked as synthetic or as de-identified.

    Synthetic: (0008,001C) YES, a Contributing Equipment item 109100 and a derivation description (PS3.3 C.12.1).
    It carries no Patient Identity Removed (0012,0062): there was no patient whose identity could be removed.
    Real: (0008,001C) NO, and of its de-identification what every real file says (``statements``).
    """
    said: dict[str, Any] = {
        **page.acquisition,
        **_sop(page),
        **_patient(page),
        **_series(page),
        **_image(page),
        **kind_of(page).attributes(page),
        **_protection(page),
        **_provenance(page.origin),
        **dicom_samples.attributes(page),
    }
    return dicom_encoder.file_of(_file_meta(page), said)


def _file_meta(page: Page) -> dict[str, Any]:
    return {
        "MediaStorageSOPClassUID": storage_class(page),
        "MediaStorageSOPInstanceUID": page.identity.instance_uid,
        "TransferSyntaxUID": str(ExplicitVRLittleEndian),
        "ImplementationClassUID": IMPLEMENTATION,
        "ImplementationVersionName": f"UNDERSTUDY_{page.origin.version}"[:16],
    }


def _sop(page: Page) -> dict[str, Any]:
    return {
        "SpecificCharacterSet": "ISO_IR 192",
        "SOPClassUID": storage_class(page),
        "SOPInstanceUID": page.identity.instance_uid,
        "SyntheticData": marking.word(page.origin).upper(),
    }


def _patient(page: Page) -> dict[str, Any]:
    who = page.identity.patient
    return {
        "PatientName": who.replace("-", "^", 1),
        "PatientID": who,
        "PatientBirthDate": "",
        "PatientSex": "",
        "StudyInstanceUID": page.identity.study_uid,
        "StudyID": line(page.identity.study_id, 16),
        "StudyDate": "",
        "StudyTime": "",
        "AccessionNumber": "",
        "ReferringPhysicianName": "",
    }


def _protection(page: Page) -> dict[str, Any]:
    """What was done to a real image; a synthetic one has no patient, and nothing burned in."""
    if page.origin.synthetic:
        return {"BurnedInAnnotation": "NO"}
    said = dict(statements(PROTECTION, page.check))
    return said | {"DeidentificationMethod": [*said["DeidentificationMethod"], REWRITTEN]}


def _series(page: Page) -> dict[str, Any]:
    """The slices of a real series may be of several classes, so only a synthetic series is described by its class."""
    picture, origin = page.picture, page.origin
    record: dict[str, Any] = {
        "Modality": code(picture.modality) or "OT",
        "SeriesInstanceUID": page.identity.series_uid,
        "SeriesNumber": page.identity.series_number,
        "SeriesDescription": line(f"Synthetic: {picture.label}") if origin.synthetic else "De-identified",
        **_laterality(page.acquisition.get("BodyPartExamined")),
    }
    if origin.synthetic:
        return record | _maker(origin)
    return record | {"Manufacturer": page.acquisition.get("Manufacturer", "")}


def _maker(origin: Origin) -> dict[str, Any]:
    return {
        "Manufacturer": "Understudy",
        "ManufacturerModelName": "Understudy",
        "SoftwareVersions": line(origin.version),
    }


def _laterality(part: str | None) -> dict[str, Any]:
    """Empty (unknown) for a paired or an unnamed part; it must be absent for an unpaired one (PS3.3 C.7.3.1)."""
    return {"Laterality": ""} if part is None or part in PAIRED else {}


def _image(page: Page) -> dict[str, Any]:
    picture, flavour = page.picture, kind_of(page).flavour
    mark = ("SYNTHETIC",) if page.origin.synthetic and flavour else ()
    return {
        "ImageType": ["DERIVED", "SECONDARY", *flavour, *mark],
        "InstanceNumber": page.identity.number,
        "PatientOrientation": "",
        "ImageComments": paragraph(f"class: {picture.label}"),
        "LossyImageCompression": "01" if picture.lossy else "00",
    }


def _provenance(origin: Origin) -> dict[str, Any]:
    described = paragraph(marking.story(origin), ST)
    equipment = {
        "PurposeOfReferenceCodeSequence": [_code(*(SYNTHESIZING if origin.synthetic else EQUIPMENT))],
        **_maker(origin),
        "ContributionDescription": described,
    }
    record: dict[str, Any] = {"DerivationDescription": described, "ContributingEquipmentSequence": [equipment]}
    return record if origin.synthetic else record | {"DerivationCodeSequence": [_code(*RESAMPLING)]}


def _code(value: str, meaning: str) -> dict[str, Any]:
    return {"CodeValue": value, "CodingSchemeDesignator": "DCM", "CodeMeaning": meaning}

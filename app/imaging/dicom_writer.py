"""Pictures as DICOM files that validators accept and that say what they are.

CT and MR pictures become CT and MR Image Storage, anything else (or a slice of unknown spacing, which those classes
forbid) Secondary Capture. It writes what a ``Page`` holds; it must not read sources, and it never invents a
reference to one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, MRImageStorage, SecondaryCaptureImageStorage
from pydicom.valuerep import DSfloat

from app.imaging.picture import AXES, Page, Picture, to_levels

IMPLEMENTATION = "2.25.226711053160183366341286233408811027049"
"""Implementation class UID: one UUID, made once for Understudy."""

SYNTHESIZING = ("109100", "Synthesizing Equipment")
DEIDENTIFYING = ("109104", "De-identifying Equipment")
"""Purposes of contributing equipment (PS3.16, CID 7005)."""

PAIRED = frozenset({"BREAST", "EXTREMITY", "FOOT", "HAND", "HIP", "KIDNEY", "KNEE", "SHOULDER"})
"""Body parts of the allow-list that a person has two of."""

WHOLE_NUMBERS_RESOLVE = 255
"""A window at least this wide is resolved by whole numbers as finely as a screen shows it."""

METHOD = (
    "Understudy allow-list: attributes not on it were removed",
    "Pixels NOT checked for burned-in text",
    "Pixels NOT checked for recognisable faces",
)
"""De-identification Method (0012,0063) of real images: what was done, and what was not (64 characters a value)."""


def storage_class(picture: Picture) -> str:
    """SOP Class UID that a picture is written as."""
    classes = {"CT": CTImageStorage, "MR": MRImageStorage}
    return (
        str(classes.get(picture.modality, SecondaryCaptureImageStorage))
        if picture.spacing_mm
        else str(SecondaryCaptureImageStorage)
    )


def write(path: Path, page: Page) -> None:
    """Write one single-frame DICOM file (explicit VR little endian, no preamble text).

    Raises:
        OSError: the file cannot be written.
    """
    dataset = build(page)
    dataset.save_as(path, enforce_file_format=True)


def build(page: Page) -> FileDataset:
    """The data set of a page: patient to pixels, marked as synthetic or as de-identified.

    Synthetic: (0008,001C) YES, a Contributing Equipment item 109100 and a derivation description (PS3.3 C.12.1).
    It carries no Patient Identity Removed (0012,0062): there was no patient whose identity could be removed.
    Real: (0008,001C) NO, Patient Identity Removed NO with a method that says what was not checked, since YES speaks
    for the pixels too (PS3.15 E.1.1).
    """
    dataset = FileDataset("", {}, file_meta=_file_meta(page), preamble=b"\0" * 128)
    for part in (page.acquisition, _sop(page), _patient(page), _series(page), _image(page), _provenance(page)):
        for keyword, value in part.items():
            setattr(dataset, keyword, value)
    _set_pixels(dataset, page.picture)
    return dataset


def _file_meta(page: Page) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(storage_class(page.picture))
    meta.MediaStorageSOPInstanceUID = UID(page.identity.instance_uid)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(IMPLEMENTATION)
    meta.ImplementationVersionName = f"UNDERSTUDY_{page.origin.version}"[:16]
    return meta


def _sop(page: Page) -> dict[str, Any]:
    return {
        "SpecificCharacterSet": "ISO_IR 192",
        "SOPClassUID": storage_class(page.picture),
        "SOPInstanceUID": page.identity.instance_uid,
        "SyntheticData": "YES" if page.origin.synthetic else "NO",
    }


def _patient(page: Page) -> dict[str, Any]:
    who = page.identity.patient
    record: dict[str, Any] = {
        "PatientName": who.replace("-", "^", 1),
        "PatientID": who,
        "PatientBirthDate": "",
        "PatientSex": "",
        "StudyInstanceUID": page.identity.study_uid,
        "StudyID": "1",
        "StudyDate": "",
        "StudyTime": "",
        "AccessionNumber": "",
        "ReferringPhysicianName": "",
    }
    if not page.origin.synthetic:
        record |= {
            "PatientIdentityRemoved": "NO",
            "DeidentificationMethod": list(METHOD),
            "LongitudinalTemporalInformationModified": "REMOVED",
        }
    return record


def _series(page: Page) -> dict[str, Any]:
    picture, origin = page.picture, page.origin
    kind = "Synthetic" if origin.synthetic else "De-identified"
    record: dict[str, Any] = {
        "Modality": picture.modality or "OT",
        "SeriesInstanceUID": page.identity.series_uid,
        "SeriesNumber": 1,
        "SeriesDescription": f"{kind}: {picture.label}"[:64],
        **_laterality(page.acquisition.get("BodyPartExamined")),
    }
    if origin.synthetic:
        equipment = {"Manufacturer": "Understudy", "ManufacturerModelName": "Understudy"}
        record |= {**equipment, "SoftwareVersions": origin.version}
    else:
        record["Manufacturer"] = page.acquisition.get("Manufacturer", "")
    if storage_class(picture) == SecondaryCaptureImageStorage:
        record["ConversionType"] = "SYN" if origin.synthetic else "WSD"
    else:
        record |= {
            "FrameOfReferenceUID": page.identity.frame_uid,
            "PositionReferenceIndicator": "",
            "PatientPosition": "",
        }
    return record


def _laterality(part: str | None) -> dict[str, Any]:
    """Empty (unknown) for a paired or an unnamed part; it must be absent for an unpaired one (PS3.3 C.7.3.1)."""
    return {"Laterality": ""} if part is None or part in PAIRED else {}


def _image(page: Page) -> dict[str, Any]:
    picture = page.picture
    third = "AXIAL" if storage_class(picture) == CTImageStorage else "OTHER"
    low, high = picture.window
    record: dict[str, Any] = {
        "ImageType": ["DERIVED", "SECONDARY", third, *(["SYNTHETIC"] if page.origin.synthetic else [])],
        "InstanceNumber": page.identity.number,
        "PatientOrientation": "",
        "ImageComments": f"class: {picture.label}",
        "WindowCenter": _number((low + high) / 2),
        "WindowWidth": _number(max(high - low, 1e-6)),
        **_geometry(page),
        **_modality(page),
    }
    if page.origin.synthetic:
        record["BurnedInAnnotation"] = "NO"
    record["LossyImageCompression"] = "01" if picture.lossy else "00"
    return record


def _geometry(page: Page) -> dict[str, Any]:
    """Image plane of a slice whose place in a patient is invented: its middle lies on the axis of its normal."""
    picture = page.picture
    if picture.spacing_mm is None:
        return {}
    if storage_class(picture) == SecondaryCaptureImageStorage:
        return {"PixelSpacing": [_number(part) for part in picture.spacing_mm]}
    rows, columns = picture.pixels.shape
    row_mm, column_mm = picture.spacing_mm
    along_columns, along_rows = AXES[picture.plane]
    normal = np.cross(along_columns, along_rows)
    corner = [
        n * picture.offset_mm - (a * column_mm * (columns - 1) + b * row_mm * (rows - 1)) / 2
        for a, b, n in zip(along_columns, along_rows, normal, strict=True)
    ]
    return {
        "PixelSpacing": [_number(row_mm), _number(column_mm)],
        "ImageOrientationPatient": [_number(part) for part in (*along_columns, *along_rows)],
        "ImagePositionPatient": [_number(part) for part in corner],
        "SliceThickness": page.acquisition.get("SliceThickness"),
    }


def _modality(page: Page) -> dict[str, Any]:
    """Type 2 attributes that a class asks for: empty where the allow-list kept no value."""
    empty = {
        CTImageStorage: ("KVP", "AcquisitionNumber"),
        MRImageStorage: ("RepetitionTime", "EchoTime", "EchoTrainLength"),
    }.get(UID(storage_class(page.picture)), ())
    record: dict[str, Any] = {keyword: page.acquisition.get(keyword) for keyword in empty}
    if storage_class(page.picture) == MRImageStorage:
        defaults = {"ScanningSequence": "RM", "SequenceVariant": "NONE", "ScanOptions": "", "MRAcquisitionType": ""}
        record |= {keyword: page.acquisition.get(keyword, value) for keyword, value in defaults.items()}
    return record


def _provenance(page: Page) -> dict[str, Any]:
    origin = page.origin
    if origin.synthetic:
        description = (
            f"Synthetic image, drawn by a generative model; it shows no patient. {origin.program}, run {origin.run}, "
            f"sample set {origin.samples}, checkpoint SHA-256 {origin.checkpoint_sha256}, seed {origin.seed}."
        )
        purpose = SYNTHESIZING
    else:
        description = f"Real image, cropped and resampled, rewritten without its original header by {origin.program}."
        purpose = DEIDENTIFYING
    equipment = Dataset()
    equipment.PurposeOfReferenceCodeSequence = [_code(*purpose)]
    equipment.Manufacturer = "Understudy"
    equipment.ManufacturerModelName = "Understudy"
    equipment.SoftwareVersions = origin.version
    equipment.ContributionDescription = description[:1024]
    return {"DerivationDescription": description[:1024], "ContributingEquipmentSequence": [equipment]}


def _set_pixels(dataset: FileDataset, picture: Picture) -> None:
    stored, intercept, slope = _stored(picture)
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = stored.shape
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit = 15
    dataset.PixelRepresentation = int(stored.dtype == np.int16)
    if (intercept, slope) != (0.0, 1.0):
        dataset.RescaleIntercept, dataset.RescaleSlope = _number(intercept), _number(slope)
        dataset.RescaleType = "HU" if picture.unit == "HU" else "US"
    dataset.PixelData = np.ascontiguousarray(stored).astype(stored.dtype.newbyteorder("<")).tobytes()
    dataset["PixelData"].VR = "OW"


def _stored(picture: Picture) -> tuple[NDArray[np.uint16] | NDArray[np.int16], float, float]:
    """Stored values with the intercept and slope that bring physical values back.

    MR has no rescale in its definition, so its values are stored as they are where whole numbers resolve them;
    otherwise 16 unsigned bits span the whole window.
    """
    low, high = picture.window
    if storage_class(picture) == MRImageStorage and high - low >= WHOLE_NUMBERS_RESOLVE:
        whole = np.rint(np.clip(picture.pixels, low, high))
        if low >= 0 and high <= 65535:
            return whole.astype(np.uint16), 0.0, 1.0
        if low >= -32768 and high <= 32767:
            return whole.astype(np.int16), 0.0, 1.0
    return to_levels(picture, 65535), low, max(high - low, 1e-6) / 65535


def _number(value: float) -> DSfloat:
    return DSfloat(float(value), auto_format=True)


def _code(value: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
    return item

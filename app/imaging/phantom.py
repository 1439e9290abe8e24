"""The sample project: invented patients scanned by an invented scanner, written as DICOM CT series.

It lets a person try the whole road without data of their own, and gives tests pictures whose truth is known. All
headers are invented; every file says that it is simulated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

from app.imaging import phantom_anatomy, phantom_scanner
from app.imaging.phantom_anatomy import Lesion

FIELD_MM = 360.0
SLICE_MM = 5.0
WINDOW = (60.0, 400.0)
"""Centre and width that a person would choose for the liver after contrast."""
OnProgress = Callable[[int, int], None]


def make(
    folder: Path,
    *,
    patients: int = 36,
    slices: int = 6,
    size: int = 128,
    seed: int = 0,
    on_progress: OnProgress | None = None,
) -> list[Path]:
    """Write one CT series for each patient, in one folder for each class (``phantom_anatomy.Lesion``).

    The same arguments write the same bytes. Patient ``n`` has the class ``n`` modulo the number of classes.

    Args:
        folder: where the class folders go; made where it is missing.
        patients: how many invented patients.
        slices: slices of each, 5 mm apart, all of which meet the lesion up to 7.
        size: rows and columns; the field is 360 mm whatever the size.
        seed: another seed gives other patients.
        on_progress: called with (patients done, patients in all); raising from it stops.
    """
    written: list[Path] = []
    for number in range(patients):
        if on_progress is not None:
            on_progress(number, patients)
        lesion = list(Lesion)[number % len(Lesion)]
        target = folder / lesion.value
        target.mkdir(parents=True, exist_ok=True)
        patient = phantom_anatomy.invent(seed * 100_003 + number, lesion)
        for index in range(slices):
            z = (index - (slices - 1) / 2) * SLICE_MM
            hu = _scanned(patient, z, size, index)
            path = target / f"SAMPLE-{number + 1:03d}_{index + 1:02d}.dcm"
            _dataset(hu, number, index, z, seed).save_as(path, enforce_file_format=True)
            written.append(path)
    if on_progress is not None:
        on_progress(patients, patients)
    return written


def _scanned(patient: phantom_anatomy.Patient, z: float, size: int, index: int) -> NDArray[np.float64]:
    pixel_mm = FIELD_MM / size
    rng = np.random.default_rng([patient.seed, 3, index])
    return phantom_scanner.scan(phantom_anatomy.slice_hu(patient, z, size, pixel_mm), pixel_mm, rng)


def _uid(*parts: object) -> UID:
    """A UID under 2.25 that depends on ``parts`` alone (PS3.5 B.2)."""
    digest = hashlib.sha256("/".join(str(part) for part in ("understudy-sample", *parts)).encode()).digest()
    return UID(f"2.25.{int.from_bytes(digest[:16], 'big')}")


def _dataset(hu: NDArray[np.float64], patient: int, index: int, z: float, seed: int) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = _uid(seed, patient, "instance", index, hu.shape[0])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID = CTImageStorage
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.SyntheticData = "YES"
    _describe_patient(dataset, patient, seed)
    _describe_series(dataset, patient, seed)
    _describe_image(dataset, hu.shape[0], index, z)
    stored = np.clip(np.rint(hu) + 1024, 0, 4095).astype("<u2")
    dataset.PixelData = stored.tobytes()
    return dataset


def _describe_patient(dataset: Dataset, patient: int, seed: int) -> None:
    rng = np.random.default_rng([seed, patient, 4])
    dataset.PatientName = f"Sample^Patient {patient + 1:02d}"
    dataset.PatientID = f"SAMPLE-{patient + 1:03d}"
    dataset.PatientSex = str(rng.choice(["F", "M"]))
    age = int(rng.integers(28, 84))
    dataset.PatientBirthDate = f"{2026 - age}{rng.integers(1, 13):02d}{rng.integers(1, 29):02d}"
    dataset.PatientAge = f"{age - 1:03d}Y"
    dataset.StudyInstanceUID = _uid(seed, patient, "study")
    dataset.StudyID = f"{patient + 1}"
    dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = dataset.ContentDate = "20260105"
    dataset.StudyTime = dataset.SeriesTime = dataset.AcquisitionTime = dataset.ContentTime = (
        f"{8 + patient % 10:02d}1500"
    )
    dataset.AccessionNumber = f"S{patient + 1:05d}"
    dataset.ReferringPhysicianName = "Sample^Physician"
    dataset.StudyDescription = "Upper abdomen (simulated)"
    dataset.InstitutionName = "Understudy sample project"


def _describe_series(dataset: Dataset, patient: int, seed: int) -> None:
    dataset.Modality = "CT"
    dataset.SeriesInstanceUID = _uid(seed, patient, "series")
    dataset.SeriesNumber = 2
    dataset.SeriesDescription = "Liver portal venous 5 mm"
    dataset.ProtocolName = "Simulated abdomen"
    dataset.BodyPartExamined = "ABDOMEN"
    dataset.PatientPosition = "HFS"
    dataset.FrameOfReferenceUID = _uid(seed, patient, "frame")
    dataset.PositionReferenceIndicator = ""
    dataset.Manufacturer = "Understudy"
    dataset.ManufacturerModelName = "Physics phantom"
    dataset.DeviceSerialNumber = "0"
    dataset.SoftwareVersions = "1"
    dataset.KVP = 120
    dataset.ConvolutionKernel = "SHEPP-LOGAN"
    dataset.ContrastBolusAgent = "Simulated"
    dataset.ImageComments = "Simulated image of an invented patient"


def _describe_image(dataset: Dataset, size: int, index: int, z: float) -> None:
    pixel_mm = FIELD_MM / size
    corner = -(size - 1) / 2 * pixel_mm
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.AcquisitionNumber = 1
    dataset.InstanceNumber = index + 1
    dataset.ImagePositionPatient = [round(corner, 4), round(corner, 4), round(z, 4)]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing = [round(pixel_mm, 6), round(pixel_mm, 6)]
    dataset.SliceThickness = SLICE_MM
    dataset.SliceLocation = round(z, 4)
    dataset.Rows = dataset.Columns = size
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 0
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = -1024, 1, "HU"
    dataset.WindowCenter, dataset.WindowWidth = WINDOW
    dataset.BurnedInAnnotation = "NO"

"""Tiny DICOM series with known content, written in milliseconds. For every test that needs files of a scanner."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import (
    UID,
    CTImageStorage,
    EnhancedMRImageStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
    SecondaryCaptureImageStorage,
)

_STORAGE = {"CT": CTImageStorage, "MR": MRImageStorage}


@dataclass(frozen=True)
class SeriesPlan:
    """What a series is to look like; the defaults give an even axial CT of 5 slices of 24 x 32 pixels.

    ``positions`` are slice positions along the normal in mm (they may leave gaps, repeat or be unsorted);
    ``tilt_degrees`` shears the stack as a tilted gantry does; ``pixels`` are stored values, one array a slice.
    """

    patient: str = "P1"
    name: str = "Test^Patient"
    study: str = "study"
    series: str = "series"
    modality: str = "CT"
    rows: int = 24
    columns: int = 32
    positions: Sequence[float] = (0.0, 5.0, 10.0, 15.0, 20.0)
    spacing: tuple[float, float] = (1.0, 1.5)
    orientation: tuple[float, ...] = (1, 0, 0, 0, 1, 0)
    tilt_degrees: float = 0.0
    photometric: str = "MONOCHROME2"
    bits: int = 16
    signed: bool = False
    slope: float = 1.0
    intercept: float | None = -1024.0
    window: tuple[float, float] | None = (40.0, 400.0)
    with_positions: bool = True
    extra: tuple[tuple[str, Any], ...] = ()
    pixels: Sequence[NDArray[Any]] | None = None


def uid(*parts: object) -> UID:
    """A UID that depends on ``parts`` alone."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return UID(f"2.25.{int.from_bytes(digest[:16], 'big')}")


def write_series(folder: Path, plan: SeriesPlan | None = None, **changes: Any) -> list[Path]:
    """Write the series of ``plan`` (or the default one with ``changes``) into ``folder``; files in slice order."""
    plan = plan or SeriesPlan(**changes)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(len(plan.positions)):
        paths.append(folder / f"{plan.series}_{number:03d}.dcm")
        dataset(plan, number).save_as(paths[-1], enforce_file_format=True)
    return paths


def write_enhanced(path: Path, *, places: int, echoes: Sequence[float], times: int) -> Path:
    """One enhanced MR file: axial frames 3 mm apart, of every echo at every time, the places changing fastest.

    Pixel values are 1000 * place + 100 * time + number of the echo, the latter two from 1.
    """
    plan = SeriesPlan(modality="MR", series="enhanced", intercept=None, with_positions=False)
    made = dataset(plan, 0)
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = EnhancedMRImageStorage
    frames, pixels = [], []
    for time, (number, echo), place in product(range(1, times + 1), enumerate(echoes, 1), range(places)):
        frame = Dataset()
        frame.PlanePositionSequence = [_item(ImagePositionPatient=[0, 0, 3 * place])]
        frame.FrameContentSequence = [_item(TemporalPositionIndex=time)]
        frame.MREchoSequence = [_item(EffectiveEchoTime=echo)]
        frames.append(frame)
        pixels.append(np.full((plan.rows, plan.columns), 1000 * place + 100 * time + number, "<u2"))
    shared = Dataset()
    shared.PlaneOrientationSequence = [_item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])]
    shared.PixelMeasuresSequence = [_item(PixelSpacing=[0.9, 0.8], SliceThickness=3)]
    made.SharedFunctionalGroupsSequence, made.PerFrameFunctionalGroupsSequence = [shared], frames
    made.NumberOfFrames, made.PixelData = len(frames), np.stack(pixels).tobytes()
    del made.PixelSpacing, made.SliceThickness
    path.parent.mkdir(parents=True, exist_ok=True)
    made.save_as(path, enforce_file_format=True)
    return path


def _item(**values: Any) -> Dataset:
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


def write_classes(
    folder: Path, *, classes: Sequence[str] = ("a", "b"), patients: int = 4, slices: int = 2
) -> list[Path]:
    """A folder for each class, with one series for each of its ``patients``; classes differ in brightness."""
    paths: list[Path] = []
    for brightness, label in enumerate(classes):
        for patient in range(patients):
            who = f"{label}-{patient}"
            plan = SeriesPlan(
                patient=who,
                study=who,
                series=who,
                positions=[5.0 * k for k in range(slices)],
                pixels=[ramp(24, 32) + 200 * brightness + 7 * patient + k for k in range(slices)],
            )
            paths += write_series(folder / label, plan)
    return paths


def ramp(rows: int, columns: int, start: int = 900) -> NDArray[np.int64]:
    """Values that differ in every pixel, growing along rows, then columns."""
    return start + np.arange(rows * columns).reshape(rows, columns)


def dataset(plan: SeriesPlan, number: int) -> FileDataset:
    """Slice ``number`` of the plan as a dataset that can be saved."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = _STORAGE.get(plan.modality, SecondaryCaptureImageStorage)
    meta.MediaStorageSOPInstanceUID = uid(plan.patient, plan.study, plan.series, number)
    made = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    made.SOPClassUID, made.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    made.PatientName, made.PatientID, made.PatientBirthDate = plan.name, plan.patient, "19700101"
    made.StudyInstanceUID, made.SeriesInstanceUID = uid(plan.study), uid(plan.study, plan.series)
    made.StudyDate, made.StudyDescription, made.SeriesDescription = "20260102", "Test study", plan.series
    made.Modality = plan.modality
    made.InstanceNumber = number + 1
    _place(made, plan, number)
    _paint(made, plan, number)
    for keyword, value in plan.extra:
        setattr(made, keyword, value)
    return made


def _place(made: FileDataset, plan: SeriesPlan, number: int) -> None:
    made.PixelSpacing = list(plan.spacing)
    made.SliceThickness = 5
    if not plan.with_positions:
        return
    across = np.cross(plan.orientation[:3], plan.orientation[3:])
    shear = np.tan(np.radians(plan.tilt_degrees)) * np.asarray(plan.orientation[3:])
    place = plan.positions[number] * (across + shear)
    made.ImagePositionPatient = [f"{v:.5f}" for v in place]
    made.ImageOrientationPatient = [f"{v:.6f}" for v in plan.orientation]


def _paint(made: FileDataset, plan: SeriesPlan, number: int) -> None:
    pixels = ramp(plan.rows, plan.columns) + number if plan.pixels is None else plan.pixels[number]
    made.Rows, made.Columns = pixels.shape[:2]
    made.SamplesPerPixel = 3 if pixels.ndim == 3 else 1
    if pixels.ndim == 3:
        made.PlanarConfiguration = 0
    made.PhotometricInterpretation = plan.photometric
    made.BitsAllocated = 8 if plan.bits <= 8 else 16
    made.BitsStored, made.HighBit = plan.bits, plan.bits - 1
    made.PixelRepresentation = int(plan.signed)
    kind = ("i" if plan.signed else "u") + str(made.BitsAllocated // 8)
    made.PixelData = pixels.astype(f"<{kind}").tobytes()
    if plan.intercept is not None:
        made.RescaleSlope, made.RescaleIntercept = plan.slope, plan.intercept
    if plan.window is not None:
        made.WindowCenter, made.WindowWidth = plan.window

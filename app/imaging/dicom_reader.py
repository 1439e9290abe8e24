"""DICOM files: what a file shows, where its slices lie, and which attributes are worth keeping.

It knows the standard's attributes; pixels are decoded in ``dicom_pixels``, grouping is in ``series``. The patient's
name is never read into anything that outlives the call; it only feeds the identity that gets hashed.
"""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.multival import MultiValue
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from app.domain.errors import Failed
from app.domain.study import SourceKind
from app.imaging import dicom_pixels
from app.imaging.content import DECODE_FAULTS, FileContent, Frame, SliceImage, Vector

KEPT_TAGS = (
    "Modality",
    "SeriesDescription",
    "StudyDescription",
    "BodyPartExamined",
    "ProtocolName",
    "PatientSex",
    "PatientAge",
    "Manufacturer",
    "ManufacturerModelName",
    "ViewPosition",
    "Laterality",
    "ImageLaterality",
    "ImageType",
    "SliceThickness",
    "KVP",
    "ConvolutionKernel",
    "MagneticFieldStrength",
    "EchoTime",
    "RepetitionTime",
    "SequenceName",
    "ContrastBolusAgent",
)
"""Attributes that help to label and to show a series and say nothing of who the patient is."""

PIXEL_ELEMENTS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
NOT_PICTURES = {
    "1.2.840.10008.5.1.4.1.1.66.4": "a segmentation",
    "1.2.840.10008.5.1.4.1.1.66.7": "a segmentation",
    "1.2.840.10008.5.1.4.1.1.481.2": "a radiotherapy dose map",
    "1.2.840.10008.5.1.4.1.1.77.1.6": "a whole-slide microscopy image",
}
"""SOP classes whose pixels are not grey pictures of slices."""
VIDEO_SYNTAXES = ("1.2.840.10008.1.2.4.10", "1.2.840.10008.1.2.4.6")
"""Beginnings of the MPEG-2, MPEG-4 and HEVC transfer syntaxes."""
PLACEHOLDERS = frozenset({"", "0", "anon", "anonymous", "anonymized", "anonymised", "none", "removed", "unknown", "na"})
"""Patient IDs that name nobody."""
_DICOM_FAULTS: tuple[type[Exception], ...] = (*DECODE_FAULTS, BytesLengthException, InvalidDicomError)
_SAID = {
    "less than expected": "its picture is cut short",
    "Missing required element": "its description of the picture is incomplete",
    "no attribute": "its description of the picture is incomplete",
}
"""Parts of pydicom's messages and what they mean to a person."""
_MOMENTS = ("TemporalPositionIdentifier", "TemporalPositionIndex", "AcquisitionNumber", "TriggerTime")


def _has_prefix(head: bytes) -> bool:
    """Whether a file that begins with ``head`` carries the DICOM prefix."""
    return head[128:132] == b"DICM"


def read(path: Path) -> FileContent:
    """Parse the file, decode every frame once, and describe it.

    Raises:
        Failed: ``not-an-image``, ``damaged-file``, ``no-pixels``, ``unsupported-kind`` or ``unsupported-coding``.
    """
    data = path.read_bytes()
    with dicom_pixels.quiet():
        try:
            dataset = _parse(data, path)
            _refuse_unfit(dataset)
            frames = _frames(dataset)
            for frame in frames:
                dicom_pixels.decode(dataset, frame.index)
            return _content(path, dataset, frames, hashlib.sha256(data).hexdigest())
        except _DICOM_FAULTS as error:
            raise Failed("damaged-file", detail=_plain(error)) from error


def load(path: Path, index: int) -> SliceImage:
    """Frame ``index`` of the file as a slice.

    Raises:
        Failed: ``damaged-file``.
    """
    with dicom_pixels.quiet():
        try:
            dataset = _parse(path.read_bytes(), path)
            pixels = dicom_pixels.decode(dataset, index)
            return SliceImage(pixels, _spacing(dataset, index), dicom_pixels.window(dataset, index, pixels))
        except _DICOM_FAULTS as error:
            raise Failed("damaged-file", detail=_plain(error)) from error


def _parse(data: bytes, path: Path) -> FileDataset:
    """The dataset; files without the prefix count as DICOM only where an image's attributes come out."""
    prefixed = _has_prefix(data)
    try:
        dataset = dcmread(io.BytesIO(data), force=not prefixed)
        known = "SOPClassUID" in dataset or "Rows" in dataset
    except _DICOM_FAULTS as error:
        if not prefixed:
            raise Failed("not-an-image") from error
        raise Failed("damaged-file", detail="its header cannot be read") from error
    if not prefixed and not known:
        raise Failed("not-an-image")
    dataset.filename = str(path)
    if "TransferSyntaxUID" not in dataset.file_meta:
        dataset.file_meta.TransferSyntaxUID = _guessed_syntax(dataset)
    return dataset


def _guessed_syntax(dataset: FileDataset) -> UID:
    """What a file without a file meta group must have been written in, seen from how its elements were parsed."""
    implicit, little = dataset.original_encoding
    if not little:
        return ExplicitVRBigEndian
    return ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian


def _refuse_unfit(dataset: FileDataset) -> None:
    sop_class = str(dataset.get("SOPClassUID", ""))
    if sop_class in NOT_PICTURES:
        raise Failed("unsupported-kind", kind=NOT_PICTURES[sop_class])
    if not any(dataset.get(name) for name in PIXEL_ELEMENTS):
        raise Failed("no-pixels")
    syntax = UID(str(dataset.file_meta.TransferSyntaxUID))
    if syntax.startswith(VIDEO_SYNTAXES):
        raise Failed("unsupported-kind", kind="a video")
    if not dicom_pixels.is_decodable(syntax):
        raise Failed("unsupported-coding", syntax=syntax.name)


def _frames(dataset: Dataset) -> tuple[Frame, ...]:
    count = max(1, int(dataset.get("NumberOfFrames") or 1))
    return tuple(_frame(dataset, index) for index in range(count))


def _frame(dataset: Dataset, index: int) -> Frame:
    position = _numbers(dicom_pixels.functional(dataset, index, "PlanePositionSequence", "ImagePositionPatient"), 3)
    cosines = _numbers(
        dicom_pixels.functional(dataset, index, "PlaneOrientationSequence", "ImageOrientationPatient"), 6
    )
    many = int(dataset.get("NumberOfFrames") or 1) > 1
    if many and "PerFrameFunctionalGroupsSequence" not in dataset:
        position = ()  # one position for many frames says nothing of where each lies
    placed = len(position) == 3 and _is_orthonormal(cosines)
    x, y, z = position if placed else (0.0, 0.0, 0.0)
    where: Vector | None = (x, y, z) if placed else None
    return Frame(
        index=index,
        rows=int(dataset.Rows),
        columns=int(dataset.Columns),
        position=where,
        orientation=cosines if placed else (),
        spacing_mm=_spacing(dataset, index),
        order=float(index) if many else (_number(dataset.get("InstanceNumber")) or 0.0),
        moments=_moments(dataset, index),
    )


def _moments(dataset: Dataset, index: int) -> tuple[tuple[str, str], ...]:
    values = ((name, dicom_pixels.functional(dataset, index, "FrameContentSequence", name)) for name in _MOMENTS)
    return tuple((name, str(value)) for name, value in values if value not in (None, ""))


def _spacing(dataset: Dataset, index: int) -> tuple[float, float] | None:
    """Pixel spacing of the plane; projection radiographs state it at the detector only."""
    value = dicom_pixels.functional(dataset, index, "PixelMeasuresSequence", "PixelSpacing")
    numbers = _numbers(value, 2) or _numbers(dataset.get("ImagerPixelSpacing"), 2)
    return (numbers[0], numbers[1]) if numbers and min(numbers) > 0 else None


def _content(path: Path, dataset: FileDataset, frames: tuple[Frame, ...], digest: str) -> FileContent:
    text = {name: _text(dataset.get(name)) for name in KEPT_TAGS}
    identity = patient_identity(dataset)
    return FileContent(
        path=path,
        kind=SourceKind.DICOM,
        sha256=digest,
        frames=frames,
        unit=dicom_pixels.unit(dataset),
        bits=8 if int(dataset.get("SamplesPerPixel") or 1) > 1 else int(dataset.get("BitsStored") or 32),
        patient_id=identity,
        patient_known=bool(identity),
        sop_instance_uid=_text(dataset.get("SOPInstanceUID")),
        study_uid=_text(dataset.get("StudyInstanceUID")),
        series_uid=_text(dataset.get("SeriesInstanceUID")),
        date=_date(_text(dataset.get("StudyDate")) or _text(dataset.get("SeriesDate"))),
        study_description=text["StudyDescription"],
        description=text["SeriesDescription"] or text["ProtocolName"],
        modality=text["Modality"],
        variant=_variant(dataset),
        tags={name: value for name, value in text.items() if value},
    )


def patient_identity(dataset: Dataset) -> str:
    """What tells this patient from others: ID with its issuer, else name with birth date; "" where neither is there."""
    number = _text(dataset.get("PatientID"))
    if number.lower() not in PLACEHOLDERS:
        return "\x1f".join(("id", number, _text(dataset.get("IssuerOfPatientID"))))
    name, birth = _text(dataset.get("PatientName")), _text(dataset.get("PatientBirthDate"))
    return "\x1f".join(("name", name, birth)) if name.lower() not in PLACEHOLDERS and birth else ""


def _variant(dataset: Dataset) -> tuple[str, ...]:
    """What splits a series: echo, and image type (CT: three values, as scanners vary the fourth inside a stack)."""
    kinds = dataset.get("ImageType") or []
    parts = [str(kind) for kind in ([kinds] if isinstance(kinds, str) else kinds)]
    if _text(dataset.get("Modality")) == "CT":
        parts = parts[:3]
    echo = _number(dataset.get("EchoTime"))
    number = _text(dataset.get("EchoNumbers"))
    return ("" if echo is None else f"{echo:.4g}", number, "\\".join(parts))


def _date(text: str) -> str:
    digits = text.replace(".", "").replace("-", "")
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}" if len(digits) == 8 and digits.isdigit() else ""


def _text(value: Any) -> str:
    if value is None:
        return ""
    parts: Iterable[Any] = value if isinstance(value, (list, tuple, MultiValue)) else [value]
    return "\\".join(str(part).strip(" \x00") for part in parts)


def _number(value: Any) -> float | None:
    numbers = _numbers(value, 1)
    return numbers[0] if numbers else None


def _numbers(value: Any, count: int) -> tuple[float, ...]:
    """``value`` as ``count`` finite numbers, or nothing."""
    if value is None or value == "":
        return ()
    many = list(value) if isinstance(value, (list, tuple, MultiValue)) else [value]
    try:
        numbers = tuple(float(number) for number in many)
    except (TypeError, ValueError):
        return ()
    return numbers if len(numbers) == count and all(map(math.isfinite, numbers)) else ()


def _is_orthonormal(cosines: tuple[float, ...]) -> bool:
    if len(cosines) != 6:
        return False
    row, column = cosines[:3], cosines[3:]
    lengths = math.hypot(*row), math.hypot(*column)
    across = sum(a * b for a, b in zip(row, column, strict=True))
    return all(abs(length - 1) < 0.02 for length in lengths) and abs(across) < 0.02


def _plain(error: BaseException) -> str:
    """The library's word on the fault, in a person's words."""
    said = str(error)
    return next((plain for part, plain in _SAID.items() if part in said), "its picture cannot be decoded")

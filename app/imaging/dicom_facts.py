"""From the attributes of a DICOM header to plain facts: slices with their geometry, identities, what is worth keeping.

It asks a header for attributes and does not know how that was parsed. The patient's name is never put into anything
that outlives the call; it only feeds the identity that gets hashed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from pydicom.multival import MultiValue

from app.domain.errors import Failed
from app.domain.study import SourceKind
from app.imaging import dicom_kinds, dicom_pixels, series_tags, suv
from app.imaging.content import FileContent, Frame, Vector
from app.imaging.dicom_header import Attributes
from app.imaging.dicom_shared import Shared

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
    "FrameTime",
    "CineRate",
    "RecommendedDisplayFrameRate",
    "PatientPosition",
    "RescaleSlope",
)
"""Attributes that help to label and to show a series and say nothing of who the patient is."""
PLACEHOLDERS = frozenset({"", "0", "anon", "anonymous", "anonymized", "anonymised", "none", "removed", "unknown", "na"})
"""Patient IDs that name nobody."""
_GROUP_OF = {
    "TemporalPositionIdentifier": "FrameContentSequence",
    "TemporalPositionIndex": "FrameContentSequence",
    "AcquisitionNumber": "FrameContentSequence",
    "TriggerTime": "FrameContentSequence",
    "DiffusionBValue": "MRDiffusionSequence",
    "DiffusionGradientOrientation": "MRDiffusionSequence",
    "EffectiveEchoTime": "MREchoSequence",
    "ComplexImageComponent": "MRImageFrameTypeSequence",
    "NominalCardiacTriggerDelayTime": "CardiacSynchronizationSequence",
    "AcquisitionTime": "FrameContentSequence",
    "ContentTime": "FrameContentSequence",
}
"""What tells repeated scans of one place apart, most telling first, with the functional group that it is in."""
_GROUPS = ("PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence")
_LEAST_FRAME = 8
"""Bytes that the shortest compressed frame takes: the header of its item (PS3.5 A.4)."""
_CUT_SHORT = "its picture is cut short"
_INCOMPLETE = "its description of the picture is incomplete"


def describe(path: Path, header: Attributes, room: Callable[[], int]) -> FileContent:
    """What the header says of a picture; ``room`` gives the size in bytes that its pixels can have at most.

    Raises:
        Failed: ``damaged-file``.
        one of ``content.DECODE_FAULTS`` where a value is not of its kind.
    """
    frames = _frames(header, _grid(header), room)
    common = _common(header)
    tags = dict(common["tags"])
    return FileContent(
        **{**common, "tags": tags}, path=path, frames=frames, sop_instance_uid=_text(header.get("SOPInstanceUID"))
    )


def _common_of(header: Attributes) -> dict[str, Any]:
    """Fields of ``FileContent`` that the files of a series mostly share."""
    text = {name: said for name in KEPT_TAGS if (said := _text(header.get(name)))}
    identity = patient_identity(header)
    modality, description = text.get("Modality", ""), text.get("SeriesDescription", "") or text.get("ProtocolName", "")
    kinds = _many(header.get("ImageType"))
    if modality == "PT" and (reason := suv.uptake(header).reason):
        text[series_tags.UPTAKE] = reason
    return {
        "kind": SourceKind.DICOM,
        "unit": dicom_pixels.unit(header),
        "bits": 8 if int(header.get("SamplesPerPixel") or 1) > 1 else int(header.get("BitsStored") or 32),
        "patient_id": identity,
        "patient_known": bool(identity),
        "study_uid": _text(header.get("StudyInstanceUID")),
        "series_uid": _text(header.get("SeriesInstanceUID")),
        "date": _date(_text(header.get("StudyDate")) or _text(header.get("SeriesDate"))),
        "study_description": text.get("StudyDescription", ""),
        "description": description,
        "modality": modality,
        "variant": _variant(header, kinds, text),
        "tags": text,
        "frame_of_reference_uid": _text(header.get("FrameOfReferenceUID")),
        "apart": dicom_kinds.apart(kinds, modality, description=description),
    }


_common = Shared(_common_of)


def patient_identity(header: Attributes) -> str:
    """What tells this patient from others: ID with its issuer, else name with birth date; "" where neither is there."""
    number = _text(header.get("PatientID"))
    if number.lower() not in PLACEHOLDERS:
        return "\x1f".join(("id", number, _text(header.get("IssuerOfPatientID"))))
    name, birth = _text(header.get("PatientName")), _text(header.get("PatientBirthDate"))
    return "\x1f".join(("name", name, birth)) if name.lower() not in PLACEHOLDERS and birth else ""


def spacing(header: Attributes, index: int) -> tuple[float, float] | None:
    """(row, column) spacing of a frame in mm; projection radiographs state it at the detector only."""
    value = dicom_pixels.functional(header, index, "PixelMeasuresSequence", "PixelSpacing")
    both = numbers(value, 2) or numbers(header.get("ImagerPixelSpacing"), 2)
    return (both[0], both[1]) if both and min(both) > 0 else None


class _Grid(NamedTuple):
    """How the frames of a file are sized, and how they lie where all lie alike."""

    size: tuple[int, int]
    frames: int
    grouped: bool
    orientation: tuple[float, ...]
    spacing: tuple[float, float] | None


def _grid_of(header: Attributes) -> _Grid:
    rows, columns = header.get("Rows"), header.get("Columns")
    if not rows or not columns:
        raise Failed("damaged-file", detail=_INCOMPLETE)
    return _Grid(
        (int(rows), int(columns)),
        max(1, int(header.get("NumberOfFrames") or 1)),
        any(header.get(name) for name in _GROUPS),
        _orientation(header, 0),
        spacing(header, 0),
    )


_grid = Shared(_grid_of)


def _frames(header: Attributes, grid: _Grid, room: Callable[[], int]) -> tuple[Frame, ...]:
    """The frames that the header promises.

    A number of frames that the file cannot hold is refused here, before anything is made for each of them.
    """
    count = grid.frames
    if count > 1 and count * _LEAST_FRAME > max(room(), _LEAST_FRAME):
        raise Failed("damaged-file", detail=_CUT_SHORT)
    number = _number(header.get("InstanceNumber")) or 0.0
    if grid.grouped:
        if count == 1 or header.get("PerFrameFunctionalGroupsSequence"):
            return tuple(_grouped(header, grid, index, float(index) if count > 1 else number) for index in range(count))
    elif count == 1:
        position = numbers(header.get("ImagePositionPatient"), 3)
        return (_frame(grid, 0, number, position, _moments(header.get)),)
    # one position for many frames says nothing of where each lies
    moments = _moments(header.get)
    return tuple(_frame(grid, index, float(index), (), moments) for index in range(count))


def _grouped(header: Attributes, grid: _Grid, index: int, order: float) -> Frame:
    """A frame with functional groups, its own or shared ones (PS3.3 C.7.6.16)."""
    position = numbers(dicom_pixels.functional(header, index, "PlanePositionSequence", "ImagePositionPatient"), 3)
    own = grid._replace(orientation=_orientation(header, index), spacing=spacing(header, index))
    moments = _moments(lambda name: dicom_pixels.functional(header, index, _GROUP_OF[name], name))
    return _frame(own, index, order, position, moments)


def _frame(
    grid: _Grid, index: int, order: float, position: tuple[float, ...], moments: tuple[tuple[str, str], ...]
) -> Frame:
    where: Vector | None = None
    if len(position) == 3 and grid.orientation:
        where = position[0], position[1], position[2]
    orientation = grid.orientation if where else ()
    return Frame(index, *grid.size, where, orientation, grid.spacing, order, moments)


def _orientation(header: Attributes, index: int) -> tuple[float, ...]:
    cosines = numbers(dicom_pixels.functional(header, index, "PlaneOrientationSequence", "ImageOrientationPatient"), 6)
    return cosines if _is_orthonormal(cosines) else ()


def _moments(value_of: Callable[[str], Any]) -> tuple[tuple[str, str], ...]:
    return tuple([(name, text) for name in _GROUP_OF if (text := _text(value_of(name)))])


def _variant(header: Attributes, kinds: list[str], text: dict[str, str]) -> tuple[str, ...]:
    """What splits a series: echo, image type (CT: three values, as scanners vary the fourth inside a stack), kernel."""
    echo = _number(header.get("EchoTime"))
    return (
        "" if echo is None else f"{echo:.4g}",
        _text(header.get("EchoNumbers")),
        "\\".join(kinds[:3] if text.get("Modality") == "CT" else kinds),
        text.get("ConvolutionKernel", ""),
        _text(header.get("RescaleType")),
    )


def _date(text: str) -> str:
    digits = text.replace(".", "").replace("-", "")
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}" if len(digits) == 8 and digits.isdigit() else ""


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return str(value).strip(" \x00")
    parts: Iterable[Any] = value if isinstance(value, (list, tuple, MultiValue)) else [value]
    return "\\".join(str(part).strip(" \x00") for part in parts)


def _many(value: Any) -> list[str]:
    return _text(value).split("\\") if value else []


def _number(value: Any) -> float | None:
    return next(iter(numbers(value, 1)), None)


def numbers(value: Any, count: int) -> tuple[float, ...]:
    """``value`` as ``count`` finite numbers, or nothing."""
    if value is None or value == "":
        return ()
    many = value if isinstance(value, (list, tuple, MultiValue)) else (value,)
    try:
        found = tuple(map(float, many))
    except (TypeError, ValueError):
        return ()
    return found if len(found) == count and all(map(math.isfinite, found)) else ()


def _is_orthonormal(cosines: tuple[float, ...]) -> bool:
    if len(cosines) != 6:
        return False
    row, column = cosines[:3], cosines[3:]
    lengths = math.hypot(*row), math.hypot(*column)
    across = sum(a * b for a, b in zip(row, column, strict=True))
    return all(abs(length - 1) < 0.02 for length in lengths) and abs(across) < 0.02

"""Which DICOM object a picture becomes, and what that object asks for beyond what every image says.

A class is used only where its required attributes can be filled without inventing an acquisition: CT, MR, CR and US.
DX asks for a detector and a side of the body, MG for a view of an organ, PT and NM for a tracer, its decay and a
picture that is not derived, none of which a generated picture has, so these become Secondary Capture that keeps their
modality. It must not know how pixels are stored, patients or provenance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydicom.uid import (
    UID,
    ComputedRadiographyImageStorage,
    CTImageStorage,
    MRImageStorage,
    SecondaryCaptureImageStorage,
    UltrasoundImageStorage,
)
from pydicom.valuerep import DSfloat

from app.domain.export import Storage
from app.imaging.picture import AXES, Page, Picture

CENTIMETRES = 3
"""Physical Units X and Y Direction (PS3.3 C.8.5.5.1.15)."""

TWO_DIMENSIONAL = 1
"""Region Spatial Format (PS3.3 C.8.5.5.1.1)."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A storage class and what it needs.

    Attributes:
        uid: SOP Class UID.
        flavour: Image Type from value 3 on; ultrasound defines its own terms there, none of which fits.
        attributes: attributes of the class by keyword, made from a page.
        colour: whether it may hold colour.
        spacing: whether it needs a known pixel spacing.
        bits: most significant bits of a grey source that fit without loss.
        rescale: whether stored values may differ from physical ones.
    """

    uid: UID
    flavour: tuple[str, ...]
    attributes: Callable[[Page], dict[str, Any]]
    colour: bool = False
    spacing: bool = False
    bits: int = 32
    rescale: bool = True


def kind_of(page: Page) -> Kind:
    """The class that a page is written as: its modality's, or Secondary Capture where that is wanted or needed."""
    picture = page.picture
    kind = KINDS.get(picture.modality, CAPTURE)
    fits = (
        Storage(page.storage) is Storage.MODALITY
        and (picture.spacing_mm is not None or not kind.spacing)
        and (kind.colour or not picture.colour)
        and (picture.colour or picture.bits <= kind.bits)
    )
    return kind if fits else CAPTURE


def number(value: float) -> str:
    """A decimal string of at most 16 characters."""
    return str(DSfloat(float(value), auto_format=True))


def _ct(page: Page) -> dict[str, Any]:
    return {**_frame(page), **_plane(page), **_kept(page, "KVP", "AcquisitionNumber")}


def _mr(page: Page) -> dict[str, Any]:
    """The scanning sequence of a generated picture is a research mode, the one defined term that claims no physics."""
    given = {"ScanningSequence": "RM", "SequenceVariant": "NONE", "ScanOptions": "", "MRAcquisitionType": ""}
    return {
        **_frame(page),
        **_plane(page),
        **_kept(page, "RepetitionTime", "EchoTime", "EchoTrainLength"),
        **{keyword: page.acquisition.get(keyword, value) for keyword, value in given.items()},
    }


def _cr(page: Page) -> dict[str, Any]:
    return {**_spacing(page.picture), **_kept(page, "BodyPartExamined", "ViewPosition")}


def _us(page: Page) -> dict[str, Any]:
    """Ultrasound says its spacing by regions (PS3.3 C.8.5.5), here one over the whole picture.

    Most readers look for a pixel spacing alone, so it is added, as a Standard Extended SOP Class may (PS3.4 B.1).
    """
    if page.picture.spacing_mm is None:
        return {}
    rows, columns = page.picture.grid
    row_mm, column_mm = page.picture.spacing_mm
    region = {
        "RegionSpatialFormat": TWO_DIMENSIONAL,
        "RegionDataType": 0,
        "RegionFlags": 0,
        "RegionLocationMinX0": 0,
        "RegionLocationMinY0": 0,
        "RegionLocationMaxX1": columns - 1,
        "RegionLocationMaxY1": rows - 1,
        "PhysicalUnitsXDirection": CENTIMETRES,
        "PhysicalUnitsYDirection": CENTIMETRES,
        "PhysicalDeltaX": column_mm / 10,
        "PhysicalDeltaY": row_mm / 10,
    }
    return {"SequenceOfUltrasoundRegions": [region], **_spacing(page.picture)}


def _capture(page: Page) -> dict[str, Any]:
    return {"ConversionType": "SYN" if page.origin.synthetic else "WSD", **_spacing(page.picture)}


def _kept(page: Page, *keywords: str) -> dict[str, Any]:
    """Attributes that may be empty (type 2): empty where the allow-list kept no value."""
    return {keyword: page.acquisition.get(keyword) for keyword in keywords}


def _spacing(picture: Picture) -> dict[str, Any]:
    return {"PixelSpacing": [number(part) for part in picture.spacing_mm]} if picture.spacing_mm else {}


def _frame(page: Page) -> dict[str, Any]:
    return {
        "FrameOfReferenceUID": page.identity.frame_uid,
        "PositionReferenceIndicator": "",
        "PatientPosition": "",
    }


def _plane(page: Page) -> dict[str, Any]:
    """Image plane of a slice whose place in a patient is invented: its middle lies on the axis of its normal."""
    picture = page.picture
    assert picture.spacing_mm is not None  # kind_of: classes with a plane need a spacing
    rows, columns = picture.grid
    row_mm, column_mm = picture.spacing_mm
    along_columns, along_rows = AXES[picture.plane]
    normal = np.cross(along_columns, along_rows)
    corner = [
        n * picture.offset_mm - (a * column_mm * (columns - 1) + b * row_mm * (rows - 1)) / 2
        for a, b, n in zip(along_columns, along_rows, normal, strict=True)
    ]
    return {
        **_spacing(picture),
        "ImageOrientationPatient": [number(part) for part in (*along_columns, *along_rows)],
        "ImagePositionPatient": [number(part) for part in corner],
        "SliceThickness": page.acquisition.get("SliceThickness"),
    }


CAPTURE = Kind(SecondaryCaptureImageStorage, ("OTHER",), _capture, colour=True)

KINDS: dict[str, Kind] = {
    "CT": Kind(CTImageStorage, ("AXIAL",), _ct, spacing=True),
    "MR": Kind(MRImageStorage, ("OTHER",), _mr, spacing=True, rescale=False),
    "CR": Kind(ComputedRadiographyImageStorage, ("OTHER",), _cr),
    "US": Kind(UltrasoundImageStorage, (), _us, colour=True, bits=8),
}
"""Classes by modality."""

"""What a DICOM header says of looking for text in its pixels: how values are shown, and where ultrasound regions lie.

It reads attributes only, in stored values, as pydicom's ``pixel_array`` gives them. It must not know how text is found.
"""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.pixels.processing import apply_color_lut

from app.deid.burned_in.boxes import Box
from app.deid.burned_in.views import Display

CONVERTED = ("YBR_FULL", "YBR_FULL_422", "YBR_RCT", "YBR_ICT")
"""Colour spaces that pydicom turns into RGB as it decodes."""

EDGES = ("RegionLocationMinY0", "RegionLocationMinX0", "RegionLocationMaxY1", "RegionLocationMaxX1")
"""First row and column of a region, and its last ones."""


def display_of(dataset: Dataset) -> Display:
    """How the stored values of a data set are shown (PS3.3 C.7.6.3.1.2, C.11.2.1.2, C.7.6.3.1.6).

    Windows of functional groups are left out: the full and the robust range are looked at all the same.
    """
    photometric = str(dataset.PhotometricInterpretation)
    bits, signed = int(dataset.BitsStored), bool(dataset.PixelRepresentation)
    limits = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    if photometric == "PALETTE COLOR":
        return Display(photometric, limits=limits, palette=_brightness(dataset))
    return Display("RGB" if photometric in CONVERTED else photometric, _windows(dataset), limits)


def regions_of(dataset: Dataset) -> tuple[Box, ...]:
    """The ultrasound regions (0018,6011) of a data set, their last row and column included (PS3.3 C.8.5.5.1).

    A region that lacks an edge is none.
    """
    places = ([item.get(edge) for edge in EDGES] for item in dataset.get("SequenceOfUltrasoundRegions") or ())
    whole = ([int(edge) for edge in place] for place in places if None not in place)
    return tuple(Box(top, left, bottom + 1, right + 1) for top, left, bottom, right in whole)


def _windows(dataset: Dataset) -> tuple[tuple[float, float], ...]:
    """(low, high) of each window, in stored values; what cannot be shown is left out."""
    slope, intercept = float(dataset.get("RescaleSlope") or 1), float(dataset.get("RescaleIntercept") or 0)
    pairs = zip(_numbers(dataset, "WindowCenter"), _numbers(dataset, "WindowWidth"), strict=False)
    edges = ((centre - width / 2, centre + width / 2) for centre, width in pairs if width > 0)
    return tuple(((low - intercept) / slope, (high - intercept) / slope) for low, high in edges if slope > 0)


def _numbers(dataset: Dataset, keyword: str) -> list[float]:
    value = dataset.get(keyword)
    if value is None or value == "":
        return []
    return [float(part) for part in value] if isinstance(value, MultiValue) else [float(value)]


def _brightness(dataset: Dataset) -> tuple[float, ...]:
    """Luminance 0 to 255 of every index of the palette."""
    bits = int(dataset.BitsStored)
    indices = np.arange(2**bits, dtype=np.uint8 if bits <= 8 else np.uint16)
    colours = apply_color_lut(indices[None], dataset)[0].astype(np.float64)
    scale = 255 / (2 ** int(dataset.RedPaletteColorLookupTableDescriptor[2]) - 1)
    return tuple((colours @ (0.299, 0.587, 0.114) * scale).round(2).tolist())

"""Pixels as DICOM stores them: samples, their bits, and the way back to physical values.

It must not know patients or provenance.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.imaging.dicom_classes import Kind, kind_of, number
from app.imaging.picture import Page, Picture, to_levels

WHOLE_NUMBERS_RESOLVE = 255
"""A window at least this wide is resolved by whole numbers as finely as a screen shows it."""

Samples = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.int16]


def attributes(page: Page) -> dict[str, Any]:
    """Pixel module, window and rescale of a page, by keyword.

    Grey is 16 bits, 8 where the class holds no more; colour is 8 bits a channel, pixel by pixel, and has neither
    window nor rescale: those are defined for grey alone (PS3.3 C.11.1, C.11.2).
    """
    picture, kind = page.picture, kind_of(page)
    stored, intercept, slope = _colour(picture) if picture.colour else _grey(picture, kind)
    bits = stored.dtype.itemsize * 8
    rows, columns = picture.grid
    return {
        **(_channels() if picture.colour else _display(picture, intercept, slope)),
        "Rows": rows,
        "Columns": columns,
        "BitsAllocated": bits,
        "BitsStored": bits,
        "HighBit": bits - 1,
        "PixelRepresentation": int(stored.dtype == np.int16),
        "PixelData": np.ascontiguousarray(stored).astype(stored.dtype.newbyteorder("<")).tobytes(),
    }


def _channels() -> dict[str, Any]:
    return {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "PlanarConfiguration": 0}


def _display(picture: Picture, intercept: float, slope: float) -> dict[str, Any]:
    low, high = picture.window
    said: dict[str, Any] = {
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "WindowCenter": number((low + high) / 2),
        "WindowWidth": number(max(high - low, 1e-6)),
    }
    if (intercept, slope) != (0.0, 1.0):
        unit = "HU" if picture.unit == "HU" else "US"
        said |= {"RescaleIntercept": number(intercept), "RescaleSlope": number(slope), "RescaleType": unit}
    return said


def _colour(picture: Picture) -> tuple[Samples, float, float]:
    return to_levels(picture, 255).astype(np.uint8), 0.0, 1.0


def _grey(picture: Picture, kind: Kind) -> tuple[Samples, float, float]:
    """Stored values with the intercept and slope that bring physical values back.

    MR has no rescale in its definition, so its values are stored as they are where whole numbers resolve them;
    otherwise unsigned bits span the whole window.
    """
    low, high = picture.window
    if not kind.rescale and high - low >= WHOLE_NUMBERS_RESOLVE:
        whole = np.rint(np.clip(picture.pixels, low, high))
        if low >= 0 and high <= 65535:
            return whole.astype(np.uint16), 0.0, 1.0
        if low >= -32768 and high <= 32767:
            return whole.astype(np.int16), 0.0, 1.0
    width = max(high - low, 1e-6)
    if kind.bits == 8:
        return to_levels(picture, 255).astype(np.uint8), float(low), width / 255
    return to_levels(picture, 65535), float(low), width / 65535

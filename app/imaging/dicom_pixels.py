"""From stored values to grey physical ones: rescaling of the frame, SUV, MONOCHROME1 turned, colour to grey, padding.

It knows what pixels mean: no grouping, no identity, no codecs (``dicom_stored``).
"""

from __future__ import annotations

import logging
import math
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
import pydicom.config
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut

from app.imaging import dicom_stored, dicom_windows, suv, windowing
from app.imaging.dicom_stored import is_decodable

__all__ = ["decode", "functional", "is_decodable", "is_rescaled", "quiet", "unit", "window", "windows"]

pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
logging.getLogger("pydicom").setLevel(logging.CRITICAL)

_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""Weights of red, green and blue in grey (ITU-R BT.601), those of YBR_FULL's luminance."""
_SUV_WINDOW = (0.0, 10.0)
"""What PET in SUV is shown in where its file proposes nothing."""
_filters = threading.RLock()


class Attributes(Protocol):
    """A parsed header; pydicom's ``Dataset`` is one."""

    def get(self, key: str, default: Any = None, /) -> Any:
        """Value of the attribute with this keyword."""


@contextmanager
def quiet() -> Iterator[None]:
    """Keep pydicom's remarks on untidy files off the screen and out of logs: they quote header values.

    Python's warning filters belong to the whole process, hence the lock; faults still raise.
    """
    with _filters, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def functional(header: Attributes, frame: int, group: str, keyword: str) -> Any:
    """Value of ``keyword`` for a frame: per-frame functional group, else shared one, else the dataset itself."""
    per_frame = header.get("PerFrameFunctionalGroupsSequence") or []
    shared = header.get("SharedFunctionalGroupsSequence") or []
    for item in [*per_frame[frame : frame + 1], *shared[:1]]:
        inner = item.get(group)
        if inner and inner[0].get(keyword) is not None:
            return inner[0].get(keyword)
    return header.get(keyword)


def decode(dataset: Dataset, frame: int) -> NDArray[np.float32]:
    """Grey values of a frame in the unit of the series, ``(rows, columns)``, finite, larger is brighter.

    Padding (PS3.3 C.7.5.1.1.2) that would be bright becomes as dark as the darkest of the rest; dark padding stays
    the number that it is.

    Raises:
        one of ``content.DECODE_FAULTS`` where the pixel data is damaged or its coding unknown.
    """
    stored = dicom_stored.values(dataset, frame)
    if _photometric(dataset) == "PALETTE COLOR":
        return _grey(apply_color_lut(stored, dataset))
    if stored.ndim == 3:
        return _studio_luminance(stored) if _photometric(dataset).startswith("YBR_PARTIAL") else _grey(stored)
    values = _physical(stored, dataset, frame)
    if _photometric(dataset) == "MONOCHROME1":
        values = _ends(dataset, frame) - values
    values = np.ascontiguousarray(_finite(values), dtype=np.float32)
    padding = _padding(stored, dataset)
    if padding is not None and padding.any() and not padding.all():
        rest = values[~padding]
        if values[padding].max() > (float(rest.min()) + float(rest.max())) / 2:
            values[padding] = rest.min()
    return values


def windows(dataset: Dataset, frame: int) -> tuple[dicom_windows.Window, ...]:
    """All windows that the file proposes for the frame, turned along with MONOCHROME1, in the unit of the series."""
    if _is_colour(dataset):
        return ()

    def get(keyword: str) -> Any:
        return functional(dataset, frame, "FrameVOILUTSequence", keyword)

    factor = _uptake(dataset).factor
    found = [
        (name, low * factor, high * factor) for name, low, high in dicom_windows.proposed(get, get("VOILUTSequence"))
    ]
    if _photometric(dataset) == "MONOCHROME1":
        ends = _ends(dataset, frame)
        return tuple((name, ends - high, ends - low) for name, low, high in found)
    return tuple(found)


def window(dataset: Dataset, frame: int, pixels: NDArray[np.float32]) -> tuple[float, float]:
    """(low, high) that the file proposes for ``pixels`` first, else a robust one that leaves padding out."""
    for _, low, high in windows(dataset, frame):
        return low, high
    eight = _is_colour(dataset) or (int(dataset.get("BitsStored") or 16) <= 8 and not is_rescaled(dataset, frame))
    if eight and pixels.max() > 127:
        return 0.0, 255.0
    if unit(dataset) == "SUV":
        return _SUV_WINDOW
    if dataset.get("PixelPaddingValue") is not None and not _is_colour(dataset):
        shown = pixels[pixels > pixels.min()]
        pixels = shown if shown.size else pixels
    return windowing.robust_window(pixels)


def unit(header: Attributes) -> str:
    """Meaning of the values: "HU" (CT whose rescale type does not say otherwise), "SUV", "Bq/ml", "rescaled", "stored".

    The reason why a PET has no SUV says ``suv.uptake``.
    """
    slope = functional(header, 0, "PixelValueTransformationSequence", "RescaleSlope")
    plain = "stored" if slope is None else "rescaled"
    modality = str(header.get("Modality") or "").strip()
    if modality == "PT":
        found = suv.uptake(header)
        return plain if found.unit == "rescaled" else found.unit
    if modality != "CT":
        return plain
    kind = functional(header, 0, "PixelValueTransformationSequence", "RescaleType")
    return "HU" if slope is not None and str(kind or "HU").strip().upper() == "HU" else plain


def is_rescaled(dataset: Dataset, frame: int) -> bool:
    """Whether the values of a frame are other numbers than the stored ones."""
    return _rescale(dataset, frame) not in (None, (1.0, 0.0)) or _uptake(dataset).factor != 1.0


def _uptake(dataset: Dataset) -> suv.Uptake:
    is_pet = str(dataset.get("Modality") or "").strip() == "PT"
    return suv.uptake(dataset) if is_pet else suv.Uptake("rescaled")


def _states(header: Any, keyword: str) -> bool:
    """Whether the header has the attribute at all; a skimmed one cannot give every value, but tells."""
    return bool(header.has(keyword)) if hasattr(header, "has") else keyword in header


def _photometric(dataset: Dataset) -> str:
    return str(dataset.get("PhotometricInterpretation") or "").strip(" \x00").upper()


def _is_colour(dataset: Dataset) -> bool:
    return int(dataset.get("SamplesPerPixel") or 1) > 1 or _photometric(dataset) == "PALETTE COLOR"


def _rescale(dataset: Dataset, frame: int) -> tuple[float, float] | None:
    """Slope and intercept of the frame; ``None`` where it states none, or none that makes sense."""
    slope = _number(functional(dataset, frame, "PixelValueTransformationSequence", "RescaleSlope"))
    intercept = _number(functional(dataset, frame, "PixelValueTransformationSequence", "RescaleIntercept"))
    return (slope, intercept) if slope and intercept is not None else None


def _physical(stored: NDArray[Any], dataset: Dataset, frame: int) -> NDArray[np.float32]:
    rescale, factor = _rescale(dataset, frame), _uptake(dataset).factor
    if rescale is not None:
        slope, intercept = rescale
        return (stored * np.float64(slope * factor) + np.float64(intercept * factor)).astype(np.float32)
    tables = dataset.get("ModalityLUTSequence")
    if tables and tables[0].get("LUTDescriptor"):
        return np.asarray(apply_modality_lut(stored, dataset), dtype=np.float32)
    return np.asarray(stored * np.float64(factor) if factor != 1 else stored).astype(np.float32)


def _ends(dataset: Dataset, frame: int) -> float:
    """Sum of the lowest and the highest value that the frame could hold, around which MONOCHROME1 is turned."""
    if dicom_stored.is_float(dataset):
        return 0.0
    ends = np.array([dicom_stored.stored_range(dataset)])
    return float(_physical(ends, dataset, frame).astype(np.float64).sum())


def _padding(stored: NDArray[Any], dataset: Dataset) -> NDArray[np.bool_] | None:
    """Which pixels are no part of the image: the padding value, or the range up to its limit."""
    value = dataset.get("PixelPaddingValue")
    if value in (None, "") or stored.dtype.kind not in "iu" or hasattr(value, "append"):
        return None
    limit = dataset.get("PixelPaddingRangeLimit")
    lowest, highest = dicom_stored.stored_range(dataset)
    size = highest - lowest + 1
    ends = sorted((int(one) - lowest) % size + lowest for one in (value, value if limit in (None, "") else limit))
    padding: NDArray[np.bool_] = (stored >= ends[0]) & (stored <= ends[-1])
    return padding


def _finite(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Numbers only: what is none becomes as dark as the darkest, infinities end where the numbers do."""
    known = np.isfinite(values)
    if known.all():
        return values
    if not known.any():
        return np.zeros_like(values)
    low, high = float(values[known].min()), float(values[known].max())
    return np.nan_to_num(values, nan=low, neginf=low, posinf=high)


def _grey(colour: NDArray[Any]) -> NDArray[np.float32]:
    """Luminance on an 8-bit scale, whatever the depth of the colour."""
    grey = colour[..., :3].astype(np.float32) @ _LUMA
    return np.ascontiguousarray(grey / np.float32({1: 1, 2: 257}.get(colour.dtype.itemsize, 16843009)))


def _studio_luminance(colour: NDArray[Any]) -> NDArray[np.float32]:
    """Y of YBR_PARTIAL, which runs from 16 to 235 (PS3.3 C.7.6.3.1.2), on the full 8-bit scale."""
    return np.ascontiguousarray(np.clip((colour[..., 0].astype(np.float32) - 16) * np.float32(255 / 219), 0, 255))


def _number(value: Any) -> float | None:
    """A finite number, or nothing."""
    try:
        number = float(value[0] if hasattr(value, "append") else value)
    except (TypeError, ValueError, IndexError):
        return None
    return number if math.isfinite(number) else None

"""From a DICOM dataset to grey physical values: every transfer syntax that pydicom's plugins decode.

It knows pixels only: no grouping, no identity. pydicom is the authority; this module chooses what a value means
(rescale slope and intercept of the frame, MONOCHROME1 turned, colour to grey).
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gdcm
import numpy as np
import pydicom.config
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID

from app.imaging import windowing
from app.imaging.dicom_header import Attributes

pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
gdcm.Trace.WarningOff()
gdcm.Trace.ErrorOff()
logging.getLogger("pydicom").setLevel(logging.CRITICAL)

_GDCM_ALONE = ("1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55")
"""JPEG Extended, Spectral Selection and Full Progression: with more than 8 bits only GDCM itself decodes them."""
_DECODERS = {
    "1.2.840.10008.1.2.5": "pydicom",
    "1.2.840.10008.1.2.4.50": "pillow",
    "1.2.840.10008.1.2.4.51": "pillow",
    "1.2.840.10008.1.2.4.80": "pyjpegls",
    "1.2.840.10008.1.2.4.81": "pyjpegls",
    "1.2.840.10008.1.2.4.90": "pylibjpeg",
    "1.2.840.10008.1.2.4.91": "pylibjpeg",
}
"""The one decoder used for a coding. pydicom would try all in turn, and on damaged data GDCM can abort the process and
the RLE plugin in Rust panics, where these raise; only lossless JPEG is left to GDCM."""
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_filters = threading.RLock()


@contextmanager
def quiet() -> Iterator[None]:
    """Keep pydicom's remarks on untidy files off the screen and out of logs: they quote header values.

    Python's warning filters belong to the whole process, hence the lock; faults still raise.
    """
    with _filters, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def functional(dataset: Attributes, frame: int, group: str, keyword: str) -> Any:
    """Value of ``keyword`` for a frame: per-frame functional group, else shared one, else the dataset itself."""
    per_frame = dataset.get("PerFrameFunctionalGroupsSequence") or []
    shared = dataset.get("SharedFunctionalGroupsSequence") or []
    for item in [*per_frame[frame : frame + 1], *shared[:1]]:
        inner = item.get(group)
        if inner and inner[0].get(keyword) is not None:
            return inner[0].get(keyword)
    return dataset.get(keyword)


def decode(dataset: Dataset, frame: int) -> NDArray[np.float32]:
    """Grey values of a frame in the unit of the series, ``(rows, columns)``, larger is brighter.

    Raises:
        one of ``content.DECODE_FAULTS`` where the pixel data is damaged or its coding unknown.
    """
    stored = _stored(dataset, frame)
    photometric = str(dataset.get("PhotometricInterpretation", ""))
    if photometric == "PALETTE COLOR":
        return _grey(apply_color_lut(stored, dataset))
    if stored.ndim == 3:
        return _grey(stored)
    values = _physical(stored, dataset, frame)
    if photometric == "MONOCHROME1":
        low, high = (_physical(np.array([[v]]), dataset, frame).item() for v in _stored_range(dataset))
        values = (low + high) - values
    return np.ascontiguousarray(values, dtype=np.float32)


def window(dataset: Dataset, frame: int, pixels: NDArray[np.float32]) -> tuple[float, float]:
    """(low, high) that the file proposes for ``pixels`` (its first window), else a robust one.

    The window's centre and width are read as PS3.3 C.11.2.1.2 has them, and turned along with MONOCHROME1.
    """
    center = _first(functional(dataset, frame, "FrameVOILUTSequence", "WindowCenter"))
    width = _first(functional(dataset, frame, "FrameVOILUTSequence", "WindowWidth"))
    photometric = str(dataset.get("PhotometricInterpretation", ""))
    if center is None or width is None or width <= 1:
        eight = int(dataset.get("BitsStored") or 16) <= 8 and not is_rescaled(dataset, frame)
        return (0.0, 255.0) if eight and pixels.max() > 127 else windowing.robust_window(pixels)
    low, high = center - 0.5 - (width - 1) / 2, center - 0.5 + (width - 1) / 2
    if photometric == "MONOCHROME1":
        first, last = (_physical(np.array([[v]]), dataset, frame).item() for v in _stored_range(dataset))
        low, high = first + last - high, first + last - low
    return low, high


def unit(dataset: Attributes) -> str:
    """Meaning of the values: "HU" (CT whose rescale type does not say otherwise), "rescaled" or "stored"."""
    plain = "rescaled" if is_rescaled(dataset, 0) else "stored"
    if str(dataset.get("Modality", "")) != "CT":
        return plain
    kind = functional(dataset, 0, "PixelValueTransformationSequence", "RescaleType")
    slope = functional(dataset, 0, "PixelValueTransformationSequence", "RescaleSlope")
    return "HU" if slope is not None and str(kind or "HU").strip().upper() == "HU" else plain


def is_decodable(syntax: UID) -> bool:
    """Whether a decoder for the transfer syntax is installed."""
    if syntax in _GDCM_ALONE or not syntax.is_compressed:
        return True
    try:
        return bool(get_decoder(syntax).is_available)
    except NotImplementedError:
        return False


def _stored(dataset: Dataset, frame: int) -> NDArray[Any]:
    """Stored values of a frame: ``(rows, columns)``, with a last axis of 3 for colour."""
    syntax = dataset.file_meta.TransferSyntaxUID
    if syntax in _GDCM_ALONE and int(dataset.BitsStored) > 8:
        return _by_gdcm(dataset)
    many = int(dataset.get("NumberOfFrames") or 1) > 1
    stored = pixel_array(dataset, index=frame if many else None, decoding_plugin=_DECODERS.get(syntax, ""))
    return stored[0] if not many and stored.shape[0] == 1 and stored.ndim == 4 else stored


def _by_gdcm(dataset: Dataset) -> NDArray[Any]:
    """Decode a single grey frame of 12-bit JPEG from its file.

    pydicom's plugins hand GDCM single fragments, which it decodes wrongly at this depth; whole files it decodes right.
    """
    reader = gdcm.ImageReader()
    reader.SetFileName(str(dataset.filename))
    if not reader.Read():
        raise ValueError("GDCM cannot read the file")
    content = reader.GetImage().GetBuffer().encode("utf-8", "surrogateescape")
    kind = "i2" if dataset.get("PixelRepresentation") == 1 else "u2"
    return np.frombuffer(content, dtype=kind).reshape(int(dataset.Rows), int(dataset.Columns))


def _physical(stored: NDArray[Any], dataset: Dataset, frame: int) -> NDArray[np.float32]:
    slope = functional(dataset, frame, "PixelValueTransformationSequence", "RescaleSlope")
    intercept = functional(dataset, frame, "PixelValueTransformationSequence", "RescaleIntercept")
    if slope is not None and intercept is not None:
        return (stored * np.float64(slope) + np.float64(intercept)).astype(np.float32)
    tables = dataset.get("ModalityLUTSequence")
    if tables and tables[0].get("LUTDescriptor"):
        return np.asarray(apply_modality_lut(stored, dataset), dtype=np.float32)
    return stored.astype(np.float32)


def is_rescaled(dataset: Attributes, frame: int) -> bool:
    """Whether the values of a frame are other numbers than the stored ones."""
    slope = functional(dataset, frame, "PixelValueTransformationSequence", "RescaleSlope")
    intercept = functional(dataset, frame, "PixelValueTransformationSequence", "RescaleIntercept")
    return (slope, intercept) not in ((None, None), (1, 0))


def _stored_range(dataset: Dataset) -> tuple[int, int]:
    bits = int(dataset.get("BitsStored") or 16)
    return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if dataset.get("PixelRepresentation") == 1 else (0, 2**bits - 1)


def _grey(colour: NDArray[Any]) -> NDArray[np.float32]:
    """Luminance on an 8-bit scale, whatever the depth of the colour."""
    grey = colour[..., :3].astype(np.float32) @ _LUMA
    return np.ascontiguousarray(grey / np.float32({1: 1, 2: 257}.get(colour.dtype.itemsize, 16843009)))


def _first(value: Any) -> float | None:
    """First number of a possibly multiple, possibly empty value."""
    if value is None or value == "":
        return None
    many = value if isinstance(value, (list, tuple)) or hasattr(value, "append") else [value]
    return float(many[0]) if len(many) else None

"""Stored values of one frame: every transfer syntax that pydicom's plugins and GDCM decode, bits set right.

pydicom is the authority. This module chooses the decoder, and cleans what the standard leaves open: values that do
not end at the lowest bit, overlays and other bits beyond the stored ones. It knows neither units nor geometry.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID

from app.domain.errors import Failed

_GDCM_ALONE = ("1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55")
"""JPEG Spectral Selection and Full Progression, both retired: only GDCM itself decodes them."""
_EXTENDED = "1.2.840.10008.1.2.4.51"
"""JPEG Extended: Pillow decodes 8 bits, only GDCM 12."""
_LOSSLESS_JPEG = ("1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70")
_DECODERS = {
    "1.2.840.10008.1.2.5": "pydicom",
    "1.2.840.10008.1.2.4.50": "pillow",
    "1.2.840.10008.1.2.4.51": "pillow",
    "1.2.840.10008.1.2.4.57": "gdcm",
    "1.2.840.10008.1.2.4.70": "gdcm",
    "1.2.840.10008.1.2.4.80": "pyjpegls",
    "1.2.840.10008.1.2.4.81": "pyjpegls",
    "1.2.840.10008.1.2.4.90": "pylibjpeg",
    "1.2.840.10008.1.2.4.91": "pylibjpeg",
}
"""The one decoder used for a coding. pydicom would try all in turn, and on damaged data GDCM can abort the process and
the RLE plugin in Rust panics, where these raise; only lossless JPEG is left to GDCM."""


def is_decodable(syntax: UID) -> bool:
    """Whether a decoder for the transfer syntax is installed."""
    try:
        return syntax in _GDCM_ALONE or not syntax.is_compressed or bool(get_decoder(syntax).is_available)
    except (NotImplementedError, ValueError):  # the latter for one that pydicom has never heard of, such as JPEG XL
        return False


def values(dataset: Dataset, frame: int) -> NDArray[Any]:
    """Stored values of a frame: ``(rows, columns)``, with a last axis of 3 (RGB) for colour.

    Raises:
        Failed: ``unsupported-coding``.
        one of ``content.DECODE_FAULTS`` where the pixel data is damaged.
    """
    syntax = UID(str(dataset.file_meta.TransferSyntaxUID))
    if int(dataset.BitsAllocated) % 8 and dataset.BitsAllocated != 1:
        raise Failed("unsupported-coding", syntax=f"{dataset.BitsAllocated} bits a pixel without gaps (ACR-NEMA)")
    if syntax in _GDCM_ALONE or (syntax == _EXTENDED and int(dataset.BitsStored) > 8):
        whole: NDArray[Any] = _by_gdcm(dataset)[frame]
        return whole
    if syntax in _LOSSLESS_JPEG:
        _gdcm()
    many = int(dataset.get("NumberOfFrames") or 1) > 1
    high = _odd_high_bit(dataset) if not syntax.is_compressed or syntax == "1.2.840.10008.1.2.5" else None
    options: dict[str, Any] = {} if high is None else {"correct_unused_bits": False}
    stored = pixel_array(dataset, index=frame if many else None, decoding_plugin=_DECODERS.get(syntax, ""), **options)
    if not many and stored.ndim == 4 and stored.shape[0] == 1:
        stored = stored[0]
    return stored if high is None else _moved_down(stored, high, int(dataset.BitsStored))


def stored_range(dataset: Dataset) -> tuple[int, int]:
    """Lowest and highest value that the stored bits can hold."""
    bits = int(dataset.get("BitsStored") or 16)
    return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if dataset.get("PixelRepresentation") == 1 else (0, 2**bits - 1)


def is_float(dataset: Dataset) -> bool:
    """Whether the values are floating point numbers (PS3.3 C.7.6.24, C.7.6.25)."""
    return "PixelData" not in dataset


def _odd_high_bit(dataset: Dataset) -> int | None:
    """High Bit of values that do not end at the lowest bit (PS3.5 8.1.1, before 2014).

    pydicom cuts off what lies above values that end at the lowest bit; these others it does not know.
    """
    high = dataset.get("HighBit")
    allocated, bits = int(dataset.BitsAllocated), int(dataset.get("BitsStored") or 0)
    if high in (None, "") or is_float(dataset) or int(dataset.get("SamplesPerPixel") or 1) > 1:
        return None
    return int(high) if 2 <= bits <= int(high) < allocated else None


def _moved_down(stored: NDArray[Any], high: int, bits: int) -> NDArray[Any]:
    """Values of ``bits`` bits that end at bit ``high``, without what lies around them."""
    kind = stored.dtype.newbyteorder("=")
    width = kind.itemsize * 8
    cleaned: NDArray[Any] = (stored.astype(kind) << kind.type(width - 1 - high)) >> kind.type(width - bits)
    return cleaned


def _gdcm() -> Any:
    """GDCM, which says nothing of its troubles to the terminal."""
    import gdcm

    gdcm.Trace.WarningOff()
    gdcm.Trace.ErrorOff()
    gdcm.Trace.DebugOff()
    return gdcm


def _by_gdcm(dataset: Dataset) -> NDArray[Any]:
    """All frames of a file that only GDCM decodes, read by it from the file itself.

    pydicom's plugin hands it single fragments, which it decodes wrongly at 12 bits; whole files it decodes right.
    """
    path = Path(str(dataset.filename))
    signed = dataset.get("PixelRepresentation") == 1
    shape = (max(1, int(dataset.get("NumberOfFrames") or 1)), int(dataset.Rows), int(dataset.Columns))
    return _whole_by_gdcm(str(path), path.stat().st_mtime_ns, signed, shape)


@lru_cache(maxsize=1)
def _whole_by_gdcm(path: str, modified: int, signed: bool, shape: tuple[int, int, int]) -> NDArray[Any]:
    """The frames of a file; the last file is kept, ``modified`` tells versions of it apart."""
    gdcm = _gdcm()
    reader = gdcm.ImageReader()
    reader.SetFileName(path)
    if not reader.Read():
        raise ValueError("GDCM cannot read the file")
    image = reader.GetImage()
    content = image.GetBuffer().encode("utf-8", "surrogateescape")
    size = len(content) // (shape[0] * shape[1] * shape[2])
    samples = int(image.GetPixelFormat().GetSamplesPerPixel())
    if samples == 1:
        return np.frombuffer(content, dtype=f"<{'i' if signed else 'u'}{size}").reshape(shape)
    colour = np.frombuffer(content, dtype=f"<u{size // samples}")
    if image.GetPlanarConfiguration() == 1:
        return np.moveaxis(colour.reshape(shape[0], samples, *shape[1:]), 1, -1)
    return colour.reshape(*shape, samples)

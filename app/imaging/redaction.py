"""Blacking out parts of a DICOM file's pixels: decoded where they were coded, darkened, kept without loss.

What is hidden becomes as dark as the darkest value shown. That an image was once compressed with loss stays said
(PS3.3 C.7.6.1.1.5). It knows pixels; what must be hidden, and why, is decided elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import (
    JPEG2000,
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSNearLossless,
)

from app.domain.errors import Failed
from app.imaging import dicom_stored

LOSSY = frozenset({JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLSNearLossless, JPEG2000})
METHODS = {
    JPEGBaseline8Bit: "ISO_10918_1",
    JPEGExtended12Bit: "ISO_10918_1",
    JPEGLSNearLossless: "ISO_14495_1",
    JPEG2000: "ISO_15444_1",
}
"""Lossy Image Compression Method (0028,2114), its defined terms (PS3.3 C.7.6.1.1.5.1)."""


def redact(dataset: Dataset, hidden: Mapping[int, NDArray[np.bool_]]) -> None:
    """Rewrite the pixels of ``dataset`` without what is hidden: uncompressed, in explicit little endian where they were
    compressed before.

    Args:
        dataset: with its pixels and transfer syntax; changed in place.
        hidden: frame number, from 0, to bool ``(rows, columns)``.

    Raises:
        Failed: ``unsupported-coding``: floating point pixels, or no decoder.
        one of ``content.DECODE_FAULTS`` where the pixel data is damaged.
    """
    if dicom_stored.is_float(dataset) or int(dataset.BitsAllocated) == 1:
        raise Failed("unsupported-coding", syntax="pixels that cannot be rewritten")
    stored = frames(dataset)
    for number, mask in hidden.items():
        stored[number][mask] = _darkest(dataset, stored[number])
    _keep_history(dataset)
    _describe(dataset, stored)
    syntax = UID(dataset.file_meta.TransferSyntaxUID)
    kind = stored.dtype.newbyteorder(">") if syntax == ExplicitVRBigEndian else stored.dtype.newbyteorder("<")
    dataset.PixelData = stored.astype(kind).tobytes() + b"\0" * (stored.nbytes % 2)
    dataset["PixelData"].VR = "OB" if stored.dtype.itemsize == 1 else "OW"
    dataset["PixelData"].is_undefined_length = False
    if syntax.is_compressed and not syntax.is_deflated:
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian


def frames(dataset: Dataset) -> NDArray[Any]:
    """Stored values of all frames, ``(frames, rows, columns)`` with a last axis of 3 for colour; a copy.

    Raises:
        as ``redact``.
    """
    return np.stack([dicom_stored.values(dataset, number) for number in range(count(dataset))])


def digest(dataset: Dataset) -> str:
    """SHA-256 of the stored values of all frames, whatever they are coded in.

    Raises:
        as ``redact``.
    """
    told = hashlib.sha256()
    for number in range(count(dataset)):
        stored = dicom_stored.values(dataset, number)
        told.update(f"{stored.shape}".encode())
        told.update(np.ascontiguousarray(stored).astype(np.float64 if stored.dtype.kind == "f" else np.int64).tobytes())
    return told.hexdigest()


def count(dataset: Dataset) -> int:
    """Frames of a file."""
    return max(1, int(dataset.get("NumberOfFrames") or 1))


def shape(dataset: Dataset) -> tuple[int, ...]:
    """Rows and columns; before them the frames where there are several, after them 3 for colour."""
    several = (count(dataset),) if count(dataset) > 1 else ()
    colour = (3,) if int(dataset.get("SamplesPerPixel") or 1) > 1 else ()
    return (*several, int(dataset.Rows), int(dataset.Columns), *colour)


def _darkest(dataset: Dataset, stored: NDArray[Any]) -> Any:
    photometric = str(dataset.get("PhotometricInterpretation") or "").strip(" \0").upper()
    if stored.ndim == 3:
        return 0
    if photometric == "PALETTE COLOR":
        return _darkest_entry(dataset)
    slope = dataset.get("RescaleSlope")
    inverted = (photometric == "MONOCHROME1") != (slope not in (None, "") and float(slope) < 0)
    return stored.max() if inverted else stored.min()


def _darkest_entry(dataset: Dataset) -> int:
    """Index of the darkest colour of the palette (PS3.3 C.7.6.3.1.5)."""
    tables = []
    first = 0
    for colour in ("Red", "Green", "Blue"):
        entries, first, bits = (int(part) for part in dataset[f"{colour}PaletteColorLookupTableDescriptor"].value)
        content = dataset[f"{colour}PaletteColorLookupTableData"].value
        table = np.frombuffer(content, dtype="<u1" if bits == 8 and len(content) <= entries + 1 else "<u2")
        tables.append(table[: entries or 65536].astype(np.int64))
    return first + int(np.argmin(sum(tables[1:], tables[0])))


def _keep_history(dataset: Dataset) -> None:
    """Pixels that were decoded from a lossy coding stay lossy pixels."""
    syntax = dataset.file_meta.TransferSyntaxUID
    if syntax not in LOSSY or (syntax == JPEG2000 and dataset.get("LossyImageCompression") == "00"):
        return
    dataset.LossyImageCompression = "01"
    if not dataset.get("LossyImageCompressionMethod"):
        dataset.LossyImageCompressionMethod = METHODS[syntax]


def _describe(dataset: Dataset, stored: NDArray[Any]) -> None:
    """What the pixel module must say of values that are decoded now."""
    bits = stored.dtype.itemsize * 8
    dataset.BitsAllocated = bits
    dataset.BitsStored = min(int(dataset.get("BitsStored") or bits), bits)
    dataset.HighBit = dataset.BitsStored - 1
    if stored.ndim == 4:
        dataset.SamplesPerPixel = stored.shape[-1]
        dataset.PlanarConfiguration = 0
        dataset.PhotometricInterpretation = "RGB"

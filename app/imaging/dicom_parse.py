"""pydicom's reading of a file, with what hospitals' files need besides: missing prefixes, and an end to everything.

It parses and does not interpret: attributes become facts in ``dicom_facts``, pixels are decoded in ``dicom_pixels``.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import read_partial
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from app.domain.errors import Failed
from app.imaging import dicom_header
from app.imaging.content import DECODE_FAULTS

FAULTS: tuple[type[Exception], ...] = (*DECODE_FAULTS, BytesLengthException, InvalidDicomError)
"""What pydicom raises on damaged input."""
PIXEL_TAGS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
"""Float, double float and integer pixel data (PS3.3 C.7.6.24, C.7.6.25, C.7.6.3)."""
_DEFERRED = 16 * 1024 * 1024
"""Values longer than this are skipped in a header."""
_HEADS = (1024 * 1024, dicom_header.LONGEST)
"""How many bytes of a deflated dataset are inflated to find its header, at first and at most."""


class Parsed(NamedTuple):
    """A dataset.

    Attributes:
        dataset: its attributes, with a transfer syntax in the file meta group, guessed where the file states none.
        pixels: bytes that the pixel data takes as its element says; 0 where there is none, or none was looked for.
    """

    dataset: FileDataset
    pixels: int = 0


def whole(path: Path) -> FileDataset:
    """All of the file.

    Raises:
        Failed: ``not-an-image`` or ``damaged-file``.
        OSError: the file cannot be read.
    """
    # From memory: a file would be asked for as many bytes as a damaged length says, up to 4 GB.
    with io.BytesIO(path.read_bytes()) as stream:
        prefixed = _head(stream)[128:132] == b"DICM"
        with _said_plainly(prefixed):
            dataset = dcmread(stream, force=not prefixed)
            return _named(dataset, path, prefixed)


def header(path: Path) -> Parsed:
    """The file up to its pixel data.

    Raises:
        Failed: ``not-an-image`` or ``damaged-file``.
        OSError: the file cannot be read.
    """
    with path.open("rb") as stream:
        head = _head(stream)
        prefixed = head[128:132] == b"DICM"
        begin = dicom_header.after_meta(head, DeflatedExplicitVRLittleEndian)
        with _said_plainly(prefixed):
            if begin is None:
                dataset, pixels = _to_pixels(stream, force=not prefixed)
            else:
                stream.seek(begin)
                dataset, pixels = _deflated(stream)
            return Parsed(_named(dataset, path, prefixed), pixels)


def _head(stream: BinaryIO) -> bytes:
    head = stream.read(dicom_header.FIRST_READ)
    stream.seek(0)
    return head


def _to_pixels(stream: BinaryIO, *, force: bool) -> Parsed:
    found = 0

    def at_pixels(tag: int, _vr: str | None, length: int) -> bool:
        nonlocal found
        found = length if tag in PIXEL_TAGS else 0
        return tag in PIXEL_TAGS

    dataset = read_partial(stream, at_pixels, defer_size=_DEFERRED, force=force)
    return Parsed(dataset, found)


def _deflated(stream: BinaryIO) -> Parsed:
    """Inflate no more than a header takes: a small file can be made to inflate to any size."""
    packed = stream.read()
    for most in _HEADS:
        inflated = zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, most)
        dataset, pixels = _to_pixels(io.BytesIO(inflated), force=True)
        if pixels or len(inflated) < most:
            break
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    return Parsed(dataset, pixels)


@contextmanager
def _said_plainly(prefixed: bool) -> Iterator[None]:
    try:
        yield
    except FAULTS as error:
        if not prefixed:
            raise Failed("not-an-image") from error
        raise Failed("damaged-file", detail="its header cannot be read") from error


def _named(dataset: FileDataset, path: Path, prefixed: bool) -> FileDataset:
    """The dataset of ``path``; without the prefix only where an image's attributes came out."""
    known = "SOPClassUID" in dataset or "Rows" in dataset
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

"""DICOM files: what a header says, whether the pixels hold it, and one slice of them.

Headers become facts in ``dicom_facts``, pixels are decoded in ``dicom_pixels``, grouping is in ``series``. pydicom is
the authority; nothing here is kept between files.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, NamedTuple

from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import read_partial
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from app.domain.errors import Failed
from app.imaging import dicom_facts, dicom_kinds, dicom_pixels, windowing
from app.imaging.content import DECODE_FAULTS, Checked, FileContent, SliceImage
from app.imaging.dicom_facts import KEPT_TAGS

__all__ = ["KEPT_TAGS", "check", "load", "look", "read"]

PIXEL_TAGS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
"""Float, double float and integer pixel data (PS3.3 C.7.6.24, C.7.6.25, C.7.6.3)."""
_UNDEFINED = 0xFFFFFFFF
_DICOM_FAULTS: tuple[type[Exception], ...] = (*DECODE_FAULTS, BytesLengthException, InvalidDicomError)
_SAID = {
    "less than expected": "its picture is cut short",
    "Missing required element": "its description of the picture is incomplete",
    "no attribute": "its description of the picture is incomplete",
}
"""Parts of pydicom's messages and what they mean to a person."""


class _Head(NamedTuple):
    """A header without its pixels.

    Attributes:
        dataset: the attributes, with a transfer syntax in the file meta group, guessed where the file states none.
        pixels: bytes that the pixel data takes; 0 where there is none, ``_UNDEFINED`` where only decoding tells.
    """

    dataset: FileDataset
    pixels: int


def look(path: Path) -> FileContent:
    """Describe the file from its header; pixels are neither read nor decoded.

    Raises:
        Failed: ``not-an-image``, ``damaged-file``, ``no-pixels``, ``kept-object``, ``not-a-picture`` or
            ``unsupported-coding``.
        OSError: the file cannot be read.
    """
    with _plain_faults():
        head = _head(path)
        _refuse_unfit(head)
        size = path.stat().st_size
        return dicom_facts.describe(path, head.dataset, min(size, head.pixels))


def check(content: FileContent) -> Checked:
    """Decode every frame that the header promises, once.

    Raises:
        Failed: ``damaged-file``.
        OSError: the file cannot be read.
    """
    data = content.path.read_bytes()
    with _plain_faults():
        dataset = _parse(io.BytesIO(data), content.path, whole=True).dataset
        middle = len(content.frames) // 2
        for frame in content.frames:
            pixels = dicom_pixels.decode(dataset, frame.index)
            if frame.index == middle:
                thumbnail = windowing.thumbnail(pixels, dicom_pixels.window(dataset, middle, pixels))
    return Checked(hashlib.sha256(data).hexdigest(), thumbnail)


def read(path: Path) -> FileContent:
    """Look at the file and check it.

    Raises:
        Failed: as ``look`` and ``check``.
        OSError: the file cannot be read.
    """
    content = look(path)
    return replace(content, sha256=check(content).sha256)


def load(path: Path, index: int) -> SliceImage:
    """Frame ``index`` of the file as a slice.

    Raises:
        Failed: ``damaged-file``.
        OSError: the file cannot be read.
    """
    with _plain_faults(), path.open("rb") as stream:
        dataset = _parse(stream, path, whole=True).dataset
        pixels = dicom_pixels.decode(dataset, index)
        return SliceImage(pixels, dicom_facts.spacing(dataset, index), dicom_pixels.window(dataset, index, pixels))


@contextmanager
def _plain_faults() -> Iterator[None]:
    """Say in a person's words what the decoding libraries raise; keep their remarks off the screen."""
    with dicom_pixels.quiet():
        try:
            yield
        except OSError as error:
            if error.filename is not None:  # the file system's, not a codec's
                raise
            raise Failed("damaged-file", detail=_plain(error)) from error
        except _DICOM_FAULTS as error:
            raise Failed("damaged-file", detail=_plain(error)) from error


def _head(path: Path) -> _Head:
    with path.open("rb") as stream:
        return _parse(stream, path, whole=False)


def _parse(stream: BinaryIO, path: Path, *, whole: bool) -> _Head:
    """The dataset; files without the prefix count as DICOM only where an image's attributes come out."""
    prefixed = stream.read(132)[128:] == b"DICM"
    stream.seek(0)
    pixels = 0

    def at_pixels(tag: int, _vr: str | None, length: int) -> bool:
        nonlocal pixels
        if tag in PIXEL_TAGS:
            pixels = length
        return tag in PIXEL_TAGS

    try:
        dataset = dcmread(stream, force=not prefixed) if whole else read_partial(stream, at_pixels, force=not prefixed)
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
    return _Head(dataset, pixels)


def _guessed_syntax(dataset: FileDataset) -> UID:
    """What a file without a file meta group must have been written in, seen from how its elements were parsed."""
    implicit, little = dataset.original_encoding
    if not little:
        return ExplicitVRBigEndian
    return ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian


def _refuse_unfit(head: _Head) -> None:
    dataset = head.dataset
    syntax = UID(str(dataset.file_meta.TransferSyntaxUID))
    dicom_kinds.refuse_other(str(dataset.get("SOPClassUID", "")), str(dataset.get("Modality", "")), syntax)
    if not head.pixels:
        raise Failed("no-pixels")
    if not dicom_pixels.is_decodable(syntax):
        raise Failed("unsupported-coding", syntax=syntax.name)


def _plain(error: BaseException) -> str:
    """The library's word on the fault, in a person's words."""
    said = str(error)
    return next((plain for part, plain in _SAID.items() if part in said), "its picture cannot be decoded")

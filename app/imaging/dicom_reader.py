"""DICOM files: what a header says, whether the pixels hold it, and one slice of them.

Headers become facts in ``dicom_facts``, pixels are decoded in ``dicom_pixels``, grouping is in ``series``. pydicom is
the authority; of files, only the last one of many frames is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

from app.domain.errors import Failed
from app.imaging import checking, dicom_facts, dicom_header, dicom_kinds, dicom_parse, dicom_pixels
from app.imaging.content import Checked, FileContent, SliceImage
from app.imaging.dicom_facts import KEPT_TAGS
from app.imaging.dicom_header import Attributes

__all__ = ["KEPT_TAGS", "check", "load", "look", "read"]

_INFLATES_AT_MOST = 1032
"""How many times larger deflated data can become (RFC 1951)."""
_SAID = {
    "less than expected": "its picture is cut short",
    "Missing required element": "its description of the picture is incomplete",
    "no attribute": "its description of the picture is incomplete",
}
"""Parts of pydicom's messages and what they mean to a person."""


def look(path: Path) -> FileContent:
    """Describe the file from its header; pixels are neither read nor decoded.

    Raises:
        Failed: ``not-an-image``, ``damaged-file``, ``no-pixels``, ``kept-object``, ``not-a-picture`` or
            ``unsupported-coding``.
        OSError: the file cannot be read.
    """
    header = dicom_header.read(path)
    if header is not None:
        with suppress(dicom_header.Odd):
            return _described(path, header, header.syntax, header.pixels)
    return look_with_pydicom(path)


def look_with_pydicom(path: Path) -> FileContent:
    """The truth that ``look`` takes a shorter road to; same result, same errors."""
    with _plain_faults():
        dataset, pixels = dicom_parse.header(path)
        return _described(path, dataset, str(dataset.file_meta.TransferSyntaxUID), pixels)


def _described(path: Path, header: Attributes, syntax: str, pixels: int) -> FileContent:
    dicom_kinds.refuse_other(str(header.get("SOPClassUID", "")), str(header.get("Modality", "")), syntax)
    if not pixels:
        dicom_kinds.refuse_index(header.get("OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity") is not None)
        raise Failed("no-pixels")
    if not _is_decodable(syntax):
        raise Failed("unsupported-coding", syntax=UID(syntax).name)
    inflates = _INFLATES_AT_MOST if syntax == DeflatedExplicitVRLittleEndian else 1
    return dicom_facts.describe(path, header, lambda: min(pixels, path.stat().st_size * inflates))


def check(content: FileContent) -> Checked:
    """Decode every frame that the header promises, once.

    Raises:
        Failed: ``damaged-file`` or ``unreadable``.
        OSError: the file cannot be read.
    """
    middle = checking.middle(content).index
    with _plain_faults():
        dataset = dicom_parse.whole(content.path)
        for frame in content.frames:
            pixels = dicom_pixels.decode(dataset, frame.index)
            if frame.index == middle:
                shown = _slice(dataset, middle, pixels)
    return checking.checked(content, shown)


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
    with _plain_faults():
        dataset = _last(path)
        return _slice(dataset, index, dicom_pixels.decode(dataset, index))


class _Last:
    """Files of many frames are parsed once: their frames are asked for one after another."""

    def __init__(self) -> None:
        self._kept: tuple[tuple[Path, int, int], FileDataset] | None = None

    def __call__(self, path: Path) -> FileDataset:
        now = path.stat()
        this, kept = (path, now.st_mtime_ns, now.st_size), self._kept
        if kept is not None and kept[0] == this:
            return kept[1]
        dataset = dicom_parse.whole(path)
        self._kept = (this, dataset) if int(dataset.get("NumberOfFrames") or 1) > 1 else None
        return dataset


_last = _Last()


def _slice(dataset: Dataset, index: int, pixels: NDArray[np.float32]) -> SliceImage:
    return SliceImage(
        pixels,
        dicom_facts.spacing(dataset, index),
        dicom_pixels.window(dataset, index, pixels),
        dicom_pixels.windows(dataset, index),
    )


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
        except dicom_parse.FAULTS as error:
            raise Failed("damaged-file", detail=_plain(error)) from error


@lru_cache(maxsize=200)
def _is_decodable(syntax: str) -> bool:
    return dicom_pixels.is_decodable(UID(syntax))


def _plain(error: BaseException) -> str:
    """The library's word on the fault, in a person's words."""
    said = str(error)
    return next((plain for part, plain in _SAID.items() if part in said), "its picture cannot be decoded")

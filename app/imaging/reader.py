"""One door for every file: finds out what it is and hands it to the reader of its format.

What a file is, its first bytes say, never its name alone. Looking reads headers only, in Python; checking decodes
every slice once, and belongs into a process that may be lost.
"""

from __future__ import annotations

import zlib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from app.domain.errors import Failed
from app.domain.study import SourceKind
from app.imaging.content import Checked, FileContent

__all__ = ["FileContent", "check", "files", "look", "read"]

_DICOM_BEGINNINGS = (b"\x02\x00", b"\x08\x00", b"\x00\x08")
"""How a DICOM file without its prefix begins: group 0002 or 0008, the latter in either byte order."""
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_VOXEL_ENDINGS = (".img", ".img.gz", ".raw", ".raw.gz", ".zraw")
"""How files of bare voxels are named; the header beside them stands for both."""
_PACKED = (".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".tar", ".zst")
"""Endings of packed files; ZIPs are unpacked before they come here."""
_HEAD = 1024


class _Reader(Protocol):
    """What the module of a format offers."""

    def look(self, path: Path, /) -> FileContent: ...

    def check(self, content: FileContent, /) -> Checked: ...


def look(path: Path) -> FileContent:
    """Describe the file from its header. No pixel is decoded, no C decoder runs, the file is only read.

    Raises:
        Failed: with the code of the reason for which it is no image of the library: ``not-an-image``,
            ``damaged-file``, ``no-pixels``, ``kept-object``, ``not-a-picture``, ``unsupported-coding``,
            ``nifti-voxels``, ``nifti-shape``, ``volume-layout``, ``volume-data-missing``, ``part-of-volume``,
            ``packed-file``, ``too-large`` or ``unreadable``.
    """
    kind = _kind(_head(path), path)
    if kind is not None:
        return _reader(kind).look(path)
    if header := _header_of(path):
        raise Failed("part-of-volume", header=header.name)
    if path.name.lower().endswith(_PACKED):
        raise Failed("packed-file")
    raise Failed("not-an-image")


def check(content: FileContent) -> Checked:
    """Decode every slice of the file once, hash it, and draw the middle slice small.

    Damaged files may take the process down with them.

    Raises:
        Failed: ``damaged-file``, ``unreadable``, or as ``look``.
    """
    return _reader(content.kind).check(content)


def files(path: Path) -> tuple[Path, ...]:
    """The files that hold what ``path`` stands for: itself, and the voxels beside it where it is a header alone."""
    name = path.name.lower()
    with suppress(Failed):  # looking at it says why
        if name.endswith((".hdr", ".hdr.gz")):
            from app.imaging import nifti_reader

            return nifti_reader.files(path)
        if name.endswith((".mhd", ".nhdr")):
            from app.imaging import volume_reader

            return volume_reader.files(path)
    return (path,)


def read(path: Path) -> FileContent:
    """Look and check in one, for files that are trusted.

    Raises:
        Failed: as ``look`` and ``check``.
    """
    content = look(path)
    return replace(content, sha256=check(content).sha256)


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
    except OSError as error:
        raise Failed("unreadable", path=str(path), detail=error.strerror or str(error)) from error
    if not head:
        raise Failed("damaged-file", detail="it is empty")
    return head


def _kind(head: bytes, path: Path) -> SourceKind | None:
    if head[128:132] == b"DICM":
        return SourceKind.DICOM  # first: a DICOM file may be a TIFF at the same time (PS3.10 7.1)
    if head.startswith(_PICTURES):
        return SourceKind.IMAGE
    name = path.name.lower()
    if head.startswith(b"NRRD000") or (name.endswith((".mha", ".mhd")) and _is_meta(head)):
        return SourceKind.VOLUME
    if _is_nifti(_unpacked(head)) or name.endswith((".nii", ".nii.gz")):
        return SourceKind.NIFTI
    is_dicom = head.startswith(_DICOM_BEGINNINGS) and _header_of(path) is None
    return SourceKind.DICOM if is_dicom else None


def _is_meta(head: bytes) -> bool:
    return b"NDims" in head or b"ObjectType" in head


def _is_nifti(head: bytes) -> bool:
    return head[344:348] in (b"n+1\0", b"ni1\0") or head[4:8] in (b"n+2\0", b"ni2\0")


def _unpacked(head: bytes) -> bytes:
    """The beginning of a gzip file's content, or the head itself."""
    if not head.startswith(b"\x1f\x8b"):
        return head
    try:
        return zlib.decompressobj(wbits=31).decompress(head, 540)
    except zlib.error:
        return b""


def _header_of(path: Path) -> Path | None:
    """The header beside a file of bare voxels; ``None`` where the file is something else."""
    stem = path.name
    if not stem.lower().endswith(_VOXEL_ENDINGS):
        return None
    while stem.lower().endswith((".gz", ".img", ".raw", ".zraw")):
        stem = stem.rpartition(".")[0]
    beside = (path.with_name(stem + ending) for ending in (".hdr", ".hdr.gz", ".mhd", ".nhdr"))
    return next((header for header in beside if header.is_file()), None)


def _reader(kind: SourceKind) -> _Reader:
    """The module of a format, imported when a file of it comes."""
    if kind is SourceKind.IMAGE:
        from app.imaging import image_reader

        return image_reader
    if kind is SourceKind.NIFTI:
        from app.imaging import nifti_reader

        return nifti_reader
    if kind is SourceKind.VOLUME:
        from app.imaging import volume_reader

        return volume_reader
    from app.imaging import dicom_reader

    return dicom_reader

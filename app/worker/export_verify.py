"""The last look at a finished export before it gets its name: every file is read again from the disk.

It trusts nothing that the writers said. It must not know where the files come from.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pydicom
from PIL import Image

from app.deid.leaks import Search
from app.domain.errors import Failed
from app.domain.export import Format
from app.imaging import dicom_parse, png_writer, redaction, tiff_writer
from app.imaging.dicom_pixels import quiet
from app.store.audits import file_sha256
from app.store.exports import MANIFEST
from app.worker.export_write import Expected
from app.worker.in_order import in_order

UNREADABLE: tuple[type[Exception], ...] = (*dicom_parse.FAULTS, Failed)
"""What the readers raise on a file that is not what it should be."""

Proof = tuple[bool, tuple[int, ...]]
"""How a file is marked (synthetic or not), and the shape of its pixels."""


def verify(
    root: Path,
    expected: Iterable[Expected],
    hashes: Mapping[str, str],
    search: Search,
    on_file: Callable[[], None],
    *,
    pixels: Mapping[str, str] | None = None,
) -> None:
    """Check an export.

    Every image decodes, has its size and carries its mark; a DICOM file that left as itself has the very values that
    it had after cleaning; the files are exactly those of the manifest, with its hashes; no identity of a source
    stands in any of them, nor in the name of a file or folder.

    Args:
        root: folder of the export.
        expected: images and what they must prove.
        hashes: path to SHA-256, of all files but the manifest.
        search: identities that must not be found.
        on_file: called after each file; may raise to stop.
        pixels: path to the digest of the stored values (``redaction.digest``), of DICOM sources that left.

    Raises:
        Failed: ``export-not-verified``, ``identity-in-export``.
    """
    known = pixels or {}
    there = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    if set(there) - {MANIFEST} != set(hashes):
        raise Failed("export-not-verified", detail="files are missing or were added")
    images = {one.path: one for one in expected}
    if missing := sorted(set(images) - set(there)):
        raise Failed("export-not-verified", detail=f"{missing[0]} is missing")

    def checked(name: str) -> None:
        if name in images:
            _image(root, images[name], known.get(name))
        if name in hashes and file_sha256(root / name) != hashes[name]:
            raise Failed("export-not-verified", detail=f"{name} changed after it was written")
        if search.found_in_text(name):
            raise Failed("identity-in-export", detail="the name of a file or folder")
        if search.found_in(root / name):
            raise Failed("identity-in-export", detail=name)

    for _ in in_order(checked, there):
        on_file()


def _image(root: Path, one: Expected, digest: str | None) -> None:
    try:
        found = _original(root / one.path, digest) if digest is not None else _READERS[one.format](root / one.path)
    except UNREADABLE as error:
        raise Failed("export-not-verified", detail=f"{one.path} cannot be read: {type(error).__name__}") from error
    if found != (one.synthetic, tuple(one.shape)):
        raise Failed("export-not-verified", detail=f"{one.path} is not marked or not sized as it should be")


def _png(path: Path) -> Proof:
    with Image.open(path) as image:
        pixels = np.asarray(image)
        text: dict[str, str] = getattr(image, "text", {})
    return _yes_no(text[png_writer.MARK]), pixels.shape


def _tiff(path: Path) -> Proof:
    with Image.open(path) as image:
        pixels = np.asarray(image)
        said = json.loads(str(getattr(image, "tag_v2", {})[tiff_writer.DESCRIPTION]))
    return bool(said["SyntheticData"]), pixels.shape


def _dicom(path: Path) -> Proof:
    dataset = pydicom.dcmread(path)
    mark = _yes_no(str(dataset.SyntheticData).lower())
    return mark, dataset.pixel_array.shape


def _original(path: Path, digest: str) -> Proof:
    """A real DICOM file: never marked as synthetic, and with the values that it should have."""
    with quiet():
        dataset = dicom_parse.whole(path)
        if redaction.digest(dataset) != digest:
            raise ValueError("other values")
        stored = redaction.shape(dataset)
    return str(dataset.get("SyntheticData") or "NO").upper() != "NO", stored


def _nifti(path: Path) -> Proof:
    image = nib.Nifti1Image.from_bytes(gzip.decompress(path.read_bytes()))
    values = np.asarray(image.dataobj)
    colour = values.dtype.names is not None
    columns, rows = values.shape[:2]
    sidecar = json.loads(path.with_name(path.name.removesuffix(".nii.gz") + ".json").read_text(encoding="utf-8"))
    comment = json.loads(image.header.extensions[0].get_content().decode().rstrip("\0"))
    if comment["SyntheticData"] != sidecar["SyntheticData"]:
        raise ValueError("header and side-car disagree")
    return bool(comment["SyntheticData"]), (rows, columns, *((3,) if colour else ()))


def _yes_no(text: str) -> bool:
    return {"yes": True, "no": False}[text]


_READERS: dict[Format, Callable[[Path], Any]] = {
    Format.PNG: _png,
    Format.TIFF: _tiff,
    Format.DICOM: _dicom,
    Format.NIFTI: _nifti,
}

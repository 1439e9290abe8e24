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
from app.imaging import png_writer
from app.store.audits import file_sha256
from app.worker.export_write import Expected

UNREADABLE = (ArithmeticError, AttributeError, EOFError, LookupError, OSError, TypeError, ValueError)
"""What the readers raise on a file that is not what it should be."""


def verify(
    root: Path,
    expected: Iterable[Expected],
    hashes: Mapping[str, str],
    search: Search,
    on_file: Callable[[], None],
) -> None:
    """Check an export.

    Every image decodes, has its size and carries its mark; the files are exactly those of the manifest, with its
    hashes; no identity of a source stands in any of them.

    Args:
        root: folder of the export.
        expected: images and what they must prove.
        hashes: path to SHA-256, of all files but the manifest.
        search: identities that must not be found.
        on_file: called after each file; may raise to stop.

    Raises:
        Failed: ``export-not-verified``, ``identity-in-export``.
    """
    for one in expected:
        try:
            found = _READERS[one.format](root / one.path)
        except UNREADABLE as error:
            raise Failed("export-not-verified", detail=f"{one.path} cannot be read: {error}") from error
        if found != (one.synthetic, one.shape):
            raise Failed("export-not-verified", detail=f"{one.path} is not marked or not sized as it should be")
    there = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    if there - {"manifest.json"} != set(hashes):
        raise Failed("export-not-verified", detail="files are missing or were added")
    for name in sorted(there):
        if name in hashes and file_sha256(root / name) != hashes[name]:
            raise Failed("export-not-verified", detail=f"{name} changed after it was written")
        if search.found_in(root / name) or search.found_in_text(name):
            raise Failed("identity-in-export", detail=name)
        on_file()


def _png(path: Path) -> tuple[bool, tuple[int, ...]]:
    with Image.open(path) as image:
        pixels = np.asarray(image)
        text: dict[str, str] = getattr(image, "text", {})
    return _yes_no(text[png_writer.MARK]), pixels.shape


def _dicom(path: Path) -> tuple[bool, tuple[int, ...]]:
    dataset = pydicom.dcmread(path)
    mark = _yes_no(str(dataset.SyntheticData).lower())
    return mark, dataset.pixel_array.shape


def _nifti(path: Path) -> tuple[bool, tuple[int, ...]]:
    image = nib.Nifti1Image.from_bytes(gzip.decompress(path.read_bytes()))
    columns, rows, _ = np.asarray(image.dataobj).shape
    sidecar = json.loads(path.with_name(path.name.removesuffix(".nii.gz") + ".json").read_text(encoding="utf-8"))
    comment = json.loads(image.header.extensions[0].get_content().decode().rstrip("\0"))
    if comment["SyntheticData"] != sidecar["SyntheticData"]:
        raise ValueError("header and side-car disagree")
    return bool(comment["SyntheticData"]), (rows, columns)


def _yes_no(text: str) -> bool:
    return {"yes": True, "no": False}[text]


_READERS: dict[Format, Callable[[Path], Any]] = {Format.PNG: _png, Format.DICOM: _dicom, Format.NIFTI: _nifti}

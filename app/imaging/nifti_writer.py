"""Pictures as NIfTI-1: one slice a volume of ``(columns, rows, 1)`` in physical values, with a JSON side-car.

NIfTI has no field that marks an image as synthetic, so three places say it: the header's description, a comment
extension (code 6), and the side-car. It must not know folders, classes or exports.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from app.imaging import marking
from app.imaging.picture import AXES, Page, Picture, to_levels

COMMENT = 6
"""NIfTI extension code of a comment (nifti1.h, NIFTI_ECODE_COMMENT)."""

RGB = np.dtype([("R", np.uint8), ("G", np.uint8), ("B", np.uint8)])
"""NIfTI datatype 128 (nifti1.h, NIFTI_TYPE_RGB24)."""

UNKNOWN_MM = 1.0
"""In-plane spacing written where none is known; the unit code then says "unknown" instead of millimetres."""


def write(path: Path, page: Page) -> Path:
    """Write ``path`` (``.nii.gz``) and a side-car of the same name ending in ``.json``.

    Values are int16 where the unit is HU (whole numbers by definition) and the range fits, else float32; colour is
    RGB24, 8 bits a channel over the window. The affine is centred on the slice's middle, since the position in a
    patient is invented. The gzip header carries no time and no name.

    Returns:
        The side-car's path.

    Raises:
        OSError: a file cannot be written.
    """
    picture = page.picture
    volume = np.ascontiguousarray((_colours(picture) if picture.colour else _values(picture)).T[:, :, np.newaxis])
    image = nib.Nifti1Image(volume, _affine(picture))
    image.header.set_xyzt_units(xyz="mm" if picture.spacing_mm else "unknown")
    image.header["descrip"] = marking.short(page.origin).encode("ascii", "replace")[:79]
    image.header.extensions.append(nib.nifti1.Nifti1Extension(COMMENT, marking.comment(page).encode("ascii")))
    path.write_bytes(gzip.compress(image.to_bytes(), compresslevel=6, mtime=0))
    sidecar = path.with_name(path.name.removesuffix(".nii.gz") + ".json")
    facts = json.dumps(marking.facts(page), indent=1, sort_keys=True, ensure_ascii=False)
    sidecar.write_text(facts + "\n", encoding="utf-8", newline="\n")
    return sidecar


def _values(picture: Picture) -> NDArray[np.int16] | NDArray[np.float32]:
    low, high = picture.window
    clipped = np.clip(picture.pixels, low, high)
    if picture.unit == "HU" and low >= -32768 and high <= 32767:
        return np.rint(clipped).astype(np.int16)
    return clipped.astype(np.float32)


def _colours(picture: Picture) -> NDArray[np.void]:
    levels = np.ascontiguousarray(to_levels(picture, 255).astype(np.uint8))
    return levels.view(RGB)[:, :, 0]


def _affine(picture: Picture) -> NDArray[np.float64]:
    rows, columns = picture.grid
    row_mm, column_mm = picture.spacing_mm or (UNKNOWN_MM, UNKNOWN_MM)
    along_columns, along_rows = (np.asarray(axis, dtype=np.float64) for axis in AXES[picture.plane])
    normal = np.cross(along_columns, along_rows)
    affine = np.eye(4)
    affine[:3, 0] = along_columns * column_mm
    affine[:3, 1] = along_rows * row_mm
    affine[:3, 2] = normal * UNKNOWN_MM
    middle = (affine[:3, 0] * (columns - 1) + affine[:3, 1] * (rows - 1)) / 2
    affine[:3, 3] = normal * picture.offset_mm - middle
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine

"""Pictures as NIfTI-1: one slice a volume of ``(columns, rows, 1)`` in physical values, with a JSON side-car.

NIfTI has no field that marks an image as synthetic, so three places say it: the header's description, a comment
extension (code 6), and the side-car. It must not know folders, classes or exports.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from app.imaging.picture import AXES, Page, Picture

COMMENT = 6
"""NIfTI extension code of a comment (nifti1.h, NIFTI_ECODE_COMMENT)."""

UNKNOWN_MM = 1.0
"""In-plane spacing written where none is known; the unit code then says "unknown" instead of millimetres."""


def write(path: Path, page: Page) -> Path:
    """Write ``path`` (``.nii.gz``) and a side-car of the same name ending in ``.json``.

    Values are int16 where the unit is HU (whole numbers by definition) and the range fits, else float32. The affine
    is centred on the slice's middle, since the position in a patient is invented. The gzip header carries no time
    and no name.

    Returns:
        The side-car's path.

    Raises:
        OSError: a file cannot be written.
    """
    picture = page.picture
    volume = np.ascontiguousarray(_values(picture).T[:, :, np.newaxis])
    image = nib.Nifti1Image(volume, _affine(picture))
    image.header.set_xyzt_units(xyz="mm" if picture.spacing_mm else "unknown")
    image.header["descrip"] = _description(page).encode("ascii", "replace")[:79]
    facts = {**page.origin.facts(), "Label": picture.label, **_physical(picture)}
    comment = json.dumps(facts, sort_keys=True, ensure_ascii=True)
    image.header.extensions.append(nib.nifti1.Nifti1Extension(COMMENT, comment.encode("ascii")))
    path.write_bytes(gzip.compress(image.to_bytes(), compresslevel=6, mtime=0))
    sidecar = path.with_name(path.name.removesuffix(".nii.gz") + ".json")
    sidecar.write_text(json.dumps(facts, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    return sidecar


def _values(picture: Picture) -> NDArray[np.int16] | NDArray[np.float32]:
    low, high = picture.window
    clipped = np.clip(picture.pixels, low, high)
    if picture.unit == "HU" and low >= -32768 and high <= 32767:
        return np.rint(clipped).astype(np.int16)
    return clipped.astype(np.float32)


def _affine(picture: Picture) -> NDArray[np.float64]:
    rows, columns = picture.pixels.shape
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


def _description(page: Page) -> str:
    kind = "SYNTHETIC image" if page.origin.synthetic else "Real image, de-identified"
    return f"{kind}, {page.origin.program}"


def _physical(picture: Picture) -> dict[str, Any]:
    return {
        "Modality": picture.modality or None,
        "Unit": picture.unit,
        "Window": list(picture.window),
        "PixelSpacingKnown": picture.spacing_mm is not None,
    }

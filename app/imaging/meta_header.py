"""Headers of MetaImage files (.mha, and .mhd with its data file). See ``volume_header`` for what comes out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.errors import Failed
from app.imaging import volume_header
from app.imaging.volume_header import VolumeHeader

_KINDS: dict[str, np.dtype[Any]] = {
    "MET_CHAR": np.dtype("i1"),
    "MET_UCHAR": np.dtype("u1"),
    "MET_SHORT": np.dtype("i2"),
    "MET_USHORT": np.dtype("u2"),
    "MET_INT": np.dtype("i4"),
    "MET_UINT": np.dtype("u4"),
    "MET_LONG": np.dtype("i4"),
    "MET_ULONG": np.dtype("u4"),
    "MET_LONG_LONG": np.dtype("i8"),
    "MET_ULONG_LONG": np.dtype("u8"),
    "MET_FLOAT": np.dtype("f4"),
    "MET_DOUBLE": np.dtype("f8"),
}
_MODALITIES = {"MET_MOD_CT": "CT", "MET_MOD_MR": "MR", "MET_MOD_NM": "NM", "MET_MOD_US": "US"}


def parse(path: Path) -> VolumeHeader:
    """Read the header of ``path``.

    Raises:
        Failed: ``damaged-file``, ``nifti-shape``, ``volume-layout`` or ``volume-data-missing``.
        ValueError, LookupError: a field makes no sense.
    """
    fields = _fields(volume_header.text_of(path, r"\s*ElementDataFile\s*="))
    count = int(fields["ndims"])
    sizes = volume_header.sizes_of(fields["dimsize"])
    if len(sizes) != count:
        raise Failed("damaged-file", detail="its header contradicts itself")
    name = fields["elementdatafile"]
    return volume_header.build(
        sizes,
        _affine(fields, count),
        kind=_KINDS[fields["elementtype"].upper().removesuffix("_ARRAY")],
        values=int(fields.get("elementnumberofchannels", "1")),
        is_colour=False,
        data=path if name.upper() == "LOCAL" else volume_header.beside(path, name),
        is_packed=fields.get("compresseddata", "false").lower() in ("true", "t", "1"),
        modality=_MODALITIES.get(fields.get("modality", "").upper(), ""),
    )


def _fields(text: str) -> dict[str, str]:
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {name.strip().lower(): value.strip() for name, value in pairs}


def _affine(fields: dict[str, str], count: int) -> NDArray[np.float64]:
    """Voxel numbers to LPS mm: a row of the matrix is the direction of an axis (MetaIO, TransformMatrix)."""
    matrix, origin = _first(fields, "transformmatrix", "rotation", "orientation"), _first(fields, *_ORIGINS)
    spacing = _first(fields, "elementspacing", "elementsize") or [1.0] * count
    axes = np.asarray(matrix).reshape(count, count) if matrix else np.eye(count)
    affine = np.eye(4)
    for axis in range(min(count, 3)):
        column = axes[axis] * spacing[axis]
        affine[:3, axis] = (*column, 0.0, 0.0)[:3]
    affine[:3, 3] = (*origin, 0.0, 0.0, 0.0)[:3]
    return affine


_ORIGINS = ("offset", "position", "origin")


def _first(fields: dict[str, str], *names: str) -> list[float]:
    return next((volume_header.numbers(fields[name]) for name in names if name in fields), [])

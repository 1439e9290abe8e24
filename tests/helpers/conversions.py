"""What dcm2niix makes of DICOM files, in the form in which our own volumes can be held against it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from app.domain.study import Series
from app.imaging import native, volume
from tests.helpers.judges import judge

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_AS_STORED = ("-z", "n", "-b", "n", "-x", "i", "-p", "n")
"""Uncompressed, no side-car, neither cropped nor turned, values as Rescale Slope has them (not Philips' own)."""


@dataclass(frozen=True)
class Conversion:
    """One NIfTI file of dcm2niix.

    Attributes:
        path: the file.
        voxels: ``(i, j, k, time)`` in real values; ``None`` where they are colours or cut short.
        affine: (i, j, k) to RAS millimetres.
        unit: size of one stored step in real values.
        spacing: of (i, j, k).
    """

    path: Path
    voxels: NDArray[Any] | None
    affine: NDArray[np.float64]
    unit: float
    spacing: tuple[float, ...]

    @property
    def is_empty(self) -> bool:
        """Whether dcm2niix could not read the pixels: it then writes a single voxel."""
        return self.voxels is not None and self.voxels.size == 1

    @property
    def is_resampled(self) -> bool:
        """Whether dcm2niix corrected a tilt or evened slice distances, which makes new values."""
        return any(word in self.path.stem for word in ("_Tilt", "_Eq"))


def convert(source: Path, out: Path, *options: str) -> list[Conversion]:
    """Let dcm2niix convert a folder, or with ``-s y`` a file."""
    out.mkdir(parents=True)
    command = [judge("dcm2niix"), *_AS_STORED, *options, "-f", "out", "-o", str(out), str(source)]
    subprocess.run(command, capture_output=True, timeout=60, check=False)
    return [_conversion(path) for path in sorted(out.glob("*.nii"))]


def native_voxels(series: Series) -> NDArray[np.float32]:
    """Our values, ``(slices, rows, columns)``."""
    return np.stack([native.load(series, index).pixels for index in range(len(series.instances))])


def grid_difference(found: Conversion, series: Series) -> NDArray[np.float64]:
    """Where dcm2niix's voxels lie on our (column, row, slice) grid: the identity but for flips, if both are right."""
    result: NDArray[np.float64] = np.linalg.inv(LPS_TO_RAS @ volume.affine(series)) @ found.affine
    return result


def flips(grid: NDArray[np.float64], sizes: tuple[int, int, int]) -> NDArray[np.float64]:
    """The matrix of pure flips nearest to ``grid``."""
    result = np.eye(4)
    for axis, size in enumerate(sizes):
        if grid[axis, axis] < 0:
            result[axis, axis], result[axis, 3] = -1.0, size - 1.0
    return result


def on_our_grid(found: Conversion, turned: NDArray[np.float64], time: int = 0) -> NDArray[Any]:
    """Its voxels in our order ``(slices, rows, columns)``, flipped as ``turned`` says."""
    assert found.voxels is not None
    voxels = found.voxels[..., time].transpose(2, 1, 0)
    return voxels[tuple(slice(None, None, int(turned[axis, axis])) for axis in (2, 1, 0))]


def _conversion(path: Path) -> Conversion:
    image = nib.load(path)
    header = image.header
    unit = abs(float(image.dataobj.slope)) or 1.0
    spacing = tuple(map(float, header.get_zooms()[:3]))
    return Conversion(path, _voxels(image), np.asarray(image.affine, dtype=np.float64), unit, spacing)


def _voxels(image: Any) -> NDArray[Any] | None:
    if image.get_data_dtype().fields is not None:
        return None
    try:
        values = np.asarray(image.dataobj)
    except OSError:
        return None
    return values.reshape((*values.shape, 1, 1)[:4]) if values.ndim < 4 else values

"""Small NIfTI files with known content."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from nibabel.orientations import axcodes2ornt, inv_ornt_aff, io_orientation, ornt_transform
from numpy.typing import NDArray


def write_volume(
    path: Path, voxels: NDArray[Any], *, spacing: tuple[float, ...] = (1.0, 1.5, 2.0), **scaling: float
) -> Path:
    """Write ``voxels`` on axes towards right, front and head; ``slope`` and ``inter`` set the stored scaling."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = nibabel.Nifti1Image(voxels, np.diag([*spacing, 1.0]))
    if scaling:
        image.header.set_slope_inter(scaling.get("slope", 1.0), scaling.get("inter", 0.0))
    nibabel.save(image, path)
    return path


def write_turned(path: Path, voxels: NDArray[Any], codes: str, spacing: tuple[float, ...] = (1.0, 1.5, 2.0)) -> Path:
    """Write right-front-head ``voxels`` stored along ``codes`` (such as "LPS"); the world stays the same."""
    affine = np.diag([*spacing, 1.0])
    turn = ornt_transform(io_orientation(affine), axcodes2ornt(codes))
    turned = nibabel.orientations.apply_orientation(voxels, turn)
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(turned, affine @ inv_ornt_aff(turn, voxels.shape)), path)
    return path

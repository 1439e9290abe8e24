"""The patient's own brain, where it differs from the average: tissue that hangs together with the middle of the brain.

Brains are longer, broader and lower than an affine map of the average says. What this finds near the average brain is
kept, whatever the average calls face.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from app.deid import faces_tissue
from app.deid.faces_atlas import atlas
from app.deid.faces_grid import STEP_MM, Grid
from app.deid.faces_match import Pose

CORE_MM, FARTHEST_MM = -14.0, 13.0
"""Surely brain; and how far outside the average brain the patient's own is believed: the thickness of skull and scalp
at the brow, so the skin there is never called brain."""
MR_RANGE = (0.55, 1.5)
"""By the middle of the brain: without air, bone and, where they are bright, fat and water."""


def own_brain(grid: Grid, pose: Pose, modality: str) -> NDArray[np.bool_]:
    """Cells of ``grid`` that are the patient's brain."""
    away = atlas().at(atlas().brain_mm, pose.to_atlas(grid.places()))
    core = (away < CORE_MM) & grid.inside
    near = (away < FARTHEST_MM) & grid.inside & _soft(grid, core, modality)
    labels, _ = ndimage.label(ndimage.binary_opening(near))
    chosen = np.unique(labels[core])
    found = np.isin(labels, chosen[chosen > 0])
    return np.asarray(ndimage.binary_dilation(found) & near)


def taken(brain: NDArray[np.bool_], grid: Grid, places: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which of ``places`` (LPS millimetres, ``(3, n)``) lie in, or touch, ``brain``."""
    numbers = (places - grid.first[:, None]) / STEP_MM
    wide = ndimage.map_coordinates(brain.astype(np.float32), numbers[::-1], order=1, mode="constant", cval=0.0)
    return np.asarray(wide > 0.05)


def _soft(grid: Grid, core: NDArray[np.bool_], modality: str) -> NDArray[np.bool_]:
    if modality == "CT":
        return faces_tissue.bone_and_soft(grid)[1]
    middle = float(np.median(grid.values[core])) if core.any() else 0.0
    return np.asarray((grid.values > MR_RANGE[0] * middle) & (grid.values < MR_RANGE[1] * middle))

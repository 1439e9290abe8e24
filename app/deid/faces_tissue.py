"""What is patient and what is air, on the plain grid, and values in which skull, brain and fat look alike in CT and MR.

It looks at values only; where a head may be is the matter of ``faces_match``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from app.deid.faces_grid import STEP_MM, Grid

SKIN_HU = -300.0
"""Between air and fat: cells half in the skin count as skin."""
MR_SHARE = 0.12
"""Of the bright tissue's value: what is darker is air, bone or noise."""
HU = (-1000.0, -250.0, -120.0, -30.0, 5.0, 30.0, 80.0, 150.0, 400.0)
LIKE_T1 = (0.0, 0.0, 1.0, 0.5, 0.3, 0.65, 0.65, 0.3, 0.1)
"""CT drawn as the template is: fat bright, brain grey, water darker, bone and air dark."""
BONE_HU = 180.0
"""A thin skull bone averaged over a cell still has it."""
SOFT_HU = (-20.0, 110.0)
LARGEST_HEAD_CM2 = 400.0
"""No axial cut through a head is as large: 64 cm round (above the 99.9th percentile of men) is 330 cm^2."""

SHORTEST_MM, LONGEST_MM = 16.0, 260.0
"""Of a run of layers that holds a head; crown to chin is 240 mm, and the neck does no harm."""


def tissue(grid: Grid, modality: str) -> NDArray[np.bool_]:
    """The patient: the largest connected piece, with table, holders and noise left out."""
    found = (grid.values > skin_value(grid, modality)) & grid.inside
    opened = ndimage.binary_opening(found, iterations=1)
    labels, count = ndimage.label(opened)
    if count == 0:
        return np.zeros_like(found)
    largest = labels == int(np.argmax(np.bincount(labels.ravel())[1:])) + 1
    return _filled(ndimage.binary_dilation(largest, iterations=1) & found)


def skin_value(grid: Grid, modality: str) -> float:
    """Value between air and skin."""
    return SKIN_HU if modality == "CT" else MR_SHARE * _bright(grid)


def contrast(grid: Grid, modality: str) -> NDArray[np.float32]:
    """Values in [0, 1] as the template shows them (CT), or scaled (MR)."""
    if modality == "CT":
        return np.asarray(np.interp(grid.values, HU, LIKE_T1), dtype=np.float32)
    return np.asarray(np.clip(grid.values / (1.5 * _bright(grid)), 0, 1), dtype=np.float32)


def bone_and_soft(grid: Grid) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Cells of a CT that are, or touch, bone; and those between water and clotted blood."""
    bone = ndimage.binary_dilation(grid.values > BONE_HU)
    return bone, (grid.values > SOFT_HU[0]) & (grid.values < SOFT_HU[1])


def cuts_cm2(body: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Area of the patient in each layer from the feet upwards."""
    return np.asarray(body.sum(axis=(1, 2)) * (STEP_MM / 10) ** 2, dtype=np.float64)


def head_sized(body: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Layers ``(low, high)`` in which a head may lie, from the head downwards.

    A run of layers that are no larger than a head, with the neck and shoulders below it, as the whole head is needed to
    recognise it.
    """
    small = cuts_cm2(body) <= LARGEST_HEAD_CM2
    edges = np.flatnonzero(np.diff(np.concatenate([[0], small, [0]]).astype(int)))
    longest = round(LONGEST_MM / STEP_MM)
    runs = []
    for begin, end in edges.reshape(-1, 2)[::-1]:
        layers = np.flatnonzero(body[begin:end].any(axis=(1, 2)))
        if layers.size * STEP_MM >= SHORTEST_MM:
            crown = int(begin + layers[-1] + 1)
            runs.append((max(0, crown - longest), int(end)))
    return runs


def _bright(grid: Grid) -> float:
    """A value that bright tissue has; never 0."""
    values = grid.values[grid.inside]
    above = values[values > values.mean()] if values.size else values
    return max(float(np.percentile(above, 75)), 1e-6) if above.size else 1e-6


def _filled(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Sinuses, airways and dark bone count as patient."""
    closed = ndimage.binary_closing(np.pad(mask, 4, mode="edge"), iterations=3)[4:-4, 4:-4, 4:-4] | mask
    return np.stack([ndimage.binary_fill_holes(layer) for layer in closed])

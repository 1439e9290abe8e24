"""A volume of any geometry on one plain grid: 4 mm cubes along the patient's axes.

Only geometry: sheared (gantry tilt), oblique, sagittal and coarse stacks all become the same kind of array here, so
that what looks for a head has one case. It knows nothing of heads.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

STEP_MM = 4.0
"""Edge of a cell: a nose is ten cells, a whole head 40,000."""
MOST_CELLS = 60_000_000
"""A volume that claims more has a broken geometry: 3.8 cubic metres in cells of 4 mm."""


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Values on cubes along the patient's axes.

    Attributes:
        values: float32 ``(z, y, x)``; x runs to the patient's left, y to the back, z to the head.
        inside: bool, same shape: the cell lies in the volume.
        first: LPS millimetres ``(x, y, z)`` of cell ``[0, 0, 0]``.
        step: edge of a cell in millimetres.
    """

    values: NDArray[np.float32] = field(repr=False)
    inside: NDArray[np.bool_] = field(repr=False)
    first: NDArray[np.float64]
    step: float = STEP_MM

    def places(self) -> NDArray[np.float64]:
        """LPS millimetres of every cell, ``(3, z, y, x)``."""
        numbers = np.indices(self.values.shape, dtype=np.float64)[::-1] * self.step
        return numbers + self.first[:, None, None, None]

    def part(self, low: int, high: int) -> Grid:
        """Layers ``low`` to ``high`` (not included) from the feet upwards."""
        first = self.first + np.array([0.0, 0.0, low * self.step])
        return Grid(self.values[low:high], self.inside[low:high], first, self.step)


def resampled(voxels: NDArray[np.float32], affine: NDArray[np.float64], step: float = STEP_MM) -> Grid:
    """The volume on cubes of ``step`` millimetres.

    Args:
        voxels: ``(slices, rows, columns)``, physical values.
        affine: 4x4, (column, row, slice, 1) to LPS millimetres; may be sheared.

    Raises:
        ValueError: the matrix cannot be turned round, or is larger than any patient.
    """
    matrix = affine[::-1][1:, :3][:, ::-1]  # (slice, row, column) to (z, y, x) millimetres
    corners = np.array(np.meshgrid(*[(0, size - 1) for size in voxels.shape], indexing="ij")).reshape(3, -1)
    origin = affine[2::-1, 3]
    placed = matrix @ corners + origin[:, None]
    low, high = placed.min(axis=1), placed.max(axis=1)
    shape = tuple(int(size) for size in np.floor((high - low) / step) + 1)
    if not np.isfinite(placed).all() or np.prod([float(size) for size in shape]) > MOST_CELLS:
        raise ValueError("no patient is as large as this volume")
    try:
        back = np.linalg.inv(matrix)
    except np.linalg.LinAlgError as error:
        raise ValueError("the volume is flat") from error
    smooth = _blurred(voxels, np.asarray(np.linalg.norm(matrix, axis=0), np.float64), step)
    where = {"matrix": back * step, "offset": back @ (low - origin), "output_shape": shape, "order": 1}
    values = ndimage.affine_transform(smooth, mode="nearest", **where)
    inside = _inside(shape, np.asarray(back * step, np.float64), back @ (low - origin), voxels.shape)
    return Grid(values.astype(np.float32), inside, low[::-1].copy(), step)


def _blurred(voxels: NDArray[np.float32], lengths: NDArray[np.float64], step: float) -> NDArray[np.float32]:
    """Averaged over about one cell, so that noise and thin bone are not picked at random."""
    sizes = [max(1, round(step / length)) for length in lengths]
    averaged: NDArray[np.float32] = ndimage.uniform_filter(
        np.nan_to_num(voxels), sizes, output=np.float32, mode="nearest"
    )
    return averaged


def _inside(
    shape: tuple[int, ...], matrix: NDArray[np.float64], offset: NDArray[np.float64], sizes: tuple[int, ...]
) -> NDArray[np.bool_]:
    """Cells whose centre lies in the volume; half a slice more counts too."""
    numbers = np.indices(shape, dtype=np.float32).reshape(3, -1)
    voxel = matrix.astype(np.float32) @ numbers + offset.astype(np.float32)[:, None]
    limits = np.array(sizes, dtype=np.float32)[:, None] - 0.5
    result: NDArray[np.bool_] = ((voxel >= -0.5) & (voxel <= limits)).all(axis=0).reshape(shape)
    return result

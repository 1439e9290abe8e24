"""A box of voxels in the patient: which slices it holds, how they are turned for the eye, and where they lie.

NIfTI, NRRD and MetaImage share it. Slices run along the third axis as stored. Inside a slice, rows and columns are
turned to the radiological convention nearest to them (patient's right on the left, front or head up), so that what a
file calls "RAS" does not stand on its head; turning loses nothing. It knows neither files nor formats.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.imaging.content import Frame, Vector

MOST_SLICES = 100_000
"""Slices that a file may hold; a header that promises more is damaged, or a trap."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Sizes and place of a volume.

    Attributes:
        shape: voxels along the stored axes i, j, k, and the number of repetitions.
        affine: 4x4, voxel numbers (i, j, k, 1) to LPS millimetres; not finite or singular where unknown.
        repeated: what a repetition is called ("time point", "component").
    """

    shape: tuple[int, int, int, int]
    affine: NDArray[np.float64]
    repeated: str = "time point"

    @property
    def is_placed(self) -> bool:
        """Whether the affine says where the voxels lie."""
        return bool(np.isfinite(self.affine).all() and np.linalg.norm(self.affine[:3, :3], axis=0).min() > 0)

    def spacing(self) -> tuple[float, float] | None:
        """(row, column) spacing in mm of the slices as shown."""
        if not self.is_placed:
            return None
        columns, rows = _axes(self._turn())
        lengths = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(lengths[rows]), float(lengths[columns])

    def cut(self, voxels: NDArray[Any], index: int) -> NDArray[np.float32]:
        """Slice ``index`` (repetition times slices, plus slice) of ``voxels`` (i, j, k, repetition), as shown."""
        repetition, k = divmod(index, self.shape[2])
        if not 0 <= repetition < self.shape[3]:
            raise IndexError(index)
        swap, flip_columns, flip_rows = self._turn()
        plane = voxels[:, :, k, repetition]
        picture = plane if swap else plane.T
        turned = picture[:: -1 if flip_rows else 1, :: -1 if flip_columns else 1]
        return np.ascontiguousarray(turned, dtype=np.float32)

    def frames(self) -> tuple[Frame, ...]:
        """The slices in stored order, repetition after repetition."""
        turn = self._turn()
        columns, rows = _axes(turn)
        spacing, orientation = self.spacing(), self._orientation(turn)
        corner = np.array([0.0, 0.0, 0.0, 1.0])
        corner[columns] = self.shape[columns] - 1 if turn[1] else 0
        corner[rows] = self.shape[rows] - 1 if turn[2] else 0
        made = []
        for index in range(self.shape[2] * self.shape[3]):
            repetition, corner[2] = divmod(index, self.shape[2])
            x, y, z = (float(v) for v in (self.affine @ corner)[:3])
            place: Vector | None = (x, y, z) if orientation else None
            moments = ((self.repeated, str(repetition)),) if self.shape[3] > 1 else ()
            made.append(
                Frame(index, self.shape[rows], self.shape[columns], place, orientation, spacing, index, moments)
            )
        return tuple(made)

    def _orientation(self, turn: tuple[bool, bool, bool]) -> tuple[float, ...]:
        """Directions of columns and rows as shown; nothing where they are unknown or not at right angles."""
        if not self.is_placed:
            return ()
        columns, rows = _axes(turn)
        units = self.affine[:3, :3] / np.linalg.norm(self.affine[:3, :3], axis=0)
        along, down = units[:, columns] * (-1 if turn[1] else 1), units[:, rows] * (-1 if turn[2] else 1)
        if abs(float(along @ down)) > 0.02 or abs(float(np.linalg.det(units))) < 1e-6:
            return ()
        return (*map(float, along), *map(float, down))

    def _turn(self) -> tuple[bool, bool, bool]:
        """(swap, flip columns, flip rows) that bring the first two axes to display order.

        Display order in LPS: columns towards the patient's left (sagittal: back), rows towards the back (else: feet).
        """
        if not self.is_placed:
            return False, False, False
        axes = self.affine[:3, :2] / np.linalg.norm(self.affine[:3, :2], axis=0)
        # How well an axis serves as columns: along L, or along P where the other axis runs along the body.
        serves = [3 * abs(axes[0, a]) + 2 * abs(axes[1, a]) + abs(axes[2, a]) for a in (0, 1)]
        swap = bool(serves[1] > serves[0])
        columns, rows = (axes[:, 1], axes[:, 0]) if swap else (axes[:, 0], axes[:, 1])
        return swap, bool(_leading(columns) < 0), bool(_leading(rows) * (-1 if abs(rows).argmax() == 2 else 1) < 0)


def _leading(direction: NDArray[np.float64]) -> float:
    return float(direction[np.abs(direction).argmax()])


def _axes(turn: tuple[bool, bool, bool]) -> tuple[int, int]:
    """Stored axes that columns and rows run along."""
    return (1, 0) if turn[0] else (0, 1)

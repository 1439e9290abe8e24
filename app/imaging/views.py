"""How a plane sees a stack of voxels: which axis its slices, rows and columns run along, and which way.

It knows directions only; voxels and places are in ``volume``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from nibabel.orientations import io_orientation
from numpy.typing import NDArray

from app.domain.recipe import Plane

_RIGHT, _FRONT, _HEAD = 0, 1, 2
_SHOWN = {
    Plane.AXIAL: (_HEAD, _FRONT, _RIGHT),
    Plane.CORONAL: (_FRONT, _HEAD, _RIGHT),
    Plane.SAGITTAL: (_RIGHT, _HEAD, _FRONT),
}
"""Axes towards right, front and head that a plane's slices, rows and columns are counted along.

Slices are counted upwards, rows and columns downwards: the radiological convention of ``slices.load_slice``.
"""


@dataclass(frozen=True, slots=True)
class View:
    """The axes of ``(slice, row, column)`` voxels in a plane's order of slice, row and column.

    Attributes:
        axes: which axis of the voxels each is.
        backwards: whether it is counted from its end.
    """

    axes: tuple[int, int, int]
    backwards: tuple[bool, bool, bool]


def view_of(matrix: NDArray[np.float64], plane: Plane) -> View:
    """The view of voxels whose 4x4 affine (column, row, slice to LPS) is ``matrix``.

    An oblique stack keeps its own axes, each called after the patient's axis that it is nearest to; a leaning one is
    taken as straight.
    """
    return _worked_out(matrix.tobytes(), plane)


@lru_cache(maxsize=256)
def _worked_out(matrix: bytes, plane: Plane) -> View:
    if plane is Plane.NATIVE:
        return View((0, 1, 2), (False, False, False))
    columns = np.frombuffer(matrix).reshape(4, 4)[:3]
    along, down = (columns[:, axis] / np.linalg.norm(columns[:, axis]) for axis in (0, 1))
    across = np.cross(along, down)
    across = across if across @ columns[:, 2] >= 0 else -across
    ras = np.eye(4)  # voxels are counted (slice, row, column)
    ras[:3, :3] = np.diag([-1.0, -1.0, 1.0]) @ np.round(np.stack([across, down, along], axis=1), 6)
    found = io_orientation(ras)
    first, second, third = (int(np.flatnonzero(found[:, 0] == axis)[0]) for axis in _SHOWN[plane])
    upwards = found[:, 1] > 0
    return View((first, second, third), (not upwards[first], bool(upwards[second]), bool(upwards[third])))

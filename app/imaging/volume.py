"""Series as volumes: native slices stacked as they are, planes cut from them as views, nothing interpolated.

Every kind of series comes here alike, as native slices with orientation and positions. A stack whose slices do not
fill a box (tilted, uneven, gaps, repeated positions) is refused: cutting it would show anatomy that was never there.
An oblique box is cut along its own axes, each called after the patient's axis that it is nearest to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.errors import Refused
from app.domain.recipe import Plane
from app.domain.study import Series
from app.imaging import geometry, native, series_tags, stack
from app.imaging.content import SliceImage, Vector
from app.imaging.kept_volumes import Kept
from app.imaging.stack import OnSlice, SliceOf
from app.imaging.views import view_of


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """A regular stack.

    Attributes:
        voxels: ``(slices, rows, columns)`` in native order and the smallest type that holds them exactly.
        slope, intercept: value = voxel * slope + intercept, in ``unit``.
        affine: 4x4, (column, row, slice, 1) of a voxel's centre to LPS millimetres.
        unit: meaning of the values.
        window: (low, high) for display.
        key: key of the series.
    """

    voxels: NDArray[Any] = field(repr=False)
    slope: float
    intercept: float
    affine: NDArray[np.float64]
    unit: str
    window: tuple[float, float]
    key: str

    def count(self, plane: Plane) -> int:
        """Slices in ``plane``."""
        return int(self.voxels.shape[view_of(self.affine, plane).axes[0]])

    def cut(self, plane: Plane, index: int) -> SliceImage:
        """Slice ``index`` in ``plane``, in the convention of ``slices.load_slice``.

        Raises:
            IndexError: no such slice.
        """
        if not 0 <= index < self.count(plane):
            raise IndexError(index)
        lengths = np.linalg.norm(self.affine[:3, :3], axis=0)[::-1]
        _, rows, columns = view_of(self.affine, plane).axes
        pixels = _values(self._seen(plane)[index], self.slope, self.intercept)
        return SliceImage(pixels, (float(lengths[rows]), float(lengths[columns])), self.window)

    def value(self, plane: Plane, index: int, row: int, column: int) -> float:
        """Value of a voxel, in ``unit``."""
        return float(self._seen(plane)[index, row, column]) * self.slope + self.intercept

    def point(self, plane: Plane, index: float, row: float, column: float) -> Vector:
        """Place of a pixel's centre in LPS millimetres; fractions lie between centres."""
        view = view_of(self.affine, plane)
        voxel = [0.0, 0.0, 0.0]
        for axis, backwards, number in zip(view.axes, view.backwards, (index, row, column), strict=True):
            voxel[axis] = self.voxels.shape[axis] - 1 - number if backwards else number
        x, y, z, _ = self.affine @ (*voxel[::-1], 1.0)
        return float(x), float(y), float(z)

    def locate(self, plane: Plane, lps: Vector) -> tuple[int, float, float]:
        """The inverse of ``point``: nearest slice, and row and column with their fractions.

        A place outside the volume gives numbers outside its ranges.
        """
        view = view_of(self.affine, plane)
        voxel = (np.linalg.inv(self.affine) @ (*lps, 1.0))[2::-1]
        index, row, column = (
            float(self.voxels.shape[axis] - 1 - voxel[axis] if backwards else voxel[axis])
            for axis, backwards in zip(view.axes, view.backwards, strict=True)
        )
        return round(index), row, column

    def _seen(self, plane: Plane) -> NDArray[Any]:
        """The voxels as ``(slice, row, column)`` of ``plane``, a view."""
        view = view_of(self.affine, plane)
        turned = tuple(slice(None, None, -1) if backwards else slice(None) for backwards in view.backwards)
        return self.voxels.transpose(view.axes)[turned]


def load(series: Series, *, slice_of: SliceOf | None = None, on_slice: OnSlice | None = None) -> Volume:
    """The series as a volume; the last few are kept, as slices are asked for one after another.

    Args:
        series: what to stack.
        slice_of, on_slice: as ``stack.load`` takes them.

    Raises:
        Refused: ``plane-unavailable``: the slices fill no box.
        Failed: as ``stack.load``.
    """
    return _kept.get(series, lambda: _stacked(series, slice_of, on_slice))


def slice_count(series: Series, plane: Plane) -> int:
    """Slices in ``plane``, from the geometry alone.

    Raises:
        Refused: ``plane-unavailable``.
    """
    first = series.instances[0]
    sizes = (len(series.instances), first.rows, first.columns)
    return sizes[view_of(directions(series, plane), plane).axes[0]]


def load_slice(series: Series, index: int, plane: Plane) -> SliceImage:
    """Slice ``index`` in ``plane``; see ``slices.load_slice``."""
    if not 0 <= index < slice_count(series, plane):
        raise IndexError(index)
    return load(series).cut(plane, index)


def affine(series: Series) -> NDArray[np.float64]:
    """4x4 matrix from (column, row, slice, 1) to LPS millimetres, from the first and the last slice.

    Irregular stacks have one as well: a tilted one is sheared, an uneven one has the mean distance of its slices.

    Raises:
        Refused: ``plane-unavailable``: the files do not say where the slices lie.
        Failed: as ``native.frame``.
    """
    first, last = _corner(series, 0), _corner(series, -1)
    result = np.eye(4)
    result[:3, :2] = _in_plane(series)
    result[:3, 3] = first
    result[:3, 2] = np.subtract(last, first) / max(1, len(series.instances) - 1)
    if np.linalg.norm(result[:3, 2]) < geometry.SAME_PLACE_MM:
        result[:3, 2] = np.multiply(geometry.normal(series.orientation), series.spacing_mm[2] or 1.0)
    return result


def edges(series: Series, plane: Plane) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """LPS directions of increasing row and of increasing column in ``plane``.

    Raises:
        Refused: ``plane-unavailable``.
    """
    matrix = directions(series, plane)
    view = view_of(matrix, plane)
    ways = [matrix[:3, 2 - axis] * (-1 if back else 1) for axis, back in zip(view.axes, view.backwards, strict=True)]
    return ways[1], ways[2]


def directions(series: Series, plane: Plane) -> NDArray[np.float64]:
    """``affine`` without its place, from the geometry alone: enough to tell which way the axes run.

    Raises:
        Refused: ``plane-unavailable``.
    """
    reason = _irregularity(series)
    if reason and plane is not Plane.NATIVE:
        raise Refused("plane-unavailable", series=_name(series), plane=plane.value, reason=reason)
    first, last = series.instances[0].position_mm or 0.0, series.instances[-1].position_mm or 0.0
    result = np.eye(4)
    if series.orientation:
        result[:3, 0], result[:3, 1] = series.orientation[:3], series.orientation[3:]
        result[:3, 2] = np.multiply(geometry.normal(series.orientation), 1.0 if last >= first else -1.0)
    return result


def _corner(series: Series, number: int) -> Vector:
    """Centre of the first pixel of a slice, from its file's header."""
    found = native.frame(series, number).position
    if found is None:
        reason = "its files do not say where the slices lie"
        raise Refused("plane-unavailable", series=_name(series), plane=Plane.NATIVE.value, reason=reason)
    return found


def _in_plane(series: Series) -> NDArray[np.float64]:
    rows, columns = (size or 1.0 for size in series.spacing_mm[:2])
    return np.stack([np.multiply(series.orientation[:3], columns), np.multiply(series.orientation[3:], rows)], axis=1)


def _irregularity(series: Series) -> str:
    """Why the series is no box of voxels; "" where it is one."""
    places = [instance.position_mm for instance in series.instances]
    if not series.orientation or None in places or None in series.spacing_mm[:2]:
        return "its files do not say where the slices lie"
    lying = _lying(series)
    if lying.is_volume:
        return ""
    said = geometry.sentences(lying, len(places))
    return said[0][0].lower() + said[0][1:].rstrip(".") if said else "it has a single slice"


def _name(series: Series) -> str:
    return series.description or series.modality or "This series"


def _lying(series: Series) -> geometry.Stack:
    places = [instance.position_mm or 0.0 for instance in series.instances]
    tilt, shift = (float(series.tags.get(name, 0)) for name in (series_tags.TILT, series_tags.SHIFT))
    return geometry.describe(places, tilt, shift)


def _values(stored: NDArray[Any], slope: float, intercept: float) -> NDArray[np.float32]:
    """Values of a cut, rounded once, so that they equal the native slice's."""
    if slope == 1.0 and intercept == round(intercept):
        values: NDArray[np.float32] = np.add(stored, np.float32(intercept), dtype=np.float32, order="C")
        return values
    return np.ascontiguousarray(stored * np.float64(slope) + intercept, dtype=np.float32)


def _stacked(series: Series, slice_of: SliceOf | None, on_slice: OnSlice | None) -> Volume:
    directions(series, Plane.AXIAL)
    read = stack.load(series, slice_of=slice_of, on_slice=on_slice)
    return Volume(read.voxels, read.slope, read.intercept, affine(series), series.unit, read.window, series.key)


_kept: Kept[Volume] = Kept(lambda volume: volume.voxels.nbytes)

"""Axial, coronal and sagittal slices: native slices stacked and turned to the patient's axes, nothing interpolated.

Every kind of series comes here alike, as native slices with orientation and positions. A stack whose slices do not
fill a box (tilted, uneven, gaps, repeated positions) is refused: cutting it would show anatomy that was never there.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from nibabel.orientations import apply_orientation, io_orientation
from numpy.typing import NDArray

from app.domain.errors import Refused
from app.domain.recipe import Plane
from app.domain.study import Series
from app.imaging import geometry, native
from app.imaging.content import SliceImage

_ACROSS = {Plane.SAGITTAL: 0, Plane.CORONAL: 1, Plane.AXIAL: 2}
"""Axis of right-anterior-superior space that a plane's slices are counted along."""
_KEPT_VOLUMES = 2


@dataclass(frozen=True, slots=True)
class Volume:
    """Voxels on axes towards right, front and head, in millimetres."""

    voxels: NDArray[np.float32]
    spacing_mm: tuple[float, float, float]
    window: tuple[float, float]


def slice_count(series: Series, plane: Plane) -> int:
    """Slices in ``plane``, from the geometry alone.

    Raises:
        Refused: ``plane-unavailable``.
    """
    first = series.instances[0]
    sizes = (first.rows, first.columns, len(series.instances))
    return sizes[_source_axis(_orientation(series, plane), plane)]


def load_slice(series: Series, index: int, plane: Plane) -> SliceImage:
    """Slice ``index`` in ``plane``; see ``slices.load_slice``."""
    if not 0 <= index < slice_count(series, plane):
        raise IndexError(index)
    volume = _volume(series, plane)
    x, y, z = volume.spacing_mm
    if plane is Plane.AXIAL:
        cut, spacing = volume.voxels[::-1, ::-1, index], (y, x)
    elif plane is Plane.CORONAL:
        cut, spacing = volume.voxels[::-1, index, ::-1], (z, x)
    else:
        cut, spacing = volume.voxels[index, ::-1, ::-1], (z, y)
    return SliceImage(np.ascontiguousarray(cut.T), spacing, volume.window)


def _directions(series: Series) -> NDArray[np.float64]:
    """Directions in RAS of increasing row, column and slice number, as columns scaled by their spacing."""
    across = np.asarray(geometry.normal(series.orientation))
    first, last = series.instances[0].position_mm or 0.0, series.instances[-1].position_mm or 0.0
    lps = np.stack([series.orientation[3:], series.orientation[:3], across * (1.0 if last >= first else -1.0)], axis=1)
    ras: NDArray[np.float64] = np.diag([-1.0, -1.0, 1.0]) @ lps
    return ras


def _orientation(series: Series, plane: Plane) -> NDArray[np.float64]:
    """nibabel orientation array of the (row, column, slice) axes.

    Raises:
        Refused: ``plane-unavailable``.
    """
    reason = _irregularity(series)
    if reason:
        name = series.description or series.modality or "This series"
        raise Refused("plane-unavailable", series=name, plane=plane.value, reason=reason)
    affine = np.eye(4)
    affine[:3, :3] = _directions(series)
    orientation: NDArray[np.float64] = io_orientation(affine)
    return orientation


def _irregularity(series: Series) -> str:
    """Why the series is no box of voxels; "" where it is one."""
    places = [instance.position_mm for instance in series.instances]
    if not series.orientation or None in places or None in series.spacing_mm[:2]:
        return "its files do not say where the slices lie"
    stack = _stack(series)
    if stack.is_volume:
        return ""
    said = geometry.sentences(stack, len(places))
    return said[0][0].lower() + said[0][1:].rstrip(".") if said else "it has a single slice"


def _stack(series: Series) -> geometry.Stack:
    places = [instance.position_mm or 0.0 for instance in series.instances]
    return geometry.describe(places, float(series.tags.get("GantryDetectorTilt", 0)))


def _source_axis(orientation: NDArray[np.float64], plane: Plane) -> int:
    return int(np.flatnonzero(orientation[:, 0] == _ACROSS[plane])[0])


_cache: OrderedDict[tuple[str, int], Volume] = OrderedDict()
_cache_lock = threading.Lock()


def _volume(series: Series, plane: Plane) -> Volume:
    """The stacked series; the last few are kept, as slices are asked for one after another."""
    key = (series.key, len(series.instances))  # a later import may add slices to a series
    with _cache_lock:
        kept = _cache.get(key)
        if kept is None:
            kept = _cache[key] = _stacked(series, plane)
        _cache.move_to_end(key)
        while len(_cache) > _KEPT_VOLUMES:
            _cache.popitem(last=False)
        return kept


def _stacked(series: Series, plane: Plane) -> Volume:
    orientation = _orientation(series, plane)
    loaded = [native.load(series, index) for index in range(len(series.instances))]
    voxels = apply_orientation(np.stack([one.pixels for one in loaded], axis=2), orientation)
    rows, columns = (float(s or 0.0) for s in series.spacing_mm[:2])
    between = _stack(series).spacing_mm or 0.0
    spacing = [0.0, 0.0, 0.0]
    for source, size in enumerate((rows, columns, between)):
        spacing[int(orientation[source, 0])] = size
    window = loaded[len(loaded) // 2].default_window
    return Volume(voxels, (spacing[0], spacing[1], spacing[2]), window)

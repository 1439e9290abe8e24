"""A picture to approve a defacing by: three planes with the removed part tinted, and the skin before and after.

Drawn from the voxels as they would leave, not from what the method believes, so a face that was missed is seen. It
draws; it decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from app.deid import faces_grid, faces_tissue
from app.deid.faces import FaceReport
from app.deid.faces_grid import Grid
from app.imaging.volume import Volume

Picture = NDArray[np.uint8]

STEP_MM = 2.0
TALL = 320
"""Pixels that each of the pictures is high."""
TINT = np.array([1.0, 0.25, 0.2])
WINDOW_HU = (-200.0, 300.0)
GAP = 4


def preview(volume: Volume, defaced: Volume, report: FaceReport) -> Picture:
    """The picture, uint8 ``(rows, columns, 3)``.

    Above: a sagittal, a coronal and an axial plane through the middle of what was removed (of the volume, where nothing
    was). Below: the skin from the front and from the patient's left, before and after.

    Args:
        volume, defaced: before and after ``faces.deface``.
        report: what ``faces.examine`` said.
    """
    before, after = (_grid(one) for one in (volume, defaced))
    mask = np.zeros(volume.voxels.shape, np.float32) if report.mask is None else report.mask.astype(np.float32)
    removed = (faces_grid.resampled(mask, volume.affine, STEP_MM).values > 0.5) & before.inside
    modality = "CT" if volume.unit == "HU" else "MR"
    limit = faces_tissue.skin_value(before, modality)
    planes = _planes(_grey(before, modality), removed)
    skins = [skin_surface(grid, limit, side) for side in ("front", "left") for grid in (before, after)]
    return _stacked([_row(planes), _row([np.repeat(one[..., None], 3, axis=2) for one in skins])])


def skin_surface(grid: Grid, limit: float, side: str) -> NDArray[np.float32]:
    """The skin as it looks from the "front" or the "left", lit from the viewer; values in [0, 1], head up.

    Args:
        grid: what to look at.
        limit: value between air and skin.
        side: where the viewer stands.
    """
    depth = skin_depth(grid, limit, side)
    smooth = ndimage.gaussian_filter(np.nan_to_num(depth, nan=float(np.nanmax(depth, initial=0.0))), 0.7)
    up, across = np.gradient(smooth / grid.step)
    light = 1 / np.sqrt(1 + up**2 + across**2)
    return np.where(np.isnan(depth), 0, 0.1 + 0.9 * light).astype(np.float32)[::-1]


def skin_depth(grid: Grid, limit: float, side: str) -> NDArray[np.float32]:
    """Millimetres from the viewer's edge of the volume to the skin, ``(z, x)`` or ``(z, y)``; NaN beside it."""
    values = np.where(grid.inside, grid.values, -np.inf)
    seen = np.moveaxis(values, 1, 2) if side == "front" else values[:, :, ::-1]
    skin = ndimage.binary_opening(seen > limit)
    number = skin.argmax(axis=2)
    here = np.take_along_axis(seen, number[..., None], 2)[..., 0]
    before = np.take_along_axis(seen, np.maximum(number - 1, 0)[..., None], 2)[..., 0]
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.where((before < limit) & (here > before), (here - limit) / (here - before), 0)
    depth = (number - np.nan_to_num(part)) * grid.step
    return np.where(skin.any(axis=2), depth, np.nan).astype(np.float32)


def _grid(volume: Volume) -> Grid:
    values = volume.voxels.astype(np.float32) * np.float32(volume.slope) + np.float32(volume.intercept)
    return faces_grid.resampled(values, volume.affine, STEP_MM)


def _grey(grid: Grid, modality: str) -> NDArray[np.float32]:
    low, high = WINDOW_HU if modality == "CT" else np.percentile(grid.values[grid.inside], (1, 99.5))
    scaled = np.clip((grid.values - low) / max(high - low, 1e-6), 0, 1)
    return np.where(grid.inside, scaled, 0).astype(np.float32)


def _planes(grey: NDArray[np.float32], removed: NDArray[np.bool_]) -> list[NDArray[np.float32]]:
    """Sagittal, coronal and axial, the removed part tinted."""
    z, y, x = (
        int(np.median(axis)) if axis.size else size // 2
        for axis, size in zip(np.nonzero(removed), grey.shape, strict=True)
    )
    cuts = [(grey[::-1, :, x], removed[::-1, :, x]), (grey[::-1, y], removed[::-1, y]), (grey[z], removed[z])]
    return [np.where(gone[..., None], 0.35 * TINT + 0.65 * cut[..., None] * TINT, cut[..., None]) for cut, gone in cuts]


def _row(pictures: Sequence[NDArray[np.float32]]) -> Picture:
    drawn = []
    for one in pictures:
        image = Image.fromarray(np.asarray(np.clip(one, 0, 1) * 255, dtype=np.uint8))
        wide = max(1, round(TALL * image.width / image.height))
        drawn.append(np.pad(np.asarray(image.resize((wide, TALL))), ((0, GAP), (0, GAP), (0, 0))))
    return np.concatenate(drawn, axis=1)


def _stacked(rows: Sequence[Picture]) -> Picture:
    wide = max(row.shape[1] for row in rows)
    return np.concatenate([np.pad(row, ((0, 0), (0, wide - row.shape[1]), (0, 0))) for row in rows])

"""A recipe carried out on one slice: window, resampling, crop and pad, to values in [-1, 1] and back.

Plain arrays and numbers; which slices, and where the result goes, is the matter of ``app.worker.prepare``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.domain.errors import Refused
from app.domain.recipe import Recipe
from app.domain.study import Series
from app.imaging import windowing
from app.imaging.content import SliceImage

SAMPLED_PIXELS = 20_000
"""Pixels of a slice that a window is measured on."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A slice ready to learn from.

    Attributes:
        pixels: float32 ``(size, size)`` in [-1, 1].
        spacing_mm: (row, column) spacing of these pixels; ``None`` where unknown.
        window: physical values that -1 and +1 stand for.
    """

    pixels: NDArray[np.float32]
    spacing_mm: tuple[float, float] | None
    window: tuple[float, float]


def auto_window(images: Sequence[SliceImage], series: Series) -> tuple[float, float]:
    """(low, high) that suits ``images``: slices of one series, or for CT of a whole cohort.

    8-bit pictures keep their full range. CT gets the median of the windows that its files propose (a file without one
    proposes its robust percentiles): a scanner's window shows the organ of interest, percentiles mostly show air and
    bone. What has arbitrary units (MR, 16-bit pictures) gets the percentiles of ``windowing.ROBUST``.

    Args:
        images: slices; one at least, unless the series is 8-bit.
        series: one that they come from, for unit and bits.
    """
    if has_full_range(series):
        return 0.0, 255.0
    if series.unit != "HU":
        return windowing.robust_window(np.concatenate([_sampled(image.pixels) for image in images]))
    low, high = np.median([image.default_window for image in images], axis=0)
    return float(low), float(high)


def has_full_range(series: Series) -> bool:
    """Whether the window of the series is the whole 8-bit range, whatever its pixels are."""
    return series.bits <= 8 and series.unit == "stored"


def apply_recipe(image: SliceImage, recipe: Recipe, window: tuple[float, float]) -> Prepared:
    """The slice as the recipe wants it.

    With ``recipe.spacing_mm`` the slice is resampled to it and cropped or padded around its middle; without, the
    whole slice is fitted into the square. Where the spacing is known, pixels become square (the anatomy keeps its
    proportions). Shrinking averages areas, so nothing aliases; padding is the window's low end.

    Raises:
        Refused: ``spacing-unknown``: the recipe asks for millimetres and the source names none.
    """
    low, high = window
    scaled = np.clip((image.pixels - np.float32(low)) * np.float32(2.0 / (high - low)) - 1, -1, 1)
    np.nan_to_num(scaled, copy=False, nan=-1.0)
    rows, columns, spacing = _target(image, recipe)
    resized = _resized(scaled.astype(np.float32, copy=False), rows, columns)
    return Prepared(_centred(resized, recipe.size), spacing, (float(low), float(high)))


def physical(pixels: NDArray[np.float32], window: tuple[float, float]) -> NDArray[np.float32]:
    """Values in [-1, 1] back in the unit of their source: the inverse of the window of ``apply_recipe``."""
    low, high = window
    restored: NDArray[np.float32] = (pixels + 1) * np.float32((high - low) / 2) + np.float32(low)
    return restored


def _target(image: SliceImage, recipe: Recipe) -> tuple[int, int, tuple[float, float] | None]:
    """Size to resample the slice to, and the spacing that it then has."""
    rows, columns = image.pixels.shape
    high, wide = image.spacing_mm or (1.0, 1.0)
    if recipe.spacing_mm is not None:
        if image.spacing_mm is None:
            raise Refused("spacing-unknown", spacing=recipe.spacing_mm)
        step = recipe.spacing_mm
    else:
        step = max(rows * high, columns * wide) / recipe.size
    size = max(1, round(rows * high / step)), max(1, round(columns * wide / step))
    return *size, None if image.spacing_mm is None else (step, step)


def _resized(pixels: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
    if pixels.shape == (rows, columns):
        return pixels
    shrinks = rows <= pixels.shape[0] and columns <= pixels.shape[1]
    method = Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(pixels).resize((columns, rows), method), dtype=np.float32)


def _centred(pixels: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Crop or pad to a square around the middle."""
    square = np.full((size, size), -1.0, dtype=np.float32)
    source, target = zip(*(_overlap(length, size) for length in pixels.shape), strict=True)
    square[target] = pixels[source]
    return square


def _overlap(length: int, size: int) -> tuple[slice, slice]:
    """The part of a length that is kept, and where it goes."""
    kept = min(length, size)
    start, goal = (length - kept) // 2, (size - kept) // 2
    return slice(start, start + kept), slice(goal, goal + kept)


def _sampled(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Pixels spread evenly over the slice."""
    return pixels.reshape(-1)[:: max(1, pixels.size // SAMPLED_PIXELS)]

"""Grey levels for the eye: from physical values to 8 bits, and robust windows where a source proposes none.

Only for display and thumbnails; what a model learns from keeps 16 bits (``preparing``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

THUMBNAIL_SIZE = 96
ROBUST = (0.5, 99.5)
"""Percentiles that leave out hot pixels and padding."""


def to_uint8(pixels: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    """Values at or below ``low`` become 0, at or above ``high`` 255, linear between; NaN becomes 0."""
    scaled = np.subtract(pixels, np.float32(low), dtype=np.float32)
    scaled *= np.float32(255.0 / max(high - low, 1e-12))
    scaled += np.float32(0.5)
    np.nan_to_num(scaled, copy=False, nan=0.0)
    np.clip(scaled, 0.0, 255.0, out=scaled)
    grey: NDArray[np.uint8] = scaled.astype(np.uint8)
    return grey


def robust_window(pixels: NDArray[Any]) -> tuple[float, float]:
    """(low, high) between the ``ROBUST`` percentiles of the finite pixels; never empty."""
    step = max(1, pixels.size // 100_000)
    values = pixels.reshape(-1)[::step]
    values = values[np.isfinite(values)]
    if values.size == 0:
        return 0.0, 1.0
    low, high = (float(v) for v in np.percentile(values, ROBUST))
    if high <= low:
        low, high = float(values.min()), float(values.max())
    return (low, high) if high > low else (low, low + 1.0)


def thumbnail(pixels: NDArray[Any], window: tuple[float, float]) -> NDArray[np.uint8]:
    """The slice as a grey picture of at most ``THUMBNAIL_SIZE`` pixels a side, aspect kept."""
    picture = Image.fromarray(np.clip(pixels, *window, dtype=np.float32))
    picture.thumbnail((THUMBNAIL_SIZE, THUMBNAIL_SIZE), Image.Resampling.BOX, reducing_gap=2.0)
    return to_uint8(np.asarray(picture), *window)

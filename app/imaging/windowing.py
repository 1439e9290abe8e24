"""Grey levels for the eye: from physical values to 8 bits, and robust windows where a source proposes none.

Only for display and thumbnails; what a model learns from keeps 16 bits (``preparing``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

THUMBNAIL_SIZE = 96
NARROW = 1e-3
"""Width of a window, as a share of its values, below which it is computed in double precision."""
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


class Shades:
    """Grey levels for the screen, in arrays that are used again: scrolling and windowing allocate nothing.

    One in-place float32 pass for every kind of pixels. It was measured against a table of 65,536 greys
    (``numpy.take``) on 512 x 512 16-bit values: 0.17 against 0.26 ms, since numpy runs it in vector instructions.
    """

    def __init__(self) -> None:
        self._values = np.empty((0, 0), np.float32)
        self._grey = np.empty((0, 0), np.uint8)
        self._words = np.empty((0, 0), np.uint32)

    def fill(self, pixels: NDArray[Any], low: float, high: float) -> NDArray[np.uint32]:
        """``pixels`` as words ``0x00GGGGGG``: ``low`` black, ``high`` white; inverted where ``high`` < ``low``.

        Values beyond the window take its ends, NaN its smaller end. The array belongs to this object: the next call
        writes into it.
        """
        if self._values.shape != pixels.shape:
            self._values = np.empty(pixels.shape, np.float32)
            self._grey = np.empty(pixels.shape, np.uint8)
            self._words = np.empty(pixels.shape, np.uint32)
        scale = 255.0 / (high - low if abs(high - low) > 1e-12 else 1e-12)
        if abs(high - low) < NARROW * max(abs(low), abs(high)):
            return self._finely(pixels, (low, high), scale)
        values, may_lack = self._values, pixels.dtype.kind == "f"
        if pixels.dtype != np.float32:
            np.copyto(values, pixels)
            pixels = values
        np.clip(pixels, np.float32(min(low, high)), np.float32(max(low, high)), out=values)
        if may_lack and np.isnan(values.max(initial=-np.inf)):
            np.nan_to_num(values, copy=False, nan=min(low, high))
        np.subtract(values, np.float32(low - 0.5 / scale), out=values)  # with the half that rounds to nearest
        np.multiply(values, np.float32(scale), out=values)
        return self._spread(values)

    def _finely(self, pixels: NDArray[Any], window: tuple[float, float], scale: float) -> NDArray[np.uint32]:
        """A window so narrow, so far from zero, that single precision would round past its ends."""
        low, high = window
        values = np.nan_to_num(pixels.astype(np.float64), nan=min(low, high), posinf=np.inf, neginf=-np.inf)
        values = (np.clip(values, min(low, high), max(low, high)) - low) * scale
        return self._spread(np.clip(values + 0.5, 0.0, 255.0))

    def _spread(self, values: NDArray[Any]) -> NDArray[np.uint32]:
        """Greys in 0..255 as words."""
        np.copyto(self._grey, values, casting="unsafe")
        np.multiply(self._grey, np.uint32(0x010101), out=self._words)
        return self._words


def reduced(pixels: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    """Means of ``factor`` x ``factor`` blocks, so that fine structure does not flicker where it is drawn small."""
    return np.asarray(Image.fromarray(pixels).reduce(factor)) if factor > 1 else pixels


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
    picture = Image.fromarray(to_uint8(pixels, *window))  # 8 bits first: averaging them is three times as quick
    picture.thumbnail((THUMBNAIL_SIZE, THUMBNAIL_SIZE), Image.Resampling.BOX, reducing_gap=2.0)
    return np.asarray(picture)

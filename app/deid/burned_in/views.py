"""What a frame looks like: 8-bit pictures in which text of any brightness stands out, cut into tiles.

The detector takes a whole head for a large letter O, and shrinks large pictures until small text is gone; tiles of
some 280 pixels, enlarged, show it letters and no heads. This module must not know text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from app.deid.burned_in.boxes import Box
from app.deid.burned_in.models import Picture

Pixels = NDArray[Any]

TILE, OVERLAP = 304, 48
"""Largest side of a tile, and how much neighbours share at least, in pixels: a line is whole in one of them."""

ENLARGED, MOST, LEAST = 384, 3.0, 1.5
"""Side that a tile is enlarged to, and the bounds of that factor."""

FAINTEST = 8
"""Grey levels (of 255) between the darkest and the brightest pixel, below which nothing can be read."""

WIDER = 2.5
"""A full range that is so many times wider than the robust one leaves too little contrast to the rest."""

AIR = 16
"""Pixels around what changes in a frame that are looked at with it: letters need some air."""

ALIKE = 6
"""Pictures that differ nowhere by more than so many grey levels show the same."""

ROBUST = (0.5, 99.5)
"""Percentiles that stand for black and white where a frame has outliers."""

NEAR, FLOOR, SPREAD = 12.0, 0.02, 50.0
"""The local picture: standard deviation of the neighbourhood in pixels, least contrast as a share of the frame's
robust range, and grey levels that one local standard deviation is shown in."""

_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Display:
    """How stored values are shown.

    Attributes:
        photometric: PhotometricInterpretation (0028,0004); colour frames must come as RGB.
        windows: (low, high) stored values shown as the two ends of grey, as the file proposes them.
        limits: least and largest value that may be stored; ``None`` for those of the array's type.
        palette: brightness 0 to 255 by index, for PALETTE COLOR; index 0 first.
    """

    photometric: str = "MONOCHROME2"
    windows: tuple[tuple[float, float], ...] = ()
    limits: tuple[int, int] | None = None
    palette: tuple[float, ...] = field(default=(), repr=False)

    @property
    def inverted(self) -> bool:
        """Whether small values are shown bright."""
        return self.photometric == "MONOCHROME1"


def looks(frame: Pixels, display: Display) -> list[Picture]:
    """Pictures of a frame, no two alike: the file's windows, robust and full range, and the local contrast last.

    Args:
        frame: ``(rows, columns)`` of any number type, or ``(rows, columns, 3 or 4)`` RGB.

    Returns:
        8-bit ``(rows, columns)``; empty for a frame in which nothing can be seen.
    """
    windows = _windows(frame, display)
    eight = frame.dtype == np.uint8 or bool(display.palette)
    found: list[Picture] = []
    for channel in _channels(frame, display):
        low, high = _robust(channel)
        for edges in (*windows, *_ranges(channel, (low, high), eight=eight)):
            picture = _shown(channel, *edges, inverted=display.inverted)
            if np.ptp(picture) >= FAINTEST and not any(_alike(picture, other) for other in found):
                found.append(picture)
        if channel.min() < channel.max():
            found.append(_local(channel, high - low))
    return found


def busy(frame: Pixels, display: Display) -> Box | None:
    """The part of a frame outside which nothing changes from pixel to pixel; ``None`` where nothing does at all."""
    there = np.zeros(frame.shape[:2], dtype=np.bool_)
    for channel in _channels(frame, display):
        low, high = _robust(channel)
        widths = [high - low, *(upper - lower for lower, upper in display.windows)]
        least = min((width for width in widths if width > 0), default=0.0) * FAINTEST / 255
        there |= ndimage.maximum_filter(channel, 3) - ndimage.minimum_filter(channel, 3) > least
    rows, columns = np.flatnonzero(there.any(axis=1)), np.flatnonzero(there.any(axis=0))
    if not len(rows):
        return None
    found = Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
    return found.grown(AIR, frame.shape)


def for_eyes(frame: Pixels, display: Display, like: Pixels) -> Picture:
    """A frame as a person would look at it: in the file's first window, else in the robust range of a like frame."""
    channel = _channels(frame, display)[0]
    windows = _windows(frame, display)
    edges = windows[0] if windows else _robust(_channels(like, display)[0])
    return _shown(channel, *edges, inverted=display.inverted)


def tiles(picture: Picture) -> Iterator[tuple[int, int, Picture]]:
    """Overlapping parts of one shape: first row, first column, pixels; the whole where it is small."""
    rows, columns = picture.shape
    height, tops = _cuts(rows)
    width, lefts = _cuts(columns)
    for top in tops:
        for left in lefts:
            yield top, left, np.ascontiguousarray(picture[top : top + height, left : left + width])


def enlargement(shape: tuple[int, ...]) -> float:
    """By how much a tile is enlarged for the detector: small ones more, down to letters of 10 pixels."""
    return float(np.clip(ENLARGED / max(shape), LEAST, MOST))


def halved(picture: Picture) -> Picture:
    """At half the size, mean of 2 x 2 pixels: for letters that are larger than a tile shows."""
    rows, columns = (side // 2 * 2 for side in picture.shape)
    blocks = picture[:rows, :columns].reshape(rows // 2, 2, columns // 2, 2)
    smaller: Picture = blocks.mean(axis=(1, 3)).astype(np.uint8)
    return smaller


def _channels(frame: Pixels, display: Display) -> list[NDArray[np.float32]]:
    """What is looked at one by one: grey; of a colour frame its luminance and its saturation, where it has colours."""
    if display.palette:
        levels = np.asarray(display.palette, dtype=np.float32)
        return [levels[np.clip(frame, 0, len(levels) - 1)]]
    if frame.ndim == 2:
        return [frame.astype(np.float32)]
    colours = frame[..., :3].astype(np.float32)
    saturation = np.ptp(colours, axis=2)
    luminance: NDArray[np.float32] = colours @ _LUMA
    return [luminance, saturation] if saturation.max() > FAINTEST else [luminance]


def _shown(channel: NDArray[np.float32], low: float, high: float, *, inverted: bool) -> Picture:
    levels = np.clip((channel - low) / max(high - low, 1e-6), 0.0, 1.0) * 255
    shown: Picture = np.rint(255 - levels if inverted else levels).astype(np.uint8)
    return shown


def _robust(channel: NDArray[np.float32]) -> tuple[float, float]:
    low, high = np.percentile(channel, ROBUST)
    return float(low), float(high)


def _windows(frame: Pixels, display: Display) -> tuple[tuple[float, float], ...]:
    """The file's windows, where they are meant for what the frame holds."""
    return display.windows if frame.ndim == 2 and not display.palette else ()


def _ranges(channel: NDArray[np.float32], robust: tuple[float, float], *, eight: bool) -> Iterator[tuple[float, float]]:
    """Values shown as black and white: the full range, and the robust one where that shows more.

    The full range of 8-bit values is what they can be, so that it stays the same when text is blacked out.
    """
    full = (0.0, 255.0) if eight and channel.max() > 127 else (float(channel.min()), float(channel.max()))
    if full[1] - full[0] > WIDER * (robust[1] - robust[0]) > 0:
        yield robust
    if full[0] < full[1]:
        yield full


def _local(channel: NDArray[np.float32], extent: float) -> Picture:
    """Each pixel against its neighbourhood: anatomy fades, strokes stay, also where they are faint."""
    against = channel - ndimage.gaussian_filter(channel, NEAR)
    extent = extent if extent > 0 else float(np.ptp(channel))
    least = FLOOR * 2.0 ** np.round(np.log2(max(extent, 1e-6)))  # in steps: a few pixels less must not change all
    deviation = np.sqrt(ndimage.gaussian_filter(against * against, NEAR) + least * least)
    shown: Picture = np.clip(128 + against / np.maximum(deviation, 1e-6) * SPREAD, 0, 255).astype(np.uint8)
    return shown


def _alike(one: Picture, other: Picture) -> bool:
    return bool(np.abs(one.astype(np.int16) - other).max() <= ALIKE)


def _cuts(length: int) -> tuple[int, list[int]]:
    """Length of the parts that a side is cut into, and where they start."""
    count = 1 if length <= TILE else -(-(length - OVERLAP) // (TILE - OVERLAP))
    part = -(-(length + (count - 1) * OVERLAP) // count)
    return part, [min(number * (part - OVERLAP), length - part) for number in range(count)]

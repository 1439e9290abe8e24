"""Places in a frame: boxes around text, taken from the detector's map, turned back, joined and given a margin.

It must not know what is written in them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

THRESHOLD, SURE = 0.2, 0.3
"""Probability from which a pixel of the map belongs to a line, and the mean from which a line counts: lower than the
0.3 and 0.5 of the models' own program, for faint text; what is no text is told apart by reading it (Liao et al.,
"Real-time scene text detection with differentiable binarization", 2020)."""

UNCLIP = 1.6
"""The map shows lines shrunk; they are grown back by this times area over perimeter (ibid.)."""

LEAST = 3
"""Pixels of the map: what is thinner is noise."""

MARGIN, AHEAD, LEAST_MARGIN = 0.3, 0.8, 3
"""What is blacked out around a box: shares of its short side, across the line and before and behind it, and at least
so many pixels. A line's first or last character, faint on a bright ground, is what the detector misses."""

WASTE = 1.25
"""Two boxes become one where the box around both is at most so much larger than what they cover."""


@dataclass(frozen=True, slots=True, order=True)
class Box:
    """A rectangle of pixels: first row and column, and those behind the last."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        """Rows."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Columns."""
        return self.right - self.left

    @property
    def area(self) -> int:
        """Pixels; 0 where it is empty."""
        return max(0, self.height) * max(0, self.width)

    @property
    def slices(self) -> tuple[slice, slice]:
        """What cuts it out of an array."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def moved(self, rows: int, columns: int) -> Box:
        """The box so many rows further down and columns further right."""
        return Box(self.top + rows, self.left + columns, self.bottom + rows, self.right + columns)

    def grown(self, margin: int, shape: tuple[int, ...]) -> Box:
        """With a margin all around, cut at the frame's border."""
        return self._widened(margin, margin, shape)

    def with_margin(self, shape: tuple[int, ...]) -> Box:
        """What is blacked out for it."""
        short = min(self.height, self.width)
        across, along = (max(LEAST_MARGIN, round(share * short)) for share in (MARGIN, AHEAD))
        return self._widened(*((along, across) if self.height > self.width else (across, along)), shape)

    def turned_back(self, columns: int) -> Box:
        """Where a box of ``np.rot90(picture)`` lies in ``picture``, which has so many columns."""
        return Box(self.left, columns - self.bottom, self.right, columns - self.top)

    def scaled(self, factor: float, shape: tuple[int, ...]) -> Box:
        """Where it lies in a picture that is so much larger, whole pixels, cut at the border."""
        return Box(
            int(self.top * factor),
            int(self.left * factor),
            min(shape[0], int(np.ceil(self.bottom * factor))),
            min(shape[1], int(np.ceil(self.right * factor))),
        )

    def around(self, other: Box) -> Box:
        """The smallest box that holds both."""
        return Box(
            min(self.top, other.top),
            min(self.left, other.left),
            max(self.bottom, other.bottom),
            max(self.right, other.right),
        )

    def common(self, other: Box) -> int:
        """Pixels that both hold."""
        return Box(
            max(self.top, other.top),
            max(self.left, other.left),
            min(self.bottom, other.bottom),
            min(self.right, other.right),
        ).area

    def _widened(self, rows: int, columns: int, shape: tuple[int, ...]) -> Box:
        return Box(
            max(0, self.top - rows),
            max(0, self.left - columns),
            min(shape[0], self.bottom + rows),
            min(shape[1], self.right + columns),
        )


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the detector takes for a line of text.

    Attributes:
        box: where.
        score: mean probability inside the line, 0 to 1.
    """

    box: Box
    score: float


def of_map(probability: NDArray[np.float32], shape: tuple[int, ...]) -> list[Candidate]:
    """Upright boxes around what the detector marked.

    Args:
        probability: map of a picture, in any size.
        shape: rows and columns of the picture.
    """
    labels, count = ndimage.label(probability > THRESHOLD)
    if not count:
        return []
    scores = np.atleast_1d(ndimage.mean(probability, labels, np.arange(1, count + 1)))
    down, right = shape[0] / probability.shape[0], shape[1] / probability.shape[1]
    found: list[Candidate] = []
    for score, (rows, columns) in zip(scores, ndimage.find_objects(labels), strict=True):
        height, width = rows.stop - rows.start, columns.stop - columns.start
        if min(height, width) < LEAST or score < SURE:
            continue
        grow = UNCLIP * height * width / (2 * (height + width))
        box = Box(
            max(0, int((rows.start - grow) * down)),
            max(0, int((columns.start - grow) * right)),
            min(shape[0], int(np.ceil((rows.stop + grow) * down))),
            min(shape[1], int(np.ceil((columns.stop + grow) * right))),
        )
        found.append(Candidate(box, float(score)))
    return found


def joined(boxes: Iterable[Box]) -> list[Box]:
    """Boxes that lie in one another, or side by side on a line, as one; never one that covers much of neither."""
    result: list[Box] = []
    for box in sorted(set(boxes)):
        merged = box
        while (other := next((one for one in result if _belong(one, merged)), None)) is not None:
            result.remove(other)
            merged = merged.around(other)
        result.append(merged)
    return sorted(result)


def covered(boxes: Iterable[Box], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Mask ``(rows, columns)`` of what lies in one of the boxes."""
    mask = np.zeros(shape[:2], dtype=np.bool_)
    for box in boxes:
        mask[box.slices] = True
    return mask


def _belong(one: Box, other: Box) -> bool:
    return one.around(other).area <= WASTE * (one.area + other.area - one.common(other))

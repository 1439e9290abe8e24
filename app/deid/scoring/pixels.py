"""Scores pixels: burned-in letters cannot be read any more, and everything else is as it was."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from app.deid.planting.burn import HEIGHT, Burned
from app.deid.planting.values import UNREADABLE

VISIBLE = 0.02
"""Contrast of letters, as a share of what it was, from which they might be read."""

LOST = 0.005
"""Share of the picture, text and its margin left out, that may be blacked out without need."""

MARGIN = 3 * HEIGHT // 2
"""Pixels around a block of text that may go with it: one line and a half."""


def hidden(source: Dataset, cleaned: Dataset, boxes: Sequence[str]) -> bool:
    """Whether the letters in a box stand out from what is around them no more."""
    before, after = _pixels(source), _pixels(cleaned)
    if before is None or after is None or before.shape != after.shape:
        return after is None
    box = Burned.parse(boxes[0])
    inside = (slice(box.top, box.bottom), slice(box.left, box.right))
    letters = before[inside] == before[inside].max()
    return _contrast(after[inside], letters) <= VISIBLE * _contrast(before[inside], letters)


def retained(source: Dataset, cleaned: Dataset, boxes: Sequence[str]) -> bool:
    """Whether all but a small share of the picture, outside text and its margin, holds the values that it held."""
    before, after = _pixels(source), _pixels(cleaned)
    if before is None or after is None or before.shape != after.shape:
        return False
    outside = ~_block(boxes, before.shape[:2])
    changed = (before != after).reshape(*outside.shape, -1).any(axis=2)
    return bool(changed[outside].mean() <= LOST)


def _block(boxes: Sequence[str], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The rectangle round all lines of text with its margin; nothing where there is no text."""
    block = np.zeros(shape, bool)
    if boxes:
        lines = [Burned.parse(text) for text in boxes]
        top, left = min(line.top for line in lines) - MARGIN, min(line.left for line in lines) - MARGIN
        bottom, right = max(line.bottom for line in lines) + MARGIN, max(line.right for line in lines) + MARGIN
        block[max(0, top) : bottom, max(0, left) : right] = True
    return block


def _contrast(values: NDArray[np.float64], letters: NDArray[np.bool_]) -> float:
    return float(np.abs(values[letters].mean() - values[~letters].mean())) if letters.any() else 0.0


def _pixels(dataset: Dataset) -> NDArray[np.float64] | None:
    """Stored values of a single frame; ``None`` where there are none to be read."""
    try:
        pixels: NDArray[np.float64] = dataset.pixel_array.astype(np.float64)
    except UNREADABLE:
        return None
    return pixels

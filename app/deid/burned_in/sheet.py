"""A contact sheet for sign-off: frames before and after, side by side, what was blacked out outlined.

It shows patients' pixels, with their text: the caller decides who sees it. It must not know how text was found.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.deid.burned_in.blackout import blackout
from app.deid.burned_in.report import TextReport
from app.deid.burned_in.views import Display, for_eyes
from app.domain.errors import BadUsage

Sheet = NDArray[np.uint8]

COLOUR = (255, 96, 0)
"""Of outlines: far from every grey."""

GAP, ACROSS = 4, 4
"""Pixels between thumbnails, and pairs beside one another."""


def contact_sheet(
    frames: Sequence[NDArray[Any]] | NDArray[Any], report: TextReport, *, side: int = 160, most: int = 24
) -> Sheet:
    """Draw the sheet.

    Args:
        frames: those that were examined.
        report: about them.
        side: longer side of a thumbnail in pixels.
        most: frames without text that are shown, spread evenly; those in which text was found are all shown.

    Returns:
        RGB ``(rows, columns, 3)``.
    """
    if not len(frames):
        raise BadUsage("bad-usage", text="There are no frames to show", command="understudy export")
    pairs = [_pair(frames[number], report, side) for number in shown(report, most)]
    across = min(ACROSS, len(pairs))
    height, width = pairs[0].shape[:2]
    lines = -(-len(pairs) // across)
    sheet = np.full((lines * (height + GAP) + GAP, across * (width + GAP) + GAP, 3), 64, dtype=np.uint8)
    for place, pair in enumerate(pairs):
        top, left = (
            part * (size + GAP) + GAP for part, size in zip(divmod(place, across), (height, width), strict=True)
        )
        sheet[top : top + height, left : left + width] = pair
    return sheet


def shown(report: TextReport, most: int) -> list[int]:
    """Numbers of the frames on the sheet, ascending."""
    spread = np.linspace(0, report.count - 1, min(most, report.count)).round().astype(int).tolist()
    return sorted({number for finding in report.findings for number in finding.frames} | set(spread))


def _pair(frame: NDArray[Any], report: TextReport, side: int) -> Sheet:
    after = blackout(frame[None], report)[0]
    halves = [_thumbnail(_in_colour(one, after, report.display), report, side) for one in (frame, after)]
    gap = np.full((halves[0].shape[0], 1, 3), 64, dtype=np.uint8)
    return np.concatenate([halves[0], gap, halves[1]], axis=1)


def _thumbnail(picture: Sheet, report: TextReport, side: int) -> Sheet:
    rows, columns = report.shape
    scale = side / max(rows, columns)
    size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
    drawn = np.array(Image.fromarray(picture).resize(size, Image.Resampling.BOX))
    for box in report.boxes:
        small = box.scaled(scale, drawn.shape)
        last = (min(small.bottom, drawn.shape[0]) - 1, min(small.right, drawn.shape[1]) - 1)
        drawn[[small.top, last[0]], small.left : small.right] = COLOUR
        drawn[small.top : small.bottom, [small.left, last[1]]] = COLOUR
    return drawn


def _in_colour(frame: NDArray[Any], like: NDArray[Any], display: Display) -> Sheet:
    """8-bit RGB; grey in the range of the frame without text, whose letters may be far brighter than all else."""
    if frame.ndim == 3 and frame.dtype == np.uint8:
        return np.ascontiguousarray(frame[..., :3])
    return np.repeat(for_eyes(frame, display, like)[..., None], 3, axis=2)

"""Painting over what must not leave, in the darkest value that the frames show.

It must not know what was found, only where.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.deid.burned_in.report import TextReport
from app.deid.burned_in.views import Display
from app.domain.errors import Refused

Pixels = NDArray[Any]


def blackout(frames: Sequence[Pixels] | Pixels, report: TextReport) -> Pixels:
    """Copies of the frames, black where the report says, the same places in every frame and every colour plane.

    Args:
        frames: those that were examined, ``(n, rows, columns)`` or ``(n, rows, columns, samples)``.
        report: about them.

    Raises:
        Refused: ``text-colours`` where nobody knows which value is black (YBR, PALETTE COLOR without its palette).
    """
    painted: Pixels = np.array(frames)
    if painted.shape[1:3] != report.shape:
        raise ValueError("the report is about frames of another shape")
    if report.found:
        painted[:, report.mask()] = black(painted, report.display)
    return painted


def black(frames: Pixels, display: Display) -> Any:
    """The stored value that is shown darkest: for grey, no brighter than the frames' own and the windows' end.

    Args:
        frames: all frames of the file, stacked.
        display: how their values are shown.

    Returns:
        a number of the frames' type; for colours with a fourth sample (opacity), one number per sample.

    Raises:
        Refused: ``text-colours``.
    """
    if display.palette:
        return frames.dtype.type(int(np.argmin(display.palette)))
    if frames.ndim == 4:
        if display.photometric not in ("RGB", "MONOCHROME2"):
            raise Refused("text-colours", photometric=display.photometric)
        return np.array([0, 0, 0, np.iinfo(frames.dtype).max][: frames.shape[-1]], dtype=frames.dtype)
    if not display.photometric.startswith("MONOCHROME"):
        raise Refused("text-colours", photometric=display.photometric)
    if display.inverted:
        return _stored(max(float(frames.max()), *(high for _, high in display.windows), -np.inf), frames, display)
    return _stored(min(float(frames.min()), *(low for low, _ in display.windows), np.inf), frames, display)


def _stored(value: float, frames: Pixels, display: Display) -> Any:
    """A value that can be stored: whole and within the limits, unless the frames are of real numbers."""
    if np.issubdtype(frames.dtype, np.floating):
        return frames.dtype.type(value)
    kind = np.iinfo(frames.dtype)
    least, largest = display.limits or (kind.min, kind.max)
    away = np.ceil(value) if display.inverted else np.floor(value)
    return frames.dtype.type(int(np.clip(away, least, largest)))

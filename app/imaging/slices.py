"""Slices of a series in any plane: native ones straight from their file, others cut from the stacked volume.

The one door for the viewer, thumbnails and preparing. It reads source files and writes nothing.
"""

from __future__ import annotations

from app.domain.recipe import Plane
from app.domain.study import Series
from app.imaging import geometry, native, volume
from app.imaging.content import SliceImage

__all__ = ["SliceImage", "edge_letters", "load_slice", "slice_count"]


def slice_count(series: Series, plane: Plane = Plane.NATIVE) -> int:
    """Slices that ``series`` has in ``plane``; no file is read.

    Raises:
        Refused: ``plane-unavailable``.
    """
    return len(series.instances) if plane is Plane.NATIVE else volume.slice_count(series, plane)


def load_slice(series: Series, index: int, plane: Plane = Plane.NATIVE) -> SliceImage:
    """Slice ``index`` of ``series``.

    Native slices come in the order of ``series.instances``. Axial slices run from feet to head, coronal ones from
    back to front, sagittal ones from the patient's left to right; each is shown in the radiological convention
    (patient's right on the left and front up; head up in the other planes; sagittal with the front on the left).

    Raises:
        Refused: ``plane-unavailable`` (irregular stacks have their native plane only).
        Failed: ``source-missing`` or ``source-damaged``, with the file's path.
        IndexError: no such slice.
    """
    if index < 0:
        raise IndexError(index)
    return native.load(series, index) if plane is Plane.NATIVE else volume.load_slice(series, index, plane)


def edge_letters(series: Series, plane: Plane = Plane.NATIVE) -> tuple[str, str, str, str]:
    """Where the (left, right, top, bottom) edge of a slice leads: "R", "A", "HL"; "" where unknown.

    No file is read.

    Raises:
        Refused: ``plane-unavailable``.
    """
    if not series.orientation:
        return "", "", "", ""
    down, along = volume.edges(series, plane)
    return geometry.letters(-along), geometry.letters(along), geometry.letters(-down), geometry.letters(down)

"""An average head: what it looks like, where its brain lies, and which part of it is the face.

Lengths are millimetres in the atlas's own frame (x to the left, y to the back, z to the head; 0 near the middle of the
brain). What is said here holds for the average; ``faces_match`` finds the patient's place in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from app.paths import program_root

FILE = "resources/deid/head_atlas.png"
STEP_MM = 4.0
FIRST = (-96.0, -132.0, -120.0)
SLICES = 53

KEPT_AROUND_BRAIN_MM = 6.0
"""A face's cut stays this far from the inside of the skull."""
FOREHEAD = 6.0
"""Height up to which the brow belongs to the face; the brow ridge of the atlas is at -12."""
CHIN = -175.0
BEHIND_EYES = -40.0
FLOOR = -47.0
"""Height of the floor of the middle fossa; below it the cut may go further back."""
BEHIND_JAW = -22.0
EARS_BEGIN_MM, EARS_FROM_BRAIN_MM = 60.0, 11.0
EARS_Y, EARS_Z = (-22.0, 52.0), (-100.0, 14.0)


@dataclass(frozen=True, slots=True, eq=False)
class Atlas:
    """Attributes: arrays ``(z, y, x)`` on cubes of ``STEP_MM``, the first at ``FIRST``.

    look: float32 in [0, 1], T1-weighted.
    brain_mm: distance to the inside of the skull, negative inside.
    skin_mm: distance to the skin (ears left out), negative inside.
    """

    look: NDArray[np.float32] = field(repr=False)
    brain_mm: NDArray[np.float32] = field(repr=False)
    skin_mm: NDArray[np.float32] = field(repr=False)

    def at(self, which: NDArray[np.float32], places: NDArray[np.float64]) -> NDArray[np.float32]:
        """``which`` at ``places`` ``(3, ...)``; beyond the atlas its nearest value."""
        numbers = [(places[axis] - FIRST[axis]) / STEP_MM for axis in (2, 1, 0)]
        found: NDArray[np.float32] = ndimage.map_coordinates(which, numbers, order=1, mode="nearest", output=np.float32)
        return found

    def face(self, places: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which of ``places`` ``(3, n)`` belong to the face or an ear, the air before them too.

        All in front of the brain's box and below the forehead, whole and not as a shell: a shell of even thickness
        would leave the same face a little smaller. What lies within ``KEPT_AROUND_BRAIN_MM`` of the brain stays.
        """
        x, y, z = places
        front = np.where(z > FLOOR, y < BEHIND_EYES, y < BEHIND_JAW) & (z < FOREHEAD) & (z > CHIN)
        ears = (np.abs(x) > EARS_BEGIN_MM) & _between(y, EARS_Y) & _between(z, EARS_Z)
        chosen = np.flatnonzero(front | ears)
        away = self.at(self.brain_mm, places[:, chosen])
        result = np.zeros(x.shape, dtype=np.bool_)
        result[chosen] = away > np.where(front[chosen], KEPT_AROUND_BRAIN_MM, EARS_FROM_BRAIN_MM)
        return result


@cache
def atlas() -> Atlas:
    """The atlas that ships inside (``resources/deid/head_atlas.md`` says where it comes from)."""
    with Image.open(program_root() / FILE) as image:
        planes = np.asarray(image.convert("RGB"), dtype=np.float32)
    look, brain, skin = np.moveaxis(planes.reshape(SLICES, -1, planes.shape[1], 3), 3, 0)
    one, two, middle = np.float32(255), np.float32(2), np.float32(128)
    return Atlas(look / one, (brain - middle) / two, (skin - middle) / two)


def _between(values: NDArray[np.float64], limits: tuple[float, float]) -> NDArray[np.bool_]:
    return (values > limits[0]) & (values < limits[1])

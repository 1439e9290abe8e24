"""How slices lie in space: order along the normal, spacing, and what is irregular about a stack.

Plain numbers in LPS millimetres; it knows neither files nor formats.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from app.imaging.content import Vector

SAME_PLACE_MM = 0.01
"""Positions nearer than this are one position."""
UNEVEN = 0.05
"""Share of the slice distance that distances may differ by; scanners round positions."""
TILT_DEGREES = 0.5
"""Lean of a stack from which its slices no longer lie straight above each other."""
SHIFT_MM = 1.0
"""Way sideways, off the straight line through a stack, from which slices do not lie above each other."""


@dataclass(frozen=True, slots=True)
class Stack:
    """What the positions of a series' slices say.

    Attributes:
        spacing_mm: median distance of neighbours, ``None`` for fewer than two places.
        duplicates: slices that share a place with the one before.
        missing: slices lacking in otherwise even distances.
        uneven_mm: smallest and largest distance where distances differ, else ``None``.
        tilt_degrees: angle between the direction of the stack and the slices' normal.
        shift_mm: furthest way of a slice off the straight line through the stack.
    """

    spacing_mm: float | None
    duplicates: int = 0
    missing: int = 0
    uneven_mm: tuple[float, float] | None = None
    tilt_degrees: float = 0.0
    shift_mm: float = 0.0

    @property
    def is_volume(self) -> bool:
        """Whether the slices fill a box, so that it can be cut in other planes."""
        leaning = self.tilt_degrees >= TILT_DEGREES or self.shift_mm >= SHIFT_MM
        return self.spacing_mm is not None and not (self.duplicates or self.missing or self.uneven_mm or leaning)


@lru_cache(maxsize=4096)
def normal(orientation: tuple[float, ...]) -> Vector:
    """Unit vector across the slices: row direction x column direction."""
    a, b, c, d, e, f = orientation
    x, y, z = b * f - c * e, c * d - a * f, a * e - b * d
    length = math.hypot(x, y, z)
    return x / length, y / length, z / length


def along_normal(position: Vector, orientation: tuple[float, ...]) -> float:
    """Signed distance of a slice from the origin, along its normal."""
    x, y, z = normal(orientation)
    return position[0] * x + position[1] * y + position[2] * z


def describe(distances: Sequence[float], tilt_degrees: float = 0.0, shift_mm: float = 0.0) -> Stack:
    """Read a stack off its slices' sorted positions along the normal."""
    steps = np.abs(np.diff(np.asarray(distances, dtype=np.float64)))
    apart = steps[steps > SAME_PLACE_MM]
    duplicates = int(len(steps) - len(apart))
    if not len(apart):
        return Stack(None, duplicates)
    typical = float(np.median(apart))
    multiples = np.rint(apart / typical)
    regular = np.abs(apart - multiples * typical) <= UNEVEN * typical * np.maximum(multiples, 1)
    if not bool(np.all(regular & (multiples >= 1))):
        return Stack(typical, duplicates, 0, (float(apart.min()), float(apart.max())), tilt_degrees, shift_mm)
    return Stack(typical, duplicates, int((multiples - 1).sum()), None, tilt_degrees, shift_mm)


def lean(positions: Sequence[Vector], orientation: tuple[float, ...]) -> tuple[float, float]:
    """How a stack's corners run: (angle in degrees between their line and the normal, furthest way in mm off it)."""
    corners = np.asarray(positions, dtype=np.float64)
    along = corners @ normal(orientation)
    spread = along - along.mean()
    if float(np.ptp(along)) <= SAME_PLACE_MM:
        return 0.0, 0.0
    line = spread @ (corners - corners.mean(axis=0)) / float(spread @ spread)
    off = corners - corners.mean(axis=0) - np.outer(spread, line)
    degrees = math.degrees(math.acos(min(1.0, 1.0 / float(np.linalg.norm(line)))))
    return degrees, float(np.linalg.norm(off, axis=1).max())


def sentences(stack: Stack, slices: int) -> tuple[str, ...]:
    """What a person should know of a stack, one plain sentence each."""
    said = []
    if stack.tilt_degrees >= TILT_DEGREES:
        said.append(f"The slices were taken with a tilted gantry ({stack.tilt_degrees:.1f}°).")
    if stack.shift_mm >= SHIFT_MM:
        said.append(f"Slices are shifted sideways against each other, by up to {stack.shift_mm:.1f} mm.")
    if stack.uneven_mm:
        low, high = stack.uneven_mm
        said.append(f"The distance between slices varies from {low:.2f} to {high:.2f} mm.")
    if stack.missing:
        said.append(f"{stack.missing} of {slices + stack.missing} slices are missing from the stack.")
    if stack.duplicates:
        said.append(f"{stack.duplicates} of {slices} slices lie at the same position as another one.")
    return tuple(said)


_AXIS_LETTERS = (("L", "R"), ("P", "A"), ("H", "F"))
"""Where a direction leads along each LPS axis: with it, against it (PS3.3 C.7.6.1.1.1)."""
_SAID_FROM = 0.2
"""Component (about 12 degrees off) from which a further letter is said; less is the usual tilt of a head."""


def letters(direction: Sequence[float] | NDArray[np.float64]) -> str:
    """Where an LPS direction leads, main part first: "L", "A", "HL"; "" for no direction."""
    length = math.hypot(*direction)
    if length == 0.0:
        return ""
    parts = sorted(((abs(c) / length, axis) for axis, c in enumerate(direction)), reverse=True)
    return "".join(_AXIS_LETTERS[axis][int(direction[axis] < 0)] for size, axis in parts if size >= _SAID_FROM)

"""Invented anatomy for the sample project: ellipsoids with tissue values and textures, different for every patient.

An upper abdomen as a CT shows it, in millimetres around the middle of the picture: x towards the patient's left, y
towards the back, z towards the head. It knows tissue, not scanners or files.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

AIR_HU = -1000.0
SPINE_FROM_WALL_MM = 54.0
"""Middle of the vertebra, in front of the back of the muscle wall."""


class Lesion(StrEnum):
    """What the liver of an invented patient holds; the classes of the sample project."""

    NONE = "no lesion"
    SOLID = "solid nodule"
    CYST = "cystic lesion"


@dataclass(frozen=True, slots=True)
class Ellipsoid:
    """A piece of tissue that replaces what lies under it.

    Attributes:
        hu: mean value.
        center, half: centre and half axes in mm (x, y, z).
        turn: rotation in the plane, radians.
        texture: standard deviation of its mottling in HU.
        within: half axes' scale of a hollow that is left as it was (for shells), 0 for none.
    """

    hu: float
    center: tuple[float, float, float]
    half: tuple[float, float, float]
    turn: float = 0.0
    texture: float = 0.0
    within: float = 0.0


@dataclass(frozen=True, slots=True)
class Patient:
    """The anatomy of one invented patient."""

    parts: tuple[Ellipsoid, ...]
    lesion: Lesion
    seed: int


def invent(seed: int, lesion: Lesion) -> Patient:
    """A patient whose build, organs and contrast phase depend on ``seed`` alone."""
    rng, rng_lesion, rng_bones = (np.random.default_rng([seed, part]) for part in (1, 4, 5))
    build = float(rng.uniform(0.88, 1.06))
    width, depth = 160.0 * build, 120.0 * build * float(rng.uniform(0.93, 1.06))
    fat = float(rng.uniform(9.0, 24.0))
    trunk = _trunk(rng, width, depth, fat)
    inner = (width - fat - 13.0, depth - fat - 13.0)
    liver, organs = _organs(rng, inner)
    return Patient(
        (*trunk, *organs, *_lesion(rng_lesion, liver, lesion), *_skeleton(rng_bones, width - fat, depth - fat)),
        lesion,
        seed,
    )


def _trunk(rng: np.random.Generator, width: float, depth: float, fat: float) -> list[Ellipsoid]:
    """Skin, fat under the skin, muscle wall, fat between the organs; and the table below."""
    long = 900.0
    return [
        *_table(depth),
        Ellipsoid(10.0, (0, 0, 0), (width, depth, long)),
        Ellipsoid(-105.0, (0, 0, 0), (width - 2.5, depth - 2.5, long), texture=6.0),
        Ellipsoid(55.0, (0, 0, 0), (width - fat, depth - fat, long), texture=7.0),
        Ellipsoid(-100.0, (0, -4, 0), (width - fat - 11.0, depth - fat - 11.0, long), texture=9.0),
        *(
            Ellipsoid(58.0, (side * rng.uniform(36, 42), depth - fat - 17.0, 0), (24.0, 15.0, long), texture=9.0)
            for side in (-1, 1)
        ),
    ]


def _table(depth: float) -> list[Ellipsoid]:
    """A curved carbon shell with air above and inside, just under the back."""
    y, long = depth - 96.0, 900.0
    shell = Ellipsoid(-560.0, (0, y, 0), (156.0, 116.0, long))
    foam = Ellipsoid(-985.0, (0, y - 1.0, 0), (152.0, 112.0, long))
    inner = Ellipsoid(-700.0, (0, y - 12.0, 0), (158.0, 109.0, long))
    above = Ellipsoid(AIR_HU, (0, y - 19.0, 0), (200.0, 112.0, long))
    return [shell, foam, inner, above]


def _organs(rng: np.random.Generator, inner: tuple[float, float]) -> tuple[Ellipsoid, list[Ellipsoid]]:
    """Liver (returned first, too), spleen, stomach, kidneys, vessels and bowel inside the wall's half axes."""
    a, b = inner
    spine = b + 13.0 - SPINE_FROM_WALL_MM - 18.0  # front of the vertebra

    def near(value: float, spread: float) -> float:
        return float(value + rng.uniform(-spread, spread))

    enhanced = near(105.0, 15.0)
    liver = Ellipsoid(
        enhanced,
        (near(-0.42 * a, 5), near(-0.12 * b, 5), 0),
        (0.54 * a, near(0.66 * b, 4), 150.0),
        near(0.25, 0.15),
        7.0,
    )
    lobe = Ellipsoid(
        enhanced, (near(0.02 * a, 6), near(-0.52 * b, 4), 10), (near(0.42 * a, 8), 0.30 * b, 90.0), near(-0.1, 0.1), 7.0
    )
    vessel = enhanced + near(45.0, 12.0)
    veins = [
        Ellipsoid(
            vessel,
            (liver.center[0] + near(0, 0.26 * a), liver.center[1] + near(0, 0.3 * b), near(0, 15)),
            (near(11, 5), near(3.6, 1.2), near(16, 6)),
            near(0, 1.5),
        )
        for _ in range(7)
    ]
    spleen = Ellipsoid(
        near(118, 14),
        (near(0.70 * a, 3), near(0.30 * b, 6), 5),
        (0.21 * a, near(0.44 * b, 5), 75.0),
        near(-0.35, 0.15),
        6.0,
    )
    stomach = (near(0.42 * a, 6), near(-0.34 * b, 5), 0.0)
    gut = [
        Ellipsoid(48.0, stomach, (near(0.36 * a, 5), near(0.34 * b, 4), 80.0), near(0.4, 0.2), 6.0),
        Ellipsoid(near(12, 10), stomach, (0.31 * a, 0.28 * b, 72.0), near(0.4, 0.1), 10.0),
        Ellipsoid(-960.0, (stomach[0] + 4, stomach[1] - 0.17 * b, 0), (near(0.19 * a, 5), near(0.09 * b, 2), 60.0)),
        *(_bowel_loop(rng, (near(0.22 * a, 22), near(0.12 * b, 7), near(0, 10))) for _ in range(3)),
    ]
    kidneys = [part for side in (-1, 1) for part in _kidney(rng, side * near(0.46 * a, 4), near(0.50 * b, 4))]
    aorta_hu = enhanced + near(75.0, 30.0)
    vessels = [
        Ellipsoid(aorta_hu, (near(10, 3), spine - 13.0, 0), (near(10.5, 1.5), near(10.5, 1.5), 900.0)),
        Ellipsoid(vessel - 8, (near(-20, 3), spine - near(15, 2), 0), (near(12, 2), near(9, 1.5), 900.0), near(0, 0.3)),
        Ellipsoid(
            near(95, 10), (near(14, 6), near(0.06 * b, 4), 0), (near(40, 8), near(9, 2), 22.0), near(-0.2, 0.15), 9.0
        ),
    ]
    return liver, [liver, lobe, *veins, *gut, spleen, *kidneys, *vessels]


def _bowel_loop(rng: np.random.Generator, center: tuple[float, float, float]) -> Ellipsoid:
    size = float(rng.uniform(8, 14))
    return Ellipsoid(float(rng.choice([35.0, 60.0, 25.0])), center, (size, size * 0.8, 40.0), texture=12.0)


def _kidney(rng: np.random.Generator, x: float, y: float) -> list[Ellipsoid]:
    """Bright cortex, darker middle with fat of the sinus."""
    cortex = float(rng.uniform(150, 195))
    turn = math.copysign(float(rng.uniform(0.2, 0.5)), x)
    wide, deep = float(rng.uniform(23, 27)), float(rng.uniform(28, 33))
    inner = x - math.copysign(5.0, x)
    return [
        Ellipsoid(cortex, (x, y, 0), (wide, deep, 60.0), turn, 8.0),
        Ellipsoid(cortex - 45, (inner, y, 0), (wide * 0.62, deep * 0.66, 40.0), turn, 8.0),
        Ellipsoid(-60.0, (inner - math.copysign(5.0, x), y, 0), (wide * 0.34, deep * 0.36, 26.0), turn, 10.0),
    ]


def _lesion(rng: np.random.Generator, liver: Ellipsoid, kind: Lesion) -> list[Ellipsoid]:
    """The finding, tall enough to be met by every slice of the sample scan (25 mm)."""
    angle, reach = float(rng.uniform(0.95, 2.05) * math.pi), float(rng.uniform(0.05, 0.45))  # in front of the kidney
    center = (
        liver.center[0] + reach * liver.half[0] * math.cos(angle),
        liver.center[1] + reach * liver.half[1] * math.sin(angle),
        float(rng.uniform(-4, 4)),
    )
    radius = float(rng.uniform(16, 27))
    half = (radius, radius * float(rng.uniform(0.8, 1.15)), float(rng.uniform(26, 34)))
    turn = float(rng.uniform(0, math.pi))
    if kind is Lesion.CYST:
        return [Ellipsoid(float(rng.uniform(0, 14)), center, half, turn, 2.0)]
    if kind is Lesion.SOLID:
        core = (half[0] * 0.45, half[1] * 0.45, half[2] * 0.6)
        rim = liver.hu + float(rng.uniform(70, 105))
        return [Ellipsoid(rim, center, half, turn, 14.0), Ellipsoid(rim - 45, center, core, turn + 0.5, 14.0)]
    return []


def _skeleton(rng: np.random.Generator, wall_x: float, wall_y: float) -> list[Ellipsoid]:
    """A vertebra with its canal and processes, and ribs in the wall."""
    y = wall_y - SPINE_FROM_WALL_MM
    spongy, compact = float(rng.uniform(170, 260)), float(rng.uniform(620, 850))
    bones = [
        Ellipsoid(compact, (0, y, 0), (22.5, 18.0, 900.0)),
        Ellipsoid(spongy, (0, y, 0), (19.5, 15.0, 900.0), texture=28.0),
        Ellipsoid(compact * 0.8, (0, y + 24, 0), (17.0, 14.0, 900.0)),
        *(Ellipsoid(compact * 0.7, (s * 24, y + 22, 0), (16.0, 4.5, 900.0), s * 0.25, 30.0) for s in (-1, 1)),
        Ellipsoid(compact * 0.7, (0, y + 37, 0), (3.6, 11.0, 900.0)),
        Ellipsoid(28.0, (0, y + 20, 0), (10.0, 9.0, 900.0)),
    ]
    start = float(rng.uniform(0, 0.25))
    for side in (-1, 1):
        for number in range(5):
            angle = start + 0.5 * number - 0.85 + float(rng.uniform(-0.06, 0.06))
            x, depth = side * (wall_x - 6) * math.cos(angle), (wall_y - 6) * math.sin(angle)
            along = math.atan2((wall_y - 6) * math.cos(angle), -side * (wall_x - 6) * math.sin(angle))
            length, z = float(rng.uniform(11, 17)), float(rng.uniform(-12, 12))
            bones.append(Ellipsoid(compact * 0.75, (x, depth, z), (length, 5.2, 24.0), along))
            bones.append(Ellipsoid(spongy * 0.8, (x, depth, z), (length * 0.78, 2.9, 18.0), along))
    return bones


def slice_hu(patient: Patient, z: float, size: int, pixel_mm: float) -> NDArray[np.float64]:
    """The patient cut at height ``z`` in Hounsfield units, ``(size, size)``, front up, patient's right on the left."""
    axis = (np.arange(size) - (size - 1) / 2) * pixel_mm
    y, x = np.meshgrid(axis, axis, indexing="ij")
    picture = np.full((size, size), AIR_HU)
    mottle = _mottle(patient.seed, z, size, pixel_mm)
    for part in patient.parts:
        share = _share(part, x, y, z, pixel_mm)
        if share is not None:
            picture += share * (part.hu + part.texture * mottle - picture)
    return picture


def _share(
    part: Ellipsoid, x: NDArray[np.float64], y: NDArray[np.float64], z: float, pixel_mm: float
) -> NDArray[np.float64] | None:
    """How much of each pixel the part fills; ``None`` where the cut misses it."""
    height = (z - part.center[2]) / part.half[2]
    if abs(height) >= 1:
        return None
    shrink = math.sqrt(1 - height * height)
    a, b = part.half[0] * shrink, part.half[1] * shrink
    dx, dy = x - part.center[0], y - part.center[1]
    cos, sin = math.cos(part.turn), math.sin(part.turn)
    radius = np.hypot((dx * cos + dy * sin) / a, (dy * cos - dx * sin) / b)
    share: NDArray[np.float64] = np.clip(0.5 + (1 - radius) * min(a, b) / pixel_mm, 0, 1)
    return share


def _mottle(seed: int, z: float, size: int, pixel_mm: float) -> NDArray[np.float64]:
    """Smooth random field of unit variance; neighbouring slices share half of it."""
    fields = []
    for key in (0, 1 + round(abs(z) * 1000) * 2 + (z < 0)):
        noise = np.random.default_rng([seed, 2, key]).standard_normal((size, size))
        smooth = 0.7 * _unit(gaussian_filter(noise, 7.0 / pixel_mm)) + 0.7 * _unit(
            gaussian_filter(noise, 2.5 / pixel_mm)
        )
        fields.append(smooth)
    return _unit(fields[0] + fields[1])


def _unit(field: NDArray[np.float64]) -> NDArray[np.float64]:
    unit: NDArray[np.float64] = (field - field.mean()) / field.std()
    return unit

"""An invented head with a face, as CT or MR would show it in any geometry, with the truth about its brain.

Ellipsoids in millimetres (x to the left, y to the back, z to the head, 0 in the middle of the brain). Shapes and sizes
differ by seed; nothing of it comes from the atlas that the product looks with.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import radians

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

AIR, FAT, MUSCLE, BONE, CSF, GREY, WHITE = range(7)
SHOWN = {
    "CT": (-1000.0, -95.0, 55.0, 900.0, 8.0, 38.0, 28.0),
    "T1": (4.0, 400.0, 190.0, 25.0, 60.0, 200.0, 290.0),
    "T2": (4.0, 330.0, 120.0, 20.0, 480.0, 230.0, 170.0),
    "FLAIR": (4.0, 300.0, 150.0, 20.0, 40.0, 260.0, 210.0),
}
NOISE = {"CT": 12.0, "T1": 8.0, "T2": 8.0, "FLAIR": 8.0}

Ellipsoid = tuple[int, tuple[float, float, float], tuple[float, float, float]]


@dataclass(frozen=True, slots=True)
class Scan:
    """How a head is seen.

    Attributes:
        spacing: millimetres of slice, row, column.
        low, high: box around the middle of the brain that is scanned, along the axes of the plane ``(x, y, z)``.
        nod, turn, lean: degrees about x, z and y.
        tilt: gantry tilt in degrees (CT); the stack is sheared then.
        plane: "axial", "sagittal" or "coronal".
        body: neck and shoulders too.
    """

    contrast: str = "CT"
    spacing: tuple[float, float, float] = (3.0, 2.0, 2.0)
    low: tuple[float, float, float] = (-110.0, -140.0, -125.0)
    high: tuple[float, float, float] = (110.0, 120.0, 110.0)
    nod: float = 0.0
    turn: float = 0.0
    lean: float = 0.0
    tilt: float = 0.0
    plane: str = "axial"
    body: bool = False
    table: bool = False
    noise: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """A scan with its truth.

    Attributes:
        values: float32 ``(slices, rows, columns)``.
        affine: 4x4, (column, row, slice, 1) to LPS millimetres.
        brain: which voxels are brain.
        own: ``(3, slices, rows, columns)``: every voxel's place in the head's own millimetres.
    """

    values: NDArray[np.float32] = field(repr=False)
    affine: NDArray[np.float64]
    brain: NDArray[np.bool_] = field(repr=False)
    own: NDArray[np.float64] = field(repr=False)


def scan(seed: int, how: Scan) -> Head:
    """The head of an invented person, scanned."""
    rng = np.random.default_rng([seed, 77])
    affine, shape = _geometry(how, rng)
    numbers = np.indices(shape, dtype=np.float64)[::-1].reshape(3, -1)
    places = affine[:3, :3] @ numbers + affine[:3, 3:]
    turned = Rotation.from_euler("xyz", [how.nod, how.lean, how.turn], degrees=True).inv().as_matrix() @ places
    tissue = _tissue(turned, rng, body=how.body)
    values = np.array(SHOWN[how.contrast], dtype=np.float32)[tissue].reshape(shape)
    if how.table:
        values[
            (
                _inside(places, (0, 40, 0), (150, 82, 900))
                & ~_inside(places, (0, 36, 0), (148, 78, 900))
                & (places[1] > 60)
                & (tissue == AIR)
            ).reshape(shape)
        ] = -550.0 if how.contrast == "CT" else 0.0
    values = ndimage.gaussian_filter(values, [0.4, 0.6, 0.6]) if min(shape) > 1 else values
    noise = rng.normal(0, NOISE[how.contrast] * how.noise, shape).astype(np.float32)
    values = values + noise if how.contrast == "CT" else np.abs(values + noise)
    brain = np.isin(tissue, (GREY, WHITE)).reshape(shape)
    return Head(values.astype(np.float32), affine, brain, turned.reshape(3, *shape))


def _geometry(how: Scan, rng: np.random.Generator) -> tuple[NDArray[np.float64], tuple[int, int, int]]:
    """Matrix and shape: rows, columns and slices along the axes of the plane, the origin anywhere."""
    column, row, across = {"axial": (0, 1, 2), "coronal": (0, 2, 1), "sagittal": (1, 2, 0)}[how.plane]
    affine = np.eye(4)
    affine[:3, :3] = 0
    first = np.array(how.low)
    sizes = []
    for axis, number, step in ((column, 0, how.spacing[2]), (row, 1, how.spacing[1]), (across, 2, how.spacing[0])):
        down = axis == 2 and how.plane != "axial"
        affine[axis, number] = -step if down else step
        first[axis] = how.high[axis] if down else how.low[axis]
        sizes.append(max(1, int((how.high[axis] - how.low[axis]) / step)))
    affine[:3, 3] = first
    if how.tilt:  # the slices lean, the table moves along z: a sheared stack
        affine[:3, 1] = Rotation.from_euler("x", radians(how.tilt)).as_matrix() @ affine[:3, 1]
    return affine, (sizes[2], sizes[1], sizes[0])


def _tissue(places: NDArray[np.float64], rng: np.random.Generator, *, body: bool) -> NDArray[np.int64]:
    scaled = places / np.array([rng.uniform(0.93, 1.07), rng.uniform(0.93, 1.07), rng.uniform(0.94, 1.06)])[:, None]
    scaled[0] /= 1 + 0.0016 * np.clip(scaled[1], -90, 90)  # narrower at the forehead, as heads are
    result = np.full(places.shape[1], AIR)
    for kind, center, half in (*(_trunk() if body else ()), *_neck(), *_face(rng), *_skull(), *_inner(rng)):
        result[_inside(scaled, center, half)] = kind
    return _folded(result, scaled, rng)


def _folded(tissue: NDArray[np.int64], places: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """White matter with a wavy edge inside the grey, and the floor of the skull under the frontal lobes."""
    x, y, z = places
    waves = np.sin(x / 6 + rng.uniform(0, 6)) * np.sin(y / 7 + rng.uniform(0, 6)) * np.sin(z / 6 + rng.uniform(0, 6))
    deep = (x / 56) ** 2 + ((y - 1) / 73) ** 2 + ((z - 6) / 56) ** 2 + 0.25 * waves < 1
    tissue[(tissue == GREY) & deep] = WHITE
    floor = np.where(y < -44, -19.0, np.where(y < -8, -44.0, -62.0))
    below = np.isin(tissue, (GREY, WHITE, CSF)) & (z < floor) & (z > -75)
    tissue[below & (z > floor - 5)] = BONE
    tissue[below & (z <= floor - 5)] = MUSCLE
    eyes = np.abs(np.abs(x) - 32)
    tissue[(eyes**2 + (y + 68) ** 2 + (z + 40) ** 2 < 17**2)] = FAT
    tissue[(eyes**2 + (y + 76) ** 2 + (z + 38) ** 2 < 12**2)] = CSF
    return tissue


def _trunk() -> list[Ellipsoid]:
    return [
        (FAT, (0, 20, -420), (215, 125, 210)),
        (MUSCLE, (0, 20, -420), (195, 105, 190)),
        (BONE, (0, 80, -420), (24, 24, 230)),
    ]


def _neck() -> list[Ellipsoid]:
    return [
        (FAT, (0, 18, -120), (62, 64, 130)),
        (MUSCLE, (0, 18, -120), (56, 58, 126)),
        (BONE, (0, 22, -130), (22, 20, 110)),
    ]


def _face(rng: np.random.Generator) -> list[Ellipsoid]:
    """Jaw and cheeks, nose, lips, chin, brow, ears; bone and airways inside."""
    long, wide = rng.uniform(14, 24), rng.uniform(10, 15)
    chin = rng.uniform(-6, 6)
    ears = [(FAT, (side * 76, 8, -42), (rng.uniform(8, 14), 17, 30)) for side in (-1, 1)]
    return [
        *ears,
        (FAT, (0, -38, -62), (66, 58, 62)),
        (MUSCLE, (0, -38, -62), (60, 51, 56)),
        (FAT, (0, -94, -18), (44, 9, 9)),
        (FAT, (0, -92, -56), (wide, long, 20)),
        (FAT, (0, -92, -84), (24, 9, 7)),
        (FAT, (0, -84 + chin, -110), (20, 14, 14)),
        (BONE, (0, -45, -100), (44, 38, 12)),
        (MUSCLE, (0, -38, -92), (36, 36, 16)),
        (BONE, (0, -50, -50), (50, 34, 26)),
        (AIR, (0, -58, -58), (16, 32, 18)),
        *((AIR, (side * 32, -56, -62), (12, 16, 15)) for side in (-1, 1)),
        (AIR, (0, -8, -85), (9, 9, 40)),
    ]


def _skull() -> list[Ellipsoid]:
    return [(FAT, (0, 0, 0), (78, 99, 88)), (MUSCLE, (0, 0, 0), (75, 96, 85)), (BONE, (0, 0, 0), (72, 93, 81.5))]


def _inner(rng: np.random.Generator) -> list[Ellipsoid]:
    grown = rng.uniform(0.9, 1.2)
    return [
        (CSF, (0, 0, 0), (66, 86, 75)),
        (GREY, (0, 0, 0), (63.5, 83.5, 72.5)),
        *((CSF, (side * 12, -2, 12), (6 * grown, 34, 9 * grown)) for side in (-1, 1)),
    ]


def _inside(
    places: NDArray[np.float64], center: tuple[float, float, float], half: tuple[float, float, float]
) -> NDArray[np.bool_]:
    away = (places - np.array(center)[:, None]) / np.array(half)[:, None]
    return np.asarray((away**2).sum(axis=0) < 1)

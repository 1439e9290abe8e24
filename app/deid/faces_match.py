"""Where a head lies: an affine registration of the average head to the patient, and how well it holds.

It starts from several poses (SimpleITK, Mattes mutual information, so CT and every MR weighting are one case), and from
a head that faces backwards as a control. It gives numbers; what they are good enough for is decided in ``faces``.
One thread and a seeded sampling: the same volume always gives the same pose.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import radians

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from app.deid.faces_atlas import FIRST, atlas
from app.deid.faces_grid import STEP_MM, Grid

PITCHES = (-25.0, 0.0, 25.0)
"""Degrees that a chin is down or up where the search begins."""
STRAIN_OF_SIZE, STRAIN_OF_DEGREE = 0.5, 0.001
NEAR_MM = 16.0
"""Air this far from the patient is compared too, as it shows where the skin ends."""
COARSE_STEPS, FINE_STEPS = 60, 80
FEW_CELLS, MANY_CELLS_SHARE = 100_000, 0.3
SEED = 1
"""Of the jitter that the sampling adds to its regular places; the clock's otherwise."""
CROWN_TO_MIDDLE_MM = 88.0
"""From the crown to the middle of the atlas."""
SKULL_BASE = -45.0
"""Below this the atlas is face and neck, which may be cut off or defaced already."""


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """How a patient's head lies in the atlas.

    Attributes:
        matrix: 4x4, LPS millimetres of the patient to millimetres of the atlas.
        fit: mutual information of patient and atlas, in nats; heads have 0.45 and more.
        backwards: the same for the best head that faces backwards.
        skin: Dice overlap of the patient with the atlas's head above the skull base, face left out.
        filled: share of the brain's place that holds tissue, where the volume shows it.
        seen: share of the brain's place that lies in the volume.
    """

    matrix: NDArray[np.float64] = field(repr=False)
    fit: float
    backwards: float
    skin: float
    filled: float
    seen: float

    @property
    def scales(self) -> NDArray[np.float64]:
        """Size of the patient's head by the average, along its three main directions."""
        return 1 / np.linalg.svd(self.matrix[:3, :3], compute_uv=False)

    def to_atlas(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Millimetres of the atlas for LPS millimetres ``(3, ...)``."""
        moved = np.tensordot(self.matrix[:3, :3], places, axes=1)
        result: NDArray[np.float64] = moved + self.matrix[:3, 3].reshape(3, *[1] * (places.ndim - 1))
        return result


def best_pose(grid: Grid, look: NDArray[np.float32], body: NDArray[np.bool_], *, brain_only: bool = False) -> Pose:
    """The best pose of the average head in ``grid``.

    Args:
        grid: for its geometry.
        look, body: values in [0, 1] and the patient, as ``faces_tissue`` gives them; some of the patient must be there.
        brain_only: look for a brain without its head.
    """
    average = np.where(atlas().brain_mm < 0, atlas().look, 0) if brain_only else atlas().look
    mask = ndimage.distance_transform_edt(~body) * STEP_MM < NEAR_MM
    fixed, where = _image(look, grid.first), _image((mask & grid.inside).astype(np.uint8), grid.first)
    first = np.array(FIRST)
    ahead = _found(fixed, where, _image(average, first), _starts(grid, body))
    mirrored = np.array([first[0], -(first[1] + STEP_MM * (average.shape[1] - 1)), first[2]])
    behind = _found(fixed, where, _image(np.ascontiguousarray(average[:, ::-1]), mirrored), _starts(grid, body))
    return _judged(_matrix(ahead[1]), (ahead[0], behind[0]), grid, body)


def _found(
    fixed: sitk.Image, mask: sitk.Image, moving: sitk.Image, starts: list[sitk.Similarity3DTransform]
) -> tuple[float, sitk.Transform]:
    """The likeliest of the poses that the starts lead to, with its mutual information."""
    poses = [_fine(fixed, moving, mask, _coarse(fixed, moving, mask, start)) for start in starts]
    return max(poses, key=lambda pose: pose[0] - _strain(_matrix(pose[1])))


def _strain(matrix: NDArray[np.float64]) -> float:
    """How unlikely a pose is by itself, in nats: heads have much the same size, and few patients nod far."""
    left, scales, right = np.linalg.svd(matrix[:3, :3])
    angle = np.degrees(np.arccos(np.clip(((left @ right).trace() - 1) / 2, -1, 1)))
    return float(STRAIN_OF_SIZE * np.abs(np.log(scales)).mean() + STRAIN_OF_DEGREE * angle)


def _starts(grid: Grid, body: NDArray[np.bool_]) -> list[sitk.Similarity3DTransform]:
    return [_start(grid, body, pitch) for pitch in PITCHES]


def _start(grid: Grid, body: NDArray[np.bool_], pitch: float) -> sitk.Similarity3DTransform:
    """A head below the crown of the patient, nodded by ``pitch`` degrees."""
    layers = np.flatnonzero(body.any(axis=(1, 2)))
    crown = (layers[-1] + 1) * STEP_MM
    low = max(0, round((crown - 2 * CROWN_TO_MIDDLE_MM) / STEP_MM))
    _, y, x = (float(np.mean(axis)) for axis in np.nonzero(body[low:]))
    middle = grid.first + np.array([x * STEP_MM, y * STEP_MM, crown - CROWN_TO_MIDDLE_MM])
    around = sitk.Euler3DTransform()
    around.SetRotation(radians(pitch), 0.0, 0.0)
    start = sitk.Similarity3DTransform()
    start.SetMatrix(around.GetMatrix())
    start.SetCenter([float(value) for value in middle])
    start.SetTranslation([float(-value) for value in middle])
    return start


def _coarse(
    fixed: sitk.Image, moving: sitk.Image, mask: sitk.Image, start: sitk.Similarity3DTransform
) -> sitk.Transform:
    method = _method(fixed, mask, COARSE_STEPS, shrink=2)
    method.SetInitialTransform(start, inPlace=True)
    try:
        method.Execute(fixed, moving)
    except RuntimeError:  # the head has left the volume: no better pose from this start
        return start
    return start


def _fine(
    fixed: sitk.Image, moving: sitk.Image, mask: sitk.Image, start: sitk.Transform
) -> tuple[float, sitk.Transform]:
    affine = sitk.AffineTransform(3)
    affine.SetMatrix(start.GetMatrix())
    affine.SetTranslation(start.GetTranslation())
    affine.SetCenter(start.GetCenter())
    method = _method(fixed, mask, FINE_STEPS, shrink=1)
    method.SetInitialTransform(affine, inPlace=True)
    try:
        method.Execute(fixed, moving)
    except RuntimeError:  # as above
        return 0.0, start
    return -method.GetMetricValue(), affine


def _method(fixed: sitk.Image, mask: sitk.Image, steps: int, *, shrink: int) -> sitk.ImageRegistrationMethod:
    method = sitk.ImageRegistrationMethod()
    method.SetNumberOfThreads(1)
    method.SetMetricAsMattesMutualInformation(24)
    method.SetMetricFixedMask(mask)
    method.SetMetricSamplingStrategy(method.REGULAR)
    method.SetMetricSamplingPercentage(1.0 if fixed.GetNumberOfPixels() < FEW_CELLS else MANY_CELLS_SHARE, SEED)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetShrinkFactorsPerLevel([shrink])
    method.SetSmoothingSigmasPerLevel([STEP_MM * (shrink - 1)])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    method.SetOptimizerAsRegularStepGradientDescent(4.0, 0.05, steps, 0.6)
    method.SetOptimizerScalesFromPhysicalShift()
    return method


def _image(values: NDArray[np.generic], first: NDArray[np.float64]) -> sitk.Image:
    image = sitk.GetImageFromArray(values)
    image.SetSpacing([STEP_MM] * 3)
    image.SetOrigin([float(value) for value in first])
    return image


def _matrix(found: sitk.Transform) -> NDArray[np.float64]:
    """A transform with a centre as one 4x4 matrix."""
    result = np.eye(4)
    result[:3, 3] = found.TransformPoint((0.0, 0.0, 0.0))
    for axis in range(3):
        unit = np.zeros(3)
        unit[axis] = 1.0
        result[:3, axis] = np.subtract(found.TransformPoint(unit.tolist()), result[:3, 3])
    return result


def _judged(matrix: NDArray[np.float64], fits: tuple[float, float], grid: Grid, body: NDArray[np.bool_]) -> Pose:
    head = atlas()
    pose = Pose(matrix, *fits, 0.0, 0.0, 0.0)
    places = pose.to_atlas(grid.places())
    brain, skin = (head.at(which, places) for which in (head.brain_mm, head.skin_mm))
    face = head.face(places.reshape(3, -1)).reshape(body.shape)
    judged = grid.inside & ~face & (places[2] > SKULL_BASE)
    inner, outer = (brain < 0) & grid.inside, (skin < 0) & judged
    both, sizes = int((body & outer).sum()), int((body & judged).sum()) + int(outer.sum())
    whole = float((head.brain_mm < 0).sum()) * float(np.prod(pose.scales))
    return replace(
        pose,
        skin=2 * both / max(1, sizes),
        filled=float(body[inner].mean()) if inner.any() else 0.0,
        seen=min(1.0, float(inner.sum()) / whole),
    )

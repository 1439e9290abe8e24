"""Recognisable faces in head CT and MR: is there a head, which voxels are its face, and the volume without them.

The average head is laid over the volume (``faces_match``); the fit must hold by several independent numbers, else the
answer is "unsure" and nothing is claimed. All of the face is taken out, not a shell of it, and the air before it, so
that neither the surface below nor a ghost in the air draws it again; brain and skull vault stay.

What is claimed: after ``deface`` no nose, eyes, mouth, chin, cheeks or ears can be rendered. The shape of forehead and
skull stays, and a face that wraps round to the other end of an MR volume is not seen. Also thick stacks are examined:
faces from 2D axial FLAIR were matched to photographs for a third of 182 people, from 3D T1 for 97 % (Schwarz et al.,
NeuroImage 231:117845, 2021, and Alzheimer's & Dementia 19, 2023).

It knows arrays and geometry; headers, files and what may leave are decided elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.deid import faces_brain, faces_grid, faces_match, faces_tissue
from app.deid.faces_atlas import atlas
from app.deid.faces_grid import Grid
from app.deid.faces_match import Pose
from app.imaging.volume import Volume

VERSION = 1
"""Raised when the same volume gets another answer: what was prepared or found with another one is made again."""
THIN_MM = 20.0
"""An axial or coronal stack thinner than this has no depth that a face could be rendered from: a nose alone stands
out by more. Sagittal ones are never excused: a single slice is a profile."""
MODALITIES = ("CT", "MR")
PROJECTIONS = frozenset({"CR", "DX", "MG", "RF", "XA", "PX", "IO", "US", "IVUS"})
"""Shadows and echoes: their values hold no skin surface that could be cut out here."""
ELSEWHERE = frozenset(
    {"ABDOMEN", "ABDOMENPELVIS", "ANKLE", "BLADDER", "BREAST", "CALF", "COLON", "ELBOW", "FEMUR", "FINGER", "FOOT"}
    | {"FOREARM", "HAND", "HEART", "HIP", "HUMERUS", "KIDNEY", "KNEE", "LEG", "LIVER", "LSPINE", "PANCREAS", "PELVIS"}
    | {"PROSTATE", "RECTUM", "SPLEEN", "STOMACH", "THIGH", "THUMB", "TOE", "UTERUS", "WRIST"}
)
"""Body parts (0018,0015) that hold no face; CHEST, NECK and spines near a face are not among them."""

FITS, BETTER_THAN_BACKWARDS, SKIN_FITS, BRAIN_FILLED, BRAIN_SEEN = 0.43, 1.05, 0.945, 0.95, 0.25
SKULL_IS_BONE, BRAIN_IS_SOFT = 0.6, 0.7
"""Shares of a CT's voxels: bone where the skull should be, water to soft tissue where the brain should be."""
SMALLEST, LARGEST, MOST_UNEVEN = 0.75, 1.3, 1.4
"""Size by the average head, and its largest direction by its smallest."""
BLANK_SHARE = 0.3
"""A volume with one exact value in this share of its voxels was masked by somebody."""
BESIDE_BRAIN_MM, BESIDE_BRAIN_SHARE, BRAIN_ALONE_FILLED, LARGEST_BRAIN = 8.0, 0.005, 0.75, 1.2
CT_AIR = -1000.0


class Kind(StrEnum):
    """What ``examine`` can answer."""

    NO_HEAD = "no-head"
    HEAD = "head"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True, eq=False)
class FaceReport:
    """What was found.

    Attributes:
        kind: no face to be seen, a head with its face marked, or could not be checked.
        mask: bool, in the shape of the volume: what ``deface`` takes out; only for a head.
        why: a sentence without any value of the header.
        background: physical value of the air around the patient.
    """

    kind: Kind
    mask: NDArray[np.bool_] | None = field(default=None, repr=False)
    why: str = ""
    background: float = 0.0


def examine(voxels: NDArray[Any], affine: NDArray[np.float64], *, modality: str, body_part: str = "") -> FaceReport:
    """Look for a head and its face.

    Args:
        voxels: ``(slices, rows, columns)`` physical values: HU for CT, anything not negative for MR.
        affine: 4x4, (column, row, slice, 1) to LPS millimetres, as ``volume.affine`` gives it; may be sheared.
        modality: Modality (0008,0060).
        body_part: Body Part Examined (0018,0015), if the file has one. It is believed only where the voxels agree.
    """
    if modality in PROJECTIONS:
        return FaceReport(Kind.NO_HEAD, why="It is no volume that a skin surface could be rendered from.")
    if modality not in MODALITIES:
        return _unmatched("Faces are looked for in CT and MR only.", body_part)
    thin = _thin(voxels.shape[0], affine)
    if thin is not None:
        return thin
    try:
        grid = faces_grid.resampled(np.asarray(voxels, dtype=np.float32), affine)
    except ValueError:
        return FaceReport(Kind.UNSURE, why="Its geometry cannot be right.")
    return _looked(voxels, affine, grid, modality=modality, body_part=body_part)


def deface(volume: Volume, report: FaceReport) -> Volume:
    """The volume with what the report marks set to air; itself where there is no head.

    Raises:
        ValueError: the report is unsure, or belongs to another volume.
    """
    if report.kind is Kind.NO_HEAD:
        return volume
    if report.mask is None or report.mask.shape != volume.voxels.shape:
        raise ValueError("nothing may be claimed about this volume")
    stored = (report.background - volume.intercept) / volume.slope
    if np.issubdtype(volume.voxels.dtype, np.integer):
        limits = np.iinfo(volume.voxels.dtype)
        stored = float(np.clip(round(stored), limits.min, limits.max))
    voxels = volume.voxels.copy()
    voxels[report.mask] = stored
    return replace(volume, voxels=voxels)


def _thin(slices: int, affine: NDArray[np.float64]) -> FaceReport | None:
    """The answer for a stack that is too thin to look for a head in it."""
    normal = np.cross(affine[:3, 0], affine[:3, 1])
    length = float(np.linalg.norm(normal))
    if length == 0 or not np.isfinite(affine).all():
        return FaceReport(Kind.UNSURE, why="Its geometry cannot be right.")
    if slices * abs(float(normal @ affine[:3, 2])) / length >= THIN_MM:
        return None
    if int(np.argmax(np.abs(normal))) == 0:
        return FaceReport(Kind.UNSURE, why="A sagittal slice may show a profile, and a few slices cannot be checked.")
    return FaceReport(Kind.NO_HEAD, why="It has too few slices to render a face from.")


def _unmatched(why: str, body_part: str) -> FaceReport:
    """No head was found: enough where the file names another part of the body, else nothing is certain."""
    if body_part.upper().replace(" ", "").replace("_", "") in ELSEWHERE:
        return FaceReport(Kind.NO_HEAD, why=why + " The file names a part of the body that has no face.")
    return FaceReport(Kind.UNSURE, why=why)


def _looked(
    voxels: NDArray[Any], affine: NDArray[np.float64], grid: Grid, *, modality: str, body_part: str
) -> FaceReport:
    body = faces_tissue.tissue(grid, modality)
    if not body.any():
        return FaceReport(Kind.UNSURE, why="No patient was found in it.")
    if faces_tissue.cuts_cm2(body).min() > faces_tissue.LARGEST_HEAD_CM2:
        return FaceReport(Kind.NO_HEAD, why="Every slice of the body is larger than a head.")
    look, blank = faces_tissue.contrast(grid, modality), _blank(voxels)
    if blank is not None and _brain_alone(grid, look, body):
        return FaceReport(Kind.NO_HEAD, why="Only the brain is in it; the rest of the head was taken out before.")
    doubt = "nothing has the size of a head"
    for low, high in faces_tissue.head_sized(body):
        part, piece = grid.part(low, high), body[low:high]
        pose = faces_match.best_pose(part, look[low:high], piece)
        doubt = _doubt(pose) or (_not_skull(part, pose) if modality == "CT" else "")
        if not doubt:
            mask = _mask(affine, pose, faces_brain.own_brain(part, pose, modality), part, shape=voxels.shape)
            background = CT_AIR if modality == "CT" else _air(grid, body, blank)
            return FaceReport(Kind.HEAD, mask, "A head was found.", background)
    return _unmatched(f"No head was recognised with certainty ({doubt}).", body_part)


def _doubt(pose: Pose) -> str:
    """What speaks against the pose; "" where nothing does."""
    scales = pose.scales
    checks = {
        "too little of the brain lies in the volume": pose.seen >= BRAIN_SEEN,
        "its size is not a head's": scales.min() >= SMALLEST and scales.max() <= LARGEST,
        "its shape is not a head's": scales.max() <= MOST_UNEVEN * scales.min(),
        "its surface is not a head's": pose.skin >= SKIN_FITS,
        "no brain is where it should be": pose.filled >= BRAIN_FILLED,
        "it does not look like a head inside": pose.fit >= FITS,
        "it may face the other way": pose.fit >= BETTER_THAN_BACKWARDS * pose.backwards,
    }
    return next((doubt for doubt, passed in checks.items() if not passed), "")


def _not_skull(grid: Grid, pose: Pose) -> str:
    """What speaks against a skull and a brain by Hounsfield units; "" where nothing does."""
    bone, soft = faces_tissue.bone_and_soft(grid)
    places = pose.to_atlas(grid.places())
    away = atlas().at(atlas().brain_mm, places)
    shell = grid.inside & (away > 1) & (away < 6) & (places[2] > faces_match.SKULL_BASE + 15)
    brain = grid.inside & (away < -6)
    if not (shell.any() and brain.any()) or float(bone[shell].mean()) < SKULL_IS_BONE:
        return "no skull is where it should be"
    return "" if float(soft[brain].mean()) >= BRAIN_IS_SOFT else "no brain is where it should be"


def _brain_alone(grid: Grid, look: NDArray[np.float32], body: NDArray[np.bool_]) -> bool:
    """Whether the volume is a brain that somebody took out of its head: no tissue lies further out."""
    pose = faces_match.best_pose(grid, look, body, brain_only=True)
    away = atlas().at(atlas().brain_mm, pose.to_atlas(grid.places()))
    beside = int((body & (away > BESIDE_BRAIN_MM)).sum()) / int(body.sum())
    inner = (away < 0) & grid.inside
    scales = pose.scales
    return (
        beside < BESIDE_BRAIN_SHARE
        and bool(inner.any())
        and float(body[inner].mean()) > BRAIN_ALONE_FILLED
        and float(scales.min()) >= SMALLEST
        and float(scales.max()) <= LARGEST_BRAIN
    )


def _mask(
    affine: NDArray[np.float64], pose: Pose, brain: NDArray[np.bool_], grid: Grid, *, shape: tuple[int, ...]
) -> NDArray[np.bool_]:
    """The face in the volume's own voxels, slice by slice, without the patient's own brain."""
    rows, columns = np.indices(shape[1:], dtype=np.float64).reshape(2, -1)
    in_slice = affine[:3, :2] @ np.stack([columns, rows]) + affine[:3, 3:]
    mask = np.zeros((shape[0], rows.size), dtype=np.bool_)
    for number in range(shape[0]):
        places = in_slice + affine[:3, 2:3] * number
        face = np.flatnonzero(atlas().face(pose.to_atlas(places)))
        mask[number, face] = ~faces_brain.taken(brain, grid, places[:, face])
    return mask.reshape(shape)


def _blank(voxels: NDArray[Any]) -> float | None:
    """The exact value of a volume's masked part; ``None`` where it has none."""
    lowest = voxels.min()
    return float(lowest) if float((voxels == lowest).mean()) > BLANK_SHARE else None


def _air(grid: Grid, body: NDArray[np.bool_], blank: float | None) -> float:
    """Value of the air around a patient in MR."""
    if blank is not None:
        return blank
    outside = grid.values[grid.inside & ~body]
    return float(np.round(np.percentile(outside, 25))) if outside.size else 0.0

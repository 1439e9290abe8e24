"""NIfTI volumes through nibabel: one series for each time point.

Slices run along the third axis as stored. Inside a slice, rows and columns are turned to the radiological
convention nearest to them (patient's right on the left, front or head up), so that what the file calls "RAS" does
not stand on its head; turning loses nothing. It knows volumes, not studies or projects.
"""

from __future__ import annotations

import hashlib
import logging
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from app.domain.errors import Failed
from app.domain.study import SourceKind
from app.imaging import windowing
from app.imaging.content import DECODE_FAULTS, FileContent, Frame, SliceImage, Vector

logging.getLogger("nibabel").setLevel(logging.CRITICAL)

_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
_BIDS_SUBJECT = re.compile(r"sub-[A-Za-z0-9]+")
_NIFTI_FAULTS = (*DECODE_FAULTS, ImageFileError, HeaderDataError)


@dataclass(frozen=True, slots=True)
class _Stored:
    """A decoded file.

    Attributes:
        voxels: ``(i, j, k, time)`` with the file's scaling applied.
        affine: voxel numbers to LPS millimetres.
        bits: significant bits of the stored values.
        is_scaled: whether the values are other numbers than the stored ones.
        window: one robust window for all slices, so that scrolling does not flicker.
    """

    voxels: NDArray[Any]
    affine: NDArray[np.float64]
    bits: int
    is_scaled: bool
    window: tuple[float, float]


def read(path: Path) -> FileContent:
    """Decode the volume once and describe its slices; time points follow each other in ``frames``.

    A subject in the name, as BIDS writes it ("sub-01"), is the patient; other NIfTI files name nobody.

    Raises:
        Failed: ``damaged-file``, or ``nifti-voxels`` (colour or complex voxels), or ``nifti-shape``.
    """
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    stored = _decoded(path)
    subject = _subject(path)
    return FileContent(
        path=path,
        kind=SourceKind.NIFTI,
        sha256=digest,
        frames=_frames(stored.voxels.shape, stored.affine),
        unit="rescaled" if stored.is_scaled else "stored",
        bits=stored.bits,
        patient_id=subject,
        patient_known=bool(subject),
        description=path.name,
    )


def load(path: Path, index: int) -> SliceImage:
    """Slice ``index`` (time point times slices, plus slice) with the file's scaling applied.

    Raises:
        Failed: as ``read``.
    """
    stored = _decoded(path)
    time, k = divmod(index, stored.voxels.shape[2])
    turn = _turn(stored.affine)
    pixels = np.ascontiguousarray(_turned(stored.voxels[:, :, k, time], turn), dtype=np.float32)
    return SliceImage(pixels, _spacing(stored.affine, turn), stored.window)


def _subject(path: Path) -> str:
    """The data set's folder with its BIDS subject; "" where the path has none."""
    for part, folder in ((path.name, path.parent), *((parent.name, parent.parent) for parent in path.parents)):
        if found := _BIDS_SUBJECT.match(part):
            root = next((parent.parent for parent in path.parents if parent.name == found[0]), folder)
            return f"bids\x1f{root}\x1f{found[0]}"
    return ""


def _decoded(path: Path) -> _Stored:
    try:
        return _cached(str(path), path.stat().st_mtime_ns)
    except _NIFTI_FAULTS as error:
        raise Failed("damaged-file", detail="its volume cannot be read to the end") from error


@lru_cache(maxsize=2)
def _cached(path: str, modified: int) -> _Stored:
    """The decoded file, kept as a compressed one has no way to a single slice; ``modified`` tells versions apart."""
    image = nibabel.load(path)
    kind = image.get_data_dtype()
    if kind.fields is not None or kind.kind not in "iufb":
        raise Failed("nifti-voxels", kind="colour" if kind.fields is not None else "complex")
    shape = tuple(image.shape) + (1,) * (4 - len(image.shape))
    if len(shape) > 4 or 0 in shape:
        raise Failed("nifti-shape", shape=" × ".join(str(n) for n in image.shape))
    voxels = np.asanyarray(image.dataobj)
    if voxels.dtype == np.float64:
        voxels = voxels.astype(np.float32)
    is_scaled = (image.dataobj.slope, image.dataobj.inter) != (1, 0)
    bits = 32 if kind.kind == "f" else min(32, 8 * kind.itemsize + (kind.kind == "i"))
    full = bits == 8 and not is_scaled and voxels.max() > 127
    window = (0.0, 255.0) if full else windowing.robust_window(voxels)
    affine = _TO_LPS @ np.asarray(image.affine, dtype=np.float64)
    return _Stored(voxels.reshape(shape), affine, bits, is_scaled, window)


def _turn(affine: NDArray[np.float64]) -> tuple[bool, bool, bool]:
    """(swap, flip columns, flip rows) that bring the first two axes to display order.

    Display order in LPS: columns towards the patient's left (sagittal: back), rows towards the back (else: feet).
    """
    axes = affine[:3, :2] / np.maximum(np.linalg.norm(affine[:3, :2], axis=0), 1e-12)
    # How well an axis serves as columns: along L, or along P where the other axis runs along the body.
    serves = [3 * abs(axes[0, a]) + 2 * abs(axes[1, a]) + abs(axes[2, a]) for a in (0, 1)]
    swap = bool(serves[1] > serves[0])
    columns, rows = (axes[:, 1], axes[:, 0]) if swap else (axes[:, 0], axes[:, 1])
    return swap, bool(_leading(columns) < 0), bool(_leading(rows) * (-1 if abs(rows).argmax() == 2 else 1) < 0)


def _leading(direction: NDArray[np.float64]) -> float:
    return float(direction[np.abs(direction).argmax()])


def _turned(plane: NDArray[Any], turn: tuple[bool, bool, bool]) -> NDArray[Any]:
    """A stored plane ``(i, j)`` as ``(rows, columns)``."""
    swap, flip_columns, flip_rows = turn
    picture = plane if swap else plane.T
    return picture[:: -1 if flip_rows else 1, :: -1 if flip_columns else 1]


def _axes(turn: tuple[bool, bool, bool]) -> tuple[int, int]:
    """Stored axes that columns and rows run along."""
    return (1, 0) if turn[0] else (0, 1)


def _spacing(affine: NDArray[np.float64], turn: tuple[bool, bool, bool]) -> tuple[float, float] | None:
    columns, rows = _axes(turn)
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    return (float(lengths[rows]), float(lengths[columns])) if lengths.min() > 0 else None


def _frames(shape: tuple[int, ...], affine: NDArray[np.float64]) -> tuple[Frame, ...]:
    turn = _turn(affine)
    columns, rows = _axes(turn)
    spacing = _spacing(affine, turn)
    corner = np.zeros(4)
    corner[3] = 1.0
    corner[columns] = shape[columns] - 1 if turn[1] else 0
    corner[rows] = shape[rows] - 1 if turn[2] else 0
    orientation: tuple[float, ...] = ()
    if spacing is not None:
        along = affine[:3, columns] / spacing[1] * (-1 if turn[1] else 1)
        down = affine[:3, rows] / spacing[0] * (-1 if turn[2] else 1)
        orientation = (*map(float, along), *map(float, down))
    frames = []
    for index in range(shape[2] * shape[3]):
        time, corner[2] = divmod(index, shape[2])
        x, y, z = (float(v) for v in (affine @ corner)[:3])
        position: Vector | None = (x, y, z) if orientation else None
        moments = (("time point", str(time)),) if shape[3] > 1 else ()
        frames.append(Frame(index, shape[rows], shape[columns], position, orientation, spacing, index, moments))
    return tuple(frames)

"""NIfTI 1 and 2 through nibabel, as one file or as a pair (.hdr, .img), packed or not.

Colour becomes grey, complex numbers are refused. It knows volumes, not studies or projects.
"""

from __future__ import annotations

import gzip
import logging
import re
import zlib
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.fileholders import FileHolder
from nibabel.spatialimages import HeaderDataError
from nibabel.wrapstruct import WrapStructError
from numpy.typing import NDArray

from app.domain.errors import Failed
from app.domain.study import SourceKind
from app.imaging import checking, windowing
from app.imaging.content import DECODE_FAULTS, Checked, FileContent, SliceImage
from app.imaging.voxel_grid import MOST_SLICES, Grid

logging.getLogger("nibabel").setLevel(logging.CRITICAL)

_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
_BIDS_SUBJECT = re.compile(r"sub-[A-Za-z0-9]+")
_NIFTI_FAULTS = (*DECODE_FAULTS, ImageFileError, HeaderDataError, WrapStructError)
_CLASSES = {
    b"n+1\0": nibabel.Nifti1Image,
    b"ni1\0": nibabel.Nifti1Pair,
    b"n+2\0": nibabel.Nifti2Image,
    b"ni2\0": nibabel.Nifti2Pair,
}
_MILLIMETRES = {"meter": 1000.0, "micron": 0.001}
_MILLISECONDS = {"sec": 1000.0, "msec": 1.0, "usec": 0.001}
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_DEFLATE_LIMIT = 1100
"""No deflate stream grows by more than 1032 times; a header that promises more is wrong, or a trap."""


@dataclass(frozen=True, slots=True)
class _Header:
    """What the header says: place of the voxels, type and scaling of their values."""

    grid: Grid
    kind: np.dtype[Any]
    slope: float
    inter: float
    step_ms: float | None

    @property
    def is_colour(self) -> bool:
        return self.kind.fields is not None

    @property
    def is_scaled(self) -> bool:
        return not self.is_colour and (self.slope, self.inter) != (1.0, 0.0)

    @property
    def bits(self) -> int:
        if self.is_colour:
            return 8
        return 32 if self.kind.kind == "f" else min(32, 8 * self.kind.itemsize + (self.kind.kind == "i"))


@dataclass(frozen=True, slots=True)
class _Stored:
    """A decoded file.

    Attributes:
        voxels: ``(i, j, k, repetition)`` with the file's scaling applied.
        grid: where they lie.
        window: one robust window for all slices, so that scrolling does not flicker.
    """

    voxels: NDArray[Any]
    grid: Grid
    window: tuple[float, float]


def magic(head: bytes) -> bytes:
    """The four bytes by which a file that begins with ``head`` (540 bytes, unpacked) is NIfTI; nothing where not."""
    for found in (head[344:348], head[4:8]):
        if found in _CLASSES:
            return found
    return b""


def look(path: Path) -> FileContent:
    """Describe the volume from its header; repetitions follow each other in ``frames``, no voxel is read.

    A subject in the name, as BIDS writes it ("sub-01"), is the patient; other NIfTI files name nobody.

    Raises:
        Failed: ``damaged-file``, ``nifti-voxels`` (complex voxels), ``nifti-shape`` or ``volume-data-missing``.
    """
    try:
        with ExitStack() as opened:
            header = _header(_image(path, opened))
        _require_data(path, header)
        frames = header.grid.frames()
    except _NIFTI_FAULTS as error:
        raise Failed("damaged-file", detail="its header makes no sense") from error
    subject = _subject(path)
    tags = {"FrameTime": f"{header.step_ms:g}"} if header.step_ms else {}
    return FileContent(
        path=path,
        kind=SourceKind.NIFTI,
        frames=frames,
        unit="rescaled" if header.is_scaled else "stored",
        bits=header.bits,
        patient_id=subject,
        patient_known=bool(subject),
        description=path.name,
        tags=tags,
    )


def check(content: FileContent) -> Checked:
    """Decode the whole volume once.

    Raises:
        Failed: as ``load``.
    """
    shown = load(content.path, checking.middle(content).index)
    return checking.checked(content, shown, files(content.path))


def load(path: Path, index: int) -> SliceImage:
    """Slice ``index`` (repetition times slices, plus slice) with the file's scaling applied.

    Raises:
        Failed: ``damaged-file``, or as ``look``.
        IndexError: no such slice.
    """
    try:
        stored = _cached(str(path), path.stat().st_mtime_ns)
    except _NIFTI_FAULTS as error:
        raise Failed("damaged-file", detail="its volume cannot be read to the end") from error
    return SliceImage(stored.grid.cut(stored.voxels, index), stored.grid.spacing(), stored.window)


def _subject(path: Path) -> str:
    """The data set's folder with its BIDS subject; "" where the path has none."""
    for part, folder in ((path.name, path.parent), *((parent.name, parent.parent) for parent in path.parents)):
        if found := _BIDS_SUBJECT.match(part):
            root = next((parent.parent for parent in path.parents if parent.name == found[0]), folder)
            return f"bids\x1f{root}\x1f{found[0]}"
    return ""


def _is_packed(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(2) == b"\x1f\x8b"


def _open(path: Path) -> Any:
    """The unpacked bytes of the file, whatever its name."""
    return gzip.open(path, "rb") if _is_packed(path) else path.open("rb")


def _head(path: Path) -> bytes:
    try:
        with _open(path) as stream:
            return bytes(stream.read(540))
    except (OSError, EOFError, zlib.error):
        return b""


def files(path: Path) -> tuple[Path, ...]:
    """The files that hold the volume: header first where it is a pair.

    Raises:
        Failed: ``volume-data-missing``.
    """
    if not magic(_head(path)).startswith(b"ni"):
        return (path,)
    stem = re.sub(r"\.hdr(\.gz)?$", "", path.name, flags=re.IGNORECASE)
    for ending in (".img", ".IMG", ".img.gz"):
        voxels = path.with_name(stem + ending)
        if voxels.is_file():
            return path, voxels
    raise Failed("volume-data-missing", file=f"{stem}.img")


def _image(path: Path, opened: ExitStack) -> Any:
    """The lazy nibabel image; its streams live as long as ``opened``."""
    parts = files(path)
    streams = [opened.enter_context(_open(part)) for part in parts]
    kind = _CLASSES.get(magic(_head(path)), nibabel.Nifti1Image)
    names = ("header", "image") if len(parts) == 2 else ("image",)
    return kind.from_file_map({name: FileHolder(fileobj=s) for name, s in zip(names, streams, strict=True)})


def _header(image: Any) -> _Header:
    kind = image.get_data_dtype()
    if kind.kind == "c":
        raise Failed("nifti-voxels", kind="complex")
    if kind.fields is None and kind.kind not in "iuf":
        raise Failed("nifti-voxels", kind="unusual")
    space, time = image.header.get_xyzt_units()
    step = float(image.header["pixdim"][4]) if len(image.shape) > 3 else 0.0
    return _Header(
        grid=_grid(image, _MILLIMETRES.get(space, 1.0)),
        kind=kind,
        slope=float(image.dataobj.slope),
        inter=float(image.dataobj.inter),
        step_ms=step * _MILLISECONDS[time] if time in _MILLISECONDS and step > 0 else None,
    )


def _grid(image: Any, unit_mm: float) -> Grid:
    sizes = tuple(int(n) for n in image.shape)
    repeated = [n for n in sizes[3:] if n > 1]
    if len(sizes) < 2 or min(sizes) < 1 or len(repeated) > 1 or prod(sizes[2:]) > MOST_SLICES:
        raise Failed("nifti-shape", shape=" × ".join(str(n) for n in sizes))
    i, j, k = (*sizes[:3], 1)[:3]
    name = "component" if len(sizes) > 4 and sizes[3] == 1 else "time point"
    return Grid((i, j, k, repeated[0] if repeated else 1), _affine(image, unit_mm), name)


def _affine(image: Any, unit_mm: float) -> NDArray[np.float64]:
    """Voxel numbers to LPS mm: the sform, or the qform where that has none or skews the slices (nifti1.h, method 3)."""
    header = image.header
    ras = np.asarray(header.get_best_affine(), dtype=np.float64)
    if int(header["sform_code"]) > 0 and int(header["qform_code"]) > 0 and _is_skewed(ras):
        ras = np.asarray(header.get_qform(), dtype=np.float64)
    scale: NDArray[np.float64] = np.diag([unit_mm, unit_mm, unit_mm, 1.0])
    return np.asarray(_TO_LPS @ scale @ ras)


def _is_skewed(affine: NDArray[np.float64]) -> bool:
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    if not np.isfinite(affine).all() or lengths.min() == 0:
        return True
    units = affine[:3, :3] / lengths
    return float(np.abs(units.T @ units - np.eye(3)).max()) > 0.02


def _require_data(path: Path, header: _Header) -> None:
    """Refuse a file that cannot hold the voxels that its header promises, before anything is unpacked."""
    file = files(path)[-1]
    size = file.stat().st_size
    needed = int(np.prod([float(n) for n in header.grid.shape])) * header.kind.itemsize
    if needed > size * (_DEFLATE_LIMIT if _is_packed(file) else 1):
        raise Failed("damaged-file", detail="it is shorter than its header says")


@lru_cache(maxsize=2)
def _cached(path: str, modified: int) -> _Stored:
    """The decoded file, kept as a packed one has no way to a single slice; ``modified`` tells versions apart."""
    with ExitStack() as opened:
        image = _image(Path(path), opened)
        header = _header(image)
        _require_data(Path(path), header)
        voxels = np.asanyarray(image.dataobj)
    if header.is_colour:
        voxels = np.stack([voxels[name] for name in ("R", "G", "B")], axis=-1).astype(np.float32) @ _LUMA
    elif voxels.dtype.itemsize > 4:
        voxels = voxels.astype(np.float32)
    full = header.bits == 8 and not header.is_scaled and (header.is_colour or voxels.max() > 127)
    window = (0.0, 255.0) if full else windowing.robust_window(voxels)
    return _Stored(voxels.reshape(header.grid.shape), header.grid, window)

"""NRRD and MetaImage volumes: headers read in Python, voxels decoded by SimpleITK. It knows no studies or projects."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.errors import Failed
from app.domain.study import SourceKind
from app.imaging import checking, meta_header, nrrd_header, windowing
from app.imaging.content import DECODE_FAULTS, Checked, FileContent, SliceImage
from app.imaging.volume_header import VolumeHeader
from app.imaging.voxel_grid import Grid

_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_DEFLATE_LIMIT = 1100
"""No deflate stream grows by more than 1032 times; a header that promises more is wrong, or a trap."""


@dataclass(frozen=True, slots=True)
class _Stored:
    """A decoded file: voxels ``(i, j, k, repetition)``, their place, and one window for all slices."""

    voxels: NDArray[Any]
    grid: Grid
    window: tuple[float, float]


def look(path: Path) -> FileContent:
    """Describe the volume from its header; no voxel is read.

    Raises:
        Failed: ``damaged-file``, ``nifti-shape``, ``nifti-voxels``, ``volume-layout`` or ``volume-data-missing``.
    """
    header = _header(path)
    return FileContent(
        path=path,
        kind=SourceKind.VOLUME,
        frames=header.grid.frames(),
        unit="stored",
        bits=8 if header.is_colour else _bits(header.kind),
        description=path.name,
        modality=header.modality,
    )


def check(content: FileContent) -> Checked:
    """Decode the whole volume once.

    Raises:
        Failed: as ``load``.
    """
    shown = load(content.path, checking.middle(content).index)
    return checking.checked(content, shown, files(content.path))


def files(path: Path) -> tuple[Path, ...]:
    """The files that hold the volume: the header, and its voxels where they lie beside it.

    Raises:
        Failed: as ``look``.
    """
    return tuple(dict.fromkeys((path, _header(path).data)))


def load(path: Path, index: int) -> SliceImage:
    """Slice ``index`` (repetition times slices, plus slice).

    Raises:
        Failed: as ``look``.
        IndexError: no such slice.
    """
    data = _header(path).data
    stored = _decoded(str(path), (path.stat().st_mtime_ns, data.stat().st_mtime_ns))
    return SliceImage(stored.grid.cut(stored.voxels, index), stored.grid.spacing(), stored.window)


def _header(path: Path) -> VolumeHeader:
    try:
        with path.open("rb") as stream:
            parse = nrrd_header.parse if stream.read(4) == b"NRRD" else meta_header.parse
        header = parse(path)
        size = header.data.stat().st_size
    except OSError as error:
        raise Failed("unreadable", path=str(path), detail=error.strerror or str(error)) from error
    except DECODE_FAULTS as error:
        raise Failed("damaged-file", detail="its header makes no sense") from error
    needed = int(np.prod([float(n) for n in header.grid.shape])) * header.kind.itemsize
    if needed > size * (_DEFLATE_LIMIT if header.is_packed else 8):
        raise Failed("damaged-file", detail="it is shorter than its header says")
    return header


def _bits(kind: np.dtype[Any]) -> int:
    return 32 if kind.kind == "f" else min(32, 8 * kind.itemsize + (kind.kind == "i"))


@lru_cache(maxsize=2)
def _decoded(path: str, modified: tuple[int, int]) -> _Stored:
    """The decoded file; ``modified`` tells versions of it apart."""
    import SimpleITK

    header = _header(Path(path))
    try:
        image = SimpleITK.ReadImage(path)
        voxels = _axes_as_stored(SimpleITK.GetArrayFromImage(image), header)
    except DECODE_FAULTS as error:
        raise Failed("damaged-file", detail="its volume cannot be read to the end") from error
    full = header.kind == np.uint8 and (header.is_colour or voxels.max() > 127)
    window = (0.0, 255.0) if full else windowing.robust_window(voxels)
    return _Stored(voxels, header.grid, window)


def _axes_as_stored(array: NDArray[Any], header: VolumeHeader) -> NDArray[Any]:
    """SimpleITK's ``(time, k, j, i, values)`` as ``(i, j, k, repetition)``.

    Raises:
        ValueError: the header promised another size.
    """
    i, j, k, repetitions = header.grid.shape
    if header.is_colour:
        array = array[..., :3].astype(np.float32) @ _LUMA
    elif header.values > 1:
        array = np.moveaxis(array, -1, 0)
    elif array.dtype.itemsize > 4:
        array = array.astype(np.float32)
    return array.reshape(repetitions, k, j, i).transpose(3, 2, 1, 0)

"""Text headers of NRRD and MetaImage files, read in Python: nothing of a hospital's file reaches C++ before a check.

NRRD as https://teem.sourceforge.net/nrrd/format.html says, MetaImage as ITK's MetaIO documentation does. It knows
headers, not voxels, studies or projects.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.errors import Failed
from app.imaging.voxel_grid import MOST_SLICES, Grid

HEADER_LIMIT = 1 << 20
"""Bytes that a header may take."""


@dataclass(frozen=True, slots=True)
class VolumeHeader:
    """What a header says.

    Attributes:
        grid: sizes and place; several values a voxel that are no colour count as repetitions.
        kind: type of the stored values.
        values: stored values a voxel (colours, components).
        is_colour: whether these are red, green, blue (and opacity).
        data: file that holds the voxels; the header's own, or one beside it.
        is_packed: whether the voxels are compressed.
        modality: DICOM word for it, or "".
    """

    grid: Grid
    kind: np.dtype[Any]
    values: int
    is_colour: bool
    data: Path
    is_packed: bool
    modality: str = ""


def build(
    sizes: Sequence[int],
    affine: NDArray[np.float64],
    *,
    kind: np.dtype[Any],
    values: int,
    is_colour: bool,
    data: Path,
    is_packed: bool,
    modality: str,
) -> VolumeHeader:
    """The header of a volume of two to four axes, of which the fourth is time.

    Raises:
        Failed: ``nifti-shape``, ``nifti-voxels`` or ``volume-layout``.
    """
    is_colour = is_colour or (values in (3, 4) and kind == np.uint8)
    components = 1 if is_colour else values
    repeats = [*sizes[3:], components]
    if (
        not 2 <= len(sizes) <= 4
        or min(sizes) < 1
        or components < 1
        or sum(n > 1 for n in repeats) > 1
        or math.prod((*sizes[2:], components)) > MOST_SLICES
    ):
        shape = (*sizes, components) if components != 1 else sizes
        raise Failed("nifti-shape", shape=" × ".join(str(n) for n in shape))
    i, j, k = (*sizes[:3], 1)[:3]
    grid = Grid((i, j, k, max(repeats)), affine, "component" if components > 1 else "time point")
    return VolumeHeader(grid, kind, values, is_colour, data, is_packed, modality)


def numbers(text: str) -> list[float]:
    """The numbers of a line, in their order.

    Raises:
        ValueError: something else stands there.
    """
    return [float(word) for word in text.replace(",", " ").split()]


def sizes_of(text: str) -> list[int]:
    """Sizes of axes.

    Raises:
        ValueError: they are no whole numbers.
    """
    return [int(word) for word in text.split()]


def beside(header: Path, name: str) -> Path:
    """The data file ``name`` that ``header`` names; it must lie in the header's folder or below.

    Raises:
        Failed: ``volume-layout`` (several files, or one elsewhere) or ``volume-data-missing``.
    """
    if name.upper().startswith("LIST") or "%" in name:
        raise Failed("volume-layout", detail="its voxels are spread over several files")
    inner = PurePosixPath(name.replace("\\", "/"))
    if inner.is_absolute() or ".." in inner.parts or re.match(r"[A-Za-z]:", name):
        raise Failed("volume-layout", detail="its header points to a file in another folder")
    found = header.parent / inner
    if not found.is_file():
        raise Failed("volume-data-missing", file=inner.name)
    return found


def text_of(path: Path, last: str) -> str:
    """The text of the header of ``path``, up to the first line that the pattern ``last`` matches.

    Raises:
        Failed: ``damaged-file``.
    """
    lines, size = [], 0
    with path.open("rb") as stream:
        while (line := stream.readline(HEADER_LIMIT)) and size < HEADER_LIMIT:
            size += len(line)
            lines.append(line.decode("latin-1").rstrip("\r\n"))
            if re.match(last, lines[-1]):
                return "\n".join(lines)
    if path.suffix.lower() in (".nhdr", ".mhd"):
        return "\n".join(lines)
    raise Failed("damaged-file", detail="its header does not end")

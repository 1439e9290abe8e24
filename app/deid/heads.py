"""Series without faces: whether a series shows a head, what covers its face, and its slices without that.

The one door for preparing, for the preview of a recipe and for the export, so that all see the same picture. What an
answer is used for, and what may leave, is decided elsewhere.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.deid import faces
from app.domain.errors import Failed, Refused
from app.domain.heads import DEFACED, NO_HEAD, NOT_CHECKED
from app.domain.recipe import Plane
from app.domain.study import Series, SourceKind
from app.imaging import native, volume
from app.imaging.content import DECODE_FAULTS, SliceImage
from app.imaging.stack import SliceOf
from app.imaging.volume import Volume
from app.store.folders import read_json, write_bytes

Mask = NDArray[np.bool_]

FOLDER = "faces"
"""Where a project's cache keeps answers."""

UNSTACKED: tuple[type[Exception], ...] = (Refused, Failed, *DECODE_FAULTS)
"""What a series that is no volume raises."""
AIR_BELOW = -500.0
"""Of volumes that name no modality, those with darker values than this are CT: only there air is so dark."""


@dataclass(frozen=True, slots=True)
class Head:
    """What looking at a series for a face has shown.

    Attributes:
        state: "no-head", "defaced" (``masks`` cover the face) or "not-checked".
        masks: what covers the face, by number of the native slice: bool ``(rows, columns)``; without entry, nothing.
        why: what stood in the way, as a sentence without any value of the header; "" where nothing did.
    """

    state: str
    masks: Mapping[int, Mask] = field(default_factory=dict, repr=False)
    why: str = ""


def examined(series: Series, slice_of: SliceOf | None = None) -> Head:
    """Look at a series now; a regular stack, and an irregular one slice by slice, with all its slices decoded.

    Args:
        series: what to look at.
        slice_of: gives a native slice, as ``app.imaging.volume.load`` takes it.
    """
    if series.kind is SourceKind.IMAGE:
        return Head(NO_HEAD)
    try:
        voxels, affine = _voxels(series, slice_of)
    except UNSTACKED:
        return Head(NOT_CHECKED, why="Its slices could not be put together.")
    part = str(series.tags.get("BodyPartExamined", ""))
    report = faces.examine(voxels, affine, modality=_modality(series, voxels), body_part=part)
    if report.kind is faces.Kind.NO_HEAD:
        return Head(NO_HEAD)
    if report.kind is faces.Kind.UNSURE or report.mask is None:
        return Head(NOT_CHECKED, why=report.why)
    return Head(DEFACED, {number: mask for number, mask in enumerate(report.mask) if mask.any()})


class Heads:
    """Answers of one project, kept in its cache: looking takes seconds, and what is asked again is not looked at again.

    An answer holds for the very same files and the very same way of looking.

    Args:
        folder: where they are kept; it may be deleted at any time.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, series: Series, slice_of: SliceOf | None = None) -> Head:
        """As ``examined``.

        Raises:
            OSError: the cache cannot be written to.
        """
        if series.kind is SourceKind.IMAGE:
            return Head(NO_HEAD)
        key, path = _key(series), self._folder / f"{series.key}.json"
        kept = _recalled(path, key, series)
        if kept is not None:
            return kept
        head = examined(series, slice_of)
        if key:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_bytes(path, json.dumps(_record(key, head)).encode())
        return head


class Covered:
    """Slices of a series without what is hidden in them, which becomes as dark as the darkest of its native slice.

    The covered volume is kept as long as this is.

    Args:
        series: it.
        hidden: by number of the native slice: bool ``(rows, columns)``.
        slice_of: gives a native slice, as ``app.imaging.volume.load`` takes it.
    """

    def __init__(self, series: Series, hidden: Mapping[int, Mask], slice_of: SliceOf | None = None) -> None:
        self._series = series
        self._hidden = hidden
        self._slice_of = slice_of
        self._volume: Volume | None = None

    def slice(self, number: int, plane: Plane) -> SliceImage | None:
        """A slice in the convention of ``app.imaging.slices``; ``None`` where nothing is hidden in it.

        Raises:
            Failed, Refused, IndexError: as ``app.imaging.slices.load_slice``.
        """
        if plane is not Plane.NATIVE:
            return self._whole().cut(plane, number) if self._hidden else None
        hidden = self._hidden.get(number)
        if hidden is None:
            return None
        image = (self._slice_of or partial(native.load, self._series))(number)
        return replace(image, pixels=_without(image.pixels, hidden, np.min))

    def _whole(self) -> Volume:
        if self._volume is None:
            whole = volume.load(self._series, slice_of=self._slice_of)
            voxels, darkest = whole.voxels.copy(), np.max if whole.slope < 0 else np.min
            for at, hidden in self._hidden.items():
                voxels[at] = _without(voxels[at], hidden, darkest)
            self._volume = replace(whole, voxels=voxels)
        return self._volume


def _without(pixels: NDArray[Any], hidden: Mask, darkest: Any) -> NDArray[Any]:
    return np.where(hidden, darkest(pixels), pixels).astype(pixels.dtype)


def _voxels(series: Series, slice_of: SliceOf | None) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Physical values and affine of a series, of an irregular stack as well; of one without a surface, none."""
    if series.modality and series.modality not in faces.MODALITIES:
        return np.zeros((1, 1, 1), dtype=np.float32), np.eye(4)
    affine = volume.affine(series)
    try:
        whole = volume.load(series, slice_of=slice_of)
        return (whole.voxels * np.float32(whole.slope) + np.float32(whole.intercept)).astype(np.float32), whole.affine
    except Refused:
        one_of = slice_of or partial(native.load, series)
        return np.stack([one_of(number).pixels for number in range(len(series.instances))]), affine


def _modality(series: Series, voxels: NDArray[np.float32]) -> str:
    """The modality that a file states; of volumes that state none, by their darkest value."""
    if series.modality or series.kind is SourceKind.DICOM:
        return series.modality
    return "CT" if float(voxels.min()) <= AIR_BELOW else "MR"


def _key(series: Series) -> str:
    """What an answer is kept under; "" where the content of a file is not known."""
    files = [(one.sha256, one.index) for one in series.instances]
    if not all(sha256 for sha256, _ in files):
        return ""
    part = series.tags.get("BodyPartExamined", "")
    told = json.dumps([faces.VERSION, series.modality, part, series.spacing_mm, series.orientation, files])
    return hashlib.sha256(told.encode()).hexdigest()


def _record(key: str, head: Head) -> dict[str, Any]:
    packed = {number: zlib.compress(np.packbits(mask).tobytes()) for number, mask in head.masks.items()}
    masks = {str(number): base64.b64encode(bits).decode("ascii") for number, bits in packed.items()}
    return {"key": key, "state": head.state, "why": head.why, "masks": masks}


def _recalled(path: Path, key: str, series: Series) -> Head | None:
    """The answer kept under ``key``; ``None`` where there is none that can be used."""
    try:
        record = read_json(path)
        if not key or record["key"] != key:
            return None
        masks = {int(number): _unpacked(bits, series, int(number)) for number, bits in record["masks"].items()}
        return Head(str(record["state"]), masks, str(record["why"]))
    except (Failed, OSError, AttributeError, LookupError, TypeError, ValueError, zlib.error):
        return None


def _unpacked(bits: str, series: Series, number: int) -> Mask:
    one = series.instances[number]
    packed = np.frombuffer(zlib.decompress(base64.b64decode(bits)), dtype=np.uint8)
    return np.unpackbits(packed, count=one.rows * one.columns).astype(np.bool_).reshape(one.rows, one.columns)

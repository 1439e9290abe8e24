"""Uncompressed grey slices of one series, read from their files without a decoder.

What is plain is decided here, by each file's own header; whatever is not is left to pydicom (``NotPlain``). The values
are those that ``dicom_pixels.decode`` gives. It must not know volumes or planes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from io import FileIO
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from app.domain.errors import Failed
from app.domain.study import Instance, Series
from app.imaging import dicom_facts, dicom_header, dicom_pixels, geometry
from app.imaging.content import Vector
from app.imaging.dicom_header import Header

_KINDS = {(8, 0): "u1", (16, 0): "<u2", (16, 1): "<i2"}
"""Bits allocated and pixel representation to numpy's name of the type."""
_SEQUENCES = ("PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence", "VOILUTSequence")
_SIZED = ("Rows", "Columns", "BitsAllocated", "PixelRepresentation")


class NotPlain(Exception):
    """A file is not what this road is for."""


class Layout(NamedTuple):
    """What all slices of a stack have in common."""

    rows: int
    columns: int
    kind: str


class Plan(NamedTuple):
    """What is to be read.

    Attributes:
        instances: the slices in their order.
        layout: how the first one is stored.
    """

    instances: Sequence[Instance]
    layout: Layout

    @property
    def slices(self) -> int:
        """How many slices there are."""
        return len(self.instances)


def plan(series: Series) -> Plan | None:
    """How ``series`` can be read without a decoder, as its first file has it; ``None`` where it cannot.

    Raises:
        Failed: ``source-missing``.
    """
    first = series.instances[0]
    if series.modality == "PT" or any(one.index for one in series.instances):
        return None  # uptake takes more of a header than is read here
    try:
        header = _header(first)
        layout = _layout(header, first)
    except (NotPlain, dicom_header.Odd):
        return None
    return Plan(series.instances, layout)


def fill(plan: Plan, voxels: NDArray[Any], indexes: Sequence[int]) -> list[tuple[float, float]]:
    """Read the slices ``indexes`` to their places in ``voxels``; the (slope, intercept) of each.

    Raises:
        NotPlain: a slice needs a decoder, or is stored in another way than the first.
        Failed: ``source-missing`` or ``source-damaged``.
    """
    try:
        return [_fill(plan, voxels[index], plan.instances[index]) for index in indexes]
    except dicom_header.Odd as odd:
        raise NotPlain from odd


def window(plan: Plan, index: int, values: NDArray[np.float32]) -> tuple[float, float]:
    """(low, high) that the file of slice ``index`` proposes for its ``values``.

    Raises:
        NotPlain, Failed: as ``fill``.
    """
    try:
        return dicom_pixels.window(cast(Dataset, _header(plan.instances[index])), 0, values)
    except dicom_header.Odd as odd:
        raise NotPlain from odd


def _fill(plan: Plan, slot: NDArray[Any], instance: Instance) -> tuple[float, float]:
    with _opened(instance) as stream:
        header = dicom_header.of(stream)
        if header is None or _layout(header, instance) != plan.layout:
            raise NotPlain(instance.path)
        _check_place(header, instance)
        scale = _scale(header)
        stream.seek(header.pixels_at)
        if stream.readinto(slot.data.cast("B")) != slot.nbytes:
            raise Failed("source-damaged", path=instance.path, detail="its picture is cut short")
        _cut_off_above(slot, header.get("BitsStored"))
        _refuse_bright_padding(slot, header, scale)
    return scale


def _refuse_bright_padding(slot: NDArray[Any], header: Header, scale: tuple[float, float]) -> None:
    """Padding that would be brighter than the middle of the image is darkened by ``dicom_pixels``; not here."""
    padding = header.get("PixelPaddingValue")
    if padding is None:
        return
    if not isinstance(padding, int) or header.has("PixelPaddingRangeLimit") or scale[0] < 0:
        raise NotPlain("padding")
    size, lowest = _stored_values(slot, header)
    padding = (padding - lowest) % size + lowest
    if padding != lowest and 2 * padding > int(slot.min()) + int(slot.max()) and bool((slot == padding).any()):
        raise NotPlain("padding")


def _stored_values(slot: NDArray[Any], header: Header) -> tuple[int, int]:
    """How many values the stored bits can hold, and the lowest one."""
    size = 2 ** int(header.get("BitsStored"))
    return size, -size // 2 if slot.dtype.kind == "i" else 0


def _cut_off_above(slot: NDArray[Any], bits: int) -> None:
    """Bits above the stored ones are not the value's own (PS3.5 8.1.1)."""
    above = slot.itemsize * 8 - bits
    signed = slot.dtype.kind == "i"
    highest = 2 ** (bits - signed) - 1
    if above and (slot.max() > highest or (signed and slot.min() < -highest - 1)):
        np.left_shift(slot, above, out=slot)
        np.right_shift(slot, above, out=slot)


def _opened(instance: Instance) -> FileIO:
    try:
        return FileIO(instance.path)
    except FileNotFoundError as error:
        raise Failed("source-missing", path=instance.path) from error


def _header(instance: Instance) -> Header:
    with _opened(instance) as stream:
        header = dicom_header.of(stream)
    if header is None:
        raise NotPlain(instance.path)
    return header


def _layout(header: Header, instance: Instance) -> Layout:
    rows, columns, bits, signed = (header.get(name) for name in _SIZED)
    kind = _KINDS.get((bits, signed))
    if kind is None or header.syntax != ExplicitVRLittleEndian or (rows, columns) != (instance.rows, instance.columns):
        raise NotPlain(instance.path)
    size = rows * columns * bits // 8
    grey = header.get("SamplesPerPixel") == 1 and header.get("PhotometricInterpretation") == "MONOCHROME2"
    single = header.get("NumberOfFrames") in (None, 1)
    if not grey or not single or header.pixels != size + size % 2 or header.has("ModalityLUTSequence"):
        raise NotPlain(instance.path)
    stored = header.get("BitsStored")
    if any(map(header.has, _SEQUENCES)) or not stored or header.get("HighBit") != stored - 1 or stored > bits:
        raise NotPlain(instance.path)
    return Layout(rows, columns, kind)


def _check_place(header: Header, instance: Instance) -> None:
    """The file is the one that was imported, and lies where the series has it."""
    known = not instance.sop_instance_uid or header.get("SOPInstanceUID") == instance.sop_instance_uid
    if instance.position_mm is not None:
        cosines = dicom_facts.numbers(header.get("ImageOrientationPatient"), 6)
        position = dicom_facts.numbers(header.get("ImagePositionPatient"), 3)
        known = known and len(cosines) == 6 and len(position) == 3
        known = known and _is_at(cast(Vector, position), cosines, instance.position_mm)
    if not known:
        raise Failed("source-damaged", path=instance.path, detail="it is another file than the one that was imported")


def _is_at(position: Vector, cosines: tuple[float, ...], place: float) -> bool:
    return abs(geometry.along_normal(position, cosines) - place) < geometry.SAME_PLACE_MM


def _scale(header: Header) -> tuple[float, float]:
    slope, intercept = header.get("RescaleSlope"), header.get("RescaleIntercept")
    if not slope or intercept is None:  # a slope of nothing is none
        return 1.0, 0.0
    if not isinstance(slope, float) or not isinstance(intercept, float) or not math.isfinite(slope * intercept):
        raise NotPlain("no plain slope")
    return float(slope), float(intercept)

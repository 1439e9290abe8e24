"""All slices of a series in one array, as they are stored: the way from files to a volume.

Plain files (uncompressed, little endian, one grey frame each) are read straight into the array, by threads; every
file's own header is checked against the series on the way. All else comes slice by slice through a decoder. It knows
the order of the slices and nothing of their planes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from app.domain.study import Series, SourceKind
from app.imaging import native, plain_slices
from app.imaging.content import SliceImage

SliceOf = Callable[[int], SliceImage]
OnSlice = Callable[[int, int], None]
Item = TypeVar("Item")
Result = TypeVar("Result")

_PARTS_A_THREAD = 4
_LARGEST_PART = 32
"""Slices that one thread takes at a time; parts that lie far apart do not touch the same new pages of memory."""
_MOST_THREADS = 4
_WHOLE = (np.uint8, np.int16, np.uint16)
"""Types that whole values are kept in, the smallest first."""


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Slices in the order of ``series.instances``.

    Attributes:
        voxels: ``(slices, rows, columns)``, of the smallest type that holds every value exactly (uint8, int16, uint16,
            else float32).
        slope, intercept: value = voxel * slope + intercept, in the unit of the series.
        window: (low, high) that the middle slice proposes, in the same unit.
    """

    voxels: NDArray[Any] = field(repr=False)
    slope: float
    intercept: float
    window: tuple[float, float]


def load(series: Series, *, slice_of: SliceOf | None = None, on_slice: OnSlice | None = None) -> Stack:
    """Read all slices of ``series``.

    Args:
        series: what to read; all its slices have one size.
        slice_of: gives slice ``index``, decoded; it is called from several threads. ``native.load``, called from one
            thread, where not given.
        on_slice: told (slices read, slices) now and then, in the thread of the caller.

    Raises:
        Failed: ``source-missing`` or ``source-damaged``, with the file's path; or as ``slice_of``.
    """
    told = partial(_tell, on_slice, len(series.instances))
    if series.kind is SourceKind.DICOM and (plan := plain_slices.plan(series)):
        read = _read_plain(plan, told)
        if read is not None:
            return read
    return _decoded(series, slice_of, told)


def _tell(on_slice: OnSlice | None, total: int, done: int) -> None:
    if on_slice is not None:
        on_slice(min(done, total), total)


def _read_plain(plan: plain_slices.Plan, told: Callable[[int], None]) -> Stack | None:
    """The slices as their files have them; ``None`` where one turns out not to be plain."""
    voxels = np.empty((plan.slices, plan.layout.rows, plan.layout.columns), plan.layout.kind)
    scales: list[tuple[float, float]] = []
    middle, threads = plan.slices // 2, _threads()
    try:
        fill = partial(plain_slices.fill, plan, voxels)
        with closing(_each(fill, _parts(plan.slices, threads), threads)) as parts:
            for part in parts:
                scales += part
                told(len(scales))
        window = plain_slices.window(plan, middle, _physical(voxels[middle], scales[middle]))
    except plain_slices.NotPlain:
        return None
    if len(set(scales)) > 1:
        values = np.stack([_physical(one, scale) for one, scale in zip(voxels, scales, strict=True)])
        return Stack(values, 1.0, 0.0, window)
    return Stack(voxels, *scales[0], window)


def _physical(stored: NDArray[Any], scale: tuple[float, float]) -> NDArray[np.float32]:
    return (stored * np.float64(scale[0]) + np.float64(scale[1])).astype(np.float32)


def _decoded(series: Series, slice_of: SliceOf | None, told: Callable[[int], None]) -> Stack:
    one_of = slice_of or partial(native.load, series)
    total = len(series.instances)
    windows: list[tuple[float, float]] = []

    def one(index: int) -> NDArray[Any]:
        image = one_of(index)
        if index == total // 2:
            windows.append(image.default_window)
        return _narrowed(image.pixels)

    slices: list[NDArray[Any]] = []
    with closing(_each(one, range(total), _threads() if slice_of else 1)) as images:
        for image in images:
            slices.append(image)
            told(len(slices))
    return Stack(np.stack(slices, dtype=_common(slices)), 1.0, 0.0, windows[0])


def _each(work: Callable[[Item], Result], items: Sequence[Item], threads: int) -> Generator[Result, None, None]:
    """The results in order; closing it early leaves undone what was not begun."""
    with ThreadPoolExecutor(threads) as pool:
        try:
            yield from pool.map(work, items)
        finally:
            pool.shutdown(cancel_futures=True)


def _narrowed(pixels: NDArray[np.float32]) -> NDArray[Any]:
    """The same values in the smallest exact type."""
    low, high = float(pixels.min()), float(pixels.max())
    for kind in _WHOLE:
        limits = np.iinfo(kind)
        if limits.min <= low and high <= limits.max:  # never where a value is not a number
            whole = pixels.astype(kind)
            return whole if np.array_equal(whole, pixels) else pixels
    return pixels


def _common(slices: Iterable[NDArray[Any]]) -> Any:
    """The smallest type that holds the values of all slices."""
    kinds = {one.dtype.type for one in slices}
    if kinds == {np.uint8, np.int16}:
        return np.int16
    if kinds <= {np.uint8, np.uint16}:
        return np.uint16 if np.uint16 in kinds else np.uint8
    return np.float32 if len(kinds) > 1 else kinds.pop()


def _parts(total: int, threads: int) -> list[Sequence[int]]:
    size = min(_LARGEST_PART, -(-total // (_PARTS_A_THREAD * threads)))
    return [range(begin, min(begin + size, total)) for begin in range(0, total, size)]


def _threads() -> int:
    return min(_MOST_THREADS, os.cpu_count() or 1)

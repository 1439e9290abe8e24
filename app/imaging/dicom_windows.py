"""Windows that a DICOM file proposes, in the unit that its slices are shown in (PS3.3 C.11.2).

It knows attributes and numbers, not pixels' coding or files.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

Window = tuple[str, float, float]
"""Name, value shown black, value shown white."""
Get = Callable[[str], Any]


def proposed(get: Get, tables: Any) -> list[Window]:
    """All windows: those of centre and width in their order, then the ranges of lookup tables.

    Args:
        get: value of an attribute of the frame, by keyword.
        tables: the items of VOI LUT Sequence, if any.
    """
    centers, widths = _numbers(get("WindowCenter")), _numbers(get("WindowWidth"))
    names = _texts(get("WindowCenterWidthExplanation"))
    exact = str(get("VOILUTFunction") or "LINEAR").strip().upper() in ("LINEAR_EXACT", "SIGMOID")
    found = []
    for number, (center, width) in enumerate(zip(centers, widths, strict=False)):
        name = names[number] if number < len(names) and names[number] else f"Window {number + 1}"
        limits = _limits(center, width, exact)
        if limits:
            found.append((name, *limits))
    signed = get("PixelRepresentation") == 1
    tabled = (_tabled(item, f"Table {number + 1}", signed) for number, item in enumerate(tables or ()))
    return [*found, *(one for one in tabled if one)]


def _limits(center: float, width: float, exact: bool) -> tuple[float, float] | None:
    """LINEAR counts pixels (C.11.2.1.2.1), LINEAR_EXACT does not (C.11.2.1.3.2); a sigmoid runs about as far."""
    if exact:
        return (center - width / 2, center + width / 2) if width > 0 else None
    return (center - 0.5 - (width - 1) / 2, center - 0.5 + (width - 1) / 2) if width > 1 else None


def _tabled(item: Dataset, name: str, signed: bool) -> Window | None:
    """The range in which a table rises: from its last darkest to its first brightest entry (C.11.2.1.1)."""
    descriptor = _numbers(item.get("LUTDescriptor"))
    if len(descriptor) != 3:
        return None
    table = _table(item.get("LUTData"), int(descriptor[2]))
    if table.size < 2 or table.min() == table.max():
        return None
    first = descriptor[1] - (65536 if signed and descriptor[1] > 32767 else 0)
    dark = int(np.flatnonzero(table == table.min())[-1 if table[0] <= table[-1] else 0])
    bright = int(np.flatnonzero(table == table.max())[0 if table[0] <= table[-1] else -1])
    low, high = sorted((first + dark, first + bright))
    return (str(item.get("LUTExplanation") or name), float(low), float(high))


def _table(value: Any, bits: int) -> NDArray[Any]:
    if isinstance(value, bytes):
        wide = bits > 8
        return np.frombuffer(value[: len(value) // 2 * 2] if wide else value, "<u2" if wide else "u1")
    return np.asarray(_numbers(value))


def _numbers(value: Any) -> list[float]:
    """The finite numbers of a possibly multiple, possibly empty value."""
    if value is None or value == "":
        return []
    many = value if isinstance(value, (list, tuple)) or hasattr(value, "append") else [value]
    numbers = [float(one) for one in many if one not in (None, "")]
    return numbers if np.isfinite(numbers).all() else []


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    many = value if isinstance(value, (list, tuple)) or hasattr(value, "append") else [value]
    return [str(one).strip(" \x00") for one in many]

"""What one file holds, as plain facts: the form in which every reader hands over to grouping.

It carries the raw patient identity from the file to the one place that turns it into a keyed hash
(``series.group``); nothing here is stored. It must not know projects, databases or the window.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.study import SourceKind

Vector = tuple[float, float, float]

DECODE_FAULTS: tuple[type[Exception], ...] = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What the decoding libraries raise on damaged input; they document none of it, so this list is by experience."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One slice of a file, with its geometry in LPS millimetres.

    Attributes:
        index: number of the slice inside the file.
        rows, columns: size in pixels, as ``slices.load_slice`` gives it.
        position: centre of the first pixel; ``None`` where unknown.
        orientation: direction of increasing column, then of increasing row (6 cosines); empty where unknown.
        spacing_mm: (row, column) spacing.
        order: instance or frame number, for slices without a position.
        moments: (attribute, value) pairs that tell repeated scans of one position apart, most telling first.
    """

    index: int
    rows: int
    columns: int
    position: Vector | None = None
    orientation: tuple[float, ...] = ()
    spacing_mm: tuple[float, float] | None = None
    order: float = 0.0
    moments: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class FileContent:
    """What a file's header says; whether its pixels hold what it promises, ``Checked`` tells.

    Attributes:
        path, kind: which file.
        sha256: hash of the file; "" until it was checked.
        frames: its slices.
        unit, bits: meaning and significant bits of the values.
        patient_id: everything in the file that identifies its patient, joined; "" where nothing does. Never stored.
        patient_known: false where the file names no patient.
        sop_instance_uid, study_uid, series_uid: identities, empty where the format has none.
        date: ISO date or "".
        study_description, description, modality: what a person reads.
        variant: values by which one series is split (echo, image type), as text.
        tags: attributes kept for labelling and display; none of them identifies a person.
        frame_of_reference_uid: what positions are measured from; "" where unknown.
        apart: why the file is no slice to learn from ("localiser", "overview", "dose report"); "" where it is one.
    """

    path: Path
    kind: SourceKind
    frames: tuple[Frame, ...]
    unit: str
    bits: int
    sha256: str = ""
    patient_id: str = field(default="", repr=False)
    patient_known: bool = False
    sop_instance_uid: str = ""
    study_uid: str = ""
    series_uid: str = ""
    date: str = ""
    study_description: str = ""
    description: str = ""
    modality: str = ""
    variant: tuple[str, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)
    frame_of_reference_uid: str = ""
    apart: str = ""

    def to_facts(self) -> dict[str, Any]:
        """JSON values, without who the patient is: what may be kept, and be sent from a decoding process."""
        return {**asdict(self), "path": str(self.path), "kind": str(self.kind), "patient_id": ""}

    @classmethod
    def from_facts(cls, facts: dict[str, Any]) -> FileContent:
        """The inverse of ``to_facts``, apart from the patient.

        Raises:
            TypeError, KeyError: the facts are of another version.
        """
        frames = tuple(_frame(one) for one in facts["frames"])
        return cls(
            **{
                **facts,
                "path": Path(facts["path"]),
                "kind": SourceKind(facts["kind"]),
                "frames": frames,
                "variant": tuple(facts["variant"]),
            }
        )


def _frame(facts: dict[str, Any]) -> Frame:
    place, spacing = facts["position"], facts["spacing_mm"]
    return Frame(
        **{
            **facts,
            "position": None if place is None else tuple(place),
            "orientation": tuple(facts["orientation"]),
            "spacing_mm": None if spacing is None else tuple(spacing),
            "moments": tuple((name, value) for name, value in facts["moments"]),
        }
    )


@dataclass(frozen=True, slots=True)
class Checked:
    """What decoding every frame of a file once has shown.

    Attributes:
        sha256: hash of the file.
        thumbnail: grey uint8 preview of the middle frame.
    """

    sha256: str
    thumbnail: NDArray[np.uint8] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class SliceImage:
    """One decoded slice.

    Attributes:
        pixels: float32 ``(rows, columns)`` in the unit of the series; larger is brighter.
        spacing_mm: (row, column) spacing; ``None`` where unknown.
        default_window: (low, high) that the source proposes, or a robust one from the pixels.
        windows: all that the source proposes, as (name, low, high), names being its own or "Window 1" and so on.
    """

    pixels: NDArray[np.float32]
    spacing_mm: tuple[float, float] | None
    default_window: tuple[float, float]
    windows: tuple[tuple[str, float, float], ...] = ()

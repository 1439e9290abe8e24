"""Recipe: how slices become tensors, and how a tensor becomes a slice again.

A tensor value of -1 is the low end of an image's window and +1 its high end, so a recipe can be inverted: a
generated picture gets physical values and a pixel spacing, and its DICOM or NIfTI is a real one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from app.domain.errors import BadUsage

WINDOW_PRESETS: dict[str, tuple[float, float]] = {
    "brain": (40.0, 80.0),
    "subdural": (75.0, 215.0),
    "lung": (-600.0, 1500.0),
    "mediastinum": (50.0, 350.0),
    "abdomen": (60.0, 400.0),
    "liver": (80.0, 150.0),
    "bone": (400.0, 1800.0),
}
"""CT windows as (centre, width) in HU; usual textbook values."""

SIZES = (32, 48, 64, 96, 128, 192, 256)
"""Picture sizes offered, in pixels."""


class Plane(StrEnum):
    """Which slices of a volume are taken."""

    NATIVE = "native"
    AXIAL = "axial"
    CORONAL = "coronal"
    SAGITTAL = "sagittal"


@dataclass(frozen=True, slots=True)
class Window:
    """A grey-level window.

    Attributes:
        mode: "auto" (from the images themselves), a name of ``WINDOW_PRESETS``, or "manual".
        center, width: in the unit of the series; used by "manual".
    """

    mode: str = "auto"
    center: float = 0.0
    width: float = 0.0

    def limits(self) -> tuple[float, float] | None:
        """(low, high) of a fixed window; ``None`` for "auto"."""
        if self.mode == "auto":
            return None
        center, width = WINDOW_PRESETS.get(self.mode, (self.center, self.width))
        return center - width / 2, center + width / 2

    @classmethod
    def parse(cls, text: str) -> Window:
        """Read "auto", a preset's name, or "CENTER/WIDTH".

        Raises:
            BadUsage: anything else, or a width that is not positive.
        """
        if text == "auto" or text in WINDOW_PRESETS:
            return cls(text)
        center, slash, width = text.partition("/")
        try:
            window = cls("manual", float(center), float(width))
        except ValueError:
            slash = ""
        if not slash or window.width <= 0:
            raise BadUsage("bad-window", text=text, presets=", ".join(WINDOW_PRESETS))
        return window

    def text(self) -> str:
        """The form that ``parse`` reads."""
        return f"{self.center:g}/{self.width:g}" if self.mode == "manual" else self.mode


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a cohort becomes tensors.

    Attributes:
        plane: which slices of a volume.
        window: grey levels.
        size: height and width of the prepared picture in pixels.
        spacing_mm: in-plane pixel spacing to resample to before a centred crop or pad; ``None`` fits the whole
            slice into the picture (aspect ratio kept, padded with the window's low end).
        deface: look for heads in CT and MR, and take their faces out first: a generator trained on faces can draw them.
    """

    plane: Plane = Plane.NATIVE
    window: Window = Window()
    size: int = 64
    spacing_mm: float | None = None
    deface: bool = True

    def to_json(self) -> dict[str, Any]:
        """JSON values only."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Recipe:
        """Inverse of ``to_json``; a record from before faces were looked for says nothing of them, and kept them."""
        return cls(
            plane=Plane(record["plane"]),
            window=Window(**record["window"]),
            size=int(record["size"]),
            spacing_mm=record.get("spacing_mm"),
            deface=bool(record.get("deface", False)),
        )

"""What the viewer says of a series in words and letters: its planes, the patient's sides, places and values.

No widgets and no files; computing the planes loads the readers' modules, so it is done off the GUI thread.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.domain.errors import Refused
from app.domain.recipe import WINDOW_PRESETS, Plane
from app.domain.study import Series

Sides = tuple[str, str, str, str]
NO_SIDES: Sides = ("", "", "", "")
Point = tuple[float, float, float]
THREE = (Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL)
NAMES = {Plane.NATIVE: "As acquired", Plane.AXIAL: "Axial", Plane.CORONAL: "Coronal", Plane.SAGITTAL: "Sagittal"}
UNITS = {"HU": "HU", "SUV": "SUV", "stored": "raw"}
"""What a read-out calls the unit of a value; other units go without a name."""
_NUMBERS = re.compile(r"(\d+)")
_LETTERS = (("R", "L"), ("A", "P"), ("F", "H"))


@dataclass(frozen=True, slots=True)
class Planes:
    """How a series can be looked at.

    Attributes:
        sides: letters at the (left, right, top, bottom) edge, for every plane that there is.
        refusal: why there are no planes but the native one, "" where there are.
    """

    sides: dict[Plane, Sides] = field(default_factory=dict)
    refusal: str = ""


def planes(series: Series) -> Planes:
    """Planes of ``series``, from its geometry alone; no file is read."""
    from app.imaging import slices

    sides = {Plane.NATIVE: slices.edge_letters(series, Plane.NATIVE)}
    try:
        for plane in THREE:
            slices.slice_count(series, plane)
            sides[plane] = slices.edge_letters(series, plane)
    except Refused as error:
        return Planes(sides, str(error))
    return Planes(sides)


def nearest(series: Series, point: Point) -> int | None:
    """The native slice nearest to a place in LPS millimetres; ``None`` where the slices' places are unknown."""
    from app.imaging import geometry

    places = [one.position_mm for one in series.instances]
    if not series.orientation or None in places:
        return None
    wanted = geometry.along_normal(point, series.orientation)
    return min(range(len(places)), key=lambda index: abs((places[index] or 0.0) - wanted))


def cine_speed(series: Series) -> int | None:
    """Pictures a second at which a movie was taken or is meant to be shown; ``None`` where it is none to watch so."""
    frames = [_number(series.tags.get(name, "")) for name in ("RecommendedDisplayFrameRate", "CineRate")]
    milliseconds = _number(series.tags.get("FrameTime", ""))
    wanted = next((rate for rate in frames if rate), 1000 / milliseconds if milliseconds else 0.0)
    return round(wanted) if 5 <= wanted <= 60 else None


def _number(text: str) -> float:
    """The positive number that a header's text says; 0 where it says none."""
    try:
        return max(0.0, float(text))
    except ValueError:
        return 0.0


def repeats(series: Series, others: Sequence[Series]) -> tuple[Series, ...]:
    """The times of a stack among ``others``, itself included, in order; () where it has one time only.

    They show the same slices in the same frame of reference, and their names differ in the last part at most.
    """
    found = [one for one in others if _stack_of(one) == _stack_of(series)]
    ordered = sorted(
        found, key=lambda one: [int(part) if part.isdigit() else part for part in _NUMBERS.split(one.description)]
    )
    return tuple(ordered) if len(ordered) > 1 and any(one.key == series.key for one in ordered) else ()


def _stack_of(series: Series) -> tuple[object, ...]:
    first, last = series.instances[0], series.instances[-1]
    places = tuple(one.position_mm and round(one.position_mm, 2) for one in (first, last))
    size = (first.rows, first.columns, len(series.instances))
    name = series.description.rpartition(", ")[0] or series.description
    described = (series.kind, series.modality, series.unit, series.frame_of_reference, name)
    return *described, *size, *places, tuple(round(part, 3) for part in series.orientation)


def place_text(point: Point, digits: int = 1) -> str:
    """A place in millimetres by the patient's sides: "L 12.3  P 40.1  H 5.0 mm"."""
    parts = (f"{letters[value > 0]} {abs(value):.{digits}f}" for letters, value in zip(_LETTERS, point, strict=True))
    return "  ".join(parts) + " mm"


def slice_place_text(plane: Plane, point: Point) -> str:
    """Where a slice of a plane lies, along the patient's axis across it: "H 12.5 mm"."""
    axis = {Plane.SAGITTAL: 0, Plane.CORONAL: 1, Plane.AXIAL: 2}[plane]
    return f"{_LETTERS[axis][point[axis] > 0]} {abs(point[axis]):.1f} mm"


def native_place_text(series: Series, index: int) -> str:
    """Where a native slice lies along the normal of the stack: "H 12.5 mm", "AH 3.0 mm"; "" where unknown."""
    from app.imaging import geometry

    place = series.instances[index].position_mm if index < len(series.instances) else None
    if place is None:
        return ""
    way = (
        [part * (1 if place > 0 else -1) for part in geometry.normal(series.orientation)] if series.orientation else []
    )
    return f"{geometry.letters(way) if way else ''} {abs(place) if way else place:.1f} mm".strip()


def value_text(value: float, unit: str) -> str:
    """A value with its unit: "51 HU", "2.31 SUV", "1023 raw"; unnamed units without."""
    number = f"{value:.0f}" if float(value).is_integer() else f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.3g}"
    return f"{number} {UNITS.get(unit, '')}".rstrip()


@dataclass(frozen=True, slots=True)
class WindowChoice:
    """A window with a name; ``low`` is black and ``high`` white."""

    name: str
    low: float
    high: float


def window_choices(unit: str, of_file: Sequence[WindowChoice] = ()) -> list[WindowChoice]:
    """What the digits 1 to 9 choose: the file's own windows where it has several, then those of CT for HU."""
    presets = WINDOW_PRESETS if unit == "HU" else {}
    usual = [WindowChoice(name.capitalize(), c - w / 2, c + w / 2) for name, (c, w) in presets.items()]
    return [*(of_file if len(of_file) > 1 else ()), *usual]

"""The real images of an export, one series at a time: looked at, cleaned, kept back where that could not be done.

Whatever leaves of a series, in whatever format, is made from what is cleaned here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.domain.deid import PixelCheck, Profile
from app.domain.recipe import Plane
from app.domain.selection import LeftOut
from app.domain.study import Series, SourceKind
from app.imaging import preparing
from app.worker.export_content import Content
from app.worker.export_inspect import NOT_CHECKED, STAYS, Inspected, Inspector, whole_series
from app.worker.export_originals import UNCHECKED, Originals, Subject
from app.worker.export_pages import Place
from app.worker.export_sources import Sources

GONE = "It has been removed from the library, so it could not be checked."


@dataclass(slots=True)
class RealPart:
    """What becomes of the real images.

    Attributes:
        places: images that leave.
        cleaned: number of the item to its picture in [-1, 1], prepared again without text and face.
        checks: number of the item to what is known of its pixels, of images that leave.
        left_out: images that stay, with the reason.
        text, faces: outcome of the checks to images that leave.
        kept_back: reason to DICOM files that stay.
    """

    places: list[Place] = field(default_factory=list)
    cleaned: dict[int, NDArray[np.float32]] = field(default_factory=dict)
    checks: dict[int, PixelCheck] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    text: Counter[str] = field(default_factory=Counter)
    faces: Counter[str] = field(default_factory=Counter)
    kept_back: Counter[str] = field(default_factory=Counter)

    @property
    def why(self) -> dict[str, int]:
        """Reason to images, or to DICOM files where none of their images stays, that do not leave."""
        return dict(self.kept_back | Counter(one.reason for one in self.left_out))

    def per_class(self) -> dict[str, int]:
        """Images that leave, per class."""
        return dict(Counter(place.item.label for place in self.places))


def reason_to_stay(profile: str, check: PixelCheck) -> str:
    """Why an image does not leave, as a sentence; "" where it does."""
    if profile != Profile.MAXIMUM:
        return ""
    if check.text == NOT_CHECKED:
        return STAYS["text"]
    return STAYS["faces"] if check.faces == NOT_CHECKED else ""


class RealImages:
    """Cleans the real images of an export.

    Args:
        content: what is to leave.
        sources: where the images come from.
        inspector: looks at pixels.
        originals: writes DICOM sources; ``None`` where the format was not asked for.
    """

    def __init__(self, content: Content, sources: Sources, inspector: Inspector, originals: Originals | None) -> None:
        self._content = content
        self._sources = sources
        self._inspector = inspector
        self._originals = originals
        self._part = RealPart()

    def cleaned(self, places: Iterable[Place], on_series: Callable[[int], None]) -> RealPart:
        """Look at all images, and write those DICOM files that leave as themselves.

        Args:
            places: images, in the order of the export.
            on_series: told how many images were done with each series; may raise to stop.

        Raises:
            Failed: a source has gone or is damaged.
            OSError: a file cannot be written.
        """
        for group in by_series(places):
            series = self._sources.of_key(group[0].item.series)
            if series is None:
                for place in group:
                    self._decide(place, UNCHECKED, GONE)
            else:
                self._series(series, group)
            on_series(len(group))
        self._part.places.sort(key=lambda place: place.number)
        self._part.left_out.sort(key=lambda one: one.number)
        return self._part

    def _series(self, series: Series, group: list[Place]) -> None:
        plane = self._content.cohort.recipe.plane
        numbers = whole_series(series, [place.item.index for place in group], plane)
        screened = self._sources.screened(group[0].item)
        inspected = self._inspector.inspect(series, numbers, screened.identities | screened.names)
        for place in group:
            check = inspected.check((place.item.index,) if plane is Plane.NATIVE else numbers)
            if self._decide(place, check, inspected.why):
                self._prepare_again(place, inspected, plane)
        if self._originals is not None and series.kind is SourceKind.DICOM:
            self._write(self._originals, series, inspected, group)

    def _decide(self, place: Place, check: PixelCheck, why: str) -> bool:
        reason = reason_to_stay(self._content.request.profile, check)
        if reason:
            said = f"{reason} {why}".strip() if reason == STAYS["faces"] or why == GONE else reason
            self._part.left_out.append(LeftOut(place.number, place.item.label, said))
            return False
        self._part.places.append(place)
        self._part.checks[place.index] = check
        self._part.text[check.text] += 1
        self._part.faces[check.faces] += 1
        return True

    def _prepare_again(self, place: Place, inspected: Inspected, plane: Plane) -> None:
        """From the cleaned slice, with the window that the model's pictures have; where nothing had to go, not."""
        image = inspected.slice(place.item.index, plane)
        if image is None or self._content.data is None:
            return
        window = self._content.data.facts.windows[place.index]
        made = preparing.apply_recipe(image, self._content.cohort.recipe, window)
        self._part.cleaned[place.index] = made.pixels

    def _write(self, originals: Originals, series: Series, inspected: Inspected, group: list[Place]) -> None:
        native = self._content.cohort.recipe.plane is Plane.NATIVE
        labels = Counter(place.item.label for place in group)
        common = min(labels, key=lambda label: (-labels[label], label))
        by_number = {place.item.index: place for place in group}
        for path in dict.fromkeys(series.instances[number].path for number in inspected.looked):
            found = [by_number[n] for n in inspected.numbers_of(path) if native and n in by_number]
            first = found[0] if found else group[0]
            label = first.item.label if found else common
            number = first.number if found else 0
            subject = Subject(first.patient, label, first.item.split, number)
            if why := originals.write(path, inspected, subject):
                self._part.kept_back[why] += 1


def by_series(places: Iterable[Place]) -> list[list[Place]]:
    """Images of one series together, in the order in which the series come first."""
    groups: dict[str, list[Place]] = {}
    for place in places:
        groups.setdefault(place.item.series, []).append(place)
    return list(groups.values())

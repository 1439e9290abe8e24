"""Looking at the pixels of real images before they leave: text burned into them, and faces that could be rendered.

What was found becomes a mask per frame, and everything that leaves is made from frames without what it covers. What
could not be looked at is said to be "not-checked" here and nowhere else; whether it leaves is decided by the profile.
It must not know formats and folders of an export.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from app.deid import engine
from app.deid.burned_in.finder import Region, TextFinder
from app.deid.burned_in.source import regions_of
from app.deid.burned_in.views import Display
from app.deid.heads import Covered, Mask
from app.domain.deid import PixelCheck
from app.domain.errors import Failed, Refused
from app.domain.recipe import Plane
from app.domain.study import Series, SourceKind
from app.imaging import native
from app.imaging.content import DECODE_FAULTS, SliceImage
from app.worker.export_memory import Memory

NOT_CHECKED, NONE_FOUND, REDACTED = "not-checked", "none-found", "redacted"

UNREADABLE: tuple[type[Exception], ...] = (Failed, *DECODE_FAULTS)
"""What a slice that cannot be read raises."""

STAYS = {
    "text": "Its pixels could not be checked for burned-in text.",
    "faces": "It could not be checked for a recognisable face.",
}
"""Why an image that was not checked does not leave under the profile "maximum"."""


@dataclass(frozen=True, slots=True)
class Inspected:
    """What looking at a series has shown.

    Attributes:
        series: it.
        looked: numbers of the slices that were looked at.
        text: "not-checked", "none-found" or "redacted", by number of the slice.
        faces: "not-checked", "no-head" or "defaced", of the whole series.
        hidden: what must not leave, by number of the slice: bool ``(rows, columns)``; without entry, nothing.
        why: what stood in the way of a check of faces, as a sentence; "" where nothing did.
    """

    series: Series
    looked: tuple[int, ...]
    text: dict[int, str]
    faces: str
    hidden: dict[int, Mask] = field(default_factory=dict, repr=False)
    why: str = ""
    _covered: Covered = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_covered", Covered(self.series, self.hidden))

    def check(self, numbers: Iterable[int]) -> PixelCheck:
        """What may be said of some slices together: the worst of what is true of each."""
        found = {self.text.get(number, NOT_CHECKED) for number in numbers} or {NOT_CHECKED}
        worst = next(state for state in (NOT_CHECKED, REDACTED, NONE_FOUND) if state in found)
        return PixelCheck(text=worst, faces=self.faces)

    def check_file(self, path: str, frames: int) -> PixelCheck:
        """What may be said of a file of so many frames; one that holds frames of other series too was not checked."""
        seen = {one.index for one in self.series.instances if one.path == path}
        if seen != set(range(frames)):
            return PixelCheck(text=NOT_CHECKED, faces=NOT_CHECKED)
        return self.check(self.numbers_of(path))

    def slice(self, number: int, plane: Plane) -> SliceImage | None:
        """A slice without what must not leave; ``None`` where nothing of it had to go.

        Raises:
            Failed: the source cannot be read any more.
        """
        return self._covered.slice(number, plane)

    def of_file(self, path: str) -> dict[int, Mask]:
        """Masks of a file, by number of the frame inside it."""
        numbered = enumerate(self.series.instances)
        return {one.index: self.hidden[n] for n, one in numbered if one.path == path and n in self.hidden}

    def numbers_of(self, path: str) -> tuple[int, ...]:
        """Slices that a file holds."""
        return tuple(n for n, one in enumerate(self.series.instances) if one.path == path)


class Inspector:
    """Looks at one series after the other.

    Args:
        memory: what was found before.
        check: called between slices; may raise to stop.
    """

    def __init__(self, memory: Memory, check: Callable[[], None]) -> None:
        self._memory = memory
        self._check = check
        self._finder = TextFinder(outside_regions=True)

    def inspect(self, series: Series, numbers: Collection[int], known: Collection[str]) -> Inspected:
        """Look at some slices for text and, where they could show one, at the whole series for a face.

        Args:
            series: what to look at.
            numbers: native slices of which anything will leave.
            known: texts of the header that identify somebody; never kept.

        Raises:
            Stopped: from ``check``.
        """
        wanted = _whole_files(series, numbers)
        head = self._memory.heads.of(series)
        text: dict[int, str] = {}
        hidden: dict[int, Mask] = {number: head.masks[number] for number in wanted if number in head.masks}
        for number in wanted:
            self._check()
            text[number], mask = self._text(series, number, known)
            if mask is not None:
                hidden[number] = mask | hidden[number] if number in hidden else mask
        return Inspected(series, wanted, text, head.state, hidden, head.why)

    def _text(self, series: Series, number: int, known: Collection[str]) -> tuple[str, Mask | None]:
        """Outcome of a slice, and what covers its text."""
        instance = series.instances[number]
        key = self._memory.key(instance, known)
        kept = self._memory.recall(series.key, key, (instance.rows, instance.columns))
        if kept is not None:
            return kept
        try:
            image, regions = native.load(series, number), _regions(series, instance.path)
        except UNREADABLE:
            return NOT_CHECKED, None
        found = self.text_of(image, known, regions)
        if image.pixels.shape == (instance.rows, instance.columns) and found[0] != NOT_CHECKED:
            self._memory.keep(series.key, key, found)
        return found

    def text_of(
        self, image: SliceImage, known: Collection[str], regions: tuple[Region, ...]
    ) -> tuple[str, Mask | None]:
        """The same for grey values; text is covered and looked for again until none is left, else nothing is sure."""
        windows = tuple(dict.fromkeys([image.default_window, *((low, high) for _, low, high in image.windows)]))
        frames, display = image.pixels[None], Display(windows=windows)
        try:
            _, report = self._finder.redact(frames, known=tuple(known), regions=regions, display=display)
        except Refused:
            return NOT_CHECKED, None
        return (REDACTED, report.mask()) if report.found else (NONE_FOUND, None)


def _regions(series: Series, path: str) -> tuple[Region, ...]:
    """Where an ultrasound file says that its picture lies; around it is the machine's screen, with whom it shows."""
    if series.kind is not SourceKind.DICOM or series.modality != "US":
        return ()
    return regions_of(engine.read_header(Path(path)))


def whole_series(series: Series, numbers: Collection[int], plane: Plane) -> tuple[int, ...]:
    """Native slices of which something leaves: those asked for, or all where the slices are cut from the volume."""
    return tuple(sorted(set(numbers))) if plane is Plane.NATIVE else tuple(range(len(series.instances)))


def _whole_files(series: Series, numbers: Collection[int]) -> tuple[int, ...]:
    """The slices of all files that hold one of these: a DICOM file leaves as a whole."""
    paths = {series.instances[number].path for number in numbers}
    whole = series.kind is SourceKind.DICOM
    return tuple(n for n, one in enumerate(series.instances) if n in numbers or (whole and one.path in paths))

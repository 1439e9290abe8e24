"""Looking at the library: studies, thumbnails, slices, and what was set aside."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from app.domain.heads import may_show_a_face
from app.domain.recipe import Plane, Recipe
from app.domain.study import Quarantined, Series, SeriesLine, Study
from app.jobs.process import Job, OnMessage, OnOutcome
from app.services.decoding import Decoding
from app.services.intake import Intake
from app.store.library import Library

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from app.imaging.content import SliceImage
    from app.imaging.header_table import HeaderLine
    from app.imaging.stack import OnSlice
    from app.imaging.volume import Volume
    from app.store.project import Project


class Catalogue:
    """Reads the library of a project. Decoding takes time: call ``slice`` and ``preview`` off the GUI thread."""

    def __init__(self, project: Project, library: Library, intake: Intake) -> None:
        self._project = project
        self._library = library
        self._intake = intake
        self._decoding = Decoding()

    def studies(self) -> list[Study]:
        """All studies with every slice; lists are better served by ``lines``."""
        return self._library.studies()

    def lines(self) -> list[SeriesLine]:
        """All series as lists show them, without their slices: quick, however large the library."""
        return self._library.lines()

    def tag(self, series_keys: Sequence[str], *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        """Give series words of the person's own, and take others away. Raises ``BadUsage`` (``bad-tag``)."""
        self._library.set_tags(series_keys, add=add, remove=remove)

    def series(self, key: str) -> Series:
        """One series. Raises ``BadUsage`` (``unknown-series``)."""
        return self._library.series(key)

    def siblings(self, key: str) -> list[Series]:
        """The series of the same study as a series, itself included."""
        return self._library.siblings(key)

    def counts(self) -> dict[str, int]:
        """How many studies, series, instances, patients and set-aside inputs there are."""
        return self._library.counts()

    def thumbnail(self, series_key: str) -> Path | None:
        """The 96 px picture made at import; ``None`` where the cache was emptied."""
        path = self._project.thumbnails / f"{series_key}.png"
        return path if path.exists() else None

    def slice_count(self, series_key: str, plane: Plane = Plane.NATIVE) -> int:
        """Slices of a series in a plane. Raises ``Refused`` (``plane-unavailable``)."""
        from app.imaging.slices import slice_count

        return slice_count(self.series(series_key), plane)

    def slice(self, series_key: str, index: int, plane: Plane = Plane.NATIVE) -> SliceImage:
        """One slice in physical values, in the convention of ``app.imaging.slices.load_slice``; raises as it does.

        Raises:
            Stopped: also where the project was closed meanwhile.
        """
        return self._slice(self.series(series_key), index, plane)

    def volume(self, series_key: str, on_slice: OnSlice | None = None) -> Volume:
        """A series as a volume; the last few are kept.

        Args:
            series_key: which.
            on_slice: told (slices read, slices) while it is read.

        Raises:
            Refused: ``plane-unavailable``: its slices fill no box.
            Failed, Stopped: as ``slice``.
        """
        return self._decoding.volume(self.series(series_key), on_slice)

    def header(self, series_key: str, index: int) -> list[HeaderLine]:
        """What the header of a slice's file says. Raises as ``app.imaging.header_table.read``."""
        from app.imaging import header_table

        series = self.series(series_key)
        return header_table.read(series.kind, series.instances[index])

    def preview(self, series_key: str, index: int, recipe: Recipe) -> NDArray[np.uint8]:
        """How a slice looks to a model: uint8 ``(size, size)``.

        The first of a series takes seconds where a face is looked for in it.
        """
        from app.imaging.preparing import apply_recipe, auto_window
        from app.imaging.windowing import to_uint8

        series = self.series(series_key)
        image = self._faceless(series, index, recipe) or self._slice(series, index, recipe.plane)
        window = recipe.window.limits() or auto_window([image], series)
        return to_uint8(apply_recipe(image, recipe, window).pixels, -1.0, 1.0)

    def labels(self) -> dict[tuple[str, int | None], str]:
        """Labels given by hand, by series and slice (``None``: the whole series)."""
        return self._library.labels()

    def set_label(self, series_key: str, index: int | None, label: str) -> None:
        """Label a slice, or a whole series, by hand; an empty label takes it away."""
        self._library.set_label(series_key, index, label)

    def remove_study(self, key: str) -> None:
        """Forget a study. The source files stay."""
        for line in self.lines():
            if line.study == key:
                (self._project.thumbnails / f"{line.key}.png").unlink(missing_ok=True)
        self._library.remove_study(key)

    def quarantined(self) -> list[Quarantined]:
        """Inputs set aside with their reasons."""
        return self._library.quarantined()

    def dismiss(self, path: str) -> None:
        """Take an input off that list."""
        self._library.dismiss(path)

    def retry(
        self, paths: Sequence[str], *, on_message: OnMessage | None = None, on_outcome: OnOutcome | None = None
    ) -> Job:
        """Read inputs that were set aside again; they are off the list, and come back where it fails again."""
        job = self._intake.start([Path(path) for path in paths], on_message=on_message, on_outcome=on_outcome)
        for path in paths:
            self._library.dismiss(path)
        return job

    def close(self) -> None:
        """End the decoding processes."""
        self._decoding.close()

    def _faceless(self, series: Series, index: int, recipe: Recipe) -> SliceImage | None:
        """The slice without a face; ``None`` where the recipe asks for none or nothing of the slice has to go."""
        if not recipe.deface or not may_show_a_face(series.kind, series.modality):
            return None
        from app.deid.heads import FOLDER, Covered, Heads

        slice_of = partial(self._decoding.slice, series)
        head = Heads(self._project.cache / FOLDER).of(series, slice_of)
        return Covered(series, head.masks, slice_of).slice(index, recipe.plane) if head.masks else None

    def _slice(self, series: Series, index: int, plane: Plane) -> SliceImage:
        if plane is Plane.NATIVE:
            return self._decoding.slice(series, index)
        from app.imaging.slices import slice_count

        if not 0 <= index < slice_count(series, plane):
            raise IndexError(index)
        return self._decoding.volume(series).cut(plane, index)

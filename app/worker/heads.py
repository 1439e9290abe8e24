"""Slices to learn from, faces taken out of heads before a model can see them.

It knows series and recipes; what a face is and where it lies is known in ``app.deid``.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.deid import faces
from app.deid.heads import FOLDER, Covered, Heads
from app.domain.heads import DEFACED, KEPT, NOT_CHECKED, may_show_a_face, tally
from app.domain.recipe import Recipe
from app.domain.study import Series
from app.imaging import slices
from app.imaging.content import SliceImage
from app.store.project import Project
from app.worker.channel import Channel
from models.data.prepared import PreparedImages


def way_of_looking(recipe: Recipe, sources: Mapping[str, Series]) -> tuple[int, ...]:
    """What a prepared picture depends on besides its source and the rest of its recipe; empty where nothing is looked
    at, as for plain images, which are prepared as ever then."""
    return (faces.VERSION,) if recipe.deface and _showing(sources) else ()


class Faceless:
    """Slices of the series of a cohort, without faces where the recipe asks for it. It keeps one series at a time.

    Args:
        project: whose cache keeps what was found.
        recipe: of the cohort.
        sources: the series, by key.

    Attributes:
        found: series key to "state" and "why", of those that could show a face.
    """

    def __init__(self, project: Project, recipe: Recipe, sources: Mapping[str, Series]) -> None:
        self._heads = Heads(project.cache / FOLDER)
        self._recipe = recipe
        self._sources = sources
        self._covered: tuple[str, Covered] | None = None
        self.found: dict[str, dict[str, str]] = {}

    def look(self, channel: Channel) -> None:
        """Look at every series that could show a face; takes seconds for each that nobody has looked at.

        Raises:
            Stopped: from ``channel``, between two series.
            OSError: the cache cannot be written to.
        """
        showing = _showing(self._sources)
        if not self._recipe.deface:
            self.found = {key: {"state": KEPT, "why": ""} for key in showing}
            return
        if showing:
            channel.phase("Looking for faces")
        for done, key in enumerate(showing):
            channel.check()
            channel.progress(done, len(showing))
            head = self._heads.of(self._sources[key])
            self.found[key] = {"state": head.state, "why": head.why}

    def slice(self, key: str, index: int) -> SliceImage:
        """A slice in the plane of the recipe. Raises as ``app.imaging.slices.load_slice``."""
        series, plane = self._sources[key], self._recipe.plane
        if self.found.get(key, {}).get("state") == DEFACED:
            covered = self._of(key).slice(index, plane)
            if covered is not None:
                return covered
        return slices.load_slice(series, index, plane)

    def _of(self, key: str) -> Covered:
        if self._covered is None or self._covered[0] != key:
            series = self._sources[key]
            self._covered = key, Covered(series, self._heads.of(series).masks)
        return self._covered[1]


def counted(data: PreparedImages) -> dict[str, int]:
    """What became of faces in the originals of prepared pictures: state to series."""
    return tally(outcome["state"] for outcome in data.facts.faces.values())


def tell(data: PreparedImages, channel: Channel) -> None:
    """Say of how many series nobody knows whether they show a face."""
    unsure = [outcome["why"] for outcome in data.facts.faces.values() if outcome["state"] == NOT_CHECKED]
    if unsure:
        common = max(sorted(set(unsure)), key=unsure.count)
        channel.notice("faces-unchecked", count=len(unsure), reason=common)


def _showing(sources: Mapping[str, Series]) -> list[str]:
    return [key for key, series in sources.items() if may_show_a_face(series.kind, series.modality)]

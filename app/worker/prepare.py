"""Preparing: a cohort's slices decoded, defaced, windowed and resampled once, kept as arrays that a model can map.

The cache's name is a hash of everything that the arrays depend on, so a changed cohort, recipe or source makes a new
folder and nothing has to be cleaned up for correctness.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from app.domain.cohort import Cohort, Item
from app.domain.errors import Refused
from app.domain.recipe import Recipe
from app.domain.study import Series
from app.imaging import preparing
from app.imaging.content import SliceImage
from app.jobs.spec import JobSpec
from app.store.cohorts import Cohorts
from app.store.library import Library
from app.store.project import Project
from app.worker.channel import Channel
from app.worker.heads import Faceless, tell, way_of_looking
from models.data.prepared import UNLABELLED, AttributeFacts, PreparedFacts, PreparedImages

FORMAT = 1
"""Raised when this module prepares the same recipe differently."""
WINDOW_SLICES = 24
"""Slices that an automatic window is measured on."""

Window = tuple[float, float]


def run(spec: JobSpec, channel: Channel) -> dict[str, Any]:
    """Prepare the cohort ``params["cohort"]``; the result names the folder, relative to the project."""
    project = Project.open(Path(spec.project))
    try:
        cohort = Cohorts(project).load(spec.params["cohort"])
        folder = ensure_prepared(project, cohort, channel)
        tell(PreparedImages.open(folder), channel)
        return {
            "cohort": cohort.name,
            "prepared": folder.relative_to(project.root).as_posix(),
            "images": len(cohort.items),
        }
    finally:
        project.close()


def ensure_prepared(project: Project, cohort: Cohort, channel: Channel) -> Path:
    """Folder with the prepared arrays of ``cohort`` (``models.data.prepared``), made now unless it is there.

    Images stand in the order of ``cohort.items``; their source is "<series key>/<slice>".

    Raises:
        Failed: ``source-missing``, ``source-damaged``: names the file.
        Refused: ``plane-unavailable``, ``spacing-unknown``; ``learnt-images-deleted``: it is what a run learnt, with
            a patient who was deleted since.
        Stopped: nothing is left behind.
    """
    if any(item.deleted for item in cohort.items):
        raise Refused("learnt-images-deleted")
    library = Library(project)
    sources = {key: library.series(key) for key in dict.fromkeys(item.series for item in cohort.items)}
    folder = project.cache / "prepared" / _fingerprint(cohort, sources)
    if not (folder / "prepared.json").exists():
        faceless = Faceless(project, cohort.recipe, sources)
        faceless.look(channel)
        images, facts = _prepared(cohort, sources, faceless, channel)
        channel.check()
        PreparedImages.write(folder, images, facts)
    return folder


def _fingerprint(cohort: Cohort, sources: Mapping[str, Series]) -> str:
    """Hash of all that the arrays depend on; the cohort's name is no part of it.

    Where no face is looked for it is the hash of ever: a kept run must find what it learnt.
    """
    hashes = {key: [[i.sha256, i.index] for i in one.instances] for key, one in sources.items()}
    items = [
        [i.series, i.index, i.label, i.split, i.patient, *([dict(i.attributes)] if i.attributes else [])]
        for i in cohort.items
    ]
    recipe = {name: value for name, value in cohort.recipe.to_json().items() if name != "deface"}
    looked = way_of_looking(cohort.recipe, sources)
    content = json.dumps([FORMAT, recipe, items, hashes, *([{"faces": looked}] if looked else [])], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:24]


def _prepared(
    cohort: Cohort, sources: Mapping[str, Series], faceless: Faceless, channel: Channel
) -> tuple[np.ndarray[Any, np.dtype[np.float32]], PreparedFacts]:
    windows = _Windows(cohort, sources, faceless, channel)
    size = cohort.recipe.size
    images = np.empty((len(cohort.items), 1, size, size), dtype=np.float32)
    spacings: list[Window | None] = [None] * len(cohort.items)
    used: list[Window] = [(0.0, 1.0)] * len(cohort.items)
    channel.phase("Preparing images")
    for done, (number, item) in enumerate(_by_series(cohort.items)):
        channel.check()
        channel.progress(done, len(cohort.items))
        window = windows.of(item.series)
        made = _made(cohort.recipe, sources[item.series], faceless.slice(item.series, item.index), window)
        images[number, 0], spacings[number], used[number] = made.pixels, made.spacing_mm, made.window
    channel.progress(len(cohort.items), len(cohort.items))
    return images, replace(_facts(cohort, spacings, used), faces=faceless.found)


def _by_series(items: Sequence[Item]) -> list[tuple[int, Item]]:
    """Items with their numbers, slices of one series after each other (a volume is then stacked once)."""
    groups: dict[str, list[tuple[int, Item]]] = defaultdict(list)
    for number, item in enumerate(items):
        groups[item.series].append((number, item))
    return [pair for group in groups.values() for pair in group]


def _made(recipe: Recipe, series: Series, image: SliceImage, window: Window) -> preparing.Prepared:
    try:
        return preparing.apply_recipe(image, recipe, window)
    except Refused as error:
        raise Refused(error.code, **{**error.facts, "path": series.instances[0].path}) from error


def _facts(cohort: Cohort, spacings: Sequence[Window | None], windows: Sequence[Window]) -> PreparedFacts:
    numbers = {name: number for number, name in enumerate(cohort.classes)}
    patients = {name: number for number, name in enumerate(sorted({item.patient for item in cohort.items}))}
    attributes = cohort.attributes
    return PreparedFacts(
        classes=cohort.classes,
        labels=tuple(numbers.get(item.label, UNLABELLED) for item in cohort.items),
        split=tuple(item.split for item in cohort.items),
        groups=tuple(patients[item.patient] for item in cohort.items),
        sources=tuple(f"{item.series}/{item.index}" for item in cohort.items),
        recipe=cohort.recipe.to_json(),
        pixel_spacing_mm=tuple(spacings),
        windows=tuple(windows),
        attributes=tuple(AttributeFacts(one.name, one.values, one.low, one.high) for one in attributes),
        values=tuple(tuple(one.place(item.attributes.get(one.name)) for one in attributes) for item in cohort.items),
    )


class _Windows:
    """The window of every series: the recipe's own, one for all CT, or each series' own.

    CT shares one, as its values mean the same everywhere; it is measured on training slices only, so that nothing of
    the held-out patients flows into training.
    """

    def __init__(self, cohort: Cohort, sources: Mapping[str, Series], faceless: Faceless, channel: Channel) -> None:
        self._cohort = cohort
        self._sources = sources
        self._faceless = faceless
        self._channel = channel
        self._items: dict[str, list[Item]] = defaultdict(list)
        for item in cohort.items:
            self._items[item.series].append(item)
        self._found: dict[str, Window] = {}

    def of(self, key: str) -> Window:
        """Window of a series."""
        fixed = self._cohort.recipe.window.limits()
        if fixed is not None:
            return fixed
        series = self._sources[key]
        shared = "HU" if series.unit == "HU" else key
        if shared not in self._found:
            items = self._training_ct() if shared == "HU" else self._items[key]
            self._found[shared] = self._measured(items, series)
        return self._found[shared]

    def _training_ct(self) -> list[Item]:
        ct = [item for item in self._cohort.items if self._sources[item.series].unit == "HU"]
        return [item for item in ct if item.split == "train"] or ct

    def _measured(self, items: Sequence[Item], series: Series) -> Window:
        if preparing.has_full_range(series):
            return preparing.auto_window([], series)
        chosen = items[:: max(1, len(items) // WINDOW_SLICES)]
        images = []
        for item in chosen:
            self._channel.check()
            images.append(self._faceless.slice(item.series, item.index))
        return preparing.auto_window(images, series)

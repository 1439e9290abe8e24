"""Services without files, database or processes, for tests of the window: answers are made up, calls are kept.

The signatures are those of ``app.services``; ``tests/e2e`` walks the same pages over the real ones.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from app.domain.cohort import SPLITS, Cohort, Item
from app.domain.errors import BadUsage, Refused
from app.domain.export import ExportPlan, ExportRequest
from app.domain.recipe import Plane, Recipe
from app.domain.study import Instance, Quarantined, Series, SeriesLine, SourceKind, Study
from app.imaging.content import SliceImage
from app.jobs.messages import Finished, Message
from app.jobs.outcome import Outcome
from app.jobs.spec import JobSpec
from app.store.exports import Chain

ROWS, COLUMNS = 40, 20
SPACING = (1.0, 2.0)
"""Twice as wide as high in pixels' size: a slice is square on the screen only where the spacing is honoured."""


def series(key: str, *, slices: int = 5, folder: str = "/images/a", unit: str = "HU", **changes: Any) -> Series:
    kind = changes.pop("kind", SourceKind.DICOM)
    instances = tuple(
        Instance(f"{folder}/{key}-{i}.dcm", 0, float(i), f"1.2.{i}", "", ROWS, COLUMNS) for i in range(slices)
    )
    values: dict[str, Any] = {"modality": "CT", "description": f"Chest {key}", "tags": {"BodyPartExamined": "CHEST"}}
    values |= {"warnings": (), **changes}
    return Series(
        key, kind, folder=folder, spacing_mm=(1.0, 2.0, 5.0), orientation=(), unit=unit, bits=12,
        instances=instances, **values,
    )  # fmt: skip


def study(key: str, *members: Series, label: str = "", patient: str = "") -> Study:
    return Study(key, patient or f"patient-{key}", True, label or f"Study {key}", "2020-01-02", members)


def line_of(of: Study, one: Series, **changes: Any) -> SeriesLine:
    """What a list shows of a series."""
    first = one.instances[0] if one.instances else None
    values: dict[str, Any] = {
        "images": len(one.instances),
        "unchecked": 0,
        "rows": first.rows if first else 0,
        "columns": first.columns if first else 0,
        "body_part": one.tags.get("BodyPartExamined", ""),
        "warnings": one.warnings,
        "apart": one.apart,
        "attributes": one.tags,
    }
    return SeriesLine(
        one.key, one.kind, of.key, of.patient, of.patient_known, of.label, of.date, one.modality, one.description,
        one.folder, **(values | changes),
    )  # fmt: skip


def two_classes(patients: int = 12, slices: int = 3) -> list[Study]:
    """Studies in two folders, "nodule" and "normal"."""
    names = ["nodule", "normal"]
    return [
        study(f"s{i}", series(f"k{i}", slices=slices, folder=f"/images/{names[i % 2]}"), label=f"CT chest {i}")
        for i in range(patients)
    ]


@dataclass
class FakeJob:
    """A job that a test drives: ``say`` and ``end`` are called by the test, from any thread."""

    spec: JobSpec
    on_message: Callable[[Message], None] | None
    on_outcome: Callable[[Outcome], None] | None
    id: str
    asked: list[str] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)
    stop_ends: bool = True

    def say(self, message: Message) -> None:
        if self.on_message is not None:
            self.on_message(message)

    def end(self, state: str = "done", result: dict[str, Any] | None = None, code: str = "", **facts: Any) -> None:
        self.say(Finished(state, result or {}))
        if self.on_outcome is not None:
            self.on_outcome(Outcome(state, result or {}, code, facts))

    def stop(self) -> None:
        self.asked.append("stop")
        if self.stop_ends:
            self.end("stopped", code="stopped")

    def send(self, message: Message) -> None:
        self.sent.append(message)


class Jobs:
    """Makes fake jobs and keeps them, newest last."""

    def __init__(self) -> None:
        self.started: list[FakeJob] = []
        self._numbers = itertools.count(1)

    def start(self, kind: str, params: dict[str, Any], on_message: Any, on_outcome: Any) -> FakeJob:
        name = f"{kind}-{next(self._numbers)}"
        job = FakeJob(JobSpec(kind, "/project", f"/project/jobs/{name}", params), on_message, on_outcome, name)
        self.started.append(job)
        return job


class FakeIntake:
    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    def start(self, paths: Sequence[Path], *, on_message: Any = None, on_outcome: Any = None) -> FakeJob:
        return self._jobs.start("import", {"paths": [str(path) for path in paths]}, on_message, on_outcome)

    def start_sample_project(self, *, on_message: Any = None, on_outcome: Any = None) -> FakeJob:
        return self._jobs.start("sample-project", {}, on_message, on_outcome)


class FakeCatalogue:
    """``held`` is the library; slice ``i`` of a series is filled with the value ``i``, except its corner (0, 0)."""

    def __init__(self, jobs: Jobs, held: Sequence[Study] = ()) -> None:
        self._jobs = jobs
        self.held = list(held)
        self.aside: list[Quarantined] = []
        self.given: dict[tuple[str, int | None], str] = {}
        self.asked: list[tuple[str, int]] = []
        self.removed: list[str] = []
        self.previewed: list[tuple[str, int, Recipe]] = []
        self.broken: set[int] = set()
        self.tags: dict[str, set[str]] = {}
        self.unchecked: dict[str, int] = {}

    def lines(self) -> list[SeriesLine]:
        given = {key: (label,) for (key, index), label in self.given.items() if index is None}
        return [
            line_of(
                study, one, labels=given.get(one.key, ()), tags=tuple(sorted(self.tags.get(one.key, ()))),
                unchecked=self.unchecked.get(one.key, 0), added=number,
            )
            for number, study in enumerate(self.held) for one in study.series
        ]  # fmt: skip

    def counts(self) -> dict[str, int]:
        return {"studies": len(self.held)}

    def tag(self, series_keys: Sequence[str], *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        for key in series_keys:
            self.tags[key] = (self.tags.get(key, set()) | set(add)) - set(remove)

    def studies(self) -> list[Study]:
        return list(self.held)

    def series(self, key: str) -> Series:
        found = next((one for study in self.held for one in study.series if one.key == key), None)
        if found is None:
            raise BadUsage("unknown-series", series=key)
        return found

    def thumbnail(self, series_key: str) -> Path | None:
        return None

    def siblings(self, key: str) -> list[Series]:
        return next((list(study.series) for study in self.held for one in study.series if one.key == key), [])

    def slice_count(self, series_key: str, plane: Plane = Plane.NATIVE) -> int:
        return len(self.series(series_key).instances)

    def slice(self, series_key: str, index: int, plane: Plane = Plane.NATIVE) -> SliceImage:
        self.asked.append((series_key, index))
        if index in self.broken:
            raise Refused("damaged-file", detail="it ends too early")
        pixels = np.full((ROWS, COLUMNS), index, np.float32)
        pixels[0, 0] = -1000
        return SliceImage(pixels, SPACING, (-100.0, 300.0))

    def preview(self, series_key: str, index: int, recipe: Recipe) -> np.ndarray:
        self.previewed.append((series_key, index, recipe))
        return np.full((recipe.size, recipe.size), 40 + 20 * (index % 5), np.uint8)

    def quarantined(self) -> list[Quarantined]:
        return list(self.aside)

    def dismiss(self, path: str) -> None:
        self.aside = [one for one in self.aside if one.path != path]

    def retry(self, paths: Sequence[str], *, on_message: Any = None, on_outcome: Any = None) -> FakeJob:
        return self._jobs.start("import", {"paths": [str(path) for path in paths]}, on_message, on_outcome)

    def remove_study(self, key: str) -> None:
        self.removed.append(key)
        self.held = [study for study in self.held if study.key != key]

    def set_label(self, series_key: str, index: int | None, label: str) -> None:
        self.given[series_key, index] = label

    def labels(self) -> dict[tuple[str, int | None], str]:
        return dict(self.given)


class FakeCohorts:
    """Splits patients one after another; keeps what it was asked."""

    def __init__(self, catalogue: FakeCatalogue) -> None:
        self._catalogue = catalogue
        self.saved: dict[str, Cohort] = {}
        self.asked: list[dict[str, Any]] = []
        self.refuse: Refused | None = None

    def draft(
        self, name: str, recipe: Recipe, *, label_by: str = "folder", split: str = "70/15/15",
        under: Sequence[Path] = (), series: Sequence[str] = (), seed: int = 0,
        attributes: Sequence[str] = (), unlabelled: bool = False,
    ) -> Cohort:  # fmt: skip
        self.asked.append({
            "label_by": label_by, "split": split, "under": under, "series": series, "recipe": recipe,
            "attributes": attributes, "unlabelled": unlabelled,
        })  # fmt: skip
        if self.refuse is not None:
            raise self.refuse
        items = []
        for number, study in enumerate(self._catalogue.studies()):
            for one in study.series:
                if series and one.key not in series:
                    continue
                label = self._label(label_by, one)
                split_name = SPLITS[number % len(SPLITS)]
                known = {"Sex": "FM"[number % 2], "Age": 40.0 + number} if attributes else {}
                items += [
                    Item(one.key, i, label, split_name if label else "train", study.patient, instance.path, known)
                    for i, instance in enumerate(one.instances)
                    if label or unlabelled
                ]
        return Cohort(name, recipe, tuple(items), True, ("One class has a single patient.",))

    def _label(self, label_by: str, one: Series) -> str:
        if label_by == "hand":
            return self._catalogue.given.get((one.key, None), "")
        if label_by.startswith("tag:"):
            return one.tags.get(label_by[4:], "")
        return Path(one.folder).name

    def make(self, name: str, recipe: Recipe, **options: Any) -> Cohort:
        self.saved[name] = self.draft(name, recipe, **options)
        return self.saved[name]

    def names(self) -> list[str]:
        return sorted(self.saved)

    def load(self, name: str) -> Cohort:
        return self.saved[name]

    def delete(self, name: str) -> None:
        del self.saved[name]

    def verdict(self, cohort: Cohort) -> str:
        return f"{len(cohort.items)} images can support a first try."


class Empty:
    """A service with nothing in it yet."""

    def runs(self) -> list[Any]:
        return []

    def sets(self) -> list[Any]:
        return []

    def records(self) -> list[Any]:
        return []

    def verify_log(self) -> Chain:
        return Chain(0, None, "")

    def plan(self, _request: ExportRequest) -> ExportPlan:
        return ExportPlan(0, {}, {}, 0)


class FakeServices:
    """All services of one project."""

    def __init__(self, held: Sequence[Study] = ()) -> None:
        self.jobs = Jobs()
        self.intake = FakeIntake(self.jobs)
        self.catalogue = FakeCatalogue(self.jobs, held)
        self.cohorts = FakeCohorts(self.catalogue)
        self.training = self.generation = self.audits = self.exports = Empty()
        self.closed = False

    def close(self) -> None:
        self.closed = True

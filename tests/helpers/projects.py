"""A project with a prepared cohort and a hand-made sample set: the road up to the audit, without any training.

The sources are CT files full of planted identifiers; the generated pictures are further draws of the same kind, and
as many exact copies of training images as a test asks for.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.cohort import Cohort
from app.domain.recipe import Recipe, Window
from app.domain.run import RunRecord
from app.domain.sample_set import Sample, SampleSetRecord
from app.imaging import reader, series
from app.services.cohorts import Cohorts
from app.store import cohorts as cohort_store
from app.store.folders import write_json
from app.store.library import Library
from app.store.project import Project
from app.worker.channel import RecordingChannel
from app.worker.prepare import ensure_prepared
from models.data.prepared import PreparedImages
from tests.helpers.libraries import put
from tests.helpers.planted import planted_ct

CLASSES = ("clear", "nodule")
LOW, HIGH = -100, 900
SECRET = b"the same patients fall into the same splits in every test run"


@dataclass(frozen=True, slots=True)
class Ground:
    """A project folder and what was put into it."""

    root: Path
    cohort: Cohort
    sources: tuple[Path, ...]
    samples: str


def make_ground(folder: Path, *, patients: int = 40, per_class: int = 8, copies: int = 0, size: int = 32) -> Ground:
    """Build it: ``patients`` in two classes, one slice each, and ``per_class`` generated pictures per class.

    Args:
        folder: where sources and project go.
        patients: invented patients.
        per_class: pictures of each class in the sample set.
        copies: how many of the pictures of the first class are copies of training images.
        size: of the pictures.
    """
    random = np.random.default_rng(0)
    sources = []
    for number in range(patients):
        label = CLASSES[number % 2]
        (folder / "in" / label).mkdir(parents=True, exist_ok=True)
        pixels = draw(random, label, size)
        sources.append(planted_ct(folder / "in" / label / f"p{number}.dcm", pixels=pixels, number=number))
    project = Project.create(folder / "project")
    try:
        library = Library(project)
        put(library, series.group((reader.read(path) for path in sources), SECRET))
        recipe = Recipe(size=size, window=Window("manual", (LOW + HIGH) / 2, HIGH - LOW), deface=False)
        cohort = Cohorts(project, library).make("trial", recipe, split="50/10/40")
        samples = _samples(project, cohort, random, per_class=per_class, copies=copies)
    finally:
        project.close()
    return Ground(project.root, cohort, tuple(sources), samples)


def draw(random: np.random.Generator, label: str, size: int) -> NDArray[np.int16]:
    """A slice of a class: noise with a wide soft spot, and a bright nodule in one of the classes."""
    rows, columns = np.mgrid[:size, :size] / size
    x, y = random.uniform(0.3, 0.7, 2)
    picture = 350 * np.exp(-((rows - x) ** 2 + (columns - y) ** 2) / 0.05)
    if label == "nodule":
        picture += 450 * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 0.008)
    picture += random.normal(150, 60, (size, size))
    return np.clip(picture, 0, 900).astype(np.int16)


def _samples(project: Project, cohort: Cohort, random: np.random.Generator, *, per_class: int, copies: int) -> str:
    prepared = ensure_prepared(project, cohort, RecordingChannel())
    data = PreparedImages.open(prepared)
    labels = [name for name in CLASSES for _ in range(per_class)]
    stored = np.stack([draw(random, name, data.size) for name in labels]).astype(np.float32) - 100
    images = np.clip((stored - LOW) / (HIGH - LOW) * 2 - 1, -1, 1)[:, None].astype(np.float32)
    alike = [int(i) for i in data.subset("train") if data.labels[i] == 0]
    for position in range(copies):
        images[position] = data.images([alike[position]])[0]
    run = RunRecord(
        id="run-1",
        cohort=cohort.name,
        prepared=prepared.relative_to(project.root).as_posix(),
        family="handmade",
        reason="A test.",
        budget_s=None,
        steps=1,
        seed=0,
        device="cpu",
        created="2026-01-01T00:00:00+00:00",
        recipe=cohort.recipe.to_json(),
        classes=cohort.classes,
    )
    (project.runs / run.id).mkdir()
    write_json(project.runs / run.id / "run.json", run.to_json())
    write_json(project.runs / run.id / "cohort.json", cohort_store.to_json(cohort))
    return write_samples(project, images, labels)


def write_samples(project: Project, images: NDArray[np.float32], labels: list[str]) -> str:
    """Leave a sample set of ``run-1``."""
    record = SampleSetRecord(
        id="samples-1",
        run="run-1",
        checkpoint="step-1.safetensors",
        checkpoint_sha256=hashlib.sha256(b"weights").hexdigest(),
        steps=None,
        guidance=None,
        seed=100,
        created="2026-01-01T00:00:00+00:00",
        screened_out=0,
        window=(float(LOW), float(HIGH)),
        pixel_spacing_mm=(0.8, 0.8),
        samples=tuple(Sample(n, label, 100 + n) for n, label in enumerate(labels)),
    )
    folder = project.samples / record.id
    folder.mkdir()
    np.save(folder / "images.npy", images)
    write_json(folder / "samples.json", record.to_json())
    return record.id


def throw_out(project: Project, record: SampleSetRecord, numbers: set[int]) -> None:
    """Throw pictures out by hand, as the Generate room does."""
    samples = tuple(replace(one, kept=one.number not in numbers) for one in record.samples)
    write_json(project.samples / record.id / "samples.json", replace(record, samples=samples).to_json())

"""Where a patient shows up in a project: in the library, in cohorts, and in what was made from them. Reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from app.domain.audit import AuditRecord
from app.domain.cohort import Cohort, Item
from app.domain.export import ExportRecord
from app.domain.run import RunRecord
from app.domain.sample_set import SampleSetRecord
from app.domain.study import SeriesLine
from app.services.history import COHORT, RECORD
from app.services.lineage import ancestors
from app.store import audits as audit_store
from app.store import cohorts as cohort_store
from app.store.files import Files
from app.store.folders import read_events, read_json
from app.store.library import Library
from app.store.project import Project


@dataclass(frozen=True, slots=True)
class Subject:
    """How a patient is told in the records of a project.

    Attributes:
        patient: keyed hash.
        stand_in: what stands for them in records that stay; "" before they are deleted.
        series: keys of their series in the library.
        paths: their files, wherever they lie.
    """

    patient: str
    stand_in: str
    series: frozenset[str]
    paths: tuple[str, ...]

    def is_shown(self, item: Item) -> bool:
        """Whether an item of a cohort shows them, before or after their deletion."""
        return item.patient in (self.patient, self.stand_in) or item.series in self.series


@dataclass(frozen=True, slots=True)
class LearntFrom:
    """A run whose cohort, or that of a run that it began with, holds images of the patient.

    Attributes:
        run: its id.
        cohort, created: as in its record.
        images: how many images of the patient, by split ("train", "val", "test").
    """

    run: str
    cohort: str
    created: str
    images: dict[str, int]


@dataclass(frozen=True, slots=True)
class Traces:
    """Everything that shows or was made from a patient.

    Attributes:
        series: their series as lists show them.
        runs: runs that hold their images, newest first; each is a model that may remember them.
        samples: ids of sample sets drawn from runs that learnt from them.
        audits: ids of audits that show their pictures beside generated ones.
        cohorts: names of the cohorts that hold their images.
        exports: folders that real images of such a cohort were exported to.
        copies: their files that lie inside the project (from archives, or the sample project).
        originals: folders outside the project that hold their files; deleting leaves these alone.
    """

    series: tuple[SeriesLine, ...]
    runs: tuple[LearntFrom, ...]
    samples: tuple[str, ...]
    audits: tuple[str, ...]
    cohorts: tuple[str, ...]
    exports: tuple[str, ...]
    copies: int
    originals: tuple[str, ...]


def subject(project: Project, patient: str, stand_in: str = "") -> Subject:
    """Who is meant, as the library has them now."""
    mine = frozenset(line.key for line in Library(project).lines() if line.patient == patient)
    return Subject(patient, stand_in, mine, tuple(Files(project).of_patient(patient)))


def traces(project: Project, who: Subject) -> Traces:
    """Look through the whole project."""
    runs = learnt_from(project, who)
    trained = {one.run for one in runs if one.images.get("train")}
    samples = [record.id for record in sample_sets(project) if record.run in trained]
    cohorts = [name for name in cohort_names(project) if any(map(who.is_shown, _cohort(project, name).items))]
    inside, outside = _inside_and_outside(project, who.paths)
    return Traces(
        series=tuple(line for line in Library(project).lines() if line.patient == who.patient),
        runs=runs,
        samples=tuple(samples),
        audits=tuple(one.id for one in audit_store.audit_records(project) if one.samples in samples),
        cohorts=tuple(cohorts),
        exports=tuple(_exports(project, {*cohorts, *(one.cohort for one in runs)})),
        copies=len(inside),
        originals=tuple(sorted({str(Path(path).parent) for path in outside})),
    )


def learnt_from(project: Project, who: Subject) -> tuple[LearntFrom, ...]:
    """The runs whose cohort holds images of the patient, and those that began with one of them, newest first."""
    own = {
        folder: Counter(item.split for item in cohort.items if who.is_shown(item))
        for folder, cohort in run_cohorts(project)
    }
    found = []
    for folder, shown in own.items():
        behind = sum(own.get(run, Counter[str]())["train"] for run in ancestors(folder))
        images = shown | Counter(train=behind)
        if images:
            record = RunRecord.from_json(read_json(folder / RECORD))
            found.append(LearntFrom(folder.name, record.cohort, record.created, dict(images)))
    return tuple(sorted(found, key=lambda one: (one.created, one.run), reverse=True))


def run_cohorts(project: Project) -> list[tuple[Path, Cohort]]:
    """Every run's folder, with what it learnt from."""
    paths = sorted(project.runs.glob(f"[!.]*/{COHORT}"))
    return [(path.parent, cohort_store.from_json(read_json(path))) for path in paths]


def sample_sets(project: Project) -> list[SampleSetRecord]:
    """All sample sets."""
    paths = sorted(project.samples.glob(f"[!.]*/{audit_store.SAMPLES_FILE}"))
    return [SampleSetRecord.from_json(read_json(path)) for path in paths]


def audits_of(project: Project, run: str) -> list[AuditRecord]:
    """The audits of every sample set of a run."""
    samples = {record.id for record in sample_sets(project) if record.run == run}
    return [record for record in audit_store.audit_records(project) if record.samples in samples]


def cohort_names(project: Project) -> list[str]:
    """The cohorts of the project."""
    return cohort_store.Cohorts(project).names()


def program_made(project: Project) -> tuple[Path, ...]:
    """Folders of sources inside the project that the program itself wrote; any other file is a person's own."""
    return project.root / "sources", project.root / "sample"


def _inside_and_outside(project: Project, paths: Collection[str]) -> tuple[list[str], list[str]]:
    made = program_made(project)
    inside = [path for path in paths if any(Path(path).is_relative_to(folder) for folder in made)]
    return inside, sorted({*paths} - {*inside})


def _cohort(project: Project, name: str) -> Cohort:
    return cohort_store.Cohorts(project).load(name)


def _exports(project: Project, cohorts: Collection[str]) -> list[str]:
    records = [ExportRecord.from_json(line) for line in read_events(project.exports_log)]
    return sorted({record.out for record in records if record.real_per_class and record.cohort in cohorts})

"""A patient is deleted everywhere, in a project with a run, a sample set, an audit, an unpacked archive, a backup."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from app import compose
from app.compose import Services
from app.domain.audit import AuditRecord
from app.domain.cohort import DELETED
from app.domain.errors import BadUsage, Failed, Refused
from app.domain.study import Quarantined
from app.jobs.spec import JobSpec
from app.services import erasing
from app.services import patients as door
from app.services.history import COHORT, LOCK
from app.store import cohorts as cohort_store
from app.store import erasing as rows
from app.store.files import Files
from app.store.folders import append_event, read_json, write_json
from app.store.library import Library
from app.worker.audit_subject import load_subject
from app.worker.channel import RecordingChannel
from tests.helpers.in_process import HeldRunner
from tests.helpers.projects import Ground


@dataclass(frozen=True)
class Told:
    """Who is deleted, and by which words they could be told."""

    patient: str
    other: str
    words: tuple[str, ...]
    original: Path
    copy: Path
    nearest: tuple[tuple[int, int, float], ...]


@pytest.fixture
def services(ground: Ground) -> Iterator[Services]:
    opened = compose.open_project(ground.root, HeldRunner())
    yield opened
    opened.close(0)


@pytest.fixture
def told(services: Services, ground: Ground) -> Told:
    """A patient with one slice, unpacked from an archive, whose picture the audit shows beside a copy of it."""
    record = AuditRecord.from_json(read_json(ground.root / "audits" / "audit-1" / "audit.json"))
    _, index, _ = record.nearest[0]
    item = ground.cohort.items[index]
    archive = ground.root / "sources" / "cd-12ab34cd"
    copy = archive / "DOE" / "1.dcm"
    copy.parent.mkdir(parents=True)
    shutil.copy(item.source, copy)
    (archive / "report.pdf").write_bytes(b"what came with them")
    _move(services, item.source, copy)
    library = Library(services.project)
    library.set_aside([Quarantined(str(archive / "report.pdf"), "not-a-picture", "A document.")])
    for line in library.lines():
        (services.project.thumbnails / f"{line.key}.png").write_bytes(b"a picture")
    (services.project.thumbnails / "earlier-key.png").write_bytes(b"a picture")
    append_event(ground.root / "runs" / "run-1" / "events.jsonl", {"event": "failed", "path": str(copy)})
    job = ground.root / "cache" / "jobs" / "import-1"
    job.mkdir(parents=True)
    (job / "SPEC.json").write_text(json.dumps({"paths": [str(copy)]}))
    with closing(sqlite3.connect(services.project.database)) as source:
        source.execute(f"VACUUM INTO '{ground.root / 'project-0002-2026-01-01T000000.backup'}'")
    other = next(one.patient for one in ground.cohort.items if one.patient != item.patient)
    return Told(item.patient, other, (item.patient, item.series, "DOE/1.dcm"), Path(item.source), copy, record.nearest)


def _move(services: Services, before: str, after: Path) -> None:
    library, files = Library(services.project), Files(services.project)
    study = next(s for s in library.studies() if s.series[0].instances[0].path == before)
    (series,) = study.series
    library.replace_study(
        replace(study, series=(replace(series, instances=(replace(series.instances[0], path=str(after)),)),))
    )
    files.remove([before])
    library.replace_study(library.studies()[[s.key for s in library.studies()].index(study.key)])


def leaks(root: Path, told: Told) -> list[str]:
    """Every file of the project that still tells of the patient."""
    words = [word.encode() for word in told.words]
    found = [path for path in root.rglob("*") if path.is_file()]
    return [f"{path.relative_to(root)}: {word!r}" for path in found for word in words if word in path.read_bytes()]


def pictures_in(page: Path) -> int:
    return len(re.findall("data:image", page.read_text()))


def assert_gone(root: Path, told: Told) -> None:
    assert leaks(root, told) == []
    assert not told.copy.exists()
    assert not (root / "sources").exists(), "what else came in the archive goes with them"
    assert not list((root / "cache").glob("prepared/*"))
    assert not (root / "cache" / "thumbnails" / "earlier-key.png").exists()
    assert not (root / "audits" / "audit-1" / "pairs" / f"{told.nearest[0][0]}.png").exists()
    assert pictures_in(root / "audits" / "audit-1" / "report.html") == 2, "its plots, and no picture of anybody"
    assert told.original.exists(), "files outside the project are never touched"


def test_what_a_person_is_told_before(services: Services, told: Told, ground: Ground) -> None:
    found = services.patients.traces(told.patient)
    assert [line.key for line in found.series] == [told.words[1]]
    (run,) = found.runs
    assert (run.run, run.cohort, run.images) == ("run-1", "trial", {"train": 1})
    assert (found.samples, found.audits, found.cohorts) == (("samples-1",), ("audit-1",), ("trial",))
    assert (found.copies, found.originals, found.exports) == (1, (), ())
    other = services.patients.traces(told.other)
    assert other.copies == 0
    assert len(other.originals) == 1
    assert set(other.originals) <= {str(path.parent) for path in ground.sources}
    with pytest.raises(BadUsage, match="no such patient"):
        services.patients.traces("nobody")


def test_nothing_of_a_deleted_patient_is_left(services: Services, told: Told, ground: Ground) -> None:
    assert len(leaks(ground.root, told)) >= 5
    others = len(services.catalogue.lines()) - 1
    done = services.patients.delete(told.patient)
    assert (done.series, done.images, done.copies, done.runs, done.audits) == (1, 1, 1, 1, 1)
    assert (done.cohorts, done.originals) == (("trial",), ())
    assert_gone(ground.root, told)
    assert len(services.catalogue.lines()) == others
    assert len(list(services.project.thumbnails.iterdir())) == others
    assert services.catalogue.quarantined() == []
    assert not services.patients.unfinished()
    with pytest.raises(BadUsage, match="no such patient"):
        services.patients.delete(told.patient)


def test_records_of_what_was_done_stay_without_them(services: Services, told: Told, ground: Ground) -> None:
    before = cohort_store.from_json(read_json(ground.root / "runs" / "run-1" / COHORT))
    services.patients.delete(told.patient)
    after = cohort_store.from_json(read_json(ground.root / "runs" / "run-1" / COHORT))
    assert (after.counts(), after.patients()) == (before.counts(), before.patients())
    (blank,) = [item for item in after.items if item.deleted]
    assert blank.patient.startswith(DELETED)
    assert (blank.source, blank.series) == ("", blank.patient)
    assert services.patients.learnt_from_deleted("run-1") == 1
    assert (ground.root / "audits" / "audit-1" / "audit.json").exists()
    pairs = {int(path.stem) for path in (ground.root / "audits" / "audit-1" / "pairs").iterdir()}
    assert pairs == {number for number, index, _ in told.nearest if not after.items[index].deleted}
    kept = services.cohorts.load("trial")
    assert len(kept.items) == len(before.items) - 1
    assert kept.notices[-1] == "1 image of a deleted patient is no longer part of the cohort."
    with pytest.raises(Refused, match="Train again without them"):
        load_subject(services.project, "samples-1", RecordingChannel())


STEPS = [
    (erasing, "from_audits"),
    (erasing, "from_runs"),
    (erasing, "from_cache"),
    (erasing, "from_sources"),
    (erasing, "_drop_empty"),
    (rows, "erase_in_backups"),
    (rows, "erase_rows"),
    (rows, "sweep"),
    (rows, "_empty_log"),
]


class Crash(BaseException):
    """The power went out."""


@pytest.mark.parametrize("at", STEPS, ids=[name for _, name in STEPS])
def test_a_crash_only_delays(
    services: Services, told: Told, ground: Ground, monkeypatch: pytest.MonkeyPatch, at: tuple[object, str]
) -> None:
    def crash(*_: object) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(*at, crash)
        with pytest.raises(Crash):
            services.patients.delete(told.patient)
    assert services.patients.unfinished()
    services.close(0)
    again = compose.open_project(ground.root, HeldRunner())
    try:
        assert not again.patients.unfinished()
        assert again.patients.learnt_from_deleted("run-1") == 1
        assert_gone(ground.root, told)
    finally:
        again.close(0)


def test_a_file_that_cannot_be_deleted_yet(
    services: Services, told: Told, ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object) -> None:
        raise PermissionError(13, "it is open in another program")

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", locked)
        with pytest.raises(Failed, match="open in another program"):
            services.patients.delete(told.patient)
        services.patients.finish()
        assert services.patients.unfinished(), "it stays noted"
    services.patients.finish()
    assert_gone(ground.root, told)


def test_nobody_is_deleted_while_a_job_works(services: Services, told: Told, ground: Ground) -> None:
    from filelock import FileLock

    with FileLock(ground.root / "runs" / "run-1" / LOCK), pytest.raises(Refused, match="under way"):
        services.patients.delete(told.patient)
    assert not services.patients.unfinished()
    assert told.copy.exists()


def test_another_program_that_reads_delays_the_sweep(
    services: Services, told: Told, ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "_TRIES", 1)
    monkeypatch.setattr(rows, "WAIT_FOR_WRITER_S", 0.1)
    with closing(sqlite3.connect(services.project.database)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM studies").fetchone()
        with pytest.raises(Failed, match="Another program"):
            services.patients.delete(told.patient)
    assert services.patients.unfinished()
    services.patients.finish()
    assert leaks(ground.root, told) == []


def test_a_patient_of_many_cohorts_and_unknown_files_of_a_person_inside_the_project(
    services: Services, told: Told, ground: Ground
) -> None:
    mine = ground.root / "my own" / "scan.dcm"
    mine.parent.mkdir()
    shutil.move(told.copy, mine)
    _move(services, str(told.copy), mine)
    only = replace(services.cohorts.load("trial"), name="only")
    only = replace(only, items=tuple(item for item in only.items if item.patient == told.patient))
    cohort_store.Cohorts(services.project).save(only)
    done = services.patients.delete(told.patient)
    assert mine.exists(), "the program did not write it"
    assert done.originals == (str(mine.parent),)
    assert services.cohorts.names() == ["trial"], "a cohort of nobody else goes"


def test_a_run_of_others_keeps_its_pictures(services: Services, told: Told, ground: Ground) -> None:
    without = cohort_store.from_json(read_json(ground.root / "runs" / "run-1" / COHORT))
    without = replace(without, items=tuple(item for item in without.items if item.patient != told.patient))
    folder = ground.root / "runs" / "run-2"
    folder.mkdir()
    write_json(folder / COHORT, cohort_store.to_json(without))
    write_json(folder / "run.json", {**read_json(ground.root / "runs" / "run-1" / "run.json"), "id": "run-2"})
    prepared = ground.root / "cache" / "prepared" / "of-others"
    prepared.mkdir()
    write_json(prepared / "prepared.json", {"sources": [f"{item.series}/{item.index}" for item in without.items]})
    services.patients.delete(told.patient)
    assert prepared.exists()
    assert cohort_store.from_json(read_json(folder / COHORT)) == without
    assert services.patients.learnt_from_deleted("run-2") == 0


def test_jobs_of_other_projects_do_not_hinder(services: Services, told: Told, tmp_path: Path) -> None:
    job = services.runner.start(JobSpec("import", str(tmp_path / "elsewhere"), str(tmp_path / "job")))
    assert job.outcome is None
    assert services.patients.delete(told.patient).series == 1
    assert door.Deleted is type(services.patients.delete(told.other))

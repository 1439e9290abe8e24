"""Patients: see what a project holds of one and what was made from it, and delete one everywhere.

The order is the safety: what shows the patient goes first, the rows by which it is found go last, so that a crash at
any point leaves enough to finish. The next opening of the project does.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from app.domain.errors import BadUsage, Failed, Refused, UnderstudyError
from app.domain.study import SeriesLine
from app.jobs.process import Runner
from app.services import erasing
from app.services.history import RECORD, has_worker
from app.services.lineage import learnt_from_deleted
from app.services.traces import Subject, Traces, subject, traces
from app.store import erasing as rows
from app.store.files import Files
from app.store.library import Library
from app.store.places import Places
from app.store.project import Project

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Deleted:
    """What was deleted.

    Attributes:
        series, images: of the library.
        copies: files of theirs inside the project.
        runs: runs that learnt from them and keep a record of that without them.
        audits: audits that lost their pictures.
        cohorts: names of the cohorts that lost their images.
        originals: folders outside the project where the person's own files of them still lie.
    """

    series: int
    images: int
    copies: int
    runs: int
    audits: int
    cohorts: tuple[str, ...]
    originals: tuple[str, ...]


class Patients:
    """The patients of a project, each known by a keyed hash and never by name."""

    def __init__(self, project: Project, library: Library, runner: Runner) -> None:
        self._project = project
        self._library = library
        self._runner = runner

    def series(self, patient: str) -> list[SeriesLine]:
        """The series of a patient."""
        return [line for line in self._library.lines() if line.patient == patient]

    def traces(self, patient: str) -> Traces:
        """What shows them and what was made from them: what a person should know before deleting them.

        Raises:
            BadUsage: ``unknown-patient``.
        """
        return traces(self._project, self._known(patient))

    def delete(self, patient: str) -> Deleted:
        """Delete a patient everywhere in the project. Files outside it, and a person's own inside it, stay.

        Gone are studies, labels, tags, thumbnails, prepared pictures, files out of archives, pictures in audits, items
        of cohorts, all remains of jobs, and the bytes of the rows in the database and in its backups. A run that
        learnt from them stays a record with a random stand-in in their place (see ``learnt_from_deleted``).

        Raises:
            BadUsage: ``unknown-patient``.
            Refused: ``patient-busy``: a job works on the project.
            Failed: ``delete-unfinished``, ``database-in-use``: it is finished when the project is opened next.
        """
        self._refuse_busy()
        before = traces(self._project, self._known(patient))
        rows.begin(self._project, patient)
        copies, runs, audits = self._finish(patient)
        rows.sweep(self._project)
        return Deleted(
            series=len(before.series),
            images=sum(line.images for line in before.series),
            copies=copies,
            runs=runs,
            audits=audits,
            cohorts=before.cohorts,
            originals=before.originals,
        )

    def learnt_from_deleted(self, run_id: str) -> int:
        """How many patients, deleted since, a run learnt from. Such a run cannot go on or be drawn from."""
        folder = self._project.runs / run_id
        return learnt_from_deleted(folder) if (folder / RECORD).exists() else 0

    def unfinished(self) -> bool:
        """Whether a deletion was begun that is not finished."""
        return bool(rows.pending(self._project)) or rows.unswept(self._project)

    def finish(self) -> None:
        """Finish deletions that a crash interrupted; what still cannot be finished waits for the next opening."""
        try:
            if not self.unfinished():
                return
            self._refuse_busy()
            for patient in rows.pending(self._project):
                self._finish(patient)
            rows.sweep(self._project)
        except UnderstudyError as error:
            _log.warning("a deletion is still unfinished: %s", error)

    def _finish(self, patient: str) -> tuple[int, int, int]:
        """All steps but the sweep; how many copies, runs and audits there were."""
        who = subject(self._project, patient, rows.pending(self._project)[patient])
        others = set(Files(self._project).known()).difference(who.paths)
        living = {line.key for line in self._library.lines() if line.patient != patient}
        aside = self._set_aside_beside(who, others)
        try:
            audits = erasing.from_audits(self._project, who)
            runs = erasing.from_runs(self._project, who)
            erasing.from_cache(self._project, who, living)
            copies = erasing.from_sources(self._project, who, others)
        except OSError as error:
            raise Failed("delete-unfinished", detail=error.strerror or str(error)) from error
        rows.erase_in_backups(self._project, patient, aside)
        rows.erase_rows(self._project, patient, aside)
        return copies, runs, audits

    def _set_aside_beside(self, who: Subject, others: set[str]) -> list[str]:
        """Inputs set aside that came in one archive with the patient, or in a folder that holds only their files."""
        archives = erasing.archives_of(self._project, who)
        folders = {Path(path).parent for path in who.paths} - {Path(path).parent for path in others}
        paths = [Path(row.path) for row in self._library.quarantined()]
        places = Places(self._project.root)
        found = [
            str(path)
            for path in paths
            if path.parent in folders or any(path.is_relative_to(archive) for archive in archives)
        ]
        return [*found, *map(places.stored, found)]

    def _known(self, patient: str) -> Subject:
        who = subject(self._project, patient)
        if not patient or not (who.series or who.paths):
            raise BadUsage("unknown-patient")
        return who

    def _refuse_busy(self) -> None:
        root = str(self._project.root)
        jobs = [job.spec.kind for job in self._runner.jobs() if job.spec.project == root]
        folders = [*self._project.runs.iterdir(), *self._project.jobs.iterdir()]
        jobs += [] if jobs else [folder.name for folder in folders if folder.is_dir() and has_worker(folder)]
        if jobs:
            raise Refused("patient-busy", jobs=", ".join(sorted(set(jobs))))

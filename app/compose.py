"""The one place that builds the services: window, command line and tests all begin here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.jobs.process import Runner
from app.services.audit import Audits
from app.services.catalogue import Catalogue
from app.services.cohorts import Cohorts
from app.services.export import Exports
from app.services.generation import Generation
from app.services.hardware import Hardware
from app.services.intake import Intake
from app.services.patients import Patients
from app.services.starting import Starter
from app.services.training import Training
from app.store.library import Library
from app.store.project import Project


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases of one open project."""

    project: Project
    runner: Runner
    intake: Intake
    catalogue: Catalogue
    patients: Patients
    cohorts: Cohorts
    training: Training
    generation: Generation
    audits: Audits
    exports: Exports
    hardware: Hardware

    def close(self, grace_s: float = 10.0) -> None:
        """Stop every job (a training saves a checkpoint), end what has not after ``grace_s``, close the project."""
        self.runner.close(grace_s)
        self.catalogue.close()
        self.project.close()


def create_project(folder: Path, runner: Runner | None = None) -> Services:
    """Make a project and open it. Raises as ``Project.create``."""
    return _services(Project.create(folder), runner)


def open_project(folder: Path, runner: Runner | None = None) -> Services:
    """Open a project, and finish deletions that were interrupted. Raises as ``Project.open``."""
    services = _services(Project.open(folder), runner)
    services.patients.finish()
    return services


def _services(project: Project, runner: Runner | None) -> Services:
    starter = Starter(project, runner if runner is not None else Runner())
    library = Library(project)
    intake = Intake(starter)
    training = Training(starter)
    generation = Generation(starter, training)
    audits = Audits(starter, generation)
    cohorts = Cohorts(project, library)
    return Services(
        project=project,
        runner=starter.runner,
        intake=intake,
        catalogue=Catalogue(project, library, intake),
        patients=Patients(project, library, starter.runner),
        cohorts=cohorts,
        training=training,
        generation=generation,
        audits=audits,
        exports=Exports(starter, cohorts, generation, audits),
        hardware=Hardware(),
    )

"""What many tests begin with: a project, its services, one with pictures, and one with a trained run.

The expensive ones are made once, in this process, and copied for every test.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from app.compose import Services
    from app.store.library import Library
    from app.store.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """An empty project."""
    from app.store.project import Project

    made = Project.create(tmp_path / "project")
    yield made
    made.close()


@pytest.fixture
def library(project: Project) -> Library:
    """The library of the empty project."""
    from app.store.library import Library

    return Library(project)


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """The services of an empty project."""
    from app import compose

    made = compose.create_project(tmp_path / "project")
    yield made
    made.close(0)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 36 pictures in three class folders (``tests.helpers.pictures``)."""
    from tests.helpers.pictures import write_pictures

    folder = tmp_path_factory.mktemp("shapes") / "pictures"
    write_pictures(folder, 12)
    return folder


@pytest.fixture
def filled(services: Services, pictures: Path) -> Services:
    """The services of a project that holds the pictures and the cohort “shapes” of them."""
    _fill(services, pictures)
    return services


@pytest.fixture(scope="session")
def trained_template(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> Path:
    """A closed project with one VAE run of 20 steps on the pictures."""
    from app import compose
    from tests.helpers.in_process import HeldRunner, do

    services = compose.create_project(tmp_path_factory.mktemp("trained") / "project", HeldRunner())
    _fill(services, pictures)
    job = services.training.start(services.cohorts.load("shapes"), family="vae", steps=20, device="cpu")
    do(job.spec)
    services.close(0)
    return services.project.root


@pytest.fixture
def trained(trained_template: Path, tmp_path: Path) -> Iterator[Services]:
    """The services of a project with a run of 20 steps. Nothing starts a worker: see ``tests.helpers.in_process``."""
    from app import compose
    from tests.helpers.in_process import HeldRunner

    shutil.copytree(trained_template, tmp_path / "trained")
    made = compose.open_project(tmp_path / "trained", HeldRunner())
    yield made
    made.close(0)


def _fill(services: Services, pictures: Path) -> None:
    from app.domain.recipe import Recipe
    from app.worker.channel import RecordingChannel
    from tests.helpers.intake import import_paths

    import_paths(services.project, [pictures], RecordingChannel())
    services.cohorts.make("shapes", Recipe(size=32))

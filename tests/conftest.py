"""What many tests begin with: a project, its services, and one with a small cohort."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from app.compose import Services


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """The services of an empty project."""
    from app import compose

    made = compose.create_project(tmp_path / "project")
    yield made
    made.close(0)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of 36 pictures in three class folders (``tests.helpers.pictures``)."""
    from tests.helpers.pictures import write_pictures

    write_pictures(tmp_path / "pictures", 12)
    return tmp_path / "pictures"


@pytest.fixture
def filled(services: Services, pictures: Path) -> Services:
    """The services of a project that holds the pictures (read in this process, which is quicker)."""
    from app.worker.channel import RecordingChannel
    from app.worker.intake import import_paths

    import_paths(services.project, [pictures], RecordingChannel())
    return services

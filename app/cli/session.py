"""A project opened for one verb, and closed whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.compose import Services


@contextmanager
def opened(project: str) -> Iterator[Services]:
    """The services of a project.

    Raises:
        Refused: there is no project, or it is of a newer version.
    """
    from app import compose

    services = compose.open_project(Path(project))
    try:
        yield services
    finally:
        services.close()

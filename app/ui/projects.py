"""Opens, creates and leaves projects, off the GUI thread; one is open at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.domain.errors import UnderstudyError
from app.ui.context import PageContext
from app.ui.preferences import Preferences
from app.ui.warming import warm_up

if TYPE_CHECKING:
    from app.compose import Services

DATABASE = "project.db"


def is_project(path: Path) -> bool:
    """Whether a folder holds a project."""
    return (path / DATABASE).is_file()


@dataclass(frozen=True, slots=True)
class Doors:
    """How a folder becomes services; the program's own unless a test brings others."""

    create: Callable[[Path], Services]
    open: Callable[[Path], Services]


def program_doors() -> Doors:
    """The real ones. They import the database and the image readers, so they are called in the background only."""

    def create(folder: Path) -> Services:
        warm_up()
        from app import compose

        return compose.create_project(folder)

    def open_(folder: Path) -> Services:
        warm_up()
        from app import compose

        return compose.open_project(folder)

    return Doors(create, open_)


class Projects(QObject):
    """The open project of a window.

    Signals:
        opened(Path): its services stand in the context now.
        failed(UnderstudyError): it could not be opened; what was open stays open.
    """

    opened = Signal(object)
    failed = Signal(object)

    def __init__(self, context: PageContext, preferences: Preferences, doors: Doors | None = None) -> None:
        super().__init__()
        self._context = context
        self._preferences = preferences
        self._doors = doors or program_doors()
        self._then: Callable[[], None] | None = None
        self.folder: Path | None = None

    def create(self, folder: Path, then: Callable[[], None] | None = None) -> None:
        """Make a project and open it; ``then`` is called once it is open."""
        self._begin(folder, self._doors.create, then)

    def open(self, folder: Path, then: Callable[[], None] | None = None) -> None:
        """Open a project that exists."""
        self._begin(folder, self._doors.open, then)

    def leave(self) -> None:
        """Close the open project; pages show their empty states."""
        services, self.folder = self._context.services, None
        self._context.set_services(None)
        if services is not None:
            self._context.bridge.run_in_background(services.close, _nothing)

    def _begin(self, folder: Path, door: Callable[[Path], Services], then: Callable[[], None] | None) -> None:
        self._then = then
        self._context.say(f"Opening {folder.name}…")
        self._context.bridge.run_in_background(
            lambda: (folder, door(folder)), self._take, failed=self._fail, lane="project"
        )

    def _take(self, opened: tuple[Path, Services]) -> None:
        self.leave()
        self.folder, services = opened
        self._preferences.remember(self.folder)
        self._context.set_services(services)
        self._context.say("")
        self.opened.emit(self.folder)
        then, self._then = self._then, None
        if then is not None:
            then()

    def _fail(self, error: UnderstudyError) -> None:
        self._then = None
        self._context.say("")
        self.failed.emit(error)


def _nothing(_answer: object) -> None:
    """Nobody waits for a project that was left."""

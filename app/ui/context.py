"""What every page gets: the services of the open project, the job bridge, and a way to tell the other pages.

Pages speak to each other only through this object, so that each can be built and tested alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.ui.job_bridge import JobBridge

if TYPE_CHECKING:
    from app.compose import Services
    from app.ui.preferences import Preferences

ROOMS = ("library", "cohort", "train", "generate", "review", "export")
"""The rooms, in the order of the work; also the keys of ``go``."""


class PageContext(QObject):
    """Shared by the pages of one window.

    A page is ``class XPage(QWidget)`` with ``__init__(self, context: PageContext)`` and ``activate()``, which the
    window calls whenever the page is shown. ``services`` may be ``None`` (no project open): a page then shows its
    empty state. ``project_changed`` tells that ``services`` is another one (or none) now.

    Attributes:
        services: use cases of the open project, or ``None``.
        bridge: starts jobs and short work.
        preferences: what the person chose for all projects; ``None`` where nothing is remembered.
        selected_series: keys of the series selected in the Library; the Cohort room offers them.
    """

    project_changed = Signal()
    library_changed = Signal()
    cohorts_changed = Signal()
    runs_changed = Signal()
    samples_changed = Signal()
    audits_changed = Signal()
    exports_changed = Signal()
    theme_changed = Signal()
    """Light became dark or the reverse; widgets that paint themselves ask ``theme.tokens()`` again."""

    folder_wanted = Signal()
    files_wanted = Signal()
    """The Library asks the window to let the person choose what to add."""

    room_wanted = Signal(str)
    said = Signal(str)

    def __init__(self, bridge: JobBridge | None = None, services: Services | None = None) -> None:
        super().__init__()
        self.bridge = bridge if bridge is not None else JobBridge()
        self.services = services
        self.preferences: Preferences | None = None
        self.selected_series: tuple[str, ...] = ()
        self._focus: dict[str, str] = {}

    def set_services(self, services: Services | None) -> None:
        """Another project (or none) is open now."""
        self.services = services
        self.selected_series = ()
        self._focus.clear()
        self.project_changed.emit()

    def go(self, room: str, focus: str = "") -> None:
        """Show a room of ``ROOMS``; ``focus`` names what it should open on (a cohort's name, a run's id, …)."""
        if focus:
            self._focus[room] = focus
        self.room_wanted.emit(room)

    def take_focus(self, room: str) -> str:
        """What ``room`` was asked to open on, once; "" where nothing was asked. Called in ``activate``."""
        return self._focus.pop(room, "")

    def say(self, text: str) -> None:
        """Show a short sentence in the status line."""
        self.said.emit(text)

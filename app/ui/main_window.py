"""The window: a rail of rooms, a strip with the project, a status line with running jobs, files dropped anywhere.

It moves between rooms and opens projects; what happens inside a room is the page's business.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QGuiApplication,
    QResizeEvent,
)
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMainWindow, QMenu, QStackedWidget, QVBoxLayout, QWidget

from app.domain.errors import UnderstudyError
from app.ui import actions, pages, theme
from app.ui.augmenting import Augmentation
from app.ui.context import PageContext
from app.ui.dialogs import choose
from app.ui.dialogs.help import show_help
from app.ui.dialogs.new_project import NewProjectDialog
from app.ui.importing import Importer
from app.ui.leaving import Leaving
from app.ui.pages.welcome import WelcomePage
from app.ui.preferences import Preferences
from app.ui.projects import Doors, Projects, is_project
from app.ui.theme import SPACE
from app.ui.view_models.import_report import ImportReport
from app.ui.view_models.rooms import done_rooms
from app.ui.widgets.drop_overlay import DropOverlay, dropped_paths
from app.ui.widgets.inline_message import InlineMessage
from app.ui.widgets.rail import Rail
from app.ui.widgets.status_line import StatusLine
from app.ui.widgets.top_strip import TopStrip


class MainWindow(QMainWindow):
    """One window, at most one open project."""

    def __init__(self, context: PageContext, preferences: Preferences, doors: Doors | None = None) -> None:
        super().__init__()
        self.context = context
        self.preferences = context.preferences = preferences
        self.projects = Projects(context, preferences, doors)
        self.importer = Importer(context)
        self.leaving = Leaving(self, context)
        self.augmentation = Augmentation(context)
        self.actions_by_key = actions.make(self, self._handlers())
        self.rail = Rail()
        self.strip = TopStrip(self._project_menu())
        self.message = InlineMessage()
        self.stack = QStackedWidget()
        self.status = StatusLine(context)
        self.welcome = WelcomePage(context, preferences)
        self.room = ""
        self._pages: dict[str, tuple[QWidget, pages.Page]] = {}
        self._centre = QWidget()
        self._arrange()
        self.overlay = DropOverlay(self._centre)
        self._connect()
        self.setWindowTitle("Understudy")
        self.setAcceptDrops(True)
        self.setMinimumSize(1080, 700)
        self._place()
        self._project_changed()

    # Rooms

    def show_room(self, room: str) -> None:
        """Show a room, or the welcome page where no project is open."""
        if self.context.services is None:
            self.room = ""
            self.stack.setCurrentWidget(self.welcome)
            self.welcome.activate()
        else:
            if room != self.room and not self.message.lasting:
                self.message.hide()
            self.room = room
            widget, page = self._page(room)
            self.stack.setCurrentWidget(widget)
            page.activate()
        self.rail.show_current(self.room)

    def _page(self, room: str) -> tuple[QWidget, pages.Page]:
        if room not in self._pages:
            widget, _page = self._pages[room] = pages.build(room, self.context)
            for child in widget.findChildren(QWidget):
                child.setAcceptDrops(False)  # a file dropped on a text field is for the window, too
            self.stack.addWidget(widget)
        return self._pages[room]

    # Projects

    def new_project(self, paths: Sequence[Path] = (), *, sample: bool = False) -> None:
        """Ask where, create, and read ``paths`` (or make the sample patients) into it."""
        wanted = "Sample project" if sample else paths[0].stem if len(paths) == 1 else "My project"
        dialog = NewProjectDialog(self, wanted=wanted)

        def then() -> None:
            if sample:
                self.importer.add_sample()
            else:
                self.importer.add(paths)

        dialog.accepted.connect(lambda: self.leaving.ask_then(lambda: self.projects.create(dialog.folder, then)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def open_project(self, folder: Path | None = None) -> None:
        """Open ``folder``, or ask which."""
        chosen = folder or choose.folder(self, "Open a project")
        if chosen is not None:
            self.leaving.ask_then(lambda: self.projects.open(chosen))

    def add(self, paths: Sequence[Path]) -> None:
        """Read files and folders; a project folder is opened, and without a project one is made first."""
        if len(paths) == 1 and is_project(paths[0]):
            self.open_project(paths[0])
        elif not paths:
            return
        elif self.context.services is None:
            self.new_project(paths)
        else:
            self.importer.add(paths)

    def augment(self) -> None:
        """Ask for the little that the one-button road needs, and walk it."""
        if self.augmentation.running:
            self.message.show_text("An augmentation is running already; its progress is at the bottom of the window.")
        elif self.projects.folder is not None:
            self.augmentation.ask(self, self.projects.folder)

    def _project_changed(self) -> None:
        for widget, _page in self._pages.values():
            self.stack.removeWidget(widget)
            widget.deleteLater()
        self._pages.clear()
        project_open = self.context.services is not None
        actions.enable(self.actions_by_key, project_open=project_open)
        self.rail.setVisible(project_open)
        self.strip.show_project(self.projects.folder)
        self.message.hide()
        self.show_room("library")
        self._mark_done()

    def _mark_done(self) -> None:
        services = self.context.services
        if services is None:
            self.rail.show_done(())
            return
        self.context.bridge.run_in_background(lambda: done_rooms(services), self.rail.show_done, lane="rooms")

    def _mark_library(self) -> None:
        """An import says several times a second that the library grew; a tick that is there stays."""
        if not (self.importer.running and self.rail.buttons["library"].done):
            self._mark_done()

    # Building

    def _arrange(self) -> None:
        self.stack.addWidget(self.welcome)
        middle = QVBoxLayout()
        middle.setContentsMargins(2 * SPACE, SPACE + 4, 2 * SPACE, SPACE)
        middle.setSpacing(SPACE + 4)
        middle.addWidget(self.message)
        middle.addWidget(self.stack, 1)
        body = QHBoxLayout()
        body.setSpacing(0)
        body.addWidget(self.rail)
        body.addLayout(middle, 1)
        layout = QVBoxLayout(self._centre)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.strip)
        layout.addLayout(body, 1)
        layout.addWidget(self.status)
        self.setCentralWidget(self._centre)

    def _connect(self) -> None:
        context = self.context
        self.rail.chosen.connect(self.show_room)
        context.room_wanted.connect(self.show_room)
        context.folder_wanted.connect(self._add_folder)
        context.files_wanted.connect(self.actions_by_key["add-files"].trigger)
        context.project_changed.connect(self._project_changed)
        context.bridge.failed.connect(self.show_error)
        self.strip.theme_wanted.connect(self.switch_theme)
        self.strip.help_wanted.connect(self.actions_by_key["help"].trigger)
        self.welcome.new_wanted.connect(self.new_project)
        self.welcome.open_wanted.connect(self.open_project)
        self.welcome.sample_wanted.connect(lambda: self.new_project(sample=True))
        self.welcome.recent_wanted.connect(self.open_project)
        self.projects.failed.connect(self.show_error)
        self.strip.augment_wanted.connect(self.augment)
        self.augmentation.failed.connect(self.show_error)
        self.augmentation.done.connect(lambda text: self.message.show_text(f"Augmented: {text}."))
        self.importer.ended.connect(self._tell_import)
        context.library_changed.connect(self._mark_library)
        for changed in (context.cohorts_changed, context.runs_changed):
            changed.connect(self._mark_done)
        for changed in (context.samples_changed, context.audits_changed, context.exports_changed):
            changed.connect(self._mark_done)

    def _handlers(self) -> dict[str, actions.Handler]:
        return {
            "new-project": self.new_project,
            "open-project": self.open_project,
            "close-project": lambda: self.leaving.ask_then(self.projects.leave),
            "add-folder": self._add_folder,
            "add-files": lambda: self.add(choose.files(self, "Add files", choose.IMAGES)),
            "help": partial(show_help, self),
            "switch-theme": self.switch_theme,
            "quit": self.close,
            **{room: partial(self.show_room, room) for room in pages.PAGES},
        }

    def _project_menu(self) -> QMenu:
        menu = QMenu(self)
        for key in actions.PROJECT_MENU:
            if key:
                menu.addAction(self.actions_by_key[key])
            else:
                menu.addSeparator()
        return menu

    def _add_folder(self) -> None:
        chosen = choose.folder(self, "Add a folder of images (a CD, a PACS export, …)")
        self.add([chosen] if chosen is not None else [])

    def _place(self) -> None:
        if not self.restoreGeometry(self.preferences.geometry):
            room = QGuiApplication.primaryScreen().availableGeometry()
            self.resize(min(1440, room.width()), min(900, room.height()))

    # Words and look

    def _tell_import(self, told: ImportReport) -> None:
        self.message.show_text(told.text, told.level, details=told.details)

    def show_error(self, error: UnderstudyError) -> None:
        """Say calmly what went wrong."""
        self.message.show_error(error)

    def switch_theme(self) -> None:
        """Light becomes dark and the reverse; remembered."""
        chosen = theme.LIGHT if theme.tokens().name == "dark" else theme.DARK
        app = QApplication.instance()
        if isinstance(app, QApplication):
            theme.apply(app, chosen)
        self.preferences.theme = chosen.name
        self.rail.redraw()
        self.strip.redraw()
        self.context.theme_changed.emit()

    # Events

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files are over the window: say what letting go will do."""
        if dropped_paths(event.mimeData()):
            event.acceptProposedAction()
            folder = self.projects.folder
            self.overlay.cover(
                f"Let go to add these to “{folder.name}”" if folder else "Let go to start a project with these images"
            )

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """The same everywhere in the window."""
        event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """They went away again."""
        self.overlay.hide()
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Read them."""
        self.overlay.hide()
        event.acceptProposedAction()
        self.add(dropped_paths(event.mimeData()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the overlay over everything."""
        super().resizeEvent(event)
        self.overlay.setGeometry(self._centre.rect())

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask first while work goes on; the window then closes by itself once the work has ended."""
        if self.leaving.may_close():
            self.preferences.geometry = self.saveGeometry()
            self.context.bridge.close()
            if self.context.services is not None:
                self.context.services.close()
            super().closeEvent(event)
        else:
            event.ignore()

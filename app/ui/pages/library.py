"""The Library: studies as they are read, found by any word, looked at slice by slice; what failed is set aside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QLineEdit, QSplitter, QStackedWidget, QTabWidget, QVBoxLayout, QWidget

from app.ui.context import PageContext
from app.ui.icons import icon
from app.ui.importing import IMPORT_KINDS
from app.ui.theme import SPACE, tokens
from app.ui.view_models.library import Entry, Shelf, matching, shelf
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.entry_list import EntryList
from app.ui.widgets.section import PageHeader, button, label, row
from app.ui.widgets.set_aside import SetAsideList
from app.ui.widgets.thumbnails import Thumbnails
from app.ui.widgets.viewer import SliceViewer

if TYPE_CHECKING:
    from app.compose import Services
    from app.imaging.slices import SliceImage

INVITATION = (
    "Drop studies anywhere on this window",
    "Folders or files: DICOM, NIfTI, PNG, JPEG, TIFF. They stay where they are and are never changed.",
)
READING = ("Reading your images", "They appear here as they are read. You can go on working meanwhile.")


class LibraryPage(QWidget):
    """List at the left, viewer at the right."""

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._context = context
        self._shelf = Shelf()
        self.thumbnails = Thumbnails(context.bridge, self._thumbnail)
        self.list = EntryList(self.thumbnails)
        self.viewer = SliceViewer(context.bridge, self._load)
        self.aside = SetAsideList()
        self.search = QLineEdit()
        self.total = label("", "small")
        self.to_cohort = button("Make a cohort", "primary", tip="Choose what to learn from")
        self.add_folder, self.add_files = button("Add a folder…"), button("Add files…")
        self.remove = button("Remove", "quiet", tip="Take the selected studies out of the project; files stay")
        self.empty = EmptyState(
            "drop",
            *INVITATION,
            action="Add a folder…",
            other="Add files…",
        )
        self.tabs = QTabWidget()
        self.stack = QStackedWidget()
        self._arrange()
        self._connect()

    def activate(self) -> None:
        """Read the library again."""
        self.refresh()

    def refresh(self) -> None:
        """Ask the library off the GUI thread; the list is shown when the answer is there."""
        services = self._context.services
        if services is None:
            self._take(Shelf())
            return
        catalogue = services.catalogue
        self._context.bridge.run_in_background(
            lambda: shelf(catalogue.studies(), catalogue.quarantined()), self._take, lane="library"
        )

    # Building

    def _arrange(self) -> None:
        header = PageHeader("Library", "Your studies, read in place. Drop more on the window at any time.")
        for one in (self.add_folder, self.add_files, self.to_cohort):
            header.buttons.addWidget(one)
        self.search.setPlaceholderText("Search: description, modality, folder, …")
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName("Search the library")
        self.search.addAction(icon("search", tokens().muted), QLineEdit.ActionPosition.LeadingPosition)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, SPACE // 2, 0)
        column.setSpacing(SPACE)
        column.addWidget(self.search)
        column.addWidget(self.list, 1)
        column.addLayout(row(self.total, None, self.remove))
        self.tabs.addTab(self._padded(self.viewer), "Viewer")
        self.tabs.addTab(self._padded(self.aside), "Set aside")
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.addWidget(left)
        split.addWidget(self.tabs)
        split.setStretchFactor(0, 2)
        split.setStretchFactor(1, 5)
        split.setSizes([340, 800])
        left.setMinimumWidth(260)
        self.stack.addWidget(self.empty)
        self.stack.addWidget(split)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(header)
        layout.addWidget(self.stack, 1)

    def _padded(self, inner: QWidget) -> QWidget:
        frame = QWidget()
        layout = QVBoxLayout(frame)
        layout.setContentsMargins(SPACE, SPACE, SPACE, SPACE)
        layout.addWidget(inner)
        return frame

    def _connect(self) -> None:
        self._context.library_changed.connect(self.refresh)
        self._context.bridge.started.connect(self._show_waiting)
        self.search.textChanged.connect(self._list)
        self.list.current_changed.connect(self._show)
        self.list.selection_changed.connect(self._remember_selection)
        self.to_cohort.clicked.connect(lambda: self._context.go("cohort"))
        for add in (self.add_folder.clicked, self.empty.acted):
            add.connect(self._context.folder_wanted)
        for add in (self.add_files.clicked, self.empty.second):
            add.connect(self._context.files_wanted)
        self.remove.clicked.connect(self._remove)
        self.aside.retry_wanted.connect(self._retry)
        self.aside.dismiss_wanted.connect(self._dismiss)
        QShortcut(QKeySequence.StandardKey.Find, self, self.search.setFocus)

    # Showing

    def _take(self, found: Shelf) -> None:
        self._shelf = found
        self.total.setText(found.total)
        self.aside.show_inputs(found.aside)
        self.tabs.setTabText(1, f"Set aside ({len(found.aside)})")
        self.tabs.setTabVisible(1, bool(found.aside))
        self.stack.setCurrentIndex(1 if found.entries or found.aside else 0)
        self.to_cohort.setVisible(bool(found.entries))
        for add in (self.add_folder, self.add_files):
            add.setVisible(self.stack.currentIndex() == 1)
        self._show_waiting()
        self.thumbnails.retry_missing()
        self._list()

    def _show_waiting(self) -> None:
        """While the first images are read, the empty room says so."""
        kinds = {running.job.spec.kind for running in self._context.bridge.jobs().values()}
        self.empty.show_words(*(READING if kinds & set(IMPORT_KINDS) else INVITATION))

    def _list(self) -> None:
        self.list.show_entries(matching(self._shelf.entries, self.search.text()))
        self.list.select_first()

    def _show(self, entry: Entry | None) -> None:
        series = self._shelf.series.get(entry.series) if entry is not None else None
        if series is None:
            self.viewer.clear()
        else:
            self.viewer.show_series(series)

    def _remember_selection(self) -> None:
        chosen = self.list.selected()
        self._context.selected_series = tuple(dict.fromkeys(key for one in chosen for key in one.series_keys()))
        self.remove.setEnabled(bool(chosen))

    # Doing

    def _services(self) -> Services:
        services = self._context.services
        assert services is not None, "the list is empty while no project is open"
        return services

    def _load(self, series: str, index: int) -> SliceImage:
        return self._services().catalogue.slice(series, index)

    def _thumbnail(self, series: str) -> Path | None:
        return self._services().catalogue.thumbnail(series)

    def _remove(self) -> None:
        catalogue = self._services().catalogue
        keys = dict.fromkeys(key for entry in self.list.selected() for key in entry.studies)

        def remove() -> None:
            for key in keys:
                catalogue.remove_study(key)

        self._context.bridge.run_in_background(remove, self._changed)

    def _dismiss(self, paths: list[str]) -> None:
        catalogue = self._services().catalogue

        def dismiss() -> None:
            for path in paths:
                catalogue.dismiss(path)

        self._context.bridge.run_in_background(dismiss, self._changed)

    def _changed(self, _answer: None) -> None:
        self._context.library_changed.emit()

    def _retry(self, paths: list[str]) -> None:
        retry = self._services().catalogue.retry
        self._context.bridge.start(retry, paths, title="Reading again what was set aside")

"""The Library: studies as they are read, found by any word, looked at slice by slice; what failed is set aside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QSplitter, QStackedWidget, QTabWidget, QVBoxLayout, QWidget

from app.domain.errors import UnderstudyError
from app.domain.study import Series, SeriesLine
from app.ui.context import PageContext
from app.ui.importing import IMPORT_KINDS
from app.ui.library_actions import LibraryActions
from app.ui.library_feed import LibraryFeed, Shelf
from app.ui.theme import SPACE
from app.ui.view_models.library import Entry, checked_since
from app.ui.view_models.library_filter import Listed
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.entry_list import EntryList
from app.ui.widgets.filter_bar import FilterBar
from app.ui.widgets.section import PageHeader, button
from app.ui.widgets.selection_bar import SelectionBar
from app.ui.widgets.set_aside import SetAsideList
from app.ui.widgets.thumbnails import Thumbnails
from app.ui.widgets.viewer import SliceViewer

if TYPE_CHECKING:
    from app.compose import Services
    from app.imaging.header_table import HeaderLine
    from app.imaging.slices import SliceImage
    from app.imaging.volume import Volume

INVITATION = (
    "Drop studies anywhere on this window",
    "A CD with its DICOMDIR, a PACS export, a ZIP, folders or single files: DICOM, NIfTI, NRRD, MetaImage, PNG, JPEG, "
    "TIFF. They stay where they are and are never changed.",
)
READING = ("Reading your images", "They appear here as they are read. You can go on working meanwhile.")


class LibraryPage(QWidget):
    """List at the left, viewer at the right."""

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._context = context
        self._shelf = Shelf()
        self._shown: SeriesLine | None = None
        self._several = False
        self.feed = LibraryFeed(context, self)
        self.thumbnails = Thumbnails(context.bridge, self._thumbnail)
        self.list = EntryList(self.thumbnails)
        self.viewer = SliceViewer(
            context.bridge,
            self._load,
            volume=self._volume,
            siblings=self._siblings,
            header=self._header,
            preferences=context.preferences,
        )
        self.aside = SetAsideList()
        self.filters = FilterBar()
        self.search = self.filters.search
        self.selection = SelectionBar()
        self.doing = LibraryActions(self, context, self.list.selected)
        self.to_cohort = button("Make a cohort", "primary", tip="Choose what to learn from")
        self.add_folder, self.add_files = button("Add a folder…"), button("Add files…")
        self.empty = EmptyState("drop", *INVITATION, action="Add a folder…", other="Add files…")
        self.tabs = QTabWidget()
        self.stack = QStackedWidget()
        self._arrange()
        self._connect()

    def activate(self) -> None:
        """Read the library again."""
        self.feed.refresh()

    # Building

    def _arrange(self) -> None:
        header = PageHeader("Library", "Your studies, read in place. Drop more on the window at any time.")
        for one in (self.add_folder, self.add_files, self.to_cohort):
            header.buttons.addWidget(one)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, SPACE // 2, 0)
        column.setSpacing(SPACE)
        column.addWidget(self.filters)
        column.addWidget(self.list, 1)
        column.addWidget(self.selection)
        self.tabs.addTab(self._padded(self.viewer), "Viewer")
        self.tabs.addTab(self._padded(self.aside), "Set aside")
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.addWidget(left)
        split.addWidget(self.tabs)
        split.setStretchFactor(0, 2)
        split.setStretchFactor(1, 5)
        split.setSizes([340, 800])
        left.setMinimumWidth(280)
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
        context, doing, chosen = self._context, self.doing, self.selection
        context.library_changed.connect(self.feed.refresh)
        context.bridge.started.connect(self._show_waiting)
        self.feed.read.connect(self._take)
        self.feed.listed.connect(self._answer)
        self.filters.changed.connect(lambda: self.feed.ask(self.filters.wanted))
        self.list.current_changed.connect(self._show)
        self.list.selection_changed.connect(self._remember_selection)
        self.list.menu_wanted.connect(chosen.show_menu)
        self.to_cohort.clicked.connect(self._make_cohort)
        chosen.cohort_wanted.connect(doing.make_cohort)
        chosen.tags_wanted.connect(lambda: doing.edit_tags(list(self._shelf.facets.tag)))
        chosen.remove_wanted.connect(doing.remove)
        chosen.copy_wanted.connect(doing.copy_folder)
        chosen.patient_wanted.connect(doing.delete_patient)
        for add in (self.add_folder.clicked, self.empty.acted):
            add.connect(context.folder_wanted)
        for add in (self.add_files.clicked, self.empty.second):
            add.connect(context.files_wanted)
        self.aside.retry_wanted.connect(doing.retry)
        self.aside.dismiss_wanted.connect(doing.dismiss)
        QShortcut(QKeySequence.StandardKey.Find, self, self.search.setFocus)
        QShortcut(QKeySequence.StandardKey.Delete, self.list, doing.remove, context=Qt.ShortcutContext.WidgetShortcut)

    # Showing

    def _take(self, found: Shelf) -> None:
        self.thumbnails.renew(checked_since(self._shelf.stock, found.stock))
        self._shelf = found
        aside = found.aside
        self.aside.show_inputs(aside)
        self.tabs.setTabText(1, f"Set aside ({aside.failures + aside.objects:,})")
        self.tabs.setTabVisible(1, bool(found.stock.aside))
        self.stack.setCurrentIndex(1 if found.stock.entries or found.stock.aside else 0)
        self.to_cohort.setVisible(bool(found.stock.entries))
        for add in (self.add_folder, self.add_files):
            add.setVisible(self.stack.currentIndex() == 1)
        self._show_waiting()
        self.thumbnails.retry_missing()
        self.filters.show_facets(found.facets)
        self._list(found.listed)

    def _show_waiting(self) -> None:
        """While the first images are read, the empty room says so."""
        kinds = {running.job.spec.kind for running in self._context.bridge.jobs().values()}
        self.empty.show_words(*(READING if kinds & set(IMPORT_KINDS) else INVITATION))

    def _answer(self, found: Listed) -> None:
        """The person asked for something else, so the list begins at its beginning."""
        self._list(found)
        self.list.scrollToTop()

    def _list(self, found: Listed) -> None:
        self.filters.show_result(found)
        self.list.show_nodes(found.entries)
        self.list.show_first()
        self._show(self.list.current())
        self.selection.show_total(self._shelf.stock.total)

    def _show(self, entry: Entry | None) -> None:
        """Show the series of a line; asked again while it grows."""
        line = next((one for one in entry.lines() if one.key == entry.series), None) if entry is not None else None
        if line == self._shown:
            return
        self._shown = line
        if line is None:
            self._context.bridge.cancel_lane("library-series")
            self.viewer.clear()
            return
        catalogue, key = self._services().catalogue, line.key
        self._context.bridge.run_in_background(
            lambda: catalogue.series(key), self._show_series, failed=self._show_nothing, lane="library-series"
        )

    def _show_series(self, series: Series) -> None:
        self.viewer.show_series(series)

    def _show_nothing(self, _error: UnderstudyError) -> None:
        """The series went while it was asked for; the list is about to say so, too."""
        self.viewer.clear()

    def _remember_selection(self) -> None:
        """One selected line is one that is looked at; several were chosen to make something of."""
        chosen = self.list.selected()
        lines = {line.key: line for entry in chosen for line in entry.lines()}
        self._context.selected_series = tuple(lines)
        self.selection.show_selection(lines.values())
        self._several = len(chosen) > 1
        self.to_cohort.setText(f"Make a cohort of {len(lines):,}" if self._several else "Make a cohort")

    # Doing

    def _make_cohort(self) -> None:
        if self._several:
            self.doing.make_cohort()
        else:
            self._context.go("cohort")

    def _services(self) -> Services:
        services = self._context.services
        assert services is not None, "the list is empty while no project is open"
        return services

    def _load(self, series: str, index: int) -> SliceImage:
        return self._services().catalogue.slice(series, index)

    def _volume(self, series: str, on_slice: Callable[[int, int], None]) -> Volume:
        return self._services().catalogue.volume(series, on_slice)

    def _siblings(self, series: str) -> Sequence[Series]:
        return self._services().catalogue.siblings(series)

    def _header(self, series: str, index: int) -> Sequence[HeaderLine]:
        return self._services().catalogue.header(series, index)

    def _thumbnail(self, series: str) -> Path | None:
        return self._services().catalogue.thumbnail(series)

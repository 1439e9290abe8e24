"""The Library's list: groups and their series in two lines of text with a thumbnail, quick with thousands of rows."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QTreeView, QWidget

from app.ui.icons import pixmap
from app.ui.theme import tokens
from app.ui.view_models.library import Entry
from app.ui.widgets.thumbnails import Thumbnails

ROW = 56
PICTURE = 46
ENTRY_ROLE = Qt.ItemDataRole.UserRole
Index = QModelIndex | QPersistentModelIndex


class EntryModel(QAbstractItemModel):
    """Two levels: entries and their children. An index's internal id is 0 for a group, else the group's row + 1."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: Sequence[Entry] = ()

    def show_entries(self, entries: Sequence[Entry]) -> None:
        """Replace the whole list."""
        self.beginResetModel()
        self.entries = entries
        self.endResetModel()

    def entry(self, index: Index) -> Entry:
        """What a row shows."""
        group = index.internalId()
        return self.entries[group - 1].children[index.row()] if group else self.entries[index.row()]

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008 (Qt's signature)
        """Qt's door to a row."""
        if not self.hasIndex(row, column, parent):
            return QModelIndex()
        return self.createIndex(row, column, parent.row() + 1 if parent.isValid() else 0)

    def parent(self, child: Index) -> QModelIndex:  # type: ignore[override]
        """The group of a series."""
        group = child.internalId() if child.isValid() else 0
        return self.createIndex(group - 1, 0, 0) if group else QModelIndex()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's signature)
        """Rows under ``parent``."""
        if not parent.isValid():
            return len(self.entries)
        return 0 if parent.internalId() else len(self.entries[parent.row()].children)

    def columnCount(self, _parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's signature)
        """One."""
        return 1

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Text for the eye, the tooltip and the screen reader."""
        if not index.isValid():
            return None
        entry = self.entry(index)
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join((entry.title, entry.detail, *entry.warnings))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{entry.title}, {entry.detail}"
        return entry if role == ENTRY_ROLE else None


class EntryDelegate(QStyledItemDelegate):
    """Paints thumbnail, title and detail."""

    def __init__(self, thumbnails: Thumbnails, parent: QWidget) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        """Every row is equally high."""
        return QSize(200, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """One row."""
        entry = index.data(ENTRY_ROLE)
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(tokens().accent_soft))
        frame = QRect(rect.left() + 4, rect.top() + (ROW - PICTURE) // 2, PICTURE, PICTURE)
        self._paint_picture(painter, frame, entry)
        text = rect.adjusted(PICTURE + 14, 8, -8, -8)
        if entry.warnings:
            painter.drawPixmap(rect.right() - 22, rect.top() + 8, pixmap("aside", 14, tokens().caution))
            text.setRight(text.right() - 18)
        half = text.height() // 2
        metrics = painter.fontMetrics()
        painter.setPen(QColor(tokens().text))
        upper, lower = text.adjusted(0, 0, 0, -half), text.adjusted(0, half, 0, 0)
        painter.drawText(
            upper,
            Qt.AlignmentFlag.AlignVCenter,
            metrics.elidedText(entry.title, Qt.TextElideMode.ElideMiddle, text.width()),
        )
        painter.setPen(QColor(tokens().muted))
        painter.drawText(
            lower,
            Qt.AlignmentFlag.AlignVCenter,
            metrics.elidedText(entry.detail, Qt.TextElideMode.ElideRight, text.width()),
        )
        painter.restore()

    def _paint_picture(self, painter: QPainter, frame: QRect, entry: Entry) -> None:
        painter.fillRect(frame, QColor(tokens().image))
        picture = self._thumbnails.get(entry.series)
        if picture is None:
            return
        size = picture.size().scaled(frame.size(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRect(frame.topLeft(), size)
        place.moveCenter(frame.center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(place, picture)


class EntryList(QTreeView):
    """The list itself; keeps selection and open groups when the list is shown anew.

    Signals:
        current_changed(Entry or None): another row is current.
        selection_changed(): other rows are selected.
    """

    current_changed = Signal(object)
    selection_changed = Signal()

    def __init__(self, thumbnails: Thumbnails) -> None:
        super().__init__()
        self.entry_model = EntryModel()
        self.setModel(self.entry_model)
        self.setItemDelegate(EntryDelegate(thumbnails, self))
        self.setHeaderHidden(True)
        self.setUniformRowHeights(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setIndentation(16)
        self.setAccessibleName("Studies")
        self._quiet = False
        thumbnails.ready.connect(self.viewport().update)
        self.selectionModel().currentChanged.connect(self._current)
        self.selectionModel().selectionChanged.connect(self._selection)

    def show_entries(self, entries: Sequence[Entry]) -> None:
        """List ``entries``; what was selected, open and in view before stays so where it still exists."""
        if entries == self.entry_model.entries:
            return
        chosen = {entry.key for entry in self.selected()}
        current = self.entry_model.entry(self.currentIndex()).key if self.currentIndex().isValid() else ""
        opened = {e.key for row, e in enumerate(self.entry_model.entries) if self.isExpanded(self._at(row))}
        place = self.verticalScrollBar().value()
        self._quiet = True
        self.entry_model.show_entries(entries)
        for row, entry in enumerate(entries):
            if entry.key in opened:
                self.expand(self._at(row))
        self._select(chosen, current)
        self._quiet = False
        self.verticalScrollBar().setValue(place)
        if not self.currentIndex().isValid():
            self.current_changed.emit(None)
        self.selection_changed.emit()

    def selected(self) -> list[Entry]:
        """The selected rows in the order of the list."""
        return [self.entry_model.entry(index) for index in self.selectionModel().selectedRows()]

    def select_first(self) -> None:
        """Make the first row current, where there is one and none is."""
        if not self.currentIndex().isValid() and self.entry_model.entries:
            self.setCurrentIndex(self._at(0))

    def _at(self, row: int, parent: QModelIndex | None = None) -> QModelIndex:
        return self.entry_model.index(row, 0, parent or QModelIndex())

    def _select(self, chosen: set[str], current: str) -> None:
        """Select again what was selected; only rows that were are touched, so that long lists cost nothing."""
        flags = self.selectionModel().SelectionFlag
        wanted = chosen | {current}
        for row, entry in enumerate(self.entry_model.entries):
            places = [(entry.key, row, None)] + [(c.key, n, row) for n, c in enumerate(entry.children)]
            for key, number, group in places:
                if key not in wanted:
                    continue
                index = self._at(number, self._at(group) if group is not None else None)
                if key == current:
                    self.selectionModel().setCurrentIndex(index, flags.NoUpdate)
                if key in chosen:
                    self.selectionModel().select(index, flags.Select)

    def _current(self, index: QModelIndex) -> None:
        if not self._quiet:
            self.current_changed.emit(self.entry_model.entry(index) if index.isValid() else None)

    def _selection(self) -> None:
        if not self._quiet:
            self.selection_changed.emit()

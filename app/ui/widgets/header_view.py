"""The header of the file on the screen as a table to search; what may tell the patient is hidden until asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSortFilterProxyModel, Qt
from PySide6.QtGui import QColor, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QCheckBox,
    QDialog,
    QHeaderView,
    QLineEdit,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app.domain.errors import UnderstudyError
from app.ui.phrases import count
from app.ui.theme import SPACE, tokens
from app.ui.widgets.section import ElidedLabel, label, row

if TYPE_CHECKING:
    from app.imaging.header_table import HeaderLine

Index = QModelIndex | QPersistentModelIndex
COLUMNS = ("Tag", "Name", "Value")
HIDDEN = "hidden"


class HeaderModel(QAbstractTableModel):
    """Lines of a header; values that may identify stay out of the model's answers until ``shows_identity``."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: Sequence[HeaderLine] = ()
        self.shows_identity = False

    def show_lines(self, lines: Sequence[HeaderLine]) -> None:
        """Replace the table."""
        self.beginResetModel()
        self.lines = lines
        self.endResetModel()

    def set_shows_identity(self, shown: bool) -> None:
        """Answer with the values that may identify, or with "hidden"."""
        self.beginResetModel()
        self.shows_identity = shown
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's signature)
        """One row a line."""
        return 0 if parent.isValid() else len(self.lines)

    def columnCount(self, _parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's signature)
        """Tag, name and value."""
        return len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Names of the columns."""
        shown = orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole
        return COLUMNS[section] if shown else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Texts of a line."""
        line = self.lines[index.row()]
        if role == Qt.ItemDataRole.ForegroundRole and index.column() == 2 and self._hides(line):
            return QColor(tokens().muted)
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return None
        value = HIDDEN if self._hides(line) else line.value
        return (line.tag, line.name, value)[index.column()]

    def words(self, number: int) -> str:
        """What a search looks at; hidden values are not found either."""
        line = self.lines[number]
        value = "" if self._hides(line) else line.value
        return f"{line.tag} {line.keyword} {line.name} {value}".lower()

    def _hides(self, line: HeaderLine) -> bool:
        return line.identifies and not self.shows_identity


class _Matching(QSortFilterProxyModel):
    """The lines in which every word occurs."""

    def __init__(self, model: HeaderModel) -> None:
        super().__init__()
        self._model = model
        self._words: list[str] = []
        self.setSourceModel(model)

    def set_search(self, text: str) -> None:
        """Keep the lines that match."""
        self._words = text.lower().split()
        self.invalidate()

    def filterAcceptsRow(self, number: int, _parent: Index) -> bool:
        """Whether a line matches."""
        found = self._model.words(number)
        return all(word in found for word in self._words)


class HeaderView(QDialog):
    """A window beside the viewer that follows the slice shown; it does not hold anything up."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Header of the file")
        self.resize(760, 560)
        self.model = HeaderModel()
        self.matching = _Matching(self.model)
        self.file = ElidedLabel("", "small")
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search: tag, name or value")
        self.search.setAccessibleName("Search the header")
        self.search.setClearButtonEnabled(True)
        self.identity = QCheckBox("Show what may identify the patient")
        self.identity.setToolTip("Names, numbers, dates, free texts and private attributes")
        self.note = label("", "small")
        self.table = QTableView()
        self._dress_table()
        layout = QVBoxLayout(self)
        layout.setSpacing(SPACE)
        layout.addLayout(row(self.search, self.identity))
        layout.addWidget(self.table, 1)
        layout.addLayout(row(self.file, self.note))
        self.search.textChanged.connect(self._search)
        self.identity.toggled.connect(self._show_identity)
        QShortcut(QKeySequence.StandardKey.Find, self, self.search.setFocus)
        QShortcut(QKeySequence.StandardKey.Copy, self.table, self.copy_row, context=Qt.ShortcutContext.WidgetShortcut)

    def show_lines(self, lines: Sequence[HeaderLine], file: str) -> None:
        """Show the header of ``file``."""
        self.model.show_lines(lines)
        self.file.setText(file)
        self._say()

    def show_error(self, error: UnderstudyError) -> None:
        """The header cannot be read."""
        self.model.show_lines(())
        self.file.setText("")
        self.note.setText(str(error))

    def forget(self) -> None:
        """Hide identity again, as for every new series."""
        self.identity.setChecked(False)

    def copy_row(self) -> None:
        """The current line as text, as it is shown."""
        number = self.table.currentIndex().row()
        if number >= 0:
            texts = (str(self.matching.index(number, column).data()) for column in range(len(COLUMNS)))
            QApplication.clipboard().setText("\t".join(texts))

    def _dress_table(self) -> None:
        self.table.setModel(self.matching)
        self.table.setAccessibleName("Header of the file")
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setWordWrap(False)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        self.table.setTabKeyNavigation(False)
        heads = self.table.horizontalHeader()
        heads.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        heads.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        self.table.setColumnWidth(0, 120)
        self.table.setColumnWidth(1, 240)

    def _search(self, text: str) -> None:
        self.matching.set_search(text)
        self._say()

    def _show_identity(self, shown: bool) -> None:
        self.model.set_shows_identity(shown)
        self.matching.invalidate()
        self._say()

    def _say(self) -> None:
        self.file.setVisible(self.model.shows_identity)  # many a file is named after its patient
        hidden = 0 if self.model.shows_identity else sum(line.identifies for line in self.model.lines)
        parts = [f"{self.matching.rowCount():,} of {count(len(self.model.lines), 'line')}"]
        self.note.setText(", ".join([*parts, f"{count(hidden, 'value')} hidden"] if hidden else parts))

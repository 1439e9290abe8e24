"""Labels by hand: a table of series, one label each; several rows at once with one text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QCompleter, QHeaderView, QLineEdit, QTableView, QVBoxLayout, QWidget

from app.ui.theme import SPACE
from app.ui.widgets.section import button, row

Index = QModelIndex | QPersistentModelIndex
HEADERS = ("Series", "Label")


class LabelModel(QAbstractTableModel):
    """Series and their labels; quick with thousands of rows.

    Signals:
        labelled(list of series keys, str): a label was typed into its cell.
    """

    labelled = Signal(list, str)

    def __init__(self) -> None:
        super().__init__()
        self.series: Sequence[tuple[str, str]] = ()
        self.labels: dict[str, str] = {}

    def show_series(self, series: Sequence[tuple[str, str]], labels: Mapping[str, str]) -> None:
        """Replace the table."""
        self.beginResetModel()
        self.series, self.labels = series, dict(labels)
        self.endResetModel()

    def give(self, rows: Sequence[int], label: str) -> None:
        """Write ``label`` into these rows and tell."""
        keys = [self.series[number][0] for number in rows]
        self.labels.update(dict.fromkeys(keys, label))
        if rows:
            self.dataChanged.emit(self.index(min(rows), 1), self.index(max(rows), 1))
            self.labelled.emit(keys, label)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's signature)
        """One row a series."""
        return 0 if parent.isValid() else len(self.series)

    def columnCount(self, _parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's signature)
        """Series and label."""
        return len(HEADERS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Names of the columns."""
        shown = orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole
        return HEADERS[section] if shown else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Name or label."""
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole, Qt.ItemDataRole.ToolTipRole):
            return None
        key, name = self.series[index.row()]
        return self.labels.get(key, "") if index.column() else name

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """A label was typed."""
        if role != Qt.ItemDataRole.EditRole or index.column() != 1:
            return False
        self.give([index.row()], str(value).strip())
        return True

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Labels can be typed."""
        editable = Qt.ItemFlag.ItemIsEditable if index.column() == 1 else Qt.ItemFlag.NoItemFlags
        return super().flags(index) | editable


class HandLabels(QWidget):
    """The table, and a text for the selected rows.

    Signals:
        labelled(list of series keys, str): the person gave these series a label ("" takes it away).
    """

    labelled = Signal(list, str)

    def __init__(self) -> None:
        super().__init__()
        self.labels = LabelModel()
        self.table = QTableView()
        self.table.setModel(self.labels)
        self.table.setAccessibleName("Labels by hand")
        self.table.verticalHeader().hide()
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setWordWrap(False)
        self.table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.table.setColumnWidth(1, 110)
        self.table.setMinimumHeight(180)
        self.text = QLineEdit()
        self.text.setPlaceholderText("Label for the selected rows")
        self.text.setAccessibleName("Label for the selected rows")
        self.give = button("Set")
        self.give.clicked.connect(self._give)
        self.text.returnPressed.connect(self._give)
        self.labels.labelled.connect(self.labelled)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE)
        layout.addWidget(self.table)
        layout.addLayout(row(self.text, self.give))

    def show_series(self, series: Sequence[tuple[str, str]], labels: Mapping[str, str]) -> None:
        """List series as (key, name) with their labels; leaves a table that says the same alone."""
        given = {key: text for key, text in labels.items() if text}
        if list(series) == list(self.labels.series) and given == {k: t for k, t in self.labels.labels.items() if t}:
            return
        self.labels.show_series(series, given)
        self.text.setCompleter(QCompleter(sorted(set(given.values())), self.text))

    def _give(self) -> None:
        rows = sorted({index.row() for index in self.table.selectionModel().selectedRows()})
        self.labels.give(rows, self.text.text().strip())

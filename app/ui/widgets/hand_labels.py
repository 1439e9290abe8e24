"""Labels by hand: a table of series, one label each; several rows at once with one text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCompleter,
    QHeaderView,
    QLineEdit,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.ui.theme import SPACE
from app.ui.widgets.section import button, row

KEY = Qt.ItemDataRole.UserRole


class HandLabels(QWidget):
    """A table of (series, label).

    Signals:
        labelled(list of series keys, str): the person gave these series a label ("" takes it away).
    """

    labelled = Signal(list, str)

    def __init__(self) -> None:
        super().__init__()
        self.table = QTableWidget(0, 2)
        self.table.setAccessibleName("Labels by hand")
        self.table.setHorizontalHeaderLabels(["Series", "Label"])
        self.table.verticalHeader().hide()
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.setColumnWidth(1, 110)
        self.table.setMinimumHeight(180)
        self.text = QLineEdit()
        self.text.setPlaceholderText("Label for the selected rows")
        self.text.setAccessibleName("Label for the selected rows")
        self.give = button("Set")
        self.give.clicked.connect(self._give)
        self.text.returnPressed.connect(self._give)
        self.table.itemChanged.connect(self._edited)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE)
        layout.addWidget(self.table)
        layout.addLayout(row(self.text, self.give))

    def show_series(self, series: Sequence[tuple[str, str]], labels: Mapping[str, str]) -> None:
        """List series as (key, name) with their labels."""
        self.table.blockSignals(True)
        self.table.setRowCount(len(series))
        for number, (key, name) in enumerate(series):
            title, given = QTableWidgetItem(name), QTableWidgetItem(labels.get(key, ""))
            title.setFlags(title.flags() & ~Qt.ItemFlag.ItemIsEditable)
            title.setToolTip(name)
            title.setData(KEY, key)
            self.table.setItem(number, 0, title)
            self.table.setItem(number, 1, given)
        self.table.blockSignals(False)
        self.text.setCompleter(QCompleter(sorted(set(labels.values())), self.text))

    def _give(self) -> None:
        rows = sorted({index.row() for index in self.table.selectedIndexes()})
        label = self.text.text().strip()
        self.table.blockSignals(True)
        for number in rows:
            self._item(number, 1).setText(label)
        self.table.blockSignals(False)
        if rows:
            self.labelled.emit([self._key(number) for number in rows], label)

    def _edited(self, item: QTableWidgetItem) -> None:
        self.labelled.emit([self._key(item.row())], item.text().strip())

    def _key(self, number: int) -> str:
        return str(self._item(number, 0).data(KEY))

    def _item(self, number: int, column: int) -> QTableWidgetItem:
        item = self.table.item(number, column)
        assert item is not None, "every cell of the table is filled"
        return item

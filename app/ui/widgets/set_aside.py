"""The list of inputs that could not be read: which, why, try again, or put away."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from app.domain.study import Quarantined
from app.ui.theme import SPACE
from app.ui.widgets.section import button, label, row


class SetAsideList(QWidget):
    """A table of files and reasons with two buttons; nothing selected means all.

    Signals:
        retry_wanted(list of str), dismiss_wanted(list of str): paths.
    """

    retry_wanted = Signal(list)
    dismiss_wanted = Signal(list)

    def __init__(self) -> None:
        super().__init__()
        self.table = QTableWidget(0, 2)
        self.table.setAccessibleName("Files that were set aside")
        self.table.setHorizontalHeaderLabels(["File", "Why it was set aside"])
        self.table.verticalHeader().hide()
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setShowGrid(False)
        self.table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.setColumnWidth(0, 260)
        self.retry = button("Try again", tip="Read them once more, for instance after repairing or replacing them")
        self.dismiss = button("Dismiss", tip="Take them off this list; the files stay where they are")
        self.retry.clicked.connect(lambda: self.retry_wanted.emit(self.chosen()))
        self.dismiss.clicked.connect(lambda: self.dismiss_wanted.emit(self.chosen()))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE)
        about = "These files were not read. Everything else in the same folders was."
        layout.addWidget(label(about, "muted", wrap=True))
        layout.addWidget(self.table, 1)
        layout.addLayout(row(self.retry, self.dismiss, label("Applies to all unless some are selected", "small"), None))

    def show_inputs(self, inputs: Sequence[Quarantined]) -> None:
        """List ``inputs``."""
        self.table.setRowCount(len(inputs))
        for number, one in enumerate(inputs):
            name = QTableWidgetItem(Path(one.path).name)
            name.setData(Qt.ItemDataRole.UserRole, one.path)
            name.setToolTip(one.path)
            reason = QTableWidgetItem(one.reason)
            reason.setToolTip(one.reason)
            self.table.setItem(number, 0, name)
            self.table.setItem(number, 1, reason)

    def chosen(self) -> list[str]:
        """Paths of the selected rows, or of all where none is selected."""
        rows = sorted({index.row() for index in self.table.selectedIndexes()}) or range(self.table.rowCount())
        found = (self.table.item(number, 0) for number in rows)
        return [str(item.data(Qt.ItemDataRole.UserRole)) for item in found if item is not None]

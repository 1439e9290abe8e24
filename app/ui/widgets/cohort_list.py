"""The cohorts that exist already, each with what it holds."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QListWidget, QVBoxLayout, QWidget

from app.ui.theme import SPACE
from app.ui.widgets.section import button, row


class CohortList(QWidget):
    """Names to train on or to delete.

    Signals:
        train_wanted(str), delete_wanted(str): a cohort's name.
    """

    train_wanted = Signal(str)
    delete_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.list = QListWidget()
        self.list.setAccessibleName("Cohorts of this project")
        self.train, self.delete = button("Train on it"), button("Delete", "quiet")
        self.train.clicked.connect(lambda: self.train_wanted.emit(self.current()))
        self.delete.clicked.connect(lambda: self.delete_wanted.emit(self.current()))
        self.list.currentRowChanged.connect(self._enable)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE)
        layout.addWidget(self.list, 1)
        layout.addLayout(row(self.train, self.delete, None))

    def show_names(self, names: Sequence[str]) -> None:
        """List them; the current one stays current."""
        before = self.current()
        self.list.clear()
        self.list.addItems(list(names))
        if names:
            self.list.setCurrentRow(names.index(before) if before in names else 0)
        self._enable()

    def current(self) -> str:
        """The chosen name, "" where none is."""
        item = self.list.currentItem()
        return item.text() if item is not None else ""

    def _enable(self) -> None:
        for one in (self.train, self.delete):
            one.setEnabled(bool(self.current()))
